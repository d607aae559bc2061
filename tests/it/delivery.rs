//! Channels: the folder of messages, the suite and what it finds.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, panic};

use async_trait::async_trait;
use bespoke::claim::Claim;
use bespoke::delivery::{
    Channel, Delivery, EmlFolder, Handover, Idempotency, State, StateName, Transition,
};
use bespoke::email::Message;
use bespoke::error::{Error, ErrorKind, Result};
use bespoke::id::MessageId;
use bespoke::identity::Digest;
use bespoke::key::KeyVersion;
use bespoke::seed::Seed;
use bespoke::testing::channel::{FlakyChannel, check, message};
use bespoke::time::{Duration, Timestamp};
use pollster::block_on;

/// A folder that is not there yet.
fn fresh(name: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = format!("delivery-{name}-{number}");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    fs::remove_dir_all(&path).ok();
    path
}

/// The files of a folder by name.
fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(path).unwrap().map(Result::<_, _>::unwrap);
    let file = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
    };
    entries.map(file).collect()
}

fn names(path: &Path) -> Vec<String> {
    files(path).into_keys().collect()
}

fn send(channel: &impl Channel, id: &str) -> Handover {
    block_on(channel.send(&id.into(), &message(id).unwrap())).unwrap()
}

#[test]
fn a_folder_keeps_the_contract() {
    let paths = Mutex::new(Vec::new());
    let open = || {
        let path = fresh("contract");
        paths.lock().unwrap().push(path.clone());
        EmlFolder::open(path).unwrap()
    };
    let received = |_: &EmlFolder| {
        let path = paths.lock().unwrap().last().unwrap().clone();
        let message = |(name, bytes): (String, Vec<u8>)| {
            (MessageId::from(name.strip_suffix(".eml").unwrap()), bytes)
        };
        files(&path).into_iter().map(message).collect()
    };
    block_on(check(open, received)).unwrap();
}

#[test]
fn a_folder_overwrites_nothing_and_forgets_nothing() {
    let path = fresh("repeats");
    let folder = EmlFolder::open(&path).unwrap();
    assert_eq!(send(&folder, "m-1"), Handover::Accepted);
    let first = files(&path);
    assert_eq!(first["m-1.eml"], message("m-1").unwrap().bytes);
    let other = message("m-2").unwrap();
    assert_eq!(block_on(folder.send(&"m-1".into(), &other)).unwrap(), Handover::Accepted);
    drop(folder);
    let folder = EmlFolder::open(&path).unwrap();
    assert_eq!(block_on(folder.send(&"m-1".into(), &other)).unwrap(), Handover::Accepted);
    assert_eq!(files(&path), first);
    let Handover::Failed { reason } = block_on(folder.send(&"../m".into(), &other)).unwrap() else {
        panic!("it is outside of the folder");
    };
    assert!(reason.starts_with("id: it must be"), "{reason}");
    assert!(!path.join("../m.eml").exists());
}

#[test]
fn a_folder_that_keeps_some_ends_with_the_same_after_any_crash() {
    let ids: Vec<String> = (0..8).map(|number| format!("m-{number}")).collect();
    let whole = fresh("keep");
    let folder = EmlFolder::open(&whole).unwrap().keep(5);
    ids.iter().for_each(|id| assert_eq!(send(&folder, id), Handover::Accepted));
    assert_eq!(names(&whole), ["m-0.eml", "m-1.eml", "m-2.eml", "m-3.eml", "m-4.eml"]);
    for crash in 0..=ids.len() {
        let path = fresh("crash");
        let folder = EmlFolder::open(&path).unwrap().keep(5);
        ids[..crash].iter().for_each(|id| assert_eq!(send(&folder, id), Handover::Accepted));
        drop(folder);
        // The message that was being written, and how far the host knows that it came.
        fs::write(path.join(".m-7.eml.part"), "From: half").unwrap();
        fs::write(path.join("notes.txt"), "not a message").unwrap();
        fs::write(path.join(".hidden"), "nor this").unwrap();
        for known in crash.saturating_sub(3)..=crash {
            let folder = EmlFolder::open(&path).unwrap().keep(5);
            ids[known..].iter().for_each(|id| assert_eq!(send(&folder, id), Handover::Accepted));
            let mut found = files(&path);
            assert!(found.remove("notes.txt").is_some() && found.remove(".hidden").is_some());
            assert_eq!(found, files(&whole), "{crash} {known}");
        }
    }
    // None is none, and fewer than there are removes nothing.
    let path = fresh("none");
    assert_eq!(send(&EmlFolder::open(&path).unwrap().keep(0), "m-1"), Handover::Accepted);
    assert!(files(&path).is_empty());
    assert_eq!(send(&EmlFolder::open(&whole).unwrap().keep(2), "m-9"), Handover::Accepted);
    assert_eq!(names(&whole).len(), 5);
}

