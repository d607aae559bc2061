//! What the campaign writes.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bespoke::Engine;
use bespoke::email::Message;
use bespoke::facts::Facts;
use bespoke::id::ProfileId;
use bespoke::source::{Reject, RejectFile, Tally};
use serde::Serialize;

use crate::Memberships;
use crate::mailing::Decided;
use crate::people::Fault;

/// How many messages are written unless all are asked for.
const FIRST: usize = 200;

/// The files of a run.
pub(crate) struct Output {
    directory: PathBuf,
    all: bool,
    messages: usize,
    lines: BufWriter<File>,
    rejects: RejectFile<BufWriter<File>>,
}

/// One line of `decisions.jsonl`.
#[derive(Serialize)]
pub(crate) struct Decision<'a> {
    pub(crate) customer: &'a str,
    pub(crate) segments: &'a Memberships,
    pub(crate) outcome: &'a str,
    pub(crate) reason: Option<&'a str>,
    pub(crate) blocks: &'a BTreeMap<Arc<str>, Arc<str>>,
    pub(crate) message: Option<&'a str>,
}

/// One line of `segments.jsonl`.
#[derive(Serialize)]
pub(crate) struct Segments<'a> {
    pub(crate) customer: &'a ProfileId,
    pub(crate) segments: &'a Memberships,
}

/// Whether a directory can be written to without mixing two runs.
pub(crate) fn is_free(directory: &Path) -> bool {
    match std::fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

impl Output {
    /// Begins the files of a run in a directory that is empty or not there; `lines` is the name of
    /// the one with a line for each customer.
    pub(crate) fn create(directory: &Path, lines: &str, all: bool) -> Result<Self, Fault> {
        if !is_free(directory) {
            let path = directory.display();
            return Err(format!("{path} is not an empty directory; name another by --out").into());
        }
        let failed = |error| format!("{}: {error}", directory.display());
        std::fs::create_dir_all(directory.join("messages")).map_err(failed)?;
        let create = |name| File::create(directory.join(name)).map(BufWriter::new);
        let lines = create(lines).map_err(failed)?;
        let rejects = RejectFile::new(create("rejects.csv").map_err(failed)?)?;
        Ok(Self { directory: directory.to_owned(), all, messages: 0, lines, rejects })
    }

    pub(crate) fn reject(&mut self, reject: &Reject) -> Result<(), Fault> {
        Ok(self.rejects.write(reject)?)
    }

    /// Writes what came of a customer.
    pub(crate) fn line(&mut self, line: &impl Serialize) -> Result<(), Fault> {
        serde_json::to_writer(&mut self.lines, line)?;
        Ok(self.lines.write_all(b"\n")?)
    }

    pub(crate) fn message(&mut self, message: &Message) -> Result<(), Fault> {
        self.messages += 1;
        if self.all || self.messages <= FIRST {
            let name = format!("messages/{}.eml", message.id);
            std::fs::write(self.directory.join(name), &message.bytes)?;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<(), Fault> {
        self.rejects.finish()?;
        Ok(self.lines.flush()?)
    }
}

/// What a run came to.
pub(crate) struct Summary {
    /// The customer whose segments are to be explained, and the explanations.
    explained: Option<(String, String)>,
    people: usize,
    segments: BTreeMap<Arc<str>, usize>,
    outcomes: BTreeMap<(&'static str, String), usize>,
    tally: Option<Tally>,
}

impl Summary {
    pub(crate) fn new(engine: &Engine, explained: Option<&str>) -> Self {
        let explained = explained.map(|id| (id.to_owned(), String::new()));
        let segments = engine.segments().keys().map(|name| (Arc::clone(name), 0)).collect();
        Self { explained, people: 0, segments, outcomes: BTreeMap::new(), tally: None }
    }

    /// Explains a customer's segments if that is the one asked for.
    pub(crate) fn explain(&mut self, engine: &Engine, facts: &Facts<'_>, id: &str) {
        if let Some((_, text)) = self.explained.as_mut().filter(|(asked, _)| asked == id) {
            for (name, segment) in engine.segments() {
                // A text takes whatever is written to it.
                let _ = writeln!(text, "{id}, {name}: {}\n", segment.explain(facts));
            }
        }
    }

    pub(crate) fn count(&mut self, memberships: &Memberships) {
        self.people += 1;
        for name in memberships.keys() {
            *self.segments.entry(Arc::clone(name)).or_default() += 1;
        }
    }

    pub(crate) fn outcome(&mut self, decided: &Decided) {
        // Faults differ from person to person; their first line is what to count by.
        let reason = decided.reason.as_deref().unwrap_or_default().lines().next();
        let key = (decided.outcome, reason.unwrap_or_default().to_owned());
        *self.outcomes.entry(key).or_default() += 1;
    }

    pub(crate) fn with_tally(self, tally: Option<Tally>) -> Self {
        Self { tally, ..self }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.explained {
            Some((id, text)) if text.is_empty() => writeln!(f, "{id} is no known customer")?,
            Some((_, text)) => f.write_str(text)?,
            None => {}
        }
        if let Some(tally) = &self.tally {
            writeln!(f, "rows: {tally}")?;
        }
        writeln!(f, "{} customers", self.people)?;
        for (name, members) in &self.segments {
            writeln!(f, "{members:>9} {name}")?;
        }
        for ((outcome, reason), count) in &self.outcomes {
            let separator = if reason.is_empty() { "" } else { ": " };
            writeln!(f, "{count:>9} {outcome}{separator}{reason}")?;
        }
        Ok(())
    }
}
