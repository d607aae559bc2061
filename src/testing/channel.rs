//! The contract of [`Channel`], and a channel that is as bad as it may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::content::Letter;
use crate::delivery::{Channel, Handover, Idempotency};
use crate::email::{Address, Composer, Draft, Message, ProviderHeader, Sender};
use crate::error::{Error, ErrorKind, Result};
use crate::gate::{Candidate, Lookup, Standing, Verdict, gate};
use crate::id::MessageId;
use crate::identity::{CanonicalEmail, Hasher};
use crate::key::{KeyVersion, Keys, Secret};
use crate::seed::Seed;
use crate::time::{Duration, Timestamp};

/// How many messages the suite hands over.
const MESSAGES: usize = 40;
/// How often the suite repeats each.
const REPEATS: usize = 3;
/// How long a [`FlakyChannel`] puts a message off.
const PAUSE: Duration = Duration::minutes(15);

/// A message of this identifier to `ann@example.com`.
///
/// # Errors
///
/// [`ErrorKind::Address`] for an identifier that no message may have.
pub fn message(id: &str) -> Result<Message> {
    let now = Timestamp::from_micros(1_772_355_600_000_000);
    let recipient = Address::parse("Ann <ann@example.com>")?;
    let keys = Arc::new(Keys::new(KeyVersion::new(1), Secret::new([7; 32])?));
    let digest = Hasher::new(Arc::<Keys>::clone(&keys))
        .digest(&CanonicalEmail::new(recipient.address())?)?;
    let standing =
        Standing::new("p-1", digest).erased(Lookup::Known(false)).suppressed(Lookup::Known(None));
    let Verdict::Permit(permit) = gate(&standing, &Candidate::transactional("test"), now).verdict
    else {
        return Err(Error::new(ErrorKind::Permit, "a message for a test was not permitted"));
    };
    let sender = Sender::new("Shop <shop@shop.example>", "https://shop.example/u/", "Weg 1, Ulm");
    let text = format!("This is {id}.");
    let letter = Letter::new("Test", text.clone(), format!("<p>{text}</p>"));
    Composer::new(&sender, keys)?.compose(permit, &Draft::new(id, "p-1", recipient, letter), now)
}

/// Checks that channels made by `fresh`, each of which has nothing yet, keep the contract of
/// [`Channel`]; `received` gives what a channel has, in any order. A channel may defer, fail and
/// err as it likes.
///
/// ```
/// use bespoke::seed::Seed;
/// use bespoke::testing::channel::{FlakyChannel, check};
///
/// pollster::block_on(check(|| FlakyChannel::new(Seed::new(1)), FlakyChannel::received))?;
/// # Ok::<(), bespoke::Error>(())
/// ```
///
/// # Errors
///
/// None for a channel that keeps the contract.
///
/// # Panics
///
/// Where the contract is broken, naming the clause.
pub async fn check<C: Channel>(
    fresh: impl Fn() -> C + Send + Sync,
    received: impl Fn(&C) -> Vec<(MessageId, Vec<u8>)> + Send + Sync,
) -> Result<()> {
    assert_eq!(fresh().headers(), fresh().headers(), "the headers it writes are always the same");
    answers_are_true(&fresh(), &received).await?;
    repeats_are_dropped(&fresh(), &received).await?;
    odd_identifiers_fail(&fresh(), &received).await
}

/// How often a channel has a message, and whether byte for byte.
fn times(received: &[(MessageId, Vec<u8>)], message: &Message) -> usize {
    let same = received.iter().filter(|(id, _)| *id == message.id);
    let times = same.inspect(|(id, bytes)| {
        assert!(*bytes == message.bytes, "{id} is received as it was handed over");
    });
    times.count()
}

fn messages() -> Result<Vec<Message>> {
    (1..=MESSAGES).map(|number| message(&format!("m-{number}"))).collect()
}

