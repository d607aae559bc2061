//! The names that rules may use.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Expr;
use super::plan::{Cond, Term};
use super::typing::Type;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Field, Schema};
use crate::value::Kind;

/// The vocabulary that rules are checked against: the schema, and metrics and segments defined so
/// far. Traits, metrics and segments share one namespace.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub(super) schema: Arc<Schema>,
    pub(super) metrics: BTreeMap<Arc<str>, (Arc<Term>, Type)>,
    pub(super) segments: BTreeMap<Arc<str>, Arc<Cond>>,
    /// The metrics and segments as they were written.
    texts: BTreeMap<Arc<str>, Arc<str>>,
}

impl Names {
    /// The vocabulary of a schema.
    pub fn new(schema: Schema) -> Self {
        Self { schema: Arc::new(schema), ..Self::default() }
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Whether a trait, metric or segment has this name.
    pub fn contains(&self, name: &str) -> bool {
        self.schema.attributes().contains_key(name)
            || self.metrics.contains_key(name)
            || self.segments.contains_key(name)
    }

    /// Refuses a name that is empty or taken.
    pub(crate) fn free(&self, name: &str) -> Result<()> {
        if name.is_empty() {
            return Err(Error::new(ErrorKind::Definition, "a name needs some letters"));
        }
        if !self.contains(name) {
            return Ok(());
        }
        let detail = format!("the name `{name}` is taken by a trait, a metric or a segment");
        Err(Error::new(ErrorKind::Definition, detail))
    }

    pub(crate) fn add_metric(&mut self, name: Arc<str>, text: &Arc<str>, plan: (Arc<Term>, Type)) {
        self.texts.insert(Arc::clone(&name), Arc::clone(text));
        self.metrics.insert(name, plan);
    }

    pub(crate) fn add_segment(&mut self, name: Arc<str>, text: &Arc<str>, cond: Arc<Cond>) {
        self.texts.insert(Arc::clone(&name), Arc::clone(text));
        self.segments.insert(name, cond);
    }

    /// Adds a trait that is a number, unless there is one of this name that is.
    pub(crate) fn add_number(&mut self, name: &Arc<str>) -> Result<()> {
        let number = Field::from(Kind::Number);
        let Some(field) = self.schema.attributes().get(name) else {
            self.free(name)?;
            let schema = Arc::make_mut(&mut self.schema);
            *schema = std::mem::take(schema).attribute(Arc::clone(name), number);
            return Ok(());
        };
        if *field == number {
            return Ok(());
        }
        let detail = format!("the trait `{name}` is not declared as a public number");
        Err(Error::new(ErrorKind::Definition, detail))
    }

    /// The metrics and segments that these texts name, and those that they name in turn, each as it
    /// was written.
    pub(crate) fn named<'t>(
        &self,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> BTreeMap<Arc<str>, Arc<str>> {
        let mut named = BTreeMap::new();
        let read = |text: &str| Expr::parse(text).ok();
        let mut left: Vec<Expr> = texts.into_iter().filter_map(read).collect();
        while let Some(expr) = left.pop() {
            expr.for_each_name(&mut |name| {
                if let Some(text) = self.texts.get(name)
                    && named.insert(Arc::clone(name), Arc::clone(text)).is_none()
                {
                    left.extend(read(text));
                }
            });
        }
        named
    }
}
