//! The example `segment` prints the same bytes whether PostgreSQL finds the members or timelines do.

#[path = "../../it/examples/month.rs"]
mod month;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::server::Server;
use month::{MORE, RULES, month};

/// Where `run` has it built, if it was built.
fn program() -> Option<PathBuf> {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(Path::parent).unwrap().join("examples");
    let program = built.join(format!("segment{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        println!("skipped: the example segment is not built");
        return None;
    }
    Some(program)
}

#[test]
fn postgres_prints_what_timelines_do() {
    let (Some(server), Some(program)) = (Server::given(), program()) else { return };
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("month.jsonl");
    std::fs::write(&file, month()).unwrap();
    let ask = |rule: &str, engine: &str, more: &[&str]| -> Output {
        let mut command = Command::new(&program);
        command.arg("--events").arg(&file).args(["--rule", rule, "--engine", engine]);
        command.args(["--at", "2026-01-18T00:00:00Z"]).args(more).output().unwrap()
    };
    for rule in RULES.into_iter().chain(MORE) {
        let mut printed = 0;
        for more in [&["--until"][..], &["--known", "2026-01-12T06:00:00Z"]] {
            let native = ask(rule, "native", more);
            assert!(native.status.success(), "{rule} {more:?}");
            printed += native.stdout.len();
            assert_eq!(ask(rule, &server.url(), more), native, "{rule} {more:?}");
        }
        assert!(printed > 0, "{rule} tells nothing");
    }
}
