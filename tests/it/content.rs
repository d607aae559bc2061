//! What is said: choices, templates, and what is wrong with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bespoke::content::{Block, Content, Context, Selector, Template};
use bespoke::engine::{View, Wanted};
use bespoke::error::ErrorKind;
use bespoke::event::Event;
use bespoke::expr::Names;
use bespoke::facts::Timeline;
use bespoke::privacy::{Personal, PersonalRecord, Place, Protection};
use bespoke::schema::{Field, Schema};
use bespoke::seed::Seed;
use bespoke::testing::shop::{self, Shop};
use bespoke::time::{Duration, Timestamp};
use bespoke::value::{Fields, Kind, Value};
use bespoke::{Engine, Error, Result};
use proptest::prelude::*;

const NOW: &str = "2026-03-01T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn engine() -> Result<Engine> {
    let schema = Schema::new()
        .attribute("city", Kind::Text)
        .attribute("name", Field::from(Kind::Text).personal())
        .attribute("tags", Field::list(Kind::Text))
        .attribute("visits", Kind::Number)
        .event("Order Completed", [("revenue", Kind::Number)]);
    let mut engine = Engine::new(schema)?;
    engine.add_metric("spend", r#"sum("Order Completed".revenue)"#)?;
    engine.add_metric("orders", r#"count("Order Completed")"#)?;
    engine.add_metric("last_order", r#"last("Order Completed")"#)?;
    engine.add_segment("vip", "spend > 2000")?;
    engine.add_block("hero", &Block::new(Content::text("Hello!")?))?;
    let city = Content::new("<b>Hello!</b>", "{{ profile.city }}")?;
    let city = Block::new(Content::text("Hello!")?).variant("city", "TRUE", city)?;
    engine.add_block("city", &city)?;
    Ok(engine)
}

/// A view of somebody of whom nothing is known but their name.
fn view(engine: &Engine, traits: Fields) -> View {
    let told = Event::identify("p-1", at("2026-01-01T00:00:00Z")).with_fields(traits);
    let timeline = Timeline::of([told], engine.schema());
    engine.evaluate(&timeline.facts(at(NOW)), &Wanted::everything()).unwrap()
}

fn nobody(engine: &Engine) -> View {
    view(engine, Fields::default())
}

/// The parts of a case: what stands below each `--- name`.
fn parts(case: &str) -> BTreeMap<&str, &str> {
    let parts = case.split("--- ").skip(1);
    parts.map(|part| part.split_once('\n').unwrap()).collect()
}

/// Adds what a case holds, a template or a block, and renders it.
fn run(case: &str) -> Result<()> {
    let (mut engine, parts) = (engine()?, parts(case));
    let part = |name: &str| parts.get(name).copied().unwrap_or_default();
    if let Some(subject) = parts.get("subject") {
        let template = Template::new(subject, part("html"), part("text"))?;
        engine.add_template("season", template.given(["unsubscribe_url"]))?;
        return nobody(&engine).letter("season", &Fields::default()).map(drop);
    }
    let block = Block::new(Content::text("Hello!")?);
    let content = Content::new(part("html"), part("text"))?;
    engine.add_block("news", &block.variant("special", "TRUE", content)?)?;
    nobody(&engine).render("news").map(drop)
}

#[test]
fn errors_of_the_corpus_read_well() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/templates");
    let mut cases: Vec<_> =
        fs::read_dir(&corpus).unwrap().map(|case| case.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    cases.sort();
    assert!(cases.len() >= 25, "{} cases", cases.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&corpus);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in cases {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let error = run(&fs::read_to_string(&path).unwrap()).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Template, "{name}");
            insta::assert_snapshot!(name, error.to_string());
        }
    });
}

#[test]
fn a_place_is_named_in_full() {
    let error =
        run("--- subject\nHello\n--- html\n\n--- text\nDear\n{{ profile.city }}\n").unwrap_err();
    let [fault] = error.diagnostics() else { panic!("{error}") };
    assert_eq!((fault.line, fault.column), (2, 4));
    assert!(error.to_string().starts_with("template `season`: text: "), "{error}");
    // A column is counted in characters.
    let error = Content::text("Grüße, {{ 'a' | uper }}").unwrap_err();
    assert!(error.to_string().contains("line 1, column 17"), "{error}");
}

