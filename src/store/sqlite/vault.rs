//! A vault in a SQLite file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::super::row;
use super::database::{Database, Failure, Outcome};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{MessageId, ProfileId};
use crate::key::{Entropy, KeyProvider, KeyVersion, Keys, Secret};
use crate::privacy::{
    Held, Personal, PersonalRecord, Place, Protection, Receipt, Sealer, Vault, generation,
};
use crate::time::Timestamp;
use crate::value::{Decimal, Fields, Value};

/// What people's keys are sealed for.
const PERSON: &str = "vault.person";
/// What values are sealed for.
const VALUE: &str = "vault.value";
/// People's own keys have one generation: a new key is a new life of the vault's.
const ONLY: KeyVersion = KeyVersion::new(0);

/// A [`Vault`] in a SQLite file: each person's data is sealed under a key of that person.
///
/// A person's key is 256 random bits from an [`Entropy`], kept sealed (wrapped) under the host's
/// key. Values are sealed under the person's key for their place: person, place, name. Whose they
/// are, where and when they were told is readable, the values are not. An erasure destroys the
/// wrapped key and the rows, overwrites both in the file, and keeps the instant.
///
/// What an erasure does not reach are copies of the file that were made before, the log on disks
/// that do not overwrite in place, and whatever was read from the vault. Copies become unreadable
/// when the generation of the host's key that wrapped the person's key is destroyed: call
/// [`rewrap`](Self::rewrap) after a new one became active, then destroy the old.
///
/// The calls block, as those of [`SqliteStore`](super::SqliteStore) do.
///
/// ```
/// # use std::sync::Arc;
/// # use bespoke::key::{KeyVersion, Keys, Secret};
/// # use bespoke::seed::Seed;
/// # use bespoke::testing::key::SeededEntropy;
/// use bespoke::privacy::{PersonalRecord, Place, Protection, Vault};
/// use bespoke::store::SqliteVault;
///
/// # let keys = Arc::new(Keys::new(KeyVersion::new(1), Secret::new([7; 32])?));
/// # let entropy = Arc::new(SeededEntropy::new(Seed::new(1)));
/// let vault = SqliteVault::in_memory(keys, entropy)?;
/// let told = PersonalRecord::new("p-1", Place::Attribute, "m-1", "2026-02-01T12:00:00Z".parse()?)
///     .with("name", Protection::Personal, "Ann");
/// # pollster::block_on(async {
/// vault.put_all(vec![told]).await?;
/// let ann = vault.get(&"p-1".into()).await?;
/// assert_eq!(ann.attribute("name").unwrap().to_string(), "Ann");
/// assert_eq!(vault.erase(&"p-1".into(), "2026-03-01T00:00:00Z".parse()?).await?.values, 1);
/// # Ok::<(), bespoke::Error>(())
/// # }).unwrap();
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone)]
pub struct SqliteVault {
    database: Database,
    sealer: Sealer,
    keys: Arc<dyn KeyProvider>,
    entropy: Arc<dyn Entropy>,
}

impl SqliteVault {
    pub(super) fn new(
        database: Database,
        keys: Arc<dyn KeyProvider>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { database, sealer: Sealer::new(Arc::clone(&keys)), keys, entropy }
    }

    /// Opens the vault in this file, or makes it there. It may be a store's file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] where the file is none of this crate's or a newer version wrote it,
    /// and [`ErrorKind::Io`] where it cannot be read and written.
    pub fn open(
        path: impl AsRef<Path>,
        keys: Arc<dyn KeyProvider>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        Ok(Self::new(Database::open(path.as_ref())?, keys, entropy))
    }

    /// A vault in memory, which nothing of outlives.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] where there is no memory for it.
    pub fn in_memory(keys: Arc<dyn KeyProvider>, entropy: Arc<dyn Entropy>) -> Result<Self> {
        Ok(Self::new(Database::in_memory()?, keys, entropy))
    }

