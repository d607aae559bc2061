//! What is found in a template before anybody gets it.

use bespoke::content::{Block, Content, Template};
use bespoke::engine::Wanted;
use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::schema::{Field, Schema, Sensitivity};
use bespoke::time::Timestamp;
use bespoke::value::{Fields, Kind, Value};
use bespoke::{Engine, Result};
use proptest::prelude::*;

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

fn engine() -> Engine {
    let schema = Schema::new()
        .attribute("city", Kind::Text)
        .attribute("visits", Kind::Number)
        .attribute("tags", Field::list(Kind::Text))
        .attribute("address", Field::object([("street", Kind::Text), ("zip", Kind::Text)]))
        .attribute("lines", Field::list_of([("title", Kind::Text), ("price", Kind::Number)]))
        .event("Order Completed", [("revenue", Kind::Number)]);
    let mut engine = Engine::new(schema).unwrap();
    engine.add_metric("spend", r#"sum("Order Completed".revenue)"#).unwrap();
    engine.add_metric("orders", r#"count("Order Completed") + 1"#).unwrap();
    engine.add_metric("mean", r#"avg("Order Completed".revenue)"#).unwrap();
    engine.add_segment("vip", "spend > 2000").unwrap();
    engine
}

/// What is found in a template, as `code line:column`.
fn found(source: &str) -> Result<Vec<String>> {
    let block = Block::new(Content::new("", source)?);
    let findings = engine().add_block("news", &block)?;
    let shown = findings
        .iter()
        .map(|finding| format!("{} {}:{}", finding.code, finding.fault.line, finding.fault.column));
    Ok(shown.collect())
}

#[test]
fn what_may_be_missing_is_found_where_it_is_needed() {
    for (source, expected) in [
        ("{{ profile.city }}", &["may-be-missing 1:4"][..]),
        ("{{ metrics.mean }}", &["may-be-missing 1:4"]),
        ("{{ profile.city | upper }}", &["may-be-missing 1:4"]),
        ("{{ profile.city ~ '!' }}", &["may-be-missing 1:4"]),
        ("{% if profile.visits > 3 %}{% endif %}", &["may-be-missing 1:7"]),
        ("{% for tag in profile.tags %}{% endfor %}", &["may-be-missing 1:15"]),
        ("{{ profile.address.street | default('') }}", &["may-be-missing 1:4"]),
        ("{{ 'a' if segments.vip }}", &["may-be-missing 1:1"]),
        // Once on each way.
        ("{{ profile.city }}{{ profile.city }}", &["may-be-missing 1:4"]),
        (
            "{% if segments.vip %}{{ profile.city }}{% endif %}{{ profile.city }}",
            &["may-be-missing 1:25", "may-be-missing 1:54"],
        ),
        // A guard that is not one.
        ("{% if not profile.city %}{{ profile.city }}{% endif %}", &["may-be-missing 1:29"]),
        (
            "{% if profile.city or segments.vip %}{{ profile.city }}{% endif %}",
            &["may-be-missing 1:41"],
        ),
        ("{% if profile.city %}{% else %}{{ profile.city }}{% endif %}", &["may-be-missing 1:35"]),
        ("{% if profile.city %}{% endif %}{{ profile.city }}", &["may-be-missing 1:36"]),
        ("{{ profile.city or profile.visits }}", &["may-be-missing 1:4"]),
        ("{{ profile.city if segments.vip else 'x' }}", &["may-be-missing 1:1"]),
        ("{% set town = profile.city %}{{ town }}", &["may-be-missing 1:33"]),
        ("{% if segments.vip %}{% set a = 1 %}{% endif %}{{ a }}", &["may-be-missing 1:51"]),
        ("{{ profile.city | default(profile.visits) }}", &["may-be-missing 1:4"]),
        ("{{ profile.tags[0] | upper if profile.tags else '' }}", &["may-be-missing 1:4"]),
    ] {
        assert_eq!(found(source).unwrap(), expected, "{source}");
    }
}

#[test]
fn what_was_asked_for_is_there() {
    for source in [
        "{{ metrics.spend }} {{ metrics.orders }} {{ segments.vip }}",
        "{{ profile.city | default('x') }} {{ profile.city or 'x' }}",
        "{% if profile.city %}{{ profile.city }}{% endif %}",
        "{% if profile.city is defined %}{{ profile.city }}{% endif %}",
        "{% if profile.city is not none %}{{ profile.city }}{% endif %}",
        "{% if profile.city is none %}-{% else %}{{ profile.city }}{% endif %}",
        "{% if not profile.city %}-{% elif segments.vip %}{{ profile.city }}{% endif %}",
        "{% if profile.visits and profile.visits > 3 %}{{ profile.visits }}{% endif %}",
        "{% if not profile.visits or profile.visits > 3 %}-{% else %}{{ profile.visits }}{% endif %}",
        "{{ profile.city if profile.city else 'x' }}",
        "{{ 'x' if profile.city is undefined else profile.city }}",
        "{% set town = profile.city %}{% if town %}{{ town }}{{ profile.city }}{% endif %}",
        "{% set town = profile.city | default('x') %}{{ town }}",
        "{% with town = profile.city %}{% if profile.city %}{{ town }}{% endif %}{% endwith %}",
        "{% for tag in profile.tags | default([]) %}{{ tag }}{{ loop.index }}{% endfor %}",
        "{% if profile.address and profile.address.zip %}{{ profile.address.zip }}{% endif %}",
        "{% if segments.vip %}{% set a = 1 %}{% else %}{% set a = 2 %}{% endif %}{{ a }}",
    ] {
        assert_eq!(found(source).unwrap(), [""; 0], "{source}");
    }
}

#[test]
fn fields_are_known_as_deep_as_they_are_declared() {
    for (source, expected) in [
        ("{{ profile.address.stret }}", "there is no `stret` in `profile.address`"),
        ("{{ profile.city.name }}", "there is no `name` in `profile.city`, which is a text"),
        ("{{ profile.tags.first }}", "there is no `first` in `profile.tags`, which is a list"),
        (
            "{% for line in profile.lines %}{{ line.titel }}{% endfor %}",
            "there is no `titel` in `line`",
        ),
        ("{% if false %}{{ profile.ctiy }}{% endif %}", "there is no `ctiy` in `profile`"),
        ("{% set all = profile %}{{ all.ctiy }}", "there is no `ctiy` in `all`"),
        ("{% for a in profile.tags %}{{ loop.indx }}{% endfor %}", "there is no `indx` in `loop`"),
        ("{{ profile['home town'] }}", "there is no `home town` in `profile`"),
    ] {
        let error = found(source).unwrap_err();
        assert_eq!(error.diagnostics()[0].message, expected, "{source}");
    }
    // What a source names is found without a schema too.
    for (source, expected) in [
        ("{{ 1 | map('uper') }}", "there is no filter `uper`"),
        ("{{ [1] | select('od') }}", "there is no test `od`"),
        ("{{ loop.cycle() }}", "`loop.cycle` needs something to choose from"),
        ("{% block a %}{% endblock %}", "a template stands alone, it cannot use `block`"),
    ] {
        let error = Content::text(source).unwrap_err();
        assert_eq!(error.diagnostics()[0].message, expected, "{source}");
    }
}

#[test]
fn a_purpose_reads_up_to_a_sensitivity() {
    let schema = Schema::new()
        .attribute("name", Field::from(Kind::Text).personal())
        .attribute(
            "home",
            Field::object([
                ("street", Field::from(Kind::Text).personal()),
                ("land", Kind::Text.into()),
            ]),
        )
        .attribute("city", Kind::Text);
    let engine = Engine::new(schema).unwrap();
    let public = |source: &str| {
        let template = Template::new("", "", source).unwrap().reading(Sensitivity::Public);
        engine.clone().add_template("letter", template).map(drop)
    };
    for source in [
        "{{ profile.name | default('x') }}",
        "{% if profile.name %}{% endif %}",
        "{% set who = profile %}{{ who.name }}",
        "{{ profile }}",
        "{% if profile.home %}{{ profile.home.street }}{% endif %}",
        "{{ 'x' if profile['the name'] is none and profile.name == 'Ann' else 'y' }}",
        "{% for field in profile | items %}{% endfor %}",
    ] {
        let error = public(source).unwrap_err();
        let found =
            error.diagnostics().iter().any(|fault| fault.message.contains("personal, more than"));
        assert!(found, "{source} {error}");
    }
    for source in ["{{ profile.city }}", "{% set who = profile %}{{ who.city }}"] {
        public(source).unwrap();
    }
    // What a block says is said by the template that holds it.
    let mut engine = engine.clone();
    engine.add_block("hero", &Block::new(Content::text("{{ profile.name }}").unwrap())).unwrap();
    let letter = || Template::new("", "", "{{ blocks.hero }}").unwrap();
    let error = engine.add_template("a", letter().reading(Sensitivity::Public)).unwrap_err();
    assert!(
        error.to_string().starts_with("template `a`: block `hero`: variant `fallback`"),
        "{error}"
    );
    engine.add_template("a", letter()).unwrap();
}

#[test]
fn a_template_may_require_what_it_needs() {
    let letter = || Template::new("{{ profile.city }}", "", "{{ profile.address.zip }}").unwrap();
    let found = |template: Template| engine().add_template("letter", template);
    let findings = found(letter()).unwrap();
    let parts: Vec<_> =
        findings.iter().filter_map(|finding| finding.fault.file.as_deref()).collect();
    // The zip of an address may be missing, and so may the address.
    assert_eq!(parts, ["subject", "text", "text"]);
    assert!(found(letter().strict()).is_err());
    assert!(found(letter().strict().required(["profile.city"])).is_err());
    let all = ["profile.city", "profile.address.zip"];
    assert_eq!(found(letter().strict().required(all)).unwrap(), []);
}

#[test]
fn long_chains_end_the_reading_and_not_the_process() {
    let many = 20_000;
    for source in [
        format!("{{{{ {}1 }}}}", "not ".repeat(many)),
        format!("{{{{ {}1 }}}}", "-".repeat(many)),
        format!("{{{{ a{} }}}}", ".b".repeat(many)),
        format!("{{{{ a{} }}}}", "[0]".repeat(many)),
        format!("{{{{ a{} }}}}", "|e".repeat(many)),
        format!("{{{{ 1{} }}}}", "+1".repeat(many)),
        format!("{{{{ 1{} }}}}", "~1".repeat(many)),
        format!("{{{{ 1{} }}}}", " if 1 else 1".repeat(many)),
        format!("{{{{ a{} }}}}", " is even".repeat(many)),
        format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(many)),
        format!("{}{}", "{% if a %}".repeat(many), "{% endif %}".repeat(many)),
        "(".repeat(many) + "{{ (" + &"(".repeat(many),
    ] {
        let shown: String = source.chars().take(40).collect();
        assert!(Content::text(&source).is_err(), "{shown}");
    }
    // Chains of the longest length that is allowed are read, checked and compiled.
    for source in [
        format!("{{{{ {}1 }}}}", "not ".repeat(295)),
        format!("{{{{ 1{} }}}}", "+1".repeat(295)),
        format!("{{{{ a{} }}}}", "|e".repeat(145)),
        format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(98)),
    ] {
        Content::text(&source).unwrap();
    }
}

const PATHS: [&str; 7] = [
    "profile.city",
    "profile.visits",
    "profile.tags",
    "profile.address",
    "profile.address.zip",
    "metrics.mean",
    "metrics.spend",
];

fn path() -> impl Strategy<Value = String> {
    let set = prop::sample::select(vec!["x", "y", "tag"]).prop_map(str::to_owned);
    prop_oneof![4 => prop::sample::select(PATHS.to_vec()).prop_map(str::to_owned), 1 => set]
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = (path(), 0..8_usize).prop_map(|(path, form)| match form {
        0 => format!("{path} is defined"),
        1 => format!("{path} is none"),
        2 => format!("{path} is not none"),
        3 => format!("{path} is string"),
        4 => format!("{path} == 'Ulm'"),
        5 => "segments.vip".to_owned(),
        _ => path,
    });
    leaf.prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), inner, 0..3_usize).prop_map(|(one, other, form)| match form {
            0 => format!("(not {one})"),
            1 => format!("({one} and {other})"),
            _ => format!("({one} or {other})"),
        })
    })
}

