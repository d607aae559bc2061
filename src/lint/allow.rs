//! Findings that a team has decided to live with.

use serde::{Deserialize, Serialize};

use super::{Finding, Severity};
use crate::error::{Diagnostic, Error, ErrorKind, Result};

/// That a finding is allowed, and why.
///
/// ```
/// use bespoke::lint::Allow;
///
/// let allow = Allow::new("http-link", "the partner's shop has no certificate yet")?;
/// let allow = allow.with_needle("http://partner.example");
/// assert!(Allow::new("http-link", " ").is_err());
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Entry")]
#[non_exhaustive]
pub struct Allow {
    /// The code of what is allowed.
    pub code: String,
    /// Where the needle of a finding has to hold this text; `None` allows the code everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needle: Option<String>,
    /// Why, for whoever asks next year.
    pub reason: String,
}

impl Allow {
    /// What has this code is allowed, for a reason.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] where there is no reason.
    pub fn new(code: impl Into<String>, reason: impl Into<String>) -> Result<Self> {
        let (code, reason) = (code.into(), reason.into());
        if reason.trim().is_empty() {
            let sentence = format!("`{code}` is allowed without a reason");
            return Err(Error::new(ErrorKind::Definition, sentence));
        }
        Ok(Self { code, needle: None, reason })
    }

    /// Only where the finding's needle holds this text.
    #[must_use]
    pub fn with_needle(mut self, needle: impl Into<String>) -> Self {
        self.needle = Some(needle.into());
        self
    }

    /// Whether it allows a finding.
    pub fn covers(&self, finding: &Finding) -> bool {
        let holds = |part: &String| {
            finding.needle.as_ref().is_some_and(|needle| needle.contains(part.as_str()))
        };
        self.code == finding.code && self.needle.as_ref().is_none_or(holds)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    needle: Option<String>,
    #[serde(default)]
    reason: String,
}

impl TryFrom<Entry> for Allow {
    type Error = Error;

    fn try_from(entry: Entry) -> Result<Self> {
        let allow = Self::new(entry.code, entry.reason)?;
        Ok(Self { needle: entry.needle, ..allow })
    }
}

/// The findings that no entry allows, in their order, and a note `unused-allow` for each entry that
/// allows none of them, so that a list does not outlive what it was written for.
///
/// Give it all findings of whatever the list is for: of one mail, or of a whole library.
pub fn allowed(mut findings: Vec<Finding>, entries: &[Allow]) -> Vec<Finding> {
    let idle = entries.iter().filter(|entry| !findings.iter().any(|found| entry.covers(found)));
    let notes: Vec<Finding> = idle.map(unused).collect();
    findings.retain(|finding| !entries.iter().any(|entry| entry.covers(finding)));
    findings.extend(notes);
    findings
}

fn unused(entry: &Allow) -> Finding {
    let Allow { code, needle, reason } = entry;
    let place = needle.as_ref().map_or_else(String::new, |needle| format!(" at `{needle}`"));
    let message = format!("`{code}` is allowed{place} ({reason}) and was not found");
    let fault = Diagnostic::of_file("allow", message).with_help("remove the entry");
    Finding::new("unused-allow", Severity::Note, fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: &'static str, needle: &str) -> Finding {
        Finding::new(code, Severity::Error, Diagnostic::of_file("html", "x")).with_needle(needle)
    }

    #[test]
    fn entries_cover_by_code_and_needle_and_idle_ones_are_told() {
        let findings = vec![finding("a", "http://x/1"), finding("a", "http://y"), finding("b", "")];
        let entries = [
            Allow::new("a", "for x").unwrap().with_needle("//x"),
            Allow::new("b", "for b").unwrap(),
            Allow::new("b", "for nothing").unwrap().with_needle("z"),
        ];
        let left = allowed(findings, &entries);
        let told: Vec<&str> = left.iter().map(|finding| finding.code).collect();
        assert_eq!(told, ["a", "unused-allow"]);
        assert_eq!(
            left[1].to_string(),
            "note[unused-allow]: `b` is allowed at `z` (for nothing) and was not found\n--> allow\n    remove the entry"
        );
    }

    #[test]
    fn an_entry_without_a_reason_is_refused_wherever_it_is_read() {
        let read = |json: &str| serde_json::from_str::<Allow>(json);
        let allow = read(r#"{"code":"a","needle":"n","reason":"r"}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&allow).unwrap(),
            r#"{"code":"a","needle":"n","reason":"r"}"#
        );
        for json in [r#"{"code":"a"}"#, r#"{"code":"a","reason":""}"#] {
            assert!(read(json).unwrap_err().to_string().contains("without a reason"), "{json}");
        }
    }
}
