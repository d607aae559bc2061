//! A store whose process or server is killed keeps every batch that it acknowledged, and none in
//! part. `BESPOKE_KILLS` asks for more kills.

#[path = "../../it/crash/numbered.rs"]
mod numbered;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bespoke::seed::Seed;
use bespoke::store::Store;

use super::server::{self, Server};
use numbered::setting;

/// How the writer calls itself to the server.
const WRITER: &str = "bespoke-writer";

#[test]
#[ignore = "the tests below start it and kill it"]
fn writes_until_it_is_killed() {
    let Some((place, first)) = numbered::task() else { return };
    let (address, namespace) = place.split_once('|').unwrap();
    server::run(async {
        let store = Server::new(address).open(namespace, &numbered::schema()).await;
        for number in first.. {
            store.commit(numbered::batch(number)).await.unwrap();
            numbered::tell(number);
        }
    });
}

/// Kills writers so often, each time by `kill`, and looks after each what is there.
fn outlives(address: &str, kills: usize, kill: impl Fn(&mut Child)) {
    let namespace = server::namespace();
    let place = format!("{address} application_name={WRITER}|{namespace}");
    let server = Server::new(address);
    let mut draws = Seed::new(7).fork("kills").draws();
    let (mut acknowledged, mut beyond, mut last) = (0, 0, 0);
    for _ in 0..kills {
        let test = "crash::writes_until_it_is_killed";
        let kept = numbered::interrupt(test, &place, last + 1, &mut draws, &kill);
        let found = server::run(async {
            gone(&server).await;
            let store = server.open(&namespace, &numbered::schema()).await;
            numbered::last(&store).await
        });
        assert!(
            found == kept || found == kept + 1,
            "batch {kept} was acknowledged, and {found} is the last that is there"
        );
        acknowledged += kept - last;
        beyond += found - kept;
        last = found;
    }
    println!(
        "{kills} kills; {acknowledged} batches acknowledged, 0 lost, 0 torn; {beyond} written and \
         not yet acknowledged"
    );
    assert!(acknowledged > 0, "the writer wrote nothing");
}

/// Waits until the server has done what the writer sent last.
async fn gone(server: &Server) {
    let client = server.client().await;
    let ask = "SELECT 1 FROM pg_stat_activity WHERE application_name = $1";
    while !client.query(ask, &[&WRITER]).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    if Server::given().is_none() {
        return;
    }
    let kills = setting("BESPOKE_KILLS").map_or(25, |kills| kills.parse().unwrap());
    outlives(&setting("BESPOKE_POSTGRES").unwrap(), kills, |writer| writer.kill().unwrap());
}

/// A server of the test's own.
struct Own {
    script: String,
    folder: PathBuf,
    address: String,
}

impl Own {
    fn start(script: String) -> Self {
        let folder = std::env::temp_dir().join(format!("bespoke-postgres-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let mut own = Self { script, folder, address: String::new() };
        own.address = own.call("start");
        own
    }

    fn call(&self, action: &str) -> String {
        let mut call = Command::new(&self.script);
        let done = call.arg(action).arg(&self.folder).stderr(Stdio::inherit()).output().unwrap();
        assert!(done.status.success(), "{action}: {done:?}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.call("stop");
        // What is left is in the system's folder for what is temporary.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn what_was_acknowledged_outlives_the_server() {
    let Some(script) = setting("BESPOKE_POSTGRES_SERVER") else {
        println!("skipped: BESPOKE_POSTGRES_SERVER names no program that starts a server");
        return;
    };
    let own = Own::start(script);
    outlives(&own.address, 5, |_| drop(own.call("restart")));
}
