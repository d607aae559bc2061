//! Expressions and texts that need not mean anything.

use std::sync::Arc;

use super::dice::Dice;
use super::words;
use crate::expr::{Aggregate, Expr, Function, Funnel, Literal, Step};
use crate::schema::ANY_EVENT;
use crate::time::{Duration, Timestamp};

/// How deep expressions are nested at most; each level may add two to an expression's depth.
const DEPTH: usize = 6;

/// Names that need quotes, look like something else, or hold what is hard to print.
const NAMES: [&str; 25] = [
    "a",
    "and",
    "NULL",
    "True",
    "over",
    "since",
    "count",
    "Last",
    "now",
    "TIMESTAMP",
    "in_segment",
    "distinct",
    "Order Completed",
    "it's",
    "say \"so\"",
    "\"",
    "a.b",
    "1st",
    "größe",
    "名前",
    "_x",
    "tab\tnew\nline",
    " ",
    "\u{1f600}",
    "*",
];

pub(super) fn expression(mut dice: Dice<'_>) -> Expr {
    any(DEPTH, &mut dice)
}

fn any(depth: usize, dice: &mut Dice<'_>) -> Expr {
    let form = if depth == 0 { dice.roll(4) } else { dice.roll(27) };
    let part = |dice: &mut Dice<'_>| any(depth.saturating_sub(1), dice);
    match form {
        0 => literal(dice).into(),
        1 => Expr::path(names(dice)),
        2 => Expr::now(),
        3 => Expr::in_segment(name(dice)),
        4 => Expr::all(several(depth, dice)),
        5 => Expr::any(several(depth, dice)),
        6 => part(dice).negate(),
        7 => part(dice).between(part(dice), part(dice)),
        8 => part(dice).not_between(part(dice), part(dice)),
        9 => part(dice).is_in(literals(dice)),
        10 => part(dice).not_in(literals(dice)),
        11 => part(dice).is(words::truth(dice)),
        12 => part(dice).is_not(words::truth(dice)),
        13 => part(dice).like(name(dice)),
        14 => part(dice).not_like(name(dice)),
        15 => part(dice).plus(part(dice)),
        16 => part(dice).minus(part(dice)),
        17 => part(dice).scaled(words::number(dice)),
        18 => Expr::coalesce((0..=dice.roll(2)).map(|_| part(dice))),
        19 => funnel(depth, dice).into(),
        20 => part(dice).class(literals(dice)),
        21 => Expr::any_value(names(dice), part(dice)),
        22 => Expr::bucket(words::few(dice), name(dice)),
        23 => Expr::changed(names(dice), words::length(dice)),
        24 => Expr::observed_for(words::length(dice)),
        25 => match words::zone(dice).parse() {
            Ok(zone) => Expr::anniversary_in(names(dice), zone),
            Err(_) => Expr::anniversary(names(dice)),
        },
        _ if dice.chance(2) => part(dice).compare(words::comparison(dice), part(dice)),
        _ => aggregate(depth, dice).into(),
    }
}

fn aggregate(depth: usize, dice: &mut Dice<'_>) -> Aggregate {
    let (function, _) = dice.of(&Function::ALL);
    let event = if dice.chance(4) { ANY_EVENT.into() } else { name(dice) };
    let path = if dice.chance(2) { names(dice) } else { Vec::new() };
    let mut aggregate = Aggregate::new(function, event, path);
    if dice.chance(4) {
        aggregate = aggregate.distinct();
    }
    if dice.chance(3) {
        aggregate = aggregate.filtered(any(depth.saturating_sub(1), dice));
    }
    match dice.roll(6) {
        5 => words::between(aggregate, dice),
        4 => aggregate.over_last(words::few(dice)),
        1 => aggregate.over(words::length(dice)),
        2 => aggregate
            .over_ending(words::length(dice), dice.of(&[Duration::ZERO, Duration::days(1)])),
        3 => aggregate.since(any(depth.saturating_sub(1), dice)),
        _ => aggregate,
    }
}

fn funnel(depth: usize, dice: &mut Dice<'_>) -> Funnel {
    let steps = (0..2 + dice.roll(3)).map(|_| {
        let step = Step::new(if dice.chance(4) { ANY_EVENT.into() } else { name(dice) });
        let filter = dice.chance(3).then(|| any(depth.saturating_sub(1), dice));
        filter.into_iter().fold(step, Step::filtered)
    });
    let funnel = Funnel::new(steps.collect::<Vec<_>>());
    match dice.roll(4) {
        1 => funnel.over(words::length(dice)),
        2 => funnel.over_ending(words::length(dice), Duration::ZERO),
        3 => funnel.since(any(depth.saturating_sub(1), dice)),
        _ => funnel,
    }
}

fn several(depth: usize, dice: &mut Dice<'_>) -> Vec<Expr> {
    (0..dice.roll(4)).map(|_| any(depth.saturating_sub(1), dice)).collect()
}

fn literals(dice: &mut Dice<'_>) -> Vec<Literal> {
    (0..=dice.roll(3)).map(|_| literal(dice)).collect()
}

fn literal(dice: &mut Dice<'_>) -> Literal {
    match dice.roll(6) {
        0 => dice.chance(2).into(),
        1 => words::number(dice).into(),
        2 => name(dice).as_ref().into(),
        3 => Timestamp::from_micros(dice.of(&[
            0,
            -1,
            // The first and the last instant that can be written.
            -62_167_219_200_000_000,
            253_402_300_799_999_999,
            1_772_323_200_000_001,
        ]))
        .into(),
        4 => Duration::from_micros(dice.of(&[0, 1, -1, -86_400_000_000, 90_061_000_001, i64::MAX]))
            .into(),
        _ => Literal::Null,
    }
}

fn names(dice: &mut Dice<'_>) -> Vec<Arc<str>> {
    (0..=dice.roll(3)).map(|_| name(dice)).collect()
}

fn name(dice: &mut Dice<'_>) -> Arc<str> {
    if !dice.chance(4) {
        return dice.of(&NAMES).into();
    }
    let length = 1 + dice.roll(4);
    (0..length).map(|_| letter(dice)).collect::<String>().into()
}

fn letter(dice: &mut Dice<'_>) -> char {
    let code = u32::try_from(dice.roll(256) * dice.roll(256)).unwrap_or_default();
    char::from_u32(code).unwrap_or('a')
}

/// A rule's text with some edits, so that most of it still makes sense.
pub(super) fn scribble(rule: &str, mut dice: Dice<'_>) -> String {
    let dice = &mut dice;
    let mut text: Vec<char> = rule.chars().collect();
    for _ in 0..=dice.roll(4) {
        let at = (dice.roll(256) * 256 + dice.roll(256)).checked_rem(text.len() + 1).unwrap_or(0);
        let end = text.len().min(at + dice.roll(6));
        let new: String = match dice.roll(4) {
            0 => String::new(),
            1 => letter(dice).into(),
            _ => dice.of(&PIECES).to_owned(),
        };
        text.splice(at..end, new.chars());
    }
    text.into_iter().collect()
}

const PIECES: [&str; 24] = [
    " ",
    "(",
    ")",
    "'",
    "\"",
    ".",
    ",",
    "*",
    "-",
    "<",
    "!=",
    " AND ",
    " NOT ",
    " IS ",
    " over ",
    " since ",
    "count(",
    "INTERVAL '",
    "TIMESTAMP '",
    "99999999999999",
    "0.0000001",
    "\u{301}",
    "\n",
    "\r\n",
];
