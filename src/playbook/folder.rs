//! The folder: which files there are, and how they are read.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use crate::error::{Diagnostic, Error, ErrorKind, Result, Span};

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

/// How deep the folder goes: `blocks/NAME/VARIANT.html`.
const DEPTH: usize = 3;

/// Where a file comes in the order of faults; what is no definition comes last.
pub(super) fn rank(path: &str) -> usize {
    let folders = ["blocks/", "templates/"];
    let named = FILES.iter().position(|file| *file == path);
    let below = || folders.iter().position(|folder| path.starts_with(folder));
    named.or_else(|| below().map(|at| FILES.len() + at)).unwrap_or(usize::MAX)
}

/// Whether a file is none of the playbook's.
pub(super) fn is_beside(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name == "README.md" || path.split('/').any(|part| part.starts_with('.'))
}

/// A file's text as it is read: without the mark that some editors put first, and with the line
/// ends of Unix.
pub(super) fn plain(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")
}

/// Every file below a folder, by its path.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, String>> {
    let (mut files, mut faults) = (BTreeMap::new(), Vec::new());
    walk(folder, "", &mut files, &mut faults);
    if faults.is_empty() {
        return Ok(files);
    }
    faults.sort_by_cached_key(|fault| {
        let file = fault.file.clone().unwrap_or_default();
        (rank(&file), file)
    });
    Err(Error::from_diagnostics(ErrorKind::Playbook, faults))
}

fn walk(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, String>,
    faults: &mut Vec<Diagnostic>,
) {
    let shown = if prefix.is_empty() { folder.display().to_string() } else { prefix.to_owned() };
    let unreadable = |error: &io::Error| {
        Diagnostic::of_file(shown.as_str(), format!("the folder cannot be read: {error}"))
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return faults.push(unreadable(&error)),
    };
    for entry in entries {
        match entry {
            Ok(entry) => take(&entry.path(), &entry.file_name(), prefix, (files, faults)),
            Err(error) => faults.push(unreadable(&error)),
        }
    }
}

fn take(
    file: &Path,
    name: &OsStr,
    prefix: &str,
    (files, faults): (&mut BTreeMap<String, String>, &mut Vec<Diagnostic>),
) {
    let path = format!("{prefix}{}", name.display());
    if is_beside(&path) {
        return;
    }
    if name.to_str().is_none() {
        return faults.push(Diagnostic::of_file(path, "the file's name is no Unicode"));
    }
    match fs::metadata(file) {
        Ok(data) if data.is_dir() && prefix.matches('/').count() + 1 < DEPTH => {
            walk(file, &format!("{path}/"), files, faults);
        }
        Ok(data) if data.is_dir() => {
            faults.push(Diagnostic::of_file(path, "nothing reads this folder"));
        }
        Ok(_) => match load(file, &path) {
            Ok(text) => drop(files.insert(path, text)),
            Err(fault) => faults.push(fault),
        },
        Err(error) => faults.push(unread(&path, &error)),
    }
}

fn load(file: &Path, path: &str) -> Result<String, Diagnostic> {
    let bytes = fs::read(file).map_err(|error| unread(path, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        Diagnostic::new(&text, Span::new(valid, valid + 1), "this is no UTF-8")
            .in_file(path)
            .with_help("save the file as UTF-8")
    })
}

fn unread(path: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::of_file(path, format!("the file cannot be read: {error}"))
}
