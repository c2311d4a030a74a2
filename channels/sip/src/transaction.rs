//! Transactions: one request and its answers, with repetitions. RFC 3261 §17, RFC 6026.
//!
//! 1. A transaction gives its user each request once and each final answer once (2xx of an INVITE
//!    excepted: each of them is another dialog or wants another ACK).
//! 2. It sends again what may have been lost, and stops.
//! 3. It ends: by the answer, by its time-out, by the failure of the transport.
//! 4. The time is an argument. After each call, drain [`Transactions::poll_event`], then come back
//!    at [`Transactions::next_timeout`].
//!
//! Absent: sockets, dialogs, and any opinion on what a request means.

pub mod client;
pub mod invite_client;
pub mod invite_server;
pub mod layer;
pub mod server;
mod timer;

use std::net::SocketAddr;

pub use layer::{Event, Failure, MAX_TRANSACTIONS, TransactionId, Transactions, answer_flow};
pub use timer::{Timer, Timing};

pub(crate) use timer::Alarms;

/// Over what a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum Transport {
    /// Datagrams, which get lost and change places.
    Udp,
    /// A stream.
    Tcp,
    /// A stream in TLS.
    Tls,
    /// WebSocket. RFC 7118.
    Ws,
}

impl Transport {
    /// Whether it repeats what is lost by itself.
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// As in `Via`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
        }
    }

    /// The port when none is named. RFC 3261 §19.1.2.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
        }
    }
}

/// Where a message came from or goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// Over what.
    pub transport: Transport,
    /// Which of our sockets or connections, as `io` numbers them.
    pub connection: u64,
    /// The other end.
    pub peer: SocketAddr,
}

#[cfg(test)]
mod tests;
