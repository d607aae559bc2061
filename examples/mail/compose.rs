//! A fixture's letter as a whole message, as a mailer would write it.

use std::sync::Arc;

use bespoke::email::{Address, Composer, Draft, Sender};
use bespoke::gate::{Candidate, Lookup, Standing, Verdict, gate};
use bespoke::identity::{CanonicalEmail, Hasher};
use bespoke::key::{KeyVersion, Keys, Secret};
use bespoke::privacy::{Consent, Ledger};

use crate::Fault;
use crate::folder::Rendered;

/// To whom it goes where the fixture names nobody.
const RECIPIENT: &str = "Ann Example <ann@mail.example>";
/// From whom it comes where neither the template nor the library says so.
const SENDER: &str = "Preview <preview@mail.example>";

/// Composes the message. Its links out are signed with a key of their own, which opens nothing.
pub(crate) fn message(rendered: &Rendered<'_>) -> Result<Vec<u8>, Fault> {
    compose(rendered).map_err(|error| error.to_string())
}

fn compose(rendered: &Rendered<'_>) -> bespoke::Result<Vec<u8>> {
    let Rendered { entry, fixture, letter } = rendered;
    let now = fixture.now();
    let keys = Arc::new(Keys::new(KeyVersion::new(1), Secret::new([0; 32])?));
    let recipient = Address::parse(fixture.recipient().unwrap_or(RECIPIENT))?;
    let address = CanonicalEmail::new(recipient.address())?;
    let address = Hasher::new(Arc::clone(&keys) as _).digest(&address)?;
    let purpose = entry.purpose().unwrap_or("preview");
    let standing = Standing::new("preview", address)
        .erased(Lookup::Known(false))
        .suppressed(Lookup::Known(None))
        .consents(Lookup::Known(Ledger::new().with(Consent::granted(purpose, now, "preview"))));
    let candidate = if entry.is_transactional() {
        Candidate::transactional(purpose)
    } else {
        Candidate::marketing(purpose)
    };
    let Verdict::Permit(permit) = gate(&standing, &candidate, now).verdict else {
        let detail = "the gate does not let the preview through";
        return Err(bespoke::Error::new(bespoke::error::ErrorKind::Permit, detail));
    };
    let mut sender = Sender::new(
        entry.from().unwrap_or(SENDER),
        "https://mail.example/unsubscribe/",
        fixture.given("postal_address").unwrap_or("1 Example Street"),
    );
    if let Some(address) = entry.reply_to() {
        sender = sender.reply_to(address);
    }
    let composer = Composer::new(&sender, keys)?;
    let draft = Draft::new(fixture.message().clone(), "preview", recipient, letter.clone());
    Ok(composer.compose(permit, &draft, now)?.bytes)
}
