//! What stands in front of a template: TOML between two lines of `+++`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::expand::Source;
use crate::error::Span;
use crate::folder::unknown;
use crate::lint::{Allow, Finding};

/// The line before and after.
const FENCE: &str = "+++\n";

/// What a template says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Front {
    pub(super) subject: Option<Spanned<String>>,
    pub(super) preheader: Option<Spanned<String>>,
    pub(super) from: Option<Spanned<String>>,
    pub(super) reply_to: Option<Spanned<String>>,
    pub(super) purpose: Option<String>,
    pub(super) topic: Option<String>,
    #[serde(default)]
    pub(super) transactional: bool,
    pub(super) layout: Option<Spanned<String>>,
    pub(super) blocks: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) locales: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) fallbacks: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) required: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) given: Vec<String>,
    #[serde(default)]
    pub(super) allow: Vec<Allow>,
}

/// Where a value stands.
pub(super) fn span<T>(value: &Spanned<T>) -> Span {
    let at = value.span();
    Span::new(at.start, at.end)
}

/// Splits what stands in front from the template: where each begins and ends.
///
/// # Errors
///
/// A front that does not end, or is in another language.
pub(super) fn split(source: &Source) -> Result<((usize, usize), usize), Box<Finding>> {
    let text = &source.text;
    let fault =
        |fault: (&str, &str)| Err(Box::new(source.finding("front-matter", Span::new(0, 3), fault)));
    if text.starts_with("---\n") {
        return fault((
            "what stands in front of a template is TOML",
            "write it as TOML between two lines of `+++`",
        ));
    }
    let Some(rest) = text.strip_prefix(FENCE) else { return Ok(((0, 0), 0)) };
    let end = match rest.find("\n+++\n").map(|at| at + 1) {
        Some(end) => end,
        None if rest.starts_with(FENCE) => 0,
        None if rest.ends_with("\n+++") => rest.len() - 3,
        None => return fault(("the front has no end", "end it by a line of `+++`")),
    };
    let (start, end) = (FENCE.len(), FENCE.len() + end);
    Ok(((start, end), (end + FENCE.len()).min(text.len())))
}

/// Reads a stretch of a file as TOML.
///
/// # Errors
///
/// The first fault, where it is.
pub(super) fn document<T: DeserializeOwned>(
    source: &Source,
    (start, end): (usize, usize),
) -> Result<T, Box<Finding>> {
    // Blanks keep the places of what follows.
    let before: String = source
        .text
        .get(..start)
        .unwrap_or_default()
        .bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
        .collect();
    let text = before + source.text.get(start..end).unwrap_or_default();
    toml::from_str(&text).map_err(|error| {
        let span =
            error.span().map_or_else(|| Span::new(start, start), |at| Span::new(at.start, at.end));
        let (message, help) = unknown(error.message());
        Box::new(source.finding("toml", span, (message, help.unwrap_or_default())))
    })
}

/// A text of TOML as a source: where it stands in its file, if it stands there as it is.
pub(super) fn said(source: &Source, value: &Spanned<String>) -> Source {
    placed(source, value.span(), value.get_ref())
}

/// As [`said`], of the literal at a place and what it says.
pub(super) fn placed(source: &Source, at: Range<usize>, text: &str) -> Source {
    let path = Arc::clone(&source.path);
    let body = text.trim_end_matches('\n');
    let found = source.text.get(at.clone()).and_then(|literal| literal.find(body));
    match found.map(|found| at.start + found) {
        // The file up to the end of the text, so that places in it are those of the file.
        Some(start) => {
            let text = source.text.get(..start + body.len()).unwrap_or_default();
            Source { path, text: text.into(), start }
        }
        None => Source { path, text: body.into(), start: 0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { path: "a/mail.html".into(), text: text.into(), start: 0 }
    }

    #[test]
    fn the_front_is_what_stands_between_fences() {
        assert_eq!(split(&source("<p>")).unwrap(), ((0, 0), 0));
        assert_eq!(split(&source("+++\na = 1\n+++\n<p>")).unwrap(), ((4, 10), 14));
        assert_eq!(split(&source("+++\n+++\n<p>")).unwrap(), ((4, 4), 8));
        assert_eq!(split(&source("+++\na = 1\n+++")).unwrap(), ((4, 10), 13));
        assert!(split(&source("+++\na = 1\n")).is_err());
        assert!(split(&source("---\na: 1\n---\n")).is_err());
    }

    #[test]
    fn faults_have_their_places() {
        let source = source("+++\nsubject = \"a\"\nsubjekt = 1\n+++\n");
        let error = document::<Front>(&source, (4, 30)).unwrap_err();
        assert_eq!((error.fault.line, error.fault.column), (3, 1), "{error}");
    }
}
