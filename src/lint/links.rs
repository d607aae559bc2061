//! Rules about links, and what marketing mail has to say.

use super::check::Mail;
use super::document::{Element, Kind};
use super::images::is_plain;
use super::page::{Found, Page, Part, error, named, quoted, warning};

/// Words by which a link out of a mailing is known, in lower case.
const WAYS_OUT: [&str; 24] = [
    "unsubscribe",
    "opt out",
    "opt-out",
    "optout",
    "email preferences",
    "manage preferences",
    "abmelden",
    "abbestellen",
    "austragen",
    "désabonn",
    "desabonn",
    "désinscri",
    "desinscri",
    "darse de baja",
    "cancelar suscripción",
    "cancelar la suscripción",
    "disiscri",
    "cancellati",
    "cancelar inscrição",
    "cancelar subscrição",
    "afmelden",
    "uitschrijven",
    "wypisz",
    "avregistrera",
];

/// Ends of host names by which a word is known as one: `Node.js` is no address.
const TOP_LEVEL: [&str; 28] = [
    "at", "au", "be", "biz", "br", "ca", "ch", "co", "com", "cz", "de", "dk", "es", "eu",
    "example", "fr", "info", "io", "it", "jp", "net", "nl", "org", "pl", "ru", "se", "shop", "uk",
];

pub(super) fn check(mail: &Mail<'_>, page: &Page, found: &mut Found) {
    for (at, link) in page.document.named("a").chain(page.document.named("area")) {
        let Some(address) = link.attribute("href").map(named) else { continue };
        scheme(address, found);
        let text = page.document.text(at);
        if link.name == "a" && is_silent(page, at, link, &text) {
            let message = format!("the link to {} has no text", quoted(address));
            found.add(warning("link-without-text", Part::Html, message).with_needle(address));
        }
        differs(&text, address, found);
    }
    if mail.marketing {
        way_out(mail, page, found);
        postal_address(mail, page, found);
    }
}

fn scheme(address: &str, found: &mut Found) {
    let letters: String = address.chars().filter(|letter| !letter.is_whitespace()).collect();
    let scheme = letters.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let told = match scheme.as_deref() {
        Some("javascript" | "vbscript") => {
            error("script-link", Part::Html, format!("the link {} runs a script", quoted(address)))
        }
        Some("data") => {
            error("data-link", Part::Html, format!("the link {} leads nowhere", quoted(address)))
                .with_help("programs that read mail do not follow `data:`")
        }
        _ if is_plain(address) => {
            let message = format!("the link {} is not encrypted", quoted(address));
            warning("http-link", Part::Html, message).with_help("write `https://`")
        }
        _ if address.is_empty() || address == "#" => {
            warning("link-nowhere", Part::Html, "a link has no address")
        }
        _ => return,
    };
    let needle = if address.len() > 1 { address.to_owned() } else { format!("\"{address}\"") };
    found.add(told.with_needle(needle));
}

/// Whether a link says nothing to those who do not see pictures.
fn is_silent(page: &Page, at: usize, link: &Element, text: &str) -> bool {
    let told = |element: &Element, names: &[&str]| {
        names.iter().any(|name| element.attribute(name).is_some_and(|text| !text.is_empty()))
    };
    let pictures = page.document.within(at).iter().any(|node| match &node.kind {
        Kind::Element(element) => told(element, &["alt", "aria-label", "title"]),
        _ => false,
    });
    text.trim().is_empty() && !pictures && !told(link, &["aria-label", "title"])
}

fn differs(text: &str, address: &str, found: &mut Found) {
    let (Some(shown), Some(real)) = (shown_host(text.trim()), host(address)) else { return };
    let is_below = |host: &str, of: &str| {
        host.strip_suffix(of).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if !is_below(&shown, &real) && !is_below(&real, &shown) {
        let message = format!("the link says {} and leads to `{real}`", quoted(text));
        let help = "filters and readers take that for fraud; let it say what it leads to";
        found.add(error("link-differs", Part::Html, message).with_help(help).with_needle(address));
    }
}

/// The host that a visible text names, where it looks like an address as a whole.
fn shown_host(text: &str) -> Option<String> {
    if text.contains(char::is_whitespace) || text.contains('@') {
        return None;
    }
    if text.contains("://") {
        return host(text);
    }
    let host = host(&format!("https://{text}"))?;
    let end = host.rsplit('.').next()?;
    (text.starts_with("www.") || (host.contains('.') && TOP_LEVEL.contains(&end))).then_some(host)
}

/// The host of an address, in lower case and without `www.`.
fn host(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?.to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    (!host.is_empty()).then(|| host.to_owned())
}

fn way_out(mail: &Mail<'_>, page: &Page, found: &mut Found) {
    let links =
        page.document.named("a").filter_map(|(at, link)| Some((at, link.attribute("href")?)));
    let leads_out = links.into_iter().any(|(at, address)| {
        let says = || says_way_out(page, at, address);
        mail.unsubscribe_url.map_or_else(says, |url| address == url.trim())
    });
    if !leads_out {
        let message = "marketing mail has no link to unsubscribe";
        let help = "the law asks for it almost everywhere, and Gmail and Yahoo do of bulk mail";
        found.add(error("no-unsubscribe", Part::Html, message).with_help(help));
    }
}

fn says_way_out(page: &Page, at: usize, address: &str) -> bool {
    let said = format!("{address} {}", page.document.text(at)).to_lowercase();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    WAYS_OUT.iter().any(|word| said.contains(word))
}

fn postal_address(mail: &Mail<'_>, page: &Page, found: &mut Found) {
    let told = match mail.postal_address {
        Some(address) if letters(&page.visible_text()).contains(&letters(address)) => return,
        Some(address) => {
            let message =
                format!("marketing mail does not hold the postal address {}", quoted(address));
            error("no-postal-address", Part::Html, message)
        }
        None => {
            let message = "nobody said which postal address marketing mail should hold";
            warning("no-postal-address", Part::Html, message)
        }
    };
    found.add(told.with_help("CAN-SPAM asks for it, as do other laws"));
}

/// Letters and digits alone: an address may be broken into lines in any way.
fn letters(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
