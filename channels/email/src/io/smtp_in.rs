//! The SMTP and LMTP listeners: sockets round [`crate::session`].
//!
//! 1. `250` goes out only after the host has taken the mail; on any error the sender hears `451`.
//! 2. Connections are counted in all and for each address, connections, recipients and errors of an
//!    address in a minute too; a surplus connection hears `421`, a surplus recipient `450`.
//! 3. Memory for mails over 256 KiB comes out of one budget: the others wait, their senders with
//!    them.
//! 4. When the server stops, mails on their way in are finished, everything else hears `421`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use channel_contract::base::Timestamp;
use channel_contract::{
    ChannelError, ChannelName, DeliverError, Envelope, Health, HealthState, Host, Origin,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::deliver::deliver;
use crate::config::ListenLimits;
use crate::filter::Policy;
use crate::rate::Rate;
use crate::reader::Arrival;
use crate::session::{Protocol, ReceivedMail, RecipientAnswer, Session, SessionConfig, Step};

/// Read at once: a mail of the usual size in one or two reads, 3 MB for 200 connections.
const READ_BYTES: usize = 16 * 1024;
/// How long sessions may take to finish when the server stops.
const STOP_GRACE: Duration = Duration::from_secs(10);
/// How long a large mail waits for memory before its sender is told to come again.
const MEMORY_WAIT: Duration = Duration::from_mins(1);
/// Waiting when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// The budget for large mails is counted in units of this many bytes.
const BUDGET_UNIT: usize = 1024;

/// A listener that is open.
pub(crate) struct Listener {
    socket: TcpListener,
    shared: Arc<Shared>,
}

struct Shared {
    channel: ChannelName,
    config: SessionConfig,
    limits: ListenLimits,
    tls: Option<TlsAcceptor>,
    policy: Arc<Policy>,
    host: Arc<dyn Host>,
    stop: CancellationToken,
    connections: Arc<Semaphore>,
    by_address: Mutex<BTreeMap<IpAddr, usize>>,
    rates: Mutex<Rates>,
    memory: Arc<Semaphore>,
}

/// What each address does in a minute.
struct Rates {
    connections: Rate,
    recipients: Rate,
    errors: Rate,
}

/// What the listeners of a channel have in common.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) host_name: String,
    pub(crate) limits: ListenLimits,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) stop: CancellationToken,
    /// Memory for large mails in units of 1 KiB.
    pub(crate) memory: Arc<Semaphore>,
}

/// The budget for large mails.
pub(crate) fn memory_budget(limits: &ListenLimits) -> Arc<Semaphore> {
    let bytes = limits.large_mail_memory_bytes.max(limits.message_bytes) + BUDGET_UNIT;
    Arc::new(Semaphore::new((bytes / BUDGET_UNIT).min(Semaphore::MAX_PERMITS)))
}

/// Waits for room in the budget; `None`: there is never that much.
pub(crate) async fn room(memory: &Arc<Semaphore>, bytes: usize) -> Option<OwnedSemaphorePermit> {
    let units = u32::try_from(bytes.div_ceil(BUDGET_UNIT)).unwrap_or(u32::MAX);
    Arc::clone(memory).acquire_many_owned(units).await.ok()
}

impl Listener {
    /// Opens a listener.
    pub(crate) async fn open(
        channel: ChannelName,
        protocol: Protocol,
        address: SocketAddr,
        common: Common,
    ) -> Result<Self, ChannelError> {
        let socket = TcpListener::bind(address).await.map_err(|source| ChannelError::Listen {
            channel: channel.clone(),
            address: address.to_string(),
            source,
        })?;
        let config = SessionConfig {
            protocol,
            host_name: common.host_name,
            message_bytes: common.limits.message_bytes,
            recipients: common.limits.recipients,
            errors: common.limits.errors,
            starttls: common.tls.is_some(),
        };
        let limits = &common.limits;
        let rates = Rates {
            connections: Rate::new(limits.connections_per_minute_per_address),
            recipients: Rate::new(limits.recipients_per_minute_per_address),
            errors: Rate::new(limits.errors_per_minute_per_address),
        };
        let shared = Shared {
            channel,
            config,
            connections: Arc::new(Semaphore::new(common.limits.connections)),
            limits: common.limits,
            tls: common.tls,
            policy: common.policy,
            host: common.host,
            stop: common.stop,
            by_address: Mutex::default(),
            rates: Mutex::new(rates),
            memory: common.memory,
        };
        Ok(Self { socket, shared: Arc::new(shared) })
    }

