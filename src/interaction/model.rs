//! A contact as desks and programs see it.

use rozmova_base::Timestamp;
use rozmova_base::id::{ClientId, DispositionId, InteractionId, OfferId, QueueId, UserId};
use rozmova_queue::config::Medium;
use serde::Serialize;
use utoipa::ToSchema;

/// How the client of a contact was found, where the address is a client's and nobody vouches for
/// the sender: not yet, an agent has to say so.
pub const PROPOSED: &str = "proposed";

/// One contact with one client in one medium.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Interaction {
    /// Its id.
    pub id: InteractionId,
    /// Its number, for people.
    pub number: i64,
    /// `email`, `voice`, `fax`, `letter`, `callback`.
    pub medium: String,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// `queued`, `offered`, `active`, `held`, `waiting_for_client`, `parked`, `wrap_up`, `closed`,
    /// `abandoned`, `failed`.
    pub state: String,
    /// One line.
    pub subject: String,
    /// With whom, when known or proposed.
    pub client: Option<ClientRef>,
    /// How many clients the address fits.
    pub candidates: i64,
    /// As the message says.
    pub from: Party,
    /// Where it waits or waited last.
    pub queue: QueueRef,
    /// Who has it.
    pub agent: Option<PersonRef>,
    /// Index into the priorities of the centre.
    pub priority: i64,
    /// When it came in.
    pub received_at: Timestamp,
    /// Since when it waits, for its place.
    pub waiting_since_at: Option<Timestamp>,
    /// When an agent first had it.
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// Until when it should be answered.
    pub due_at: Option<Timestamp>,
    /// Messages of the client that nobody has seen.
    pub unread: i64,
    /// When the last message came or went.
    pub last_message_at: Timestamp,
    /// Result.
    pub disposition: Option<DispositionRef>,
    /// A message in it could not be read.
    pub could_not_be_read: bool,
    /// Who looks at it now.
    pub viewers: Vec<ViewerRef>,
}

/// A client, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClientRef {
    /// The record.
    pub id: ClientId,
    /// As shown.
    pub name: String,
    /// `person`, `organisation`, `sole_trader`, `prospect`.
    pub kind: String,
    /// To be treated with special care.
    pub vip: bool,
    /// That it is this client with whom the contact is. `false`: the address is the client's, but
    /// nobody vouches for the sender, so the file stays shut until an agent says that it is.
    pub confirmed: bool,
}

/// Somebody as a message names him.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Party {
    /// May be empty.
    pub name: String,
    /// E-mail address or telephone number.
    pub address: String,
}

/// A queue, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueueRef {
    /// The queue.
    pub id: QueueId,
    /// As shown.
    pub name: String,
}

/// A person of the bank, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PersonRef {
    /// The person.
    pub id: UserId,
    /// As shown.
    pub name: String,
}

/// A result code, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DispositionRef {
    /// The code.
    pub id: DispositionId,
    /// As shown.
    pub name: String,
}

/// Somebody who looks at a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ViewerRef {
    /// The person.
    pub id: UserId,
    /// As shown.
    pub name: String,
    /// Whether he is writing.
    pub writes: bool,
}

impl From<crate::message::viewers::Viewer> for ViewerRef {
    fn from(viewer: crate::message::viewers::Viewer) -> Self {
        Self { id: viewer.id, name: viewer.name, writes: viewer.writes }
    }
}

/// A contact with how its client was found and where it may belong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InteractionDetails {
    /// The contact.
    #[serde(flatten)]
    pub interaction: Interaction,
    /// How its client was found.
    pub identification: Identification,
    /// Contacts that it seems to belong to, without proof.
    pub may_belong_to: Vec<InteractionRef>,
    /// The contact that it became part of; its messages are there.
    pub merged_into: Option<InteractionRef>,
}

/// How the client of a contact was found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Identification {
    /// `email`, `phone`, `chosen`, `none`; `proposed`: the address is a client's, but nobody
    /// vouches for the sender, so that an agent has to say that it is the client.
    pub how: String,
    /// Clients with the same address, for a choice.
    pub candidates: Vec<CandidateRef>,
}

/// A client who may be meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CandidateRef {
    /// The record.
    pub id: ClientId,
    /// As shown.
    pub name: String,
    /// What fits: the address on record.
    pub why: String,
}

/// A contact, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct InteractionRef {
    /// The contact.
    pub id: InteractionId,
    /// Its number.
    pub number: i64,
    /// One line.
    pub subject: String,
}

/// A contact that is offered to an agent.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Offer {
    /// The offer.
    pub id: OfferId,
    /// What is offered.
    pub interaction: Interaction,
    /// Since when.
    pub offered_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// The medium's name in the API. The engine speaks of calls, the API of voice.
pub const fn medium_name(medium: Medium) -> &'static str {
    match medium {
        Medium::Call => "voice",
        Medium::Email => "email",
        Medium::Fax => "fax",
        Medium::Letter => "letter",
    }
}

/// The other way round; `None`: the queue has no rules for it.
pub fn medium_of(name: &str) -> Option<Medium> {
    Medium::ALL.into_iter().find(|medium| medium_name(*medium) == name)
}
