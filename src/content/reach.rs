//! Which variants of a block can never be chosen, and which overlap.

use std::ops::Bound;
use std::sync::Arc;

use super::block::Variant;
use super::interval::{Interval, Scalar};
use super::select::{Key, Selector};
use crate::error::{Diagnostic, Span};
use crate::expr::{Comparison, Expr, Literal, Names, Node};
use crate::lint::{Finding, Severity};
use crate::schema::{Field, Shape};

/// What has to be true for a variant: all of these. Without any it is for everybody.
struct Wants(Vec<Clause>);

/// One condition: that a figure lies in a stretch, or a condition that is compared by its text.
#[derive(Clone, PartialEq)]
struct Clause {
    /// The figure or the condition, as it is printed.
    of: String,
    stretch: Option<Interval>,
}

/// What is odd about the keys of variants that are asked in this order.
pub(super) fn findings(selector: &Selector, variants: &[Variant], names: &Names) -> Vec<Finding> {
    let wants: Vec<Option<Wants>> =
        variants.iter().map(|variant| Wants::of(selector, &variant.key, names)).collect();
    let find = |(index, variant): (usize, &Variant)| {
        let (earlier, rest) = wants.split_at(index);
        let before = variants.iter().zip(earlier);
        let before: Vec<(&Variant, &Wants)> =
            before.filter_map(|(other, wants)| Some((other, wants.as_ref()?))).collect();
        let never = |why: String| {
            let message = format!("the variant `{}` is never chosen: {why}", variant.name);
            finding(variant, UNREACHABLE, message)
        };
        match rest.first().and_then(Option::as_ref) {
            None => Some(never("its key is for nobody".to_owned())),
            Some(own) => {
                taken(own, &before).map(never).or_else(|| overlapping(variant, own, &before))
            }
        }
    };
    variants.iter().enumerate().filter_map(find).collect()
}

/// Which variants before take all that one would have.
fn taken(own: &Wants, before: &[(&Variant, &Wants)]) -> Option<String> {
    if let Some((other, _)) = before.iter().find(|(_, wants)| wants.take_all_of(own)) {
        return Some(format!("`{}` before it takes all of it", other.name));
    }
    let stretches: Vec<&Clause> = before.iter().filter_map(|(_, wants)| wants.single()).collect();
    own.are_covered_by(&stretches).then(|| "those before it take all of it".to_owned())
}

/// That a variant before takes some of what one would have.
fn overlapping(variant: &Variant, own: &Wants, before: &[(&Variant, &Wants)]) -> Option<Finding> {
    let rules = matches!(variant.key, Key::Rule(_));
    let (Variant { name, .. }, _) = before.iter().find(|(_, wants)| wants.overlap(own, rules))?;
    let message = format!("what `{name}` and `{}` have in common is for `{name}`", variant.name);
    Some(finding(variant, OVERLAPPING, message))
}

const UNREACHABLE: (&str, Severity) = ("unreachable-variant", Severity::Warning);
const OVERLAPPING: (&str, Severity) = ("overlapping-variants", Severity::Note);

