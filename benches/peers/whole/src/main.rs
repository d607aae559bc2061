//! Segments over a file of events: by bespoke on `DataFusion`, and by `DataFusion` asked in SQL that
//! was written by hand. `run` beside this package compares them with other engines.

mod ask;
mod events;
mod questions;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["generate", file, rows] => match rows.parse() {
            Ok(rows) => events::write(file, rows),
            Err(_) => return usage(),
        },
        ["questions"] => {
            println!("{}", questions::as_json());
            Ok(())
        }
        ["ask", engine @ ("bespoke" | "datafusion"), question, file, times] => {
            match (questions::Question::named(question), times.parse()) {
                (Some(question), Ok(times)) => ask::run(engine, question, file, times),
                _ => return usage(),
            }
        }
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: bespoke-whole generate FILE ROWS | questions |\n       \
         ask bespoke|datafusion S1|S2|S3|ALL3 FILE TIMES"
    );
    ExitCode::from(2)
}
