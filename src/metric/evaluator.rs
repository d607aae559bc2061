//! Plans at an instant: what each part comes to, and when time alone may change it.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use super::compare::{between, class, compare, compare_value, is, like, or, within};
use super::group::{Grouped, Share};
use super::moving::{Moving, Val};
use super::slide::{Slide, Stretched};
use crate::expr::plan::{AnyOf, Check, Cond, Figure, Source, Stretch, Term, Test};
use crate::facts::{Fact, Facts};
use crate::time::{Timestamp, Valid};
use crate::value::Value;

/// The earliest instant, after the one asked about, at which an answer may change.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Next(pub(super) Timestamp);

impl Next {
    pub(crate) const fn never() -> Self {
        Self(Timestamp::MAX)
    }

    pub(crate) fn of(until: Option<Timestamp>) -> Self {
        until.map_or(Self::never(), Self)
    }

    /// It may change at `at`.
    pub(crate) fn at(&mut self, at: Timestamp) {
        self.0 = self.0.min(at);
    }

    /// The answer to a question about a truth that is the opposite then.
    pub(crate) fn answer<T: PartialEq>(
        self,
        truth: Option<bool>,
        ask: impl Fn(Option<bool>) -> T,
    ) -> Valid<T> {
        let answer = ask(truth);
        let turns = ask(truth.map(|truth| !truth)) != answer;
        Valid::until(answer, self.instant().filter(|_| turns))
    }

    pub(crate) fn instant(self) -> Option<Timestamp> {
        (self.0 <= Timestamp::LAST).then_some(self.0)
    }
}

/// Evaluates plans over one person's facts, at `now` and after it.
///
/// It keeps the entries of each figure between calls, so that following a figure through time
/// costs what changes and not what is there.
#[derive(Debug)]
pub(crate) struct Evaluator<'a> {
    facts: Facts<'a>,
    /// Within a group, the entries that share the value at hand.
    share: Option<Share<'a>>,
    /// Made when something is kept: most questions are answered by columns.
    memory: OnceCell<Memory<'a>>,
}

/// What is kept between calls.
#[derive(Debug, Default)]
pub(super) struct Memory<'a> {
    slides: RefCell<Vec<Slide<'a>>>,
    /// The named parts that were asked for, at the instant last asked about.
    asked: RefCell<Vec<Asked<'a>>>,
    /// The memberships at the facts' own instant.
    memberships: RefCell<Vec<(&'a Cond, Valid<bool>)>>,
    /// The groups that were asked about.
    pub(super) groups: RefCell<Vec<Grouped<'a>>>,
}

/// What was answered of a named part.
#[derive(Clone, Debug)]
struct Asked<'a> {
    part: Part<'a>,
    now: Timestamp,
    value: Val<'a>,
    until: Next,
}

/// A part that others may use too.
#[derive(Clone, Copy, Debug)]
enum Part<'a> {
    Metric(&'a Term),
    Segment(&'a Cond),
}

impl Part<'_> {
    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Metric(a), Self::Metric(b)) => std::ptr::eq(a, b),
            (Self::Segment(a), Self::Segment(b)) => std::ptr::eq(a, b),
            _ => false,
        }
    }
}

/// The entry of a series that a filter is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) fact: &'a Fact,
    pub(super) element: Option<&'a Value>,
}

impl Entry<'_> {
    /// The truth of a comparison of the entry's field with what a rule names, where it is that.
    #[inline]
    #[expect(clippy::option_option, reason = "what is another test is not a truth of NULL")]
    pub(super) fn compared(&self, cond: &Cond) -> Option<Option<bool>> {
        let Cond::Test(test) = cond else { return None };
        let Test { any: None, check: Check::Compare { left, op, right }, .. } = &**test else {
            return None;
        };
        let (Term::Field { from, path }, Term::Literal(right)) = (left, right) else { return None };
        let value = match from {
            Source::Element => self.element?.descend(path),
            Source::Event => self.fact.fields.descend(path),
            Source::AnyElement | Source::Attribute => return None,
        };
        Some(value.and_then(|value| compare_value(value, *op, right)))
    }
}

/// When, and of what, something is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub(super) now: Timestamp,
    entry: Option<Entry<'a>>,
    /// The element of the list that a test goes through; NULL where the list is.
    any: &'a Value,
}

impl<'a> Moment<'a> {
    fn of_profile(now: Timestamp) -> Self {
        Self { now, entry: None, any: &Value::Null }
    }

