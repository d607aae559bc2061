//! What carries messages away.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;

use super::{Handover, Idempotency};
use crate::email::{Message, ProviderHeader};
use crate::error::Result;
use crate::id::MessageId;

/// Hands messages to whoever carries them on: a provider, a server, a folder.
///
/// # Contract
/// - [`Handover::Accepted`] means that the channel has the message: it does not get lost by a crash
///   of the host. [`Deferred`] and [`Failed`] mean that it has not and will not send it, and say
///   why. An error means that nobody knows.
/// - [`idempotency`] is the same at every call. A channel that names a key drops repeats by the
///   delivery's identifier alone: while it keeps the identifier of a message that it accepted, it
///   answers a repeat with `Accepted` and sends nothing, even if the repeat reads otherwise, came
///   from another process, or the host never saw the first answer. It keeps identifiers at least as
///   long as it says, and with [`Idempotency::Key`] longer than anybody may come to repeat
///   anything: for as long as deliveries that are not final are kept. What it deferred, failed or
///   lost it may be handed anew.
/// - An identifier that no message may have ([`Draft::id`]) is [`Failed`].
/// - Suppression and consent are read again before the call, not by the channel.
///
/// # Shapes and units
/// The message is whole and final: its bytes go out as they are, to its `recipient`, from its
/// `from`. The identifier is the message's, which names the delivery.
///
/// # Errors
/// [`ErrorKind::Io`] where it is not known whether the channel has the message. What is known is an
/// answer: a refused connection is [`Deferred`].
///
/// # Implementing
/// Show no personal data by `Debug` or in a reason, which is stored. `testing::channel::check`
/// (features `testing` and `mail`) runs the contract.
///
/// # Example
/// ```
/// use bespoke::delivery::{Channel, Handover};
/// use bespoke::testing::channel::{FlakyChannel, message};
/// use bespoke::seed::Seed;
///
/// # pollster::block_on(async {
/// let channel = FlakyChannel::new(Seed::new(1)).defers(0.0).fails(0.0).errs(0.0, 0.0);
/// let message = message("m-1")?;
/// assert_eq!(channel.send(&message.id, &message).await?, Handover::Accepted);
/// assert_eq!(channel.send(&message.id, &message).await?, Handover::Accepted);
/// assert_eq!(channel.received().len(), 1);
/// # Ok::<(), bespoke::Error>(())
/// # }).unwrap();
/// ```
///
/// [`Deferred`]: Handover::Deferred
/// [`Draft::id`]: crate::email::Draft::id
/// [`ErrorKind::Io`]: crate::error::ErrorKind::Io
/// [`Failed`]: Handover::Failed
/// [`idempotency`]: Channel::idempotency
#[async_trait]
pub trait Channel: fmt::Debug + Send + Sync {
    /// Whether repeats are dropped.
    fn idempotency(&self) -> Idempotency;

    /// The headers that whoever carries the message on writes itself, the same at every call. They
    /// are for the composer to leave out ([`Composer::carried_by`]), since two of one header are
    /// worse than either. None where it says nothing.
    ///
    /// [`Composer::carried_by`]: crate::email::Composer::carried_by
    fn headers(&self) -> BTreeSet<ProviderHeader> {
        BTreeSet::new()
    }

    /// Hands a message over under the delivery's identifier.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn send(&self, id: &MessageId, message: &Message) -> Result<Handover>;
}