    /// The address it listens on, with the port that the system chose for port 0.
    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until the channel is stopped.
    pub(crate) async fn run(self) {
        let shared = self.shared;
        let address = self.socket.local_addr().map(|a| a.to_string()).unwrap_or_default();
        shared.report(HealthState::Up, format!("Listens on {address}."));
        let mut sessions = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => break,
                Some(_) = sessions.join_next(), if !sessions.is_empty() => {}
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, peer)) => {
                        sessions.spawn(connection(Arc::clone(&shared), stream, peer.ip()));
                    }
                    Err(error) => {
                        let what = format!("Cannot accept connections on {address}: {error}.");
                        shared.report(HealthState::Degraded, what);
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        shared.report(HealthState::Up, format!("Listens on {address}."));
                    }
                },
            }
        }
        drop(self.socket);
        let finish = async { while sessions.join_next().await.is_some() {} };
        if timeout(STOP_GRACE, finish).await.is_err() {
            tracing::warn!(channel = %shared.channel, "Sessions were cut off at the stop");
        }
    }
}

impl Shared {
    fn report(&self, state: HealthState, detail: String) {
        self.host.report_health(&self.channel, Health { state, detail });
    }

    /// Works on the rates of an address, unless it is trusted.
    fn rated<T>(
        &self,
        peer: IpAddr,
        trusted: T,
        work: impl FnOnce(&mut Rates, Timestamp) -> T,
    ) -> T {
        if self.limits.trusted_peers.contains(&peer.to_canonical()) {
            return trusted;
        }
        let now = self.host.clock().now();
        work(&mut self.rates.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    /// A place for one more connection, or nothing if there are too many.
    fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let is_slow_enough = self.rated(peer, true, |rates, now| {
            rates.errors.has_some(peer, now) && rates.connections.take(peer, 1, now)
        });
        if !is_slow_enough {
            return None;
        }
        let permit = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        let mut counts = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer).or_default();
        if *count >= self.limits.connections_per_address {
            return None;
        }
        *count += 1;
        Some(Place { shared: Arc::clone(self), peer, _permit: permit })
    }
}

/// Counts one connection for as long as it lives.
struct Place {
    shared: Arc<Shared>,
    peer: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.shared.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.peer);
            }
        }
    }
}

async fn connection(shared: Arc<Shared>, mut stream: TcpStream, peer: IpAddr) {
    let Some(_place) = shared.admit(peer) else {
        let refusal = b"421 4.7.0 Too many connections; try again later.\r\n";
        // Whether the peer hears it or not, the connection ends.
        let _ = timeout(Duration::from_secs(5), stream.write_all(refusal)).await;
        return;
    };
    let _ = stream.set_nodelay(true);
    let mut session = Session::new(shared.config.clone());
    let end = serve(&shared, &mut session, &mut stream, peer).await;
    if let (End::StartTls, Some(tls)) = (end, &shared.tls) {
        let limit = Duration::from_secs(shared.limits.command_timeout_seconds);
        if let Ok(Ok(mut secured)) = timeout(limit, tls.accept(stream)).await {
            session.secured();
            serve(&shared, &mut session, &mut secured, peer).await;
            let _ = secured.shutdown().await;
        }
    }
    shared.rated(peer, (), |rates, now| rates.errors.charge(peer, session.errors(), now));
}

/// Why a session's loop ended.
#[derive(PartialEq, Eq)]
enum End {
    Closed,
    StartTls,
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    shared: &Arc<Shared>,
    session: &mut Session,
    stream: &mut S,
    peer: IpAddr,
) -> End {
    let mut buffer = vec![0; READ_BYTES];
    let mut work = Work { shared, peer, memory: None, data_until: None };
    loop {
        if work.send(session, stream).await.is_err() {
            return End::Closed;
        }
        let read = match work.read(session, stream, &mut buffer).await {
            Some(read) if read > 0 => read,
            Some(_) | None => {
                let _ = work.send(session, stream).await;
                return End::Closed;
            }
        };
        let mut input = buffer[..read].iter();
        loop {
            match session.advance(&mut input) {
                Step::NeedInput => break,
                Step::Recipient(address) => session.recipient(work.look_up(&address).await),
                Step::Reserve(bytes) => session.reserved(work.reserve(bytes).await),
                Step::Deliver(mail) => {
                    let recipients = mail.recipients.len();
                    let stored = work.deliver(mail).await;
                    session.delivered(stored, recipients);
                    work.memory = None;
                }
                Step::StartTls => {
                    // What came with the command came in the clear: it is not obeyed (RFC 3207 §6).
                    let clean = input.as_slice().is_empty();
                    let sent = work.send(session, stream).await.is_ok();
                    return if clean && sent { End::StartTls } else { End::Closed };
                }
                Step::Close => {
                    let _ = work.send(session, stream).await;
                    return End::Closed;
                }
            }
        }
    }
}