fn finding(
    variant: &Variant,
    (code, severity): (&'static str, Severity),
    message: String,
) -> Finding {
    let whole = Span::new(0, variant.text.len());
    Finding::new(code, severity, Diagnostic::new(&variant.text, whole, message))
}

impl Wants {
    /// What a key wants; `None` where that is nobody.
    fn of(selector: &Selector, key: &Key, names: &Names) -> Option<Self> {
        let of = || selector.figure().unwrap_or_default().to_owned();
        let stretch = match key {
            Key::Rule(rule) => return Self::of_rule(rule.expr(), names),
            _ if selector.is_for_nobody(key) => return None,
            Key::Band(band) => band.clone(),
            Key::Name(name) => Interval::only(Scalar::Text(Arc::clone(name))),
        };
        Some(Self(vec![Clause { of: of(), stretch: Some(stretch) }]))
    }

    fn of_rule(rule: &Expr, names: &Names) -> Option<Self> {
        let parts = match rule.node() {
            Node::And(parts) => parts.iter().collect(),
            _ => vec![rule],
        };
        let mut clauses: Vec<Clause> = Vec::new();
        for part in parts {
            match part.node() {
                Node::Literal(Literal::Boolean(true)) => {}
                Node::Literal(_) => return None,
                _ => Clause::of(part).merge_into(&mut clauses, names, part)?,
            }
        }
        Some(Self(clauses))
    }

    /// The only condition, if it is one on a figure.
    fn single(&self) -> Option<&Clause> {
        match self.0.as_slice() {
            [clause] if clause.stretch.is_some() => Some(clause),
            _ => None,
        }
    }

    /// Whether these are true whenever the others are: each follows from one of theirs.
    fn take_all_of(&self, others: &Self) -> bool {
        self.0.iter().all(|own| others.0.iter().any(|other| own.follows_from(other)))
    }

    /// Whether one of these conditions lies in stretches of its figure that all are taken.
    fn are_covered_by(&self, taken: &[&Clause]) -> bool {
        self.0.iter().any(|own| {
            let same = taken.iter().filter(|clause| clause.of == own.of);
            let stretches: Vec<Interval> =
                same.filter_map(|clause| clause.stretch.clone()).collect();
            own.stretch.as_ref().is_some_and(|own| own.is_covered_by(&stretches))
        })
    }

    /// Whether both are conditions on one figure of which some values pass both. Of rules the
    /// narrower usually stands first, and means to.
    fn overlap(&self, other: &Self, rules: bool) -> bool {
        let (Some(one), Some(other)) = (self.single(), other.single()) else { return false };
        let (Some(first), Some(second)) = (&one.stretch, &other.stretch) else { return false };
        one.of == other.of
            && !first.and(second).is_empty()
            && !(rules && (first.contains(second) || second.contains(first)))
    }
}

impl Clause {
    fn of(part: &Expr) -> Self {
        let stretch = match part.node() {
            Node::Between { value, low, high, negated: false } => between(value, low, high),
            Node::Compare { left, op, right } => compared(left, *op, right),
            Node::In { value, list, negated: false } => match list.as_slice() {
                [only] => Scalar::written(only).map(|only| (value, Interval::only(only))),
                _ => None,
            },
            _ => None,
        };
        match stretch {
            Some((of, stretch)) => Self { of: of.to_string(), stretch: Some(stretch) },
            None => Self { of: part.to_string(), stretch: None },
        }
    }

    /// Adds a condition to others: two on one figure are one on what passes both. `None` if nothing
    /// does.
    fn merge_into(self, clauses: &mut Vec<Self>, names: &Names, part: &Expr) -> Option<()> {
        let own = self.stretch.as_ref();
        if own.is_some_and(Interval::is_empty) {
            return None;
        }
        let same = clauses.iter_mut().find(|clause| clause.of == self.of && is_single(part, names));
        if let (Some(stretch), Some(own)) = (same.and_then(|clause| clause.stretch.as_mut()), own) {
            *stretch = stretch.and(own);
            return (!stretch.is_empty()).then_some(());
        }
        clauses.push(self);
        Some(())
    }

    fn follows_from(&self, other: &Self) -> bool {
        self.of == other.of
            && match (&self.stretch, &other.stretch) {
                (Some(own), Some(theirs)) => own.contains(theirs),
                (own, theirs) => own.is_none() && theirs.is_none(),
            }
    }
}

fn between<'e>(value: &'e Expr, low: &Expr, high: &Expr) -> Option<(&'e Expr, Interval)> {
    let low = Interval::from(Bound::Included(literal(low)?));
    Some((value, low.and(&Interval::to(Bound::Included(literal(high)?)))))
}

fn compared<'e>(left: &'e Expr, op: Comparison, right: &'e Expr) -> Option<(&'e Expr, Interval)> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let (of, op, value) = match (literal(left), literal(right)) {
        (None, Some(value)) => (left, op, value),
        (Some(value), None) => {
            let turned = match op {
                Greater => Less,
                GreaterOrEqual => LessOrEqual,
                Less => Greater,
                LessOrEqual => GreaterOrEqual,
                same => same,
            };
            (right, turned, value)
        }
        _ => return None,
    };
    let stretch = match op {
        Equal => Interval::only(value),
        Greater => Interval::from(Bound::Excluded(value)),
        GreaterOrEqual => Interval::from(Bound::Included(value)),
        Less => Interval::to(Bound::Excluded(value)),
        LessOrEqual => Interval::to(Bound::Included(value)),
        NotEqual => return None,
    };
    Some((of, stretch))
}

fn literal(expr: &Expr) -> Option<Scalar> {
    match expr.node() {
        Node::Literal(literal) => Scalar::written(literal),
        _ => None,
    }
}

/// Whether what a condition is about has one value. Of a list any element may pass, and two
/// conditions may be passed by two.
fn is_single(part: &Expr, names: &Names) -> bool {
    let mut single = true;
    let mut visit = |expr: &Expr| {
        if let Node::Path(path) = expr.node() {
            single &= is_scalar(path, names);
        }
    };
    visit_all(part, &mut visit);
    single
}

fn visit_all(expr: &Expr, visit: &mut impl FnMut(&Expr)) {
    visit(expr);
    // A figure has one value, whatever its conditions read.
    if !matches!(expr.node(), Node::Aggregate(_) | Node::Funnel(_)) {
        expr.node().for_each_child(&mut |child| visit_all(child, visit));
    }
}

fn is_scalar(path: &[Arc<str>], names: &Names) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let Some(field) = names.schema().attributes().get(first) else { return true };
    let mut shape = Some(Field::shape(field));
    for name in rest {
        shape = match shape {
            Some(Shape::Object(fields)) => fields.get(name).map(Field::shape),
            _ => return false,
        };
    }
    matches!(shape, Some(Shape::Scalar(_)))
}
