//! Compiles files of MJML as templates of a library: one JSON object a line with the HTML that comes
//! of each and the median CPU time.
//!
//!     bespoke-mjml FILE...

use std::collections::BTreeMap;
use std::process::ExitCode;

use bespoke::library::{Fixture, Library};
use cpu_time::ThreadTime;

/// How often each is compiled.
const ROUNDS: usize = 21;

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        eprintln!("bespoke-mjml FILE...");
        return ExitCode::from(2);
    }
    for file in files {
        let text = std::fs::read_to_string(&file).expect("the file is read");
        let line = match compile(&text) {
            Ok((html, micros)) => serde_json::json!({"file": file, "html": html, "micros": micros}),
            Err(error) => serde_json::json!({"file": file, "error": error.to_string()}),
        };
        println!("{line}");
    }
    ExitCode::SUCCESS
}

/// The HTML, and how long it takes to compile it: the text part is there, so it need not be made.
fn compile(mjml: &str) -> bespoke::Result<(String, f64)> {
    let mail = format!("+++\nsubject = \"s\"\n+++\n{mjml}");
    let files = [("t/mail.mjml", mail.as_str()), ("t/mail.txt", "text")];
    let files: BTreeMap<String, String> =
        files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = ThreadTime::now();
        std::hint::black_box(Library::from_files(&files)?);
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    let library = Library::from_files(&files)?;
    let letter = library.templates()["t"].render(&Fixture::from_json("{}")?)?;
    Ok((letter.html, times[ROUNDS / 2]))
}
