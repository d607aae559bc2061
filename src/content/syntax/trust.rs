//! Who wrote a template, and what that allows.

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, Filter, ForLoop, Stmt, UnaryOpKind};

use super::names::is_one_of;
use super::{Finding, Severity, span, tell};
use crate::error::Span;

/// Who wrote a template, and so how much of the language it may use and how far it may go.
///
/// | | staff | untrusted |
/// | --- | --- | --- |
/// | source | 1 MiB | 64 KiB |
/// | output of a part | 1 MiB | 256 KiB |
/// | steps | 100,000 | 10,000 |
/// | language | all but what reaches other templates | printing, `if`, `for` over a name |
///
/// A long mail is 100 KB and takes 300 steps: Gmail shows no more of it. What is ten times as long is
/// a fault and not a mail, whoever wrote it. [The chapter on templates](crate::guide::templates) has
/// the whole language of untrusted ones, and what stops each known way of using up a host.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Trust {
    /// Somebody of the team: mistakes are stopped. The default, since templates are kept in Git and
    /// read by others before they are used.
    #[default]
    Staff,
    /// Anybody, such as a customer of the host: malice is stopped too.
    Untrusted,
}

impl Trust {
    /// The longest source, in bytes.
    pub(super) const fn longest_source(self) -> usize {
        match self {
            Self::Staff => 1 << 20,
            Self::Untrusted => 64 << 10,
        }
    }

    /// The most that a part may come to, in bytes.
    pub(in super::super) const fn longest_output(self) -> usize {
        match self {
            Self::Staff => 1 << 20,
            Self::Untrusted => 256 << 10,
        }
    }

    /// How many steps rendering may take.
    pub(in super::super) const fn fuel(self) -> u64 {
        match self {
            Self::Staff => 100_000,
            Self::Untrusted => 10_000,
        }
    }
}

/// How deep loops may stand within one another: a list, and a list in each of its elements.
const LOOPS: usize = 2;

/// How many filters may follow one another. One may make a text three times as long, never longer
/// by a factor that the template chooses.
const CHAIN: usize = 4;

/// The filters of untrusted templates: what comes out is as long as what went in, but for a factor.
const FILTERS: &str = "\
    abs capitalize count d date default first fixed int last length lower money number plural \
    round title trim upper urlencode";

/// The tests of untrusted templates.
const TESTS: &str = "\
    defined divisibleby endingwith even false none number odd startingwith string true undefined";

/// What an untrusted template may not use and does.
pub(super) fn refused(source: &str, root: &Stmt<'_>) -> Vec<Finding> {
    let mut reader = Reader { source, loops: 0, findings: Vec::new() };
    if let Stmt::Template(template) = root {
        reader.block(&template.children);
    }
    reader.findings
}

struct Reader<'s> {
    source: &'s str,
    /// How many loops are around.
    loops: usize,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn refuse(&mut self, place: Span, what: &str) {
        let message = format!("an untrusted template cannot use {what}");
        let help = "it prints, asks by `if`, and goes through lists by `for`".to_owned();
        let code = ("untrusted", Severity::Error);
        tell(&mut self.findings, self.source, place, code, (message, Some(help)));
    }

    fn block(&mut self, statements: &[Stmt<'_>]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(emit) => self.expr(&emit.expr),
            Stmt::IfCond(condition) => {
                self.expr(&condition.expr);
                self.block(&condition.true_body);
                self.block(&condition.false_body);
            }
            Stmt::ForLoop(each) => self.each(each, span(each.span())),
            other => {
                let place = super::walk::place(other);
                let word = self.source.get(place.start..).unwrap_or_default();
                let word = word.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                self.refuse(Span::new(place.start, place.start + word.len()), &format!("`{word}`"));
            }
        }
    }

    fn each(&mut self, each: &ForLoop<'_>, place: Span) {
        let place = Span::new(place.start, place.start + "for".len());
        if each.recursive {
            self.refuse(place, "a recursive loop");
        }
        if self.loops >= LOOPS {
            self.refuse(place, &format!("more than {LOOPS} loops within one another"));
        }
        if !is_name(&each.iter) {
            self.refuse(span(each.iter.span()), "a loop over anything but a name");
        }
        each.filter_expr.iter().for_each(|filter| self.expr(filter));
        self.loops += 1;
        self.block(&each.body);
        self.loops -= 1;
        self.block(&each.else_body);
    }

    fn expr(&mut self, expr: &Expr<'_>) {
        match expr {
            Expr::Const(_) | Expr::Var(_) => {}
            Expr::GetAttr(attribute) => self.expr(&attribute.expr),
            Expr::GetItem(item) if matches!(item.subscript_expr, Expr::Const(_)) => {
                self.expr(&item.expr);
            }
            Expr::UnaryOp(of) if matches!(of.op, UnaryOpKind::Not) => self.expr(&of.expr),
            Expr::UnaryOp(of) if matches!(of.expr, Expr::Const(_)) => {}
            Expr::BinOp(both) if compares(both.op) => {
                self.expr(&both.left);
                self.expr(&both.right);
            }
            Expr::Compare(chain) => {
                self.expr(&chain.expr);
                chain.ops.iter().for_each(|op| self.expr(&op.expr));
            }
            Expr::IfExpr(choice) => {
                let parts = [&choice.test_expr, &choice.true_expr].into_iter();
                parts.chain(&choice.false_expr).for_each(|part| self.expr(part));
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.constant(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.constant(item)),
            Expr::Filter(filter) => self.filter(filter, span(filter.span())),
            Expr::Test(test) => {
                if !is_one_of(test.name, TESTS) {
                    self.refuse(span(test.span()), &format!("the test `{}`", test.name));
                }
                self.expr(&test.expr);
                self.arguments(&test.args);
            }
            Expr::BinOp(_) => self.refuse(span(expr.span()), "arithmetic"),
            other => self.refuse(span(other.span()), &article(other.description())),
        }
    }

    fn filter(&mut self, filter: &Filter<'_>, place: Span) {
        if !is_one_of(filter.name, FILTERS) {
            self.refuse(place, &format!("the filter `{}`", filter.name));
        }
        let (mut before, mut chain) = (&filter.expr, 1);
        while let Some(Expr::Filter(filter)) = before {
            (before, chain) = (&filter.expr, chain + 1);
        }
        if chain > CHAIN {
            self.refuse(place, &format!("more than {CHAIN} filters in a row"));
        }
        filter.expr.iter().for_each(|input| self.expr(input));
        self.arguments(&filter.args);
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(value) | CallArg::Kwarg(_, value) => self.expr(value),
                CallArg::PosSplat(value) | CallArg::KwargSplat(value) => {
                    self.refuse(span(value.span()), "a list of arguments");
                }
            }
        }
    }

    fn constant(&mut self, item: &Expr<'_>) {
        if !matches!(item, Expr::Const(_)) {
            self.refuse(span(item.span()), "anything but texts and numbers in a list");
        }
    }
}

