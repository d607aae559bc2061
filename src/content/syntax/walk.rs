//! The walk over a template's statements, with what is known at each place.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::machinery::ast::{Expr, ForLoop, IfCond, Macro, Stmt};

use super::super::vocabulary::Known;
use super::names::loop_object;
use super::{Finding, Scope, Severity, span, tell};
use crate::error::Span;
use crate::value::Kind;

/// A name with the names of fields below it, such as `profile.city`: the same path has the same
/// value wherever it stands.
///
/// What a template sets has a path of its own, which begins with a number.
pub(super) type Path = String;

/// What was found on the way, and what is known at the place where it is.
pub(super) struct Walker<'t, 's> {
    pub(super) source: &'s str,
    pub(super) scope: Scope<'t>,
    pub(super) state: State<'s>,
    /// How many names the template has set so far.
    set: usize,
    pub(super) findings: Vec<Finding>,
    pub(super) reads: BTreeMap<&'s str, BTreeSet<&'s str>>,
}

/// What is known at a place.
#[derive(Clone, Default)]
pub(super) struct State<'s> {
    pub(super) locals: BTreeMap<&'s str, Local>,
    /// What is not missing here, whatever the vocabulary says.
    pub(super) present: BTreeSet<Path>,
}

/// A name that the template has set.
#[derive(Clone)]
pub(super) struct Local {
    pub(super) known: Known,
    pub(super) path: Path,
}

/// A value that was come to.
pub(super) struct Seen {
    pub(super) known: Known,
    /// Its path, if it has one.
    pub(super) path: Option<Path>,
    pub(super) span: Span,
}

impl<'t, 's> Walker<'t, 's> {
    pub(super) fn new(source: &'s str, scope: Scope<'t>) -> Self {
        let (state, findings, reads) = (State::default(), Vec::new(), BTreeMap::new());
        Self { source, scope, state, set: 0, findings, reads }
    }

    /// The same walker, come to the end.
    pub(super) fn walk(mut self, root: &Stmt<'s>) -> Self {
        self.statement(root);
        self
    }