    /// Wraps every person's key under the active generation of the host's key, and says how many
    /// were wrapped anew. What an older generation wrapped is overwritten.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Key`] where there is no active key or one that wrapped is gone already, and
    /// [`ErrorKind::Io`] where the file does not answer; nothing is then changed.
    pub fn rewrap(&self) -> Result<usize> {
        let count = self.database.write(|db| {
            let (active, _) = self.keys.active()?;
            let old = people(db)?.into_iter().map(|(person, wrapped)| {
                let stale = generation(&wrapped)? != active;
                Ok(stale.then_some((person, wrapped)))
            });
            let old: Vec<_> = old.filter_map(Result::transpose).collect::<Result<_>>()?;
            let mut keep =
                db.prepare_cached("UPDATE vault_people SET wrapped = ?2 WHERE person = ?1")?;
            for (person, wrapped) in &old {
                let key = Zeroizing::new(self.sealer.open(PERSON, person, wrapped)?);
                keep.execute(params![person, self.sealer.seal(PERSON, person, &key)?])?;
            }
            Ok(old.len())
        })?;
        self.database.settle()?;
        Ok(count)
    }

    /// Writes everything to the file and closes it, as [`SqliteStore::close`] does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] where it cannot be written.
    ///
    /// [`SqliteStore::close`]: super::SqliteStore::close
    pub fn close(self) -> Result<()> {
        self.database.close()
    }

    fn put_into(&self, db: &Connection, records: &[PersonalRecord]) -> Outcome<()> {
        let mut drawers = BTreeMap::new();
        for record in records.iter().filter(|record| !record.is_empty()) {
            let person = record.person();
            if !drawers.contains_key(person) {
                drawers.insert(person, Drawer::find(db, person)?);
            }
            let Some(drawer) = drawers.get_mut(person) else { continue };
            if drawer.erased.is_some_and(|erased| record.known_from() <= erased) {
                continue;
            }
            let seal = drawer.open_or_make(self, db, person)?;
            record.held().try_for_each(|held| hold(db, &seal, person, held))?;
        }
        Ok(())
    }

    fn read(&self, db: &Connection, person: &ProfileId) -> Outcome<Personal> {
        let mut personal = Personal::new();
        let mut find = db.prepare_cached(
            "SELECT place, name, protection, at, known_from, message, sealed FROM vault_values
             WHERE person = ?1 ORDER BY place, name, protection",
        )?;
        let mut rows = find.query([person.as_str()])?;
        let mut seal = None;
        while let Some(found) = rows.next()? {
            let seal = match &mut seal {
                Some(seal) => seal,
                none => none.insert(Drawer::find(db, person)?.open(self, person)?),
            };
            personal.apply(&record(found, seal, person)?);
        }
        Ok(personal)
    }
}

#[async_trait]
impl Vault for SqliteVault {
    async fn put(&self, record: PersonalRecord) -> Result<()> {
        self.put_all(vec![record]).await
    }

    async fn put_all(&self, records: Vec<PersonalRecord>) -> Result<()> {
        self.database.write(|db| self.put_into(db, &records))
    }

    async fn get(&self, person: &ProfileId) -> Result<Personal> {
        self.database.read(|db| self.read(db, person))
    }

    async fn erase(&self, person: &ProfileId, now: Timestamp) -> Result<Receipt> {
        let values = self.database.write(|db| erase(db, person, now))?;
        // The log still has what was overwritten in the file.
        self.database.settle()?;
        Ok(Receipt::new(person.clone(), now, values))
    }
}

impl fmt::Debug for SqliteVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteVault").finish_non_exhaustive()
    }
}

/// What is kept of a person beside their values.
#[derive(Default)]
struct Drawer {
    wrapped: Option<Vec<u8>>,
    erased: Option<Timestamp>,
    seal: Option<Sealer>,
}

impl Drawer {
    fn find(db: &Connection, person: &ProfileId) -> Outcome<Self> {
        let mut find =
            db.prepare_cached("SELECT wrapped, erased FROM vault_people WHERE person = ?1")?;
        let found = find.query_row([person.as_str()], |row| {
            let erased: Option<i64> = row.get(1)?;
            let erased = erased.map(Timestamp::from_micros);
            Ok(Self { wrapped: row.get(0)?, erased, seal: None })
        });
        Ok(found.optional()?.unwrap_or_default())
    }

    /// What seals and opens the person's values.
    fn open(&self, vault: &SqliteVault, person: &ProfileId) -> Result<Sealer> {
        let wrapped = self.wrapped.as_deref().ok_or_else(|| {
            Error::new(ErrorKind::Key, format!("the key of `{person}` was destroyed"))
        })?;
        let key = vault.sealer.open(PERSON, person.as_str(), wrapped)?;
        Ok(sealer(Secret::new(key)?))
    }

