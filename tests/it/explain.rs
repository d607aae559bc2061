//! What would have to turn for a membership to turn: the smallest set of clauses, in data and in
//! words.

use std::collections::{BTreeMap, BTreeSet};

use bespoke::event::Event;
use bespoke::expr::{Expr, Names, Truth};
use bespoke::facts::Timeline;
use bespoke::schema::Schema;
use bespoke::segment::{Explanation, Rule, Segment};
use bespoke::time::Timestamp;
use bespoke::value::{Decimal, Kind};
use proptest::prelude::*;

const TRUE: Option<bool> = Some(true);
const FALSE: Option<bool> = Some(false);
const UNKNOWN: Option<bool> = None;

/// A clause's text, and with which value of its trait, if with any, it comes to each truth that it
/// can come to.
type Known = (&'static str, &'static [(Option<bool>, Option<i32>)]);

/// The clauses that rules are made of.
const CLAUSES: [Known; 8] = [
    ("n0 > 1", &[(TRUE, Some(2)), (FALSE, Some(0)), (UNKNOWN, None)]),
    ("n1 > 1", &[(TRUE, Some(2)), (FALSE, Some(0)), (UNKNOWN, None)]),
    ("n2 BETWEEN 1 AND 3", &[(TRUE, Some(2)), (FALSE, Some(0)), (UNKNOWN, None)]),
    ("n3 IS NULL", &[(TRUE, None), (FALSE, Some(0))]),
    ("n4 NOT IN (1, NULL)", &[(FALSE, Some(1)), (UNKNOWN, Some(2))]),
    ("n5 = NULL", &[(UNKNOWN, None)]),
    ("TRUE", &[(TRUE, None)]),
    ("FALSE", &[(FALSE, None)]),
];

/// A rule as what it is made of, to be evaluated over truths that are given to its clauses.
#[derive(Clone, Debug)]
enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    Clause(usize),
    Is(Box<Self>, Truth, bool),
    Member(usize),
    Not(Box<Self>),
}

impl Tree {
    fn expr(&self) -> Expr {
        match self {
            Self::All(parts) => Expr::all(parts.iter().map(Self::expr)),
            Self::Any(parts) => Expr::any(parts.iter().map(Self::expr)),
            Self::Clause(index) => Expr::parse(CLAUSES[*index].0).unwrap(),
            Self::Is(inner, what, false) => inner.expr().is(*what),
            Self::Is(inner, what, true) => inner.expr().is_not(*what),
            Self::Member(number) => Expr::in_segment(format!("s{number}")),
            Self::Not(inner) => inner.expr().negate(),
        }
    }

    fn truth(&self, truths: &BTreeMap<usize, Option<bool>>, segments: &[Self]) -> Option<bool> {
        let truth = |part: &Self| part.truth(truths, segments);
        match self {
            Self::All(parts) if parts.iter().any(|part| truth(part) == FALSE) => FALSE,
            Self::All(parts) if parts.iter().any(|part| truth(part) == UNKNOWN) => UNKNOWN,
            Self::All(_) => TRUE,
            Self::Any(parts) if parts.iter().any(|part| truth(part) == TRUE) => TRUE,
            Self::Any(parts) if parts.iter().any(|part| truth(part) == UNKNOWN) => UNKNOWN,
            Self::Any(_) => FALSE,
            Self::Clause(index) => truths[index],
            Self::Is(inner, what, negated) => {
                let asked = [(Truth::True, TRUE), (Truth::False, FALSE), (Truth::Null, UNKNOWN)];
                let is = asked.contains(&(*what, truth(inner)));
                Some(is != *negated)
            }
            Self::Member(number) => Some(truth(&segments[*number]) == TRUE),
            Self::Not(inner) => match truth(inner) {
                TRUE => FALSE,
                FALSE => TRUE,
                UNKNOWN => UNKNOWN,
            },
        }
    }

    /// The clauses, as they are written, each once.
    fn clauses(&self, segments: &[Self], found: &mut Vec<usize>) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.clauses(segments, found));
            }
            Self::Clause(index) if found.contains(index) => {}
            Self::Clause(index) => found.push(*index),
            Self::Is(inner, ..) | Self::Not(inner) => inner.clauses(segments, found),
            Self::Member(number) => segments[*number].clauses(segments, found),
        }
    }
}

