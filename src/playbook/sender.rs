//! The sender as the mailer takes it.

use std::sync::Arc;

use super::SenderPlan;
use crate::email::Sender;
use crate::error::Result;

impl SenderPlan {
    /// The settings of the mailer, checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Address`](crate::error::ErrorKind::Address) with a sentence for each field at
    /// fault: the mailer knows more of addresses and links than a playbook does.
    pub fn sender(&self) -> Result<Sender> {
        let sender = Sender::new(&*self.from, &*self.unsubscribe_url, &*self.postal_address);
        let owned = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        let sender = Sender {
            reply_to: owned(&self.reply_to),
            list_id: owned(&self.list_id),
            feedback_id: owned(&self.feedback_id),
            ..sender
        };
        sender.check()?;
        Ok(sender)
    }
}
