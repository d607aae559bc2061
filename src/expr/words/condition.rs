//! Conditions in words.

use super::{Subject, Words};
use crate::expr::{Aggregate, Comparison, Expr, Function, Literal, Node, Over, Truth};
use crate::value::Decimal;

impl Words {
    /// Something that is true or not.
    pub(super) fn condition(&mut self, expr: &Expr) {
        match expr.node() {
            Node::And(parts) => self.junction(parts, ", and "),
            Node::Or(parts) => self.junction(parts, ", or "),
            Node::Not(inner) => self.negation(inner),
            Node::Between { value, low, high, negated } => {
                self.between(value, (low, high), *negated);
            }
            Node::Compare { left, op, right } => self.comparison(left, *op, right),
            Node::Group { by, rule } => {
                self.put("for some ");
                self.path(by);
                self.put(", ");
                self.bracketed(|words| words.condition(rule));
            }
            Node::In { value, list, negated } => self.one_of(value, list, *negated),
            Node::InSegment(name) => self.segment(name, false),
            Node::Is { value, what, negated } => self.is(value, *what, *negated),
            Node::Like { value, pattern, negated } => self.like(value, pattern, *negated),
            Node::Person(person) if person.is_condition() => self.of_person(person),
            Node::Literal(Literal::Boolean(value)) => {
                self.put(if *value { "always" } else { "never" });
                self.subject = Subject::Other;
            }
            _ => self.said_of(expr, " is true"),
        }
    }

    fn junction(&mut self, parts: &[Expr], separator: &str) {
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.put(separator);
            }
            let loose = matches!(
                part.node(),
                Node::And(_) | Node::Or(_) | Node::Between { negated: true, .. }
            );
            // A group at the very beginning is about the customer, like the rule itself.
            let subject = self.subject;
            if loose {
                self.put("(");
                self.subject = subject;
                self.condition(part);
                self.put(")");
                self.subject = Subject::Other;
            } else {
                self.condition(part);
            }
        }
    }

    /// A negation. A comparison of a figure with a number is turned around, which is exact also
    /// where the figure is unknown; paths are not, since some element of a list may pass either.
    fn negation(&mut self, inner: &Expr) {
        match inner.node() {
            Node::Compare { left, op, right }
                if matches!(left.node(), Node::Aggregate(_))
                    && matches!(right.node(), Node::Literal(_)) =>
            {
                self.comparison(left, op.opposite(), right);
            }
            Node::InSegment(name) => self.segment(name, true),
            _ => {
                self.put("it is false that ");
                self.bracketed(|words| words.condition(inner));
            }
        }
    }

    fn segment(&mut self, name: &str, negated: bool) {
        self.customer(if negated { "is not in segment " } else { "is in segment " });
        self.name(name);
    }

    fn comparison(&mut self, left: &Expr, op: Comparison, right: &Expr) {
        let is_literal = |expr: &Expr| matches!(expr.node(), Node::Literal(_));
        let (left, op, right) = if is_literal(left) && !is_literal(right) {
            (right, op.mirrored(), left)
        } else {
            (left, op, right)
        };
        if let (Some(count), Some(number)) = (counted(left), whole(right)) {
            return self.has(count, op, number);
        }
        self.operand(left);
        self.put(" ");
        self.put(verb(op, Sort::of(left).or(Sort::of(right))));
        self.put(" ");
        self.operand(right);
        self.subject = Subject::Other;
    }

    /// How many of something the customer has.
    fn has(&mut self, count: &Aggregate, op: Comparison, number: u64) {
        let (predicate, number) = match (op, number) {
            (Comparison::Equal | Comparison::LessOrEqual, 0) | (Comparison::Less, 1) => {
                ("has no ", None)
            }
            (Comparison::Greater | Comparison::NotEqual, 0) => ("has at least ", Some(1)),
            (Comparison::Equal, number) => ("has exactly ", Some(number)),
            (Comparison::NotEqual, number) => ("does not have exactly ", Some(number)),
            (Comparison::Less, number) => ("has fewer than ", Some(number)),
            (Comparison::LessOrEqual, number) => ("has at most ", Some(number)),
            (Comparison::Greater, number) => ("has more than ", Some(number)),
            (Comparison::GreaterOrEqual, number) => ("has at least ", Some(number)),
        };
        self.customer(predicate);
        if let Some(number) = number {
            self.amount(number);
            self.put(" ");
        }
        self.things(count, number.is_some_and(|number| number != 1));
        self.put_where(count);
    }

    fn amount(&mut self, number: u64) {
        match number {
            1 => self.put("one"),
            number => {
                let number = Decimal::from_micros(i128::from(number) * i128::from(Decimal::SCALE));
                self.literal(&Literal::Number(number.unwrap_or(Decimal::ZERO)));
            }
        }
    }

    fn between(&mut self, value: &Expr, (low, high): (&Expr, &Expr), negated: bool) {
        let sort = Sort::of(value).or(Sort::of(low)).or(Sort::of(high));
        let (first, join, second) = if negated {
            (Comparison::Less, " or ", Comparison::Greater)
        } else {
            (Comparison::GreaterOrEqual, " and ", Comparison::LessOrEqual)
        };
        self.operand(value);
        for (before, op, bound) in [(" ", first, low), (join, second, high)] {
            self.put(before);
            // The verb once: “is at least 3 and at most 5”.
            let verb = verb(op, sort);
            let again = (before != " ").then(|| verb.strip_prefix("is ")).flatten();
            self.put(again.unwrap_or(verb));
            self.put(" ");
            self.operand(bound);
        }
        self.subject = Subject::Other;
    }

    fn one_of(&mut self, value: &Expr, list: &[Literal], negated: bool) {
        self.operand(value);
        match (list, negated) {
            ([only], false) => {
                self.put(" is ");
                self.literal(only);
            }
            (list, negated) => {
                self.put(if negated { " is none of (" } else { " is one of (" });
                for (index, literal) in list.iter().enumerate() {
                    self.put(if index > 0 { ", " } else { "" });
                    self.literal(literal);
                }
                self.put(")");
            }
        }
        self.subject = Subject::Other;
    }

    fn is(&mut self, value: &Expr, what: Truth, negated: bool) {
        if let (Truth::Null, Some(event)) = (what, dated(value)) {
            // The instant of an event is unknown where there is none.
            self.customer(if negated { "has at least one " } else { "has no " });
            self.things(event, false);
            return self.put_where(event);
        }
        if value.is_condition() {
            self.put(match (what, negated) {
                (Truth::False, false) => "it is known to be false that ",
                (Truth::False, true) => "it is not known to be false that ",
                (Truth::Null, false) => "it is not known whether ",
                (Truth::Null, true) => "it is known whether ",
                (Truth::True, false) => "it is known that ",
                (Truth::True, true) => "it is not known that ",
            });
            return self.bracketed(|words| words.condition(value));
        }
        self.said_of(
            value,
            match (what, negated) {
                (Truth::False, false) => " is known to be false",
                (Truth::False, true) => " is not known to be false",
                (Truth::Null, false) => " is not known",
                (Truth::Null, true) => " is known",
                (Truth::True, false) => " is known to be true",
                (Truth::True, true) => " is not known to be true",
            },
        );
    }

    fn said_of(&mut self, value: &Expr, predicate: &str) {
        self.operand(value);
        self.put(predicate);
        self.subject = Subject::Other;
    }

    fn like(&mut self, value: &Expr, pattern: &str, negated: bool) {
        let inner = pattern.trim_matches('%');
        let plain = !inner.is_empty() && !inner.contains(['%', '_']);
        let ends = (pattern.starts_with('%'), pattern.ends_with('%'));
        let (positive, negative, text) = match (plain, ends) {
            (false, _) => (" matches the pattern ", " does not match the pattern ", pattern),
            (true, (false, false)) => (" is ", " is not ", inner),
            (true, (false, true)) => (" begins with ", " does not begin with ", inner),
            (true, (true, false)) => (" ends with ", " does not end with ", inner),
            (true, (true, true)) => (" contains ", " does not contain ", inner),
        };
        self.operand(value);
        self.put(if negated { negative } else { positive });
        self.literal(&Literal::Text(text.into()));
        self.subject = Subject::Other;
    }
}

