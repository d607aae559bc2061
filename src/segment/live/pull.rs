//! What a change of a column does to a leaf, told without asking.
//!
//! Most events leave most tests as they are: one more order of somebody who had enough, one more
//! page of somebody far from the bound. An entry that takes a figure up cannot turn a test that
//! passes above a bound, at no instant; and one that does not pass it stays so until as much has
//! been added as is missing. Where a window ends in the past an entry does nothing before it comes
//! there, and time mostly asks before.

use super::leaves::Hold;
use crate::expr::plan::{Leaf, Part, Reads, Span};
use crate::facts::Change;
use crate::time::Duration;
use crate::value::Decimal;

/// What an entry of a column does to a leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pull {
    pub(super) leaf: usize,
    /// What it does to the leaf's truth, if that is false; if it is true.
    does: [Does; 2],
}

/// What an entry does to a truth.
#[derive(Clone, Copy, Debug)]
struct Does {
    effect: Effect,
    /// For how long after it happened it does nothing, as it counts where a window ends in the past.
    idle: Duration,
}

/// What becomes of a truth's hold.
#[derive(Clone, Copy, Debug)]
enum Effect {
    Ends,
    Keeps,
    /// So much is taken from it.
    Takes(i64),
    /// The figure moves by so much, and so many times what the entry comes to; if it falls, does
    /// the hold end, and if it rises, is so much taken from it?
    Varies {
        each: i64,
        times: i64,
        falls: bool,
        rises: bool,
    },
}

/// How an entry moves a figure, whenever it is asked about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Moves {
    /// Not more than by so much for each, and so many times what it comes to.
    By {
        each: i128,
        times: i128,
    },
    Up,
    Down,
    Anywhere,
}

impl Pull {
    /// What an entry of each of its columns does to a leaf.
    pub(super) fn of(number: usize, leaf: &Leaf) -> impl Iterator<Item = (usize, Self)> {
        let mut columns: Vec<usize> = leaf.parts.iter().flat_map(columns).collect();
        columns.sort_unstable();
        columns.dedup();
        let (least, most) = leaf.passes;
        // Whether there are values below the leaf's stretch, and above it.
        let (below, above) = (least > i128::MIN, most < i128::MAX);
        columns.into_iter().map(move |column| {
            let by_truth = |moves: Moves| {
                let (inside, outside) = (moves.effect(below, above), moves.effect(above, below));
                if leaf.negated { [inside, outside] } else { [outside, inside] }
            };
            let later = |part: &&Part| part.column.number == column && ago(part) > Duration::ZERO;
            let length = leaf.parts.iter().filter(later).map(ago).min().unwrap_or(Duration::ZERO);
            let at_once =
                by_truth(Moves::of(leaf.parts.iter().filter(|part| !later(part)), column));
            let effects = by_truth(Moves::of(leaf.parts.iter(), column));
            let does = std::array::from_fn(|truth| {
                let idles = matches!(at_once[truth], Effect::Keeps);
                let idle = if idles { length } else { Duration::ZERO };
                Does { effect: effects[truth], idle }
            });
            (column, Self { leaf: number, does })
        })
    }

    /// What is left of a truth's hold after a change.
    #[inline]
    pub(super) fn hold(&self, hold: Hold, change: Change) -> Hold {
        let (Some(truth), Change::Added(at, micros)) = (hold.truth(), change) else {
            return Hold::OVER;
        };
        let Does { effect, idle } = &self.does[usize::from(truth)];
        let added = match *effect {
            Effect::Ends => i64::MAX,
            Effect::Keeps => return hold,
            Effect::Takes(added) => added,
            Effect::Varies { each, times, falls, rises } => {
                match i128::from(times).saturating_mul(micros).saturating_add(each.into()) {
                    ..=-1 if falls => i64::MAX,
                    moved @ 1.. if rises => i64::try_from(moved).unwrap_or(i64::MAX),
                    _ => return hold,
                }
            }
        };
        if hold.ends_by(at.plus(*idle)) { hold } else { hold.less(added) }
    }
}

