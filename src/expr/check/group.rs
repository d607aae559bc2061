//! Groups: each aggregate in one has the field, and nothing hides an aggregate.

use std::sync::Arc;

use super::{Checker, Found, Lost, Scope};
use crate::error::{Span, nearest};
use crate::expr::plan::{self, By, Figure, Source, Stretch, Term};
use crate::expr::typing::{Base, Type};
use crate::expr::{Expr, Function, Series, resolve};
use crate::schema::{EventShape, Shape};

/// The group that a part of a rule stands in.
pub(super) struct Grouping {
    by: Vec<Arc<str>>,
    /// The kind of the field, as far as aggregates told it.
    ty: Type,
    entries: Vec<Figure>,
}

impl Checker<'_> {
    pub(super) fn group(
        &mut self,
        by: &[Arc<str>],
        rule: &Expr,
        expr: &Expr,
    ) -> Option<(Term, Type)> {
        if self.group.is_some() {
            let help = "give each its own, joined by AND or OR";
            self.fault(expr.span(), "a group stands within another", Some(help));
            return None;
        }
        let ty = Base::Null.plain();
        self.group = Some(Grouping { by: by.to_vec(), ty, entries: Vec::new() });
        let cond = self.condition(rule, Scope::default());
        let Grouping { entries, .. } = self.group.take()?;
        let (cond, by) = (cond?, resolve::joined(by));
        if entries.is_empty() {
            let help = format!("write count(…) of events that have `{by}`");
            self.fault(expr.span(), "a group needs an aggregate", Some(&help));
            return None;
        }
        let group = plan::Group { by: by.into(), entries, cond };
        Some((Term::Group(Box::new(group)), Base::Boolean.plain()))
    }

    /// Where the entries of a series have the field of the group that they stand in.
    pub(super) fn by(&mut self, series: &Series, scope: Scope<'_>) -> Option<By> {
        let Grouping { by, ty, .. } = self.group.as_ref()?;
        let found = match resolve::find(&self.names.schema, scope, by) {
            Ok(Some(found)) if found.from != Source::Attribute => Ok(found),
            Ok(_) => Err(self.without(by, series, scope)),
            Err(lost) => Err(lost),
        };
        let unified = found.map(|found| (ty.unify(&found.ty, "group"), found));
        let (unified, Found { from, path, any, .. }) =
            unified.map_err(|lost| self.lost(series.span, &lost)).ok()?;
        if any.is_some() {
            let help = "let the aggregate go through the list";
            self.fault(series.span, "the field leads through a list", Some(help));
            return None;
        }
        let ty = self.settle(series.span, unified)?;
        self.group.iter_mut().for_each(|group| group.ty = ty.clone());
        Some(By { from, path })
    }

    /// Of a figure in a group, the entries: what the group has values of, whatever the window.
    pub(super) fn grouped(&mut self, figure: &Figure) {
        if let Some(group) = &mut self.group {
            let (function, window) = (Function::Count, Stretch::Always);
            group.entries.push(Figure { function, distinct: false, window, ..figure.clone() });
        }
    }

    /// Refuses what is defined elsewhere and has aggregates, which no group reaches.
    pub(super) fn ungrouped(&mut self, what: &str, span: Span, figures: bool) -> Option<()> {
        if self.group.is_none() || !figures {
            return Some(());
        }
        let message = format!("{what} has aggregates that the group does not reach");
        self.fault(span, message, Some("write them out in the group, or ask outside of it"));
        None
    }

    fn without(&self, by: &[Arc<str>], series: &Series, scope: Scope<'_>) -> Lost {
        let schema = &self.names.schema;
        let first = by.first().map_or("", |first| first);
        let event = series.event().map(|event| &**event);
        let lists = event.and_then(|event| schema.events().get(event));
        let list = lists.into_iter().flat_map(EventShape::fields).find(|(_, field)| {
            matches!(field.shape(), Shape::ObjectList(fields) if fields.contains_key(first))
        });
        let mut known = resolve::known(schema, scope);
        known.retain(|name| !schema.attributes().contains_key(*name));
        let help = match (list, nearest(first, known)) {
            (Some((list, _)), _) => Some(format!("an element has it: write {series}.{list}")),
            (None, near) => near.map(|near| format!("did you mean `{near}`?")),
        };
        Lost { message: format!("entries of {series} have no `{}`", resolve::joined(by)), help }
    }
}
