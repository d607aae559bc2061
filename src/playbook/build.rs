//! Files into a playbook and its engine.

use std::collections::BTreeMap;

use super::read::{self, Draft};
use super::{Playbook, check};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// Reads and checks files; every fault is told.
pub(super) fn build(files: &BTreeMap<String, String>) -> Result<(Playbook, Engine)> {
    let mut draft = read::read(files);
    let engine = check::check(&mut draft);
    let Draft { playbook, atlas, .. } = draft;
    match engine {
        Some(engine) if atlas.is_sound() => Ok((playbook, engine)),
        _ => Err(Error::from_diagnostics(ErrorKind::Playbook, atlas.into_faults())),
    }
}
