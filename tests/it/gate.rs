//! Caps and quiet hours against a clock that is watched.

use bespoke::claim::Claim;
use bespoke::gate::{
    Candidate, Cap, Decision, Lookup, Outcome, QuietHours, Reason, Standing, Step, Verdict, gate,
};
use bespoke::identity::Digest;
use bespoke::key::KeyVersion;
use bespoke::privacy::{Consent, Ledger};
use bespoke::time::{Duration, LocalTime, Timestamp, Zone};
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn standing() -> Standing {
    let granted = Consent::granted("news", Timestamp::MIN, "1");
    Standing::new("p-1", Digest::new(KeyVersion::new(1), [1; 32]))
        .erased(Lookup::Known(false))
        .suppressed(Lookup::Known(None))
        .consents(Lookup::Known(Ledger::new().with(granted)))
}

fn news() -> Candidate {
    Candidate::marketing("news")
}

fn claim(number: usize, at: Timestamp) -> Claim {
    Claim::new(format!("mailing-{}", number % 3).as_str(), format!("m-{number}"), "p-1", at)
}

fn capped(caps: &[Cap]) -> Candidate {
    caps.iter().fold(news(), |candidate, cap| candidate.cap(*cap))
}

fn quiet(from: &str, to: &str) -> QuietHours {
    QuietHours::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
}

/// Until when a step puts a candidate off.
fn deferred(decision: &Decision, step: Step, expected: Reason) -> Option<Timestamp> {
    let last = decision.steps.last().unwrap();
    match &decision.verdict {
        Verdict::Permit(_) => None,
        Verdict::Defer { until, reason } => {
            assert_eq!((last.step, last.outcome, *reason), (step, Outcome::Stopped, expected));
            Some(*until)
        }
        verdict => panic!("{verdict:?}"),
    }
}

fn capped_until(caps: &[Cap], claims: &[Claim], now: Timestamp) -> Option<Timestamp> {
    let standing = standing().claims(Lookup::Known(claims.to_vec()));
    deferred(&gate(&standing, &capped(caps), now), Step::FrequencyCap, Reason::FrequencyCap)
}

#[test]
fn a_cap_has_room_when_a_claim_leaves_its_window() {
    let (day, week) = (Duration::days(1), Duration::days(7));
    let caps = [Cap::new(1, day).unwrap(), Cap::new(3, week).unwrap()];
    let claims: Vec<Claim> =
        ["2026-03-02T09:00:00Z", "2026-03-04T09:00:00Z", "2026-03-05T09:00:00Z"]
            .into_iter()
            .enumerate()
            .map(|(number, text)| claim(number, at(text)))
            .collect();
    let just_before = Duration::from_micros(1);
    for (claims, now, expected) in [
        (&claims[..0], at("2026-03-05T10:00:00Z"), None),
        (&claims[..1], at("2026-03-03T08:59:59.999999Z"), Some(at("2026-03-03T09:00:00Z"))),
        (&claims[..1], at("2026-03-03T09:00:00Z"), None),
        (&claims[..2], at("2026-03-05T09:00:00Z"), None),
        // The day would do on the 6th, the week on the 9th.
        (&claims[..], at("2026-03-05T10:00:00Z"), Some(at("2026-03-09T09:00:00Z"))),
        (
            &claims[..],
            at("2026-03-09T09:00:00Z").minus(just_before),
            Some(at("2026-03-09T09:00:00Z")),
        ),
        (&claims[..], at("2026-03-09T09:00:00Z"), None),
        // What is claimed later is not seen, but foreseen.
        (&claims[..], at("2026-03-03T08:00:00Z"), Some(at("2026-03-03T09:00:00Z"))),
        (&claims[1..], at("2026-03-03T08:00:00Z"), None),
    ] {
        assert_eq!(capped_until(&caps, claims, now), expected, "{now} {claims:?}");
    }
    // Of the address and of the person: told twice, counted once.
    let twice = [claims[0].clone(), claims[0].clone()];
    assert_eq!(capped_until(&[Cap::new(2, day).unwrap()], &twice, claims[0].at), None);
    for now in [Timestamp::MIN.next(), Timestamp::MAX] {
        let claims = [claim(1, now)];
        let until = capped_until(&caps, &claims, now);
        assert!(until.is_some_and(|until| until >= now), "{until:?}");
    }
}