fn value() -> impl Strategy<Value = String> {
    (path(), path(), condition(), 0..9_usize).prop_map(|(one, other, condition, form)| match form {
        0 => format!("{one} | default('-')"),
        1 => format!("{one} | default({other})"),
        2 => format!("{one} or {other}"),
        3 => format!("{one} and {other}"),
        4 => format!("{one} if {condition} else {other}"),
        5 => format!("{one} | string"),
        6 => "'text'".to_owned(),
        _ => one,
    })
}

fn template() -> impl Strategy<Value = String> {
    let leaf = (value(), 0..4_usize).prop_map(|(value, form)| match form {
        0 => format!("{{% set x = {value} %}}"),
        1 => format!("{{% set y = {value} %}}"),
        _ => format!("{{{{ {value} }}}}"),
    });
    let block = leaf.prop_recursive(3, 24, 3, |inner| {
        let parts = prop::collection::vec(inner, 1..3).prop_map(|parts| parts.concat());
        (condition(), parts.clone(), parts, value(), 0..4_usize).prop_map(
            |(condition, one, other, value, form)| match form {
                0 => format!("{{% if {condition} %}}{one}{{% endif %}}{other}"),
                1 => format!("{{% with x = {value} %}}{one}{{% endwith %}}{other}"),
                2 => format!("{{% for tag in profile.tags | default([]) if {condition} %}}{one}{{% else %}}{other}{{% endfor %}}"),
                _ => format!("{{% if {condition} %}}{one}{{% else %}}{other}{{% endif %}}"),
            },
        )
    });
    prop::collection::vec(block, 1..4).prop_map(|blocks| blocks.concat())
}

