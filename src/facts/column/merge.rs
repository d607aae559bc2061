//! The columns of several timelines as one.

use super::{Column, Columns, Held, Instants, Seen};
use crate::facts::layout::Pick;
use crate::time::Timestamp;

impl Columns {
    /// Takes in the columns of another timeline that is laid out as this one.
    pub(crate) fn absorb(&mut self, other: &Self) {
        let Self { layout, kept } = self;
        other.for_each(|number, theirs| {
            if layout.pick(number).is_some_and(Pick::tells_apart) {
                let seen = other.kept.seen.iter().find(|(other, _)| *other == number);
                kept.absorb_seen(number, theirs, seen.map(|(_, seen)| seen));
            } else {
                let ours = kept.column(number);
                *ours = ours.merged(theirs);
            }
        });
    }
}

impl Held {
    /// Of equal values the last that was seen under either is an entry.
    fn absorb_seen(&mut self, number: usize, theirs: &Column, seen: Option<&Seen>) {
        let ours = self.column(number);
        let mut rest = theirs.cut_off(ours.cut_at());
        rest.at = Instants::none(Timestamp::MIN);
        rest.more.iter_mut().for_each(|more| more.totals.clear());
        *ours = ours.merged(&rest);
        let cut = ours.cut_at();
        self.seen(number).retain(|at| *at > cut);
        let seen = seen.into_iter().flat_map(Seen::iter).filter(|(_, at)| **at > cut);
        seen.for_each(|(value, at)| self.see(number, value, *at));
    }
}

impl Column {
    /// The column that the entries of both would have made; what was cut off one is cut off the
    /// other too.
    fn merged(&self, other: &Self) -> Self {
        let cut = self.cut_at().max(other.cut_at());
        let [ours, theirs] = [self, other].map(|column| column.cut_off(cut));
        let mut merged = Self { since: ours.since.max(theirs.since), ..Self::default() };
        merged.cut(cut);
        let (before, falls) =
            (ours.before() + theirs.before(), !ours.only_rises() || !theirs.only_rises());
        if before > 0 || falls {
            let more = merged.more_mut();
            (more.before, more.falls) = (before, falls);
        }
        merged.shift(0, ours.total(0) + theirs.total(0));
        let mut entries: Vec<(Timestamp, i128)> = ours.entries().chain(theirs.entries()).collect();
        // Each then goes to the end, where nothing has to make room.
        entries.sort_by_key(|(at, _)| *at);
        entries.into_iter().for_each(|(at, micros)| merged.insert(at, micros));
        merged
    }

    /// The same column, as if it had been cut off by then.
    fn cut_off(&self, upto: Timestamp) -> Self {
        let mut column = self.clone();
        column.cut(upto);
        column
    }

    fn entries(&self) -> impl Iterator<Item = (Timestamp, i128)> {
        self.at.iter().enumerate().map(|(index, at)| (*at, self.value(index)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn column(entries: &[(i64, i64)], cut: i64) -> Column {
        let mut column = Column::default();
        for (at, micros) in entries {
            column.insert(Timestamp::from_micros(*at), (*micros).into());
        }
        column.cut(Timestamp::from_micros(cut));
        column
    }

    proptest! {
        #[test]
        fn merged_columns_are_those_of_all_entries(
            ours in vec((0_i64..9, -2_i64..3), 0..6),
            theirs in vec((0_i64..9, 0_i64..3), 0..6),
            cuts in (-1_i64..9, -1_i64..9),
        ) {
            let all: Vec<(i64, i64)> = ours.iter().chain(&theirs).copied().collect();
            let cut = cuts.0.max(cuts.1);
            let expected = column(&all, cut);
            let merged = column(&ours, cuts.0).merged(&column(&theirs, cuts.1));
            prop_assert_eq!(merged.before(), expected.before());
            prop_assert_eq!(merged.only_rises(), expected.only_rises());
            for at in -1..10 {
                let at = Timestamp::from_micros(at);
                prop_assert_eq!(merged.reaches(at), expected.reaches(at));
                let (count, wanted) = (merged.upto(at), expected.upto(at));
                prop_assert_eq!(count, wanted);
                prop_assert_eq!(merged.total(count), expected.total(wanted));
            }
        }
    }
}
