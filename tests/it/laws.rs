//! What must hold of every rule: texts and JSON read back, the library agrees with the reference,
//! no horizon is late, and the order of arrival does not matter.

use bespoke::engine::Engine;
use bespoke::expr::{Aggregate, Expr, MAX_DEPTH, Names, Truth};
use bespoke::facts::{Facts, Timeline};
use bespoke::metric::Measure;
use bespoke::segment::{Rule, Segment};
use bespoke::testing::naive::{Answer, Fact, Ratio, World};
use bespoke::testing::strategy::{self, Definitions, PERSON, events, fill, schema, timeline};
use bespoke::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// So many cases, or as many as `PROPTEST_CASES` asks for.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = (default.cases != 256).then_some(default.cases);
    ProptestConfig { cases: asked.unwrap_or(cases), failure_persistence: None, ..default }
}

fn checked(rule: &Expr, names: &Names) -> Result<Segment, TestCaseError> {
    Rule::new(rule).and_then(|rule| rule.check(names)).map_err(|error| refused(&error))
}

fn refused(error: &bespoke::Error) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn what_is_printed_reads_back(expr in strategy::expressions()) {
        let text = expr.to_string();
        let read = Expr::parse(&text);
        prop_assert!(read.is_ok(), "{}", read.unwrap_err());
        let read = read.unwrap();
        prop_assert_eq!(&read, &expr);
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn what_is_written_as_json_reads_back(expr in strategy::expressions()) {
        let json = expr.to_json();
        let read = Expr::from_json(&json);
        prop_assert!(read.is_ok(), "{}", read.unwrap_err());
        let read = read.unwrap();
        prop_assert_eq!(&read, &expr);
        prop_assert_eq!(read.to_json(), json);
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place_in_it(text in "\\PC{0,60}|(?s).{0,30}") {
        refused_in_place(&text)?;
    }

    #[test]
    fn what_is_much_like_a_rule_is_read_or_refused(text in strategy::scribbles()) {
        refused_in_place(&text)?;
        // What is read may still be refused when it is checked, at a place in it.
        let refused = Rule::parse(&text).and_then(|rule| rule.check(&Names::new(schema())));
        if let Err(error) = refused {
            prop_assert!(!error.diagnostics().is_empty(), "{}", error);
            in_place(&text, &error)?;
        }
    }

    #[test]
    fn any_json_is_read_or_refused(rule in strategy::rules(), cut in 0_usize..400, with in "\\PC{0,3}") {
        let mut json: Vec<char> = rule.to_json().chars().collect();
        let at = cut.min(json.len());
        json.splice(at..json.len().min(at + 2), with.chars());
        let json: String = json.into_iter().collect();
        if let Ok(read) = Expr::from_json(&json) {
            prop_assert_eq!(Expr::from_json(&read.to_json()).unwrap(), read);
        }
    }
}

#[test]
fn the_deepest_expressions_read_back_and_deeper_ones_are_refused() {
    type Wrap = fn(Expr) -> Expr;
    let wraps: [Wrap; 12] = [
        Expr::negate,
        |inner| inner.is(Truth::Null),
        |inner| inner.is_in([1]),
        |inner| Expr::coalesce([inner]),
        |inner| inner.scaled(2),
        |inner| Expr::from(1).plus(inner),
        |inner| Expr::all([Expr::from(true), inner.negate()]),
        |inner| Aggregate::count("E").filtered(inner).into(),
        |inner| Aggregate::last("E").since(inner).into(),
        |inner| Expr::any_value(["x"], inner),
        |inner| Expr::any_value(["x"], inner).negate(),
        |inner| inner.class([1]),
    ];
    for wrap in wraps {
        let mut expr = Expr::path(["x"]);
        while wrap(expr.clone()).depth() <= MAX_DEPTH {
            expr = wrap(expr);
        }
        assert_eq!(Expr::parse(&expr.to_string()).unwrap(), expr);
        assert_eq!(Expr::from_json(&expr.to_json()).unwrap(), expr);
        assert_eq!(Rule::new(&expr).unwrap().expr(), &expr);
        let deeper = wrap(expr);
        assert!(Expr::parse(&deeper.to_string()).is_err(), "{deeper}");
        assert!(Expr::from_json(&deeper.to_json()).is_err(), "{deeper}");
        assert!(Rule::new(&deeper).is_err(), "{deeper}");
    }
    // No text, however deep, overflows the stack.
    for (open, close) in [
        ("(", ")"),
        ("NOT ", ""),
        ("coalesce(", ")"),
        ("count(E where ", ")"),
        ("any x: ", ""),
        ("NOT (any x: ", ")"),
    ] {
        let text = format!("{}x{}", open.repeat(50_000), close.repeat(50_000));
        assert!(Expr::parse(&text).is_err());
    }
    assert!(Expr::from_json(&"{\"not\":".repeat(50_000)).is_err());
}

#[test]
fn a_rule_as_deep_as_can_be_is_evaluated() {
    let schema = schema();
    let names = Names::new(schema.clone());
    let timeline = Timeline::of([], &schema);
    let facts = timeline.facts(Timestamp::from_micros(0));
    let mut rule = Expr::path(["vip"]);
    let mut since = Expr::now();
    while rule.depth() < MAX_DEPTH - 3 {
        rule = Expr::any([Expr::from(false), rule.negate()]);
        since = Aggregate::last("Page Viewed").since(since).into();
    }
    let filtered = Aggregate::count("Page Viewed").filtered(rule.clone());
    for rule in [rule, since.is(Truth::Null), Expr::from(filtered).equals(0)] {
        let segment = Rule::new(&rule).unwrap().check(&names).unwrap();
        segment.evaluate(&facts);
        segment.explain(&facts);
    }
}

/// Reads a text; if it is refused, every fault lies within it, and if not, it prints and reads back.
fn refused_in_place(text: &str) -> TestCaseResult {
    match Expr::parse(text) {
        Ok(expr) => {
            prop_assert_eq!(&Expr::parse(&expr.to_string()).unwrap(), &expr);
            prop_assert_eq!(Expr::from_json(&expr.to_json()).unwrap(), expr);
        }
        Err(error) => in_place(text, &error)?,
    }
    Ok(())
}

fn in_place(text: &str, error: &bespoke::Error) -> TestCaseResult {
    for fault in error.diagnostics() {
        let line = text.split('\n').nth(fault.line - 1);
        prop_assert!(line.is_some(), "line {} of {:?}", fault.line, text);
        let line = line.unwrap();
        // A line of more than 200 characters is cut on either side.
        let line = line.trim_end_matches('\r');
        let shown = fault.excerpt.trim_start_matches('…').trim_end_matches('…');
        prop_assert!(line.contains(shown), "{:?} in {:?}", shown, line);
        prop_assert!(line.chars().count() > 200 || line == fault.excerpt);
        let length = line.chars().count();
        prop_assert!(
            (1..=length + 1).contains(&fault.column),
            "column {}: {:?}",
            fault.column,
            text
        );
        let end = fault.column + fault.width;
        prop_assert!(fault.width > 0 && end <= length + 2, "width {}: {:?}", fault.width, text);
    }
    // Printing an error must not fail either.
    prop_assert!(!error.to_string().is_empty());
    Ok(())
}

/// The library's side of a set of definitions.
pub(crate) struct Compiled {
    engine: Engine,
    pub(crate) rule: Segment,
}

impl Compiled {
    pub(crate) fn of(definitions: &Definitions) -> Result<Self, TestCaseError> {
        let mut engine = Engine::new(schema()).unwrap();
        for (name, metric) in &definitions.metrics {
            engine.add_metric(name, &metric.to_string()).map_err(|error| refused(&error))?;
        }
        for (name, segment) in &definitions.segments {
            engine.add_segment(name, &segment.to_string()).map_err(|error| refused(&error))?;
        }
        Self::with(engine, &definitions.rule)
    }

    fn single(rule: &Expr) -> Result<Self, TestCaseError> {
        Self::with(Engine::new(schema()).unwrap(), rule)
    }

    fn with(mut engine: Engine, rule: &Expr) -> Result<Self, TestCaseError> {
        engine.add_segment("the rule", &rule.to_string()).map_err(|error| refused(&error))?;
        let rule = engine.segments()["the rule"].clone();
        Ok(Self { engine, rule })
    }

    /// The facts in a plain timeline, and in one with columns: the answers must be the same.
    fn timelines(&self, facts: &[Fact]) -> [Timeline; 2] {
        let (events, schema) = (events(facts), self.engine.schema());
        [Timeline::new(), self.engine.timeline()].map(|timeline| fill(timeline, &events, schema))
    }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn the_library_agrees_with_the_reference(
        definitions in strategy::definitions(),
        facts in strategy::facts(),
        moments in prop::collection::vec(strategy::moments(), 1..8),
    ) {
        let compiled = Compiled::of(&definitions)?;
        let schema = schema();
        let timelines = compiled.timelines(&facts);
        for ((now, known), timeline) in moments.iter().flat_map(|moment| timelines.each_ref().map(|timeline| (*moment, timeline))) {
            let world = World::new(&schema, &facts, now).of_person(PERSON)
                .as_known(known)
                .with_names(&definitions.metrics, &definitions.segments);
            let view = timeline.facts_as_known(now, known);
            let member = compiled.rule.evaluate(&view).value;
            prop_assert_eq!(compiled.rule.is_member(&view), member);
            prop_assert_eq!(compiled.rule.explain(&view).member, member);
            prop_assert_eq!(member, world.is_member(&definitions.rule), "at {} as known at {}: {}", now, known, definitions.rule);
            for (name, segment) in &definitions.segments {
                let member = compiled.engine.segments()[name].evaluate(&view).value;
                prop_assert_eq!(member, world.is_member(segment), "at {} as known at {}: {}", now, known, segment);
            }
            for (name, metric) in &definitions.metrics {
                let measured = compiled.engine.metrics()[name].evaluate(&view).value;
                let answer = world.measure(metric);
                prop_assert!(agree(&measured, &answer), "at {now} as known at {known}: {metric} is {answer:?}, not {measured:?}");
            }
        }
    }

    #[test]
    fn no_horizon_is_late(
        definitions in strategy::definitions(),
        facts in strategy::facts(),
        moment in strategy::moments(),
    ) {
        let compiled = Compiled::of(&definitions)?;
        let schema = schema();
        let (now, known) = moment;
        let world = World::new(&schema, &facts, now).of_person(PERSON)
            .as_known(known)
            .with_names(&definitions.metrics, &definitions.segments);
        // One of them, for time's sake; who is a member is asked of both elsewhere.
        let timeline = &compiled.timelines(&facts)[facts.len() % 2];
        follow(&compiled.rule, &definitions.rule, &timeline.facts_as_known(now, known), &world)?;
    }

    #[test]
    fn the_horizon_of_a_single_comparison_is_exact(
        rule in strategy::single_comparisons(),
        facts in strategy::facts(),
        moment in strategy::moments(),
    ) {
        let (now, known) = moment;
        let schema = schema();
        let compiled = Compiled::single(&rule)?;
        let world = World::new(&schema, &facts, now).of_person(PERSON).as_known(known);
        for timeline in compiled.timelines(&facts) {
            let horizons = follow(&compiled.rule, &rule, &timeline.facts_as_known(now, known), &world)?;
            let mut member = world.is_member(&rule);
            for until in horizons {
                member = !member;
                prop_assert_eq!(world.at(until).is_member(&rule), member, "{} stays at {}", rule, until);
            }
        }
    }

}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn a_metric_holds_until_its_horizon(
        definitions in strategy::definitions(),
        facts in strategy::facts(),
        moments in prop::collection::vec(strategy::moments(), 1..4),
    ) {
        let compiled = Compiled::of(&definitions)?;
        let schema = schema();
        let timelines = compiled.timelines(&facts);
        for ((now, known), timeline) in moments.iter().flat_map(|moment| timelines.each_ref().map(|timeline| (*moment, timeline))) {
            let world = World::new(&schema, &facts, now).of_person(PERSON)
                .as_known(known)
                .with_names(&definitions.metrics, &definitions.segments);
            for (name, metric) in &definitions.metrics {
                let view = timeline.facts_as_known(now, known);
                let until = compiled.engine.metrics()[name].evaluate(&view).until;
                let until = until.unwrap_or(Timestamp::MAX);
                prop_assert!(until > now, "the horizon of {metric} at {now} is {until}");
                let measured = world.measure(metric);
                for turn in world.turns(metric).range(now..until) {
                    let then = world.at(*turn).measure(metric);
                    prop_assert_eq!(&then, &measured, "{} from {} to {}, at {}", metric, now, until, turn);
                }
            }
        }
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(
        rule in strategy::rules(),
        (facts, shuffled) in strategy::facts().prop_flat_map(|facts| {
            let events = events(&facts);
            (Just(events.clone()), Just(events).prop_shuffle())
        }),
        moments in prop::collection::vec(strategy::moments(), 1..4),
    ) {
        let schema = schema();
        let segment = checked(&rule, &Names::new(schema.clone()))?;
        let (ordered, shuffled) = (timeline(&facts, &schema), timeline(&shuffled, &schema));
        for (now, known) in moments {
            let evaluate = |timeline: &Timeline| segment.evaluate(&timeline.facts_as_known(now, known));
            prop_assert_eq!(evaluate(&ordered), evaluate(&shuffled), "at {} as known at {}", now, known);
        }
    }
}

/// 2036-01-01T00:00:00Z: later than whatever does not come every year.
const YEARS_LATER: Timestamp = Timestamp::from_micros(2_082_758_400_000_000);

/// Follows a segment from horizon to horizon, as a timer would, and returns them. Between two of
/// them the reference must not change at any instant at which it may.
fn follow(
    segment: &Segment,
    rule: &Expr,
    facts: &Facts<'_>,
    world: &World<'_>,
) -> Result<Vec<Timestamp>, TestCaseError> {
    let turns = world.turns(rule);
    let mut now = facts.now();
    let mut horizons = Vec::new();
    loop {
        let found = segment.evaluate(&facts.at(now));
        let until = found.until.unwrap_or(Timestamp::MAX);
        prop_assert!(until > now, "the horizon of {rule} at {now} is {until}");
        let between = turns.range(now..until).copied().filter(|turn| *turn > now);
        for at in std::iter::once(now).chain(between) {
            let member = world.at(at).is_member(rule);
            let asked = format!("{rule} at {at}, asked at {now}, to hold until {until}");
            prop_assert_eq!(found.value, member, "{}", asked);
        }
        let Some(until) = found.until else { return Ok(horizons) };
        horizons.push(until);
        now = until;
        // An anniversary comes every year.
        if horizons.len() > 20 && until > YEARS_LATER {
            return Ok(horizons);
        }
        prop_assert!(horizons.len() < 500, "{rule} has too many horizons: {horizons:?}");
    }
}

fn agree(measured: &Measure, answer: &Answer) -> bool {
    match (measured, answer) {
        (Measure::Boolean(a), Answer::Boolean(b)) => a == b,
        // What no calendar has stays at the end of the range.
        (Measure::Duration(a), Answer::Duration(b)) => within(b) == (*a).into(),
        (Measure::Instant(a), Answer::Instant(b)) => within(b) == (*a).into(),
        (Measure::Null, Answer::Null) => true,
        (Measure::Number(a), Answer::Number(b)) => {
            (a.to_decimal(), a.round()) == (b.to_decimal(), b.round())
        }
        (Measure::Text(a), Answer::Text(b)) => a == b,
        _ => false,
    }
}

fn within(time: &Ratio) -> Ratio {
    time.clone().clamp(Timestamp::MIN.into(), Timestamp::MAX.into())
}