/// A tree that may name the first `segments` segments.
fn tree(segments: usize) -> impl Strategy<Value = Tree> {
    let clause = (0..CLAUSES.len()).prop_map(Tree::Clause);
    let often = (0..4_usize).prop_map(Tree::Clause);
    let leaf = if segments == 0 {
        prop_oneof![often, clause].boxed()
    } else {
        prop_oneof![2 => often, 1 => clause, 1 => (0..segments).prop_map(Tree::Member)].boxed()
    };
    leaf.prop_recursive(4, 14, 4, |inner| {
        let parts = prop::collection::vec(inner.clone(), 2..4);
        let what = prop::sample::select(vec![Truth::True, Truth::False, Truth::Null]);
        prop_oneof![
            3 => parts.clone().prop_map(Tree::All),
            3 => parts.prop_map(Tree::Any),
            1 => inner.clone().prop_map(|inner| Tree::Not(Box::new(inner))),
            1 => (inner, what, any::<bool>()).prop_map(|(inner, what, negated)| {
                // IS of a literal or of what is no more than a clause is a test of its own.
                let inner = Tree::Not(Box::new(inner));
                Tree::Is(Box::new(inner), what, negated)
            }),
        ]
    })
}

fn schema() -> Schema {
    (0..120)
        .fold(Schema::new(), |schema, index| schema.attribute(format!("n{index}"), Kind::Number))
}

fn now() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn timeline(traits: impl IntoIterator<Item = (usize, i32)>, schema: &Schema) -> Timeline {
    let told = Event::identify("p", now());
    let told = traits
        .into_iter()
        .fold(told, |told, (index, value)| told.with(format!("n{index}"), Decimal::from(value)));
    Timeline::of([told], schema)
}

/// A timeline of whom the clauses have these truths.
fn timeline_of(truths: &BTreeMap<usize, Option<bool>>, schema: &Schema) -> Timeline {
    let traits = truths.iter().filter_map(|(index, truth)| {
        let (_, value) = CLAUSES[*index].1.iter().find(|(other, _)| other == truth).unwrap();
        Some((*index, (*value)?))
    });
    timeline(traits, schema)
}

fn checked(rule: &Expr, segments: &[Tree]) -> Segment {
    let mut names = Names::new(schema());
    for (number, segment) in segments.iter().enumerate() {
        let segment = Rule::new(&segment.expr()).unwrap().check(&names).unwrap();
        segment.define(format!("s{number}"), &mut names).unwrap();
    }
    Rule::new(rule).unwrap().check(&names).unwrap()
}