#[test]
fn caps_and_hours_that_say_nothing_are_refused() {
    let messages = [
        Cap::new(0, Duration::days(1)).unwrap_err(),
        Cap::new(1, Duration::ZERO).unwrap_err(),
        Cap::new(1, Duration::days(-1)).unwrap_err(),
        QuietHours::new("08:00".parse().unwrap(), "08:00".parse().unwrap()).unwrap_err(),
    ]
    .map(|error| error.to_string());
    assert_eq!(
        messages,
        [
            "a cap of 0 messages lets none pass; suppress the address instead",
            "a cap needs a window of some length",
            "a cap needs a window of some length",
            "quiet hours from 08:00 to 08:00 are all day or none; say which",
        ]
    );
    let cap: Cap = serde_json::from_str(r#"{"limit": 3, "window": "7 days"}"#).unwrap();
    assert_eq!(cap, Cap::new(3, Duration::days(7)).unwrap());
    let night: QuietHours = serde_json::from_str(r#"{"from": "21:00", "to": "08:00"}"#).unwrap();
    assert_eq!(night, quiet("21:00", "08:00"));
    for json in [serde_json::to_string(&cap).unwrap(), r#"{"limit": 0, "window": "7 days"}"#.into()]
    {
        assert_eq!(serde_json::from_str::<Cap>(&json).is_ok(), json.contains('3'), "{json}");
    }
    assert!(serde_json::from_str::<QuietHours>(r#"{"from": "21:00", "to": "21:00"}"#).is_err());
}

#[test]
fn quiet_hours_end_by_the_clock_where_somebody_lives() {
    for (zone, from, to, now, expected) in [
        ("Europe/Lisbon", "21:00", "08:00", "2026-07-01T19:59:59.999999Z", None),
        ("Europe/Lisbon", "21:00", "08:00", "2026-07-01T20:00:00Z", Some("2026-07-02T07:00:00Z")),
        (
            "Europe/Lisbon",
            "21:00",
            "08:00",
            "2026-07-02T06:59:59.999999Z",
            Some("2026-07-02T07:00:00Z"),
        ),
        ("Europe/Lisbon", "21:00", "08:00", "2026-07-02T07:00:00Z", None),
        ("Europe/Lisbon", "12:00", "14:00", "2026-01-01T12:30:00Z", Some("2026-01-01T14:00:00Z")),
        // The night in which clocks go forward is an hour shorter, and back, longer.
        ("Europe/Lisbon", "21:00", "08:00", "2026-03-28T22:00:00Z", Some("2026-03-29T07:00:00Z")),
        ("Europe/Lisbon", "21:00", "08:00", "2026-10-24T22:00:00Z", Some("2026-10-25T08:00:00Z")),
        // An end that is skipped is the change; one that comes twice is the first, and what comes
        // again after it is quiet again.
        ("Europe/Lisbon", "21:00", "01:30", "2026-03-28T22:00:00Z", Some("2026-03-29T01:00:00Z")),
        ("Europe/Lisbon", "21:00", "01:30", "2026-10-24T22:00:00Z", Some("2026-10-25T00:30:00Z")),
        ("Europe/Lisbon", "21:00", "01:30", "2026-10-25T00:45:00Z", None),
        ("Europe/Lisbon", "21:00", "01:30", "2026-10-25T01:15:00Z", Some("2026-10-25T01:30:00Z")),
        // A beginning that is skipped leaves none of an hour that is skipped as a whole.
        ("Europe/Lisbon", "01:00", "02:00", "2026-03-29T01:00:00Z", None),
        (
            "Australia/Lord_Howe",
            "21:00",
            "02:15",
            "2026-10-03T12:00:00Z",
            Some("2026-10-03T15:30:00Z"),
        ),
        ("Pacific/Apia", "21:00", "08:00", "2011-12-30T09:00:00Z", Some("2011-12-30T18:00:00Z")),
        (
            "America/Sao_Paulo",
            "20:00",
            "00:00",
            "2018-11-04T01:00:00Z",
            Some("2018-11-04T03:00:00Z"),
        ),
        ("Asia/Tokyo", "18:00", "09:00", "2026-03-01T09:00:00Z", Some("2026-03-02T00:00:00Z")),
    ] {
        let zone: Zone = zone.parse().unwrap();
        let candidate = news().quiet_hours(quiet(from, to));
        let decision = gate(&standing().zone(Lookup::Known(zone)), &candidate, at(now));
        let until = deferred(&decision, Step::QuietHours, Reason::QuietHours);
        assert_eq!(until, expected.map(at), "{zone} {from} {to} {now}");
    }
}

#[test]
fn a_cap_counts_before_quiet_hours_do() {
    let now = at("2026-07-01T20:00:00Z");
    let night =
        news().cap(Cap::new(1, Duration::hours(1)).unwrap()).quiet_hours(quiet("21:00", "08:00"));
    let standing = standing().claims(Lookup::Known(vec![claim(1, now)]));
    let standing = standing.zone(Lookup::Known("Europe/Lisbon".parse().unwrap()));
    let until = deferred(&gate(&standing, &night, now), Step::FrequencyCap, Reason::FrequencyCap);
    assert_eq!(until, Some(at("2026-07-01T21:00:00Z")));
    let again = gate(&standing, &night, until.unwrap());
    let until = deferred(&again, Step::QuietHours, Reason::QuietHours);
    assert_eq!(until, Some(at("2026-07-02T07:00:00Z")));
    assert!(matches!(gate(&standing, &night, until.unwrap()).verdict, Verdict::Permit(_)));
}

fn micros(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

proptest! {
    /// Instants and windows of a few microseconds, so that every instant can be tried.
    #[test]
    fn a_cap_puts_off_until_the_first_instant_that_passes(
        claims in prop::collection::vec((0..40_i64, 0..12_usize), 0..10),
        caps in prop::collection::vec((1..4_u32, 1..25_i64), 0..4),
        now in 0..60_i64,
    ) {
        let mut told: Vec<Claim> = Vec::new();
        for (at, number) in claims {
            // The same message was claimed once, though it may be told of twice.
            let known = told.iter().find(|known| known.message == claim(number, micros(at)).message);
            told.push(known.cloned().unwrap_or_else(|| claim(number, micros(at))));
        }
        let mut distinct = told.clone();
        distinct.sort();
        distinct.dedup();
        let passes = |now: i64| caps.iter().all(|(limit, window)| {
            let held = |claim: &&Claim| now - window < claim.at.micros() && claim.at.micros() <= now;
            distinct.iter().filter(held).count() < usize::try_from(*limit).unwrap()
        });
        let first = (now..now + 100).find(|at| passes(*at)).unwrap();
        let caps: Vec<Cap> = caps.iter()
            .map(|(limit, window)| Cap::new(*limit, Duration::from_micros(*window)).unwrap())
            .collect();
        let found = capped_until(&caps, &told, micros(now));
        prop_assert_eq!(found, (first > now).then(|| micros(first)));
    }

    #[test]
    fn quiet_hours_put_off_until_the_first_minute_outside(
        zone in prop::sample::select(vec![
            "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Europe/Lisbon",
            "Pacific/Apia", "UTC",
        ]),
        // Clocks were changed somewhere near these.
        near in prop::sample::select(vec![
            "2011-12-30T10:00:00Z", "2018-02-18T02:00:00Z", "2018-11-04T03:00:00Z",
            "2026-03-08T07:00:00Z", "2026-03-29T01:00:00Z", "2026-04-04T15:00:00Z",
            "2026-10-03T15:30:00Z", "2026-10-25T01:00:00Z", "2026-11-01T06:00:00Z",
        ]),
        minutes in -2_880..2_880_i64, from in 0..1_440_u32, to in 0..1_440_u32,
    ) {
        prop_assume!(from != to);
        let zone: Zone = zone.parse().unwrap();
        let now = at(near).plus(Duration::minutes(minutes));
        let [from, to] = [from, to].map(|at| LocalTime::new(at / 60, at % 60, 0).unwrap());
        let is_quiet = |at: Timestamp| {
            let time = zone.local(at).time;
            if from < to { from <= time && time < to } else { from <= time || time < to }
        };
        let minute = |minute| now.plus(Duration::minutes(minute));
        let first = (0..4_320).map(minute).find(|at| !is_quiet(*at)).unwrap();
        let candidate = news().quiet_hours(QuietHours::new(from, to).unwrap());
        let decision = gate(&standing().zone(Lookup::Known(zone)), &candidate, now);
        let until = deferred(&decision, Step::QuietHours, Reason::QuietHours);
        prop_assert_eq!(until, (first > now).then_some(first));
    }
}
