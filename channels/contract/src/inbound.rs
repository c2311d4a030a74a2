use bytes::Bytes;
use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, MessageId};
use serde::{Deserialize, Serialize};

use crate::{AttachmentInfo, Authentication, ChannelName, Defect, Party};

/// Everything that a channel can bring in.
#[derive(Clone, Debug)]
pub enum Inbound {
    /// A written message: mail now, faxes and letters with their own fields later.
    Message(Box<InboundMessage>),
}

/// A written message, read as well as it can be read.
#[derive(Clone, Debug)]
pub struct InboundMessage {
    /// Through which channel it came.
    pub channel: ChannelName,
    /// What makes it the same message when it comes again: the Message-ID with a digest of the
    /// content, or such a digest alone.
    pub external_id: String,
    /// When the channel had it complete.
    pub received_at: Timestamp,
    /// Every byte as it came.
    pub raw: Bytes,
    /// SHA-256 of `raw`.
    pub raw_sha256: [u8; 32],
    /// What the transport said, as against the headers.
    pub envelope: Envelope,
    /// Where it lay before, and how it is to be taken.
    pub origin: Origin,
    /// Who wrote it.
    pub from: Option<Party>,
    /// Where answers should go when not to `from`.
    pub reply_to: Vec<Party>,
    /// To whom.
    pub to: Vec<Party>,
    /// And to whom else.
    pub cc: Vec<Party>,
    /// One line without control characters; empty when there is none.
    pub subject: String,
    /// When the sender says it was written.
    pub date: Option<Timestamp>,
    /// How it hangs together with others.
    pub thread: ThreadKeys,
    /// The whole text (from the HTML when there is no text part), at most
    /// `MAX_TEXT_BYTES` of the channel.
    pub text: String,
    /// The text without quotation and signature; equals `text` when nothing could be told apart.
    pub reply_text: String,
    /// Whether there is HTML to be asked for by [`crate::Channel::render_html`].
    pub has_html: bool,
    /// Files that came with it.
    pub attachments: Vec<AttachmentInfo>,
    /// What sort of message.
    pub kind: MessageKind,
    /// For [`MessageKind::Bounce`]: what became of which message of ours.
    pub reports: Vec<DeliveryReport>,
    /// Why a program must not answer it (RFC 3834 §2), as a stable word: `loop`, `automatic`,
    /// `bulk`, `machine_address`; `None` when it may be acknowledged.
    pub unanswerable: Option<String>,
    /// Who vouches for the sender.
    pub authentication: Authentication,
    /// What was wrong with it.
    pub defects: Vec<Defect>,
    /// `false`: not opened (over a limit, or beyond reading); to be shown as "could not be read".
    pub readable: bool,
}

/// What the transport said. RFC 5321 §2.3.1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// `MAIL FROM`; `Some("")` is the null return path of bounces, `None` is unknown.
    pub mail_from: Option<String>,
    /// `RCPT TO`.
    pub recipients: Vec<String>,
    /// Address of the peer, without port.
    pub peer: Option<String>,
}

/// Where a message lay before it came to us, and how it is to be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Where it lay, in words by which the channel finds it again: folder, UIDVALIDITY and UID
    /// (`INBOX/1700000000/42`), the path of a file. Empty: it was handed over a connection. The
    /// same place again is the same arrival, not another one.
    pub place: String,
    /// The address of ours to which it belongs, whatever envelope and headers say; empty: they say.
    pub mailbox: String,
    /// It is from the past: kept for the record, nobody's work, never acknowledged.
    pub is_history: bool,
}

/// A message that is stored, for [`crate::Channel::examine`].
#[derive(Clone, Debug, Default)]
pub struct StoredMessage {
    /// Every byte as it came. Empty where nobody will be asked for the sender: see
    /// [`StoredMessage::asks`].
    pub raw: Bytes,
    /// What the transport said.
    pub envelope: Envelope,
    /// The address of [`InboundMessage::from`]; empty when there is none.
    pub from: String,
    /// As in [`InboundMessage::reply_text`].
    pub reply_text: String,
    /// What the arrival said of the sender.
    pub authentication: Authentication,
    /// As in [`Origin::is_history`]: what name servers say today proves nothing of the past.
    pub is_history: bool,
}

