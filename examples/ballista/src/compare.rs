//! The members that Ballista finds, and those that others find.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ballista::prelude::SessionContextExt;
use bespoke::id::ProfileId;
use bespoke::segment::Segment;
use bespoke::segment::pushdown::{Pushdown, Query};
use bespoke::testing::workload;
use bespoke::time::Timestamp;
use datafusion::prelude::SessionContext;

use crate::Done;
use crate::base::Base;
use crate::cluster::Cluster;

/// The members of each segment.
type Members = BTreeMap<Arc<str>, BTreeSet<ProfileId>>;

/// How many segments are asked about.
const SEGMENTS: usize = 20;

/// A folder that is removed at the end.
struct Folder(PathBuf);

/// Compares everybody with everybody; fails if any members differ.
pub(crate) async fn all(profiles: u32) -> Done<()> {
    let folder = Folder::new()?;
    let now: Timestamp = "2026-03-01T00:00:00Z".parse()?;
    let base = Base::new(profiles, now, &folder.0)?;
    let segments = segments(&base)?;
    let query = Pushdown::new(base.table(), &base.schema)?.query(segments.clone(), now);
    let native: Members = segments
        .iter()
        .map(|(name, segment)| (Arc::clone(name), base.members(segment, now)))
        .collect();

    let local = SessionContext::new();
    base.register(&local).await?;
    let mut found = vec![("in process", timed(&query, &local, &base).await?)];
    let mut cluster = Cluster::start(&folder.0).await?;
    let remote = SessionContext::remote(&cluster.url()).await?;
    base.register(&remote).await?;
    found.push(("two executors", timed(&query, &remote, &base).await?));
    // A cluster of its own, whose executors keep nothing yet.
    drop(cluster);
    cluster = Cluster::start(&folder.0).await?;
    found.push(("one killed", bereft(&query, &mut cluster, &base).await?));
    report(&native, &found)
}

/// The query while the first executor is killed, after it has done a part of the work.
async fn bereft(query: &Query, cluster: &mut Cluster, base: &Base) -> Done<(Members, Duration)> {
    let remote = SessionContext::remote(&cluster.url()).await?;
    base.register(&remote).await?;
    let mut answer = std::pin::pin!(timed(query, &remote, base));
    let killed = tokio::select! {
        biased;
        killed = cluster.kill_executor(Duration::from_mins(1)) => killed?,
        _ = &mut answer => return Err("the query ended before an executor was killed".into()),
    };
    if !killed {
        return Err("the executor to be killed got no work".into());
    }
    answer.await
}

async fn timed(query: &Query, session: &SessionContext, base: &Base) -> Done<(Members, Duration)> {
    let begun = Instant::now();
    let rows = query.frame(session).await?.rows().await?;
    let took = begun.elapsed();
    Ok((query.finish(rows, |person| Ok(base.timeline(person)))?, took))
}

fn segments(base: &Base) -> Done<Vec<(Arc<str>, Segment)>> {
    let mut engine = bespoke::Engine::new(base.schema.clone())?;
    for (name, rule) in workload::segments(SEGMENTS) {
        engine.add_segment(&name, &rule)?;
    }
    let segments = engine.segments().iter();
    Ok(segments.map(|(name, segment)| (Arc::clone(name), segment.clone())).collect())
}

/// Prints a table, and tells whether all members are those that timelines tell.
fn report(native: &Members, found: &[(&str, (Members, Duration))]) -> Done<()> {
    print!("{:24} {:>9}", "segment", "timelines");
    found.iter().for_each(|(by, _)| print!(" {by:>14}"));
    println!();
    let mut differ = 0;
    for (name, members) in native {
        print!("{name:24} {:9}", members.len());
        for (_, (others, _)) in found {
            let others = others.get(name).cloned().unwrap_or_default();
            let differs = others != *members;
            differ += usize::from(differs);
            print!(" {:13}{}", others.len(), if differs { '!' } else { ' ' });
        }
        println!();
    }
    print!("{:34}", "seconds");
    found.iter().for_each(|(_, (_, took))| print!(" {:13.2} ", took.as_secs_f64()));
    println!();
    if differ > 0 {
        return Err(format!("{differ} sets of members differ").into());
    }
    println!("all members are the same");
    Ok(())
}

impl Folder {
    fn new() -> Done<Self> {
        let name = format!("bespoke-ballista-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever clears temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
