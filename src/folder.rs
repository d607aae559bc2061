//! Folders of text files that a team keeps in Git, and how they are read.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use crate::error::{Diagnostic, Span, nearest};

/// Whether a file is none of the folder's: what says what the folder is, and what tools keep there.
pub(crate) fn is_beside(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name == "README.md" || path.split('/').any(|part| part.starts_with('.'))
}

/// A file's text as it is read: without the mark that some editors put first, and with the line
/// ends of Unix.
pub(crate) fn plain(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")
}

/// What a reader of TOML says of a name, and advice from the list of names that it ends with.
pub(crate) fn unknown(message: &str) -> (String, Option<String>) {
    let whole = || (message.to_owned(), None);
    let Some((found, known)) = message.split_once(", expected ") else { return whole() };
    let names = |text: &str| -> Vec<String> {
        text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let known = names(known);
    let (Some(name), false) = (names(found).pop(), known.is_empty()) else { return whole() };
    let help = match nearest(&name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    match found.split_once(" `") {
        Some(("unknown variant", _)) => (format!("`{name}` is not known here"), Some(help)),
        Some(("unknown field", _)) => (format!("nothing reads `{name}`"), Some(help)),
        _ => whole(),
    }
}

/// Every file below a folder, by its path with `/` between its parts, down to so many of them.
///
/// # Errors
///
/// What cannot be read, all of it.
pub(crate) fn read(
    folder: &Path,
    depth: usize,
) -> Result<BTreeMap<String, String>, Vec<Diagnostic>> {
    let mut reader = Reader { depth, files: BTreeMap::new(), faults: Vec::new() };
    reader.walk(folder, "");
    if reader.faults.is_empty() { Ok(reader.files) } else { Err(reader.faults) }
}

/// What was read so far.
struct Reader {
    depth: usize,
    files: BTreeMap<String, String>,
    faults: Vec<Diagnostic>,
}

impl Reader {
    fn walk(&mut self, folder: &Path, prefix: &str) {
        let shown =
            if prefix.is_empty() { folder.display().to_string() } else { prefix.to_owned() };
        let unreadable = |error: &io::Error| {
            Diagnostic::of_file(shown.as_str(), format!("the folder cannot be read: {error}"))
        };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.faults.push(unreadable(&error)),
        };
        for entry in entries {
            match entry {
                Ok(entry) => self.take(&entry.path(), &entry.file_name(), prefix),
                Err(error) => self.faults.push(unreadable(&error)),
            }
        }
    }

    fn take(&mut self, file: &Path, name: &OsStr, prefix: &str) {
        let path = format!("{prefix}{}", name.display());
        if is_beside(&path) {
            return;
        }
        if name.to_str().is_none() {
            return self.faults.push(Diagnostic::of_file(path, "the file's name is no Unicode"));
        }
        match fs::metadata(file) {
            Ok(data) if data.is_dir() && prefix.matches('/').count() + 1 < self.depth => {
                self.walk(file, &format!("{path}/"));
            }
            Ok(data) if data.is_dir() => {
                self.faults.push(Diagnostic::of_file(path, "nothing reads this folder"));
            }
            Ok(_) => match load(file, &path) {
                Ok(text) => drop(self.files.insert(path, text)),
                Err(fault) => self.faults.push(fault),
            },
            Err(error) => self.faults.push(unread(&path, &error)),
        }
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
