//! A store whose process is killed keeps every batch that it acknowledged, and none in part.
//!
//! The test starts its own binary again as a writer, kills it at a moment drawn from a seed, opens
//! the file and looks, and goes on with the same file. `BESPOKE_KILLS` asks for more kills.

mod numbered;

use std::path::Path;
use std::process::Child;

use bespoke::seed::{Draws, Seed};
use bespoke::store::{SqliteStore, Store};

use super::store::Scratch;
use numbered::{batch, schema, setting};

/// How many kills one file goes through.
const SERIES: usize = 25;

#[test]
#[ignore = "the test below starts it and kills it"]
fn writes_until_it_is_killed() {
    let Some((file, first)) = numbered::task() else { return };
    let store = SqliteStore::open(file, &schema()).unwrap();
    for number in first.. {
        pollster::block_on(store.commit(batch(number))).unwrap();
        numbered::tell(number);
    }
}

fn kill(file: &Path, first: u64, draws: &mut Draws) -> u64 {
    let kill = |writer: &mut Child| writer.kill().unwrap();
    let place = file.to_str().unwrap();
    numbered::interrupt("crash::writes_until_it_is_killed", place, first, draws, kill)
}

/// Checks that every batch up to the last is wholly there and says which is the last.
fn look(file: &Path) -> u64 {
    let store = SqliteStore::open(file, &schema()).unwrap();
    store.verify().unwrap();
    let last = pollster::block_on(numbered::last(&store));
    store.close().unwrap();
    last
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let kills = setting("BESPOKE_KILLS").map_or(SERIES, |kills| kills.parse().unwrap());
    let mut draws = Seed::new(7).fork("kills").draws();
    let (mut acknowledged, mut beyond, mut early) = (0, 0, 0);
    let mut done = 0;
    while done < kills {
        let scratch = Scratch::new("crash");
        let mut last = 0;
        for _ in 0..SERIES.min(kills - done) {
            let kept = kill(&scratch.0, last + 1, &mut draws);
            let found = look(&scratch.0);
            assert!(
                found == kept || found == kept + 1,
                "batch {kept} was acknowledged, and {found} is the last that is there"
            );
            acknowledged += kept - last;
            early += u64::from(kept == last);
            beyond += found - kept;
            last = found;
            done += 1;
        }
    }
    println!(
        "{kills} kills, {early} of them before the first batch; {acknowledged} batches \
         acknowledged, 0 lost, 0 torn; {beyond} written and not yet acknowledged"
    );
    assert!(acknowledged > 0, "the writer wrote nothing");
}
