//! What is asked of a person as a whole, and not of a series of their events.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use super::print::Quoted;
use super::{Expr, Node};
use crate::error::Span;
use crate::seed::Seed;
use crate::time::{Duration, Window, Zone};

/// A question about a person, as it is written. `of` is the path of a trait.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Person {
    /// `anniversary(birthday in 'Europe/Paris')`
    Anniversary { of: Expr, zone: Option<Zone> },
    /// `bucket(10, 'salt')`
    Bucket { count: u32, salt: Arc<str> },
    /// `changed(tier over 3 days)`
    Changed { of: Expr, over: Duration },
    /// `observed_for(30 days)`
    ObservedFor(Duration),
}

/// A question about a person that passed its check.
#[derive(Clone, Debug)]
pub(crate) struct PersonTerm {
    pub(crate) asked: Asked,
    /// The question as it was written.
    pub(crate) text: Arc<str>,
}

#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// Depends on the trait, on [`ZONE`] if the zone is told, and on time.
    Anniversary { of: Vec<Arc<str>>, home: Home },
    /// Depends on who the person is.
    Bucket { count: u32, seed: Seed },
    /// Depends on the trait and on time.
    Changed { of: Vec<Arc<str>>, window: Window },
    /// Depends on every event and every trait, and on time.
    ObservedFor(Duration),
}

/// Where somebody lives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Home {
    /// In the zone that the trait [`ZONE`] tells.
    Told,
    /// In this one.
    Zone(Zone),
}

/// The trait that tells the IANA name of the zone in which a person lives.
pub(crate) const ZONE: &str = "timezone";

impl Person {
    /// The functions' names.
    pub(super) const NAMES: [&str; 4] = ["anniversary", "bucket", "changed", "observed_for"];

    /// Whether it is true or false, rather than a number.
    pub(crate) fn is_condition(&self) -> bool {
        !matches!(self, Self::Bucket { .. })
    }

    /// The trait that it names.
    pub(crate) fn of(&self) -> Option<&Expr> {
        match self {
            Self::Anniversary { of, .. } | Self::Changed { of, .. } => Some(of),
            Self::Bucket { .. } | Self::ObservedFor(_) => None,
        }
    }
}

impl Display for Person {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anniversary { of, zone: None } => write!(f, "anniversary({of})"),
            Self::Anniversary { of, zone: Some(zone) } => {
                write!(f, "anniversary({of} in {})", Quoted('\'', zone.name()))
            }
            Self::Bucket { count, salt } => write!(f, "bucket({count}, {})", Quoted('\'', salt)),
            Self::Changed { of, over } => write!(f, "changed({of} over {over})"),
            Self::ObservedFor(length) => write!(f, "observed_for({length})"),
        }
    }
}

impl PersonTerm {
    /// The traits that it reads by their names.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        let (path, zone) = match &self.asked {
            Asked::Anniversary { of, home } => (of.first(), matches!(home, Home::Told)),
            Asked::Changed { of, .. } => (of.first(), false),
            Asked::Bucket { .. } | Asked::ObservedFor(_) => (None, false),
        };
        path.map(|name| &**name).into_iter().chain(zone.then_some(ZONE))
    }

    /// Whether it depends on whatever is told of the person.
    pub(super) fn reads_everything(&self) -> bool {
        matches!(self.asked, Asked::ObservedFor(_))
    }
}

impl Expr {
    fn of_person(person: Person) -> Self {
        Self::new(Node::Person(person), Span::default())
    }

    /// Whether today, where the person lives, is an anniversary of the date in a trait.
    ///
    /// ```
    /// use bespoke::expr::Expr;
    ///
    /// let rule = Expr::anniversary(["birthday"]).and(Expr::bucket(10, "cake").less_than(5));
    /// assert_eq!(rule.to_string(), "anniversary(birthday) AND bucket(10, 'cake') < 5");
    /// ```
    pub fn anniversary<N: Into<Arc<str>>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::of_person(Person::Anniversary { of: Self::path(names), zone: None })
    }

    /// Whether today, in a zone, is an anniversary of the date in a trait.
    pub fn anniversary_in<N: Into<Arc<str>>>(
        names: impl IntoIterator<Item = N>,
        zone: Zone,
    ) -> Self {
        Self::of_person(Person::Anniversary { of: Self::path(names), zone: Some(zone) })
    }

    /// In which of `count` equal shares of all people the person is, 0 being the first; `count` is
    /// 1 to 1,000,000. Shares of different salts are independent.
    pub fn bucket(count: u32, salt: impl Into<Arc<str>>) -> Self {
        Self::of_person(Person::Bucket { count, salt: salt.into() })
    }

    /// Whether a trait's value became another in the last stretch of time.
    pub fn changed<N: Into<Arc<str>>>(names: impl IntoIterator<Item = N>, over: Duration) -> Self {
        Self::of_person(Person::Changed { of: Self::path(names), over })
    }

    /// Whether the first that is known of the person happened so long ago.
    pub fn observed_for(length: Duration) -> Self {
        Self::of_person(Person::ObservedFor(length))
    }
}
