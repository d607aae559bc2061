//! A campaign that is killed and begun again ends as if it had not been.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bespoke::seed::{Draws, Seed};

use super::{directory, program, run};

/// What must be the same: all but the store, which tells of the second attempts.
type Outputs = BTreeMap<String, Vec<u8>>;

fn outputs(directory: &Path) -> Outputs {
    let mut outputs = BTreeMap::new();
    for folder in [directory.to_owned(), directory.join("messages")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_file() && !name.starts_with("campaign.db") {
                outputs.insert(name, fs::read(path).unwrap());
            }
        }
    }
    outputs
}

/// Runs the campaign and kills it after a while; says whether it had ended by then.
#[expect(clippy::disallowed_methods, reason = "a kill comes at a time of its own")]
pub(super) fn run_and_kill(program: &Path, args: &[&str], after: Duration) -> bool {
    let mut command = Command::new(program);
    let command = command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(after);
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    ended
}

/// How many points to kill at: a few, or as many as `BESPOKE_KILLS` says.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says how long")]
pub(super) fn kills() -> usize {
    let kills = std::env::var("BESPOKE_KILLS").ok();
    kills.map_or(5, |kills| kills.parse().unwrap())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the kills are spread over the time of a run")]
fn killed_anywhere_and_resumed_it_ends_the_same() {
    let Some(program) = program("campaign") else { return };
    let base = directory("campaign-resume");
    let path = |name: &str| base.join(name).to_str().unwrap().to_owned();
    let args = |out: &str| -> Vec<String> {
        let args = ["--customers", "150", "--all", "--resume", "--out", out];
        args.map(str::to_owned).to_vec()
    };
    let whole = path("whole");
    let began = Instant::now();
    let reference = run("campaign", args(&whole)).unwrap();
    assert_eq!(reference.code, Some(0), "{}", reference.err);
    let took = began.elapsed();
    let expected = outputs(Path::new(&whole));
    assert!(expected.len() > 50, "{:?}", expected.keys());
    let mut draws: Draws = Seed::new(7).fork("kills").draws();
    let mut killed = 0;
    for point in 0..kills() {
        let out = path(&format!("killed-{point}"));
        let args = args(&out);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        // Killed once or twice, then left alone.
        for _ in 0..=point % 2 {
            let after = took.mul_f64(draws.unit());
            killed += usize::from(!run_and_kill(&program, &args, after));
        }
        let resumed = run("campaign", &args).unwrap();
        assert_eq!(resumed.code, Some(0), "{}", resumed.err);
        let found = outputs(Path::new(&out));
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (name, bytes) in &expected {
            assert!(found.get(name) == Some(bytes), "{name}, killed at point {point}");
        }
        fs::remove_dir_all(&out).unwrap();
    }
    println!("killed {killed} times");
    // How far a run has come when it is killed depends on what else the machine does.
    assert!(killed * 5 >= kills(), "only {killed} of the runs were killed before their end");
}

#[test]
fn run_again_it_sends_nothing_twice() {
    let base = directory("campaign-again");
    let out = base.join("out").to_str().unwrap().to_owned();
    let args = |more: &[&str]| -> Vec<String> {
        let args = ["--customers", "120", "--all", "--out", &out];
        args.iter().chain(more).map(|&arg| arg.to_owned()).collect()
    };
    let Some(first) = run("campaign", args(&[])) else { return };
    assert_eq!(first.code, Some(0), "{}", first.err);
    let before = outputs(Path::new(&out));
    let written = || {
        let mails = fs::read_dir(base.join("out/messages")).unwrap().map(|mail| mail.unwrap());
        let times =
            mails.map(|mail| (mail.file_name(), mail.metadata().unwrap().modified().unwrap()));
        times.collect::<BTreeMap<_, _>>()
    };
    let times = written();
    let again = run("campaign", args(&["--resume"])).unwrap();
    assert_eq!((again.code, &again.out), (Some(0), &first.out), "{}", again.err);
    let after = outputs(Path::new(&out));
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    before.iter().for_each(|(name, bytes)| assert!(after.get(name) == Some(bytes), "{name}"));
    assert_eq!(written(), times);
    // Other facts are not mixed in, and without the flag nothing is gone on with.
    let other = ["--customers", "121", "--resume", "--out", &out];
    assert!(run("campaign", other).unwrap().refused().contains("a simulated shop of 120"));
    assert!(run("campaign", args(&[])).unwrap().refused().contains("not an empty directory"));
}
