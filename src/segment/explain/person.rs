//! What is asked of a person as a whole, in an explanation.

use std::sync::Arc;

use super::{Operand, operand_of_trait};
use crate::expr::person::{Asked, Home, PersonTerm, ZONE};
use crate::id::MessageId;
use crate::metric::{Evaluator, changes};
use crate::time::Timestamp;

/// The traits that a question reads with what told them, or what the question comes to.
pub(super) fn operands<'a>(term: &'a PersonTerm, evaluator: &Evaluator<'a>) -> Vec<Operand> {
    let facts = evaluator.facts();
    let whole = |told: Option<(Timestamp, MessageId)>| Operand {
        text: Arc::clone(&term.text),
        value: evaluator.person(term).measure(facts.now()).to_string(),
        facts: told.into_iter().collect(),
    };
    match &term.asked {
        Asked::Anniversary { of, home } => {
            let zone: Option<[Arc<str>; 1]> = matches!(home, Home::Told).then(|| [ZONE.into()]);
            let paths = std::iter::once(&of[..]).chain(zone.as_ref().map(|zone| &zone[..]));
            paths.filter_map(|path| operand_of_trait(path, evaluator)).collect()
        }
        Asked::Bucket { .. } => vec![whole(None)],
        Asked::Changed { of, window } => {
            let changed = changes(facts, of, window.after(facts.now()));
            let changed = changed.take_while(|told| told.at <= facts.now());
            let facts = changed.map(|told| (told.at, told.id.clone())).collect();
            operand_of_trait(of, evaluator)
                .map(|operand| Operand { facts, ..operand })
                .into_iter()
                .collect()
        }
        Asked::ObservedFor(_) => {
            let first = facts.first_told().filter(|(at, _)| *at <= facts.now());
            vec![whole(first.map(|(at, id)| (at, id.clone())))]
        }
    }
}
