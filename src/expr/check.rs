//! Expressions against the schema: names, kinds, windows. What passes is a plan.

mod class;
mod funnel;
mod group;
mod person;

use std::sync::Arc;

use group::Grouping;

use super::plan::{Check, Cond, Entries, Figure, Stretch, Term, Test};
use super::print::Name;
use super::resolve::{self, Found, FoundSeries, Lost, Scope, SeriesScope};
use super::typing::{Base, Clash, Currency, Type};
use super::{Aggregate, Expr, Function, Literal, MAX_DEPTH, Names, Node, Over, Truth};
use crate::error::{Diagnostic, Error, ErrorKind, Result, Span};
use crate::time::Window;

/// Events that membership itself gives rise to.
const MEMBERSHIP_EVENTS: [&str; 2] = ["Audience Entered", "Audience Exited"];

/// What passed its check, and what is worth a warning.
#[derive(Debug)]
pub(crate) struct Checked<T> {
    pub(crate) plan: T,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Checks a rule. `text` is what `expr` was parsed from.
pub(crate) fn check_rule(expr: &Expr, text: &str, names: &Names) -> Result<Checked<Cond>> {
    Checker::run(expr, text, names, |checker| checker.condition(expr, Scope::default()))
}

/// Checks a metric. `text` is what `expr` was parsed from.
pub(crate) fn check_metric(
    expr: &Expr,
    text: &str,
    names: &Names,
) -> Result<Checked<(Term, Type)>> {
    Checker::run(expr, text, names, |checker| {
        let mut any = None;
        let term = checker.term(expr, Scope::default(), &mut any);
        if any.is_some() {
            let message = "a metric has one value, this goes through a list";
            checker.fault(expr.span(), message, Some("ask about its elements in a condition"));
        }
        term
    })
}

struct Checker<'a> {
    names: &'a Names,
    text: &'a str,
    faults: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    group: Option<Grouping>,
}

/// The list of which any element may pass the test at hand.
type AnyList = Option<super::plan::AnyOf>;

