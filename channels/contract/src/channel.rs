use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use rozmova_base::Clock;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    Examination, Inbound, Outbound, PartContent, PerformError, Performed, RenderedHtml,
    StoredMessage,
};

/// The name of one configured channel, unique in the installation: `smtp`, `imap:info`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelName(pub String);

impl std::fmt::Display for ChannelName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Room in memory; free again when this is dropped. The default holds none: nothing to wait for.
#[derive(Default)]
pub struct Reserved(Option<Box<dyn Any + Send>>);

impl Reserved {
    /// Holds what frees the room when it is dropped.
    pub fn holding(permit: impl Any + Send) -> Self {
        Self(Some(Box::new(permit)))
    }
}

impl std::fmt::Debug for Reserved {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Reserved").field(&self.0.is_some()).finish()
    }
}

/// One way in and out of the contact centre.
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    /// Its name in health reports, rows and logs.
    fn name(&self) -> &ChannelName;

    /// Receives until `stop` is cancelled, then finishes what it has begun and returns.
    ///
    /// Faults of the peer (server gone, refused log-in) are reported by [`Host::report_health`] and
    /// retried inside; an error is returned only for what waiting cannot mend, such as a port
    /// taken. The host is shared with the tasks that the channel starts: one for each connection.
    async fn run(&self, host: Arc<dyn Host>, stop: CancellationToken) -> Result<(), ChannelError>;

    /// Carries out one command, or says whether trying again can help.
    async fn perform(&self, command: &Outbound) -> Result<Performed, PerformError>;

    /// The HTML of a stored message, cleaned so that it can be shown in a sandboxed frame;
    /// `None` when the message has none. Never fails: what is too deep or too large to clean is
    /// shown as text by the caller. Takes CPU time in proportion to its size: call it off the
    /// asynchronous threads.
    fn render_html(&self, raw: &[u8]) -> Option<RenderedHtml>;

    /// What lies in the mailboxes that the channel fetches, beside what it has fetched by its own
    /// account; changes nothing there. A channel that fetches nothing has nothing to say.
    async fn survey(&self, _host: Arc<dyn Host>) -> Vec<Survey> {
        Vec::new()
    }

    /// Looks at a stored message as closely as there was no time for while its sender waited: the
    /// language, and who vouches for the sender. May ask other servers and take seconds, at most
    /// half a minute; what could not be found out is absent. `None`: looking at it failed, and
    /// would fail again.
    async fn examine(&self, message: StoredMessage) -> Option<Examination> {
        let authentication = message.authentication;
        Some(Examination { authentication, ..Examination::default() })
    }

    /// Waits for room for a stored message of so many bytes, out of what the channel allows for
    /// large ones on their way in: to be held while one is looked at.
    async fn reserve(&self, _size_bytes: usize) -> Reserved {
        Reserved::default()
    }

    /// The decoded content of part `part` of a stored message, by [`crate::AttachmentInfo::part`].
    fn open_part(&self, raw: &[u8], part: u32) -> Option<PartContent>;
}

/// What waiting cannot mend.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// A listener cannot be opened: the address is taken, not ours, or needs more rights.
    #[error("{channel} cannot listen on {address}: {source}")]
    Listen {
        /// Whose listener.
        channel: ChannelName,
        /// `host:port`.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A certificate or key cannot be read.
    #[error("{channel} cannot use the TLS files {path}: {reason}")]
    Tls {
        /// Whose listener.
        channel: ChannelName,
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A key with which messages are signed cannot be used.
    #[error("{channel} cannot sign: {reason}")]
    Key {
        /// Whose messages.
        channel: ChannelName,
        /// Which key, and what is wrong with it.
        reason: String,
    },
}

/// One mailbox as it is now, for comparison with the server's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Whose mailbox.
    pub channel: ChannelName,
    /// Mails lying there that the channel should have fetched, by [`crate::Origin::place`].
    pub expected: Vec<String>,
    /// Mails lying there that it will fetch yet.
    pub waiting: u64,
    /// Why the mailbox could not be looked at; `None`: it was.
    pub fault: Option<String>,
}

/// What the server offers to a channel.
#[async_trait]
pub trait Host: Send + Sync {
    /// Hands in one event. Returns when it is durably committed and not before; may be called by
    /// many tasks at once, and shares commits among them.
    async fn deliver(&self, inbound: Inbound) -> Result<Delivered, DeliverError>;

    /// Whether a local address belongs to the bank: mail for others is refused at `RCPT TO`.
    async fn accepts_recipient(&self, address: &str) -> Result<bool, DeliverError>;

    /// Tells the health page how the channel fares. Cheap; call it at each change.
    fn report_health(&self, channel: &ChannelName, health: Health);

    /// A small text that the channel wants to find again after a restart (a mailbox cursor).
    async fn load_state(&self, key: &str) -> Result<Option<String>, DeliverError>;

    /// Replaces that text durably.
    async fn save_state(&self, key: &str, value: &str) -> Result<(), DeliverError>;

    /// The time.
    fn clock(&self) -> &dyn Clock;
}

/// What became of an event that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// It is stored and will be seen by a person.
    Stored,
    /// It had been stored before; this arrival is noted beside the first one.
    Repeated,
}

/// Why an event was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliverError {
    /// The store does not answer, is full, or the server stops. Try again later (SMTP 451).
    #[error("not stored: {0}")]
    Unavailable(String),
}

/// How a channel fares, for the health page and the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether it works.
    pub state: HealthState,
    /// What is so, to what, and what to do, in one sentence for an administrator.
    pub detail: String,
}

/// Whether a channel works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// Starting, not yet connected.
    Starting,
    /// Works.
    Up,
    /// Works in part or is retrying.
    Degraded,
    /// Does not work.
    Down,
}