impl StoredMessage {
    /// Whether others are to be asked who vouches for the sender: it came now, and the bank's own
    /// server has not said it.
    pub fn asks(&self) -> bool {
        !self.is_history && !self.authentication.is_verdict()
    }
}

/// What a closer look at a stored message found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examination {
    /// In which language it is written, ISO 639-1; `None` when that cannot be told.
    pub language: Option<String>,
    /// Who vouches for the sender.
    pub authentication: Authentication,
    /// Somebody who was asked did not answer: asking again later may tell more.
    pub unanswered: bool,
}

/// How a message hangs together with others. RFC 5322 §3.6.4.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadKeys {
    /// `Message-ID` without brackets and white space.
    pub message_id: Option<String>,
    /// `In-Reply-To`, likewise.
    pub in_reply_to: Vec<String>,
    /// `References`, likewise, oldest first.
    pub references: Vec<String>,
    /// The interaction that a Message-ID or address signed by us proves it to belong to.
    pub proved: Option<InteractionId>,
    /// The contact number in the subject (`[#123456]`): a hint, no proof.
    pub subject_number: Option<i64>,
}

/// What sort of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Written by a person, as far as can be told.
    Message,
    /// Out of office and the like. RFC 3834.
    AutoReply,
    /// A delivery report. RFC 3464.
    Bounce,
    /// An abuse report. RFC 5965.
    Complaint,
    /// From a mailing list. RFC 2919.
    List,
}

/// What became of one message of ours for one recipient. RFC 3464 §2.3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryReport {
    /// The message, when the report proves or names it.
    pub message: Option<MessageId>,
    /// Its Message-ID, when the report quotes it.
    pub original_message_id: Option<String>,
    /// Who did or did not get it.
    pub recipient: String,
    /// What was done.
    pub action: ReportAction,
    /// Enhanced status, `5.1.1`. RFC 3463.
    pub status: String,
    /// The SMTP reply that the other server gave, `550`; `None` when the report names none.
    pub reply_code: Option<u16>,
    /// What the other server said.
    pub reason: String,
}

impl DeliveryReport {
    /// Whether the address itself is to blame, so that sending to it again is useless: given up
    /// with a permanent status (class 5, RFC 3463 §3.1) that speaks of the address (subject 1,
    /// RFC 3463 §3.2), of a mailbox that is disabled (5.2.1) or of a domain that is none (5.4.4).
    /// When the status says nothing (none, or 5.0.0), the reason must not speak of something else.
    pub fn is_hard(&self) -> bool {
        let status = self.status.as_str();
        self.action == ReportAction::Failed
            && (status.starts_with("5.1.")
                || matches!(status, "5.2.1" | "5.4.4")
                || (matches!(status, "" | "5.0.0") && !self.blames_something_else()))
    }

    /// Whether the reason names what may be otherwise tomorrow: a full mailbox, a filter, a size.
    fn blames_something_else(&self) -> bool {
        const WORDS: [&str; 10] = [
            "quota",
            "full",
            "spam",
            "block",
            "policy",
            "too large",
            "size",
            "timed out",
            "temporar",
            "try again",
        ];
        let reason = self.reason.to_lowercase();
        self.reply_code.is_some_and(|code| code < 500)
            || WORDS.iter().any(|word| reason.contains(word))
    }
}

/// RFC 3464 §2.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportAction {
    /// Given up.
    Failed,
    /// Still trying.
    Delayed,
    /// Delivered.
    Delivered,
    /// Passed on to where no report comes from.
    Relayed,
    /// Given to several.
    Expanded,
}
