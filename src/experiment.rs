//! Experiments: who belongs to which arm, by a hash of who they are.
//!
//! Nothing is drawn and nothing is stored: the same person is in the same arm at every send, on every
//! machine, and in `GrowthBook`, whose published hash this is. A host that runs an experiment on its
//! web page with `GrowthBook` gets the same arms in its mail.
//!
//! ```
//! use bespoke::experiment::{Experiment, Outside};
//!
//! let subject = Experiment::new("subject-line", ["control", "question"])?.coverage(0.5);
//! assert_eq!(subject.arm("user-4"), Ok("question"));
//! assert_eq!(subject.arm("user-3"), Err(Outside::Coverage));
//! # Ok::<(), bespoke::Error>(())
//! ```

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// An experiment: its arms, how people are shared out among them, and by what they are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    seed: Arc<str>,
    arms: Vec<Arc<str>>,
    weights: Vec<f64>,
    coverage: f64,
    hash: HashVersion,
    namespace: Option<Namespace>,
    subject: Subject,
    buckets: Buckets,
}

/// By what a person is known to an experiment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Subject {
    /// A trait, such as the identifier by which the web page knows them; nobody without it takes
    /// part.
    Attribute(Arc<str>),
    /// The profile's identifier. The default: everybody has one.
    #[default]
    Profile,
}

/// Why somebody takes no part in an experiment.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Outside {
    /// They are in the share that the coverage leaves out.
    Coverage,
    /// They are in another part of the namespace.
    Namespace,
    /// The trait that they would be known by is missing.
    Subject,
}

/// Which of `GrowthBook`'s hashes is used.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum HashVersion {
    /// The first one, of 1,000 buckets: arms of experiments with like names are not independent.
    /// For experiments that began with it.
    V1,
    /// The second one, of 10,000 buckets. The default, as it is in `GrowthBook`.
    #[default]
    V2,
}

/// Which buckets belong to which arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets(Vec<(f64, f64)>);

/// A part of all people that several experiments share, so that nobody takes part in two.
#[derive(Clone, Debug, PartialEq)]
pub struct Namespace {
    name: Arc<str>,
    from: f64,
    to: f64,
}

impl Experiment {
    /// An experiment of everybody, with arms of equal shares. The key is what people are hashed with,
    /// so renaming an experiment shares them out anew.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] without arms, and for an arm that is empty or named twice.
    pub fn new<A: Into<Arc<str>>>(
        key: impl Into<Arc<str>>,
        arms: impl IntoIterator<Item = A>,
    ) -> Result<Self> {
        let (seed, arms) =
            (key.into(), arms.into_iter().map(Into::into).collect::<Vec<Arc<str>>>());
        let refused = |detail: String| Err(Error::new(ErrorKind::Definition, detail));
        if arms.is_empty() {
            return refused(format!("the experiment `{seed}` has no arms"));
        }
        for (index, arm) in arms.iter().enumerate() {
            if arm.is_empty() || arms.iter().take(index).any(|other| other == arm) {
                return refused(format!("the arm `{arm}` of `{seed}` is empty or named twice"));
            }
        }
        let buckets = Buckets::new(arms.len(), 1.0, &[]);
        let (weights, hash, subject) = (Vec::new(), HashVersion::default(), Subject::default());
        let namespace = None;
        Ok(Self { seed, arms, weights, coverage: 1.0, hash, namespace, subject, buckets })
    }

    /// The same experiment with the arms' shares, in their order. As in `GrowthBook`, shares that are
    /// not one for each arm, or that do not add up to 1 within a hundredth, count as equal.
    #[must_use]
    pub fn weights(self, weights: impl IntoIterator<Item = f64>) -> Self {
        Self { weights: weights.into_iter().collect(), ..self }.shared_out()
    }

    /// The same experiment with a share of all people, from 0 to 1. A greater one leaves everybody
    /// in the arm they were in.
    #[must_use]
    pub fn coverage(self, coverage: f64) -> Self {
        Self { coverage, ..self }.shared_out()
    }

    /// The same experiment by another hash.
    #[must_use]
    pub fn hash(self, hash: HashVersion) -> Self {
        Self { hash, ..self }
    }

    /// The same experiment within a part of a namespace.
    #[must_use]
    pub fn within(self, namespace: Namespace) -> Self {
        Self { namespace: Some(namespace), ..self }
    }