#[test]
fn names_are_checked_when_a_part_is_added() {
    let mut engine = engine().unwrap();
    let block = |source: &str| Block::new(Content::text(source).unwrap());
    // In the fallback, in a branch that is rarely taken, and below `default`.
    for source in [
        "{{ profile.ctiy }}",
        "{% if segments.vip %}{{ metrics.spent }}{% endif %}",
        "{{ profile.ctiy | default('x') }}",
        "{{ given.unsubscribe_url }}",
        "{% set profil = 1 %}{{ profile.ctiy }}",
    ] {
        let error = engine.add_block("news", &block(source)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Template, "{source}");
        assert!(
            error.to_string().starts_with("block `news`: variant `fallback`: html: "),
            "{error}"
        );
    }
    // What the template sets itself is its own.
    for (index, source) in [
        "{% set city = profile.city %}{{ city }}",
        "{% for tag in profile.tags %}{{ loop.index }} {{ tag }}{% endfor %}",
        "{% macro greet(who) %}Hello {{ who }}{% endmacro %}{{ greet(profile.city) }}",
        "{% with town = profile.city %}{{ town }}{% endwith %}",
        "{{ range(3) | join(', ') }}",
        "{% raw %}{{ user.name | uper }}{% endraw %}",
        "{# {{ user.name }} #}",
    ]
    .into_iter()
    .enumerate()
    {
        engine.add_block(&format!("good-{index}"), &block(source)).unwrap();
    }
    assert!(!engine.blocks().contains_key("news"));
}

#[test]
fn what_is_of_a_special_category_is_in_no_template() {
    let diet = Field::from(Kind::Text).sensitivity_of(bespoke::schema::Sensitivity::Special);
    let mut engine = Engine::new(Schema::new().attribute("diet", diet)).unwrap();
    let block = Block::new(Content::text("{{ profile.diet | default('all') }}").unwrap());
    let error = engine.add_block("menu", &block).unwrap_err();
    assert!(error.to_string().contains("there is no `diet` in `profile`"), "{error}");
}

#[test]
fn what_is_missing_can_be_asked_for() {
    let source = "{{ profile.city | default('town') }} {% if profile.city is defined %}a{% else %}b\
                  {% endif %} {{ metrics.last_order | default('never') }} {{ metrics.spend }}";
    let mut engine = engine().unwrap();
    engine.add_block("news", &Block::new(Content::text(source).unwrap())).unwrap();
    assert_eq!(nobody(&engine).render("news").unwrap().text, "town b never 0");
    // A trait that was unset is missing, one that is empty is not.
    let unset = view(&engine, Fields::from_iter([("city", Value::Null)]));
    assert_eq!(unset.render("news").unwrap().text, "town b never 0");
    let empty = view(&engine, Fields::from_iter([("city", Value::from(""))]));
    assert_eq!(empty.render("news").unwrap().text, " a never 0");
}

#[test]
fn what_was_fetched_from_the_vault_is_printed_and_escaped() {
    let mut engine = engine().unwrap();
    let template = Template::new(
        "Hello {{ profile.name }}",
        "<p>{{ profile.name }}</p>",
        "{{ profile.name }}",
    );
    engine.add_template("season", template.unwrap()).unwrap();
    let mut personal = Personal::new();
    personal.apply(
        &PersonalRecord::new("p-1", Place::Attribute, "m-1", at("2026-01-01T00:00:00Z"))
            .with("name", Protection::Personal, "Ann & <Yolanda>")
            .with("diet", Protection::Special, "secret"),
    );
    let view = nobody(&engine).with_personal(personal);
    let letter = view.letter("season", &Fields::default()).unwrap();
    assert_eq!(letter.subject, "Hello Ann & <Yolanda>");
    assert_eq!(letter.html, "<p>Ann &amp; &lt;Yolanda&gt;</p>");
    assert_eq!(letter.text, "Ann & <Yolanda>");
    assert!(!format!("{view:?} {letter:?}").contains("Yolanda"));
}

