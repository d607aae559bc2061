//! Light and dark, without asking the system: what a mail asks of it is written so that the page can
//! answer.

/// What stands for "is it dark?" in a document until it is shown.
pub(super) const DARK: &str = "(-is-dark)";
/// What stands for "is it light?".
pub(super) const LIGHT: &str = "(-is-light)";

const QUERY: &str = "(prefers-color-scheme";

/// A document whose questions for dark or light are open.
pub(super) fn opened(html: &str) -> String {
    // Lower case of ASCII letters keeps every place.
    let lower = html.to_ascii_lowercase();
    let mut out = String::with_capacity(html.len());
    let mut from = 0;
    for (at, _) in lower.match_indices(QUERY) {
        let value = lower.get(at + QUERY.len()..).and_then(|rest| rest.split_once(')'));
        let Some((value, _)) = value else { break };
        let answer = match value.trim_start_matches([':', ' ']).trim() {
            "dark" => DARK,
            "light" => LIGHT,
            _ => continue,
        };
        out.push_str(html.get(from..at).unwrap_or_default());
        out.push_str(answer);
        from = at + QUERY.len() + value.len() + 1;
    }
    out.push_str(html.get(from..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_opened_wherever_they_stand() {
        let html = "é@media (Prefers-Color-Scheme : Dark) and (x){} <source media='(prefers-color-scheme:light)'> (prefers-color-scheme) (prefers-color-scheme: ";
        assert_eq!(
            opened(html),
            "é@media (-is-dark) and (x){} <source media='(-is-light)'> (prefers-color-scheme) (prefers-color-scheme: "
        );
    }
}
