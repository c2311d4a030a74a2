//! One connection to an IMAP server, every exchange of it limited in time.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use async_imap::extensions::idle::IdleResponse;
use async_imap::types::Fetch;
use async_imap::{Authenticator, Client, Session, error::Error};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::sync::CancellationToken;

use crate::config::{AfterFetch, ImapConfig, TlsMode};
use crate::io::{tls, token};

/// Longest time for one exchange with the server.
const EXCHANGE: Duration = Duration::from_mins(1);
/// IDLE is renewed before servers end it. RFC 2177 §3: at least every 29 minutes.
const LONGEST_IDLE: Duration = Duration::from_mins(25);
/// A larger mail is fetched in pieces of this size.
const PIECE_BYTES: usize = 1024 * 1024;
/// What is kept of a mail that is too large to be opened: its header and beginning.
const KEPT_OF_TOO_LARGE_BYTES: usize = 256 * 1024;

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

/// Why waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// The server has news.
    News,
    /// It was time to look.
    Time,
}

/// A mail as fetched.
pub(super) struct Fetched {
    pub(super) raw: Bytes,
    /// Its whole size, when only its beginning was kept.
    pub(super) cut_from_bytes: Option<u64>,
}

/// Anything that bytes go through.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Debug> Wire for T {}

/// A session with a folder open.
pub(super) struct Connection {
    session: Session<Box<dyn Wire>>,
    stop: CancellationToken,
    has_idle: bool,
    has_move: bool,
    has_uid_plus: bool,
}

impl Connection {
    /// Connects, secures the connection and signs in.
    pub(super) async fn open(config: &ImapConfig, stop: &CancellationToken) -> Result<Self, Fault> {
        let whole = connect(config);
        let session = limited(stop, EXCHANGE, whole).await??;
        let mut connection = Self {
            session,
            stop: stop.clone(),
            has_idle: false,
            has_move: false,
            has_uid_plus: false,
        };
        let capabilities =
            limited(stop, EXCHANGE, connection.session.capabilities()).await?.map_err(fault)?;
        connection.has_idle = capabilities.has_str("IDLE");
        connection.has_move = capabilities.has_str("MOVE");
        connection.has_uid_plus = capabilities.has_str("UIDPLUS");
        Ok(connection)
    }

    /// Opens a folder and returns its `UIDVALIDITY`.
    pub(super) async fn select(&mut self, folder: &str) -> Result<u32, Fault> {
        let folder_state = limited(&self.stop, EXCHANGE, self.session.select(folder)).await?;
        let folder_state = folder_state.map_err(|error| match fault(error) {
            Fault::Refused(reason) => {
                Fault::Broken(format!("the folder {folder} cannot be opened: {reason}"))
            }
            other @ (Fault::Stopped | Fault::Broken(_) | Fault::Host(_)) => other,
        })?;
        Ok(folder_state.uid_validity.unwrap_or(1))
    }

    /// Opens a folder for looking only and returns its `UIDVALIDITY`.
    pub(super) async fn examine(&mut self, folder: &str) -> Result<u32, Fault> {
        let examined = limited(&self.stop, EXCHANGE, self.session.examine(folder)).await?;
        let state = examined.map_err(|error| {
            Fault::Broken(format!("the folder {folder} cannot be looked at: {}", fault(error)))
        })?;
        Ok(state.uid_validity.unwrap_or(1))
    }

    /// The UIDs that a search finds.
    pub(super) async fn search(&mut self, query: &str) -> Result<Vec<u32>, Fault> {
        let found = limited(&self.stop, EXCHANGE, self.session.uid_search(query)).await?;
        let mut uids: Vec<u32> = found.map_err(fault)?.into_iter().collect();
        uids.sort_unstable();
        Ok(uids)
    }

    /// The newest UID of the folder, 0 when it is empty.
    pub(super) async fn highest_uid(&mut self) -> Result<u32, Fault> {
        Ok(self.search("UID *").await?.last().copied().unwrap_or(0))
    }

