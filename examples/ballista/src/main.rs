//! Segments over Parquet files, distributed by Ballista.
//!
//! Without arguments it writes a simulated shop's events to files, starts a scheduler and two
//! executors as processes of itself, and compares the members of 20 segments as Ballista, a session
//! in this process and each person's timeline find them; then again while one executor is killed.

#[path = "../../support/arrow.rs"]
mod arrow;
mod base;
mod cluster;
mod compare;
#[cfg(test)]
mod conformance;
mod role;
#[expect(dead_code, reason = "numbers and instants have types of their own here")]
#[path = "../../support/tables.rs"]
mod tables;

use std::error::Error;
use std::process::ExitCode;

type Done<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Done<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Plans are read by recursion.
        .thread_stack_size(32 << 20)
        .build()?;
    match *arguments {
        [] => runtime.block_on(compare::all(20_000)),
        ["--profiles", profiles] => runtime.block_on(compare::all(profiles.parse()?)),
        ["scheduler", port] => runtime.block_on(role::schedule(port.parse()?)),
        ["executor", scheduler, port, grpc, folder] => runtime.block_on(role::execute(
            scheduler.parse()?,
            [port.parse()?, grpc.parse()?],
            folder,
        )),
        _ => Err("usage: bespoke-ballista [--profiles NUMBER]".into()),
    }
}
