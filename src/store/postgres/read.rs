//! Reading pages: a few queries for each, however many profiles it holds.

use std::collections::BTreeMap;

use futures_util::future::try_join3;
use tokio_postgres::Row;

use super::super::table::Kind;
use super::super::{Addresses, DecisionRecord, Profile, Timer, query, row};
use super::link::{Link, Parameter, lists};
use crate::claim::Mailing;
use crate::delivery::{Delivery, StateName};
use crate::error::Result;
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::schema::Schema;
use crate::time::Timestamp;

const THESE: &str = "profile = ANY (?1)";
const THESE_ADDRESSES: &str = "(address, key_version) IN (SELECT * FROM unnest(?1, ?2))";

/// The profiles from a place on with their versions, nothing else of them.
pub(super) async fn ids(link: &Link<'_>, from: &str, wanted: usize) -> Result<Vec<Profile>> {
    let asked = [Parameter::text(from), Parameter::Number(query::limit(wanted))];
    link.rows(query::PROFILES, &asked).await?.iter().map(row::profile).collect()
}

/// Everything stored of these profiles, of which the versions are known.
pub(super) async fn fill(
    link: &Link<'_>,
    schema: &Schema,
    profiles: Vec<Profile>,
) -> Result<Vec<Profile>> {
    let mut people = People::of(profiles);
    people.wishes(link).await?;
    people.events(link, schema).await?;
    Ok(people.0.into_values().collect())
}

pub(super) async fn profile(link: &Link<'_>, schema: &Schema, id: &ProfileId) -> Result<Profile> {
    let found = versions(link, std::slice::from_ref(id)).await?;
    let found = fill(link, schema, found).await?.pop();
    Ok(found.unwrap_or_else(|| Profile::new(id.clone())))
}

/// These people in the order asked for, without their events.
pub(super) async fn people(link: &Link<'_>, ids: &[ProfileId]) -> Result<Vec<Profile>> {
    let mut people = People::of(versions(link, ids).await?);
    people.wishes(link).await?;
    let known = |id: &ProfileId| people.0.get(id).cloned();
    Ok(ids.iter().map(|id| known(id).unwrap_or_else(|| Profile::new(id.clone()))).collect())
}

/// Those of these people that are known, with their versions. What else is read of them is at
/// least as new, so that whoever decides by it and names the version is not mistaken.
async fn versions(link: &Link<'_>, ids: &[ProfileId]) -> Result<Vec<Profile>> {
    let sql = format!("SELECT profile, version FROM main.profiles WHERE {THESE}");
    let found = link.rows(&sql, &[texts(ids)]).await?;
    found.iter().map(row::profile).collect()
}

fn texts(ids: &[ProfileId]) -> Parameter<'_> {
    Parameter::texts(ids.iter().map(ProfileId::as_str))
}

/// People that are being read.
struct People(BTreeMap<ProfileId, Profile>);

impl People {
    fn of(profiles: Vec<Profile>) -> Self {
        Self(profiles.into_iter().map(|profile| (profile.id.clone(), profile)).collect())
    }

    async fn events(&mut self, link: &Link<'_>, schema: &Schema) -> Result<()> {
        let events = link.rows(&query::events(THESE), &self.these()).await?;
        self.each(&events, |profile, found| {
            let event = row::event(found, &profile.id, schema)?;
            profile.events.push(event);
            Ok(())
        })?;
        self.0.values_mut().for_each(row::sort_events);
        Ok(())
    }

    /// What they consented to and subscribed to, and what was claimed for them.
    async fn wishes(&mut self, link: &Link<'_>) -> Result<()> {
        let these = self.these();
        let (consents, choices, claims) = try_join3(
            link.rows(&query::consents(THESE), &these),
            link.rows(&query::subscriptions(THESE), &these),
            link.rows(&query::claims(THESE), &these),
        )
        .await?;
        self.each(&consents, |profile, found| {
            profile.consents.record(row::consent(found)?);
            Ok(())
        })?;
        self.each(&choices, |profile, found| {
            profile.subscriptions.record(row::subscription(found)?);
            Ok(())
        })?;
        self.each(&claims, |profile, found| {
            profile.claims.push(row::claim(found, 0)?);
            Ok(())
        })?;
        self.0.values_mut().for_each(|profile| profile.claims.sort());
        Ok(())
    }