    pub(super) fn of_entry(now: Timestamp, entry: Entry<'a>) -> Self {
        Self { now, entry: Some(entry), any: &Value::Null }
    }
}

impl<'a> Evaluator<'a> {
    #[inline]
    pub(crate) fn new(facts: Facts<'a>) -> Self {
        Self { facts, share: None, memory: OnceCell::new() }
    }

    /// The same, of whose figures each sees only entries that share a value.
    pub(super) fn within(facts: Facts<'a>, share: Share<'a>) -> Self {
        Self { share: Some(share), ..Self::new(facts) }
    }

    pub(super) fn memory(&self) -> &Memory<'a> {
        self.memory.get_or_init(Memory::default)
    }

    pub(super) fn share(&self) -> Option<&Share<'a>> {
        self.share.as_ref()
    }

    pub(crate) fn facts(&self) -> Facts<'a> {
        self.facts
    }

    /// The truth of a test about the profile at `now`.
    pub(crate) fn test(&self, test: &'a Test, now: Timestamp, next: &mut Next) -> Option<bool> {
        self.tested(test, Moment::of_profile(now), next)
    }

    /// The truth of one of the usual tests, and when it turns to the opposite; `None` says nothing.
    #[inline]
    pub(crate) fn settled(&self, test: &Test) -> Option<(Option<bool>, Next)> {
        match &test.leaf {
            Some(leaf) => leaf.over_the_past(&self.facts),
            None => Some((self.of_trait(test)?, Next::never())),
        }
    }

    /// The truth of a comparison of a trait with what a rule names, where it is that and nothing that
    /// is told later changes it.
    #[inline(never)]
    #[expect(clippy::option_option, reason = "what is another test is not a truth of NULL")]
    fn of_trait(&self, test: &Test) -> Option<Option<bool>> {
        let Test {
            any: None,
            check:
                Check::Compare {
                    left: Term::Field { from: Source::Attribute, path },
                    op,
                    right: Term::Literal(right),
                },
            ..
        } = test
        else {
            return None;
        };
        let [name] = &**path else { return None };
        let told = self.facts.told_last(name)?;
        Some(compare_value(&told.value, *op, right))
    }

    /// The value of a term about the profile at `now`.
    pub(crate) fn value(&self, term: &'a Term, now: Timestamp, next: &mut Next) -> Val<'a> {
        self.term(term, Moment::of_profile(now), next)
    }

    /// The truth of a condition about the profile at `now`.
    pub(crate) fn truth(&self, cond: &'a Cond, now: Timestamp, next: &mut Next) -> Option<bool> {
        self.cond(cond, Moment::of_profile(now), next)
    }

    /// The facts that a figure is made of at `now`, in order.
    pub(crate) fn witnesses(&self, figure: &'a Figure, now: Timestamp) -> Vec<&'a Fact> {
        let stretch = self.stretch(figure, now, &mut Next::never());
        let facts = stretch.map(|stretch| Slide::witnesses(figure, self, &stretch, now));
        let mut facts = facts.unwrap_or_default();
        // A fact has an entry for each element of its list.
        facts.dedup_by_key(|fact| &fact.id);
        facts
    }

    pub(super) fn cond(&self, cond: &'a Cond, moment: Moment<'a>, next: &mut Next) -> Option<bool> {
        match cond {
            Cond::All(parts) => self.junction(parts, moment, next, false),
            Cond::Any(parts) => self.junction(parts, moment, next, true),
            Cond::Not(inner) => self.cond(inner, moment, next).map(|truth| !truth),
            Cond::Is { inner, what, negated } => {
                let truth = Val::truth(self.cond(inner, moment, next));
                Some(is(&truth, *what) != *negated)
            }
            Cond::Member(inner) => {
                let answer = |moment, next: &mut Next| {
                    Val::Boolean(self.cond(inner, moment, next) == Some(true))
                };
                let member = self.once(Part::Segment(inner), moment.now, next, answer);
                Some(matches!(member, Val::Boolean(true)))
            }
            Cond::Test(test) => match self.leaf(test, moment, next) {
                Some(truth) => truth,
                None => self.tested(test, moment, next),
            },
        }
    }

    /// The truth of a test as columns tell it; the outer `None` where they cannot.
    #[expect(clippy::option_option, reason = "columns that cannot tell are not a truth of NULL")]
    fn leaf(&self, test: &'a Test, moment: Moment<'a>, next: &mut Next) -> Option<Option<bool>> {
        let leaf = test.leaf.as_ref().filter(|_| moment.entry.is_none())?;
        leaf.at(&self.facts, moment.now, next)
    }

    /// AND, or OR where a single `decisive` truth decides; once it has, the others need not be
    /// asked: until the decisive one may change, they make no difference.
    fn junction(
        &self,
        parts: &'a [Cond],
        moment: Moment<'a>,
        next: &mut Next,
        decisive: bool,
    ) -> Option<bool> {
        let mut all = Some(!decisive);
        for part in parts {
            match self.cond(part, moment, next) {
                Some(truth) if truth == decisive => return Some(decisive),
                Some(_) => {}
                None => all = None,
            }
        }
        all
    }

    /// What a named part comes to at `now`. Parts build on parts, and each is asked once an
    /// instant, however many ask for it.
    fn once(
        &self,
        part: Part<'a>,
        now: Timestamp,
        next: &mut Next,
        answer: impl FnOnce(Moment<'a>, &mut Next) -> Val<'a>,
    ) -> Val<'a> {
        let known = |asked: &&Asked<'a>| asked.part.is(part) && asked.now == now;
        let found = self.memory().asked.borrow().iter().find(known).cloned();
        let asked = found.unwrap_or_else(|| {
            let mut until = Next::never();
            let value = answer(Moment::of_profile(now), &mut until);
            let answered = Asked { part, now, value, until };
            let mut asked = self.memory().asked.borrow_mut();
            asked.retain(|other| !other.part.is(part));
            asked.push(answered.clone());
            answered
        });
        next.at(asked.until.0);
        asked.value
    }

    /// The membership that `follow` finds, found once.
    pub(crate) fn membership(
        &self,
        cond: &'a Cond,
        follow: impl FnOnce() -> Valid<bool>,
    ) -> Valid<bool> {
        let known = |(other, _): &&(&'a Cond, Valid<bool>)| std::ptr::eq(*other, cond);
        let found = self.memory().memberships.borrow().iter().find(known).map(|(_, valid)| *valid);
        found.unwrap_or_else(|| {
            let valid = follow();
            self.memory().memberships.borrow_mut().push((cond, valid));
            valid
        })
    }

    fn tested(&self, test: &'a Test, moment: Moment<'a>, next: &mut Next) -> Option<bool> {
        let Some(AnyOf { from, list }) = &test.any else {
            return self.check(&test.check, moment, next);
        };
        let Some(Value::List(elements)) = self.field(*from, list, moment, next) else {
            return self.check(&test.check, Moment { any: &Value::Null, ..moment }, next);
        };
        let mut any = Some(false);
        for element in elements.iter() {
            any = or(any, self.check(&test.check, Moment { any: element, ..moment }, next));
            if any == Some(true) {
                break;
            }
        }
        any
    }

    fn check(&self, check: &'a Check, moment: Moment<'a>, next: &mut Next) -> Option<bool> {
        let now = moment.now;
        match check {
            Check::Between { value, low, high, negated } => {
                let value = self.term(value, moment, next);
                let bounds = (self.term(low, moment, next), self.term(high, moment, next));
                between(&value, (&bounds.0, &bounds.1), now, next).map(|truth| truth != *negated)
            }
            // The usual tests of traits and filters of events.
            Check::Compare {
                left: Term::Field { from, path },
                op,
                right: Term::Literal(right),
            } => compare_value(self.field(*from, path, moment, next)?, *op, right),
            Check::Compare { left, op, right } => {
                let left = self.term(left, moment, next);
                let right = self.term(right, moment, next);
                compare(&left, *op, &right, now, next)
            }
            Check::In { value, list, negated } => {
                let value = self.term(value, moment, next);
                within(&value, list, now, next).map(|truth| truth != *negated)
            }
            Check::Is { value, what, negated } => {
                Some(is(&self.term(value, moment, next), *what) != *negated)
            }
            Check::Like { value, pattern, negated } => match self.term(value, moment, next) {
                Val::Text(text) => Some(like(text, pattern) != *negated),
                _ => None,
            },
            Check::True(value) => match self.term(value, moment, next) {
                Val::Boolean(truth) => Some(truth),
                _ => None,
            },
        }
    }

    fn term(&self, term: &'a Term, moment: Moment<'a>, next: &mut Next) -> Val<'a> {
        match term {
            Term::Clamp { of, low, high } => self.term(of, moment, next).clamped(*low, *high),
            Term::Class { of, cuts } => class(&self.term(of, moment, next), cuts, moment.now, next),
            Term::Coalesce(terms) => {
                let mut values = terms.iter().map(|term| self.term(term, moment, &mut *next));
                values.find(|value| !matches!(value, Val::Null)).unwrap_or(Val::Null)
            }
            Term::Cond(cond) => Val::truth(self.cond(cond, moment, next)),
            Term::Field { from, path } => {
                self.field(*from, path, moment, next).map_or(Val::Null, Val::of)
            }
            // A figure is about the profile, wherever it stands.
            Term::Figure(figure) => {
                self.slid(figure, moment.now, next, Slide::value).unwrap_or(Val::Null)
            }
            Term::Funnel(funnel) => self.furthest(funnel, moment.now, next),
            Term::Group(group) => Val::truth(self.some_value(group, moment.now, next)),
            Term::Literal(literal) => Val::literal(literal),
            Term::Metric(term) => {
                let answer = |moment, next: &mut Next| self.term(term, moment, next);
                self.once(Part::Metric(term), moment.now, next, answer)
            }
            Term::Now => Val::Instant(Moving::NOW),
            Term::Person(person) => person.value(self, moment.now, next),
            Term::Scale { by, of } => self.term(of, moment, next).times(*by),
            Term::Sum(terms) => {
                let mut sum: Option<Val<'a>> = None;
                for (sign, term) in terms {
                    let value = self.term(term, moment, next);
                    sum = Some(match sum {
                        Some(sum) => sum.plus(*sign, value),
                        None => value,
                    });
                }
                sum.unwrap_or(Val::Null)
            }
        }
    }

    /// The value at the end of a path.
    fn field(
        &self,
        from: Source,
        path: &[Arc<str>],
        moment: Moment<'a>,
        next: &mut Next,
    ) -> Option<&'a Value> {
        let (start, rest) = match (from, path.split_first()) {
            (Source::AnyElement, _) => (moment.any, path),
            (Source::Attribute, Some((name, rest))) => {
                let (told, again) = self.facts.at(moment.now).told(name);
                again.into_iter().for_each(|at| next.at(at));
                (&told?.value, rest)
            }
            (Source::Element, _) => (moment.entry?.element?, path),
            (Source::Event, _) => return moment.entry?.fact.fields.descend(path),
            (Source::Attribute, None) => return None,
        };
        start.descend(rest)
    }

    /// Moves a figure's slide to `now` and reads from it, as [`Evaluator::slide`].
    pub(super) fn slid<T>(
        &self,
        figure: &'a Figure,
        now: Timestamp,
        next: &mut Next,
        read: impl FnOnce(&Slide<'a>) -> T,
    ) -> Option<T> {
        let slide = self.slide(figure, now, next)?;
        let result = read(&slide);
        self.keep([slide]);
        Some(result)
    }

    /// A figure's slide, moved to `now` and not kept; `None` where the window has no bound because
    /// its instant is NULL.
    pub(super) fn slide(
        &self,
        figure: &'a Figure,
        now: Timestamp,
        next: &mut Next,
    ) -> Option<Slide<'a>> {
        let stretch = self.stretch(figure, now, next)?;
        let kept = self.take(figure);
        let mut slide = match kept {
            Some(slide) if slide.covers(stretch.after(), now) => slide,
            _ => Slide::build(figure, self, &stretch, now),
        };
        slide.position(&stretch);
        slide.next(&stretch, next);
        Some(slide)
    }

    pub(super) fn keep(&self, slides: impl IntoIterator<Item = Slide<'a>>) {
        self.memory().slides.borrow_mut().extend(slides);
    }

    /// The stretch of time that a figure looks at; `None` where it has no bound.
    fn stretch(&self, figure: &'a Figure, now: Timestamp, next: &mut Next) -> Option<Stretched> {
        match &figure.window {
            Stretch::Always | Stretch::Last(_) => Some(Stretched::always(now)),
            Stretch::Fixed(after, upto) => Some(Stretched::fixed(*after, *upto, now)),
            Stretch::Sliding(window) => Some(Stretched::sliding(*window, now)),
            Stretch::Since(since) => match self.value(since, now, next) {
                Val::Instant(bound) => Some(Stretched::since(bound, now)),
                _ => None,
            },
        }
    }

    fn take(&self, figure: &Figure) -> Option<Slide<'a>> {
        let mut slides = self.memory().slides.borrow_mut();
        let at = slides.iter().position(|slide| slide.is_of(figure))?;
        Some(slides.swap_remove(at))
    }
}