/// What is known by its form of the values compared, and how they are spoken of.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Sort {
    Instant,
    Other,
    Text,
}

impl Sort {
    fn of(expr: &Expr) -> Self {
        match expr.node() {
            Node::Now | Node::Literal(Literal::Timestamp(_)) => Self::Instant,
            Node::Literal(Literal::Text(_)) => Self::Text,
            Node::Aggregate(aggregate) if is_instant(aggregate) => Self::Instant,
            Node::Sum { first, rest } if Self::of(first) == Self::Instant => {
                let lengths =
                    |term: &Expr| matches!(term.node(), Node::Literal(Literal::Interval(_)));
                if rest.iter().all(|(_, term)| lengths(term)) { Self::Instant } else { Self::Other }
            }
            _ => Self::Other,
        }
    }

    fn or(self, other: Self) -> Self {
        if self == Self::Other { other } else { self }
    }
}

fn verb(op: Comparison, sort: Sort) -> &'static str {
    match (op, sort) {
        (Comparison::Equal, _) => "is",
        (Comparison::NotEqual, _) => "is not",
        (Comparison::Less, Sort::Instant) => "is before",
        (Comparison::LessOrEqual, Sort::Instant) => "is at or before",
        (Comparison::Greater, Sort::Instant) => "is after",
        (Comparison::GreaterOrEqual, Sort::Instant) => "is at or after",
        (Comparison::Less, Sort::Text) => "is alphabetically before",
        (Comparison::LessOrEqual, Sort::Text) => "is alphabetically at or before",
        (Comparison::Greater, Sort::Text) => "is alphabetically after",
        (Comparison::GreaterOrEqual, Sort::Text) => "is alphabetically at or after",
        (Comparison::Less, Sort::Other) => "is less than",
        (Comparison::LessOrEqual, Sort::Other) => "is at most",
        (Comparison::Greater, Sort::Other) => "is more than",
        (Comparison::GreaterOrEqual, Sort::Other) => "is at least",
    }
}

fn counted(expr: &Expr) -> Option<&Aggregate> {
    match expr.node() {
        Node::Aggregate(aggregate) if aggregate.function() == Function::Count => Some(aggregate),
        _ => None,
    }
}

/// The aggregate that is the instant of an event, unless it is unknown for another reason too.
fn dated(expr: &Expr) -> Option<&Aggregate> {
    match expr.node() {
        Node::Aggregate(aggregate)
            if is_instant(aggregate) && !matches!(aggregate.window(), Some(Over::Since(_))) =>
        {
            Some(aggregate)
        }
        _ => None,
    }
}

fn is_instant(aggregate: &Aggregate) -> bool {
    matches!(aggregate.function(), Function::First | Function::Last)
        && aggregate.series().path().is_empty()
}

/// A number of things.
fn whole(expr: &Expr) -> Option<u64> {
    match expr.node() {
        Node::Literal(Literal::Number(number)) if number.is_whole() => {
            u64::try_from(number.micros() / Decimal::SCALE).ok()
        }
        _ => None,
    }
}