#[test]
fn a_block_is_escaped_once_and_a_value_is_no_template() {
    let mut engine = engine().unwrap();
    let content = Content::new("<b>{{ profile.city }}</b>", "{{ profile.city }}").unwrap();
    engine.add_block("news", &Block::new(content)).unwrap();
    let template = Template::new("Hello", "<p>{{ blocks.news }}</p>", "{{ blocks.news }}").unwrap();
    engine.add_template("season", template).unwrap();
    let city = Fields::from_iter([("city", Value::from("{{ profile }} & {% <i>"))]);
    let letter = view(&engine, city).letter("season", &Fields::default()).unwrap();
    assert_eq!(letter.html, "<p><b>{{ profile }} &amp; {% &lt;i&gt;</b></p>");
    assert_eq!(letter.text, "{{ profile }} & {% <i>");
}

/// Every way in which a template may print a text of the profile into HTML.
const PRINTS: &str = r#"
<p title="{{ profile.city }}" lang='{{ profile.city | upper }}'>{{ profile.city }}</p>
{{ profile.city | e }} {{ profile.city | title | trim }} {{ profile.city ~ "x" }}
{{ profile.city | reverse }} {{ profile.city | replace("a", profile.city) }}
{{ ("<b>" | safe) | replace("b", profile.city) }} {{ profile.nothing | default(profile.city) }}
{{ [profile.city, "y"] | join(profile.city) }} {{ [profile.city, "y" | safe] | join(", ") }}
{{ [1, 2] | join(profile.city) }} {{ "%s" | format(profile.city) }}
{{ ("<i>%s</i>" | safe) | format(profile.city) }} {{ profile.city | indent(2) }}
{{ profile.city | pprint }} {{ profile.city | list }} {{ profile.city | first | default("") }}
{{ {"k": profile.city} }} {{ profile }} {{ {profile.city: 1} | items | list }}
{{ profile.city | split("a") }} {{ profile.city | lines | join("|") }} {{ profile.city | string }}
{% set held %}{{ profile.city }}{% endset %}{{ held }} {{ held | upper }}
{% macro show(what) %}<u>{{ what }}</u>{% endmacro %}{{ show(profile.city) }}
{% filter lower %}{{ profile.city }}{% endfilter %}
{% for tag in profile.tags %}<li>{{ tag }}</li>{% endfor %} {{ profile.tags | last }}
{{ blocks.news }} {{ blocks.news | trim }} {{ given.note }}
"#;

fn structure(html: &str) -> [usize; 4] {
    ['<', '>', '"', '\''].map(|sign| html.matches(sign).count())
}

fn rendered(engine: &Engine, text: &str) -> String {
    let tags = vec![Value::from(text), Value::from("b")];
    let traits = Fields::from_iter([("city", Value::from(text)), ("tags", Value::from(tags))]);
    let given = Fields::from_iter([("note", Value::from(text))]);
    view(engine, traits).letter("season", &given).unwrap().html
}

fn printing() -> Engine {
    let schema = Schema::new()
        .attribute("city", Kind::Text)
        .attribute("nothing", Kind::Text)
        .attribute("tags", Field::list(Kind::Text));
    let mut engine = Engine::new(schema).unwrap();
    let news =
        Content::new("<em class=\"{{ profile.city }}\">{{ profile.city }}</em>", "").unwrap();
    engine.add_block("news", &Block::new(news)).unwrap();
    let template = Template::new("Hello", PRINTS, "").unwrap().given(["note"]);
    engine.add_template("season", template).unwrap();
    engine
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<script>alert(1)</script>",
        "<",
        ">",
        "\"",
        "'",
        "&",
        "&lt;",
        "&#60;",
        "&amp;lt;",
        "]]>",
        "<!--",
        "-->",
        "</p>",
        "\" onload=\"x",
        "{{ 1 }}",
        "{% raw %}",
        "\0",
        "\r\n",
        "\u{2028}",
        "a",
        "é",
        "\u{202e}",
        "<\u{fe0f}",
        "=",
        "`",
        "/",
        "\\",
    ]);
    let pieces = prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat());
    prop_oneof![3 => pieces, 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_breaks_the_structure_of_html(text in hostile()) {
        let engine = printing();
        let html = rendered(&engine, &text);
        // Some filters print a text per letter or line, so signs are compared with a benign text of
        // the same letters and lines.
        let benign: String = text.chars().map(|c| match c {
            '\r' | '\n' | 'a' | 'A' => c,
            _ => 'x',
        }).collect();
        let signs = structure(&rendered(&engine, &benign));
        prop_assert_eq!(structure(&html), signs, "{}", html);
        prop_assert!(!html.to_lowercase().contains("<script"));
    }
}

