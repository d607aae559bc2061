//! The message by bespoke: checked, signed, and for a person who may be written to.

use std::sync::Arc;

use bespoke::Engine;
use bespoke::content::Template;
use bespoke::email::{Address, Composer, Draft, Message, Sender};
use bespoke::engine::{View, Wanted};
use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::gate::{Candidate, Lookup, Permit, Standing, Verdict, gate};
use bespoke::identity::{CanonicalEmail, Digest, Hasher};
use bespoke::key::{KeyVersion, Keys, Secret};
use bespoke::privacy::{Consent, Ledger};
use bespoke::schema::Schema;
use bespoke::time::Timestamp;
use bespoke::value::{Fields, Kind, Value};
use serde_json::Value as Json;

const ADDRESS: &str = "beatriz@example.com";

pub struct Ours {
    engine: Engine,
    composer: Composer,
    hasher: Hasher,
    profile: Json,
    given: Fields,
}

/// What one message is written from.
pub struct Person {
    id: String,
    view: View,
    recipient: Address,
    digest: Digest,
}

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().expect("an instant")
}

impl Ours {
    pub fn new(data: &str, html: &str, text: &str) -> bespoke::Result<Self> {
        let data: Json = serde_json::from_str(data).expect("the data is JSON");
        let schema = Schema::new()
            .attribute("first_name", Kind::Text)
            .attribute("tier", Kind::Text)
            .attribute("city", Kind::Text)
            .attribute("vip", Kind::Boolean)
            .attribute("orders", Kind::Number);
        let Json::Object(given) = &data["given"] else { panic!("what is given is an object") };
        let names = given.keys().map(String::as_str).chain(["unsubscribe_url"]);
        let subject = data["subject"].as_str().expect("a subject");
        let mut engine = Engine::new(schema)?;
        engine.add_template("mail", Template::new(subject, html, text)?.given(names))?;
        let keys = Arc::new(Keys::new(KeyVersion::new(1), Secret::new([7; 32])?));
        let sender = Sender::new(
            "Mill & Lane <news@shop.example>",
            "https://shop.example/u/",
            "Rua do Moinho 12, 4900-001 Viana do Castelo",
        )
        .list_id("<news.shop.example>")
        .feedback_id("mill-lane");
        Ok(Self {
            engine,
            composer: Composer::new(&sender, Arc::clone(&keys) as _)?,
            hasher: Hasher::new(keys),
            profile: data["profile"].clone(),
            given: given.iter().map(|(name, it)| (name.as_str(), value(it))).collect(),
        })
    }

    pub fn person(&self, number: u64) -> bespoke::Result<Person> {
        let id = format!("p-{number}");
        let Json::Object(traits) = &self.profile else { panic!("the profile is an object") };
        let told = Event::identify(&*id, now())
            .with_fields(traits.iter().map(|(name, it)| (name.as_str(), value(it))).collect());
        let timeline = Timeline::of([told], self.engine.schema());
        let view = self.engine.evaluate(&timeline.facts(now()), &Wanted::everything())?;
        let digest = self.hasher.digest(&CanonicalEmail::new(ADDRESS)?)?;
        Ok(Person { id, view, recipient: Address::new(Some("Beatriz Álvares"), ADDRESS)?, digest })
    }

    pub fn permit(person: &Person) -> Permit {
        let granted = Ledger::new().with(Consent::granted("news", now(), "1"));
        let standing = Standing::new(person.id.as_str(), person.digest)
            .erased(Lookup::Known(false))
            .suppressed(Lookup::Known(None))
            .consents(Lookup::Known(granted));
        match gate(&standing, &Candidate::marketing("news"), now()).verdict {
            Verdict::Permit(permit) => permit,
            verdict => panic!("{verdict:?}"),
        }
    }

    pub fn way_out(&self) -> bespoke::Result<String> {
        self.composer.unsubscribe_url(&"m-1".into(), &"p-1".into(), &"news".into())
    }

    /// What a host does for each message: the way out, the letter, the message.
    pub fn message(&self, person: &Person, permit: Permit) -> bespoke::Result<Message> {
        let profile = person.id.as_str().into();
        let url = self.composer.unsubscribe_url(&"m-1".into(), &profile, &"news".into())?;
        let given = self.given.with("unsubscribe_url", url.into());
        let letter = person.view.letter("mail", &given)?;
        let draft = Draft::new("m-1", profile, person.recipient.clone(), letter).campaign("spring");
        self.composer.compose(permit, &draft, now())
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::Number(number) => Value::Number(number.to_string().parse().expect("a decimal")),
        Json::String(text) => text.as_str().into(),
        Json::Array(elements) => Value::List(elements.iter().map(value).collect()),
        Json::Object(fields) => {
            Value::Object(fields.iter().map(|(name, it)| (name.as_str(), value(it))).collect())
        }
    }
}