    fn these(&self) -> [Parameter<'_>; 1] {
        [Parameter::texts(self.0.keys().map(ProfileId::as_str))]
    }

    /// Gives each row, whose first column is a profile, to that profile.
    fn each(
        &mut self,
        rows: &[Row],
        mut take: impl FnMut(&mut Profile, &Row) -> Result<()>,
    ) -> Result<()> {
        for found in rows {
            if let Some(profile) = self.0.get_mut(&*row::text(found, 0)?) {
                take(profile, found)?;
            }
        }
        Ok(())
    }
}

pub(super) async fn addresses(link: &Link<'_>, digests: &[Digest]) -> Result<Addresses> {
    let asked = lists(&[Kind::Bytes, Kind::Number], digests.iter().map(row::of_digest));
    let mut addresses = Addresses::default();
    for found in &link.rows(&query::suppressions(THESE_ADDRESSES), &asked).await? {
        row::suppression(found, &mut addresses.suppression)?;
    }
    for found in &link.rows(&query::claims(THESE_ADDRESSES), &asked).await? {
        let claims = addresses.claims.entry(row::digest(found, 4)?).or_default();
        claims.push(row::claim(found, 0)?);
    }
    addresses.claims.values_mut().for_each(|claims| claims.sort());
    Ok(addresses)
}

pub(super) async fn decisions(
    link: &Link<'_>,
    mailing: &Mailing,
    from: &str,
    wanted: usize,
) -> Result<Vec<DecisionRecord>> {
    let asked = [
        Parameter::text(mailing.as_str()),
        Parameter::text(from),
        Parameter::Number(query::limit(wanted)),
    ];
    let found = link.rows(&query::decisions(), &asked).await?;
    found.iter().map(|found| row::decision(found, mailing)).collect()
}

/// The decisions on these people, where there are any.
pub(super) async fn decided(
    link: &Link<'_>,
    mailing: &Mailing,
    people: &[ProfileId],
) -> Result<Vec<DecisionRecord>> {
    let asked = [Parameter::text(mailing.as_str()), texts(people)];
    let found = link.rows(&query::decided("profile = ANY (?2)"), &asked).await?;
    let found = found.iter().map(|found| {
        let decision = row::decision(found, mailing)?;
        Ok((decision.profile.clone(), decision))
    });
    let found: BTreeMap<ProfileId, DecisionRecord> = found.collect::<Result<_>>()?;
    Ok(people.iter().filter_map(|person| found.get(person).cloned()).collect())
}

/// The deliveries with their numbers.
pub(super) async fn deliveries(
    link: &Link<'_>,
    mailing: &Mailing,
    state: StateName,
    after: Option<u64>,
    wanted: usize,
) -> Result<Vec<(u64, Delivery)>> {
    let asked = [
        Parameter::text(mailing.as_str()),
        Parameter::text(state.as_str()),
        Parameter::Number(query::after(after)),
        Parameter::Number(query::limit(wanted)),
    ];
    link.rows(&query::deliveries(), &asked).await?.iter().map(row::delivery).collect()
}

pub(super) async fn timers(link: &Link<'_>, now: Timestamp, most: usize) -> Result<Vec<Timer>> {
    let asked = [Parameter::Number(now.micros()), Parameter::Number(query::limit(most))];
    link.rows(&query::timers(), &asked).await?.iter().map(row::timer).collect()
}

/// The text that a query finds by another.
pub(super) async fn one(link: &Link<'_>, sql: &str, name: &str) -> Result<Option<String>> {
    let found = link.rows(sql, &[Parameter::text(name)]).await?;
    found.first().map(|found| Ok(row::text(found, 0)?.into_owned())).transpose()
}
