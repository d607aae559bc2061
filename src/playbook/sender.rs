//! The sender as the mailer takes it.

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
        let sender = match &self.reply_to {
            Some(address) => sender.reply_to(&**address),
            None => sender,
        };
        sender.check()?;
        Ok(sender)
    }
}