/// Whether an expression is a name, or a field below one.
fn is_name(expr: &Expr<'_>) -> bool {
    match expr {
        Expr::Var(_) => true,
        Expr::GetAttr(attribute) => is_name(&attribute.expr),
        _ => false,
    }
}

/// `a call`, `an expression`.
fn article(what: &str) -> String {
    let article = if what.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {what}")
}

/// Whether an operator compares, or joins what was compared.
fn compares(op: BinOpKind) -> bool {
    use BinOpKind::{Eq, Gt, Gte, In, Lt, Lte, Ne, ScAnd, ScOr};
    matches!(op, Eq | Gt | Gte | In | Lt | Lte | Ne | ScAnd | ScOr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::syntax::{Scope, Tree};

    fn messages(source: &str) -> Vec<String> {
        let scope = Scope::UNKNOWN.by(Trust::Untrusted);
        let tree = Tree::read(source, Trust::Untrusted);
        let findings = tree.map_or_else(|found| found, |tree| tree.check(&scope));
        findings.into_iter().map(|finding| finding.fault.message).collect()
    }

    #[test]
    fn what_prints_asks_and_goes_through_lists_is_allowed() {
        for source in [
            "{{ profile.name | default('you') | title }}, {# hidden #}{% raw %}{{ 1 + 1 }}{% endraw %}",
            "{% if profile.visits >= 3 and not segments.vip or profile.city in ['Ulm', 'Bonn'] %}a{% elif given.a is defined %}b{% else %}c{% endif %}",
            "{% for line in given.order.lines if line.price > 2 %}{{ loop.index }} {{ line.title }}{% for tag in line.tags %}{{ tag }}{% endfor %}{% else %}-{% endfor %}",
            "{{ 'a' if segments.vip else 'b' }} {{ given.list[0] }} {{ 1 < profile.visits < -3 }}",
            "{{ profile.city or 'Ulm' }} {{ profile.visits | fixed(2) }} {{ profile.city | urlencode }}",
        ] {
            assert_eq!(messages(source), [""; 0], "{source}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for (source, expected) in [
            ("{{ 'a' * 100000000 }}", "arithmetic"),
            ("{{ 2 ** 1000 }}", "arithmetic"),
            ("{{ profile.a ~ profile.a }}", "arithmetic"),
            ("{{ -profile.visits }}", "an expression"),
            ("{% set a = 1 %}", "`set`"),
            ("{% with a = 1 %}{% endwith %}", "`with`"),
            ("{% macro a() %}{% endmacro %}", "`macro`"),
            ("{% filter upper %}{% endfilter %}", "`filter`"),
            ("{% autoescape false %}{% endautoescape %}", "`autoescape`"),
            ("{% include 'a' %}", "`include`"),
            ("{% call a() %}{% endcall %}", "`call`"),
            ("{% do a() %}", "`do`"),
            ("{{ range(9) }}", "a call"),
            ("{{ loop.cycle(1) }}", "a call"),
            ("{% for a in [1, 2] %}{% endfor %}", "a loop over anything but a name"),
            ("{% for a in 'text' %}{% endfor %}", "a loop over anything but a name"),
            ("{% for a in given.a | list %}{% endfor %}", "a loop over anything but a name"),
            ("{% for a in given.a recursive %}{% endfor %}", "a recursive loop"),
            ("{{ {'a': 1} }}", "a map literal"),
            ("{{ [given.a, given.b] }}", "anything but texts and numbers in a list"),
            ("{{ given.a[1:2] }}", "an expression"),
            ("{{ given.a[given.b] }}", "an expression"),
            ("{{ given.a | replace('a', 'b') }}", "the filter `replace`"),
            ("{{ given.a | safe }}", "the filter `safe`"),
            (
                "{{ given.a | lower | upper | lower | upper | lower }}",
                "more than 4 filters in a row",
            ),
            ("{{ given.a is filter }}", "the test `filter`"),
        ] {
            let found = messages(source);
            let expected = format!("an untrusted template cannot use {expected}");
            assert!(found.contains(&expected), "{source} {found:?}");
        }
        let nested = "{% for a in given.a %}{% for b in a %}{% for c in b %}{% endfor %}{% endfor %}{% endfor %}";
        assert_eq!(messages(nested).len(), 1);
    }
}