    fn block(&mut self, statements: &[Stmt<'s>]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Stmt<'s>) {
        match statement {
            Stmt::Template(template) => self.block(&template.children),
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(emit) => drop(self.used(&emit.expr)),
            Stmt::IfCond(condition) => self.branches(condition),
            Stmt::ForLoop(each) => self.each(each),
            Stmt::WithBlock(with) => {
                let locals = self.state.locals.clone();
                with.assignments.iter().for_each(|(target, value)| self.assign(target, value));
                self.block(&with.body);
                self.state.locals = locals;
            }
            Stmt::Set(set) => self.assign(&set.target, &set.expr),
            Stmt::SetBlock(set) => {
                self.block(&set.body);
                let filtered = set.filter.as_ref().map(|filter| self.value(filter).known);
                let held = filtered.unwrap_or_else(|| Known::scalar(Kind::Text));
                self.bind(&set.target, held, None);
            }
            Stmt::AutoEscape(escape) => {
                self.value(&escape.enabled);
                self.block(&escape.body);
            }
            Stmt::FilterBlock(filter) => {
                self.value(&filter.filter);
                self.block(&filter.body);
            }
            Stmt::Macro(declared) => {
                self.name(declared.name, Known::any(), None);
                self.body(declared);
            }
            Stmt::CallBlock(call) => {
                self.call(&call.call);
                self.body(&call.macro_decl);
            }
            Stmt::Do(statement) => drop(self.call(&statement.call)),
            // What takes from other templates, or from whatever the engine was built with besides.
            _ => self.stands_alone(place(statement)),
        }
    }

    fn branches(&mut self, condition: &IfCond<'s>) {
        let guard = self.condition(&condition.expr);
        let otherwise = self.state.clone();
        self.state.present.extend(guard.holds);
        self.block(&condition.true_body);
        let then = std::mem::replace(&mut self.state, otherwise);
        self.state.present.extend(guard.fails);
        self.block(&condition.false_body);
        self.join(then);
    }

    /// What is known where two ways meet.
    fn join(&mut self, other: State<'s>) {
        self.state.present.retain(|path| other.present.contains(path));
        let (own, mut theirs) = (std::mem::take(&mut self.state.locals), other.locals);
        for (name, local) in own {
            match theirs.remove(name) {
                Some(other) if other.path == local.path => {
                    self.state.locals.insert(name, local);
                }
                // Which of the two it is depends on the way, so it is at neither's path.
                Some(other) => self.name(name, local.known.either(&other.known), None),
                None => self.name(name, local.known.or_missing(), None),
            }
        }
        theirs.into_iter().for_each(|(name, local)| {
            self.name(name, local.known.or_missing(), None);
        });
    }

    fn each(&mut self, each: &ForLoop<'s>) {
        let list = self.named(&each.iter);
        self.need(&list);
        let outside = self.state.clone();
        let element = if each.recursive { Known::any() } else { list.known.element() };
        self.bind(&each.target, element, None);
        if let Some(filter) = &each.filter_expr {
            let guard = self.condition(filter);
            self.state.present.extend(guard.holds);
        }
        self.name("loop", loop_object(), None);
        self.block(&each.body);
        self.state = outside.clone();
        self.block(&each.else_body);
        self.state = outside;
    }

    /// The body of a macro, in which whatever it is called with is there.
    fn body(&mut self, declared: &Macro<'s>) {
        let outside = self.state.clone();
        declared.defaults.iter().for_each(|default| drop(self.used(default)));
        self.name("caller", Known::any(), None);
        declared.args.iter().for_each(|argument| self.bind(argument, Known::any(), None));
        self.block(&declared.body);
        self.state = outside;
    }

    fn assign(&mut self, target: &Expr<'s>, value: &Expr<'s>) {
        let seen = self.named(value);
        let nullable = seen.known.nullable && !self.is_present(&seen);
        self.bind(target, Known { nullable, ..seen.known }, seen.path);
    }

    /// Binds a name, or the names of a list, of whose elements nothing is known.
    fn bind(&mut self, target: &Expr<'s>, known: Known, path: Option<Path>) {
        match target {
            Expr::Var(name) => self.name(name.id, known, path),
            Expr::List(names) => {
                let element = Known { sensitivity: known.exposes(), ..Known::any() };
                let names = names.items.iter();
                names.for_each(|name| self.bind(name, element.clone(), None));
            }
            // A field of a namespace.
            other => drop(self.value(other)),
        }
    }

    /// Binds a name to what stands at a path, or to something new.
    fn name(&mut self, name: &'s str, known: Known, path: Option<Path>) {
        self.set += 1;
        let path = path.unwrap_or_else(|| format!("{} {name}", self.set));
        self.state.locals.insert(name, Local { known, path });
    }

    pub(super) fn is_present(&self, seen: &Seen) -> bool {
        seen.path.as_ref().is_some_and(|path| self.state.present.contains(path))
    }

    /// Whoever prints a value needs it: if it may be missing, that is told once on each way.
    pub(super) fn need(&mut self, seen: &Seen) {
        if !seen.known.nullable || self.is_present(seen) {
            return;
        }
        let (what, help) = match &seen.path {
            Some(_) => {
                let name = self.text(seen.span);
                let help = format!("add `| default(…)`, or ask `{{% if {name} %}}` before");
                (format!("`{name}`"), help)
            }
            None => ("this".to_owned(), "add `| default(…)` to go on without".to_owned()),
        };
        let code = ("may-be-missing", self.scope.missing);
        self.tell(seen.span, code, format!("{what} may be missing"), Some(help));
        self.state.present.extend(seen.path.clone());
    }

    fn stands_alone(&mut self, place: Span) {
        let word = self.text(place).split(|c: char| !c.is_alphanumeric()).next();
        let word = word.unwrap_or_default();
        let message = format!("a template stands alone, it cannot use `{word}`");
        let help = Some("what templates share is a block".to_owned());
        let place = Span::new(place.start, place.start + word.len());
        self.tell(place, ("stands-alone", Severity::Error), message, help);
    }

    pub(super) fn tell(
        &mut self,
        place: Span,
        code: (&'static str, Severity),
        message: String,
        help: Option<String>,
    ) {
        tell(&mut self.findings, self.source, place, code, (message, help));
    }

    pub(super) fn text(&self, span: Span) -> &'s str {
        self.source.get(span.start..span.end).unwrap_or_default()
    }
}

/// Where a statement stands, from its first word on.
pub(super) fn place(statement: &Stmt<'_>) -> Span {
    span(match statement {
        Stmt::AutoEscape(statement) => statement.span(),
        Stmt::Block(statement) => statement.span(),
        Stmt::CallBlock(statement) => statement.span(),
        Stmt::Do(statement) => statement.span(),
        Stmt::EmitExpr(statement) => statement.span(),
        Stmt::Extends(statement) => statement.span(),
        Stmt::FilterBlock(statement) => statement.span(),
        Stmt::ForLoop(statement) => statement.span(),
        Stmt::FromImport(statement) => statement.span(),
        Stmt::IfCond(statement) => statement.span(),
        Stmt::Import(statement) => statement.span(),
        Stmt::Include(statement) => statement.span(),
        Stmt::Macro(statement) => statement.span(),
        Stmt::Set(statement) => statement.span(),
        Stmt::SetBlock(statement) => statement.span(),
        Stmt::Template(statement) => statement.span(),
        Stmt::WithBlock(statement) => statement.span(),
        Stmt::EmitRaw(statement) => statement.span(),
        #[expect(unreachable_patterns, reason = "what the engine was built with besides")]
        _ => return Span::default(),
    })
}
