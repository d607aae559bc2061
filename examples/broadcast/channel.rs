//! A channel into a file: a line for each message.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bespoke::delivery::{Channel, Handover, Idempotency};
use bespoke::email::Message;
use bespoke::error::{Error, ErrorKind, Result};
use bespoke::id::MessageId;

/// Writes the identifier of each message and whom it goes to, once: what a provider is to a host.
pub(crate) struct Lines(Mutex<Written>);

struct Written {
    file: File,
    /// The hashes of the identifiers that are there. Two of a million are alike once in many
    /// million runs.
    there: BTreeSet<u64>,
}

impl Lines {
    /// Opens the file and reads what is there; a line that a kill left half-written goes.
    pub(crate) fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(path)?;
        let (mut there, mut whole) = (BTreeSet::new(), 0);
        let mut lines = BufReader::new(&file);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 && line.ends_with('\n') {
            whole += line.len() as u64;
            there.extend(line.split('\t').next().map(hash));
            line.clear();
        }
        file.set_len(whole)?;
        Ok(Self(Mutex::new(Written { file, there })))
    }
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

#[async_trait]
impl Channel for Lines {
    fn idempotency(&self) -> Idempotency {
        Idempotency::Key
    }

    async fn send(&self, id: &MessageId, message: &Message) -> Result<Handover> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = hash(id.as_str());
        if !written.there.contains(&key) {
            let line = format!("{id}\t{}\n", message.recipient.address());
            let write = written.file.write_all(line.as_bytes());
            write.map_err(|error| {
                Error::new(ErrorKind::Io, "the line cannot be written").with_source(error)
            })?;
            written.there.insert(key);
        }
        Ok(Handover::Accepted)
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}
