//! Exact numbers made of whole ones, none of which outgrows the engine's integers.

use super::plan::Scalar;
use crate::expr::Comparison;
use crate::value::Decimal;

/// How far an engine can count without rounding, wrapping or failing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Width {
    /// The greatest magnitude of a whole number.
    pub(super) most: i128,
    /// What is added up may have this magnitude; who has more is to be asked about.
    pub(super) summand: i128,
    /// What it comes to may have this one.
    pub(super) sum: i128,
}

impl Width {
    /// 64 bits. What is summed is kept so small that it can still be compared and multiplied.
    pub(crate) const BITS_64: Self =
        Self { most: i64::MAX as i128, summand: 10_i128.pow(13), sum: 10_i128.pow(15) };
    /// 38 digits: enough for the sum of as many numbers as anybody has events.
    pub(crate) const DIGITS_38: Self =
        Self { most: 10_i128.pow(38) - 1, summand: NUMBER, sum: NUMBER * MOST_ROWS };

    /// Whether sums have to be watched.
    pub(super) fn is_narrow(self) -> bool {
        self.summand < NUMBER
    }
}

/// The greatest magnitude of a number, in millionths.
pub(super) const NUMBER: i128 = 10_i128.pow(18);

/// More entries than anybody has of anything.
pub(super) const MOST_ROWS: i128 = 10_i128.pow(9);

/// `value / per`, in powers of ten of which `digits` make one.
#[derive(Clone, Debug)]
pub(super) struct Number {
    value: Scalar,
    most: i128,
    /// What the value is to be divided by: a count, which is 0 only where the value is NULL.
    per: Option<Scalar>,
    per_most: i128,
    digits: u32,
}

/// A number that an engine cannot hold.
#[derive(Debug)]
pub(super) struct TooWide;

impl Number {
    /// A number whose magnitude is at most `most` units, of which so many digits make one.
    pub(super) fn new(value: Scalar, most: i128, digits: u32) -> Self {
        Self { value, most, per: None, per_most: 1, digits }
    }

    pub(super) fn literal(number: Decimal) -> Self {
        let (units, digits) = reduced(number);
        Self::new(Scalar::Integer(units), units.abs(), digits)
    }

    pub(super) fn whole(value: i128) -> Self {
        Self::new(Scalar::Integer(value), value.abs(), 0)
    }

    /// The same number divided by how many there are.
    pub(super) fn per(self, count: Scalar) -> Self {
        Self { per: Some(count), per_most: MOST_ROWS, ..self }
    }

    pub(super) fn absent(self) -> Scalar {
        self.value.absent()
    }

    pub(super) fn times(self, by: Decimal, width: Width) -> Result<Self, TooWide> {
        let (units, digits) = reduced(by);
        let (value, most) = multiplied((self.value, self.most), constant(units), width)?;
        Ok(Self { value, most, digits: self.digits + digits, ..self })
    }

    pub(super) fn plus(self, other: Self, width: Width) -> Result<Self, TooWide> {
        let (a, b, digits) = aligned(self, other, width)?;
        let (a_per, b_per) = (a.divisor(), b.divisor());
        let (left, right) = match (&a_per, &b_per) {
            (a_per, b_per) if a_per == b_per => (a.units(), b.units()),
            _ => (
                multiplied(a.units(), b_per.clone(), width)?,
                multiplied(b.units(), a_per.clone(), width)?,
            ),
        };
        let (per, per_most) = if a_per == b_per { a_per } else { multiplied(a_per, b_per, width)? };
        let (value, most) = added(left, right, width)?;
        Ok(Self { value, most, per: Some(per), per_most, digits })
    }

    /// How it compares: both sides by the other's divisor, so that nothing is divided.
    pub(super) fn compare(
        self,
        op: Comparison,
        other: Self,
        width: Width,
    ) -> Result<Scalar, TooWide> {
        let (a, b, _) = aligned(self, other, width)?;
        let (left, _) = multiplied(a.units(), b.divisor(), width)?;
        let (right, _) = multiplied(b.units(), a.divisor(), width)?;
        Ok(left.compare(op, right))
    }

    /// One of two numbers, by a condition that is about both.
    pub(super) fn choose(
        when: Scalar,
        then: Self,
        otherwise: Self,
        width: Width,
    ) -> Result<Self, TooWide> {
        let (a, b, digits) = aligned(then, otherwise, width)?;
        let (a_per, b_per) = (a.divisor(), b.divisor());
        Ok(Self {
            value: when.clone().then(a.value, b.value),
            most: a.most.max(b.most),
            per_most: a_per.1.max(b_per.1),
            per: Some(if a_per.0 == b_per.0 { a_per.0 } else { when.then(a_per.0, b_per.0) }),
            digits,
        })
    }

