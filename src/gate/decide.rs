//! The decision, step by step.

use super::{
    Candidate, Decision, Lookup, MessageKind, Outcome, Permit, Reason, Standing, Step, StepRecord,
    Verdict,
};
use crate::privacy::Cause;
use crate::time::Timestamp;

/// Decides whether `candidate` may be composed for the person of `standing` at `now`.
///
/// The steps are taken in this order, and the first that stops the message ends it: erased,
/// suppressed, consent.
///
/// - *Marketing* needs every look-up to be known and nothing in the way. What is unavailable is a
///   [`Verdict::Skip`] with a reason of its own, not a [`Verdict::Defer`]: the end of an outage is
///   no instant anyone can compute, and a message that waits for it may have lost its sense. The
///   host may put the candidate forward again when its store answers.
/// - *Transactional* mail needs no consent. Erasure and suppression stop it, save for an opt-out
///   from all marketing ([`Cause::stops_transactional`]). A look-up that is unavailable does not: a
///   password cannot wait for a store. It is recorded as [`Outcome::PassedUnknown`].
///
/// [`Cause::stops_transactional`]: crate::privacy::Cause::stops_transactional
pub fn gate(standing: &Standing, candidate: &Candidate, now: Timestamp) -> Decision {
    let steps: [(Step, Check); 3] =
        [(Step::Erased, erased), (Step::Suppressed, suppressed), (Step::Consent, consent)];
    let mut records = Vec::with_capacity(steps.len());
    for (step, check) in steps {
        let found = check(standing, candidate, now);
        records.push(StepRecord { step, outcome: found.unwrap_or(Outcome::Stopped) });
        if let Err(reason) = found {
            return Decision { verdict: Verdict::Skip { reason }, steps: records };
        }
    }
    let permit = Permit::issue(standing, candidate, now);
    Decision { verdict: Verdict::Permit(permit), steps: records }
}

/// What a step found, or why it stops the message.
type Check = fn(&Standing, &Candidate, Timestamp) -> Result<Outcome, Reason>;

fn erased(standing: &Standing, candidate: &Candidate, _: Timestamp) -> Result<Outcome, Reason> {
    match &standing.erased {
        Lookup::Known(true) => Err(Reason::Erased),
        Lookup::Known(false) => Ok(Outcome::Passed),
        Lookup::Unavailable => unknown(candidate, Reason::ErasedUnavailable),
    }
}

fn suppressed(standing: &Standing, candidate: &Candidate, _: Timestamp) -> Result<Outcome, Reason> {
    match &standing.suppressed {
        Lookup::Known(Some(found)) if stops(found.cause, candidate) => Err(Reason::Suppressed),
        Lookup::Known(_) => Ok(Outcome::Passed),
        Lookup::Unavailable => unknown(candidate, Reason::SuppressedUnavailable),
    }
}

fn consent(standing: &Standing, candidate: &Candidate, now: Timestamp) -> Result<Outcome, Reason> {
    match &standing.consents {
        _ if candidate.kind == MessageKind::Transactional => Ok(Outcome::NotNeeded),
        Lookup::Known(ledger) if ledger.is_granted(&candidate.purpose, now) => Ok(Outcome::Passed),
        Lookup::Known(_) => Err(Reason::Consent),
        Lookup::Unavailable => Err(Reason::ConsentUnavailable),
    }
}

fn stops(cause: Cause, candidate: &Candidate) -> bool {
    candidate.kind == MessageKind::Marketing || cause.stops_transactional()
}

