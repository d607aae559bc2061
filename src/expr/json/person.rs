//! Questions about a person as JSON.

use std::sync::Arc;

use super::{Json, fault, named, number, raw};
use crate::error::{Error, Result};
use crate::expr::window::count;
use crate::expr::{Expr, Node, Over, Person};
use crate::time::Duration;

impl From<&Person> for Json {
    fn from(person: &Person) -> Self {
        let path = match person.of().map(Expr::node) {
            Some(Node::Path(path)) => path.clone(),
            _ => Vec::new(),
        };
        match person {
            Person::Anniversary { zone, .. } => Self::Anniversary { path, zone: *zone },
            Person::Bucket { count, salt } => {
                Self::Bucket { count: raw((*count).into()), salt: Arc::clone(salt) }
            }
            Person::Changed { over, .. } => Self::Changed { path, over: *over },
            Person::ObservedFor(length) => Self::ObservedFor(*length),
        }
    }
}

impl TryFrom<Json> for Person {
    type Error = Error;

    fn try_from(json: Json) -> Result<Self> {
        let path = |path| named(path).map(Expr::path);
        Ok(match json {
            Json::Anniversary { path: of, zone } => Self::Anniversary { of: path(of)?, zone },
            Json::Bucket { count: buckets, salt } => {
                Self::Bucket { count: count(number(&buckets)?).map_err(fault)?, salt }
            }
            Json::Changed { path: of, over } => {
                Self::Changed { of: path(of)?, over: length(over)? }
            }
            Json::ObservedFor(over) => Self::ObservedFor(length(over)?),
            _ => return Err(fault("this is no question about a person")),
        })
    }
}

/// A stretch of time, as windows are.
fn length(over: Duration) -> Result<Duration> {
    Over::sliding(over, None).map_err(fault)?;
    Ok(over)
}
