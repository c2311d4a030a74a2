//! One connection to a POP3 server, every exchange of it limited in time and size.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::config::{Pop3Config, TlsMode};
use crate::io::{tls, token};

/// Longest time without a line from the server. RFC 1939 §3: servers may close after ten minutes.
const PATIENCE: Duration = Duration::from_mins(1);
/// Longest line taken: 512 octets for answers (RFC 2449 §4), more for lines of careless mails.
const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// Mails in one mailbox; a list of more is cut off, and the rest comes when these are gone.
const MAILS_MAX: usize = 100_000;
/// Lines fetched of the body of a mail that is too large to be opened.
const LINES_OF_TOO_LARGE: u32 = 1_000;

/// Why the work with a mailbox ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The channel is being stopped.
    #[error("stopped")]
    Stopped,
    /// The server cannot be reached or the connection broke: try again.
    #[error("{0}")]
    Broken(String),
    /// The server said no to one command: the connection still holds.
    #[error("{0}")]
    Refused(String),
    /// Our own store does not take anything.
    #[error("the mail cannot be stored: {0}")]
    Host(String),
}

/// A mail that lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its number within this connection.
    pub(super) number: u32,
    /// What it is called in every connection.
    pub(super) unique_id: String,
    /// As the server counts.
    pub(super) size_bytes: u64,
}

pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// An open mailbox.
pub(super) struct Connection {
    wire: BufReader<Box<dyn Wire>>,
    stop: CancellationToken,
    name: String,
}

impl Connection {
    /// Connects, secures the connection and signs in.
    pub(super) async fn open(config: &Pop3Config, stop: &CancellationToken) -> Result<Self, Fault> {
        let name = format!("{}:{}", config.host, config.port);
        let connecting = TcpStream::connect((config.host.as_str(), config.port));
        let tcp = tokio::select! {
            () = stop.cancelled() => return Err(Fault::Stopped),
            connected = timeout(PATIENCE, connecting) => connected
                .map_err(|_| Fault::Broken(format!("cannot connect to {name}: no answer")))?
                .map_err(|error| Fault::Broken(format!("cannot connect to {name}: {error}")))?,
        };
        let _ = tcp.set_nodelay(true);
        let (stop, mut wire): (_, Box<dyn Wire>) = (stop.clone(), Box::new(tcp));
        if config.tls == TlsMode::Implicit {
            wire = secure(config, wire).await?;
        }
        let mut connection = Self { wire: BufReader::new(wire), stop, name };
        connection.answer().await?;
        if config.tls == TlsMode::Starttls {
            connection.command("STLS").await?;
            // What came behind the answer came in the clear; it is thrown away with the buffer.
            let wire = secure(config, connection.wire.into_inner()).await?;
            connection =
                Self { wire: BufReader::new(wire), stop: connection.stop, name: connection.name };
        }
        connection.log_in(config).await?;
        Ok(connection)
    }

    /// Over a connection that is there.
    #[cfg(feature = "fuzz")]
    pub(super) fn over(
        wire: BufReader<Box<dyn Wire>>,
        stop: CancellationToken,
        name: String,
    ) -> Self {
        Self { wire, stop, name }
    }

    /// Reads the greeting.
    #[cfg(feature = "fuzz")]
    pub(super) async fn greeted(&mut self) -> Result<(), Fault> {
        self.answer().await.map(drop)
    }

    async fn log_in(&mut self, config: &Pop3Config) -> Result<(), Fault> {
        let said = if config.token_command.is_empty() {
            self.command(&format!("USER {}", config.user)).await?;
            self.command(&format!("PASS {}", config.password.0)).await
        } else {
            let token = token::fetch(&config.token_command).await.map_err(Fault::Broken)?;
            let answer = STANDARD.encode(token::xoauth2(&config.user, &token));
            self.send("AUTH XOAUTH2").await?;
            // A continuation, then the token: RFC 5034 §4.
            let challenge = self.line().await?;
            if challenge.starts_with(b"+ ") || challenge.trim_ascii() == b"+" {
                self.command(&answer).await
            } else {
                Err(Fault::Refused(String::from_utf8_lossy(challenge.trim_ascii()).into_owned()))
            }
        };
        said.map(drop).map_err(|fault| match fault {
            Fault::Refused(reason) => Fault::Broken(format!(
                "{} does not let {} in ({reason}): look at user and password",
                self.name, config.user
            )),
            other @ (Fault::Stopped | Fault::Broken(_) | Fault::Host(_)) => other,
        })
    }