/// What is unavailable stops marketing.
fn unknown(candidate: &Candidate, reason: Reason) -> Result<Outcome, Reason> {
    match candidate.kind {
        MessageKind::Marketing => Err(reason),
        MessageKind::Transactional => Ok(Outcome::PassedUnknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Digest;
    use crate::key::KeyVersion;
    use crate::privacy::{Consent, Ledger, Suppression};
    use crate::time::Duration;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    fn address() -> Digest {
        Digest::new(KeyVersion::new(1), [1; 32])
    }

    fn open() -> Standing {
        let granted = Consent::granted("news", Timestamp::from_micros(0), "1");
        Standing::new("p-1", address())
            .erased(Lookup::Known(false))
            .suppressed(Lookup::Known(None))
            .consents(Lookup::Known(Ledger::new().with(granted)))
    }

    fn suppressed_for(cause: Cause) -> Lookup<Option<crate::privacy::Suppressed>> {
        let mut list = Suppression::new();
        list.add(address(), cause, NOW);
        Lookup::Known(list.find(&[address()], NOW))
    }

    /// The verdict in a word, and the steps as `erased:passed`.
    fn decide(standing: &Standing, candidate: &Candidate) -> (String, Vec<Outcome>) {
        let decision = gate(standing, candidate, NOW);
        let steps: Vec<Step> = decision.steps.iter().map(|record| record.step).collect();
        let order = [Step::Erased, Step::Suppressed, Step::Consent];
        assert_eq!(steps, order[..steps.len()]);
        let verdict = match decision.verdict {
            Verdict::Permit(permit) => {
                assert_eq!(steps.len(), order.len());
                assert_eq!(permit.kind(), candidate.kind());
                "permit".to_owned()
            }
            Verdict::Defer { until, reason } => format!("{reason} until {until}"),
            Verdict::Skip { reason } => reason.to_string(),
        };
        (verdict, decision.steps.iter().map(|record| record.outcome).collect())
    }

    #[test]
    fn each_step_stops_and_the_first_one_counts() {
        use Outcome::{NotNeeded, Passed, PassedUnknown, Stopped};
        let news = Candidate::marketing("news");
        let receipt = Candidate::transactional("receipt");
        let all_wrong = Standing::new("p-1", address())
            .erased(Lookup::Known(true))
            .suppressed(suppressed_for(Cause::Bounce))
            .consents(Lookup::Known(Ledger::new()));
        let unknown = Standing::new("p-1", address());
        let known = |standing: Standing| standing.erased(Lookup::Known(false));
        let listed = |cause| open().suppressed(suppressed_for(cause));
        let cases: Vec<(Standing, &Candidate, &str, Vec<Outcome>)> = vec![
            (open(), &news, "permit", vec![Passed, Passed, Passed]),
            (open(), &receipt, "permit", vec![Passed, Passed, NotNeeded]),
            (all_wrong.clone(), &news, "erased", vec![Stopped]),
            (all_wrong.clone(), &receipt, "erased", vec![Stopped]),
            (known(all_wrong.clone()), &news, "suppressed", vec![Passed, Stopped]),
            (known(all_wrong), &receipt, "suppressed", vec![Passed, Stopped]),
            (listed(Cause::UnsubscribeAll), &news, "suppressed", vec![Passed, Stopped]),
            (listed(Cause::UnsubscribeAll), &receipt, "permit", vec![Passed, Passed, NotNeeded]),
            (listed(Cause::Complaint), &receipt, "suppressed", vec![Passed, Stopped]),
            (
                open().consents(Lookup::Known(Ledger::new())),
                &news,
                "consent",
                vec![Passed, Passed, Stopped],
            ),
            (unknown.clone(), &news, "erased-unavailable", vec![Stopped]),
            (known(unknown.clone()), &news, "suppressed-unavailable", vec![Passed, Stopped]),
            (
                open().consents(Lookup::Unavailable),
                &news,
                "consent-unavailable",
                vec![Passed, Passed, Stopped],
            ),
            (unknown, &receipt, "permit", vec![PassedUnknown, PassedUnknown, NotNeeded]),
        ];
        for (standing, candidate, verdict, steps) in cases {
            let found = decide(&standing, candidate);
            assert_eq!(found, (verdict.to_owned(), steps), "{standing:?} {candidate:?}");
        }
    }

    #[test]
    fn consent_is_for_its_purpose_and_until_it_is_withdrawn() {
        let survey = Candidate::marketing("survey");
        assert_eq!(decide(&open(), &survey).0, "consent");
        let withdrawn = Ledger::new()
            .with(Consent::granted("news", NOW, "1"))
            .with(Consent::withdrawn("news", NOW, "1"));
        let standing = open().consents(Lookup::Known(withdrawn));
        assert_eq!(decide(&standing, &Candidate::marketing("news")).0, "consent");
    }

    #[test]
    fn a_permit_says_for_whom_and_how_long() {
        let decision = gate(&open(), &Candidate::marketing("news"), NOW);
        let Verdict::Permit(permit) = decision.verdict else { panic!("{decision:?}") };
        assert_eq!((permit.profile().as_str(), permit.purpose().as_str()), ("p-1", "news"));
        assert_eq!(permit.address(), &address());
        assert_eq!(permit.expires(), NOW.plus(Duration::hours(1)));
        let before = NOW.minus(Duration::from_micros(1));
        let last = permit.expires().minus(Duration::from_micros(1));
        let holds = [before, NOW, last, permit.expires()].map(|now| permit.holds(now));
        assert_eq!(holds, [false, true, true, false]);
        let brief = Candidate::marketing("news").valid_for(Duration::minutes(5));
        let decision = gate(&open(), &brief, NOW);
        let Verdict::Permit(permit) = decision.verdict else { panic!("{decision:?}") };
        assert_eq!(permit.expires(), NOW.plus(Duration::minutes(5)));
    }

    #[test]
    fn reasons_are_spelt_the_same_when_stored() {
        for reason in [
            Reason::Erased,
            Reason::ErasedUnavailable,
            Reason::Suppressed,
            Reason::SuppressedUnavailable,
            Reason::Consent,
            Reason::ConsentUnavailable,
        ] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
