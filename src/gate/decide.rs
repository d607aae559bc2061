//! The decision, step by step.

use super::{
    Candidate, Decision, Lookup, MessageKind, Outcome, Permit, Reason, Standing, Step, StepRecord,
    Verdict, cap,
};
use crate::claim::Claim;
use crate::privacy::{Cause, SubscriptionState};
use crate::time::Timestamp;

/// Decides whether `candidate` may be composed for the person of `standing` at `now`.
///
/// The steps are taken in this order, and the first that stops the message ends it: erased,
/// suppressed, consent, subscription, claimed, frequency cap, quiet hours. What stands in the way
/// for good comes before what passes with time.
///
/// - *Marketing* needs every look-up that the candidate asks for to be known and nothing in the
///   way. What is unavailable is a [`Verdict::Skip`] with a reason of its own, not a
///   [`Verdict::Defer`]: the end of an outage is no instant anyone can compute, and a message that
///   waits for it may have lost its sense. The host may put the candidate forward again when its
///   store answers.
/// - *Transactional* mail needs no consent and no subscription, and passes caps and quiet hours.
///   Erasure and suppression stop it, save for an opt-out from all marketing
///   ([`Cause::stops_transactional`]), and so does a claim of the same mailing. A look-up that is
///   unavailable does not: a password cannot wait for a store. It is recorded as
///   [`Outcome::PassedUnknown`].
///
/// A mailing is claimed if any claim of the standing is of it, whenever it was made: the store
/// would refuse a second one. A [`Cap`](super::Cap) counts the claims up to `now`.
///
/// A full cap and quiet hours put a message off: `until` is the first instant at which *that* step
/// would pass with the same look-ups. The two are not combined, and what happens meanwhile is not
/// foreseen, so ask again then.
///
/// [`Cause::stops_transactional`]: crate::privacy::Cause::stops_transactional
pub fn gate(standing: &Standing, candidate: &Candidate, now: Timestamp) -> Decision {
    let steps: [(Step, Check); 7] = [
        (Step::Erased, erased),
        (Step::Suppressed, suppressed),
        (Step::Consent, consent),
        (Step::Subscription, subscription),
        (Step::Claimed, claimed),
        (Step::FrequencyCap, frequency_cap),
        (Step::QuietHours, quiet_hours),
    ];
    let mut records = Vec::with_capacity(steps.len());
    for (step, check) in steps {
        match check(standing, candidate, now) {
            Ok(outcome) => records.push(StepRecord { step, outcome }),
            Err(stop) => {
                records.push(StepRecord { step, outcome: Outcome::Stopped });
                return Decision { verdict: stop.into(), steps: records };
            }
        }
    }
    let permit = Permit::issue(standing, candidate, now);
    Decision { verdict: Verdict::Permit(permit), steps: records }
}

/// What a step found, or why it stops the message.
type Check = fn(&Standing, &Candidate, Timestamp) -> Result<Outcome, Stop>;

/// Why a step stops a message, and until when, if time can tell.
struct Stop {
    reason: Reason,
    until: Option<Timestamp>,
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self { reason, until: None }
    }
}

impl From<Stop> for Verdict {
    fn from(Stop { reason, until }: Stop) -> Self {
        match until {
            Some(until) => Self::Defer { until, reason },
            None => Self::Skip { reason },
        }
    }
}

fn erased(standing: &Standing, candidate: &Candidate, _: Timestamp) -> Result<Outcome, Stop> {
    match &standing.erased {
        Lookup::Known(true) => stop(Reason::Erased),
        Lookup::Known(false) => Ok(Outcome::Passed),
        Lookup::Unavailable => unknown(candidate, Reason::ErasedUnavailable),
    }
}

fn suppressed(standing: &Standing, candidate: &Candidate, _: Timestamp) -> Result<Outcome, Stop> {
    match &standing.suppressed {
        Lookup::Known(Some(found)) if stops(found.cause, candidate) => stop(Reason::Suppressed),
        Lookup::Known(_) => Ok(Outcome::Passed),
        Lookup::Unavailable => unknown(candidate, Reason::SuppressedUnavailable),
    }
}

