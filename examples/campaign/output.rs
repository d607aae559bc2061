//! What the campaign writes.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bespoke::Engine;
use bespoke::facts::Facts;
use bespoke::source::{Reject, RejectFile, Tally};
use serde::Serialize;

use crate::options::Options;
use crate::people::Fault;
use crate::segments::Memberships;

/// The store's file.
const STORE: &str = "campaign.db";

/// The files of a run. One that is not whole yet is called `.part`.
pub(crate) struct Output {
    directory: PathBuf,
    name: &'static str,
    lines: Option<BufWriter<File>>,
    rejects: Option<RejectFile<BufWriter<File>>>,
}

/// One line of `decisions.jsonl`.
#[derive(Serialize)]
pub(crate) struct DecisionLine<'a> {
    pub(crate) customer: &'a str,
    pub(crate) segments: &'a Memberships,
    pub(crate) scores: &'a BTreeMap<Arc<str>, Option<f64>>,
    pub(crate) outcome: &'a str,
    pub(crate) reason: Option<&'a str>,
    pub(crate) until: Option<bespoke::time::Timestamp>,
    pub(crate) blocks: &'a BTreeMap<Arc<str>, Arc<str>>,
    pub(crate) message: Option<&'a str>,
}

/// One line of `segments.jsonl`.
#[derive(Serialize)]
pub(crate) struct SegmentsLine<'a> {
    pub(crate) customer: &'a str,
    pub(crate) segments: &'a Memberships,
}

/// Whether a directory can be written to without mixing two runs.
pub(crate) fn is_free(directory: &Path) -> bool {
    match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

impl Output {
    /// Begins the files of a run in a directory that is empty or not there, or, to go on, in one
    /// that a run has left.
    pub(crate) fn create(options: &Options) -> Result<Self, Fault> {
        let directory = options.directory.clone();
        let path = directory.display();
        let left = options.resume && directory.join(STORE).is_file();
        if !left && !is_free(&directory) {
            let advice = if options.resume {
                "holds no campaign.db to go on with, and is not empty"
            } else {
                "is not an empty directory; name another by --out"
            };
            return Err(format!("{path} {advice}").into());
        }
        let name = if options.segments_only { "segments.jsonl" } else { "decisions.jsonl" };
        let failed = |error| format!("{}: {error}", directory.display());
        fs::create_dir_all(directory.join("messages")).map_err(failed)?;
        let part = |name: &str| directory.join(format!("{name}.part"));
        let lines = BufWriter::new(File::create(part(name)).map_err(failed)?);
        let rejects = BufWriter::new(File::create(part("rejects.csv")).map_err(failed)?);
        let rejects = Some(RejectFile::new(rejects)?);
        Ok(Self { name, lines: Some(lines), rejects, directory: directory.clone() })
    }

    /// Where the store is kept.
    pub(crate) fn store(&self) -> PathBuf {
        self.directory.join(STORE)
    }

    /// Where the messages go.
    pub(crate) fn messages(&self) -> PathBuf {
        self.directory.join("messages")
    }

    pub(crate) fn reject(&mut self, reject: &Reject) -> Result<(), Fault> {
        match &mut self.rejects {
            Some(rejects) => Ok(rejects.write(reject)?),
            None => Err("the rejects are finished".into()),
        }
    }

    pub(crate) fn finish_rejects(&mut self) -> Result<(), Fault> {
        if let Some(rejects) = self.rejects.take() {
            rejects.finish()?;
            self.complete("rejects.csv")?;
        }
        Ok(())
    }

    /// Writes what came of a customer.
    pub(crate) fn line(&mut self, line: &impl Serialize) -> Result<(), Fault> {
        let lines = self.lines.as_mut().ok_or("the lines are finished")?;
        serde_json::to_writer(&mut *lines, line)?;
        Ok(lines.write_all(b"\n")?)
    }

    pub(crate) fn finish_lines(&mut self) -> Result<(), Fault> {
        if let Some(mut lines) = self.lines.take() {
            lines.flush()?;
            self.complete(self.name)?;
        }
        Ok(())
    }

    /// Writes a file as a whole.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), Fault> {
        fs::write(self.part(name), text)?;
        self.complete(name)
    }

    fn part(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.part"))
    }

    fn complete(&self, name: &str) -> Result<(), Fault> {
        Ok(fs::rename(self.part(name), self.directory.join(name))?)
    }
}

/// What a run came to.
pub(crate) struct Summary {
    /// The customer whose segments are to be explained, and the explanations.
    explained: Option<(String, String)>,
    people: usize,
    segments: BTreeMap<Arc<str>, usize>,
    outcomes: BTreeMap<(String, String), usize>,
    tally: Option<Tally>,
    notes: Vec<String>,
}

impl Summary {
    pub(crate) fn new(engine: &Engine, explained: Option<&str>) -> Self {
        let explained = explained.map(|id| (id.to_owned(), String::new()));
        let segments = engine.segments().keys().map(|name| (Arc::clone(name), 0)).collect();
        let (outcomes, notes) = (BTreeMap::new(), Vec::new());
        Self { explained, people: 0, segments, outcomes, tally: None, notes }
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

    /// Counts a person by the segments they are in.
    pub(crate) fn count<N: AsRef<str>>(&mut self, segments: impl IntoIterator<Item = N>) {
        self.people += 1;
        for name in segments {
            if let Some(members) = self.segments.get_mut(name.as_ref()) {
                *members += 1;
            }
        }
    }

    pub(crate) fn outcome(&mut self, outcome: &str, reason: Option<&str>) {
        // Faults differ from person to person; their first line is what to count by.
        let reason = reason.and_then(|reason| reason.lines().next()).unwrap_or_default();
        *self.outcomes.entry((outcome.to_owned(), reason.to_owned())).or_default() += 1;
    }

    /// A line to say besides.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
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
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}
