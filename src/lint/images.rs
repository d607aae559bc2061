//! Rules about pictures.

use super::document::Element;
use super::page::{Found, Page, Part, error, named, note, quoted, warning};

pub(super) fn check(page: &Page, found: &mut Found) {
    for (at, image) in page.document.named("img") {
        let source = named(image.attribute("src").unwrap_or_default());
        if image.attribute("alt").is_none() {
            let message = format!("the picture {} has no alternative text", quoted(source));
            let help = "say what it shows in `alt`, or write `alt=\"\"` if it only decorates";
            found.add(
                error("image-without-alt", Part::Html, message).with_help(help).with_needle(source),
            );
        }
        size(page, at, image, source, found);
        if is_plain(source) {
            let message = format!("the picture {} is fetched without encryption", quoted(source));
            found.add(warning("http-image", Part::Html, message).with_needle(source));
        }
    }
}

fn size(page: &Page, at: usize, image: &Element, source: &str, found: &mut Found) {
    let has = |name| image.attribute(name).is_some() || page.declared(at, name).is_some();
    let (width, height) = (has("width"), has("height"));
    // Outlook on Windows reads the attribute alone.
    let told = match (width, height) {
        (true, true) => return,
        (false, _) => warning("image-without-size", Part::Html, format!("the picture {} has no `width`", quoted(source)))
            .with_help("without it Outlook shows the picture at its own size, which may be wider than the mail"),
        (true, false) => note("image-without-size", Part::Html, format!("the picture {} has no `height`", quoted(source)))
            .with_help("without it the text jumps when the picture comes"),
    };
    found.add(told.with_needle(source));
}

/// Whether an address is fetched over HTTP without TLS.
pub(super) fn is_plain(address: &str) -> bool {
    address.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}