/// The numbers of the columns that a part reads.
fn columns(part: &Part) -> impl Iterator<Item = usize> {
    [Some(part.column.number), bound(part).map(|(_, number)| number)].into_iter().flatten()
}

/// The column that a part's stretch begins at, and what is read of it.
fn bound(part: &Part) -> Option<(Reads, usize)> {
    match &part.stretch {
        Span::Since(reads, bound) => Some((*reads, bound.number)),
        Span::Always | Span::Sliding(_) => None,
    }
}

/// How long before now the stretch of a part ends.
fn ago(part: &Part) -> Duration {
    match &part.stretch {
        Span::Sliding(window) => window.ago(),
        Span::Always | Span::Since(..) => Duration::ZERO,
    }
}

impl Moves {
    /// What an entry of a column does to the sum of these parts.
    fn of<'p>(parts: impl Iterator<Item = &'p Part> + Clone, column: usize) -> Self {
        let mut own = parts.clone().filter(|part| part.column.number == column);
        let first = own.next().map(|part| &part.stretch);
        // Then an entry comes and goes in all of them at once.
        let together = own.all(|part| first.is_some_and(|first| first.is_same(&part.stretch)));
        let moves = parts.flat_map(|part| {
            let own = (part.column.number == column).then(|| Self::of_own(part)).flatten();
            let bound = bound(part).filter(|(_, number)| *number == column);
            [own, bound.map(|(reads, _)| Self::of_bound(part, reads))]
        });
        moves.flatten().reduce(|a, b| a.and(b, together)).unwrap_or(Self::By { each: 0, times: 0 })
    }

    /// What an entry of the part's own column does.
    fn of_own(part: &Part) -> Option<Self> {
        Some(match part.reads {
            Reads::Count => Self::By { each: part.weight * i128::from(Decimal::SCALE), times: 0 },
            Reads::Total => Self::By { each: 0, times: part.weight },
            Reads::First => Self::toward(-part.weight),
            Reads::Last => Self::toward(part.weight),
            Reads::LastValue => Self::Anywhere,
            // Where there is something, more of it changes nothing.
            Reads::Presence => return None,
        })
    }

    /// What an entry of the column does that the part's stretch begins at: a later last entry
    /// leaves less in it, an earlier first more.
    fn of_bound(part: &Part, reads: Reads) -> Self {
        match (part.reads, reads) {
            (Reads::Count, Reads::First) => Self::toward(part.weight),
            (Reads::Count, Reads::Last) => Self::toward(-part.weight),
            _ => Self::Anywhere,
        }
    }

    fn toward(weight: i128) -> Self {
        if weight > 0 { Self::Up } else { Self::Down }
    }

    /// Two moves at once, or one after the other.
    fn and(self, other: Self, together: bool) -> Self {
        match (self, other) {
            (Self::By { each: a, times: x }, Self::By { each: b, times: y })
                if together || x == 0 && y == 0 && a.signum() == b.signum() =>
            {
                Self::By { each: a + b, times: x + y }
            }
            (a, b) if a == b && a != Self::Anywhere => a,
            _ => Self::Anywhere,
        }
    }

    /// What it does to a truth that turns where the figure falls, or where it rises.
    fn effect(self, falls: bool, rises: bool) -> Effect {
        match self {
            Self::By { each: 1.., times: 0 } | Self::Up if !rises => Effect::Keeps,
            Self::By { each: i128::MIN..=-1, times: 0 } | Self::Down if !falls => Effect::Keeps,
            Self::By { each: 0, times: 0 } => Effect::Keeps,
            Self::By { each, times } => match (i64::try_from(each), i64::try_from(times)) {
                (Ok(each @ 1..), Ok(0)) => Effect::Takes(each),
                (Ok(each), Ok(times)) if times != 0 => Effect::Varies { each, times, falls, rises },
                _ => Effect::Ends,
            },
            Self::Anywhere | Self::Down | Self::Up => Effect::Ends,
        }
    }
}