    /// One mail without marking it; `None` when it is gone. Of one with more than `bytes_max` the
    /// beginning.
    pub(super) async fn fetch(
        &mut self,
        uid: u32,
        bytes_max: usize,
    ) -> Result<Option<Fetched>, Fault> {
        let Some(size) = self.ask(uid, "(UID RFC822.SIZE)", |fetch| fetch.size).await? else {
            return Ok(None);
        };
        let size = size as usize;
        if size <= PIECE_BYTES {
            let body = |fetch: &Fetch| fetch.body().map(Bytes::copy_from_slice);
            let raw = self.ask(uid, "(UID BODY.PEEK[])", body).await?;
            return Ok(raw.map(|raw| Fetched { raw, cut_from_bytes: None }));
        }
        let too_large = size > bytes_max;
        let wanted = if too_large { KEPT_OF_TOO_LARGE_BYTES } else { bytes_max };
        let mut raw = Vec::with_capacity(size.min(wanted));
        while raw.len() < wanted {
            let piece = PIECE_BYTES.min(wanted - raw.len());
            let query = format!("(UID BODY.PEEK[]<{}.{piece}>)", raw.len());
            let got = self.ask(uid, &query, |fetch| fetch.body().map(<[u8]>::to_vec)).await?;
            let Some(got) = got else { return Ok(None) };
            raw.extend_from_slice(&got);
            if got.len() < piece {
                break;
            }
        }
        let cut_from_bytes = too_large.then_some(size as u64);
        Ok(Some(Fetched { raw: raw.into(), cut_from_bytes }))
    }

    /// What one `FETCH` says of one mail.
    async fn ask<T>(
        &mut self,
        uid: u32,
        query: &str,
        pick: impl Fn(&Fetch) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let exchange = async {
            let stream = self.session.uid_fetch(uid.to_string(), query).await?;
            // Servers add news of other mails to an answer.
            collect(stream, |fetch| if fetch.uid == Some(uid) { pick(fetch) } else { None }).await
        };
        limited(&self.stop, EXCHANGE, exchange).await?.map_err(fault)
    }

    /// Marks or moves a mail that is stored; a stop of the channel does not interrupt it.
    pub(super) async fn file_away(&mut self, uid: u32, config: &ImapConfig) -> Result<(), Fault> {
        let number = uid.to_string();
        match config.after {
            AfterFetch::Seen => self.flag(&number, "\\Seen").await,
            AfterFetch::Move if self.has_move => {
                // Seen first: should moving fail, the mail is at least not new any more.
                self.flag(&number, "\\Seen").await?;
                let moving = self.session.uid_mv(&number, &config.move_to);
                finished(moving).await?.map_err(fault)
            }
            AfterFetch::Move => {
                self.flag(&number, "\\Seen").await?;
                let copying = self.session.uid_copy(&number, &config.move_to);
                finished(copying).await?.map_err(fault)?;
                self.flag(&number, "\\Deleted").await?;
                if self.has_uid_plus {
                    let exchange = async {
                        let stream = self.session.uid_expunge(&number).await?;
                        futures_util::pin_mut!(stream);
                        while let Some(expunged) = stream.next().await {
                            expunged?;
                        }
                        Ok(())
                    };
                    finished(exchange).await?.map_err(fault)?;
                }
                Ok(())
            }
        }
    }

    async fn flag(&mut self, uid: &str, flag: &str) -> Result<(), Fault> {
        let exchange = async {
            let stream = self.session.uid_store(uid, format!("+FLAGS.SILENT ({flag})")).await?;
            collect(stream, |_| None::<()>).await.map(|_| ())
        };
        finished(exchange).await?.map_err(fault)
    }

    /// Waits for news, at most `longest`, and gives the connection back.
    pub(super) async fn wait(mut self, longest: Duration) -> Result<(Self, Wake), Fault> {
        if !self.has_idle {
            let stop = self.stop.clone();
            tokio::select! {
                () = stop.cancelled() => return Err(Fault::Stopped),
                () = tokio::time::sleep(longest) => {}
            }
            limited(&stop, EXCHANGE, self.session.noop()).await?.map_err(fault)?;
            return Ok((self, Wake::Time));
        }
        let Self { session, stop, has_idle, has_move, has_uid_plus } = self;
        let mut idle = session.idle();
        limited(&stop, EXCHANGE, idle.init()).await?.map_err(fault)?;
        let longest = longest.min(LONGEST_IDLE);
        let woken = {
            let (waiting, _interrupt) = idle.wait_with_timeout(longest);
            // The library starts its time anew at each keep-alive; ours does not.
            limited(&stop, longest, waiting).await
        };
        let wake = match woken {
            Ok(Ok(IdleResponse::NewData(_))) => Wake::News,
            Ok(Ok(IdleResponse::Timeout | IdleResponse::ManualInterrupt))
            | Err(Fault::Broken(_)) => Wake::Time,
            Ok(Err(error)) => return Err(fault(error)),
            Err(other) => return Err(other),
        };
        let session = limited(&stop, EXCHANGE, idle.done()).await?.map_err(fault)?;
        Ok((Self { session, stop, has_idle, has_move, has_uid_plus }, wake))
    }
}