async fn answers_are_true<C: Channel>(
    channel: &C,
    received: &(impl Fn(&C) -> Vec<(MessageId, Vec<u8>)> + Send + Sync),
) -> Result<()> {
    let idempotency = channel.idempotency();
    assert!(received(channel).is_empty(), "a fresh channel has nothing");
    for message in messages()? {
        let answer = channel.send(&message.id, &message).await;
        let times = times(&received(channel), &message);
        match answer {
            Ok(Handover::Accepted) => assert_eq!(times, 1, "what is accepted is had once"),
            Ok(Handover::Deferred { reason, .. }) => {
                assert_eq!(times, 0, "what is deferred is not had");
                assert!(!reason.is_empty(), "what is deferred has a reason");
            }
            Ok(Handover::Failed { reason }) => {
                assert_eq!(times, 0, "what failed is not had");
                assert!(!reason.is_empty(), "what failed has a reason");
            }
            Err(_) => assert!(times <= 1, "one hand-over is one message, even with an error"),
        }
    }
    assert_eq!(channel.idempotency(), idempotency, "whether repeats are dropped does not change");
    let shown = format!("{channel:?}");
    assert!(!shown.contains("ann@"), "Debug shows no personal data");
    Ok(())
}

async fn repeats_are_dropped<C: Channel>(
    channel: &C,
    received: &(impl Fn(&C) -> Vec<(MessageId, Vec<u8>)> + Send + Sync),
) -> Result<()> {
    if channel.idempotency() == Idempotency::None {
        return Ok(());
    }
    for message in messages()? {
        let mut accepted = false;
        let mut other = message.clone();
        for _ in 0..=REPEATS {
            let before = times(&received(channel), &message);
            // Once the channel has it, what it is handed no longer matters.
            let handed = if before > 0 { &other } else { &message };
            let answer = channel.send(&message.id, handed).await;
            if accepted && let Ok(answer) = &answer {
                assert_eq!(
                    *answer,
                    Handover::Accepted,
                    "a repeat of what was accepted is accepted"
                );
            }
            accepted |= matches!(answer, Ok(Handover::Accepted));
            let after = times(&received(channel), &message);
            assert!(after <= 1, "a repeat is dropped: {} is there {after} times", message.id);
            assert!(after >= before && after >= usize::from(accepted), "what is had is not lost");
            other.bytes.extend(b"again\r\n");
        }
    }
    Ok(())
}

async fn odd_identifiers_fail<C: Channel>(
    channel: &C,
    received: &(impl Fn(&C) -> Vec<(MessageId, Vec<u8>)> + Send + Sync),
) -> Result<()> {
    let message = message("m-1")?;
    let long = "m".repeat(129);
    for odd in ["", ".", "..", "../m-1", "a/b", "a\\b", "a..b", "m-1\0", "m 1", "ä", &long] {
        let answer = channel.send(&odd.into(), &message).await;
        let is_failed = matches!(answer, Ok(Handover::Failed { .. }) | Err(_));
        assert!(is_failed, "an identifier that no message may have fails: `{odd}`");
        assert!(received(channel).is_empty(), "what failed is not had: `{odd}`");
    }
    Ok(())
}

/// A channel in memory that defers, fails and errs by its seed, and remembers what it got: for
/// simulations.
///
/// What it answers depends on the identifier and on how often that was handed over, never on the
/// order of others. By default, of a hundred hand-overs, it defers 10 and errs at 5 before and at 5
/// after it has accepted; of a hundred identifiers it refuses 5 for good; and it drops repeats.
pub struct FlakyChannel {
    seed: Seed,
    idempotency: Idempotency,
    defers: f64,
    fails: f64,
    /// Before and after accepting.
    errs: (f64, f64),
    headers: BTreeSet<ProviderHeader>,
    memory: Mutex<Memory>,
}

struct Memory {
    now: Timestamp,
    handed: BTreeMap<MessageId, u32>,
    /// Since when the identifier is known.
    keys: BTreeMap<MessageId, Timestamp>,
    received: Vec<(MessageId, Vec<u8>)>,
}

