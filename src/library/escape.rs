//! Code where it stands: what may stand there, and how its value is written.

use super::markup::Spot;
use super::sheet::Code;
use super::tags::{Sort, inner};

/// Attributes whose value is an address.
const ADDRESSES: [&str; 8] =
    ["action", "background", "cite", "formaction", "href", "poster", "src", "xlink:href"];
/// Elements whose addresses are fetched and obeyed.
const OBEYED: [&str; 8] = ["base", "embed", "frame", "iframe", "link", "meta", "object", "script"];

/// What is wrong with code in a place: a code for findings, a sentence, and help.
pub(super) type Fault = (&'static str, String, &'static str);

/// The code as it is written where it stands.
///
/// # Errors
///
/// Why it must not stand there.
pub(super) fn written(code: &Code, spot: &Spot) -> Result<String, Fault> {
    match spot {
        Spot::Text | Spot::Title => Ok(code.text.clone()),
        Spot::Tag(element) => Err((
            "code-in-tag",
            format!("code stands among the attributes of `<{element}>`"),
            "put it around the element, or within the value of an attribute",
        )),
        Spot::Comment => Err((
            "code-in-comment",
            "code stands in a comment".to_owned(),
            "write `{# … #}` around what is to be left out",
        )),
        Spot::Raw(element) => Err((
            "code-in-style",
            format!("code stands in `<{element}>`, where no value can be made safe"),
            "choose between classes or blocks instead",
        )),
        Spot::Attribute { element, name, quoted, before } => {
            attribute(code, element, name, *quoted, before)
        }
    }
}

fn attribute(
    code: &Code,
    element: &str,
    name: &str,
    quoted: bool,
    before: &str,
) -> Result<String, Fault> {
    if !quoted {
        let message = format!("the value of `{name}` has code and no quotes");
        return Err(("code-unquoted", message, "put the value into quotes"));
    }
    if name == "style" || name.starts_with("on") || matches!(name, "srcdoc" | "srcset") {
        let message = format!("code stands in `{name}`, where no value can be made safe");
        return Err(("code-in-style", message, "choose between classes or blocks instead"));
    }
    let is_address = ADDRESSES.contains(&name);
    if is_address && OBEYED.contains(&element) {
        let message = format!("code stands in the address of `<{element}>`");
        return Err(("code-in-address", message, "write the address as it is"));
    }
    if code.sort != Sort::Print {
        return Ok(code.text.clone());
    }
    Ok(match (is_address, before.trim()) {
        (false, _) => filtered(&code.text, "__attribute"),
        (true, "") => filtered(&code.text, "__address"),
        // What is encoded need not be encoded again.
        (true, _) if inner(&code.text).ends_with("urlencode") => code.text.clone(),
        (true, before) if before.contains(['?', '#']) => filtered(&code.text, "__parameter"),
        (true, _) => filtered(&code.text, "__path"),
    })
}

/// The code with its value passed through a filter.
fn filtered(code: &str, filter: &str) -> String {
    let value = inner(code);
    let around = code.split_once(value).filter(|_| !value.is_empty());
    around
        .map_or_else(|| code.to_owned(), |(open, close)| format!("{open}({value})|{filter}{close}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Origin;
    use crate::error::Span;

    fn code(text: &str) -> Code {
        let sort = if text.starts_with("{%") { Sort::Control } else { Sort::Print };
        let origin = Origin { file: "a".into(), text: "".into(), span: Span::new(0, 1) };
        Code { sort, text: text.into(), origin }
    }

    fn at(element: &str, name: &str, before: &str) -> Spot {
        let (element, name, before) = (element.into(), name.into(), before.into());
        Spot::Attribute { element, name, quoted: true, before }
    }

    #[test]
    fn values_are_written_for_their_place() {
        for (text, spot, expected) in [
            ("{{ a }}", Spot::Text, "{{ a }}"),
            ("{{- a or b -}}", at("td", "title", ""), "{{- (a or b)|__attribute -}}"),
            ("{{ a }}", at("a", "href", " "), "{{ (a)|__address }}"),
            ("{{ a }}", at("a", "href", "https://x.example/"), "{{ (a)|__path }}"),
            ("{{ a }}", at("a", "href", "https://x.example/?a="), "{{ (a)|__parameter }}"),
            ("{{ a|urlencode }}", at("a", "href", "https://x/?a="), "{{ a|urlencode }}"),
            ("{% if a %}", at("img", "src", "https://"), "{% if a %}"),
        ] {
            assert_eq!(written(&code(text), &spot).unwrap(), expected);
        }
    }

    #[test]
    fn some_places_are_for_nobody() {
        for (spot, expected) in [
            (at("p", "style", "color: "), "code-in-style"),
            (at("p", "onclick", ""), "code-in-style"),
            (at("script", "src", ""), "code-in-address"),
            (Spot::Raw("style".into()), "code-in-style"),
            (Spot::Comment, "code-in-comment"),
            (Spot::Tag("p".into()), "code-in-tag"),
        ] {
            assert_eq!(written(&code("{{ a }}"), &spot).unwrap_err().0, expected);
            assert_eq!(written(&code("{% if a %}"), &spot).unwrap_err().0, expected);
        }
    }
}
