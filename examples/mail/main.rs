//! Templates in a folder: linted, previewed, rendered.
//!
//! ```text
//! cargo run --release --example mail -- lint examples/templates
//! cargo run --release --example mail -- preview examples/templates --out /tmp/gallery
//! cargo run --release --example mail -- render examples/templates --template welcome --fixture ann
//! ```
//!
//! The folder is a template library, or a playbook with one in `library`. `lint` prints one JSON
//! object a line and exits with 1 where one of them is an error; `preview` writes `index.html`, with
//! `--old` beside what the mails of another version were;
//! `render` prints what a fixture comes to, and writes the whole message with `--eml FILE`. What is
//! asked for in a wrong way exits with 2.

#[path = "../support/args.rs"]
mod args;

mod compose;
mod folder;
mod options;
mod preview;

use std::io::{self, Write};
use std::process::ExitCode;

use args::Args;
use bespoke::lint::{Finding, Severity};
use serde_json::json;

use folder::Folder;
use options::{Options, Work};

/// What is at fault, told to the user.
type Fault = String;

fn main() -> ExitCode {
    args::run(&options::WORDS, (&options::VALUED, &[]), options::USAGE, run)
}

fn run(args: &Args) -> Result<ExitCode, Fault> {
    let options = Options::read(args).map_err(|fault| format!("{fault}\n{}", options::USAGE))?;
    let folder = Folder::open(&options.folder)?;
    match &options.work {
        Work::Lint => lint(&folder.lint()).map_err(|error| error.to_string()),
        Work::Preview { out, old } => {
            let old = old.as_deref().map(Folder::open).transpose()?;
            preview::write(&folder, old.as_ref(), out)?;
            Ok(ExitCode::SUCCESS)
        }
        Work::Render { template, fixture, locale, eml } => {
            let rendered = folder.render(template, fixture, locale.as_deref())?;
            if let Some(file) = eml {
                let bytes = compose::message(&rendered)?;
                std::fs::write(file, bytes).map_err(|error| format!("{file}: {error}"))?;
            }
            let letter = &rendered.letter;
            let out = json!({
                "subject": letter.subject,
                "preheader": letter.preheader,
                "html": letter.html,
                "text": letter.text,
                "version": rendered.entry.version(),
                "variants": letter.variants,
                "size": letter.html.len(),
            });
            writeln!(io::stdout(), "{out}").map_err(|error| error.to_string())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn lint(findings: &[Finding]) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    for finding in findings {
        writeln!(out, "{}", finding.to_json())?;
    }
    let errors = findings.iter().any(|found| found.severity == Severity::Error);
    Ok(if errors { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
