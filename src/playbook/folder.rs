//! The folder: which files there are.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::folder;

/// The files of definitions, in the order in which their faults are told.
pub(super) const FILES: [&str; 8] = [
    "playbook.toml",
    "schema.toml",
    "metrics.toml",
    "segments.toml",
    "scores.toml",
    "purposes.toml",
    "sender.toml",
    "mailings.toml",
];

/// Below it are the files of a library of templates.
pub(super) const LIBRARY: &str = "library/";

/// How deep the folder goes: `library/NAME/fixtures/FIXTURE.json`.
const DEPTH: usize = 4;

/// Where a file comes in the order of faults; what is no definition comes last.
pub(super) fn rank(path: &str) -> usize {
    let folders = ["blocks/", "templates/", LIBRARY];
    let named = FILES.iter().position(|file| *file == path);
    let below = || folders.iter().position(|folder| path.starts_with(folder));
    named.or_else(|| below().map(|at| FILES.len() + at)).unwrap_or(usize::MAX)
}

/// Every file below a folder, by its path.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, String>> {
    folder::read(path, DEPTH).map_err(|mut faults| {
        faults.sort_by_cached_key(|fault| {
            let file = fault.file.clone().unwrap_or_default();
            (rank(&file), file)
        });
        Error::from_diagnostics(ErrorKind::Playbook, faults)
    })
}
