//! Values where HTML has an attribute or an address: filters that a library puts around them.

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Value};

use crate::identity::encode::percent;

/// The schemes that an address from a value may have: those of links that people follow, and `cid`
/// for images within the mail.
const SCHEMES: [&str; 6] = ["cid", "http", "https", "mailto", "sms", "tel"];

/// What RFC 3986 leaves as it is in an address besides letters and digits; the percent sign too,
/// since what is encoded stays so.
const LEGAL: &str = "-._~:/?#[]@!$&'()*+,;=%";

/// Puts the filters into an environment.
pub(super) fn register(environment: &mut Environment<'_>) {
    environment.add_filter("__attribute", attribute);
    environment.add_filter("__address", address);
    environment.add_filter("__path", path);
    environment.add_filter("__parameter", parameter);
}

/// A value in quotes: HTML that is safe in text is not safe there.
fn attribute(value: Value) -> Value {
    if value.is_safe() { Value::from(value.to_string()) } else { value }
}

/// A whole address, of a scheme that is allowed.
fn address(value: Value) -> Result<Value, Error> {
    let Some(text) = text(&value) else { return Ok(value) };
    let text = text.trim();
    let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let allowed = scheme.as_ref().is_some_and(|scheme| SCHEMES.contains(&scheme.as_str()));
    if allowed || text.starts_with('#') {
        return Ok(Value::from(percent(text, LEGAL)));
    }
    // The value is not shown: errors are logged, and it may be personal.
    let message = match scheme {
        Some(_) => "the address is of a scheme that mail does not have",
        None => "the address does not begin with `https://`",
    };
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// A part of an address before its parameters.
fn path(value: Value) -> Value {
    text(&value).map_or(value, |text| Value::from(percent(&text, LEGAL)))
}

/// A parameter of an address, or what follows its `#`.
fn parameter(value: Value) -> Value {
    text(&value).map_or(value, |text| Value::from(percent(&text, "-._~")))
}

/// What is there as text; what is missing goes on to be missing where it is printed.
fn text(value: &Value) -> Option<String> {
    let missing = matches!(value.kind(), ValueKind::Undefined | ValueKind::None);
    (!missing).then(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_schemes_that_are_allowed() {
        let of = |text: &str| address(Value::from(text)).map(|value| value.to_string());
        assert_eq!(
            of(" https://x.example/ä b?c=%20#d ").unwrap(),
            "https://x.example/%C3%A4%20b?c=%20#d"
        );
        assert_eq!(of("MAILTO:a@b.example").unwrap(), "MAILTO:a@b.example");
        assert_eq!(of("#top").unwrap(), "#top");
        for wrong in [
            "javascript:alert(1)",
            "java\nscript:a",
            "\u{1}javascript:a",
            "data:,a",
            "//x.example",
            "a",
            "",
        ] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
        assert!(address(Value::UNDEFINED).unwrap().is_undefined());
    }

    #[test]
    fn parts_of_addresses_stay_parts() {
        assert_eq!(path(Value::from("a/b?c=\"d\"")).to_string(), "a/b?c=%22d%22");
        assert_eq!(parameter(Value::from("a&b=c#d é")).to_string(), "a%26b%3Dc%23d%20%C3%A9");
        assert_eq!(parameter(Value::from(12)).to_string(), "12");
    }

    #[test]
    fn what_is_safe_in_text_is_not_safe_in_quotes() {
        assert!(!attribute(Value::from_safe_string("<b title=\"a\">".into())).is_safe());
    }
}
