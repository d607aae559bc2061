//! Which variant a block chooses, why, and which it never does.

use bespoke::Engine;
use bespoke::content::{Block, Content, Fetched, MemoryContent, Need, Reason, Selector, Template};
use bespoke::engine::{View, Wanted};
use bespoke::event::Event;
use bespoke::experiment::{Buckets, Experiment, HashVersion, Namespace, Outside, Subject};
use bespoke::expr::Names;
use bespoke::facts::Timeline;
use bespoke::lint::Severity;
use bespoke::place::{Coordinates, Located, Place, Places};
use bespoke::schema::{Field, Schema};
use bespoke::testing::content_source;
use bespoke::time::Timestamp;
use bespoke::value::{Decimal, Fields, Kind, Value};
use proptest::prelude::*;

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

fn schema() -> Schema {
    Schema::new()
        .attribute("tier", Kind::Text)
        .attribute("churn", Kind::Number)
        .attribute("member", Kind::Boolean)
        .attribute("web_id", Kind::Text)
        .attribute("latitude", Kind::Number)
        .attribute("longitude", Kind::Number)
        .attribute("postal_code", Kind::Text)
        .attribute("tags", Field::list(Kind::Text))
}

fn text(source: &str) -> Content {
    Content::text(source).unwrap()
}

/// A block of variants that say their names.
fn block(selector: Selector, variants: &[(&str, &str)]) -> Block {
    let block = Block::by(selector, text("fallback"));
    let add = |block: Block, (name, key): &(&str, &str)| block.variant(*name, key, text(name));
    variants.iter().try_fold(block, add).unwrap()
}

fn view(engine: &Engine, traits: Fields) -> View {
    let told = Event::identify("p-1", now()).with_fields(traits);
    let timeline = Timeline::of([told], engine.schema());
    engine.evaluate(&timeline.facts(now()), &Wanted::everything()).unwrap()
}

