//! Texts of TOML: from a place in what is meant to the place in the file.

use crate::error::Span;

/// Where each byte of the text that the literal at `span` of `file` stands for comes from, and one
/// past its last; nothing if that cannot be told.
///
/// `decoded` is what the TOML parser made of it.
pub(super) fn offsets(file: &str, span: Span, decoded: &str) -> Option<Vec<usize>> {
    let raw = file.get(span.start..span.end)?;
    let delimiter = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|delimiter| {
        let longest = raw.len() >= 2 * delimiter.len();
        longest && raw.starts_with(delimiter) && raw.ends_with(delimiter)
    })?;
    let size = delimiter.len();
    let inner = raw.get(size..raw.len() - size)?;
    // The first line end of a multi-line text does not belong to it.
    let body = inner.strip_prefix('\n').filter(|_| size == 3).unwrap_or(inner);
    let start = span.start + size + (inner.len() - body.len());
    let (offsets, text) = if delimiter.starts_with('"') { basic(body) } else { literal(body) };
    let offsets = offsets.into_iter().chain([body.len()]).map(|offset| start + offset);
    (text == decoded).then(|| offsets.collect())
}

fn literal(body: &str) -> (Vec<usize>, String) {
    ((0..body.len()).collect(), body.to_owned())
}

fn basic(body: &str) -> (Vec<usize>, String) {
    let (mut offsets, mut text) = (Vec::with_capacity(body.len()), String::new());
    let mut chars = body.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let meant = if c == '\\' { escape(&mut chars) } else { Some(c) };
        let Some(meant) = meant else { continue };
        text.push(meant);
        // The bytes of a character that was escaped all come from its backslash.
        offsets.extend((0..meant.len_utf8()).map(|byte| if c == '\\' { at } else { at + byte }));
    }
    (offsets, text)
}

/// What follows a backslash; nothing for a line that goes on in the next.
fn escape(chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> Option<char> {
    let (_, sign) = chars.next()?;
    let digits = match sign {
        'b' => return Some('\u{8}'),
        't' => return Some('\t'),
        'n' => return Some('\n'),
        'f' => return Some('\u{c}'),
        'r' => return Some('\r'),
        'e' => return Some('\u{1b}'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        space if space.is_ascii_whitespace() => {
            while chars.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
            return None;
        }
        other => return Some(other),
    };
    let code = (0..digits).try_fold(0_u32, |code, _| {
        let digit = chars.next()?.1.to_digit(16)?;
        Some((code << 4) | digit)
    });
    code.and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// For each character of what a literal means, the one of the file that it is from.
    fn origins(literal: &str) -> String {
        let file = format!("\"é\" = {literal} # more");
        let document = toml::de::DeTable::parse(&file).unwrap();
        let value = document.get_ref().values().next().unwrap();
        let span = Span::new(value.span().start, value.span().end);
        let decoded = value.get_ref().as_str().unwrap();
        let offsets = offsets(&file, span, decoded).unwrap();
        assert_eq!(offsets.len(), decoded.len() + 1, "{literal}");
        assert!(offsets.is_sorted(), "{literal}");
        let first = |at: usize| file.get(offsets[at]..).unwrap().chars().next().unwrap();
        let at = decoded.char_indices().map(|(at, _)| first(at));
        at.collect()
    }

    #[test]
    fn every_character_comes_from_its_place() {
        for (literal, expected) in [
            (r#""a\"b\\c\u00e9d""#, r"a\b\c\d"),
            (r#""\U0001F600é\tx""#, r"\é\x"),
            (r"'a\b'", r"a\b"),
            ("\"\"\"\na\nb \\\n   c\"\"\"", "a\nb c"),
            ("\"\"\"a\"b\"\"c\"\"\"\"", "a\"b\"\"c\""),
            ("'''\n'a'\n'''", "'a'\n"),
            ("\"\"\"\\\n\n  a\\n\"\"\"", "a\\"),
            ("\"\"", ""),
            ("''''''", ""),
        ] {
            assert_eq!(origins(literal), expected, "{literal}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_found(text in any::<String>()) {
            for pretty in [true, false] {
                let table = toml::Table::from_iter([("a".to_owned(), text.clone().into())]);
                let write = if pretty { toml::to_string_pretty } else { toml::to_string };
                let file = write(&table).unwrap();
                let document = toml::de::DeTable::parse(&file).unwrap();
                let value = document.get_ref().values().next().unwrap();
                let span = Span::new(value.span().start, value.span().end);
                let decoded = value.get_ref().as_str().unwrap();
                prop_assert_eq!(decoded, &text);
                prop_assert!(offsets(&file, span, decoded).is_some(), "{}", file);
            }
        }
    }
}
