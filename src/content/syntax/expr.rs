//! What expressions come to, and what is wrong in them.

use minijinja::machinery::ast::{
    BinOp, BinOpKind, Call, CallArg, Const, Expr, Filter, Spanned, Test, UnaryOpKind,
};
use minijinja::value::ValueKind;

use super::super::fault::is_path;
use super::super::filter;
use super::super::vocabulary::{Form, Known, Vocabulary};
use super::names::{self, is_one_of};
use super::walk::{Seen, Walker};
use super::{Severity, Trust, span};
use crate::error::{Span, nearest};
use crate::schema::Sensitivity;
use crate::value::Kind;

impl<'s> Walker<'_, 's> {
    /// Reads an expression whose value has to be there.
    pub(super) fn used(&mut self, expr: &Expr<'s>) -> Seen {
        let seen = self.value(expr);
        self.need(&seen);
        seen
    }

    /// Reads an expression and what its value holds.
    pub(super) fn value(&mut self, expr: &Expr<'s>) -> Seen {
        let seen = self.named(expr);
        let exposed = seen.known.exposes();
        if exposed > self.scope.readable {
            let how = match exposed {
                Sensitivity::Special => "of a special category",
                _ => "personal",
            };
            let message = format!("`{}` is {how}, more than this purpose reads", self.shown(&seen));
            self.tell(seen.span, ("sensitivity", Severity::Error), message, None);
        }
        seen
    }

    /// Reads an expression; a name is not yet made use of.
    pub(super) fn named(&mut self, expr: &Expr<'s>) -> Seen {
        let place = span(expr.span());
        match expr {
            Expr::Var(name) => {
                let seen = self.variable(name.id, place);
                self.check_blocks(&seen);
                seen
            }
            Expr::GetAttr(_) | Expr::GetItem(_) => self.below(expr),
            Expr::Filter(filter) => self.filtered(filter, place),
            Expr::Test(test) => {
                self.tested(test);
                seen(Known::scalar(Kind::Boolean), place)
            }
            Expr::Call(call) => self.call(call),
            _ => {
                let known = self.made(expr);
                seen(known, place)
            }
        }
    }

    /// What an expression makes that has no name.
    fn made(&mut self, expr: &Expr<'s>) -> Known {
        match expr {
            Expr::Const(constant) => of_constant(constant),
            Expr::UnaryOp(of) if matches!(of.op, UnaryOpKind::Neg) => {
                self.used(&of.expr);
                Known::scalar(Kind::Number)
            }
            Expr::UnaryOp(_) => self.judged(expr).0,
            Expr::BinOp(both) if matches!(both.op, BinOpKind::ScAnd | BinOpKind::ScOr) => {
                self.judged(expr).0
            }
            Expr::BinOp(both) => self.both(both),
            Expr::Compare(chain) => {
                self.used(&chain.expr);
                chain.ops.iter().for_each(|op| drop(self.used(&op.expr)));
                Known::scalar(Kind::Boolean)
            }
            Expr::IfExpr(choice) => {
                let guard = self.condition(&choice.test_expr);
                let then = self.within(&guard.holds, |walker| walker.judged(&choice.true_expr).0);
                let Some(otherwise) = &choice.false_expr else { return then.or_missing() };
                then.either(&self.within(&guard.fails, |walker| walker.judged(otherwise).0))
            }
            Expr::Slice(slice) => {
                let of = self.used(&slice.expr).known;
                let ends = [&slice.start, &slice.stop, &slice.step];
                ends.into_iter().flatten().for_each(|end| drop(self.used(end)));
                of.present()
            }
            Expr::List(list) => self.elements(&list.items),
            Expr::Tuple(tuple) => self.elements(&tuple.items),
            Expr::Map(map) => {
                map.keys.iter().chain(&map.values).for_each(|part| drop(self.used(part)));
                Known::any()
            }
            _ => Known::any(),
        }
    }

    fn elements(&mut self, items: &[Expr<'s>]) -> Known {
        let known = items.iter().map(|item| self.used(item).known.present());
        let all: Vec<Known> = known.collect();
        all.into_iter().reduce(|one, other| one.either(&other)).map_or_else(Known::any, Known::list)
    }

    fn both(&mut self, both: &BinOp<'s>) -> Known {
        self.used(&both.left);
        self.used(&both.right);
        match both.op {
            BinOpKind::Add
            | BinOpKind::Div
            | BinOpKind::FloorDiv
            | BinOpKind::Mul
            | BinOpKind::Pow
            | BinOpKind::Rem
            | BinOpKind::Sub => Known::any(),
            BinOpKind::Concat => Known::scalar(Kind::Text),
            _ => Known::scalar(Kind::Boolean),
        }
    }

    fn variable(&mut self, name: &'s str, place: Span) -> Seen {
        if let Some(local) = self.state.locals.get(name) {
            let (known, path) = (local.known.clone(), Some(local.path.clone()));
            return Seen { known, path, span: place };
        }
        self.reads.entry(name).or_default();
        let known = match self.scope.vocabulary {
            None => Known::any(),
            Some(vocabulary) => match vocabulary.root(name) {
                Some(known) => known.clone(),
                None if self.is_function(name) => Known::any(),
                None => {
                    self.unknown_variable(name, place);
                    Known::any()
                }
            },
        };
        Seen { known, path: Some(name.to_owned()), span: place }
    }

    fn is_function(&self, name: &str) -> bool {
        self.scope.trust == Trust::Staff && is_one_of(name, names::FUNCTIONS)
    }

    fn unknown_variable(&mut self, name: &str, place: Span) {
        let roots = || self.scope.vocabulary.into_iter().flat_map(Vocabulary::roots);
        let help = match nearest(name, roots()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", roots().collect::<Vec<_>>().join(", ")),
        };
        let message = format!("there is no variable `{name}`");
        self.tell(place, ("unknown-variable", Severity::Error), message, Some(help));
    }

    /// Reads a field or an element of something.
    fn below(&mut self, expr: &Expr<'s>) -> Seen {
        match expr {
            Expr::Var(name) => self.variable(name.id, span(name.span())),
            Expr::GetAttr(attribute) => {
                let of = self.below(&attribute.expr);
                self.need(&of);
                let end = span(attribute.span()).end;
                self.field(&of, attribute.name, Span::new(of.span.start, end))
            }
            Expr::GetItem(item) => {
                let of = self.below(&item.expr);
                self.need(&of);
                let place = Span::new(of.span.start, span(item.span()).end);
                let key = match &item.subscript_expr {
                    Expr::Const(key) => {
                        key.value.as_str().and_then(|key| self.borrowed(place, key))
                    }
                    dynamic => {
                        self.used(dynamic);
                        None
                    }
                };
                match key {
                    Some(key) => self.bracketed(&of, key, place),
                    None => self.element(&of, place),
                }
            }
            _ => self.value(expr),
        }
    }

    /// A text of the source that a constant was made of; `None` where it was written otherwise.
    fn borrowed(&self, place: Span, key: &str) -> Option<&'s str> {
        let text = self.text(place);
        let at = text.rfind(key)?;
        text.get(at..at + key.len())
    }

    /// `of["name"]`
    fn bracketed(&mut self, of: &Seen, key: &'s str, place: Span) -> Seen {
        let root = of.path.as_deref().filter(|path| is_one_of(path, names::ROOTS));
        if let Some(root) = root
            && is_name(key)
        {
            let message = format!("`{key}` stands in brackets");
            let help = Some(format!("write `{root}.{key}`"));
            self.tell(of.span, ("bracketed-name", Severity::Error), message, help);
            return seen(Known::any(), place);
        }
        self.field(of, key, place)
    }

    /// A field of a value.
    fn field(&mut self, of: &Seen, name: &'s str, place: Span) -> Seen {
        if let Some(below) = of.path.as_deref().and_then(|root| self.reads.get_mut(root)) {
            below.insert(name);
        }
        let known = match &of.known.form {
            Form::Any => Some(Known::any()),
            Form::Object(fields) => fields.get(name).cloned(),
            Form::List(_) | Form::Scalar(_) => None,
        };
        let known = known.unwrap_or_else(|| {
            self.no_field(of, name, place);
            Known::any()
        });
        let sensitivity = known.sensitivity.max(of.known.sensitivity);
        let path = of.path.as_ref().map(|path| format!("{path}.{name}"));
        Seen { known: Known { sensitivity, ..known }, path, span: place }
    }

    fn no_field(&mut self, of: &Seen, name: &str, place: Span) {
        let (what, help) = match &of.known.form {
            Form::Object(fields) => {
                let near = nearest(name, fields.keys().map(|field| &**field));
                (String::new(), near.map(|near| format!("did you mean `{near}`?")))
            }
            form => (format!(", which is {form}"), None),
        };
        let message = format!("there is no `{name}` in `{}`{what}", self.shown(of));
        self.tell(place, ("unknown-field", Severity::Error), message, help);
    }

    /// Which blocks there are to render has to be known beforehand.
    fn check_blocks(&mut self, seen: &Seen) {
        let vocabulary = self.scope.vocabulary;
        let held = vocabulary.is_some_and(|vocabulary| vocabulary.root("blocks").is_some());
        if held && seen.path.as_deref() == Some("blocks") {
            let message = "blocks are read by their names: `blocks.NAME`".to_owned();
            self.tell(seen.span, ("block-without-name", Severity::Error), message, None);
        }
    }

    /// An element, or a field whose name is not known here.
    fn element(&mut self, of: &Seen, place: Span) -> Seen {
        self.check_blocks(of);
        let known = match &of.known.form {
            Form::Any => Known::any(),
            Form::List(element) => Known::clone(element).or_missing(),
            Form::Object(_) | Form::Scalar(_) => Known::any().or_missing(),
        };
        let sensitivity = known.sensitivity.max(of.known.exposes());
        seen(Known { sensitivity, ..known }, place)
    }

    fn filtered(&mut self, filter: &Filter<'s>, place: Span) -> Seen {
        let input = match &filter.expr {
            Some(input) => self.value(input),
            None => seen(Known::scalar(Kind::Text), place),
        };
        let word = Span::new(place.start, place.start + filter.name.len());
        self.check_name("filter", filter.name, word);
        self.check_named_argument(filter);
        let place = input.span.to(place);
        if names::is_default(filter.name) {
            let known = self.defaulted(&input, &filter.args);
            return seen(known, place);
        }
        self.need(&input);
        self.arguments(&filter.args);
        let known = names::filtered(filter.name, &input.known);
        let sensitivity = known.sensitivity.max(input.known.exposes());
        seen(Known { sensitivity, ..known }, place)
    }

    /// What `input | default(…)` comes to.
    fn defaulted(&mut self, input: &Seen, arguments: &[CallArg<'s>]) -> Known {
        let there = input.known.clone().present();
        let Some((CallArg::Pos(first), rest)) = arguments.split_first() else { return there };
        let instead = self.judged(first).0;
        self.arguments(rest);
        match first {
            Expr::List(list) if list.items.is_empty() => there,
            _ => there.either(&instead),
        }
    }

    /// Reads what a test is asked of, which may be missing.
    pub(super) fn tested(&mut self, test: &Spanned<Test<'s>>) -> Seen {
        let input = self.value(&test.expr);
        let at = span(test.span()).start;
        self.check_name("test", test.name, Span::new(at, at + test.name.len()));
        if matches!(test.name, "endingwith" | "in" | "startingwith") {
            self.need(&input);
        }
        self.arguments(&test.args);
        input
    }

    pub(super) fn call(&mut self, call: &Spanned<Call<'s>>) -> Seen {
        let place = span(call.span());
        match &call.expr {
            Expr::GetAttr(method) => {
                let end = span(method.span()).end;
                let word = Span::new(end.saturating_sub(method.name.len()), end);
                match (&method.expr, method.name) {
                    (Expr::Var(of), "changed") if of.id == "loop" => {}
                    (Expr::Var(of), "cycle") if of.id == "loop" => self.check_cycle(call, word),
                    _ => self.no_method(method.name, word),
                }
                self.named(&method.expr);
            }
            function => drop(self.named(function)),
        }
        self.arguments(&call.args);
        seen(Known::any(), place)
    }

    /// The engine divides by the number of things to choose from.
    fn check_cycle(&mut self, call: &Call<'s>, word: Span) {
        if !matches!(call.args.first(), Some(CallArg::Pos(_))) {
            let message = "`loop.cycle` needs something to choose from".to_owned();
            self.tell(word, ("empty-cycle", Severity::Error), message, None);
        }
    }

    fn no_method(&mut self, name: &str, word: Span) {
        let help =
            is_one_of(name, names::FILTERS).then(|| format!("is the filter `| {name}` meant?"));
        let message = format!("there is no method `{name}`");
        self.tell(word, ("unknown-method", Severity::Error), message, help);
    }

    fn arguments(&mut self, arguments: &[CallArg<'s>]) {
        arguments.iter().for_each(|argument| match argument {
            CallArg::Kwarg(_, value)
            | CallArg::KwargSplat(value)
            | CallArg::Pos(value)
            | CallArg::PosSplat(value) => drop(self.used(value)),
        });
    }

    /// A filter or test that a filter is given by its name, as in `map("upper")`.
    fn check_named_argument(&mut self, filter: &Filter<'s>) {
        let Some((index, sort)) = names::named_argument(filter.name) else { return };
        if let Some(CallArg::Pos(Expr::Const(name))) = filter.args.get(index)
            && let Some(text) = name.value.as_str()
        {
            self.check_name(sort, text, span(name.span()));
        }
    }

    fn check_name(&mut self, sort: &str, name: &str, place: Span) {
        let (known, code) = match sort {
            "filter" => (names::FILTERS, "unknown-filter"),
            _ => (names::TESTS, "unknown-test"),
        };
        let (message, help) = if sort == "filter" && is_one_of(name, filter::MISSING) {
            let help = "build `bespoke` with the feature `locale`".to_owned();
            (format!("the filter `{name}` is not built in"), Some(help))
        } else if is_one_of(name, known) || is_one_of(name, names::INTERNAL) {
            return;
        } else {
            let near = nearest(name, known.split(' '));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            (format!("there is no {sort} `{name}`"), help)
        };
        self.tell(place, (code, Severity::Error), message, help);
    }

    /// What a value is called in a message.
    fn shown(&self, seen: &Seen) -> &'s str {
        let text = self.text(seen.span);
        if is_path(text) { text } else { "it" }
    }
}

/// A value without a name.
fn seen(known: Known, span: Span) -> Seen {
    Seen { known, path: None, span }
}

fn of_constant(constant: &Const) -> Known {
    match constant.value.kind() {
        ValueKind::Bool => Known::scalar(Kind::Boolean),
        ValueKind::Number => Known::scalar(Kind::Number),
        ValueKind::String => Known::scalar(Kind::Text),
        ValueKind::None | ValueKind::Undefined => Known::any().or_missing(),
        _ => Known::any(),
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}
