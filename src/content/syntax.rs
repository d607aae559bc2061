//! The syntax of templates: what is wrong in a source, and where, without rendering it.
//!
//! The engine looks for a filter, a test or a name only when it comes to it, which may be in
//! somebody's mail. So the tree that it makes of a source is walked once, every branch of it, with
//! what is known of each name: whether there is one, whether it may be missing where it stands, and
//! how sensitive it is.

mod bounds;
mod expr;
mod guard;
mod names;
mod trust;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::machinery::ast::Stmt;
use minijinja::machinery::parse;
use minijinja::syntax::SyntaxConfig;

pub use trust::Trust;

use super::fault;
use super::vocabulary::Vocabulary;
use crate::error::{Diagnostic, Span};
use crate::lint::{Finding, Severity};
use crate::schema::Sensitivity;
use walk::Walker;

/// What a template is checked against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    /// What there is to read; nothing is said of names where that is not known yet.
    pub(crate) vocabulary: Option<&'a Vocabulary>,
    /// Up to which sensitivity the template's purpose reads.
    pub(crate) readable: Sensitivity,
    /// How bad it is to print what may be missing.
    pub(crate) missing: Severity,
    /// Who wrote it.
    pub(crate) trust: Trust,
}

impl<'a> Scope<'a> {
    /// Names that are not known yet, for a template of staff.
    pub(crate) const UNKNOWN: Self = Self {
        vocabulary: None,
        readable: Sensitivity::Personal,
        missing: Severity::Warning,
        trust: Trust::Staff,
    };

    /// The names that there are, for a template of staff.
    pub(crate) const fn of(vocabulary: &'a Vocabulary) -> Self {
        Self { vocabulary: Some(vocabulary), ..Self::UNKNOWN }
    }

    /// The same scope with other names.
    pub(crate) const fn with(self, vocabulary: &'a Vocabulary) -> Self {
        Self { vocabulary: Some(vocabulary), ..self }
    }

    /// The same scope for a template of this trust.
    pub(crate) const fn by(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }
}

/// A source as a tree.
pub(super) struct Tree<'s> {
    source: &'s str,
    root: Stmt<'s>,
}

/// The names that a source reads and does not set itself, by root: those of the fields below it.
pub(super) type Reads = BTreeMap<String, BTreeSet<String>>;

impl<'s> Tree<'s> {
    /// Reads a source within the bounds of its trust, and refuses what that does not allow.
    pub(super) fn read(source: &'s str, trust: Trust) -> Result<Self, Vec<Finding>> {
        if let Some(excess) = bounds::excess(source, trust) {
            return Err(vec![excess]);
        }
        let tree = Self::of(source)?;
        let refused = match trust {
            Trust::Staff => Vec::new(),
            Trust::Untrusted => trust::refused(source, &tree.root),
        };
        if refused.is_empty() { Ok(tree) } else { Err(refused) }
    }

    /// Reads a source that was read before.
    pub(super) fn of(source: &'s str) -> Result<Self, Vec<Finding>> {
        let root = parse(source, "", SyntaxConfig::default()).map_err(|error| {
            vec![Finding::new("syntax", Severity::Error, fault::diagnostic(source, &error))]
        })?;
        Ok(Self { source, root })
    }

    /// What is wrong with it.
    pub(super) fn check(&self, scope: &Scope<'_>) -> Vec<Finding> {
        let mut findings = Walker::new(self.source, *scope).walk(&self.root).findings;
        findings.sort_by_key(|finding| (finding.fault.line, finding.fault.column));
        findings
    }

    /// What it reads.
    pub(super) fn reads(&self) -> Reads {
        let reads = Walker::new(self.source, Scope::UNKNOWN).walk(&self.root).reads.into_iter();
        let owned = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect();
        reads.map(|(root, below)| (root.to_owned(), owned(below))).collect()
    }
}

/// How many findings of a severity are told of a source: whoever mends so many looks again.
const MOST: usize = 200;

/// Adds a finding at a place, unless there are enough.
fn tell(
    findings: &mut Vec<Finding>,
    source: &str,
    span: Span,
    code: (&'static str, Severity),
    (message, help): (String, Option<String>),
) {
    let alike = findings.iter().filter(|finding| finding.severity == code.1);
    if alike.count() < MOST {
        findings.push(finding(source, span, code, message, help));
    }
}

/// A finding at a place.
fn finding(
    source: &str,
    span: Span,
    (code, severity): (&'static str, Severity),
    message: String,
    help: Option<String>,
) -> Finding {
    let fault = Diagnostic::new(source, span, message);
    Finding::new(
        code,
        severity,
        match help {
            Some(help) => fault.with_help(help),
            None => fault,
        },
    )
}

/// The engine's place in a source as one of ours.
fn span(span: minijinja::machinery::Span) -> Span {
    Span::new(span.start_offset as usize, span.end_offset as usize)
}