/// One name under one condition.
fn guarded() -> impl Strategy<Value = String> {
    let path = || prop::sample::select(vec!["profile.city", "profile.visits"]);
    let leaf = (path(), 0..4_usize).prop_map(|(path, form)| match form {
        0 => format!("{path} is defined"),
        1 => format!("{path} is none"),
        _ => path.to_owned(),
    });
    let condition = leaf.prop_recursive(2, 4, 2, |inner| {
        (inner.clone(), inner, 0..3_usize).prop_map(|(one, other, form)| match form {
            0 => format!("(not {one})"),
            1 => format!("({one} and {other})"),
            _ => format!("({one} or {other})"),
        })
    });
    (condition, path(), 0..4_usize).prop_map(|(condition, path, form)| match form {
        0 => format!("{{% if {condition} %}}{{{{ {path} }}}}{{% endif %}}"),
        1 => format!("{{% if {condition} %}}{{% else %}}{{{{ {path} }}}}{{% endif %}}"),
        2 => format!("{{{{ {path} if {condition} else 'x' }}}}"),
        _ => format!("{{% if {condition} and {path} == 'x' %}}{{% endif %}}"),
    })
}

/// Somebody of whom so much is known.
fn traits(known: [bool; 5]) -> Fields {
    let [city, visits, tags, address, zip] = known;
    let mut all = Vec::new();
    if city {
        all.push(("city", Value::from("Ulm")));
    }
    if visits {
        all.push(("visits", Value::from(0)));
    }
    if tags {
        all.push(("tags", Value::from(vec![Value::from("a")])));
    }
    if address {
        let zip = if zip { Value::from("89073") } else { Value::Null };
        all.push(("address", Value::from(Fields::from_iter([("zip", zip)]))));
    }
    Fields::from_iter(all)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn where_nothing_may_be_missing_nothing_is(source in prop_oneof![guarded(), template()]) {
        let mut engine = engine();
        let content = Content::new("", &source);
        prop_assert!(content.is_ok(), "{} {:?}", source, content);
        // Names that are not set yet are refused.
        let Ok(findings) = engine.add_block("news", &Block::new(content.unwrap())) else { return Ok(()) };
        if !findings.is_empty() {
            return Ok(());
        }
        for number in 0..32 {
            let known = [1, 2, 4, 8, 16].map(|bit| number & bit != 0);
            let told = Event::identify("p-1", now()).with_fields(traits(known));
            let timeline = Timeline::of([told], engine.schema());
            let view = engine.evaluate(&timeline.facts(now()), &Wanted::everything()).unwrap();
            let rendered = view.render("news");
            prop_assert!(rendered.is_ok(), "{} {:?} {:?}", source, known, rendered);
        }
    }

    #[test]
    fn no_source_panics(source in "(\\{\\{|\\{%|%\\}|\\}\\}| |if|for|in|a|\\.|x|1|'|\\||not|e|elif|endif|\\(|\\)|\\[|\\]|é){0,40}") {
        let _ = Content::text(&source);
        let _ = Content::untrusted(&source, &source);
    }
}
