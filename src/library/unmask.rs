//! From masked markup back to a template.

use super::escape;
use super::markup;
use super::sheet::{Masked, Part, Sheet};
use super::tags::{Sort, inner};
use crate::content::{Assembled, Origin};

/// Something wrong with code: its origin, and what.
pub(super) type Fault = (Origin, escape::Fault);

/// Writes a template.
#[derive(Debug, Default)]
struct Writer(Assembled);

impl Writer {
    fn text(&mut self, text: &str, raw: bool) {
        let Assembled { source, .. } = &mut self.0;
        let mut rest = text;
        // What looks like code and is none must stay as it is.
        while let Some(at) = rest.find('{').filter(|_| !raw) {
            let (before, from) = rest.split_at(at);
            source.push_str(before);
            let sign = from.get(..2).filter(|sign| matches!(*sign, "{{" | "{%" | "{#"));
            let length = sign.map_or(1, str::len);
            match sign {
                Some(sign) => source.extend(["{{ '", sign, "' }}"]),
                None => source.push('{'),
            }
            rest = from.get(length..).unwrap_or_default();
        }
        source.push_str(rest);
    }

    fn code(&mut self, code: &str, origin: &Origin) {
        let Assembled { source, places } = &mut self.0;
        let start = source.len();
        source.push_str(code);
        places.push((start..source.len(), origin.clone()));
    }
}

/// Puts the code back into markup that was made of the masked text, each piece as its place wants
/// it.
///
/// # Errors
///
/// All code that is lost or stands where it must not.
pub(super) fn html(masked: &Masked, html: &str) -> Result<Assembled, Vec<Fault>> {
    let words = masked.words(html);
    let spots = markup::spots(html, &words);
    let mut faults = lost(masked, words.iter().map(|word| word.code));
    let (mut assembled, mut from, mut raw) = (Writer::default(), 0, false);
    for (word, spot) in words.iter().zip(&spots) {
        let Some(code) = masked.codes.get(word.code) else { continue };
        // A word that decides stands in a comment, so that it may stand in tables.
        let alone = format!("<!--{}-->", masked.word(word.code));
        let start = word.at.start.saturating_sub("<!--".len());
        let wrapped =
            start >= from && html.get(start..).is_some_and(|rest| rest.starts_with(&alone));
        let (at, spot) = if wrapped {
            (start..start + alone.len(), &markup::Spot::Text)
        } else {
            (word.at.clone(), spot)
        };
        assembled.text(html.get(from..at.start).unwrap_or_default(), raw);
        from = at.end;
        match escape::written(code, spot) {
            Ok(written) => assembled.code(&written, &code.origin),
            Err(fault) => faults.push((code.origin.clone(), fault)),
        }
        raw = is_raw(code.sort, &code.text, raw);
    }
    assembled.text(html.get(from..).unwrap_or_default(), raw);
    faults.dedup();
    if faults.is_empty() { Ok(assembled.0) } else { Err(faults) }
}

/// Puts the code back into plain text that was made of the masked text.
///
/// Code that stands alone on a line takes the line with it.
pub(super) fn plain(masked: &Masked, text: &str) -> Assembled {
    let (mut assembled, mut from, mut raw) = (Writer::default(), 0, false);
    for word in masked.words(text) {
        let Some(code) = masked.codes.get(word.code) else { continue };
        let before = text.get(from..word.at.start).unwrap_or_default();
        assembled.text(before, raw);
        from = word.at.end;
        assembled.code(&code.text, &code.origin);
        let rest = text.get(from..).unwrap_or_default();
        let starts =
            text.get(..word.at.start).is_none_or(|text| text.is_empty() || text.ends_with('\n'));
        if code.sort == Sort::Control && starts && rest.starts_with('\n') {
            from += 1;
        }
        raw = is_raw(code.sort, &code.text, raw);
    }
    assembled.text(text.get(from..).unwrap_or_default(), raw);
    assembled.0
}

/// A sheet that is no markup as a template. Code that decides and stands alone on a line takes the
/// line with it.
pub(super) fn sheet(sheet: &Sheet) -> Assembled {
    let mut writer = Writer::default();
    let mut alone = false;
    for part in &sheet.0 {
        match part {
            Part::Text(text, _) => {
                let text = text.strip_prefix('\n').filter(|_| alone).unwrap_or(text);
                // It is as its author wrote it, what is raw too.
                writer.text(text, true);
                alone = false;
            }
            Part::Code(code) => {
                let written = &writer.0.source;
                let begins = written.is_empty() || written.ends_with('\n');
                alone = code.sort == Sort::Control && (alone || begins);
                writer.code(&code.text, &code.origin);
            }
        }
    }
    writer.0
}

fn is_raw(sort: Sort, code: &str, raw: bool) -> bool {
    match inner(code) {
        "raw" if sort == Sort::Control => true,
        "endraw" => false,
        _ => raw,
    }
}

/// The code that is not among what was found.
fn lost(masked: &Masked, found: impl Iterator<Item = usize>) -> Vec<Fault> {
    let found: std::collections::BTreeSet<usize> = found.collect();
    let lost = masked.codes.iter().enumerate().filter(|(code, _)| !found.contains(code));
    let fault = (
        "code-lost",
        "nothing comes of this code: the markup has no place for a value here".to_owned(),
        "write the value as it is, or put the code around the element",
    );
    lost.map(|(_, code)| (code.origin.clone(), fault.clone())).collect()
}