impl FlakyChannel {
    /// A channel that has nothing yet, at 1970-01-01T00:00:00Z.
    pub fn new(seed: Seed) -> Self {
        let memory = Memory {
            now: Timestamp::from_micros(0),
            handed: BTreeMap::new(),
            keys: BTreeMap::new(),
            received: Vec::new(),
        };
        Self {
            seed,
            idempotency: Idempotency::Key,
            defers: 0.1,
            fails: 0.05,
            errs: (0.05, 0.05),
            headers: BTreeSet::new(),
            memory: Mutex::new(memory),
        }
    }

    /// The same channel, which drops repeats like this.
    #[must_use]
    pub fn dropping(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// The same channel, which defers this share of hand-overs by 15 minutes.
    #[must_use]
    pub fn defers(mut self, share: f64) -> Self {
        self.defers = share;
        self
    }

    /// The same channel, which refuses this share of identifiers whenever they come.
    #[must_use]
    pub fn fails(mut self, share: f64) -> Self {
        self.fails = share;
        self
    }

    /// The same channel, which errs at these shares of hand-overs: before it has accepted, and
    /// after.
    #[must_use]
    pub fn errs(mut self, before: f64, after: f64) -> Self {
        self.errs = (before, after);
        self
    }

    /// The same channel, which says that it writes these headers itself.
    #[must_use]
    pub fn writes(mut self, headers: impl IntoIterator<Item = ProviderHeader>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Sets the channel's clock.
    pub fn set_now(&self, now: Timestamp) {
        self.memory().now = now;
    }

    /// What was accepted, in that order; what was accepted twice is there twice.
    pub fn received(&self) -> Vec<(MessageId, Vec<u8>)> {
        self.memory().received.clone()
    }

    /// How often each identifier was handed over.
    pub fn handed(&self) -> BTreeMap<MessageId, u32> {
        self.memory().handed.clone()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // No call panics while it holds the lock; what a poisoned one guards is whole.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_repeat(&self, memory: &Memory, id: &MessageId) -> bool {
        memory.keys.get(id).is_some_and(|since| match self.idempotency {
            Idempotency::Key => true,
            Idempotency::KeyFor(kept) => memory.now < since.plus(kept),
            Idempotency::None => false,
        })
    }
}

#[async_trait]
impl Channel for FlakyChannel {
    fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    fn headers(&self) -> BTreeSet<ProviderHeader> {
        self.headers.clone()
    }

    async fn send(&self, id: &MessageId, message: &Message) -> Result<Handover> {
        let lost = |detail| Err(Error::new(ErrorKind::Io, detail));
        let failed = |reason: &str| Ok(Handover::Failed { reason: reason.to_owned() });
        if crate::email::check_id(id).is_err() {
            return failed("no such identifier");
        }
        let mut memory = self.memory();
        let count = memory.handed.entry(id.clone()).or_default();
        *count += 1;
        let seed = self.seed.fork(id.as_str());
        let luck = seed.fork(&count.to_string()).unit();
        let (before, after) = self.errs;
        if luck < before {
            return lost("the connection was lost before the message was handed over");
        }
        if !self.is_repeat(&memory, id) {
            if seed.fork("fails").unit() < self.fails {
                return failed("the recipient is refused");
            }
            if (before + after..before + after + self.defers).contains(&luck) {
                let until = memory.now.plus(PAUSE);
                return Ok(Handover::Deferred { until, reason: "come back later".to_owned() });
            }
            let now = memory.now;
            memory.keys.insert(id.clone(), now);
            memory.received.push((id.clone(), message.bytes.clone()));
        }
        if luck < before + after {
            return lost("the connection was lost before the answer came");
        }
        Ok(Handover::Accepted)
    }
}

impl fmt::Debug for FlakyChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlakyChannel")
            .field("seed", &self.seed)
            .field("received", &self.memory().received.len())
            .finish_non_exhaustive()
    }
}
