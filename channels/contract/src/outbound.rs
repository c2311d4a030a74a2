use bytes::Bytes;
use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, MessageId};
use serde::{Deserialize, Serialize};

use crate::Party;

/// Everything that the server can ask of a channel.
#[derive(Clone, Debug)]
pub enum Outbound {
    /// Send a written message.
    SendMessage(Box<OutboundMessage>),
}

/// A written message to be sent.
#[derive(Clone, Debug)]
pub struct OutboundMessage {
    /// Our id, in the return path and in the Message-ID.
    pub message: MessageId,
    /// The interaction it belongs to, signed into the Message-ID so that the answer finds back.
    pub interaction: InteractionId,
    /// When it was written: the `Date` header, the same at each attempt.
    pub written_at: Timestamp,
    /// The bank's address and name.
    pub from: Party,
    /// To whom.
    pub to: Vec<Party>,
    /// And to whom else.
    pub cc: Vec<Party>,
    /// And to whom unseen.
    pub bcc: Vec<Party>,
    /// Addresses among these that have not got it yet; empty: all. After some were accepted and
    /// others put off, only the others are tried again.
    pub deliver_to: Vec<String>,
    /// One line.
    pub subject: String,
    /// The text, paragraphs separated by `\n`.
    pub text: String,
    /// Message-ID that it answers, without brackets.
    pub in_reply_to: Option<String>,
    /// The chain, oldest first.
    pub references: Vec<String>,
    /// Files that go with it.
    pub attachments: Vec<OutboundAttachment>,
    /// Written by the server itself: marked `Auto-Submitted: auto-replied` (RFC 3834 §5) and sent
    /// with a null return path, so that it can never start a loop.
    pub automatic: bool,
}

/// A file that goes with a message.
#[derive(Clone, Debug)]
pub struct OutboundAttachment {
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Content.
    pub content: Bytes,
}

/// What a channel says of a command it has carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performed {
    /// The Message-ID under which it went out, without brackets: answers will name it.
    pub external_id: String,
    /// What the peer said: `250 2.0.0 Ok: queued as 4F2A`.
    pub receipt: String,
    /// What the peer said of single recipients, when it did not say the same of all; those who are
    /// not named were accepted.
    pub recipients: Vec<RecipientOutcome>,
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientOutcome {
    /// The address as in the command.
    pub address: String,
    /// What was done.
    pub state: RecipientState,
    /// What the peer said.
    pub detail: String,
}

/// What a peer did about one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientState {
    /// Took the message for it.
    Accepted,
    /// Said to try again later.
    PutOff,
    /// Refused it for good.
    Refused,
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PerformError {
    /// Try again later: the peer is gone or said 4xx.
    #[error("not sent yet: {0}")]
    Temporary(String),
    /// Trying again will not help: the peer said 5xx or the command makes no sense to it.
    #[error("not sent: {0}")]
    Permanent(String),
}