fn consent(standing: &Standing, candidate: &Candidate, now: Timestamp) -> Result<Outcome, Stop> {
    match &standing.consents {
        _ if candidate.kind == MessageKind::Transactional => Ok(Outcome::NotNeeded),
        Lookup::Known(ledger) if ledger.is_granted(&candidate.purpose, now) => Ok(Outcome::Passed),
        Lookup::Known(_) => stop(Reason::Consent),
        Lookup::Unavailable => stop(Reason::ConsentUnavailable),
    }
}

fn subscription(
    standing: &Standing,
    candidate: &Candidate,
    now: Timestamp,
) -> Result<Outcome, Stop> {
    let Some((topic, default)) = marketing(candidate).and_then(|asked| asked.topic.as_ref()) else {
        return Ok(Outcome::NotNeeded);
    };
    let Lookup::Known(chosen) = &standing.subscriptions else {
        return stop(Reason::SubscriptionUnavailable);
    };
    match chosen.effective(topic, now).unwrap_or(*default) {
        SubscriptionState::Subscribed => Ok(Outcome::Passed),
        SubscriptionState::Unsubscribed => stop(Reason::Unsubscribed),
    }
}

fn claimed(standing: &Standing, candidate: &Candidate, _: Timestamp) -> Result<Outcome, Stop> {
    let Some(mailing) = &candidate.mailing else { return Ok(Outcome::NotNeeded) };
    let same = |claim: &Claim| claim.mailing == *mailing;
    match &standing.claims {
        Lookup::Known(claims) if claims.iter().any(same) => stop(Reason::AlreadyClaimed),
        Lookup::Known(_) => Ok(Outcome::Passed),
        Lookup::Unavailable => unknown(candidate, Reason::ClaimsUnavailable),
    }
}

fn frequency_cap(
    standing: &Standing,
    candidate: &Candidate,
    now: Timestamp,
) -> Result<Outcome, Stop> {
    let Some(asked) = marketing(candidate).filter(|asked| !asked.caps.is_empty()) else {
        return Ok(Outcome::NotNeeded);
    };
    let Lookup::Known(claims) = &standing.claims else { return stop(Reason::ClaimsUnavailable) };
    put_off(Reason::FrequencyCap, cap::full_until(&asked.caps, claims, now))
}

fn quiet_hours(
    standing: &Standing,
    candidate: &Candidate,
    now: Timestamp,
) -> Result<Outcome, Stop> {
    let Some(hours) = marketing(candidate).and_then(|asked| asked.quiet_hours) else {
        return Ok(Outcome::NotNeeded);
    };
    let Lookup::Known(zone) = standing.zone else { return stop(Reason::ZoneUnavailable) };
    put_off(Reason::QuietHours, hours.until(zone, now))
}

fn stops(cause: Cause, candidate: &Candidate) -> bool {
    candidate.kind == MessageKind::Marketing || cause.stops_transactional()
}

/// The candidate, if it is marketing.
fn marketing(candidate: &Candidate) -> Option<&Candidate> {
    (candidate.kind == MessageKind::Marketing).then_some(candidate)
}

fn stop(reason: Reason) -> Result<Outcome, Stop> {
    Err(reason.into())
}

fn put_off(reason: Reason, until: Option<Timestamp>) -> Result<Outcome, Stop> {
    if until.is_some() { Err(Stop { reason, until }) } else { Ok(Outcome::Passed) }
}