    /// As [`Drawer::open`]; whoever has no key gets one.
    fn open_or_make(
        &mut self,
        vault: &SqliteVault,
        db: &Connection,
        person: &ProfileId,
    ) -> Outcome<Sealer> {
        if let Some(seal) = &self.seal {
            return Ok(seal.clone());
        }
        if self.wrapped.is_none() {
            let mut key = Zeroizing::new([0; 32]);
            vault.entropy.fill(&mut *key)?;
            let wrapped = vault.sealer.seal(PERSON, person.as_str(), &*key)?;
            let mut keep = db.prepare_cached(
                "INSERT INTO vault_people (person, wrapped) VALUES (?1, ?2)
                 ON CONFLICT (person) DO UPDATE SET wrapped = excluded.wrapped",
            )?;
            keep.execute(params![person.as_str(), wrapped])?;
            self.wrapped = Some(wrapped);
        }
        let seal = self.open(vault, person)?;
        self.seal = Some(seal.clone());
        Ok(seal)
    }
}

fn sealer(key: Secret) -> Sealer {
    Sealer::new(Arc::new(Keys::new(ONLY, key)))
}

/// Those who have a key, with the wrapped key.
fn people(db: &Connection) -> Outcome<Vec<(String, Vec<u8>)>> {
    let mut find = db.prepare_cached(
        "SELECT person, wrapped FROM vault_people WHERE wrapped IS NOT NULL ORDER BY person",
    )?;
    let found = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Keeps a value, if it is later than the one that is there.
fn hold(db: &Connection, seal: &Sealer, person: &ProfileId, held: Held<'_>) -> Outcome<()> {
    let (place, protection) = (place_word(held.place), protection_word(held.protection));
    let key = params![person.as_str(), place, &**held.name, protection];
    let mut find = db.prepare_cached(
        "SELECT place, name, protection, at, known_from, message, sealed FROM vault_values
         WHERE person = ?1 AND place = ?2 AND name = ?3 AND protection = ?4",
    )?;
    let mut rows = find.query(key)?;
    if let Some(found) = rows.next()? {
        let standing = (row::instant(found, 3)?, row::instant(found, 4)?);
        if (held.at, held.known) < standing {
            return Ok(());
        }
        // Which of two told at once stands is for the fold to say.
        if (held.at, held.known) == standing {
            let mut personal = Personal::new();
            personal.apply(&record(found, seal, person)?);
            personal.apply(&of(person, held));
            if personal
                .held()
                .next()
                .is_none_or(|stands| (stands.id, stands.value) != (held.id, held.value))
            {
                return Ok(());
            }
        }
    }
    let plain = Zeroizing::new(
        serde_json::to_vec(&Plain::from(held.value))
            .map_err(|error| Failure::format(error.to_string()))?,
    );
    let sealed = seal.seal(VALUE, &context(person, &place, held.name), &plain)?;
    let mut keep = db.prepare_cached(
        "INSERT INTO vault_values (person, place, name, protection, at, known_from, message, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (person, place, name, protection) DO UPDATE SET at = excluded.at,
             known_from = excluded.known_from, message = excluded.message, sealed = excluded.sealed",
    )?;
    keep.execute(params![
        person.as_str(),
        place,
        &**held.name,
        protection,
        held.at.micros(),
        held.known.micros(),
        held.id.as_str(),
        sealed,
    ])?;
    Ok(())
}

/// One value as a record of its own.
fn of(person: &ProfileId, held: Held<'_>) -> PersonalRecord {
    PersonalRecord::new(person.clone(), held.place.clone(), held.id.clone(), held.at)
        .known(held.known)
        .with(Arc::clone(held.name), held.protection, held.value.clone())
}

/// `place, name, protection, at, known_from, message, sealed`.
fn record(found: &Row<'_>, seal: &Sealer, person: &ProfileId) -> Outcome<PersonalRecord> {
    let (place, name) = (&*row::text(found, 0)?, &*row::text(found, 1)?);
    let protection = protection(&row::text(found, 2)?)?;
    let sealed = row::bytes(found, 6)?;
    let plain = Zeroizing::new(seal.open(VALUE, &context(person, place, name), sealed)?);
    let plain: Plain =
        serde_json::from_slice(&plain).map_err(|error| Failure::format(error.to_string()))?;
    let id = MessageId::from(&*row::text(found, 5)?);
    let record =
        PersonalRecord::new(person.clone(), self::place(place)?, id, row::instant(found, 3)?);
    Ok(record.known(row::instant(found, 4)?).with(name, protection, plain.value()?))
}

fn erase(db: &Connection, person: &ProfileId, now: Timestamp) -> Outcome<usize> {
    let mut forget = db.prepare_cached("DELETE FROM vault_values WHERE person = ?1")?;
    let values = forget.execute([person.as_str()])?;
    // An erasure called again with an earlier instant must not reopen what is closed.
    let mut close = db.prepare_cached(
        "INSERT INTO vault_people (person, erased) VALUES (?1, ?2)
         ON CONFLICT (person) DO UPDATE SET wrapped = NULL,
             erased = max(coalesce(erased, excluded.erased), excluded.erased)",
    )?;
    close.execute(params![person.as_str(), now.micros()])?;
    Ok(values)
}

/// Where a value belongs, so that it opens nowhere else: a JSON list, in which no two rows of texts
/// look alike.
fn context(person: &ProfileId, place: &str, name: &str) -> String {
    // A list of texts: nothing that JSON cannot say.
    serde_json::to_string(&[person.as_str(), place, name]).unwrap_or_default()
}

fn place_word(place: &Place) -> String {
    match place {
        Place::Attribute => "attribute".to_owned(),
        Place::Envelope => "envelope".to_owned(),
        Place::Event(name) => format!("event {name}"),
    }
}

fn place(word: &str) -> Outcome<Place> {
    match (word, word.strip_prefix("event ")) {
        (_, Some(name)) => Ok(Place::Event(name.into())),
        ("attribute", None) => Ok(Place::Attribute),
        ("envelope", None) => Ok(Place::Envelope),
        _ => Err(Failure::format(format!("`{word}` is no place that this version knows"))),
    }
}

fn protection_word(protection: Protection) -> &'static str {
    match protection {
        Protection::Personal => "personal",
        Protection::Special => "special",
        Protection::Undeclared => "undeclared",
    }
}

