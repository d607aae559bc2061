//! The filters, tests and functions of templates, and what filters make of a value.

use super::super::vocabulary::Known;
use crate::value::Kind;

/// The filters that templates may use.
pub(super) const FILTERS: &str = "\
    abs attr batch bool capitalize chain count d date default dictsort e escape first fixed \
    float format groupby indent int items join last length lines list lower map max min money \
    number plural pprint reject rejectattr replace reverse round safe select selectattr slice \
    sort split string sum title trim unique upper urlencode zip";

/// The tests that templates may use, after `is`.
pub(super) const TESTS: &str = "\
    boolean defined divisibleby endingwith eq equalto escaped even false filter float ge \
    greaterthan gt in int integer iterable le lessthan lower lt mapping ne none number odd \
    safe sameas sequence startingwith string test true undefined upper";

/// The functions that templates may call.
pub(super) const FUNCTIONS: &str = "dict namespace range";

/// The filters that a library puts around values, which nobody writes.
pub(super) const INTERNAL: &str = "__address __attribute __parameter __path";

/// The roots of what templates read.
pub(super) const ROOTS: &str = "blocks choice fetched given metrics place profile segments";

/// What can be asked of `loop`, as fields.
const LOOP: &str = "depth depth0 first index index0 last length revindex revindex0";

pub(super) fn is_one_of(name: &str, known: &str) -> bool {
    known.split(' ').any(|known| known == name)
}

/// The filter that says what to print for what is missing.
pub(super) fn is_default(filter: &str) -> bool {
    matches!(filter, "d" | "default")
}

/// What a filter makes of a value, as far as it matters to what comes after it.
pub(super) fn filtered(filter: &str, input: &Known) -> Known {
    match filter {
        // The same elements, others in number or order.
        "list" | "reject" | "rejectattr" | "reverse" | "select" | "selectattr" | "sort"
        | "unique" => input.clone().present(),
        // There may be no element.
        "first" | "last" | "max" | "min" => input.element().or_missing(),
        "attr" => Known::any().or_missing(),
        "abs" | "batch" | "chain" | "dictsort" | "groupby" | "items" | "map" | "slice" | "zip" => {
            Known::any()
        }
        "bool" => Known::scalar(Kind::Boolean),
        "count" | "float" | "int" | "length" | "round" | "sum" => Known::scalar(Kind::Number),
        "lines" | "split" => Known::list(Known::scalar(Kind::Text)),
        _ => Known::scalar(Kind::Text),
    }
}

/// The place of the argument that names a filter or a test, and which of the two it is.
pub(super) fn named_argument(filter: &str) -> Option<(usize, &'static str)> {
    match filter {
        "map" => Some((0, "filter")),
        "reject" | "select" => Some((0, "test")),
        "rejectattr" | "selectattr" => Some((1, "test")),
        _ => None,
    }
}

/// What the engine keeps of a loop.
pub(super) fn loop_object() -> Known {
    let fields = LOOP.split(' ').map(|name| match name {
        "first" | "last" => (name, Known::scalar(Kind::Boolean)),
        _ => (name, Known::scalar(Kind::Number)),
    });
    let beside = ["nextitem", "previtem"].map(|name| (name, Known::any().or_missing()));
    Known::object(fields.chain(beside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_here_is_known_to_the_engine() {
        let environment = minijinja::Environment::new();
        let ours = ["date", "fixed", "money", "number", "plural"];
        for (names, test) in [(FILTERS, "filter"), (TESTS, "test")] {
            let ours = |name: &str| test == "filter" && ours.contains(&name);
            for name in names.split(' ').filter(|name| !ours(name)) {
                let source = format!("{{{{ '{name}' is {test} }}}}");
                assert_eq!(environment.render_str(&source, ()).unwrap(), "True", "{test} {name}");
            }
        }
        let globals: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
        assert!(FUNCTIONS.split(' ').all(|name| globals.contains(&name)), "{globals:?}");
        let asked = LOOP.split(' ').map(|name| format!("{{{{ loop.{name} }}}}"));
        let source = format!("{{% for x in [1] %}}{}{{% endfor %}}", asked.collect::<String>());
        let mut strict = minijinja::Environment::new();
        strict.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        strict.render_str(&source, ()).unwrap();
    }
}
