//! Figures: folds of the rows that are entries.

use std::sync::Arc;

use super::{
    Any, Bounded, Lowered, Lowering, OTHERS, Row, Scope, Selected, Unsupported, Val, after,
    at_most, stored, units,
};
use crate::expr::plan::{Entries, Figure, Stretch, Term};
use crate::expr::{Comparison, Function};
use crate::schema::BusinessKey;
use crate::segment::pushdown::number::{MOST_ROWS, NUMBER, Number};
use crate::segment::pushdown::plan::{FoldFunction, From, Reach, Scalar};
use crate::segment::pushdown::table::{Column, List, Storage};
use crate::time::Timestamp;

/// The rows that are entries of a figure.
struct Rows<'f> {
    selected: Selected,
    /// The column whose values are counted, where it is not the rows themselves.
    value: Option<Source<'f>>,
}

/// A column of the event or of the element.
type Source<'f> = (From, &'f Column);

/// A stretch of time.
struct Bounds {
    after: Timestamp,
    upto: Timestamp,
    /// It begins after this instant, which is another for each person.
    since: Option<Bounded>,
}

impl<'a> Lowering<'a> {
    pub(super) fn figure(&mut self, figure: &Figure) -> Lowered<Val> {
        let Some(bounds) = self.bounds(&figure.window)? else { return Ok(Val::Null) };
        let mut rows = self.rows(figure, &bounds)?;
        if let Some((since, _)) = &bounds.since {
            let at = self.at().0.compare(Comparison::Greater, since.clone());
            rows.selected = rows.selected.and(at);
        }
        let known = bounds.since.map_or(Scalar::Boolean(true), |(since, _)| since.present());
        match figure.function {
            Function::Avg => self.mean(&rows, figure.distinct),
            Function::Count => {
                let count = self.count(&rows, figure.distinct);
                Ok(Val::Number(Number::new(known.then(count, Scalar::Null), MOST_ROWS, 0)))
            }
            Function::First => self.at_end(FoldFunction::Min, &rows),
            Function::Last => self.at_end(FoldFunction::Max, &rows),
            Function::Max => self.extreme_of(FoldFunction::Max, &rows),
            Function::Min => self.extreme_of(FoldFunction::Min, &rows),
            Function::Sum => self.sum(&rows, figure.distinct, &known).map(Val::Number),
        }
    }

    /// Whether a figure since an instant has an entry, found by its last: a second look at the
    /// rows is spared.
    pub(super) fn any_since(&mut self, figure: &Figure) -> Lowered<Option<Scalar>> {
        let Some(bounds) = self.bounds(&figure.window)? else { return Ok(None) };
        let Some((since, _)) = bounds.since.clone() else { return Ok(None) };
        let rows = self.rows(figure, &bounds)?;
        let last = self.end(FoldFunction::Max, &rows.present());
        let last = super::micros(last, self.of.table.at.storage);
        let any = last.compare(Comparison::Greater, since.clone()).truly();
        Ok(Some(since.present().then(any, Scalar::Null)))
    }