fn protection(word: &str) -> Outcome<Protection> {
    match word {
        "personal" => Ok(Protection::Personal),
        "special" => Ok(Protection::Special),
        "undeclared" => Ok(Protection::Undeclared),
        _ => Err(Failure::format(format!("`{word}` is no protection that this version knows"))),
    }
}

/// A value with its kind, which JSON alone does not tell.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Plain {
    Boolean(bool),
    Instant(i64),
    List(Vec<Self>),
    Null,
    Number(i64),
    Object(Vec<(String, Self)>),
    Text(String),
}

impl From<&Value> for Plain {
    fn from(value: &Value) -> Self {
        match value {
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Instant(at) => Self::Instant(at.micros()),
            Value::List(elements) => Self::List(elements.iter().map(Self::from).collect()),
            Value::Null => Self::Null,
            Value::Number(number) => Self::Number(number.micros()),
            Value::Object(fields) => Self::Object(
                fields.iter().map(|(name, value)| (name.to_string(), Self::from(value))).collect(),
            ),
            Value::Text(text) => Self::Text(text.to_string()),
        }
    }
}

impl Plain {
    fn value(self) -> Outcome<Value> {
        Ok(match self {
            Self::Boolean(value) => value.into(),
            Self::Instant(at) => Timestamp::from_micros(at).into(),
            Self::List(elements) => {
                let values = elements.into_iter().map(Self::value);
                values.collect::<Outcome<Vec<_>>>()?.into()
            }
            Self::Null => Value::Null,
            Self::Number(micros) => Decimal::from_micros(micros.into())
                .ok_or_else(|| Failure::format("a number is out of range"))?
                .into(),
            Self::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| Ok((name, value.value()?)));
                Value::Object(fields.collect::<Outcome<Vec<_>>>()?.into_iter().collect::<Fields>())
            }
            Self::Text(text) => text.into(),
        })
    }
}
