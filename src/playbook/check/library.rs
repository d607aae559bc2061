//! The library of templates, which checks itself, against what its templates read.

use super::super::folder::LIBRARY;
use super::Checker;
use crate::error::Diagnostic;

impl Checker<'_> {
    /// Compiles the library and puts it into the engine; what is wrong is told.
    #[cfg(feature = "library")]
    pub(super) fn library(&mut self) {
        use crate::library::Library;
        use crate::lint::Severity;

        let files = self.playbook.library.iter();
        let files = files.map(|(path, text)| (path.to_string(), text.to_string())).collect();
        let (library, findings) = Library::read(&files);
        let errors = findings.into_iter().filter(|found| found.severity == Severity::Error);
        errors.for_each(|found| self.found(found.fault));
        let Some(library) = library else { return };
        if let Err(error) = self.engine.add_library(&library) {
            let faults = error.diagnostics();
            faults.iter().for_each(|fault| self.found(fault.clone()));
            if faults.is_empty() {
                self.found(Diagnostic::of_file("", error.detail()));
            }
        }
    }

    /// Says that nobody is there to compile it.
    #[cfg(not(feature = "library"))]
    pub(super) fn library(&mut self) {
        if !self.playbook.library.is_empty() {
            let fault = Diagnostic::of_file("", "this build reads no library of templates");
            self.found(fault.with_help("turn on the feature `library`"));
        }
    }

    /// Tells what is wrong in a file of the library.
    fn found(&mut self, fault: Diagnostic) {
        let file = format!("{LIBRARY}{}", fault.file.as_deref().unwrap_or_default());
        self.atlas.tell(fault.in_file(file));
    }
}
