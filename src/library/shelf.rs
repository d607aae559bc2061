//! Versions of a library side by side, of which one is current.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::Library;
use crate::error::{Error, ErrorKind, Result};

/// Several versions of a library, of which one is current. Whoever renders takes the current one
/// and keeps it to the end, while another becomes current for those who come later.
///
/// ```
/// use bespoke::library::{Library, Shelf};
///
/// let file = |subject: &str| {
///     let mail = format!("+++\nsubject = \"{subject}\"\n+++\n<html lang=\"en\"><body>Hi</body></html>");
///     Library::from_files(&[("hello/mail.html".to_owned(), mail)].into())
/// };
/// let (old, new) = (file("Hello")?, file("Good day")?);
/// let first = old.version().to_owned();
/// let shelf = Shelf::new(old);
/// let kept = shelf.current();
/// shelf.put(new);
/// assert_ne!(shelf.current().version(), kept.version());
/// shelf.swap(&first)?; // back
/// assert_eq!(shelf.current().version(), first);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Debug)]
pub struct Shelf(RwLock<Versions>);

#[derive(Debug)]
struct Versions {
    current: Arc<Library>,
    all: BTreeMap<Arc<str>, Arc<Library>>,
}

impl Shelf {
    /// A shelf with one version, which is current.
    pub fn new(library: Library) -> Self {
        let current = Arc::new(library);
        let all = BTreeMap::from([(current.version().into(), Arc::clone(&current))]);
        Self(RwLock::new(Versions { current, all }))
    }

    /// The version that is current.
    pub fn current(&self) -> Arc<Library> {
        Arc::clone(&self.read().current)
    }

    /// The version of this hash.
    pub fn version(&self, version: &str) -> Option<Arc<Library>> {
        self.read().all.get(version).map(Arc::clone)
    }

    /// The versions that there are, in the order of their hashes.
    pub fn versions(&self) -> Vec<Arc<str>> {
        self.read().all.keys().map(Arc::clone).collect()
    }

    /// Puts a version on the shelf and makes it current.
    pub fn put(&self, library: Library) {
        let library = Arc::new(library);
        let mut versions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        versions.all.insert(library.version().into(), Arc::clone(&library));
        versions.current = library;
    }

    /// Makes a version current that is there already: forth, or back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] where there is no such version.
    pub fn swap(&self, version: &str) -> Result<()> {
        let mut versions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let found = versions.all.get(version).map(Arc::clone);
        let found = found.ok_or_else(|| {
            Error::new(ErrorKind::Definition, format!("there is no version `{version}`"))
        })?;
        versions.current = found;
        Ok(())
    }

    /// Takes a version away, unless it is current; whoever has it keeps it.
    pub fn remove(&self, version: &str) -> Option<Arc<Library>> {
        let mut versions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if versions.current.version() == version {
            return None;
        }
        versions.all.remove(version)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Versions> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
