//! Ninety days in which the bank has already worked. The real queue engine lives through them in
//! simulated time: agents come and go, contacts arrive by the hour and the day of the week, are
//! offered, taken, missed, answered and closed. What it says is stored as always.

mod simulation;
pub mod store;

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, ClientId, DispositionId, InteractionId, MessageId, QueueId};

pub use simulation::{Past, live_through};

use super::texts::QueueKey;

/// So long ago the bank began to work.
pub const DAYS: i64 = 90;

/// What the simulation must know of the bank.
#[derive(Debug)]
pub struct Setting {
    /// When it begins; the engine's time must not be later.
    pub from: Timestamp,
    /// When it ends: now.
    pub until: Timestamp,
    /// People who answer.
    pub agents: Vec<(AgentId, String)>,
    /// Queues by key, with their mail addresses.
    pub queues: BTreeMap<QueueKey, (QueueId, String)>,
    /// Results by code.
    pub dispositions: BTreeMap<String, DispositionId>,
    /// Clients who write.
    pub clients: Vec<Correspondent>,
}

/// A client who writes.
#[derive(Clone, Debug)]
pub struct Correspondent {
    /// Who.
    pub id: ClientId,
    /// As shown in mails.
    pub name: String,
    /// The address.
    pub email: String,
    /// Writes to the queue for companies.
    pub is_business: bool,
    /// Writes in English.
    pub is_english: bool,
    /// Served before others.
    pub vip: bool,
}

/// An interaction of the past as its row begins; what became of it comes from the engine's events.
#[derive(Clone, Debug)]
pub struct PastInteraction {
    /// Its id.
    pub id: InteractionId,
    /// The subject of the first mail.
    pub subject: String,
    /// Whose.
    pub client: Correspondent,
    /// To which queue it came.
    pub queue: QueueId,
    /// The bank's address.
    pub mailbox: String,
    /// When it came.
    pub received_at: Timestamp,
    /// When the last message came or went.
    pub last_message_at: Timestamp,
    /// What the agent wrote beside the result.
    pub disposition_note: String,
}

/// A message of the past.
#[derive(Clone, Debug)]
pub struct PastMessage {
    /// Its id.
    pub id: MessageId,
    /// To which interaction it belongs.
    pub interaction: InteractionId,
    /// When.
    pub at: Timestamp,
    /// None: the client wrote it.
    pub author: Option<AgentId>,
    /// Among agents only.
    pub is_note: bool,
    /// Name and address of the sender.
    pub from: (String, String),
    /// Name and address of the recipient.
    pub to: (String, String),
    /// One line.
    pub subject: String,
    /// The text.
    pub body: String,
}