/// The variant and the reason that somebody with these traits gets.
fn chosen<const N: usize>(block: &Block, traits: [(&str, Value); N]) -> (String, Reason) {
    let mut engine = Engine::new(schema()).unwrap();
    engine.add_block("hero", block).unwrap();
    let view = view(&engine, Fields::from_iter(traits));
    let choice = &view.choices()["hero"];
    assert_eq!(choice.reason.is_of_fallback(), &*choice.variant == Block::FALLBACK);
    assert_eq!(view.render("hero").unwrap().text, *choice.variant);
    (choice.variant.to_string(), choice.reason.clone())
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

#[test]
fn a_block_goes_by_a_value() {
    let tiers = block(Selector::value("tier"), &[("best", "gold"), ("good", "silver")]);
    assert_eq!(
        chosen(&tiers, [("tier", "gold".into())]),
        ("best".into(), Reason::Value("gold".into()))
    );
    assert_eq!(chosen(&tiers, [("tier", "silver".into())]).0, "good");
    let bronze = chosen(&tiers, [("tier", "bronze".into())]);
    assert_eq!(bronze, ("fallback".into(), Reason::NoVariant("bronze".into())));
    assert_eq!(chosen(&tiers, []), ("fallback".into(), Reason::Unknown));
    let members = block(Selector::value("member"), &[("yes", "true")]);
    assert_eq!(chosen(&members, [("member", true.into())]).0, "yes");
    let exact = block(Selector::value("churn"), &[("half", "0.50")]);
    assert_eq!(chosen(&exact, [("churn", number("0.5"))]).0, "half");
    let wrong = block(Selector::value("churn"), &[("half", "half")]);
    let error = wrong.check(&Names::new(schema())).unwrap_err();
    assert_eq!(error.to_string(), "variant `half`: `half` cannot be read as a number");
}

#[test]
fn a_block_goes_by_bands_and_a_gap_falls_back() {
    let churn = block(Selector::bands("churn"), &[("low", "[0, 0.3)"), ("high", "[0.7, 1]")]);
    for (value, variant) in [
        ("-0.000001", "fallback"),
        ("0", "low"),
        ("0.299999", "low"),
        ("0.3", "fallback"),
        ("0.7", "high"),
        ("1", "high"),
        ("1.000001", "fallback"),
    ] {
        assert_eq!(chosen(&churn, [("churn", number(value))]).0, variant, "{value}");
    }
    assert_eq!(chosen(&churn, [("churn", number("0.1"))]).1, Reason::Band("0.1".into()));
    assert_eq!(chosen(&churn, []).1, Reason::Unknown);
    let tiers = block(Selector::bands("tier"), &[("low", "[0, 1]")]);
    let error = tiers.check(&Names::new(schema())).unwrap_err();
    assert_eq!(error.to_string(), "variant `low`: bands need a number, this is a text");
}

#[test]
fn a_block_goes_by_an_experiment() {
    let experiment = Experiment::new("hero", ["control", "bold"]).unwrap();
    let by = |experiment: Experiment| {
        block(Selector::experiment(experiment), &[("control", "control"), ("bold", "bold")])
    };
    let mut counts = [0_u32; 3];
    let names = Names::new(schema());
    let halves = by(experiment.clone().coverage(0.5)).check(&names).unwrap();
    for person in 0..2_000 {
        let told = Event::identify(format!("p-{person}"), now());
        let timeline = Timeline::of([told], names.schema());
        let choice = halves.choose(&timeline.facts(now()));
        let arm = experiment.clone().coverage(0.5).arm(&format!("p-{person}")).map(str::to_owned);
        match (&*choice.variant, &choice.reason) {
            ("fallback", Reason::Outside(outside)) => {
                assert_eq!(arm, Err(*outside));
                counts[0] += 1;
            }
            (variant, Reason::Arm(own)) => {
                assert_eq!((Ok(variant.to_owned()), variant), (arm, &**own));
                counts[if variant == "bold" { 1 } else { 2 }] += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(counts[0].abs_diff(1_000) < 100, "{counts:?}");
    assert!(counts[1].abs_diff(500) < 100, "{counts:?}");
    let web = by(experiment.subject(Subject::Attribute("web_id".into())));
    assert_eq!(chosen(&web, []).1, Reason::Outside(Outside::Subject));
    assert!(matches!(chosen(&web, [("web_id", "u-7".into())]).1, Reason::Arm(_)));
    let error = Block::by(Selector::experiment(Experiment::new("a", ["b"]).unwrap()), text("-"));
    let error = error.variant("c", "c", text("-")).unwrap_err();
    assert_eq!(error.to_string(), "variant `c`: there is no arm `c`");
}

#[test]
fn arms_are_those_of_growthbook() {
    let Some(cases) = crate::data("growthbook/bucketing_cases.json") else { return };
    let cases: serde_json::Value = serde_json::from_str(&cases).unwrap();
    let list = |name: &str| cases[name].as_array().unwrap().clone();
    let near = |one: f64, other: f64| (one - other).abs() < 1e-8;
    for case in list("hash") {
        let (seed, value) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
        let version = match case[2].as_u64() {
            Some(1) => Some(HashVersion::V1),
            Some(2) => Some(HashVersion::V2),
            _ => None,
        };
        // There is no version that the reference has no answer for.
        assert_eq!(version.map(|version| version.bucket(seed, value)), case[3].as_f64(), "{case}");
    }
    let ranges = |value: &serde_json::Value| -> Vec<(f64, f64)> {
        let ranges = value.as_array().unwrap().iter();
        ranges.map(|range| (range[0].as_f64().unwrap(), range[1].as_f64().unwrap())).collect()
    };
    for case in list("getBucketRange") {
        let weights: Vec<f64> = case[1][2]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_f64)
            .collect();
        let arms = usize::try_from(case[1][0].as_u64().unwrap()).unwrap();
        let buckets = Buckets::new(arms, case[1][1].as_f64().unwrap(), &weights);
        let (found, expected) = (buckets.ranges().collect::<Vec<_>>(), ranges(&case[2]));
        assert_eq!(found.len(), expected.len(), "{case}");
        for (found, expected) in found.into_iter().zip(expected) {
            assert!(near(found.0, expected.0) && near(found.1, expected.1), "{case} {found:?}");
        }
    }
    for case in list("chooseVariation") {
        let arm = Buckets::of(ranges(&case[2])).choose(case[1].as_f64().unwrap());
        let arm = arm.map_or(-1, |arm| i64::try_from(arm).unwrap());
        assert_eq!(Some(arm), case[3].as_i64(), "{case}");
    }
    for case in list("inNamespace") {
        let [name, from, to] = [&case[2][0], &case[2][1], &case[2][2]];
        let namespace =
            Namespace::new(name.as_str().unwrap(), from.as_f64().unwrap(), to.as_f64().unwrap());
        assert_eq!(Some(namespace.holds(case[1].as_str().unwrap())), case[3].as_bool(), "{case}");
    }
    for case in list("getEqualWeights") {
        let arms = usize::try_from(case[0].as_i64().unwrap()).unwrap_or_default();
        let widths: Vec<f64> =
            Buckets::new(arms, 1.0, &[]).ranges().map(|(from, to)| to - from).collect();
        let expected: Vec<f64> =
            case[1].as_array().unwrap().iter().filter_map(serde_json::Value::as_f64).collect();
        assert_eq!(widths.len(), expected.len(), "{case}");
        assert!(
            widths.iter().zip(expected).all(|(width, expected)| near(*width, expected)),
            "{case}"
        );
    }
}

fn shops() -> Places {
    Places::new([
        Place::new("Berlin")
            .region("north")
            .at(Coordinates::new(52.52, 13.405).unwrap())
            .postal(["10", "12"]),
        Place::new("Hamburg")
            .region("north")
            .at(Coordinates::new(53.551, 9.994).unwrap())
            .postal(["2"]),
        Place::new("Munich")
            .region("south")
            .at(Coordinates::new(48.137, 11.575).unwrap())
            .postal(["8", "80-3"]),
        Place::new("Schwabing").region("south").postal(["808"]),
    ])
    .unwrap()
}

#[test]
fn a_block_goes_by_the_place_near_by() {
    let places = block(Selector::place(shops()), &[("b", "Berlin"), ("m", "Munich")]);
    let erfurt = [("latitude", number("50.98")), ("longitude", number("11.03"))];
    assert_eq!(chosen(&places, erfurt.clone()), ("b".into(), Reason::Place("Berlin".into())));
    assert_eq!(chosen(&places, [("postal_code", "80 331".into())]).0, "m");
    let schwabing = chosen(&places, [("postal_code", "80801".into())]);
    assert_eq!(schwabing, ("fallback".into(), Reason::NoVariant("Schwabing".into())));
    assert_eq!(
        chosen(&places, [("postal_code", "99".into())]),
        ("fallback".into(), Reason::Nowhere)
    );
    assert_eq!(chosen(&places, []).1, Reason::Nowhere);
    // Coordinates that are none count as unknown, and a limit of distance leaves out who is far.
    let broken =
        [("latitude", number("95")), ("longitude", number("11")), ("postal_code", "10115".into())];
    assert_eq!(chosen(&places, broken).0, "b");
    let close = block(Selector::place(shops().within_km(100.0)), &[("b", "Berlin")]);
    assert_eq!(chosen(&close, erfurt).1, Reason::Nowhere);
    let regions = block(Selector::region(shops()), &[("north", "north"), ("south", "south")]);
    assert_eq!(
        chosen(&regions, [("postal_code", "80801".into())]),
        ("south".into(), Reason::Region("south".into()))
    );
    let error = Block::by(Selector::place(shops()), text("-")).variant("p", "Paris", text("-"));
    assert_eq!(error.unwrap_err().to_string(), "variant `p`: there is no place `Paris`");
    let unknown = shops().located(Located::default().coordinates("lat", "lon").postal("zip"));
    let error = block(Selector::place(unknown), &[]).check(&Names::new(schema())).unwrap_err();
    assert!(error.to_string().contains("nothing says where somebody is"), "{error}");
}

#[test]
fn distances_are_those_of_a_sphere() {
    let at = |latitude, longitude| Coordinates::new(latitude, longitude).unwrap();
    // A quarter and a half of a great circle, and one degree of the equator: 2πR / 4, / 2, / 360.
    for (one, other, km) in [
        (at(0.0, 0.0), at(90.0, 0.0), 10_007.557_221),
        (at(0.0, 0.0), at(0.0, 180.0), 20_015.114_442),
        (at(0.0, 179.5), at(0.0, -179.5), 111.195_080),
        (at(48.137, 11.575), at(48.137, 11.575), 0.0),
    ] {
        assert!((one.distance_km(other) - km).abs() < 1e-5, "{}", one.distance_km(other));
    }
    for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)]
    {
        assert!(Coordinates::new(latitude, longitude).is_err());
    }
    for places in [
        vec![Place::new("a"), Place::new("a")],
        vec![Place::new("")],
        vec![Place::new("a").postal(["1 0"]), Place::new("b").postal(["10"])],
    ] {
        assert!(Places::new(places).is_err());
    }
}

#[test]
fn templates_read_the_place_near_by() {
    let mut engine = Engine::new(schema()).unwrap();
    let said = "{% if place %}{{ place.name }}, {{ place.distance_km | default(0) | round | int }} km{% else %}-{% endif %}";
    assert!(engine.add_block("hero", &Block::new(text(said))).is_err(), "there are no places yet");
    engine.set_places(shops()).unwrap();
    assert!(engine.add_block("hero", &Block::new(text(said))).unwrap().is_empty());
    let near =
        block(Selector::region(shops()), &[]).variant("n", "north", text("{{ place.name }}"));
    assert!(engine.add_block("near", &near.unwrap()).unwrap().is_empty());
    let offer = Block::new(text("-"))
        .variant(
            "own",
            "TRUE",
            text("{% if place %}{{ place.name }}: {{ fetched.offers.title }}{% endif %}"),
        )
        .unwrap()
        .fetches("offers", [] as [(&str, &str); 0]);
    assert!(engine.add_block("offer", &offer).unwrap().is_empty());
    let erfurt = [("latitude", number("50.98")), ("longitude", number("11.03"))];
    let erfurt = view(&engine, Fields::from_iter(erfurt));
    let tea = Fetched::Content(Fields::from_iter([("title", "Tea".into())]));
    let told = erfurt.clone().with_content("offer", tea);
    assert_eq!(told.render("offer").unwrap().text, "Berlin: Tea");
    assert_eq!(erfurt.render("hero").unwrap().text, "Berlin, 237 km");
    assert_eq!(erfurt.render("near").unwrap().text, "Berlin");
    assert_eq!(view(&engine, Fields::default()).render("hero").unwrap().text, "-");
}

#[test]
fn what_did_not_come_is_replaced_by_the_fallback() {
    let mut engine = Engine::new(schema()).unwrap();
    let offers = Block::new(text("See our offers."))
        .variant(
            "own",
            "tier = 'gold'",
            text("{{ fetched.offers.title }} for {{ fetched.offers.price }}"),
        )
        .unwrap()
        .fetches("offers", [("tier", "tier"), ("churn", "churn"), ("limit", "3")]);
    engine.add_block("hero", &offers).unwrap();
    assert!(view(&engine, Fields::default()).needs().is_empty(), "the fallback needs nothing");
    let gold = view(&engine, Fields::from_iter([("tier", "gold".into())]));
    let arguments = Fields::from_iter([("tier", Value::from("gold")), ("limit", Value::from(3))]);
    assert_eq!(gold.needs(), [Need::new("hero", "offers", arguments.clone())]);
    let offer = Fields::from_iter([("title", Value::from("Tea <new>")), ("price", number("2.5"))]);
    let source = MemoryContent::new().with("offers", arguments, offer);
    pollster::block_on(content_source::check(&source, &gold.needs()[0])).unwrap();
    let fetched =
        pollster::block_on(bespoke::content::ContentSource::fetch(&source, &gold.needs()[0]));
    let came = gold.clone().with_content("hero", fetched.unwrap());
    assert!(came.needs().is_empty());
    let rendered = came.render("hero").unwrap();
    assert_eq!(
        (&*rendered.text, &*rendered.html),
        ("Tea <new> for 2.5", "Tea &lt;new&gt; for 2.5")
    );
    let late = gold.clone().with_content("hero", Fetched::not_come("too late"));
    assert_eq!(late.choices()["hero"].reason, Reason::NotCome("too late".into()));
    assert_eq!(&*late.choices()["hero"].variant, Block::FALLBACK);
    assert_eq!(late.render("hero").unwrap().text, "See our offers.");
    assert_eq!(gold.render("hero").unwrap().text, "See our offers.", "what nobody fetched");
    let letter = Template::new("", "", "{{ blocks.hero }}").unwrap();
    engine.add_template("letter", letter).unwrap();
    let shown = |fetched: Option<Fetched>| {
        let gold = view(&engine, Fields::from_iter([("tier", "gold".into())]));
        let gold = match fetched {
            Some(fetched) => gold.with_content("hero", fetched),
            None => gold,
        };
        gold.letter("letter", &Fields::default()).unwrap().variants["hero"].to_string()
    };
    let offer = Fields::from_iter([("title", "Tea".into()), ("price", number("2.5"))]);
    assert_eq!(shown(Some(Fetched::Content(offer))), "own");
    assert_eq!(shown(Some(Fetched::not_come("too late"))), Block::FALLBACK);
    assert_eq!(shown(None), Block::FALLBACK, "a letter tells what it shows");
    // The fallback has nothing to read, and neither has a block that fetches nothing.
    let error =
        Block::new(text("{{ fetched.offers.title }}")).fetches("offers", [] as [(&str, &str); 0]);
    assert!(engine.add_block("other", &error).is_err());
    let misspelt =
        Block::new(text("-")).variant("own", "TRUE", text("{{ fetched.ofers }}")).unwrap();
    assert!(engine.add_block("other", &misspelt.fetches("offers", [("a", "1")])).is_err());
}

/// What is found in a block's keys, as `code: message`.
fn odd(block: &Block) -> Vec<String> {
    let findings = block.findings(&Names::new(schema()));
    findings.iter().map(|finding| format!("{}: {}", finding.code, finding.fault.message)).collect()
}

#[test]
fn variants_that_are_never_chosen_are_found() {
    let rules = |rules: &[&str]| {
        let names: Vec<String> = (0..rules.len()).map(|index| format!("v{index}")).collect();
        let variants: Vec<(&str, &str)> =
            names.iter().map(String::as_str).zip(rules.iter().copied()).collect();
        odd(&block(Selector::rules(), &variants))
    };
    for (never, by) in [
        (&["TRUE", "tier = 'gold'"][..], "`v0` before it"),
        (&["tier = 'gold'", "tier='gold'"], "`v0` before it"),
        (&["churn > 0.5", "churn > 0.7"], "`v0` before it"),
        (&["churn > 0.5", "churn > 0.7 AND tier = 'gold'"], "`v0` before it"),
        (&["0.5 < churn", "churn BETWEEN 0.7 AND 0.9"], "`v0` before it"),
        (&["churn >= 0.5 AND churn < 0.9", "churn BETWEEN 0.6 AND 0.8"], "`v0` before it"),
        (&["tier >= 'a'", "tier IN ('b')"], "`v0` before it"),
        (&["churn < 3", "churn >= 3", "churn BETWEEN 2 AND 4 AND member"], "those before it"),
        (&["churn < 3", "member", "churn >= 3", "churn IN (7)"], "`v2` before it"),
        (&["count(*) > 3", "count(*) > 4"], "`v0` before it"),
        (&["member", "churn > 5 AND churn < 3"], "its key is for nobody"),
        (&["member", "FALSE"], "its key is for nobody"),
    ] {
        let found = rules(never);
        assert!(found.len() == 1 && found[0].contains("is never chosen"), "{never:?} {found:?}");
        assert!(found[0].contains(by), "{never:?} {found:?}");
    }
    for fine in [
        &["churn > 0.7", "churn > 0.5"][..],
        &["tier = 'gold'", "TRUE"],
        &["tier = 'gold' AND member", "tier = 'gold'"],
        &["churn < 3", "churn > 3", "churn >= 3"],
        &["member", "NOT member"],
        // Two elements of a list may pass what one cannot.
        &["tags > 'b' AND tags < 'a'", "member"],
        &["tags BETWEEN 'b' AND 'c'", "tags >= 'b' AND tags <= 'c'"],
    ] {
        assert_eq!(rules(fine), [""; 0], "{fine:?}");
    }
    let overlap = rules(&["churn BETWEEN 1 AND 5", "churn BETWEEN 3 AND 9"]);
    assert_eq!(overlap, ["overlapping-variants: what `v0` and `v1` have in common is for `v0`"]);
    let bands = block(
        Selector::bands("churn"),
        &[("a", "[0, 2)"), ("b", "[2, 4)"), ("c", "[1, 3)"), ("d", "[3, 5]")],
    );
    let found = odd(&bands);
    assert!(found[0].contains("`c` is never chosen: those before it"), "{found:?}");
    assert!(found[1].starts_with("overlapping-variants"), "{found:?}");
    let twice = block(Selector::value("tier"), &[("a", "gold"), ("b", "gold")]);
    assert!(odd(&twice)[0].contains("`b` is never chosen"));
    let weights = Experiment::new("e", ["a", "b"]).unwrap().weights([1.0, 0.0]);
    let arms = block(Selector::experiment(weights), &[("a", "a"), ("b", "b")]);
    assert_eq!(
        odd(&arms),
        ["unreachable-variant: the variant `b` is never chosen: its key is for nobody"]
    );
    let findings =
        block(Selector::rules(), &[("a", "TRUE"), ("b", "TRUE")]).findings(&Names::new(schema()));
    assert_eq!(findings[0].severity, Severity::Warning);
}

fn comparison() -> impl Strategy<Value = String> {
    let number = (0..6_u8).prop_map(|number| number.to_string());
    let text = prop::sample::select(vec!["'a'", "'b'", "'c'"]).prop_map(str::to_owned);
    let op = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let compare = |figure: &'static str, value: BoxedStrategy<String>| {
        (op.clone(), value.clone(), value, 0..5_usize).prop_map(move |(op, one, other, form)| {
            match form {
                0 => format!("{figure} BETWEEN {one} AND {other}"),
                1 => format!("{one} {op} {figure}"),
                2 => format!("{figure} IN ({one})"),
                3 => format!("NOT {figure} {op} {one}"),
                _ => format!("{figure} {op} {one}"),
            }
        })
    };
    prop_oneof![
        4 => compare("churn", number.boxed()),
        2 => compare("tier", text.clone().boxed()),
        2 => compare("tags", text.boxed()),
        1 => Just("member".to_owned()),
        1 => Just("TRUE".to_owned()),
    ]
}

