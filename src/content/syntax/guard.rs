//! What a condition says of what is there.

use std::collections::BTreeSet;

use minijinja::machinery::ast::{BinOpKind, Expr, UnaryOpKind};

use super::super::vocabulary::Known;
use super::walk::{Path, Walker};
use crate::value::Kind;

/// What is known to be there where a condition holds, and where it fails.
#[derive(Default)]
pub(super) struct Guard {
    pub(super) holds: BTreeSet<Path>,
    pub(super) fails: BTreeSet<Path>,
}

impl Guard {
    fn not(self) -> Self {
        Self { holds: self.fails, fails: self.holds }
    }

    /// Both conditions; either of the negations of both.
    fn and(self, other: Self) -> Self {
        let fails = self.fails.intersection(&other.fails).cloned().collect();
        Self { holds: self.holds.into_iter().chain(other.holds).collect(), fails }
    }
}

/// Of what is missing these tests are not true.
fn asks_presence(test: &str) -> bool {
    matches!(
        test,
        "boolean"
            | "defined"
            | "even"
            | "false"
            | "float"
            | "int"
            | "integer"
            | "lower"
            | "mapping"
            | "number"
            | "odd"
            | "string"
            | "true"
            | "upper"
    )
}

impl<'s> Walker<'_, 's> {
    /// Reads a condition: in one a name may be missing, and is false then.
    pub(super) fn condition(&mut self, expr: &Expr<'s>) -> Guard {
        self.judged(expr).1
    }

    /// What an expression comes to here, and what that says.
    pub(super) fn judged(&mut self, expr: &Expr<'s>) -> (Known, Guard) {
        match expr {
            Expr::BinOp(both) if matches!(both.op, BinOpKind::ScAnd) => {
                let (left, guard) = self.judged(&both.left);
                let (right, more) = self.within(&guard.holds, |walker| walker.judged(&both.right));
                (left.either(&right), guard.and(more))
            }
            Expr::BinOp(both) if matches!(both.op, BinOpKind::ScOr) => {
                let (left, guard) = self.judged(&both.left);
                let (right, more) = self.within(&guard.fails, |walker| walker.judged(&both.right));
                // What is missing is not what comes out.
                (left.present().either(&right), guard.not().and(more.not()).not())
            }
            Expr::UnaryOp(of) if matches!(of.op, UnaryOpKind::Not) => {
                (Known::scalar(Kind::Boolean), self.condition(&of.expr).not())
            }
            Expr::Test(test) => {
                let path = self.tested(test).path.into_iter().collect();
                let guard = match test.name {
                    "none" | "undefined" => Guard { fails: path, ..Guard::default() },
                    name if asks_presence(name) => Guard { holds: path, ..Guard::default() },
                    _ => Guard::default(),
                };
                (Known::scalar(Kind::Boolean), guard)
            }
            _ => {
                let seen = self.value(expr);
                let nullable = seen.known.nullable && !self.is_present(&seen);
                let holds = seen.path.into_iter().collect();
                (Known { nullable, ..seen.known }, Guard { holds, ..Guard::default() })
            }
        }
    }

    /// Reads something where so much more is there. What it needs itself is known only there.
    pub(super) fn within<T>(
        &mut self,
        present: &BTreeSet<Path>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outside = self.state.present.clone();
        self.state.present.extend(present.iter().cloned());
        let done = read(self);
        self.state.present = outside;
        done
    }
}