impl<'a> Checker<'a> {
    fn run<T>(
        expr: &Expr,
        text: &'a str,
        names: &'a Names,
        check: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Result<Checked<T>> {
        let (faults, warnings) = (Vec::new(), Vec::new());
        let mut checker = Self { names, text, faults, warnings, group: None };
        if expr.depth() > MAX_DEPTH {
            checker.fault(expr.span(), format!("it is nested more than {MAX_DEPTH} deep"), None);
        }
        let plan = if checker.faults.is_empty() { check(&mut checker) } else { None };
        match plan {
            Some(plan) if checker.faults.is_empty() => {
                Ok(Checked { plan, warnings: checker.warnings })
            }
            _ => {
                checker.faults.sort_by_key(|fault| (fault.line, fault.column));
                Err(Error::from_diagnostics(ErrorKind::Rule, checker.faults))
            }
        }
    }

    fn fault(&mut self, span: Span, message: impl Into<String>, help: Option<&str>) {
        let fault = Diagnostic::new(self.text, span, message);
        self.faults.push(match help {
            Some(help) => fault.with_help(help),
            None => fault,
        });
    }

    fn lost(&mut self, span: Span, lost: &Lost) {
        self.fault(span, lost.message.clone(), lost.help.as_deref());
    }

    fn settle<T>(&mut self, span: Span, result: std::result::Result<T, Clash>) -> Option<T> {
        result.map_err(|clash| self.fault(span, clash.message, clash.help)).ok()
    }

    fn condition(&mut self, expr: &Expr, scope: Scope<'_>) -> Option<Cond> {
        match expr.node() {
            Node::And(parts) => self.conditions(parts, scope).map(Cond::All),
            Node::Or(parts) => self.conditions(parts, scope).map(Cond::Any),
            Node::Not(inner) => Some(Cond::Not(Box::new(self.condition(inner, scope)?))),
            Node::InSegment(name) => self.member(name, expr.span()),
            Node::Is { value, what, negated } if value.is_condition() => {
                let inner = Box::new(self.condition(value, scope)?);
                Some(Cond::Is { inner, what: *what, negated: *negated })
            }
            _ => self.test(expr, scope),
        }
    }

    /// All parts are checked, so that every fault is told at once.
    fn conditions(&mut self, parts: &[Expr], scope: Scope<'_>) -> Option<Vec<Cond>> {
        let checked: Vec<_> = parts.iter().map(|part| self.condition(part, scope)).collect();
        checked.into_iter().collect()
    }

    fn member(&mut self, name: &Arc<str>, span: Span) -> Option<Cond> {
        if let Some(cond) = self.names.segments.get(name) {
            self.ungrouped("the segment", span, cond.has_figures())?;
            return Some(Cond::Member(Arc::clone(cond)));
        }
        let segments = self.names.segments.keys().map(|name| &**name);
        self.lost(span, &Lost::unknown("segment", name, segments));
        None
    }

    fn test(&mut self, expr: &Expr, scope: Scope<'_>) -> Option<Cond> {
        let mut any: AnyList = None;
        let check = match expr.node() {
            Node::Between { value, low, high, negated } => {
                let parts = [value, low, high].map(|part| self.term(part, scope, &mut any));
                let [(value, ty), (low, low_ty), (high, high_ty)] = all(parts)?;
                for other in [low_ty, high_ty] {
                    let unified = ty.unify(&other, "compare");
                    self.settle(expr.span(), unified)?;
                }
                Check::Between { value, low, high, negated: *negated }
            }
            Node::Compare { left, op, right } => {
                let sides = [left, right];
                let parts = sides.map(|part| self.term(part, scope, &mut any));
                let [(left, left_ty), (right, right_ty)] = all(parts)?;
                let unified = left_ty.unify(&right_ty, "compare");
                let unified = unified.map_err(|clash| clash.among(sides));
                self.settle(expr.span(), unified)?;
                Check::Compare { left, op: *op, right }
            }
            Node::In { value, list, negated } => {
                let (value, ty) = self.term(value, scope, &mut any)?;
                for literal in list {
                    let unified = ty.unify(&literal.base().plain(), "compare");
                    self.settle(expr.span(), unified)?;
                }
                Check::In { value, list: list.clone(), negated: *negated }
            }
            Node::Is { value, what, negated } => {
                let (term, ty) = self.term(value, scope, &mut any)?;
                if *what != Truth::Null && !ty.base.is(Base::Boolean) {
                    let message = format!(
                        "IS {what} asks about a truth value, this is {}",
                        ty.base.describe()
                    );
                    self.fault(value.span(), message, None);
                    return None;
                }
                Check::Is { value: term, what: *what, negated: *negated }
            }
            Node::Like { value, pattern, negated } => {
                let (term, ty) = self.term(value, scope, &mut any)?;
                if !ty.base.is(Base::Text) {
                    let message = format!("LIKE needs a text, this is {}", ty.base.describe());
                    self.fault(value.span(), message, None);
                    return None;
                }
                Check::Like { value: term, pattern: Arc::clone(pattern), negated: *negated }
            }
            _ => {
                let (term, ty) = self.term(expr, scope, &mut any)?;
                if !ty.base.is(Base::Boolean) {
                    let message = format!("a condition is wanted, this is {}", ty.base.describe());
                    self.fault(expr.span(), message, Some("compare it with something"));
                    return None;
                }
                Check::True(term)
            }
        };
        Some(Cond::Test(Box::new(Test { check, any, text: expr.to_string().into(), leaf: None })))
    }

    fn term(&mut self, expr: &Expr, scope: Scope<'_>, any: &mut AnyList) -> Option<(Term, Type)> {
        match expr.node() {
            Node::Aggregate(aggregate) => self.aggregate(aggregate),
            Node::Class { value, cuts } => self.class((value, cuts), expr, scope, any),
            Node::Coalesce(values) => self.coalesce(values, scope, any),
            Node::Funnel(funnel) => self.funnel(funnel),
            Node::Group { by, rule } => self.group(by, rule, expr),
            Node::Literal(literal) => {
                Some((Term::Literal(literal.clone()), literal.base().plain()))
            }
            Node::Now => Some((Term::Now, Base::Instant.plain())),
            Node::Path(path) => self.path(path, expr.span(), scope, any),
            Node::Person(person) => self.person(person),
            Node::Scale { by, of } => {
                let (term, ty) = self.term(of, scope, any)?;
                if ty.base == Base::Duration && !by.is_whole() {
                    let message = "a duration is multiplied by a whole number only";
                    self.fault(expr.span(), message, None);
                    return None;
                }
                if !ty.base.is(Base::Number) && ty.base != Base::Duration {
                    let message = format!("cannot multiply {}", ty.base.describe());
                    self.fault(of.span(), message, None);
                    return None;
                }
                Some((Term::Scale { by: *by, of: Box::new(term) }, ty))
            }
            Node::Sum { first, rest } => {
                let (first, mut ty) = self.term(first, scope, any)?;
                let mut terms = vec![(super::Sign::Plus, first)];
                for (sign, part) in rest {
                    let (term, next) = self.term(part, scope, any)?;
                    let sum = ty.plus(*sign, &next);
                    ty = self.settle(part.span(), sum)?;
                    terms.push((*sign, term));
                }
                Some((Term::Sum(terms), ty))
            }
            _ => {
                let cond = self.condition(expr, scope)?;
                Some((Term::Cond(Box::new(cond)), Base::Boolean.plain()))
            }
        }
    }

    fn coalesce(
        &mut self,
        values: &[Expr],
        scope: Scope<'_>,
        any: &mut AnyList,
    ) -> Option<(Term, Type)> {
        let mut terms = Vec::with_capacity(values.len());
        let mut ty = Base::Null.plain();
        for value in values {
            let (term, next) = self.term(value, scope, any)?;
            let unified = ty.unify(&next, "mix").map_err(|clash| clash.among([value]));
            ty = self.settle(value.span(), unified)?;
            terms.push(term);
        }
        Some((Term::Coalesce(terms), ty))
    }

    fn path(
        &mut self,
        path: &[Arc<str>],
        span: Span,
        scope: Scope<'_>,
        any: &mut AnyList,
    ) -> Option<(Term, Type)> {
        match resolve::find(&self.names.schema, scope, path) {
            Ok(Some(found)) => return self.found(found, span, any),
            Ok(None) => {}
            Err(lost) => {
                self.lost(span, &lost);
                return None;
            }
        }
        let [name] = path else {
            self.unknown(&resolve::joined(path), span, scope);
            return None;
        };
        if let Some((term, ty)) = self.names.metrics.get(name) {
            self.ungrouped("the metric", span, term.has_figures())?;
            return Some((Term::Metric(Arc::clone(term)), ty.clone()));
        }
        if self.names.segments.contains_key(name) {
            let help = format!("write in_segment('{name}')");
            self.fault(span, format!("`{name}` is a segment"), Some(&help));
            return None;
        }
        self.unknown(name, span, scope);
        None
    }

    fn unknown(&mut self, name: &str, span: Span, scope: Scope<'_>) {
        let mut known = resolve::known(&self.names.schema, scope);
        known.extend(self.names.metrics.keys().map(|name| &**name));
        let what =
            if scope.series.is_some() { "property, trait or metric" } else { "trait or metric" };
        let mut lost = Lost::unknown(what, name, known);
        if lost.help.is_none() && self.names.schema.has_event(name) {
            lost.help = Some(format!("it is an event: write count(\"{name}\")"));
        }
        let owner = resolve::owner(&self.names.schema, name).filter(|_| scope.series.is_none());
        if let Some(event) = owner {
            lost.help = Some(format!("it is a property: write last({event}.{})", Name(name)));
        }
        if name.eq_ignore_ascii_case("now") {
            lost.help = Some("write now()".to_owned());
        }
        lost.help.get_or_insert_with(|| format!("if a text is meant, write '{name}'"));
        self.lost(span, &lost);
    }

    fn found(&mut self, found: Found, span: Span, any: &mut AnyList) -> Option<(Term, Type)> {
        if let Some(list) = found.any {
            if any.as_ref().is_some_and(|other| *other != list) {
                let message = "a test may go through one list only";
                self.fault(span, message, Some("make two tests of it, joined by AND"));
                return None;
            }
            *any = Some(list);
        }
        Some((Term::Field { from: found.from, path: found.path }, found.ty))
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Option<(Term, Type)> {
        let figure = self.figure(aggregate);
        let window = self.window(aggregate.window())?;
        figure.map(|(figure, ty)| (Term::Figure(Box::new(Figure { window, ..figure })), ty))
    }

    /// An aggregate but for its window: over all time.
    fn figure(&mut self, aggregate: &Aggregate) -> Option<(Figure, Type)> {
        let series = aggregate.series();
        self.event(series.event(), series.span)?;
        let found = match resolve::find_series(&self.names.schema, series) {
            Ok(found) => found,
            Err(lost) => {
                self.lost(series.span, &lost);
                return None;
            }
        };
        let ty = self.figure_type(aggregate, &found);
        let event = series.event().map(|event| &**event);
        let scope = Scope { series: Some(SeriesScope { event, element: found.element }) };
        let by = self.group.is_some().then(|| self.by(series, scope));
        let filter = aggregate.filter().map(|filter| self.condition(filter, scope));
        let figure = Figure {
            function: aggregate.function(),
            distinct: aggregate.is_distinct(),
            event: series.event().cloned(),
            entries: found.entries,
            by: match by {
                Some(by) => Some(by?),
                None => None,
            },
            filter: match filter {
                Some(filter) => Some(filter?),
                None => None,
            },
            window: Stretch::Always,
            text: aggregate.to_string().into(),
            number: ty.as_ref().is_some_and(Type::is_number),
            column: None,
        };
        self.grouped(&figure);
        Some((figure, ty?))
    }

    fn window(&mut self, window: Option<&Over>) -> Option<Stretch> {
        match window {
            None => Some(Stretch::Always),
            Some(Over::Between(period)) => Some(Stretch::fixed(*period)),
            Some(Over::Last(count)) => Some(Stretch::Last(*count)),
            Some(Over::Sliding { length, ending }) => {
                Some(Stretch::Sliding(Window::over(*length).ending(ending.unwrap_or_default())))
            }
            Some(Over::Since(since)) => self.since(since),
        }
    }

    fn event(&mut self, event: Option<&Arc<str>>, span: Span) -> Option<()> {
        let Some(event) = event else { return Some(()) };
        if MEMBERSHIP_EVENTS.contains(&&**event) {
            let message = format!("\"{event}\" comes out of rules and cannot go into one");
            self.fault(span, message, Some("write in_segment('…')"));
            return None;
        }
        if self.names.schema.has_event(event) {
            return Some(());
        }
        let events = self.names.schema.events().keys().map(|name| &**name);
        let lost = Lost::unknown("event", event, events.filter(|name| *name != "*"));
        if !self.names.schema.is_open() {
            self.lost(span, &lost);
            return None;
        }
        let warning = Diagnostic::new(self.text, span, lost.message);
        self.warnings.push(match lost.help {
            Some(help) => warning.with_help(help),
            None => warning,
        });
        Some(())
    }

    fn since(&mut self, since: &Expr) -> Option<Stretch> {
        let mut any = None;
        let (term, ty) = self.term(since, Scope::default(), &mut any)?;
        if any.is_some() || !ty.base.is(Base::Instant) {
            let what = if any.is_some() { "a list" } else { ty.base.describe() };
            let message = format!("`since` needs an instant, this is {what}");
            self.fault(since.span(), message, Some("for a stretch of time write `over 90 days`"));
            return None;
        }
        Some(Stretch::Since(term))
    }

    fn figure_type(&mut self, aggregate: &Aggregate, found: &FoundSeries<'_>) -> Option<Type> {
        let span = aggregate.series().span;
        let (function, name) = (aggregate.function(), aggregate.function().name());
        let whole = matches!(found.entries, Entries::Events);
        let Some(value) = &found.value else {
            return match function {
                Function::Count if aggregate.is_distinct() => {
                    self.fault(span, "`distinct` needs a field to tell them apart by", None);
                    None
                }
                Function::Count => Some(Base::Number.plain()),
                Function::First | Function::Last if whole => Some(Base::Instant.plain()),
                _ => {
                    let help = format!("write {}.field", aggregate.series());
                    self.fault(span, format!("`{name}` needs a field"), Some(&help));
                    None
                }
            };
        };
        let mut ty = value.clone();
        let adds =
            matches!(function, Function::Avg | Function::Max | Function::Min | Function::Sum);
        if let Some(currency) = &found.currency {
            let code = resolve::fixed_currency(aggregate.filter(), currency);
            if code.is_none() && adds {
                let currency = resolve::joined(currency);
                let help = match aggregate.filter() {
                    Some(_) => format!("join `{currency} = 'EUR'` to the filter by AND"),
                    None => format!("add `where {currency} = 'EUR'`"),
                };
                let message = format!("`{name}` of amounts in different currencies");
                self.fault(span, message, Some(&help));
                return None;
            }
            ty.currency = Some(code.map_or(Currency::Open, Currency::Code));
        }
        let aggregated = ty.aggregated(function);
        self.settle(span, aggregated)
    }
}

fn all<const N: usize>(parts: [Option<(Term, Type)>; N]) -> Option<[(Term, Type); N]> {
    let parts: Option<Vec<(Term, Type)>> = parts.into_iter().collect();
    parts?.try_into().ok()
}

impl Literal {
    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }
}
