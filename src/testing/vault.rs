//! The contract of [`Vault`].

use crate::error::Result;
use crate::id::ProfileId;
use crate::privacy::{Held, Personal, PersonalRecord, Place, Protection, Vault};
use crate::time::Timestamp;

/// Checks that vaults made by `fresh`, each of them empty, keep the contract of [`Vault`].
///
/// ```
/// use bespoke::privacy::MemoryVault;
///
/// pollster::block_on(bespoke::testing::vault::check(MemoryVault::new))?;
/// # Ok::<(), bespoke::Error>(())
/// ```
///
/// # Errors
///
/// What the vault answers with; a call of the suite must not fail.
///
/// # Panics
///
/// Where the contract is broken, naming the clause.
pub async fn check<V: Vault>(fresh: impl Fn() -> V + Send + Sync) -> Result<()> {
    latest_stands(&fresh).await?;
    erasure_is_final(&fresh()).await?;
    people_are_apart(&fresh()).await?;
    debug_is_silent(&fresh()).await
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

fn told(person: &str, id: &str, seconds: i64, known: i64, name: &str) -> PersonalRecord {
    PersonalRecord::new(person, Place::Attribute, id, at(seconds)).known(at(known)).with(
        "name",
        Protection::Personal,
        name,
    )
}

async fn latest_stands<V: Vault>(fresh: &(impl Fn() -> V + Send + Sync)) -> Result<()> {
    let gift = PersonalRecord::new("p-1", Place::Event("Gift Sent".into()), "m-4", at(9))
        .with("name", Protection::Personal, "Bob")
        .with("note", Protection::Undeclared, "\"for you\"")
        .with_at(Place::Envelope, "context", Protection::Undeclared, "{}");
    let records = [
        told("p-1", "m-1", 1, 30, "Anna"),
        told("p-1", "m-2", 2, 20, "Anne"),
        told("p-1", "m-3", 2, 10, "Ann"),
        gift,
    ];
    let mut expected = Personal::new();
    for record in &records {
        expected.apply(record);
    }
    let person = ProfileId::from("p-1");
    for turn in 0..records.len() {
        let vault = fresh();
        assert!(vault.get(&person).await?.is_empty(), "a fresh vault is empty");
        let (first, second) = records.split_at(turn);
        for record in second.iter().chain(first).chain(first) {
            vault.put(record.clone()).await?;
        }
        let personal = vault.get(&person).await?;
        assert_eq!(personal, expected, "the order of arrival does not matter");
        let name = personal.attribute("name").map(ToString::to_string);
        assert_eq!(name.as_deref(), Some("Anne"), "the latest by (at, known) stands");
        let ids: Vec<&str> = personal.held().map(|held: Held<'_>| held.id.as_str()).collect();
        assert!(ids.contains(&"m-2") && ids.contains(&"m-4"), "what told a value is kept");
    }
    Ok(())
}

async fn erasure_is_final(vault: &impl Vault) -> Result<()> {
    let person = ProfileId::from("p-1");
    vault.put(told("p-1", "m-1", 1, 1, "Ann")).await?;
    let receipt = vault.erase(&person, at(10)).await?;
    assert_eq!((&receipt.person, receipt.at), (&person, at(10)), "a receipt says whose and when");
    assert_eq!(receipt.values, 1, "a receipt counts what was destroyed");
    assert!(vault.get(&person).await?.is_empty(), "nothing is left after an erasure");
    assert_eq!(vault.erase(&person, at(5)).await?.values, 0, "erasing again finds nothing");
    vault.put(told("p-1", "m-1", 1, 1, "Ann")).await?;
    vault.put(told("p-1", "m-2", 1, 10, "Ann")).await?;
    assert!(vault.get(&person).await?.is_empty(), "a replay brings nothing back");
    vault.put(told("p-1", "m-3", 1, 11, "Ann")).await?;
    assert_eq!(vault.get(&person).await?.len(), 1, "what is known later is kept");
    let stranger = ProfileId::from("p-2");
    assert_eq!(vault.erase(&stranger, at(10)).await?.values, 0, "nothing held, nothing destroyed");
    vault.put(told("p-2", "m-4", 1, 10, "Bob")).await?;
    assert!(vault.get(&stranger).await?.is_empty(), "an erasure holds for what comes after it");
    Ok(())
}

async fn people_are_apart(vault: &impl Vault) -> Result<()> {
    vault.put(told("p-1", "m-1", 1, 1, "Ann")).await?;
    vault.put(told("p-2", "m-2", 1, 1, "Bob")).await?;
    vault.erase(&"p-1".into(), at(10)).await?;
    let bob = vault.get(&"p-2".into()).await?;
    assert_eq!(bob.attribute("name").map(ToString::to_string).as_deref(), Some("Bob"));
    Ok(())
}

async fn debug_is_silent(vault: &impl Vault) -> Result<()> {
    vault.put(told("p-1", "m-1", 1, 1, "Annabel")).await?;
    assert!(!format!("{vault:?}").contains("Annabel"), "Debug shows no personal data");
    Ok(())
}