    /// `None` where the bound is NULL for everybody.
    fn bounds(&mut self, window: &Stretch) -> Lowered<Option<Bounds>> {
        let now = self.of.now;
        let fixed = |after, upto| Bounds { after, upto, since: None };
        Ok(Some(match window {
            Stretch::Always => fixed(Timestamp::MIN, now),
            Stretch::Fixed(after, upto) => fixed(*after, now.min(*upto)),
            Stretch::Last(_) => {
                return Err(Unsupported("the last events are picked out by Rust".to_owned()));
            }
            Stretch::Since(since) => match self.term(since, Scope::Person)? {
                Val::Instant((Scalar::Integer(micros), _)) => {
                    let micros = micros.clamp(i64::MIN.into(), i64::MAX.into());
                    fixed(Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)), now)
                }
                Val::Instant(at) => Bounds { since: Some(at), ..fixed(self.earliest(since), now) },
                _ => return Ok(None),
            },
            Stretch::Sliding(window) => fixed(window.after(now), window.upto(now)),
        }))
    }

    /// An instant before all that an instant can be, so that rows up to it need not be read.
    fn earliest(&self, instant: &Term) -> Timestamp {
        match instant {
            Term::Figure(figure) if matches!(figure.function, Function::First | Function::Last) => {
                match (&figure.entries, &figure.window) {
                    (Entries::Events, Stretch::Sliding(window)) => window.after(self.of.now),
                    (Entries::Events, Stretch::Fixed(after, _)) => *after,
                    _ => Timestamp::MIN,
                }
            }
            Term::Metric(instant) => self.earliest(instant),
            _ => Timestamp::MIN,
        }
    }

    /// The entries within the bounds that are the same for everybody.
    fn rows(&mut self, figure: &Figure, bounds: &Bounds) -> Lowered<Rows<'a>> {
        if figure.by.is_some() {
            return Err(Unsupported("groups are formed by Rust".to_owned()));
        }
        let event = figure.event.as_deref();
        self.is_settled(event)?;
        let (list, value) = self.entries(event, &figure.entries)?;
        let element = list.map(|list| &**list);
        let row = Row { event, element, any: Any::None };
        let filter = match &figure.filter {
            Some(filter) => self.cond(filter, Scope::Row(row))?,
            None => Scalar::Boolean(true),
        };
        let reach = Reach {
            list: list.cloned(),
            names: figure.event.iter().map(|name| (Arc::clone(name), bounds.after)).collect(),
            entries: figure.event.is_none(),
            after: bounds.after,
            ..Reach::none()
        };
        let at = &self.of.table.at;
        let from = after(From::Event, at, bounds.after);
        let upto = if bounds.upto < self.of.now {
            at_most(From::Event, at, bounds.upto)
        } else {
            Scalar::Boolean(true)
        };
        // Instants come first: where rows lie in the order of time, most are passed over by them.
        let when = Scalar::all([from, upto, self.is_event(event), filter]);
        Ok(Rows { selected: Selected { when, reach }, value })
    }

    fn entries(
        &self,
        event: Option<&str>,
        entries: &Entries,
    ) -> Lowered<(Option<&'a Arc<List>>, Option<Source<'a>>)> {
        Ok(match entries {
            Entries::Events => (None, None),
            Entries::Field(path) => (None, Some((From::Event, self.property(event, path)?))),
            Entries::Elements(path, field) => {
                let list = self.elements(event, path)?;
                let value = match list.fields.get(field) {
                    Some(column) => Some((From::Element, column)),
                    None if field.is_empty() => None,
                    None => return Err(lacks("element's field", field)),
                };
                (Some(list), value)
            }
        })
    }

    pub(super) fn property(&self, event: Option<&str>, path: &[Arc<str>]) -> Lowered<&'a Column> {
        self.of.table.column(event, path).ok_or_else(|| lacks("property", path))
    }

    pub(super) fn elements(
        &self,
        event: Option<&str>,
        path: &[Arc<str>],
    ) -> Lowered<&'a Arc<List>> {
        self.of.table.elements(event, path).ok_or_else(|| lacks("list", path))
    }

    /// Events that are told again under a business key count as they were last told.
    fn is_settled(&self, event: Option<&str>) -> Lowered<()> {
        let unsettled = |(name, key): (&Arc<str>, Option<&BusinessKey>)| {
            key.is_some() && !self.of.table.settled.contains(name)
        };
        let shapes = self.of.schema.events().iter();
        let mut shapes = shapes.filter(|(name, _)| event.is_none_or(|event| *event == ***name));
        match shapes.find(|(name, shape)| unsettled((name, shape.key()))) {
            Some((name, _)) => {
                Err(Unsupported(format!("what is told again of \"{name}\" is settled by Rust")))
            }
            None => Ok(()),
        }
    }

    fn is_event(&self, event: Option<&str>) -> Scalar {
        let Some(name) = event else { return self.is_entry() };
        let named = From::Event.text(&self.of.table.event);
        let named = named.compare(Comparison::Equal, Scalar::Text(name.into()));
        // A name that stands for a type may be that of something done besides.
        if OTHERS.iter().any(|kind| kind.word() == name) {
            return Scalar::all([named, self.is_entry()]);
        }
        named
    }

    fn count(&mut self, rows: &Rows<'_>, distinct: bool) -> Scalar {
        let value = rows.value.map(|(from, column)| from.column(column));
        let (function, value) = match value {
            Some(value) if distinct => (FoldFunction::CountDistinct, value),
            value => (FoldFunction::Count, value.unwrap_or(Scalar::Integer(1))),
        };
        self.folded(function, value, &rows.selected).or_else(Scalar::Integer(0))
    }

    fn sum(&mut self, rows: &Rows<'_>, distinct: bool, known: &Scalar) -> Lowered<Number> {
        let Some((from, column)) = rows.value else { return Ok(Number::whole(0)) };
        let function = if distinct { FoldFunction::SumDistinct } else { FoldFunction::Sum };
        let value = from.column(column);
        let (sum, most, digits) = match column.storage {
            Storage::Scaled(digits) if self.of.width.is_narrow() => {
                (self.watched(function, value, rows), self.of.width.sum, digits)
            }
            Storage::Scaled(digits) => {
                let value = Scalar::Wide(Box::new(value));
                let sum = self.folded(function, value, &rows.selected);
                (sum, units(digits) * MOST_ROWS, digits)
            }
            storage => {
                let sum = self.folded(function, value, &rows.selected);
                // Whatever cannot be stored is refused here.
                stored(sum.clone(), storage, self.of.width)?;
                (Scalar::Millionths(Box::new(sum)), NUMBER * MOST_ROWS, 6)
            }
        };
        let sum = known.clone().then(sum.or_else(Scalar::Integer(0)), Scalar::Null);
        Ok(Number::new(sum, most, digits))
    }

    /// A sum of what is small, to be doubted where something is not.
    fn watched(&mut self, function: FoldFunction, value: Scalar, rows: &Rows<'_>) -> Scalar {
        let beyond = |value: &Scalar, most: i128| {
            let below = value.clone().compare(Comparison::Less, Scalar::Integer(-most));
            Scalar::any([value.clone().compare(Comparison::Greater, Scalar::Integer(most)), below])
        };
        let width = self.of.width;
        let large = beyond(&value, width.summand);
        let sum = self.folded(function, value, &rows.selected.and(large.clone().negated()));
        let large = rows.selected.and(large);
        let large = self.folded(FoldFunction::Count, Scalar::Integer(1), &large);
        let large = large.compare(Comparison::Greater, Scalar::Integer(0));
        let doubt = Scalar::any([large, beyond(&sum, width.sum)]);
        self.doubt(doubt, "large numbers are added up by Rust: the engine counts with 64 bits");
        sum
    }

    fn mean(&mut self, rows: &Rows<'_>, distinct: bool) -> Lowered<Val> {
        let count = self.count(rows, distinct);
        let some = count.clone().compare(Comparison::Greater, Scalar::Integer(0));
        Ok(Val::Number(self.sum(rows, distinct, &some)?.per(count)))
    }

    fn extreme_of(&mut self, function: FoldFunction, rows: &Rows<'_>) -> Lowered<Val> {
        match rows.value {
            Some(source) => self.extreme(function, source, &rows.selected),
            None => Ok(Val::Null),
        }
    }

    /// The instant of the first or the last entry, or its value: of several at one instant the
    /// least or the greatest.
    fn at_end(&mut self, function: FoldFunction, rows: &Rows<'_>) -> Lowered<Val> {
        let present = rows.present();
        let end = self.end(function, &present);
        let Some(source) = rows.value else {
            return stored(end, self.of.table.at.storage, self.of.width);
        };
        let at = From::Event.column(&self.of.table.at);
        self.extreme(function, source, &present.and(at.compare(Comparison::Equal, end)))
    }

    /// When the first or the last of some rows happened, as it is stored.
    fn end(&mut self, function: FoldFunction, rows: &Selected) -> Scalar {
        self.folded(function, From::Event.column(&self.of.table.at), rows)
    }
}

impl Rows<'_> {
    /// The rows that have a value.
    fn present(&self) -> Selected {
        match self.value {
            Some((from, column)) => self.selected.and(from.column(column).present()),
            None => self.selected.clone(),
        }
    }
}

fn lacks(what: &str, path: &[Arc<str>]) -> Unsupported {
    Unsupported(format!("the table has no {what} `{}`", path.join(".")))
}