fn rule() -> impl Strategy<Value = String> {
    let clauses = prop::collection::vec(comparison(), 1..4);
    (clauses, any::<bool>()).prop_map(|(clauses, all)| {
        clauses.join(if all || clauses.len() < 3 { " AND " } else { " OR " })
    })
}

fn letters() -> impl Strategy<Value = Option<Value>> {
    prop::option::of(prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(Value::from))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_to_be_unreachable_is_never_chosen(
        rules in prop::collection::vec(rule(), 2..6),
        people in prop::collection::vec(
            (prop::option::of(0..12_i64), letters(), prop::collection::vec(letters(), 0..3), any::<bool>()),
            30,
        ),
    ) {
        let names = Names::new(schema());
        let variants: Vec<(String, &str)> =
            rules.iter().enumerate().map(|(index, rule)| (format!("v{index}"), rule.as_str())).collect();
        let variants: Vec<(&str, &str)> =
            variants.iter().map(|(name, rule)| (name.as_str(), *rule)).collect();
        let block = block(Selector::rules(), &variants);
        let never: Vec<String> = block
            .findings(&names)
            .iter()
            .filter(|finding| finding.code == "unreachable-variant")
            .map(|finding| finding.fault.message.clone())
            .collect();
        let chooser = block.check(&names).unwrap();
        for (churn, tier, tags, member) in people {
            let mut traits = vec![("member", Value::from(member))];
            traits.extend(churn.map(|halves| ("churn", Value::Number(Decimal::from_micros(i128::from(halves) * 500_000).unwrap()))));
            traits.extend(tier.map(|tier| ("tier", tier)));
            traits.push(("tags", Value::from(tags.into_iter().flatten().collect::<Vec<Value>>())));
            let told = Event::identify("p-1", now()).with_fields(Fields::from_iter(traits));
            let timeline = Timeline::of([told], names.schema());
            let choice = chooser.choose(&timeline.facts(now()));
            let said = format!("the variant `{}` is never", choice.variant);
            prop_assert!(!never.iter().any(|never| never.starts_with(&said)), "{:?} {:?}", rules, never);
        }
    }
}
