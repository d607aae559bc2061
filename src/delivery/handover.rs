//! What comes of handing a message over, and what follows from it.

use serde::{Deserialize, Serialize};

use super::{Delivery, State, StateName, Transition};
use crate::error::Result;
use crate::time::{Duration, Timestamp};

/// What a channel answered.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "handover", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Handover {
    /// It has the message.
    Accepted,
    /// It does not have the message and wants it later.
    Deferred {
        /// Not before this instant.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// It does not have the message and refuses it for good.
    Failed {
        /// Why.
        reason: String,
    },
}

/// Whether a channel drops repeats: a second hand-over under the same delivery's identifier, after
/// one that it accepted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Idempotency {
    /// For good, whenever the repeat comes.
    Key,
    /// For so long after it was handed over first. Providers keep keys from minutes to a day; name
    /// less than yours does by what its clock and yours may differ and a call may take.
    KeyFor(Duration),
    /// It does not: what is handed over twice is sent twice.
    None,
}

impl Delivery {
    /// That a relay takes the delivery to hand it over. Commit it first: whoever finds the delivery
    /// after a crash then knows that it may have gone out.
    pub fn taken(&self, now: Timestamp) -> Transition {
        Transition::new(self.id().clone(), self.state.name(), State::Sending, now)
    }

    /// What follows what a channel answered to the delivery, which the relay has taken: the state
    /// of the same name. After an error nobody knows, as after a crash: see
    /// [`Delivery::recovered`].
    pub fn handed(
        &self,
        answer: Result<Handover>,
        idempotency: Idempotency,
        now: Timestamp,
    ) -> Transition {
        let to = match answer {
            Ok(Handover::Accepted) => State::Accepted,
            Ok(Handover::Deferred { until, reason }) => State::Deferred { until, reason },
            Ok(Handover::Failed { reason }) => State::Failed { reason },
            Err(_) => return self.recovered(idempotency, now),
        };
        Transition::new(self.id().clone(), StateName::Sending, to, now)
    }

    /// What follows where a delivery is found *sending* that no relay is handing over any more.
    ///
    /// Where the channel drops repeats, and does so still at `now`, the delivery is taken anew, to
    /// be handed over again under the same identifier: the transition leads to [`State::Sending`].
    /// How often, and with what pause, is the relay's to say. Elsewhere it is [`State::Unknown`],
    /// since a message that may have come does less harm than one that comes twice.
    ///
    /// For [`Idempotency::KeyFor`] the time runs from the first hand-over. A delivery that was
    /// taken several times does not tell when that was, so it runs from the claim.
    pub fn recovered(&self, idempotency: Idempotency, now: Timestamp) -> Transition {
        let first = if self.attempts > 1 { self.claim.at } else { self.since };
        let is_dropped = match idempotency {
            Idempotency::Key => true,
            // A clock that went back says nothing about how long it has been.
            Idempotency::KeyFor(kept) => first <= now && now < first.plus(kept),
            Idempotency::None => false,
        };
        let to = if is_dropped { State::Sending } else { State::Unknown };
        Transition::new(self.id().clone(), StateName::Sending, to, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::Claim;
    use crate::error::{Error, ErrorKind};
    use crate::identity::Digest;
    use crate::key::KeyVersion;

    const HOUR: Duration = Duration::hours(1);

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::hours(hours))
    }

    /// Claimed at 0 and taken so often, the last time at 10 hours.
    fn sending(attempts: u32) -> Delivery {
        let claim = Claim::new("spring", "m-1", "p-1", at(0));
        let address = Digest::new(KeyVersion::new(1), [1; 32]);
        let mut delivery = Delivery::claimed(claim, address, "news", *b"sealed");
        (delivery.state, delivery.since, delivery.attempts) = (State::Sending, at(10), attempts);
        delivery
    }

    #[test]
    fn what_is_known_is_written_down() {
        let why = || String::from("why");
        let delivery = sending(1);
        for (answer, expected) in [
            (Handover::Accepted, State::Accepted),
            (Handover::Failed { reason: why() }, State::Failed { reason: why() }),
            (
                Handover::Deferred { until: at(12), reason: why() },
                State::Deferred { until: at(12), reason: why() },
            ),
        ] {
            for idempotency in [Idempotency::Key, Idempotency::KeyFor(HOUR), Idempotency::None] {
                let found = delivery.handed(Ok(answer.clone()), idempotency, at(11));
                let to = expected.clone();
                let expected = Transition::new("m-1".into(), StateName::Sending, to, at(11));
                assert_eq!(found, expected);
                assert!(found.from.may_become(found.to.name()));
            }
        }
    }

    #[test]
    fn what_nobody_knows_is_repeated_only_where_repeats_are_dropped() {
        let moment = Duration::from_micros(1);
        for (idempotency, attempts, now, expected) in [
            (Idempotency::Key, 1, at(99_999), State::Sending),
            (Idempotency::Key, 9, at(99_999), State::Sending),
            (Idempotency::None, 1, at(10), State::Unknown),
            (Idempotency::KeyFor(HOUR), 1, at(10), State::Sending),
            (Idempotency::KeyFor(HOUR), 1, at(11).minus(moment), State::Sending),
            (Idempotency::KeyFor(HOUR), 1, at(11), State::Unknown),
            (Idempotency::KeyFor(HOUR), 1, at(10).minus(moment), State::Unknown),
            // Taken twice: the first hand-over was at the claim or later.
            (Idempotency::KeyFor(HOUR), 2, at(10), State::Unknown),
            (Idempotency::KeyFor(Duration::hours(11)), 2, at(10), State::Sending),
        ] {
            let delivery = sending(attempts);
            let error = Error::new(ErrorKind::Io, "the provider does not answer");
            for found in [
                delivery.recovered(idempotency, now),
                delivery.handed(Err(error), idempotency, now),
            ] {
                assert_eq!(found.to, expected, "{idempotency:?} {attempts} {now}");
                assert_eq!((found.from, found.at), (StateName::Sending, now));
                assert!(found.from.may_become(found.to.name()));
            }
        }
    }

    #[test]
    fn a_delivery_is_taken_from_where_it_is() {
        let mut delivery = sending(1);
        let reason = String::new();
        for state in [State::Claimed, State::Deferred { until: at(11), reason }, State::Sending] {
            delivery.state = state;
            let taken = delivery.taken(at(11));
            assert_eq!((taken.from, &taken.to), (delivery.state.name(), &State::Sending));
            assert!(taken.from.may_become(StateName::Sending));
        }
    }
}