/// What is unavailable stops marketing.
fn unknown(candidate: &Candidate, reason: Reason) -> Result<Outcome, Stop> {
    match candidate.kind {
        MessageKind::Marketing => stop(reason),
        MessageKind::Transactional => Ok(Outcome::PassedUnknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Cap, QuietHours};
    use crate::identity::Digest;
    use crate::key::KeyVersion;
    use crate::privacy::{Consent, Ledger, Subscription, Subscriptions, Suppression};
    use crate::time::{Duration, Zone};

    /// 1970-01-01T00:00:01Z.
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
            .subscriptions(Lookup::Known(Subscriptions::new()))
            .claims(Lookup::Known(Vec::new()))
            .zone(Lookup::Known(zone("Asia/Tokyo")))
    }

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn claim(mailing: &str, message: &str) -> Claim {
        Claim::new(mailing, message, "p-1", Timestamp::from_micros(0))
    }

    fn suppressed_for(cause: Cause) -> Lookup<Option<crate::privacy::Suppressed>> {
        let mut list = Suppression::new();
        list.add(address(), cause, NOW);
        Lookup::Known(list.find(&[address()], NOW))
    }

    /// The same candidate, asking for all there is.
    fn strict(candidate: Candidate) -> Candidate {
        let night = QuietHours::new("21:00".parse().unwrap(), "08:00".parse().unwrap());
        candidate
            .topic("sale", SubscriptionState::Subscribed)
            .mailing("spring")
            .cap(Cap::new(2, Duration::days(1)).unwrap())
            .cap(Cap::new(1, Duration::hours(1)).unwrap())
            .quiet_hours(night.unwrap())
    }

    /// The verdict in a word, and what each step found: `+` passed, `-` not needed, `?` passed
    /// unknown, `!` stopped.
    fn decide(standing: &Standing, candidate: &Candidate) -> (String, String) {
        let decision = gate(standing, candidate, NOW);
        let steps: Vec<Step> = decision.steps.iter().map(|record| record.step).collect();
        let order = [
            Step::Erased,
            Step::Suppressed,
            Step::Consent,
            Step::Subscription,
            Step::Claimed,
            Step::FrequencyCap,
            Step::QuietHours,
        ];
        assert_eq!(steps, order[..steps.len()]);
        assert!(steps.is_sorted());
        let verdict = match decision.verdict {
            Verdict::Permit(permit) => {
                assert_eq!(steps.len(), order.len());
                assert_eq!(permit.kind(), candidate.kind());
                "permit".to_owned()
            }
            Verdict::Defer { until, reason } => format!("{reason} until {until}"),
            Verdict::Skip { reason } => reason.to_string(),
        };
        let found = decision.steps.iter().map(|record| match record.outcome {
            Outcome::Passed => '+',
            Outcome::NotNeeded => '-',
            Outcome::PassedUnknown => '?',
            Outcome::Stopped => '!',
        });
        (verdict, found.collect())
    }

    #[test]
    fn each_step_stops_and_the_first_one_counts() {
        let (news, receipt) = (Candidate::marketing("news"), Candidate::transactional("receipt"));
        let (all, owed) = (strict(news.clone()), strict(receipt.clone()));
        let unsubscribed = Subscription::unsubscribed("sale", NOW);
        let mut standing = open();
        let check = |standing: &Standing, candidate: &Candidate, verdict: &str, steps: &str| {
            let expected = (verdict.to_owned(), steps.to_owned());
            assert_eq!(decide(standing, candidate), expected, "{standing:?} {candidate:?}");
        };
        check(&standing, &all, "permit", "+++++++");
        // One thing after the other goes wrong, from the last step to the first.
        standing = standing.zone(Lookup::Known(Zone::UTC));
        check(&standing, &all, "quiet-hours until 1970-01-01T08:00:00.000000Z", "++++++!");
        check(&standing, &owed, "permit", "++--+--");
        let other = claim("winter", "m-1");
        standing = standing.claims(Lookup::Known(vec![other.clone(), other.clone()]));
        check(&standing, &all, "frequency-cap until 1970-01-01T01:00:00.000000Z", "+++++!");
        check(&standing, &owed, "permit", "++--+--");
        standing = standing.claims(Lookup::Known(vec![other, claim("spring", "m-2")]));
        check(&standing, &all, "already-claimed", "++++!");
        check(&standing, &owed, "already-claimed", "++--!");
        standing = standing.subscriptions(Lookup::Known([unsubscribed].into_iter().collect()));
        check(&standing, &all, "unsubscribed", "+++!");
        standing = standing.consents(Lookup::Known(Ledger::new()));
        check(&standing, &all, "consent", "++!");
        check(&standing, &owed, "already-claimed", "++--!");
        standing = standing.suppressed(suppressed_for(Cause::Bounce));
        check(&standing, &all, "suppressed", "+!");
        check(&standing, &owed, "suppressed", "+!");
        standing = standing.erased(Lookup::Known(true));
        check(&standing, &all, "erased", "!");
        check(&standing, &owed, "erased", "!");
        // What is not asked for is not needed.
        check(&open(), &news, "permit", "+++----");
        check(&open(), &receipt, "permit", "++-----");
        for (cause, verdict, steps) in
            [(Cause::UnsubscribeAll, "permit", "++-----"), (Cause::Complaint, "suppressed", "+!")]
        {
            let listed = open().suppressed(suppressed_for(cause));
            check(&listed, &news, "suppressed", "+!");
            check(&listed, &receipt, verdict, steps);
        }
    }

    #[test]
    fn what_is_unavailable_stops_marketing_only() {
        let (news, receipt) = (Candidate::marketing("news"), Candidate::transactional("receipt"));
        let unavailable = Standing::new("p-1", address());
        let check = |standing: &Standing, candidate: &Candidate, verdict: &str, steps: &str| {
            assert_eq!(decide(standing, candidate), (verdict.to_owned(), steps.to_owned()));
        };
        let all = strict(news.clone());
        check(&open().zone(Lookup::Unavailable), &all, "zone-unavailable", "++++++!");
        check(&open().claims(Lookup::Unavailable), &all, "claims-unavailable", "++++!");
        let capped = news.clone().cap(Cap::new(1, Duration::days(1)).unwrap());
        check(&open().claims(Lookup::Unavailable), &capped, "claims-unavailable", "+++--!");
        let chosen = open().subscriptions(Lookup::Unavailable);
        check(&chosen, &all, "subscription-unavailable", "+++!");
        check(&open().consents(Lookup::Unavailable), &all, "consent-unavailable", "++!");
        check(&open().suppressed(Lookup::Unavailable), &all, "suppressed-unavailable", "+!");
        check(&unavailable, &all, "erased-unavailable", "!");
        check(&unavailable, &receipt, "permit", "??-----");
        check(&unavailable, &strict(receipt), "permit", "??--?--");
        let asked = open()
            .subscriptions(Lookup::Unavailable)
            .claims(Lookup::Unavailable)
            .zone(Lookup::Unavailable);
        check(&asked, &news, "permit", "+++----");
    }

    #[test]
    fn a_topic_is_as_chosen_last_and_else_as_the_candidate_says() {
        let news = Candidate::marketing("news");
        let earlier = NOW.minus(Duration::from_micros(1));
        for (choices, default, verdict) in [
            (vec![], SubscriptionState::Subscribed, "permit"),
            (vec![], SubscriptionState::Unsubscribed, "unsubscribed"),
            (
                vec![Subscription::subscribed("sale", NOW)],
                SubscriptionState::Unsubscribed,
                "permit",
            ),
            (
                vec![
                    Subscription::unsubscribed("sale", earlier),
                    Subscription::subscribed("sale", NOW),
                ],
                SubscriptionState::Subscribed,
                "permit",
            ),
            (
                vec![Subscription::unsubscribed("sale", NOW.next())],
                SubscriptionState::Subscribed,
                "permit",
            ),
            (
                vec![Subscription::subscribed("news", NOW)],
                SubscriptionState::Unsubscribed,
                "unsubscribed",
            ),
        ] {
            let standing = open().subscriptions(Lookup::Known(choices.into_iter().collect()));
            let candidate = news.clone().topic("sale", default);
            assert_eq!(decide(&standing, &candidate).0, verdict, "{standing:?} {default:?}");
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
            Reason::Unsubscribed,
            Reason::SubscriptionUnavailable,
            Reason::AlreadyClaimed,
            Reason::ClaimsUnavailable,
            Reason::FrequencyCap,
            Reason::QuietHours,
            Reason::ZoneUnavailable,
        ] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
