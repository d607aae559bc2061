//! A folder of messages.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{Channel, Handover, Idempotency};
use crate::email::{Message, check_id};
use crate::error::{Error, ErrorKind, Result};
use crate::id::MessageId;

/// How the names of messages end.
const EML: &str = ".eml";
/// How the names of messages end that are being written; they begin with a dot.
const PART: &str = ".eml.part";

/// A [`Channel`] into a folder: each message is a file `<id>.eml` that mail programs open. It sends
/// nothing to anybody, so it is for a dry run, for looking at a mailing, and for tests.
///
/// A file appears as a whole: it is written and synced under another name and then renamed, and the
/// folder is synced, before the message is accepted. A message whose file is there is accepted and
/// not written again, so repeats are dropped for good, as long as nobody empties the folder.
///
/// One process at a time has the folder open. Where file names do not tell upper from lower case,
/// identifiers must differ by more.
///
/// ```
/// use bespoke::delivery::{Channel, EmlFolder, Handover};
///
/// # pollster::block_on(async {
/// # let path = std::env::temp_dir().join(format!("bespoke-{}", std::process::id()));
/// # let message = bespoke::testing::channel::message("m-1")?;
/// let folder = EmlFolder::open(&path)?;
/// assert_eq!(folder.send(&message.id, &message).await?, Handover::Accepted);
/// assert_eq!(std::fs::read(path.join("m-1.eml")).unwrap(), message.bytes);
/// # std::fs::remove_dir_all(&path).unwrap();
/// # Ok::<(), bespoke::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct EmlFolder {
    path: PathBuf,
    keep: usize,
    /// How many messages are in the folder; locked while one is put in.
    held: Mutex<usize>,
}

impl EmlFolder {
    /// The folder at `path`, made if there is none. What a crash left half-written is removed; what
    /// is not named like a message is left alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] where the folder cannot be made, read or cleaned.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let held = tidy(&path).map_err(|error| fault("opened", error))?;
        Ok(Self { path, keep: usize::MAX, held: Mutex::new(held) })
    }

    /// The same folder, which holds at most `most` messages, those there already included: the
    /// first are written, and what comes after them is accepted unwritten. A mailing that is resumed
    /// hands over in the same order and so ends with the same files.
    #[must_use]
    pub fn keep(mut self, most: usize) -> Self {
        self.keep = most;
        self
    }

    fn put(&self, id: &MessageId, message: &Message) -> io::Result<()> {
        // What a poisoned lock guards is a count that was raised or not, never half.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.path.join(format!("{id}{EML}"));
        if !file.try_exists()? {
            if *held >= self.keep {
                return Ok(());
            }
            let part = self.path.join(format!(".{id}{PART}"));
            write(&part, &message.bytes)?;
            fs::rename(&part, &file)?;
            *held += 1;
        }
        // A file that is there may have come by a rename that was never synced.
        sync_folder(&self.path)
    }
}

#[async_trait]
impl Channel for EmlFolder {
    fn idempotency(&self) -> Idempotency {
        Idempotency::Key
    }

    async fn send(&self, id: &MessageId, message: &Message) -> Result<Handover> {
        if let Err(error) = check_id(id) {
            return Ok(Handover::Failed { reason: error.to_string() });
        }
        self.put(id, message).map_err(|error| fault("written to", error))?;
        Ok(Handover::Accepted)
    }
}

/// Makes the folder, removes what is half-written and counts the messages.
fn tidy(path: &Path) -> io::Result<usize> {
    fs::create_dir_all(path)?;
    let mut held = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(PART) {
            fs::remove_file(entry.path())?;
        } else if entry.path().extension() == Some(OsStr::new("eml")) {
            held += 1;
        }
    }
    Ok(held)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a new name in the folder last; where folders are no files, names last by themselves.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

fn fault(what: &str, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the folder of messages could not be {what}"))
        .with_source(error)
}