/// Rules that overlap, that are unknown for many, and whose windows move at every moment.
const VARIANTS: [(&str, &str); 6] = [
    ("nobody", "FALSE AND count(*) > 0"),
    (
        "cart",
        r#"count("Product Added" over 24 hours) > 0
           AND count("Order Completed" since last("Product Added")) = 0"#,
    ),
    ("big", r#"avg("Order Completed".revenue over 30 days) > 100"#),
    ("cooling", r#"last("Order Completed") < now() - INTERVAL '45 days' AND country <> 'DE'"#),
    (
        "keen",
        r#"count("Product Viewed" over 7 days) > count("Product Viewed" over 7 days ending 7 days ago)"#,
    ),
    ("steady", r#"count("Order Completed" over 180 days) BETWEEN 1 AND 3 OR orders > 8"#),
];

fn shop_engine() -> Engine {
    let mut engine = Engine::new(shop::schema()).unwrap();
    engine.add_metric("orders", r#"count("Order Completed" over 200 days)"#).unwrap();
    let mut block = Block::new(Content::text("fallback").unwrap());
    for (name, rule) in VARIANTS {
        engine.add_segment(&format!("may_{name}"), rule).unwrap();
        block = block.variant(name, rule, Content::text(name).unwrap()).unwrap();
    }
    engine.add_block("hero", &block).unwrap();
    for (name, selector, keys) in [
        (
            "bands",
            Selector::bands(r#"sum("Order Completed".revenue over 45 days)"#),
            ["(0, 50)", "[50, )"],
        ),
        ("days", Selector::bands("orders"), ["[0, 0]", "[1, 3)"]),
        (
            "lately",
            Selector::value(r#"count("Product Viewed" over 9 days) > 2"#),
            ["true", "false"],
        ),
    ] {
        let block = Block::by(selector, Content::text("fallback").unwrap());
        let add = |block: Block, key: &&str| block.variant(*key, key, Content::text(key).unwrap());
        engine.add_block(name, &keys.iter().try_fold(block, add).unwrap()).unwrap();
    }
    engine
}

#[test]
fn the_first_true_variant_is_chosen_and_else_the_fallback() {
    let engine = shop_engine();
    let mut chosen: BTreeMap<String, usize> = BTreeMap::new();
    for customer in Shop::new(Seed::new(3)).customers(1_000).until(at(NOW)) {
        let timeline = Timeline::of(customer.events, engine.schema());
        let view = engine.evaluate(&timeline.facts(at(NOW)), &Wanted::everything()).unwrap();
        let first = VARIANTS.iter().find(|(name, _)| view.is_in(&format!("may_{name}")));
        let expected = first.map_or(Block::FALLBACK, |(name, _)| name);
        assert_eq!(&*view.choices()["hero"].variant, expected);
        assert_eq!(view.render("hero").unwrap().text, expected);
        *chosen.entry(expected.to_owned()).or_default() += 1;
    }
    assert!(!chosen.contains_key("nobody"));
    // Each is chosen for some, or the test says little.
    assert_eq!(chosen.len(), VARIANTS.len(), "{chosen:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_choice_holds_until_its_horizon(
        number in 1_u32..2_000,
        hours in 0_i64..24 * 400,
        hindsight in any::<bool>(),
        samples in prop::collection::vec(0.0..1.0, 12),
    ) {
        let engine = shop_engine();
        let customer = Shop::new(Seed::new(5)).until(at(NOW)).customer(number);
        let timeline = Timeline::of(customer.events, engine.schema());
        let now = at(NOW).minus(Duration::hours(hours));
        // Nothing new is learnt: what is known stays as it is, and time passes. With hindsight what
        // is still to happen is known.
        let known = if hindsight { Timestamp::MAX } else { now };
        let choose = |instant| {
            let facts = timeline.facts_as_known(instant, known);
            engine.evaluate(&facts, &Wanted::everything()).unwrap()
        };
        let view = choose(now);
        for (block, choice) in view.choices() {
        let end = choice.until.unwrap_or_else(|| now.plus(Duration::days(1_000)));
        prop_assert!(end > now);
        let length = end.micros() - now.micros();
        #[expect(clippy::cast_possible_truncation, reason = "a share of a length is no longer")]
        let within = samples.iter().take(4).map(|share| (length as f64 * share) as i64);
        // Where the rules turn is where a choice that ends too late shows.
        let turns = view.memberships().values().filter_map(|valid| valid.until);
        let turns = turns.map(|turn| turn.micros() - now.micros());
        for micros in within.chain(turns).chain([0, length - 1, length / 2]) {
            let instant = now.plus(Duration::from_micros(micros.min(length - 1)));
            let later = choose(instant);
            let variant = &later.choices()[block].variant;
            prop_assert_eq!(variant, &choice.variant, "{}: {} of {}", block, instant, end);
        }
        }
    }
}

#[test]
fn a_choice_ends_with_the_rule_that_made_it_or_one_before() {
    let schema =
        Schema::new().event("A", [] as [(&str, Kind); 0]).event("B", [] as [(&str, Kind); 0]);
    let content = || Content::text("x").unwrap();
    let block = Block::new(content())
        .variant("a", "count(A over 10 days) = 0", content())
        .unwrap()
        .variant("b", "count(B over 3 days) > 0", content())
        .unwrap()
        .variant("c", "count(B over 1 day) > 0", content())
        .unwrap();
    let chooser = block.check(&Names::new(schema.clone())).unwrap();
    let events = [("A", "2026-02-01T00:00:00Z"), ("B", "2026-02-05T00:00:00Z")];
    let events = events.map(|(name, instant)| Event::track("p-1", name, at(instant)));
    let timeline = Timeline::of(events, &schema);
    for (now, variant, until) in [
        ("2026-01-31T00:00:00Z", "a", None),
        ("2026-02-01T00:00:00Z", "fallback", Some("2026-02-11T00:00:00Z")),
        ("2026-02-05T00:00:00Z", "b", Some("2026-02-08T00:00:00Z")),
        ("2026-02-07T23:59:59.999999Z", "b", Some("2026-02-08T00:00:00Z")),
        ("2026-02-08T00:00:00Z", "fallback", Some("2026-02-11T00:00:00Z")),
        ("2026-02-11T00:00:00Z", "a", None),
    ] {
        let choice = chooser.choose(&timeline.facts(at(now)));
        assert_eq!((&*choice.variant, choice.until), (variant, until.map(at)), "{now}");
    }
}

#[test]
fn a_block_names_its_variants_once() {
    let content = || Content::text("x").unwrap();
    let block = Block::new(content()).variant("a", "TRUE", content()).unwrap();
    assert_eq!(block.variants().collect::<Vec<_>>(), ["a", Block::FALLBACK]);
    for name in ["a", "", Block::FALLBACK] {
        let error = block.clone().variant(name, "TRUE", content()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Definition, "{name}");
    }
    let error = block.clone().variant("b", "count(", content()).unwrap_err();
    assert!(error.to_string().starts_with("variant `b`: "), "{error}");
    let error = block.variant("b", "vpi", content()).unwrap().check(&Names::default()).unwrap_err();
    assert!(error.to_string().starts_with("variant `b`: "), "{error}");
    assert_eq!(error.kind(), ErrorKind::Rule);
}

#[test]
fn content_works_alone() {
    let context = Context::new(&Fields::from_iter([("city", Value::from("Ulm"))]), None);
    let rendered = Content::new("<b>{{ profile.city }}</b>", "{{ profile.city }}!").unwrap();
    let rendered = rendered.render(&context).unwrap();
    assert_eq!((&*rendered.html, &*rendered.text), ("<b>Ulm</b>", "Ulm!"));
    let error: Error = Content::text("{{ profile.zip }}").unwrap().render(&context).unwrap_err();
    assert!(error.to_string().starts_with("html: nothing is known of `profile.zip`"), "{error}");
}
