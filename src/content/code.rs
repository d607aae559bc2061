//! The code in a template: where names stand, and which filters, tests and methods are called.
//!
//! The template engine looks for these only when it comes to them, which may be in somebody's mail,
//! and tells names without their places. So both are looked for in the source. It is read after the
//! engine has found nothing wrong with its syntax, so this reader can be simple.

use super::filter;
use crate::error::{Diagnostic, Span, nearest};

/// The filters that templates may use.
const FILTERS: &str = "\
    abs attr batch bool capitalize chain count d date default dictsort e escape first fixed \
    float format groupby indent int items join last length lines list lower map max min money \
    number plural pprint reject rejectattr replace reverse round safe select selectattr slice sort split string \
    sum title trim unique upper urlencode zip";

/// The tests that templates may use, after `is`.
const TESTS: &str = "\
    boolean defined divisibleby endingwith eq equalto escaped even false filter float ge \
    greaterthan gt in int integer iterable le lessthan lower lt mapping ne none number odd \
    safe sameas sequence startingwith string test true undefined upper";

/// What templates read.
const ROOTS: &str = "blocks given metrics profile segments";

/// A piece of code: where it stands, and its text.
type Token<'s> = (usize, &'s str);

/// Where `name`, a path such as `profile.name`, is first read.
pub(super) fn place(source: &str, name: &str) -> Option<Span> {
    let parts: Vec<&str> = name.split('.').flat_map(|part| [".", part]).skip(1).collect();
    tags(source).iter().find_map(|tokens| {
        let same = |window: &&[Token<'_>]| {
            let (before, words) = window.split_first()?;
            let words = words.iter().map(|(_, word)| word);
            (before.1 != "." && words.eq(&parts)).then_some(())
        };
        let found = tokens.windows(parts.len() + 1).find(|window| same(window).is_some())?;
        let (first, last) = (found.get(1)?, found.last()?);
        Some(Span::new(first.0, last.0 + last.1.len()))
    })
}

/// The calls of `source` that go nowhere.
pub(super) fn faults(source: &str) -> Vec<Diagnostic> {
    tags(source).iter().flat_map(|tokens| tag_faults(source, tokens)).collect()
}

fn tag_faults(source: &str, tokens: &[Token<'_>]) -> Vec<Diagnostic> {
    let names = tokens.iter().enumerate().filter(|(_, (_, token))| is_name(token));
    let faults = names.filter_map(|(index, (at, name))| {
        let (message, help) = name_fault(name, |steps| {
            let index = index.checked_add_signed(steps)?;
            tokens.get(index).map(|(_, token)| *token)
        })?;
        let fault = Diagnostic::new(source, Span::new(*at, at + name.len()), message);
        Some(match help {
            Some(help) => fault.with_help(help),
            None => fault,
        })
    });
    faults.collect()
}

/// A message, and help where there is any.
type Fault = (String, Option<String>);

/// What is wrong with a name, seen from which `near` gives the tokens around it.
fn name_fault<'s>(name: &str, near: impl Fn(isize) -> Option<&'s str>) -> Option<Fault> {
    match (near(-2), near(-1)?) {
        (_, "|") | (Some("{%"), "filter") => unknown("filter", name, FILTERS),
        // A field may be called `is`.
        (Some("."), "is") => None,
        (_, "is") if name == "not" => None,
        (_, "is") | (Some("is"), "not") => unknown("test", name, TESTS),
        // Values have no methods; `loop` is the engine's own.
        (object, ".") if near(1) == Some("(") && object != Some("loop") => {
            let help = format!("is the filter `| {name}` meant?");
            let help = is_one_of(name, FILTERS).then_some(help);
            Some((format!("there is no method `{name}`"), help))
        }
        // Names that stand behind a dot are checked against what there is.
        (_, before) if before != "." && near(1) == Some("[") && is_one_of(name, ROOTS) => {
            let key = near(2)?.trim_matches(['\'', '"']);
            let plain = is_name(key) && key.len() + 2 == near(2)?.len() && near(3) == Some("]");
            let help = Some(format!("write `{name}.{key}`"));
            plain.then(|| (format!("`{key}` stands in brackets"), help))
        }
        (_, "{%") if is_one_of(name, "extends from import include") => {
            let help = "what templates share is a block".to_owned();
            Some((format!("a template stands alone, it cannot use `{name}`"), Some(help)))
        }
        _ => None,
    }
}

/// What to say of a name that is none of the known.
fn unknown(what: &str, name: &str, known: &str) -> Option<Fault> {
    if what == "filter" && is_one_of(name, filter::MISSING) {
        let help = "build `bespoke` with the feature `locale`".to_owned();
        return Some((format!("the filter `{name}` is not built in"), Some(help)));
    }
    if is_one_of(name, known) {
        return None;
    }
    let near = nearest(name, known.split(' '));
    let help = near.map(|near| format!("did you mean `{near}`?"));
    Some((format!("there is no {what} `{name}`"), help))
}

