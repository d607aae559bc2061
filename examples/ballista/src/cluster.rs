//! A scheduler and its executors, as processes on the loopback.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Done;

pub(crate) const EXECUTORS: usize = 2;

/// Running processes; they end with this.
pub(crate) struct Cluster {
    port: u16,
    processes: Vec<Child>,
    /// The folders of the executors.
    folders: Vec<PathBuf>,
}

impl Cluster {
    /// Starts the processes, whose output goes to files in the folder, and waits until all are there.
    pub(crate) async fn start(folder: &Path) -> Done<Self> {
        let [port, ports @ ..]: [u16; 1 + 2 * EXECUTORS] = free()?;
        let mut cluster = Self { port, processes: Vec::new(), folders: Vec::new() };
        cluster.process(&["scheduler".into(), port.to_string()], &folder.join("scheduler.log"))?;
        for (number, ports) in ports.chunks(2).enumerate() {
            let own = folder.join(format!("executor-{number}"));
            std::fs::create_dir_all(&own)?;
            let [flight, grpc] = [ports[0], ports[1]].map(|port| port.to_string());
            let arguments =
                ["executor".into(), port.to_string(), flight, grpc, own.display().to_string()];
            cluster.process(&arguments, &folder.join(format!("executor-{number}.log")))?;
            cluster.folders.push(own);
        }
        cluster.wait().await?;
        Ok(cluster)
    }

    /// Where sessions find it.
    pub(crate) fn url(&self) -> String {
        format!("df://127.0.0.1:{}", self.port)
    }

    /// Kills the first executor once it keeps a part of a result; whether there was one within the
    /// time.
    pub(crate) async fn kill_executor(&mut self, within: Duration) -> Done<bool> {
        let begun = Instant::now();
        while begun.elapsed() < within {
            if size(&self.folders[0])? > 0 {
                // The scheduler is the first of the processes.
                self.processes[1].kill()?;
                self.processes[1].wait()?;
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(false)
    }

    fn process(&mut self, arguments: &[String], log: &Path) -> Done<()> {
        let log = std::fs::File::create(log)?;
        let process = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.processes.push(process);
        Ok(())
    }

    async fn wait(&mut self) -> Done<()> {
        const PATIENCE: Duration = Duration::from_mins(1);
        let begun = Instant::now();
        while !self.is_ready() {
            for process in &mut self.processes {
                if let Some(status) = process.try_wait()? {
                    return Err(format!("a process of the cluster ended: {status}").into());
                }
            }
            if begun.elapsed() > PATIENCE {
                return Err("the cluster is not ready after a minute".into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Whether the scheduler knows all its executors.
    fn is_ready(&self) -> bool {
        let ask = || {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n")?;
            let mut answer = [0; 12];
            stream.read_exact(&mut answer)?;
            Ok::<_, std::io::Error>(answer.ends_with(b" 200"))
        };
        ask().unwrap_or(false)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and need not be.
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Ports that nobody listens to.
fn free<const N: usize>() -> Done<[u16; N]> {
    // All are held until all are known, so that they differ.
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(listeners) {
        *port = listener?.local_addr()?.port();
    }
    Ok(ports)
}

/// The bytes of the files in a folder and below.
fn size(folder: &Path) -> std::io::Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let below = if entry.file_type()?.is_dir() { size(&entry.path()) } else { Ok(0) };
        // Files come and go while this looks.
        total += below.unwrap_or(0)
            + entry.metadata().map_or(0, |file| if file.is_file() { file.len() } else { 0 });
    }
    Ok(total)
}
