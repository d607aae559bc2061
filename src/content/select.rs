//! What decides between the variants of a block, and why one was chosen.

use std::fmt;
use std::sync::Arc;

use super::interval::{Interval, Scalar};
use super::whereabouts::Whereabouts;
use crate::error::{Error, ErrorKind, Result};
use crate::experiment::{Experiment, Outside, Subject};
use crate::expr::{Expr, Names};
use crate::facts::Facts;
use crate::metric::{Measure, Metric};
use crate::place::{Near, Place, Places};
use crate::segment::{Rule, Segment};
use crate::time::{Timestamp, Valid, earlier};
use crate::value::Kind;

/// What a block asks of a person to choose between its variants.
///
/// Each variant has a key, and what a key is follows from the selector:
///
/// | selector | key of a variant | it is chosen |
/// | --- | --- | --- |
/// | [`rules`](Self::rules) | a rule | where it is the first whose rule is true |
/// | [`value`](Self::value) | a value, without quotes: `gold` | where the figure is that value |
/// | [`bands`](Self::bands) | a band: `[0, 0.3)`, `[100, )` | where the figure lies in it, the first of several |
/// | [`experiment`](Self::experiment) | an arm | where the person is in that arm |
/// | [`place`](Self::place) | a place's name | where that place is near |
/// | [`region`](Self::region) | a region's name | where the place near by is in it |
#[derive(Clone, Debug)]
pub struct Selector(Asks);

#[derive(Clone, Debug)]
enum Asks {
    Bands(Arc<str>),
    Experiment(Experiment),
    Place(Arc<Places>),
    Region(Arc<Places>),
    Rules,
    Value(Arc<str>),
}

/// A variant's key, read as its selector has it.
#[derive(Clone, Debug)]
pub(super) enum Key {
    Band(Interval),
    Name(Arc<str>),
    Rule(Rule),
}

/// Why a variant was chosen, or why none was and the fallback stands in.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The person is in this arm.
    Arm(Arc<str>),
    /// The figure lies in this band.
    Band(Arc<str>),
    /// No variant is for what the figure came to, for the arm, or for the place: this.
    NoVariant(Arc<str>),
    /// What the variant needs did not come, for this reason.
    NotCome(Arc<str>),
    /// No rule is true.
    NoRule,
    /// No place is near, or nothing is known of where the person is.
    Nowhere,
    /// The person takes no part in the experiment.
    Outside(Outside),
    /// The place of this name is near.
    Place(Arc<str>),
    /// The place near by is in this region.
    Region(Arc<str>),
    /// Its rule is true, and none of those before it.
    Rule,
    /// Nothing is known of what the block goes by.
    Unknown,
    /// The figure has this value.
    Value(Arc<str>),
}

/// What a selector says of a person.
pub(super) struct Answer {
    /// The number of the variant, or none for the fallback.
    pub(super) variant: Option<usize>,
    pub(super) reason: Reason,
    pub(super) until: Option<Timestamp>,
    pub(super) near: Option<Near>,
}

/// A selector that passed its check, with the keys of its variants.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// A figure, and the stretch of each variant; whether these are bands.
    Figure(Box<Metric>, Vec<Interval>, bool),
    /// An experiment, the trait by which people are known to it, and the arm of each variant.
    Experiment(Box<Experiment>, Option<Box<Metric>>, Vec<Arc<str>>),
    /// Where somebody is, whether the region counts, and the name for each variant.
    Place(Box<Whereabouts>, bool, Vec<Arc<str>>),
    Rules(Vec<Segment>),
}

impl Selector {
    /// By rules: IF, ELSE IF.
    pub fn rules() -> Self {
        Self(Asks::Rules)
    }

    /// By the value of a trait, a metric or any figure: CASE.
    pub fn value(figure: impl Into<Arc<str>>) -> Self {
        Self(Asks::Value(figure.into()))
    }

    /// By the band in which a number lies, such as a score. What lies in none gets the fallback.
    pub fn bands(figure: impl Into<Arc<str>>) -> Self {
        Self(Asks::Bands(figure.into()))
    }

    /// By an experiment's arm.
    pub fn experiment(experiment: Experiment) -> Self {
        Self(Asks::Experiment(experiment))
    }

    /// By the place near by; what the variants say reads it as `place`.
    pub fn place(places: impl Into<Arc<Places>>) -> Self {
        Self(Asks::Place(places.into()))
    }

    /// By the region of the place near by, as offers go.
    pub fn region(places: impl Into<Arc<Places>>) -> Self {
        Self(Asks::Region(places.into()))
    }

    /// Whether a person of whom a variant is chosen has a place near by.
    pub(super) fn places(&self) -> bool {
        matches!(self.0, Asks::Place(_) | Asks::Region(_))
    }