    pub(super) fn or_else(self, other: Self, width: Width) -> Result<Self, TooWide> {
        Self::choose(self.value.clone().present(), self, other, width)
    }

    fn units(&self) -> Bounded {
        (self.value.clone(), self.most)
    }

    fn divisor(&self) -> Bounded {
        (self.per.clone().unwrap_or(Scalar::Integer(1)), self.per_most)
    }
}

/// A whole number and its greatest magnitude.
pub(super) type Bounded = (Scalar, i128);

fn constant(value: i128) -> Bounded {
    (Scalar::Integer(value), value.abs())
}

/// A decimal as the fewest units that it is made of, and how many powers of ten make one.
fn reduced(number: Decimal) -> (i128, u32) {
    let (mut units, mut digits) = (i128::from(number.micros()), 6);
    while digits > 0 && units % 10 == 0 {
        units /= 10;
        digits -= 1;
    }
    (units, digits)
}

/// Both numbers in units of the same size.
fn aligned(a: Number, b: Number, width: Width) -> Result<(Number, Number, u32), TooWide> {
    let digits = a.digits.max(b.digits);
    let scaled = |number: Number| {
        let factor = 10_i128.checked_pow(digits - number.digits).ok_or(TooWide)?;
        let (value, most) = multiplied((number.value, number.most), constant(factor), width)?;
        Ok(Number { value, most, digits, ..number })
    };
    Ok((scaled(a)?, scaled(b)?, digits))
}

pub(super) fn multiplied(a: Bounded, b: Bounded, width: Width) -> Result<Bounded, TooWide> {
    match (&a.0, &b.0) {
        (_, Scalar::Integer(1)) => return Ok(a),
        (Scalar::Integer(1), _) => return Ok(b),
        _ => {}
    }
    let most = a.1.checked_mul(b.1).filter(|most| *most <= width.most).ok_or(TooWide)?;
    let [left, right] = widened([a, b], most);
    Ok((left.times(right), most))
}

pub(super) fn added(a: Bounded, b: Bounded, width: Width) -> Result<Bounded, TooWide> {
    let most = a.1.checked_add(b.1).filter(|most| *most <= width.most).ok_or(TooWide)?;
    let [left, right] = widened([a, b], most);
    Ok((left.plus(right), most))
}

/// What an operation is done with, in wide integers where its result may need them.
fn widened(parts: [Bounded; 2], most: i128) -> [Scalar; 2] {
    let wide = most > i64::MAX.into();
    parts.map(|(value, _)| match value {
        Scalar::Integer(_) | Scalar::Null | Scalar::Wide(_) => value,
        value if wide => Scalar::Wide(Box::new(value)),
        value => value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(most: i128, digits: u32) -> Number {
        Number::new(Scalar::Fold(0), most, digits)
    }

    #[test]
    fn literals_are_brought_to_the_units_of_the_other_side() {
        let half = Number::literal("2.5".parse().unwrap());
        let compared = column(1_000, 2).compare(Comparison::Less, half, Width::BITS_64).unwrap();
        assert_eq!(compared, Scalar::Fold(0).compare(Comparison::Less, Scalar::Integer(250)));
    }

    #[test]
    fn means_are_compared_without_division() {
        let mean = column(1_000, 0).per(Scalar::Fold(1));
        let three = Number::whole(3);
        let compared = mean.compare(Comparison::Greater, three, Width::BITS_64).unwrap();
        let times = Scalar::Integer(3).times(Scalar::Fold(1));
        assert_eq!(compared, Scalar::Fold(0).compare(Comparison::Greater, times));
    }

    #[test]
    fn what_outgrows_the_engine_is_found_beforehand() {
        let times = |width| column(NUMBER, 6).times("9.5".parse().unwrap(), width);
        assert!(times(Width::BITS_64).is_err());
        let wide = times(Width::DIGITS_38).unwrap();
        assert_eq!(wide.most, NUMBER * 95);
        assert!(matches!(wide.value, Scalar::Multiply(a, _) if matches!(*a, Scalar::Wide(_))));
        let often = (0..3).try_fold(column(NUMBER, 6), |number, _| {
            number.times("999999999999".parse().unwrap(), Width::DIGITS_38)
        });
        assert!(often.is_err());
    }
}
