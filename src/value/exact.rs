//! Exact rational numbers, for what rules compute from decimals.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::{BigInt, Sign};

use super::Decimal;

/// An exact quotient of millionths: what sums, averages and products by a literal come to.
///
/// Numbers that outgrow 128 bits go on without a limit, more slowly; nothing is ever rounded.
#[derive(Clone)]
pub struct Exact(Form);

#[derive(Clone)]
enum Form {
    /// `numerator / denominator` millionths; the denominator is positive.
    Small(i128, i128),
    Big(Box<(BigInt, BigInt)>),
}

impl Exact {
    /// The number of `micros` millionths.
    pub const fn from_micros(micros: i128) -> Self {
        Self(Form::Small(micros, 1))
    }

    /// The whole number `count`.
    pub const fn whole(count: i64) -> Self {
        Self::from_micros(count as i128 * Decimal::SCALE as i128)
    }

    /// The mean of `count` numbers whose sum is `micros` millionths; `None` where there is none.
    pub fn mean(micros: i128, count: usize) -> Option<Self> {
        let count = i128::try_from(count).ok().filter(|count| *count > 0)?;
        Some(Self(Form::Small(micros, count)))
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        if let (Form::Small(a, b), Form::Small(c, d)) = (&self.0, &other.0)
            && let Some(sum) = small_sum((*a, *b), (*c, *d))
        {
            return Self(Form::Small(sum.0, sum.1));
        }
        let ((a, b), (c, d)) = (self.big(), other.big());
        Self(Form::Big(Box::new((&a * &d + &c * &b, b * d))))
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        match &self.0 {
            Form::Small(a, b) if *a != i128::MIN => Self(Form::Small(-a, *b)),
            _ => {
                let (a, b) = self.big();
                Self(Form::Big(Box::new((-a, b))))
            }
        }
    }

    /// The product with a decimal.
    #[must_use]
    pub fn times(&self, factor: Decimal) -> Self {
        let mut factor = (i128::from(factor.micros()), i128::from(Decimal::SCALE));
        if factor.0 % factor.1 == 0 {
            factor = (factor.0 / factor.1, 1);
        }
        if let Form::Small(a, b) = &self.0
            && let (Some(a), Some(b)) = (a.checked_mul(factor.0), b.checked_mul(factor.1))
        {
            return Self(Form::Small(a, b));
        }
        let (a, b) = self.big();
        Self(Form::Big(Box::new((a * factor.0, b * factor.1))))
    }

    /// The nearest binary floating-point number, for features and models.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Form::Small(a, b) => *a as f64 / *b as f64 / 1e6,
            // Far outside of what rules are about; the text is exact enough to read back.
            Form::Big(_) => self.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// The decimal, if six digits after the point are enough for it and its magnitude fits.
    pub fn to_decimal(&self) -> Option<Decimal> {
        match &self.0 {
            Form::Small(a, b) => (a % b == 0).then(|| Decimal::from_micros(a / b)).flatten(),
            Form::Big(parts) => {
                let quotient = &parts.0 / &parts.1;
                (&quotient * &parts.1 == parts.0)
                    .then(|| i128::try_from(quotient).ok().and_then(Decimal::from_micros))
                    .flatten()
            }
        }
    }

    /// The nearest decimal, half to even, if its magnitude fits.
    pub fn round(&self) -> Option<Decimal> {
        let (a, b) = self.big();
        let twice: BigInt = &a * 2 + &b;
        let whole: BigInt = &b * 2;
        let mut rounded = floor(&twice, &whole);
        // Exactly half way, and upwards to an odd number: take the even one below.
        if &rounded * &whole == twice && rounded.bit(0) {
            rounded -= 1;
        }
        i128::try_from(rounded).ok().and_then(Decimal::from_micros)
    }

    fn big(&self) -> (BigInt, BigInt) {
        match &self.0 {
            Form::Small(a, b) => (BigInt::from(*a), BigInt::from(*b)),
            Form::Big(parts) => (parts.0.clone(), parts.1.clone()),
        }
    }
}

fn small_sum((a, b): (i128, i128), (c, d): (i128, i128)) -> Option<(i128, i128)> {
    if b == d {
        return Some((a.checked_add(c)?, b));
    }
    Some((a.checked_mul(d)?.checked_add(c.checked_mul(b)?)?, b.checked_mul(d)?))
}

fn floor(a: &BigInt, b: &BigInt) -> BigInt {
    let quotient = a / b;
    if a.sign() == Sign::Minus && &quotient * b != *a { quotient - 1 } else { quotient }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Form::Small(a, b), Form::Small(c, d)) = (&self.0, &other.0) {
            if b == d {
                return a.cmp(c);
            }
            if let (Some(left), Some(right)) = (a.checked_mul(*d), c.checked_mul(*b)) {
                return left.cmp(&right);
            }
        }
        let ((a, b), (c, d)) = (self.big(), other.big());
        (a * d).cmp(&(c * b))
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Exact {}

impl From<Decimal> for Exact {
    fn from(value: Decimal) -> Self {
        Self::from_micros(value.micros().into())
    }
}

impl fmt::Debug for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Exact {
    /// The decimal where it is one, else the nearest: `about 3.333333`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(decimal) = self.to_decimal() {
            return fmt::Display::fmt(&decimal, f);
        }
        match self.round() {
            Some(decimal) => write!(f, "about {decimal}"),
            None => f.write_str("a number of more than 12 digits"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_exact_beyond_128_bits() {
        let micro = Decimal::from_micros(1).unwrap();
        let mut tiny = Exact::from_micros(1);
        for _ in 0..10 {
            tiny = tiny.times(micro);
        }
        assert!(tiny > Exact::from_micros(0));
        assert!(tiny.plus(&Exact::whole(1)) > Exact::whole(1));
        assert_eq!(tiny.plus(&tiny.negated()), Exact::from_micros(0));
        let third = Exact::mean(1, 3).unwrap();
        assert_eq!(third.plus(&third).plus(&third), Exact::from_micros(1));
        assert_eq!(Exact::mean(5, 2).unwrap().round(), Decimal::from_micros(2));
        assert_eq!(Exact::mean(-5, 2).unwrap().round(), Decimal::from_micros(-2));
        assert_eq!(Exact::mean(7, 2).unwrap().round(), Decimal::from_micros(4));
    }
}