/// The smallest set of clauses that turns the membership, found by trying all settings of them: the
/// places of the clauses and whether each would have to be true.
fn smallest(
    rule: &Tree,
    segments: &[Tree],
    clauses: &[usize],
    truths: &BTreeMap<usize, Option<bool>>,
) -> Option<Vec<(usize, Option<bool>)>> {
    let member = rule.truth(truths, segments) == TRUE;
    let mut settings = vec![BTreeMap::new()];
    for clause in clauses {
        let set = |setting: &BTreeMap<_, _>, truth| {
            let mut setting = setting.clone();
            setting.insert(*clause, truth);
            setting
        };
        let options = CLAUSES[*clause].1;
        settings = settings
            .iter()
            .flat_map(|setting| options.iter().map(move |(truth, _)| set(setting, *truth)))
            .collect();
    }
    settings.retain(|setting| (rule.truth(setting, segments) == TRUE) != member);
    let turned = settings.into_iter().map(|setting| {
        let places = clauses.iter().enumerate();
        let turned = places.map(|(place, clause)| (place, setting[clause], truths[clause]));
        let turned = turned.filter(|(_, truth, before)| truth != before);
        turned.map(|(place, truth, _)| (place, truth)).collect::<Vec<_>>()
    });
    turned.min_by_key(|turned| {
        let places: Vec<usize> = turned.iter().map(|(place, _)| *place).collect();
        let preference =
            |truth: &Option<bool>| [TRUE, FALSE, UNKNOWN].iter().position(|t| t == truth);
        let truths: Vec<_> = turned.iter().map(|(_, truth)| preference(truth)).collect();
        (turned.len(), places, truths)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_would_have_to_turn_is_the_smallest_set_that_turns_it(
        base in tree(0),
        upper in tree(1),
        rule in tree(2),
        picks in prop::collection::vec(any::<prop::sample::Index>(), CLAUSES.len()),
    ) {
        let segments = [base, upper];
        let options = CLAUSES.iter().map(|(_, options)| options);
        let truths = options.zip(picks).map(|(options, pick)| pick.get(options).0);
        let mut truths: BTreeMap<usize, Option<bool>> = truths.enumerate().collect();
        let mut clauses = Vec::new();
        rule.clauses(&segments, &mut clauses);

        let schema = schema();
        let segment = checked(&rule.expr(), &segments);
        let explanation = segment.explain(&timeline_of(&truths, &schema).facts(now()));
        prop_assert_eq!(explanation.member, rule.truth(&truths, &segments) == TRUE);
        let texts: Vec<&str> = explanation.clauses.iter().map(|clause| &*clause.text).collect();
        let expected: Vec<&str> = clauses.iter().map(|clause| CLAUSES[*clause].0).collect();
        prop_assert_eq!(texts, expected);

        let turn = &explanation.counterfactual;
        prop_assert!(turn.smallest);
        let turned: Vec<_> = turn.clauses.iter().map(|turned| (turned.clause, turned.wanted)).collect();
        let expected = smallest(&rule, &segments, &clauses, &truths);
        prop_assert_eq!(&turned, &expected.unwrap_or_default(), "{}\n{}", rule.expr(), explanation);
        if !turned.is_empty() {
            // Facts that turn these clauses turn the membership.
            truths.extend(turned.iter().map(|(place, wanted)| (clauses[*place], *wanted)));
            let member = segment.is_member(&timeline_of(&truths, &schema).facts(now()));
            prop_assert_eq!(member, !explanation.member);
        }
    }
}

/// The explanation of a rule that may name the segment `s0` of whom `n0 > 1`.
fn explain(rule: &str, traits: &[(usize, i32)]) -> Explanation {
    let schema = schema();
    let segment = checked(&Expr::parse(rule).unwrap(), &[Tree::Clause(0)]);
    segment.explain(&timeline(traits.iter().copied(), &schema).facts(now()))
}

/// Each of these is asked in both parts, so that nothing less than trying all settings would prove
/// that a set is the smallest.
fn asked_twice(count: usize) -> String {
    let shared: Vec<String> = (0..count).map(|index| format!("n{index} > 1")).collect();
    let shared = shared.join(" AND ");
    format!("({shared} AND n118 > 1) OR ({shared} AND n119 > 1)")
}

#[test]
fn beyond_the_bound_a_set_is_told_that_is_enough() {
    let rule = asked_twice(30);
    let explanation = explain(&rule, &[]);
    assert!(!explanation.counterfactual.smallest);
    let wanted: BTreeSet<&str> =
        explanation.counterfactual.clauses.iter().map(|turned| &*turned.text).collect();
    assert_eq!(wanted.len(), 31);
    let turned = explanation.counterfactual.clauses.iter().map(|turned| {
        let name = turned.text.split(' ').next().unwrap();
        (name.trim_start_matches('n').parse().unwrap(), 2)
    });
    assert!(explain(&rule, &turned.collect::<Vec<_>>()).member);
    assert!(explanation.to_string().ends_with("to try every set)"));
    // Nothing is told rather than what would not be enough.
    let rule = rule.replace("n0 > 1", "n30 > 1");
    let torn = "(in_segment('s0') OR n31 > 1) AND NOT in_segment('s0')";
    let explanation = explain(&format!("({rule}) AND {torn}"), &[]);
    assert_eq!(
        (explanation.counterfactual.clauses.len(), explanation.counterfactual.smallest),
        (0, false)
    );
    assert!(explanation.to_string().contains("what would make a member was not found"));
}

#[test]
fn within_the_bound_the_search_is_complete() {
    // What turns by one clause is found however many are asked twice.
    let all: Vec<(usize, i32)> = (0..100).map(|index| (index, 2)).collect();
    let turn = explain(&asked_twice(100), &all).counterfactual;
    assert_eq!((turn.clauses.len(), turn.smallest), (1, true));
    // A contradiction is one only after everything was tried.
    let all: Vec<String> = (0..6).map(|index| format!("n{index} > 1")).collect();
    let all = all.join(" AND ");
    let turn = explain(&format!("{all} AND NOT ({all})"), &[]).counterfactual;
    assert_eq!((turn.clauses.len(), turn.smallest), (0, true));
}

#[test]
fn long_rules_are_explained() {
    let any: Vec<String> = (0..1_000).map(|index| format!("n{} = {index}", index % 40)).collect();
    let turn = explain(&any.join(" OR "), &[]).counterfactual;
    assert_eq!((turn.clauses.len(), turn.clauses[0].clause, turn.smallest), (1, 0, true));
    let turn = explain(&any.join(" AND "), &[]).counterfactual;
    assert_eq!((turn.clauses.len(), turn.smallest), (1_000, true));
}

#[test]
fn what_is_missing_and_what_it_hangs_on_read_as_words() {
    let order = |id: &str, at: &str, revenue: u32| {
        Event::track("p", "Order Completed", at.parse().unwrap())
            .with("revenue", revenue)
            .with_id(id)
    };
    let schema = schema().event("Order Completed", [("revenue", Kind::Number)]);
    let timeline = Timeline::of(
        [
            order("o-1", "2026-02-01T12:00:00Z", 1200),
            order("o-2", "2026-02-26T00:00:00Z", 600),
            Event::identify("p", "2026-01-01T00:00:00Z".parse().unwrap()).with("n0", 5),
        ],
        &schema,
    );
    let names = Names::new(schema);
    let orders = r#""Order Completed""#;
    for (name, rule) in [
        (
            "missing-two",
            format!(
                "sum({orders}.revenue over 90 days) > 2000 AND count({orders}) >= 4 AND n0 > 1"
            ),
        ),
        (
            "missing-one-of-two",
            format!(
                "(count({orders}) >= 4 AND n0 > 9) OR now() - last({orders}) > INTERVAL '6 days'"
            ),
        ),
        ("missing-unknown", "n1 BETWEEN 1 AND 3".to_owned()),
        ("hangs-on-one", format!("1000 < sum({orders}.revenue over 90 days) AND n0 > 1")),
        (
            "hangs-on-two",
            format!("count({orders}) > 1 OR first({orders}) < TIMESTAMP '2026-02-10'"),
        ),
        ("hangs-on-knowing", "n0 = 5 OR NOT n0 = 5".to_owned()),
        ("between", "n0 BETWEEN 7.5 AND 8".to_owned()),
        ("not-between", "n0 NOT BETWEEN 1 AND 9 OR n0 NOT BETWEEN 4 AND 5".to_owned()),
        (
            "unlike",
            format!(
                "n0 <> 5 AND last({orders}) <= TIMESTAMP '2026-02-25' AND avg({orders}.revenue) >= 1000.5"
            ),
        ),
        ("at-the-bound", format!("n0 = 7 AND n0 < 5 AND last({orders}) > TIMESTAMP '2026-02-26'")),
        ("nothing-helps", "n0 > 1 AND NOT n0 > 1".to_owned()),
        ("nothing-ends", "TRUE".to_owned()),
    ] {
        let segment = Rule::parse(&rule).unwrap().check(&names).unwrap();
        let explanation = segment.explain(&timeline.facts(now()));
        let text = explanation.to_string();
        let turn = text.lines().skip(1).skip_while(|line| line.starts_with(' '));
        let turn: Vec<&str> = turn.collect();
        let data = serde_json::to_string_pretty(&explanation.counterfactual).unwrap();
        let shown = format!("{rule}\n\n{}\n\n{data}", turn.join("\n"));
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, shown) });
    }
}
