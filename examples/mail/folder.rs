//! The folder: a library, or a playbook that has one.

use std::path::Path;

use bespoke::content::Letter;
use bespoke::library::{Entry, Fixture, Library};
use bespoke::lint::{Finding, Lint};

use crate::Fault;

/// A library that was read, as far as it could be.
pub(crate) struct Folder {
    library: Option<Library>,
    findings: Vec<Finding>,
}

/// A template as a fixture shows it.
pub(crate) struct Rendered<'f> {
    pub(crate) entry: &'f Entry,
    pub(crate) fixture: Fixture,
    pub(crate) letter: Letter,
}

impl Folder {
    pub(crate) fn open(folder: &str) -> Result<Self, Fault> {
        let path = Path::new(folder);
        let within = path.join("library");
        let path = if path.join("playbook.toml").is_file() { within.as_path() } else { path };
        let files = Library::files(path).map_err(|error| error.to_string())?;
        let (library, findings) = Library::read(&files);
        Ok(Self { library, findings })
    }

    /// Everything that is to be said of the templates, and of what their fixtures come to.
    pub(crate) fn lint(&self) -> Vec<Finding> {
        match &self.library {
            Some(library) => library.lint(&Lint::default()),
            None => self.findings.clone(),
        }
    }

    /// The library, if nothing in it is an error.
    pub(crate) fn library(&self) -> Result<&Library, Fault> {
        self.library.as_ref().ok_or_else(|| {
            let faults = self.findings.iter().map(ToString::to_string);
            faults.collect::<Vec<_>>().join("\n")
        })
    }

    pub(crate) fn render(
        &self,
        template: &str,
        fixture: &str,
        locale: Option<&str>,
    ) -> Result<Rendered<'_>, Fault> {
        let library = self.library()?;
        let entry = find("template", template, library.templates())?;
        let fixture = find("fixture", fixture, entry.fixtures())?.clone();
        let fixture = match locale {
            Some(locale) => fixture.reading(locale),
            None => fixture,
        };
        let letter = entry.render(&fixture).map_err(|error| error.to_string())?;
        Ok(Rendered { entry, fixture, letter })
    }
}

fn find<'m, T>(
    what: &str,
    name: &str,
    all: &'m std::collections::BTreeMap<std::sync::Arc<str>, T>,
) -> Result<&'m T, Fault> {
    all.get(name).ok_or_else(|| {
        let names: Vec<&str> = all.keys().map(|name| &**name).collect();
        format!("there is no {what} `{name}`; there are {}", names.join(", "))
    })
}
