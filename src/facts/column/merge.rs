//! The columns of several timelines as one.

use super::{Column, Columns};
use crate::time::Timestamp;

impl Columns {
    /// Takes in the columns of another timeline that is laid out as this one.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for (number, theirs) in &other.columns {
            let ours = self.column(*number);
            *ours = ours.merged(theirs);
        }
    }
}

impl Column {
    /// The column that the entries of both would have made; what was cut off one is cut off the
    /// other too.
    fn merged(&self, other: &Self) -> Self {
        let cut = self.cut.max(other.cut);
        let [ours, theirs] = [self, other].map(|column| {
            let mut column = column.clone();
            column.cut(cut);
            column
        });
        let mut merged = Self {
            before: ours.before + theirs.before,
            cut,
            falls: ours.falls || theirs.falls,
            since: ours.since.max(theirs.since),
            ..Self::default()
        };
        merged.shift(0, ours.total(0) + theirs.total(0));
        let mut entries: Vec<(Timestamp, i128)> = ours.entries().chain(theirs.entries()).collect();
        // Each then goes to the end, where nothing has to make room.
        entries.sort_by_key(|(at, _)| *at);
        entries.into_iter().for_each(|(at, micros)| merged.insert(at, micros));
        merged
    }

    fn entries(&self) -> impl Iterator<Item = (Timestamp, i128)> {
        let value = |index: usize| self.total(index + 1) - self.total(index);
        self.at.iter().enumerate().map(move |(index, at)| (*at, value(index)))
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