    /// Reads the key of a variant.
    pub(super) fn key(&self, text: &str) -> Result<Key> {
        let known = |known: bool, what: &str| {
            let detail = || format!("there is no {what} `{text}`");
            known
                .then(|| Key::Name(text.into()))
                .ok_or_else(|| Error::new(ErrorKind::Definition, detail()))
        };
        match &self.0 {
            Asks::Bands(_) => Ok(Key::Band(Interval::band(text)?)),
            Asks::Experiment(experiment) => known(experiment.arms().any(|arm| arm == text), "arm"),
            Asks::Place(places) => known(places.iter().any(|place| *place.name == *text), "place"),
            Asks::Region(places) => {
                known(places.iter().any(|place| place.region.as_deref() == Some(text)), "region")
            }
            Asks::Rules => Ok(Key::Rule(Rule::parse(text)?)),
            Asks::Value(_) => Ok(Key::Name(text.into())),
        }
    }

    /// Checks the selector with the keys of the variants, which are named in errors.
    pub(super) fn check(&self, keys: &[(&str, &Key)], names: &Names) -> Result<Question> {
        Ok(match &self.0 {
            Asks::Bands(figure) | Asks::Value(figure) => {
                let metric =
                    Metric::parse(figure, names).map_err(|error| error.within("figure"))?;
                let intervals = intervals(&metric, keys)?;
                let bands = matches!(self.0, Asks::Bands(_));
                Question::Figure(Box::new(metric), intervals, bands)
            }
            Asks::Experiment(experiment) => {
                let known_by = match experiment.known_by() {
                    Subject::Attribute(name) => {
                        let figure = Metric::new(&Expr::path([Arc::clone(name)]), names);
                        Some(Box::new(figure.map_err(|error| error.within("subject"))?))
                    }
                    Subject::Profile => None,
                };
                Question::Experiment(Box::new(experiment.clone()), known_by, named(keys))
            }
            Asks::Place(places) | Asks::Region(places) => {
                let whereabouts = Whereabouts::check(places, names)?;
                let region = matches!(self.0, Asks::Region(_));
                Question::Place(Box::new(whereabouts), region, named(keys))
            }
            Asks::Rules => Question::Rules(segments(keys, names)?),
        })
    }

    /// What it asks about, for those that ask about one thing.
    pub(super) fn figure(&self) -> Option<&str> {
        match &self.0 {
            Asks::Bands(figure) | Asks::Value(figure) => Some(figure),
            Asks::Experiment(experiment) => Some(experiment.key()),
            Asks::Place(_) | Asks::Region(_) => Some("place"),
            Asks::Rules => None,
        }
    }

    /// Whether nobody has this key.
    pub(super) fn is_for_nobody(&self, key: &Key) -> bool {
        match (&self.0, key) {
            (Asks::Experiment(experiment), Key::Name(arm)) => !experiment.reaches(arm),
            _ => false,
        }
    }
}

fn named(keys: &[(&str, &Key)]) -> Vec<Arc<str>> {
    let names = keys.iter().filter_map(|(_, key)| match key {
        Key::Name(name) => Some(Arc::clone(name)),
        Key::Band(_) | Key::Rule(_) => None,
    });
    names.collect()
}

fn segments(keys: &[(&str, &Key)], names: &Names) -> Result<Vec<Segment>> {
    let rules = keys.iter().filter_map(|(variant, key)| match key {
        Key::Rule(rule) => Some((variant, rule)),
        Key::Band(_) | Key::Name(_) => None,
    });
    let check = |(variant, rule): (&&str, &Rule)| {
        rule.check(names).map_err(|error| error.within(format!("variant `{variant}`")))
    };
    rules.map(check).collect()
}

/// The stretch of values of each variant.
fn intervals(metric: &Metric, keys: &[(&str, &Key)]) -> Result<Vec<Interval>> {
    let refused = |detail: String| Error::new(ErrorKind::Definition, detail);
    let kind = metric
        .kind()
        .ok_or_else(|| refused("a block cannot go by a figure of this kind".to_owned()))?;
    let stretches = keys.iter().filter_map(|(variant, key)| {
        let stretch = match key {
            Key::Band(band) if kind == Kind::Number => Ok(band.clone()),
            Key::Band(_) => Err(refused(format!("bands need a number, this is {kind}"))),
            Key::Name(value) => Scalar::bare(value, kind).map(Interval::only),
            Key::Rule(_) => return None,
        };
        Some(stretch.map_err(|error| error.within(format!("variant `{variant}`"))))
    });
    stretches.collect()
}

