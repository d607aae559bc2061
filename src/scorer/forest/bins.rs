//! Columns of numbers as columns of bins.

/// A column whose values are parted at quantiles.
pub(super) struct Binned {
    /// Of each row, how many of the cuts are its value or less; 0 where it is missing.
    pub(super) codes: Vec<u8>,
    /// The least value, and what parts the others, ascending.
    pub(super) cuts: Vec<f64>,
}

/// As many bins as a byte tells apart, besides that of what is missing.
const BINS: usize = 255;

impl Binned {
    pub(super) fn of(values: &[f64]) -> Self {
        let cuts = cuts(values);
        let code = |value: &f64| {
            let place = cuts.partition_point(|cut| cut <= value);
            if value.is_nan() { 0 } else { u8::try_from(place).unwrap_or(u8::MAX) }
        };
        Self { codes: values.iter().map(code).collect(), cuts }
    }
}

/// The least of the values, and between which of them to part: between all where they are few, else
/// so that bins hold about as many rows each.
fn cuts(values: &[f64]) -> Vec<f64> {
    let mut known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    known.sort_unstable_by(f64::total_cmp);
    let distinct = 1 + known.windows(2).filter(|pair| parted(pair).is_some()).count();
    let (mut left, mut bins) = (known.len(), if distinct > BINS { BINS } else { known.len() });
    let mut cuts: Vec<f64> = known.first().copied().into_iter().collect();
    let mut held = 0;
    for pair in known.windows(2) {
        held += 1;
        let Some(cut) = parted(pair).filter(|_| held * bins >= left) else { continue };
        cuts.push(cut);
        // What a value too frequent for one bin has taken is shared by the bins that remain.
        (left, bins, held) = (left - held, bins - 1, 0);
    }
    cuts
}

/// What lies between two values that are not the same; the second is not below it.
fn parted(pair: &[f64]) -> Option<f64> {
    let &[low, high] = pair else { return None };
    // Not `(low + high) / 2`, which may overflow.
    let middle = low / 2.0 + high / 2.0;
    (low < high).then_some(if middle > low { middle } else { high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_have_a_bin_each() {
        let binned = Binned::of(&[3.0, f64::NAN, 1.0, 2.0, 1.0]);
        assert_eq!(binned.cuts, [1.0, 1.5, 2.5]);
        assert_eq!(binned.codes, [3, 0, 1, 2, 1]);
        assert_eq!(Binned::of(&[f64::NAN; 2]).codes, [0, 0]);
        assert!(Binned::of(&[]).codes.is_empty());
    }

    #[test]
    fn many_values_share_bins_of_about_as_many_rows() {
        // Half of the rows have one value.
        let values = (0..20_000).map(|row| f64::from(if row < 10_000 { 5 } else { row }));
        let binned = Binned::of(&values.collect::<Vec<_>>());
        let mut counts = [0; 256];
        binned.codes.iter().for_each(|code| counts[usize::from(*code)] += 1);
        assert_eq!((counts[0], counts[1]), (0, 10_000));
        assert!(binned.cuts.len() > 250, "{}", binned.cuts.len());
        assert!(counts[2..=binned.cuts.len()].iter().all(|count| (30..60).contains(count)));
    }

    #[test]
    fn cuts_part_values_that_are_next_to_each_other_or_far_apart() {
        let next = 1.0_f64.next_up();
        for (low, high) in [(1.0, next), (f64::MIN, f64::MAX), (-5e-324, 5e-324), (0.0, 5e-324)] {
            let binned = Binned::of(&[high, low]);
            assert_eq!(binned.codes, [2, 1], "{low} {high}");
            assert!(low < binned.cuts[1] && binned.cuts[1] <= high);
        }
        assert_eq!(Binned::of(&[0.0, -0.0]).codes, [1, 1]);
    }
}