    /// What lies there, in the server's order.
    pub(super) async fn list(&mut self) -> Result<Vec<Listed>, Fault> {
        self.command("LIST").await?;
        let sizes: BTreeMap<u32, u64> = self
            .pairs()
            .await?
            .into_iter()
            .filter_map(|(n, size)| Some((n, size.parse().ok()?)))
            .collect();
        self.command("UIDL").await?;
        let named = self.pairs().await?;
        let listed = named.into_iter().map(|(number, unique_id)| Listed {
            number,
            size_bytes: sizes.get(&number).copied().unwrap_or_default(),
            unique_id,
        });
        Ok(listed.collect())
    }

    async fn pairs(&mut self) -> Result<Vec<(u32, String)>, Fault> {
        let mut pairs = Vec::new();
        loop {
            let line = self.line().await?;
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            if line == "." {
                return Ok(pairs);
            }
            let (number, value) = line.split_once(' ').unwrap_or((line, ""));
            if let Ok(number) = number.parse()
                && pairs.len() < MAILS_MAX
            {
                pairs.push((number, value.trim().to_owned()));
            }
        }
    }

    /// One mail; of one with more than `bytes_max` the beginning, and its whole size.
    pub(super) async fn retrieve(
        &mut self,
        mail: &Listed,
        bytes_max: usize,
    ) -> Result<(Bytes, Option<u64>), Fault> {
        if mail.size_bytes > bytes_max as u64 {
            self.command(&format!("TOP {} {LINES_OF_TOO_LARGE}", mail.number)).await?;
            return Ok((self.text(bytes_max).await?, Some(mail.size_bytes)));
        }
        self.command(&format!("RETR {}", mail.number)).await?;
        Ok((self.text(bytes_max).await?, None))
    }

    /// A text that a dot ends, without the dots that stand before its own. RFC 1939 §3.
    async fn text(&mut self, bytes_max: usize) -> Result<Bytes, Fault> {
        let mut text = Vec::new();
        loop {
            let line = self.line().await?;
            if line == b".\r\n" || line == b".\n" {
                return Ok(text.into());
            }
            let line = line.strip_prefix(b".").unwrap_or(&line);
            if text.len() + line.len() > bytes_max {
                return Err(Fault::Broken(format!("{} sends more than it said", self.name)));
            }
            text.extend_from_slice(line);
        }
    }

    /// Marks a mail for deletion at [`Connection::quit`].
    pub(super) async fn delete(&mut self, number: u32) -> Result<(), Fault> {
        self.command(&format!("DELE {number}")).await.map(drop)
    }

    /// Ends the connection; what was marked is deleted.
    pub(super) async fn quit(mut self) -> Result<(), Fault> {
        // To be finished even when the channel is being stopped: the mails are stored.
        self.stop = CancellationToken::new();
        self.command("QUIT").await.map(drop)
    }

    async fn command(&mut self, command: &str) -> Result<String, Fault> {
        self.send(command).await?;
        self.answer().await
    }

    async fn send(&mut self, command: &str) -> Result<(), Fault> {
        if command.contains(['\r', '\n']) {
            return Err(Fault::Broken("user or password hold a line end".to_owned()));
        }
        let text = format!("{command}\r\n");
        let sending = async {
            self.wire.write_all(text.as_bytes()).await?;
            self.wire.flush().await
        };
        let sent = timeout(PATIENCE, sending).await;
        sent.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())).map_err(|error| {
            Fault::Broken(format!("the connection to {} broke: {error}", self.name))
        })
    }

    async fn answer(&mut self) -> Result<String, Fault> {
        let line = self.line().await?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        match line.strip_prefix("+OK") {
            Some(rest) => Ok(rest.trim().to_owned()),
            None => Err(Fault::Refused(line)),
        }
    }

    async fn line(&mut self) -> Result<Vec<u8>, Fault> {
        let mut line = Vec::new();
        let mut limited = (&mut self.wire).take(LINE_BYTES_MAX);
        let read = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Fault::Stopped),
            read = timeout(PATIENCE, limited.read_until(b'\n', &mut line)) => read,
        };
        match read {
            Ok(Ok(0)) => Err(Fault::Broken(format!("{} closed the connection", self.name))),
            Ok(Ok(_)) => Ok(line),
            Ok(Err(error)) => {
                Err(Fault::Broken(format!("the connection to {} broke: {error}", self.name)))
            }
            Err(_) => Err(Fault::Broken(format!("{} does not answer", self.name))),
        }
    }
}

async fn secure(config: &Pop3Config, wire: Box<dyn Wire>) -> Result<Box<dyn Wire>, Fault> {
    let secured = tls::secured(&config.host, config.ca_file.as_deref(), wire).await;
    let secured = secured.map_err(|reason| {
        Fault::Broken(format!("no TLS with {}:{}: {reason}", config.host, config.port))
    })?;
    Ok(Box::new(secured))
}
