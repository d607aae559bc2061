//! A broadcast that is killed, paused and cancelled.

use std::fs;
use std::path::Path;
use std::time::Instant;

use bespoke::seed::Seed;

use super::resume::{kills, run_and_kill};
use super::{Run, directory, program, run};

/// How many people are written to: several pages.
const RECIPIENTS: &str = "300";

/// A store and a file of what was sent.
struct Place {
    store: String,
    out: String,
}

impl Place {
    fn new(folder: &Path, name: &str) -> Self {
        let path = |ending: &str| folder.join(format!("{name}.{ending}")).to_str().unwrap().into();
        Self { store: path("db"), out: path("txt") }
    }

    fn args<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let args = ["--store", &*self.store, "--out", &*self.out, "--recipients", RECIPIENTS];
        args.into_iter().chain(more.iter().copied()).collect()
    }

    fn send(&self, more: &[&str]) -> Option<Run> {
        run("broadcast", self.args(more))
    }

    /// Asks something of a broadcast that is there.
    fn ask(&self, flag: &str) -> String {
        let run = run("broadcast", ["--store", &self.store, flag]).unwrap();
        assert_eq!(run.code, Some(0), "{}", run.err);
        run.out
    }

    /// What was sent, in order.
    fn sent(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.out).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the kills are spread over the time of a run")]
fn killed_anywhere_it_sends_each_message_once() {
    let Some(program) = program("broadcast") else { return };
    let folder = directory("broadcast-killed");
    let whole = Place::new(&folder, "whole");
    let began = Instant::now();
    let reference = whole.send(&[]).unwrap();
    assert_eq!(reference.code, Some(0), "{}", reference.err);
    let took = began.elapsed();
    let expected = whole.sent();
    assert!(reference.out.starts_with("done: 100% of 300 people"), "{}", reference.out);
    assert!(expected.len() > 200 && reference.out.contains("already-claimed"), "{}", reference.out);
    let mut addresses: Vec<_> = expected.iter().map(|line| line.split('\t').nth(1)).collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), expected.len(), "an address gets one message");
    let mut draws = Seed::new(7).fork("kills").draws();
    let mut killed = 0;
    for point in 0..kills() {
        let place = Place::new(&folder, &format!("killed-{point}"));
        // Killed once or twice, then left alone.
        for _ in 0..=point % 2 {
            let after = took.mul_f64(draws.unit());
            killed += usize::from(!run_and_kill(&program, &place.args(&[]), after));
        }
        let resumed = place.send(&[]).unwrap();
        assert_eq!((resumed.code, &resumed.out), (Some(0), &reference.out), "{}", resumed.err);
        assert_eq!(place.sent(), expected, "killed at point {point}");
        let size = fs::metadata(&place.store).unwrap().len();
        assert!(size < 20_000_000, "{size}");
        fs::remove_file(&place.store).unwrap();
    }
    println!("killed {killed} times");
    // How far a run has come when it is killed depends on what else the machine does.
    assert!(killed * 5 >= kills(), "only {killed} of the runs were killed before their end");
}

#[test]
fn a_broadcast_is_looked_at_paused_and_cancelled() {
    let folder = directory("broadcast-paused");
    let place = Place::new(&folder, "one");
    let Some(paused) = place.send(&["--pause-after", "100"]) else { return };
    assert_eq!(paused.code, Some(0), "{}", paused.err);
    assert!(paused.out.starts_with("paused: "), "{}", paused.out);
    assert_eq!(place.ask("--status"), paused.out);
    let sent = place.sent();
    assert!(!sent.is_empty() && sent.len() < 250, "{}", sent.len());
    // Run again it goes on, and pauses with some left who are asleep.
    let further = place.send(&["--pause-after", "300"]).unwrap();
    assert!(further.out.starts_with("paused: "), "{}", further.out);
    assert!(place.sent().len() > sent.len());
    let cancelled = place.ask("--cancel");
    assert!(cancelled.starts_with("cancelled: "), "{cancelled}");
    let sent = place.sent();
    let again = place.send(&[]).unwrap();
    assert_eq!((again.code, &again.out), (Some(0), &cancelled), "{}", again.err);
    assert_eq!(place.sent(), sent, "nothing more is handed over");
    let refused = run("broadcast", ["--store", &place.store, "--pause"]).unwrap();
    assert!(refused.refused().contains("is cancelled and cannot pause"));
    let strange = Place::new(&folder, "none");
    let refused = run("broadcast", ["--store", &strange.store, "--status"]).unwrap();
    assert!(refused.refused().contains("no broadcast"));
}
