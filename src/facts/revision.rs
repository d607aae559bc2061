//! One thing told several times: an order, its updates, its cancellation.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Fact, Known};
use crate::few::make_room;
use crate::id::MessageId;
use crate::schema::BusinessKey;
use crate::time::Timestamp;
use crate::value::Fields;

/// What one event tells of a thing.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    fact: Fact,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    Told,
    Cancelled,
}

impl Revision {
    pub(super) fn of(fact: &Fact, told: &Arc<str>, key: &BusinessKey, event: &Arc<str>) -> Self {
        let cancels = told != event && key.cancelled_by.contains(event);
        Self { fact: fact.clone(), kind: if cancels { Kind::Cancelled } else { Kind::Told } }
    }

    fn order(&self) -> (Timestamp, Kind, Timestamp, &MessageId) {
        (self.fact.at, self.kind, self.fact.known.from, &self.fact.id)
    }
}

/// All that was told of one thing; what follows does not depend on the order.
#[derive(Clone, Debug, Default)]
pub(super) struct Revisions(Vec<Revision>);

impl Revisions {
    pub(super) fn add(&mut self, revision: Revision) {
        make_room(&mut self.0, 1);
        self.0.push(revision);
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    pub(super) fn retract(&mut self, id: &MessageId, from: Timestamp) -> bool {
        let mut found = false;
        for revision in self.0.iter_mut().filter(|revision| revision.fact.id == *id) {
            revision.fact.known.end(from);
            found = true;
        }
        found
    }

    /// The facts that follow: between two instants at which more or less is known there is at most
    /// one, told by the revision that happened last, at the instant of the first.
    pub(super) fn facts(&self) -> Vec<Fact> {
        let mut facts: Vec<Fact> = Vec::new();
        let known = self.0.iter().map(|revision| revision.fact.known);
        let turns: BTreeSet<Timestamp> =
            known.flat_map(|known| [known.from, known.until]).collect();
        let mut turns = turns.into_iter().peekable();
        while let (Some(from), Some(&until)) = (turns.next(), turns.peek()) {
            let Some((at, id, fields)) = self.standing(from) else { continue };
            match facts.last_mut() {
                Some(last) if last.at == at && last.id == id && last.known.until == from => {
                    last.known.until = until;
                }
                _ => facts.push(Fact { at, known: Known { from, until }, id, fields }),
            }
        }
        facts
    }

    fn standing(&self, known: Timestamp) -> Option<(Timestamp, MessageId, Fields)> {
        let told = || self.0.iter().filter(|revision| revision.fact.known.at(known));
        let last = told().max_by(|a, b| a.order().cmp(&b.order()))?;
        let first =
            told().filter(|revision| revision.kind == Kind::Told).map(|r| r.fact.at).min()?;
        (last.kind == Kind::Told).then(|| (first, last.fact.id.clone(), last.fact.fields.clone()))
    }
}