async fn connect(config: &ImapConfig) -> Result<Session<Box<dyn Wire>>, Fault> {
    let peer = (config.host.as_str(), config.port);
    let broken = |what: &str, error: &dyn std::fmt::Display| {
        Fault::Broken(format!("{what} {}:{}: {error}", config.host, config.port))
    };
    let tcp =
        TcpStream::connect(peer).await.map_err(|error| broken("cannot connect to", &error))?;
    let _ = tcp.set_nodelay(true);
    let wire: Box<dyn Wire> = match config.tls {
        TlsMode::None => Box::new(tcp),
        TlsMode::Implicit => secure(config, Box::new(tcp)).await?,
        TlsMode::Starttls => {
            let mut client = greeted(Box::new(tcp), config).await?;
            client
                .run_command_and_check_ok("STARTTLS", None)
                .await
                .map_err(|error| broken("no STARTTLS from", &error))?;
            // What the server may have sent in the clear after its answer is thrown away here.
            let secured = secure(config, client.into_inner()).await?;
            return log_in(Client::new(secured), config).await;
        }
    };
    log_in(greeted(wire, config).await?, config).await
}

async fn secure(config: &ImapConfig, wire: Box<dyn Wire>) -> Result<Box<dyn Wire>, Fault> {
    let connector = tls::connector(config.ca_file.as_deref()).map_err(Fault::Broken)?;
    let name = ServerName::try_from(config.host.clone())
        .map_err(|_| Fault::Broken(format!("\"{}\" is no host name for TLS", config.host)))?;
    let secured = connector.connect(name, wire).await;
    Ok(Box::new(secured.map_err(|error| {
        Fault::Broken(format!("no TLS with {}:{}: {error}", config.host, config.port))
    })?))
}

async fn greeted(wire: Box<dyn Wire>, config: &ImapConfig) -> Result<Client<Box<dyn Wire>>, Fault> {
    let mut client = Client::new(wire);
    match client.read_response().await {
        Ok(Some(_)) => Ok(client),
        Ok(None) => Err(Fault::Broken(format!("{} closed the connection", config.host))),
        Err(error) => Err(Fault::Broken(format!("no greeting from {}: {error}", config.host))),
    }
}

async fn log_in(
    client: Client<Box<dyn Wire>>,
    config: &ImapConfig,
) -> Result<Session<Box<dyn Wire>>, Fault> {
    if !config.token_command.is_empty() {
        let token = token::fetch(&config.token_command).await.map_err(Fault::Broken)?;
        let answer = Some(token::xoauth2(&config.user, &token));
        return client.authenticate("XOAUTH2", Bearer(answer)).await.map_err(|(error, _)| {
            Fault::Broken(format!(
                "{} does not let {} in ({error}): look at user and token_command",
                config.host, config.user
            ))
        });
    }
    client.login(&config.user, &config.password.0).await.map_err(|(error, _)| {
        Fault::Broken(format!(
            "{} does not let {} in ({error}): look at user and password",
            config.host, config.user
        ))
    })
}

/// Sends the token once. A refusal comes as one more challenge, whose answer is empty.
struct Bearer(Option<String>);

impl Authenticator for Bearer {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.0.take().unwrap_or_default()
    }
}

/// Goes through a whole answer and keeps the first thing picked.
async fn collect<T>(
    stream: impl Stream<Item = Result<Fetch, Error>>,
    pick: impl Fn(&Fetch) -> Option<T>,
) -> Result<Option<T>, Error> {
    futures_util::pin_mut!(stream);
    let mut picked = None;
    while let Some(fetch) = stream.next().await {
        let fetch = fetch?;
        if picked.is_none() {
            picked = pick(&fetch);
        }
    }
    Ok(picked)
}

/// One exchange: ended by the stop of the channel and by time.
async fn limited<T>(
    stop: &CancellationToken,
    limit: Duration,
    exchange: impl Future<Output = T>,
) -> Result<T, Fault> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Fault::Stopped),
        done = timeout(limit, exchange) => {
            done.map_err(|_| Fault::Broken(format!("no answer within {} s", limit.as_secs())))
        }
    }
}

/// One exchange that is to be finished even when the channel is being stopped.
async fn finished<T>(exchange: impl Future<Output = T>) -> Result<T, Fault> {
    limited(&CancellationToken::new(), EXCHANGE, exchange).await
}

fn fault(error: Error) -> Fault {
    if let Error::No(reason) | Error::Bad(reason) = error {
        Fault::Refused(reason)
    } else {
        Fault::Broken(error.to_string())
    }
}