    /// The same experiment of people who are known by something else.
    #[must_use]
    pub fn subject(self, subject: Subject) -> Self {
        Self { subject, ..self }
    }

    fn shared_out(self) -> Self {
        let buckets = Buckets::new(self.arms.len(), self.coverage, &self.weights);
        Self { buckets, ..self }
    }

    /// The key that people are hashed with.
    pub fn key(&self) -> &str {
        &self.seed
    }

    /// The arms' names.
    pub fn arms(&self) -> impl Iterator<Item = &str> {
        self.arms.iter().map(|arm| &**arm)
    }

    /// Whether anybody is in an arm of this name.
    pub fn reaches(&self, arm: &str) -> bool {
        let ranges = self.arms.iter().zip(self.buckets.ranges());
        ranges.into_iter().any(|(name, (from, to))| **name == *arm && from < to)
    }

    /// The arm of somebody who is known by this, or why there is none.
    ///
    /// # Errors
    ///
    /// Why they take no part.
    pub fn arm(&self, subject: &str) -> Result<&str, Outside> {
        if subject.is_empty() {
            return Err(Outside::Subject);
        }
        if self.namespace.as_ref().is_some_and(|namespace| !namespace.holds(subject)) {
            return Err(Outside::Namespace);
        }
        let bucket = self.hash.bucket(&self.seed, subject);
        let arm = self.buckets.choose(bucket).and_then(|index| self.arms.get(index));
        arm.map(|arm| &**arm).ok_or(Outside::Coverage)
    }

    /// By what people are known to it.
    pub fn known_by(&self) -> &Subject {
        &self.subject
    }
}

impl HashVersion {
    /// Where a subject lies between 0, included, and 1, excluded.
    pub fn bucket(self, seed: &str, subject: &str) -> f64 {
        match self {
            Self::V1 => f64::from(fnv(&[subject, seed]) % 1_000) / 1_000.0,
            Self::V2 => {
                let first = fnv(&[seed, subject]).to_string();
                f64::from(fnv(&[&first]) % 10_000) / 10_000.0
            }
        }
    }
}

/// FNV-1a of 32 bits over the UTF-16 units of the texts together, as `GrowthBook`'s reference in
/// JavaScript has it. (Its SDKs disagree beyond ASCII.)
fn fnv(texts: &[&str]) -> u32 {
    let units = texts.iter().flat_map(|text| text.encode_utf16());
    units.fold(0x811C_9DC5, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193))
}

impl Buckets {
    /// The buckets of so many arms: each has its share of all, and of that what the coverage leaves
    /// of it from the beginning.
    pub fn new(arms: usize, coverage: f64, weights: &[f64]) -> Self {
        let coverage = coverage.clamp(0.0, 1.0);
        let sum: f64 = weights.iter().sum();
        let fit = weights.len() == arms && (0.99..=1.01).contains(&sum);
        let weights = if fit { weights.to_vec() } else { equal_weights(arms) };
        let mut from = 0.0;
        let range = |weight: &f64| {
            let start = from;
            from += weight;
            (start, start + coverage * weight)
        };
        Self(weights.iter().map(range).collect())
    }

    /// The buckets of arms whose ranges are given, each from its first bound, included, to its
    /// second, excluded.
    pub fn of(ranges: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self(ranges.into_iter().collect())
    }

    /// The range of each arm.
    pub fn ranges(&self) -> impl Iterator<Item = (f64, f64)> {
        self.0.iter().copied()
    }

    /// The first arm whose range holds a bucket.
    pub fn choose(&self, bucket: f64) -> Option<usize> {
        self.0.iter().position(|(from, to)| (*from..*to).contains(&bucket))
    }
}

/// The shares of so many arms that are alike.
fn equal_weights(arms: usize) -> Vec<f64> {
    vec![1.0 / arms as f64; arms]
}

impl Namespace {
    /// The part of a namespace from one bound, included, to another, excluded: both between 0 and 1.
    pub fn new(name: impl Into<Arc<str>>, from: f64, to: f64) -> Self {
        Self { name: name.into(), from, to }
    }

    /// Whether a subject is in this part.
    pub fn holds(&self, subject: &str) -> bool {
        let bucket = HashVersion::V1.bucket(&format!("__{}", self.name), subject);
        (self.from..self.to).contains(&bucket)
    }
}
