//! A PostgreSQL that is given the file's events, over a connection without a runtime.
//!
//! A session needs a stream that wakes whoever waits for it. Here that is a pipe in memory, which two
//! threads connect with the socket, one for each direction.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::thread;

use futures_util::future::join;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};

use crate::Fault;
use crate::postgres;
use crate::sql::Found;
use crate::tables::Filled;

/// The port of a server that is given without.
const PORT: u16 = 5432;

/// How many bytes are on the way in each direction.
const ROOM: usize = 64 * 1024;

/// A server, and how to be let in.
pub(crate) struct Server(Box<Config>);

impl Server {
    pub(crate) fn at(address: &str) -> Result<Self, Fault> {
        address.parse().map(|config| Self(Box::new(config))).map_err(|error| failed(&error))
    }

    /// What a query finds in these tables, which are there for as long as it takes.
    pub(crate) fn found(&self, tables: &[Filled], sql: &str) -> Result<Found, Fault> {
        let stream = self.stream()?;
        let found = pollster::block_on(async {
            let (client, connection) = self.0.connect_raw(stream, NoTls).await?;
            let answer = async move {
                postgres::load(&client, tables).await?;
                postgres::found(&client, sql, 1).await
            };
            // The connection ends when the client is dropped; what it failed of, the client tells.
            join(answer, connection).await.0
        });
        found.map_err(|error| failed(&error))
    }

    /// A stream to the first host that lets itself be reached.
    fn stream(&self) -> Result<DuplexStream, Fault> {
        let ports = self.0.get_ports();
        let port = |number: usize| *ports.get(number).or_else(|| ports.first()).unwrap_or(&PORT);
        let mut fault = "PostgreSQL: the address names no host".to_owned();
        for (number, host) in self.0.get_hosts().iter().enumerate() {
            match dial(host, port(number)) {
                Ok(socket) => return Ok(piped(socket)),
                Err(error) => fault = format!("PostgreSQL: {}: {error}", words(host, port(number))),
            }
        }
        Err(fault)
    }
}

/// The two directions of a socket.
type Socket = (Box<dyn Read + Send>, Box<dyn Write + Send>);

fn dial(host: &Host, port: u16) -> io::Result<Socket> {
    match host {
        Host::Tcp(name) => {
            let socket = TcpStream::connect((name.as_str(), port))?;
            socket.set_nodelay(true)?;
            Ok((Box::new(socket.try_clone()?), Box::new(socket)))
        }
        #[cfg(unix)]
        Host::Unix(folder) => {
            let socket = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")))?;
            Ok((Box::new(socket.try_clone()?), Box::new(socket)))
        }
    }
}

fn words(host: &Host, port: u16) -> String {
    match host {
        Host::Tcp(name) => format!("{name}:{port}"),
        #[cfg(unix)]
        Host::Unix(folder) => format!("{}, port {port}", folder.display()),
    }
}

/// A stream over a socket. When either of them ends, so does the other's direction.
#[expect(clippy::disallowed_methods, reason = "this is the host, which owns threads")]
fn piped((from, to): Socket) -> DuplexStream {
    let (stream, pipe) = duplex(ROOM);
    let (sent, received) = split(pipe);
    thread::spawn(move || pollster::block_on(send(sent, to)));
    thread::spawn(move || pollster::block_on(receive(from, received)));
    stream
}

async fn send(mut sent: ReadHalf<DuplexStream>, mut to: Box<dyn Write + Send>) -> io::Result<()> {
    let mut bytes = vec![0; ROOM];
    loop {
        match sent.read(&mut bytes).await? {
            0 => return Ok(()),
            length => to.write_all(bytes.get(..length).unwrap_or_default())?,
        }
    }
}

async fn receive(
    mut from: Box<dyn Read + Send>,
    mut received: WriteHalf<DuplexStream>,
) -> io::Result<()> {
    let mut bytes = vec![0; ROOM];
    loop {
        match from.read(&mut bytes)? {
            0 => return received.shutdown().await,
            length => received.write_all(bytes.get(..length).unwrap_or_default()).await?,
        }
    }
}

/// An error with its cause, which is where the server's words are.
fn failed(error: &tokio_postgres::Error) -> Fault {
    match error.source() {
        Some(cause) => format!("PostgreSQL: {error}: {cause}"),
        None => format!("PostgreSQL: {error}"),
    }
}