fn is_one_of(name: &str, known: &str) -> bool {
    known.split(' ').any(|known| known == name)
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && token.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The code of each `{{ … }}` and `{% … %}`, with the sign by which it begins.
fn tags(source: &str) -> Vec<Vec<Token<'_>>> {
    let mut tags = Vec::new();
    let (mut at, mut raw) = (0, false);
    while let Some(found) = source.get(at..).and_then(|rest| rest.find('{')) {
        let start = at + found + 2;
        at = match source.get(start - 1..start) {
            Some("#") if !raw => after(source, start, "#}"),
            Some(open @ ("{" | "%")) if open == "%" || !raw => {
                let signs = if open == "{" { ("{{", "}}") } else { ("{%", "%}") };
                let (tokens, end) = code(source, start, signs);
                match tokens.get(1).map(|(_, word)| *word) {
                    Some("raw") if open == "%" => raw = true,
                    Some("endraw") if open == "%" => raw = false,
                    _ if raw => {}
                    _ => tags.push(tokens),
                }
                // What is raw may look like code that does not end.
                if raw { start } else { end }
            }
            _ => start - 1,
        };
    }
    tags
}

/// Where what begins at `start` is over.
fn after(source: &str, start: usize, end: &str) -> usize {
    let found = source.get(start..).and_then(|rest| rest.find(end));
    found.map_or(source.len(), |found| start + found + end.len())
}

/// The tokens of the code that begins at `start` and ends with `close`, and where it ends.
fn code<'s>(
    source: &'s str,
    start: usize,
    (open, close): (&'static str, &str),
) -> (Vec<Token<'s>>, usize) {
    let (mut tokens, mut at, mut depth) = (vec![(start, open)], start, 0_i32);
    while let Some(rest) = source.get(at..) {
        let Some(first) = rest.chars().next() else { break };
        if depth <= 0 && rest.starts_with(close) {
            return (tokens, at + close.len());
        }
        let length = token_length(rest, first);
        depth += match first {
            '(' | '[' | '{' => 1,
            ')' | ']' | '}' => -1,
            _ => 0,
        };
        // The sign in `{%- raw` says what to do with white space.
        let trims = tokens.len() == 1 && matches!(first, '-' | '+');
        if !first.is_whitespace() && !trims {
            tokens.push((at, rest.get(..length).unwrap_or_default()));
        }
        at += length;
    }
    (tokens, source.len())
}

/// How long the token is that `rest` begins with `first`: a text, a word or number, or one sign.
fn token_length(rest: &str, first: char) -> usize {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    match first {
        '"' | '\'' => {
            let mut escaped = false;
            let end = rest.char_indices().skip(1).find(|(_, c)| {
                let ends = *c == first && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |(at, _)| at + 1)
        }
        c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(source: &str) -> Vec<String> {
        faults(source).into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn what_is_known_here_is_known_to_the_engine() {
        let environment = minijinja::Environment::new();
        for (names, test) in [(FILTERS, "filter"), (TESTS, "test")] {
            let ours = ["date", "fixed", "money", "number", "plural"];
            let ours = |name: &str| test == "filter" && ours.contains(&name);
            for name in names.split(' ').filter(|name| !ours(name)) {
                let source = format!("{{{{ '{name}' is {test} }}}}");
                assert_eq!(environment.render_str(&source, ()).unwrap(), "True", "{test} {name}");
            }
        }
    }

    #[test]
    fn names_are_found_where_they_are_read() {
        let place = |source, name| place(source, name).map(|span| (span.start, span.end));
        let source = "profile.nam {{ profile.name }} {{ a.profile.nam }}{{ profile . nam.x }}";
        assert_eq!(place(source, "profile.nam"), Some((53, 66)));
        assert_eq!(place(source, "profile.nam.x"), Some((53, 68)));
        assert_eq!(place(source, "a"), Some((34, 35)));
        assert_eq!(place(source, "nam"), None);
    }

    #[test]
    fn calls_that_go_nowhere_are_found() {
        for (source, expected) in [
            ("{{ a | uper }}", &["there is no filter `uper`"][..]),
            ("{%- filter uper | lowr -%}{% endfilter %}", &["filter `uper`", "filter `lowr`"]),
            ("{% if a is not odd or a is evn %}{% endif %}", &["test `evn`"]),
            ("{% if a is not od %}{% endif %}", &["test `od`"]),
            ("{%- include 'footer' -%}", &["it cannot use `include`"]),
            ("{{ profile['city'] }} {{ a['b'] }}", &["`city` stands in brackets"]),
            ("{{ a.title() }} {{ loop.cycle(1) }}", &["method `title`"]),
            ("{{ {'a': {'}}': 1}} | uper }} {{ b | lowr }}", &["filter `uper`", "filter `lowr`"]),
        ] {
            let found = messages(source);
            assert_eq!(found.len(), expected.len(), "{source} {found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.ends_with(expected), "{source} {found}");
            }
        }
        for source in [
            "a | b is c {",
            "{# {{ a | uper }} #}{{ 'it\\'s | uper' | upper }}",
            "{% raw %}{{ a | uper }} {{ {% endraw %}{{ a.is | e }}",
            "{{ \"}} | uper\" }} {{ a.is.b }} {{ a is in [1] }}",
            "{{ profile['my city'] }} {{ profile[city] }} {{ profile['a' ~ 'b'] }}",
            "{{ include }} {{ {'filter': 1}['filter'] }} {{ f(filter=1) }}",
        ] {
            assert_eq!(messages(source), [""; 0], "{source}");
        }
    }
}