/// What a session needs from outside.
struct Work<'a> {
    shared: &'a Arc<Shared>,
    peer: IpAddr,
    memory: Option<Arc<OwnedSemaphorePermit>>,
    data_until: Option<Instant>,
}

impl Work<'_> {
    fn command_limit(&self) -> Duration {
        Duration::from_secs(self.shared.limits.command_timeout_seconds)
    }

    async fn send<S: AsyncWrite + Unpin>(
        &self,
        session: &mut Session,
        stream: &mut S,
    ) -> std::io::Result<()> {
        if session.replies().is_empty() {
            return Ok(());
        }
        let sent = timeout(self.command_limit(), async {
            stream.write_all(session.replies()).await?;
            stream.flush().await
        });
        let result = sent.await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        session.clear_replies();
        result
    }

    /// Bytes read; `None` when the session must end, with a reason among its replies.
    async fn read<S: AsyncRead + Unpin>(
        &mut self,
        session: &mut Session,
        stream: &mut S,
        buffer: &mut [u8],
    ) -> Option<usize> {
        let idle = session.is_idle();
        // The runtime's own clock: it measures waiting, nothing is dated with it.
        let now = Instant::now();
        let until = if idle {
            self.data_until = None;
            now + self.command_limit()
        } else {
            let whole = Duration::from_secs(self.shared.limits.data_timeout_seconds);
            let end = *self.data_until.get_or_insert(now + whole);
            end.min(now + self.command_limit())
        };
        tokio::select! {
            biased;
            () = self.shared.stop.cancelled(), if idle => {
                session.shut_down();
                None
            }
            read = timeout_at(until, stream.read(buffer)) => match read {
                Ok(Ok(read)) => Some(read),
                Ok(Err(_)) => None,
                Err(_) => {
                    session.time_out();
                    None
                }
            },
        }
    }

    async fn look_up(&self, address: &str) -> RecipientAnswer {
        let (shared, peer) = (self.shared, self.peer);
        if !shared.rated(peer, true, |rates, now| rates.recipients.take(peer, 1, now)) {
            return RecipientAnswer::TooMany;
        }
        let policy = &shared.policy;
        // Plus-addresses and return paths of ours belong to the address before the plus.
        let signed = policy.signer.verify_return_path(address).is_some()
            || policy.signer.verify_interaction_address(address).is_some();
        if signed || policy.is_own(address) {
            return RecipientAnswer::Accepted;
        }
        match self.shared.host.accepts_recipient(address).await {
            Ok(true) => RecipientAnswer::Accepted,
            Ok(false) => RecipientAnswer::Unknown,
            Err(DeliverError::Unavailable(_)) => RecipientAnswer::Unavailable,
        }
    }

    async fn reserve(&mut self, bytes: usize) -> bool {
        let permit = timeout(MEMORY_WAIT, room(&self.shared.memory, bytes)).await;
        self.memory = permit.ok().flatten().map(Arc::new);
        self.memory.is_some()
    }

    async fn deliver(&self, mail: ReceivedMail) -> bool {
        let shared = self.shared;
        let bytes = mail.raw.len();
        let arrival = Arrival {
            channel: shared.channel.clone(),
            received_at: shared.host.clock().now(),
            envelope: Envelope {
                mail_from: Some(mail.mail_from),
                recipients: mail.recipients,
                peer: Some(self.peer.to_string()),
            },
            origin: Origin::default(),
            raw: mail.raw,
            cut_from_bytes: None,
        };
        match deliver(&*shared.host, &shared.policy, arrival, self.memory.clone()).await {
            Ok(_) => {
                tracing::debug!(channel = %shared.channel, size_bytes = bytes, "Stored a mail");
                true
            }
            Err(DeliverError::Unavailable(reason)) => {
                tracing::warn!(channel = %shared.channel, reason, "Put a mail off: not stored");
                false
            }
        }
    }
}
