//! The few values, instants and durations that everything is made of.

use super::dice::Dice;
use crate::expr::{Aggregate, Comparison, Truth};
use crate::schema::ANY_EVENT;
use crate::time::{Duration, Local, LocalDate, Timestamp};
use crate::value::Decimal;

const DAY: i64 = 86_400_000_000;

/// 2026-03-01T00:00:00Z, a Sunday.
const START: i64 = 1_772_323_200_000_000;

/// An instant at which something happens.
pub(super) fn instant(dice: &mut Dice<'_>) -> Timestamp {
    let day = [0, 1, 2, 3, 5, 7][dice.roll(6)];
    Timestamp::from_micros(START + day * DAY + nudge(dice))
}

/// An instant at which a question is asked: where something happens, or some windows later.
pub(super) fn moment(dice: &mut Dice<'_>) -> Timestamp {
    if dice.chance(60) {
        // The first and the last instant that can be written.
        return Timestamp::from_micros(
            dice.of(&[253_402_300_799_999_999, -62_167_219_200_000_000]),
        );
    }
    let half_days = i64::try_from(dice.roll(22)).unwrap_or_default() - 1;
    Timestamp::from_micros(START + half_days * DAY / 2 + nudge(dice))
}

/// Mostly nothing, else a microsecond or half a second.
fn nudge(dice: &mut Dice<'_>) -> i64 {
    dice.of(&[0, 0, 0, 0, 0, -1, 1, 500_000])
}

/// A window's length.
pub(super) fn length(dice: &mut Dice<'_>) -> Duration {
    let day = Duration::days(1);
    dice.of(&[
        day,
        Duration::hours(24),
        Duration::days(2),
        Duration::hours(12),
        Duration::weeks(1),
        Duration::seconds(1),
    ])
}

/// The same aggregate over a period among the days on which the facts lie.
pub(super) fn between(aggregate: Aggregate, dice: &mut Dice<'_>) -> Aggregate {
    let length = dice.of(&[None, Some(1), Some(2), Some(7)]);
    let Ok(zone) = zone(dice).parse() else {
        let from = instant(dice);
        let to = length.map(|days| from.plus(Duration::days(i64::from(days))));
        return aggregate.between(from, to);
    };
    // In one of the zones clocks are put forward at 02:00 on the 8th.
    let time = dice.of(&["00:00", "00:00", "02:30", "12:00:01"]);
    let day = dice.of(&["2026-03-01", "2026-03-02", "2026-03-08", "2026-03-07"]);
    let (Ok(day), Ok(time)) = (day.parse::<LocalDate>(), time.parse()) else { return aggregate };
    let to = length.map(|days| Local::new(day.plus_days(days), time));
    aggregate.between_local(Local::new(day, time), to, zone)
}

/// How many of the last events count.
pub(super) fn few(dice: &mut Dice<'_>) -> u32 {
    dice.of(&[1, 2, 3, 5, 1_000_000])
}

/// A length of time of any sign and size.
pub(super) fn interval(dice: &mut Dice<'_>) -> Duration {
    match dice.roll(8) {
        5 if dice.chance(6) => {
            dice.of(&[Duration::from_micros(i64::MAX), Duration::days(-90_000_000)])
        }
        6 => dice.of(&[Duration::ZERO, Duration::from_micros(1), Duration::from_micros(-1)]),
        7 => dice.of(&[Duration::days(-1), Duration::hours(-36), Duration::from_micros(1_500_000)]),
        _ => length(dice),
    }
}

/// What a length of time is multiplied by.
pub(super) fn factor(dice: &mut Dice<'_>) -> Decimal {
    let many = Decimal::from_micros(999_999_999_999_000_000).unwrap_or_default();
    dice.of(&[2.into(), 0.into(), (-1).into(), 3.into(), 2.into(), many])
}

/// A number, mostly a small one.
pub(super) fn number(dice: &mut Dice<'_>) -> Decimal {
    let micros = match dice.roll(16) {
        14 => [1, -1, 333_333, 999_999][dice.roll(4)],
        15 if dice.chance(4) => [999_999_999_999_999_999, -999_999_999_999_999_999][dice.roll(2)],
        small => [0, 1_000_000, 2_000_000, 3_000_000, -1_000_000, 500_000, 1_500_000][small % 7],
    };
    Decimal::from_micros(micros).unwrap_or_default()
}

/// A text.
pub(super) fn text(dice: &mut Dice<'_>) -> &'static str {
    dice.of(&["a", "b", "ab", "A", "", "EUR", "ä", "a%", "_b", "\u{10000}", "\u{ffee}", "it's"])
}

/// A day, mostly one whose anniversary is near those on which the facts lie.
pub(super) fn date(dice: &mut Dice<'_>) -> &'static str {
    dice.of(&["2000-03-02", "2024-02-29", "1996-02-29", "1990-03-05", "2026-03-04", "no day"])
}

/// The name of a time zone, mostly.
pub(super) fn zone(dice: &mut Dice<'_>) -> &'static str {
    dice.of(&["Europe/Lisbon", "UTC", "Pacific/Auckland", "America/St_Johns", "no zone"])
}

/// A pattern.
pub(super) fn pattern(dice: &mut Dice<'_>) -> &'static str {
    dice.of(&["a", "a%", "%b", "_", "%", "", "__", "%a%", "_%_", "a%b%", "%%", "Ä"])
}

/// The name of a series.
pub(super) fn event(dice: &mut Dice<'_>) -> &'static str {
    dice.of(&["Order Completed", "Product Viewed", "Order Completed", ANY_EVENT, "Page Viewed"])
}

pub(super) fn comparison(dice: &mut Dice<'_>) -> Comparison {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    dice.of(&[GreaterOrEqual, Less, Greater, LessOrEqual, Equal, NotEqual])
}

pub(super) fn truth(dice: &mut Dice<'_>) -> Truth {
    dice.of(&[Truth::True, Truth::False, Truth::Null])
}
