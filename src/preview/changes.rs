//! How two versions of a mail differ.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Page;
use crate::lint::Finding;

/// How many lines are shown before the rest is counted.
const SHOWN: usize = 40;

/// What differs, in words.
#[derive(Debug, Default, Serialize)]
pub(super) struct Changes {
    /// What has become what: name, before, after.
    fields: Vec<(&'static str, String, String)>,
    /// Lines of the text part that are gone, and that are new.
    gone: Vec<String>,
    new: Vec<String>,
    /// Findings that are gone, and that are new.
    solved: Vec<String>,
    found: Vec<String>,
    /// Whether the HTML differs.
    html: bool,
}

pub(super) fn differ(old: &Page, new: &Page) -> bool {
    old.subject != new.subject
        || old.preheader != new.preheader
        || old.from != new.from
        || old.html != new.html
        || old.text != new.text
        || old.chosen != new.chosen
        || old.findings != new.findings
}

impl Changes {
    pub(super) fn between(old: &Page, new: &Page) -> Self {
        let from = |page: &Page| page.from.clone().unwrap_or_default();
        let fields = [
            ("From", from(old), from(new)),
            ("Subject", old.subject.clone(), new.subject.clone()),
            ("Preheader", old.preheader.clone(), new.preheader.clone()),
            ("Blocks", chosen(old), chosen(new)),
        ];
        let (gone, added) = lines(&old.text, &new.text);
        let (before, after) = (told(&old.findings), told(&new.findings));
        Self {
            fields: fields.into_iter().filter(|(_, old, new)| old != new).collect(),
            gone,
            new: added,
            solved: before.difference(&after).cloned().collect(),
            found: after.difference(&before).cloned().collect(),
            html: old.html != new.html,
        }
    }
}

fn chosen(page: &Page) -> String {
    let chosen = page.chosen.iter().map(|(block, variant)| format!("{block}: {variant}"));
    chosen.collect::<Vec<_>>().join("; ")
}

fn told(findings: &[Finding]) -> BTreeSet<String> {
    let told =
        findings.iter().map(|it| format!("{}[{}]: {}", it.severity, it.code, it.fault.message));
    told.collect()
}

/// The lines between the first and the last that differ, of both.
fn lines(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (old.get(same..).unwrap_or_default(), new.get(same..).unwrap_or_default());
    let ends = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let middle = |lines: &[&str]| {
        let lines = lines.get(..lines.len() - ends).unwrap_or_default();
        let mut shown: Vec<String> =
            lines.iter().take(SHOWN).map(|line| (*line).to_owned()).collect();
        if lines.len() > SHOWN {
            shown.push(format!("… and {} lines more", lines.len() - SHOWN));
        }
        shown
    };
    (middle(old), middle(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_middle_differs() {
        let of = |old, new| {
            let (gone, added) = lines(old, new);
            (gone.join("|"), added.join("|"))
        };
        assert_eq!(of("a\nb\nc", "a\nx\ny\nc"), ("b".into(), "x|y".into()));
        assert_eq!(of("a\na", "a\na\na"), (String::new(), "a".into()));
        assert_eq!(of("", ""), (String::new(), String::new()));
        assert_eq!(lines(&"x\n".repeat(50), "").0.last().unwrap(), "… and 10 lines more");
    }

    #[test]
    fn what_has_become_what_is_said() {
        let old = Page::new("t", "f").with_subject("One", "same").with_choice("hero", "a");
        let new = Page::new("t", "f").with_subject("Two", "same").with_choice("hero", "b");
        let changes = Changes::between(&old, &new);
        let fields = [
            ("Subject", "One".into(), "Two".into()),
            ("Blocks", "hero: a".into(), "hero: b".into()),
        ];
        assert_eq!(changes.fields, fields);
        assert!(!changes.html && differ(&old, &new) && !differ(&old, &old.clone()));
    }
}