impl Question {
    pub(super) fn answer(&self, facts: &Facts<'_>) -> Answer {
        match self {
            Self::Figure(metric, intervals, bands) => {
                by_figure(&metric.evaluate(facts), intervals, *bands)
            }
            Self::Experiment(experiment, known_by, arms) => {
                let known = known_by.as_ref().map(|figure| figure.evaluate(facts));
                by_arm(experiment, known.as_ref(), arms, facts)
            }
            Self::Place(whereabouts, region, names) => {
                by_place(whereabouts.near(facts), *region, names)
            }
            Self::Rules(rules) => by_rule(rules, facts),
        }
    }
}

/// The first rule that is true. It holds until that may turn, or one before it.
fn by_rule(rules: &[Segment], facts: &Facts<'_>) -> Answer {
    let mut until = None;
    for (variant, rule) in rules.iter().enumerate() {
        let member = rule.evaluate(facts);
        until = earlier(until, member.until);
        if member.value {
            return Answer { variant: Some(variant), reason: Reason::Rule, until, near: None };
        }
    }
    Answer { variant: None, reason: Reason::NoRule, until, near: None }
}

fn by_figure(figure: &Valid<Measure>, intervals: &[Interval], bands: bool) -> Answer {
    let until = figure.until;
    let Some(value) = Scalar::of(&figure.value) else {
        return Answer { variant: None, reason: Reason::Unknown, until, near: None };
    };
    let variant = intervals.iter().position(|interval| interval.holds(&value));
    let shown = value.to_string().into();
    let reason = match variant {
        None => Reason::NoVariant(shown),
        Some(_) if bands => Reason::Band(shown),
        Some(_) => Reason::Value(shown),
    };
    Answer { variant, reason, until, near: None }
}

fn by_arm(
    experiment: &Experiment,
    known: Option<&Valid<Measure>>,
    arms: &[Arc<str>],
    facts: &Facts<'_>,
) -> Answer {
    let until = known.and_then(|known| known.until);
    let subject = match known {
        Some(known) => Scalar::of(&known.value).map(|value| value.to_string()),
        None => facts.person().map(ToString::to_string),
    };
    let arm = experiment.arm(subject.as_deref().unwrap_or_default());
    let (variant, reason) = match arm {
        Err(outside) => (None, Reason::Outside(outside)),
        Ok(arm) => match arms.iter().position(|own| **own == *arm) {
            Some(variant) => (Some(variant), Reason::Arm(arm.into())),
            None => (None, Reason::NoVariant(arm.into())),
        },
    };
    Answer { variant, reason, until, near: None }
}

fn by_place(near: Valid<Option<Near>>, region: bool, names: &[Arc<str>]) -> Answer {
    let Valid { value: near, until } = near;
    let name =
        |place: &Place| if region { place.region.clone() } else { Some(Arc::clone(&place.name)) };
    let Some(name) = near.as_ref().and_then(|near| name(&near.place)) else {
        return Answer { variant: None, reason: Reason::Nowhere, until, near };
    };
    let variant = names.iter().position(|own| *own == name);
    let reason = match variant {
        None => Reason::NoVariant(name),
        Some(_) if region => Reason::Region(name),
        Some(_) => Reason::Place(name),
    };
    Answer { variant, reason, until, near }
}

impl Reason {
    /// Whether it says why the fallback stands in.
    pub fn is_of_fallback(&self) -> bool {
        matches!(
            self,
            Self::NoRule
                | Self::NoVariant(_)
                | Self::NotCome(_)
                | Self::Nowhere
                | Self::Outside(_)
                | Self::Unknown
        )
    }
}

impl fmt::Display for Reason {
    /// A sentence without a full stop, for records.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arm(arm) => write!(f, "in the arm `{arm}`"),
            Self::Band(value) => write!(f, "`{value}` lies in its band"),
            Self::NoRule => f.write_str("no rule is true"),
            Self::NoVariant(value) => write!(f, "no variant is for `{value}`"),
            Self::NotCome(reason) => write!(f, "what it needs did not come: {reason}"),
            Self::Nowhere => f.write_str("no place is near"),
            Self::Outside(Outside::Coverage) => f.write_str("outside the experiment's coverage"),
            Self::Outside(Outside::Namespace) => f.write_str("in another part of the namespace"),
            Self::Outside(_) => f.write_str("not known to the experiment"),
            Self::Place(place) => write!(f, "`{place}` is near"),
            Self::Region(region) => write!(f, "in the region `{region}`"),
            Self::Rule => f.write_str("its rule is true"),
            Self::Unknown => f.write_str("nothing is known of what it goes by"),
            Self::Value(value) => write!(f, "the value is `{value}`"),
        }
    }
}
