//! One message of 14 KB, rendered and composed by bespoke and by bare minijinja and mail-builder.
//!
//!     bespoke-mail compare       CPU time of a message, one JSON object a line
//!     bespoke-mail stream N      writes N messages to N people, prints the most memory it took

mod bare;
mod measure;
mod ours;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["compare"] => measure::compare(),
        ["stream", count] if count.parse::<u64>().is_ok() => {
            measure::stream(count.parse().unwrap_or_default());
        }
        _ => {
            eprintln!("bespoke-mail compare | stream N");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
