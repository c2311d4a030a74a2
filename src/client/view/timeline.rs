//! What happened with a client, as its timeline shows it.

use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, MessageId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ManagerView;
use crate::client::timeline::store::Entry;

/// Something that happened with a client
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimelineEntry {
    /// Of the message, or of the interaction.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// What: a message, a note of ours, or the end of an interaction.
    #[serde(rename = "type")]
    pub entry_type: TimelineType,
    /// To which contact it belongs.
    pub interaction: TimelineInteraction,
    /// For messages and notes.
    pub message: Option<TimelineMessage>,
    /// The beginning of the text of a message; of an end the note to the result.
    pub text: String,
    /// For an end: the result.
    pub disposition: Option<String>,
    /// Who of us wrote it or ended it.
    pub author: Option<ManagerView>,
}

/// What an entry of a timeline is
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimelineType {
    /// Between the client and us.
    Message,
    /// Among us.
    Note,
    /// The end of a contact.
    Interaction,
}

/// The contact of an entry of a timeline
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimelineInteraction {
    /// Which.
    pub id: InteractionId,
    /// The number, for people.
    pub number: i64,
    /// What it is about.
    pub subject: String,
    /// How it came or went.
    pub medium: String,
    /// What becomes of it.
    pub state: String,
}

/// The message of an entry of a timeline
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimelineMessage {
    /// Which.
    pub id: MessageId,
    /// `message`, `note`, `bounce` …
    pub kind: String,
    /// `inbound`, `outbound`, `internal`.
    pub direction: String,
    /// The name that the message shows.
    pub from_name: String,
    /// The address that it came from or went out from.
    pub from_address: String,
    /// One line.
    pub subject: String,
    /// Number of files.
    pub attachments: i64,
}

impl From<Entry> for TimelineEntry {
    fn from(entry: Entry) -> Self {
        let is_end = entry.message_id.is_none();
        let is_note = entry.direction.as_deref() == Some("internal");
        let subject = entry.subject.unwrap_or_default();
        Self {
            id: entry.id,
            at: entry.at,
            entry_type: match (is_end, is_note) {
                (true, _) => TimelineType::Interaction,
                (false, true) => TimelineType::Note,
                (false, false) => TimelineType::Message,
            },
            interaction: TimelineInteraction {
                id: entry.interaction_id,
                number: entry.number,
                subject: entry.interaction_subject,
                medium: entry.medium,
                state: entry.state,
            },
            disposition: Some(subject.clone()).filter(|text| is_end && !text.is_empty()),
            message: entry.message_id.map(|id| TimelineMessage {
                id,
                kind: entry.kind.unwrap_or_default(),
                direction: entry.direction.unwrap_or_default(),
                from_name: entry.from_name.unwrap_or_default(),
                from_address: entry.from_address.unwrap_or_default(),
                subject,
                attachments: entry.attachments,
            }),
            text: entry.excerpt.unwrap_or_default(),
            author: entry
                .author_id
                .map(|id| ManagerView { id, name: entry.author_name.unwrap_or_default() }),
        }
    }
}