#[test]
fn a_folder_that_cannot_be_used_is_an_error() {
    let path = fresh("file");
    fs::write(&path, "a file").unwrap();
    assert_eq!(EmlFolder::open(&path).unwrap_err().kind(), ErrorKind::Io);
    let gone = fresh("gone");
    let folder = EmlFolder::open(&gone).unwrap();
    fs::remove_dir_all(&gone).unwrap();
    let error = block_on(folder.send(&"m-1".into(), &message("m-1").unwrap())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    fs::create_dir(&gone).unwrap();
    assert_eq!(send(&folder, "m-1"), Handover::Accepted);
    assert_eq!(names(&gone), ["m-1.eml"]);
}

#[test]
fn a_flaky_channel_keeps_the_contract_whatever_its_seed() {
    let day = Idempotency::KeyFor(Duration::days(1));
    for seed in 0..10 {
        for idempotency in [Idempotency::Key, day, Idempotency::None] {
            let open = || FlakyChannel::new(Seed::new(seed)).dropping(idempotency);
            block_on(check(open, FlakyChannel::received)).unwrap();
            let bad = || open().defers(0.3).fails(0.3).errs(0.2, 0.2);
            block_on(check(bad, FlakyChannel::received)).unwrap();
        }
    }
}

#[test]
fn a_flaky_channel_is_as_bad_as_it_says() {
    let messages: Vec<Message> = (0..400).map(|n| message(&format!("m-{n}")).unwrap()).collect();
    let run = |seed: u64| {
        let channel = FlakyChannel::new(Seed::new(seed));
        let mut counts = BTreeMap::<&str, usize>::new();
        for message in &messages {
            let before = channel.received().len();
            let answer = block_on(channel.send(&message.id, message));
            let word = match answer {
                Ok(Handover::Accepted) => "accepted",
                Ok(Handover::Deferred { .. }) => "deferred",
                Ok(Handover::Failed { .. }) => "failed",
                Ok(other) => panic!("{other:?}"),
                Err(_) if channel.received().len() > before => "lost after",
                Err(_) => "lost before",
            };
            *counts.entry(word).or_default() += 1;
        }
        (counts, channel.received())
    };
    let (counts, received) = run(1);
    for (word, least, most) in [
        ("accepted", 280, 330),
        ("deferred", 25, 55),
        ("failed", 10, 30),
        ("lost after", 10, 30),
        ("lost before", 10, 30),
    ] {
        assert!((least..=most).contains(&counts[word]), "{counts:?}");
    }
    assert_eq!(run(1), (counts, received));
    assert_ne!(run(1).1, run(2).1);
    let channel = FlakyChannel::new(Seed::new(1)).fails(0.0).errs(0.0, 0.0).defers(1.0);
    channel.set_now(Timestamp::from_micros(7));
    let until = Timestamp::from_micros(7).plus(Duration::minutes(15));
    assert!(matches!(send(&channel, "m-1"), Handover::Deferred { until: at, .. } if at == until));
    assert_eq!(channel.handed(), [("m-1".into(), 1)].into());
}

/// What a store does with a transition.
fn apply(delivery: &mut Delivery, transition: Transition) {
    assert_eq!(transition.from, delivery.state.name());
    assert!(transition.from.may_become(transition.to.name()), "{transition:?}");
    delivery.attempts += u32::from(transition.to == State::Sending);
    (delivery.state, delivery.since) = (transition.to, transition.at);
}

/// Whatever a channel answers, a relay that does what follows from it sends nothing twice, and
/// leaves nothing where it was.
#[test]
fn what_follows_from_answers_and_crashes_sends_nothing_twice() {
    let hour = Idempotency::KeyFor(Duration::hours(1));
    for (seed, idempotency) in
        (0..60).flat_map(|seed| [Idempotency::Key, hour, Idempotency::None].map(|key| (seed, key)))
    {
        let channel = FlakyChannel::new(Seed::new(seed)).dropping(idempotency).errs(0.2, 0.2);
        let mut luck = Seed::new(seed).fork("crashes").draws();
        let mut now = Timestamp::from_micros(0);
        let message = message("m-1").unwrap();
        let claim = Claim::new("spring", "m-1", "p-1", now);
        let address = Digest::new(KeyVersion::new(1), [1; 32]);
        let mut delivery = Delivery::claimed(claim, address, "news", *b"sealed");
        for _ in 0..200 {
            now = now.plus(Duration::minutes(7));
            channel.set_now(now);
            match delivery.state {
                State::Deferred { until, .. } if now < until => continue,
                State::Claimed | State::Deferred { .. } => {
                    let taken = delivery.taken(now);
                    apply(&mut delivery, taken);
                }
                State::Sending => {
                    let recovered = delivery.recovered(idempotency, now);
                    apply(&mut delivery, recovered);
                }
                _ => break,
            }
            // The relay crashes before it calls, or before it writes down what was answered.
            if delivery.state != State::Sending || luck.chance(0.2) {
                continue;
            }
            let answer = block_on(channel.send(delivery.id(), &message));
            if !luck.chance(0.3) {
                let handed = delivery.handed(answer, idempotency, now);
                apply(&mut delivery, handed);
            }
        }
        let state = delivery.state.name();
        assert!(state.is_final(), "{seed} {idempotency:?} {state}");
        let received = channel.received().len();
        assert!(received <= 1, "{seed} {idempotency:?} sent {received} times");
        match state {
            StateName::Accepted => assert_eq!(received, 1, "{seed} {idempotency:?}"),
            StateName::Failed => assert_eq!(received, 0, "{seed} {idempotency:?}"),
            _ => assert_ne!(idempotency, Idempotency::Key, "{seed}: there is no doubt"),
        }
    }
}

/// A channel that breaks the contract in one way.
#[derive(Debug)]
struct Broken {
    fault: Fault,
    received: Mutex<Vec<(MessageId, Vec<u8>)>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    AcceptsAnyIdentifier,
    ChangesBytes,
    ForgetsTheKey,
    LosesWhatItAccepts,
    None,
    Overwrites,
    RefusesRepeats,
    SaysNoReason,
    SendsWhatItDefers,
    SendsTwice,
}

#[async_trait]
impl Channel for Broken {
    fn idempotency(&self) -> Idempotency {
        Idempotency::Key
    }

    async fn send(&self, id: &MessageId, message: &Message) -> Result<Handover> {
        let mut received = self.received.lock().unwrap();
        let text = id.as_str();
        let odd = text.is_empty() || text.contains([' ', '/', '\\', '\0', 'ä']);
        let odd = odd || text.len() > 128 || text.split('.').any(str::is_empty);
        if odd && self.fault != Fault::AcceptsAnyIdentifier {
            return Ok(Handover::Failed { reason: "odd".to_owned() });
        }
        let known = received.iter().position(|(known, _)| known == id);
        let mut bytes = message.bytes.clone();
        match (self.fault, known) {
            (Fault::ForgetsTheKey, _) | (_, None) => {}
            (Fault::RefusesRepeats, Some(_)) => {
                return Ok(Handover::Failed { reason: "again".to_owned() });
            }
            (Fault::Overwrites, Some(at)) => {
                received[at].1 = bytes;
                return Ok(Handover::Accepted);
            }
            (_, Some(_)) => return Ok(Handover::Accepted),
        }
        match self.fault {
            Fault::LosesWhatItAccepts => return Ok(Handover::Accepted),
            Fault::ChangesBytes => bytes.push(b'\n'),
            Fault::SaysNoReason => return Ok(Handover::Failed { reason: String::new() }),
            Fault::SendsTwice => received.push((id.clone(), bytes.clone())),
            _ => {}
        }
        received.push((id.clone(), bytes));
        if self.fault == Fault::SendsWhatItDefers {
            let until = Timestamp::from_micros(0);
            return Ok(Handover::Deferred { until, reason: "later".to_owned() });
        }
        Ok(Handover::Accepted)
    }
}

#[test]
fn the_suite_finds_what_is_broken() {
    for (fault, expected) in [
        (Fault::AcceptsAnyIdentifier, "an identifier that no message may have fails"),
        (Fault::ChangesBytes, "is received as it was handed over"),
        (Fault::ForgetsTheKey, "is received as it was handed over"),
        (Fault::LosesWhatItAccepts, "what is accepted is had once"),
        (Fault::None, ""),
        (Fault::Overwrites, "is received as it was handed over"),
        (Fault::RefusesRepeats, "a repeat of what was accepted is accepted"),
        (Fault::SaysNoReason, "what failed has a reason"),
        (Fault::SendsWhatItDefers, "what is deferred is not had"),
        (Fault::SendsTwice, "what is accepted is had once"),
    ] {
        let fresh = || Broken { fault, received: Mutex::new(Vec::new()) };
        let received = |channel: &Broken| channel.received.lock().unwrap().clone();
        let found = panic::catch_unwind(AssertUnwindSafe(|| block_on(check(fresh, received))));
        let text = found.err().map(|panic| match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
        });
        match text {
            Some(text) => {
                assert!(!expected.is_empty() && text.contains(expected), "{fault:?} {text}");
            }
            None => assert!(expected.is_empty(), "{fault:?} was not found"),
        }
    }
}

#[test]
fn an_error_of_a_channel_is_no_answer() {
    let claim = Claim::new("spring", "m-1", "p-1", Timestamp::from_micros(0));
    let address = Digest::new(KeyVersion::new(1), [1; 32]);
    let delivery = Delivery::claimed(claim, address, "news", *b"sealed");
    let error = || Err(Error::new(ErrorKind::Io, "nobody knows"));
    let now = Timestamp::from_micros(1);
    assert_eq!(delivery.handed(error(), Idempotency::None, now).to, State::Unknown);
    assert_eq!(delivery.handed(error(), Idempotency::Key, now).to, State::Sending);
}
