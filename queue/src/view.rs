//! What a live screen or a caller of the API may see of the engine's state.

use rozmova_base::Timestamp;
use rozmova_base::id::{
    AgentId, DispositionId, InteractionId, OfferId, PauseReasonId, QueueId, SegmentId,
};
use serde::{Deserialize, Serialize};

use crate::config::{Medium, PerMedium, SkillLevel};
use crate::output::WaitRange;

/// Positions are counted up to here; beyond it a caller hears "many".
pub const MAX_POSITION: u32 = 200;

/// Where a contact is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// Known, not yet waiting: it becomes eligible later.
    Received,
    /// Waits for an agent.
    Queued,
    /// One agent is being asked.
    Offered,
    /// An agent has it in hand.
    Active,
    /// The client is on hold.
    Held,
    /// Open; the next word is the client's.
    WaitingForClient,
    /// Put aside until a time.
    Parked,
    /// The conversation is over, the agent's work on it is not.
    WrapUp,
    /// Will be called back at a time; keeps its place.
    CallbackScheduled,
    /// Done.
    Closed,
    /// The client left before an agent had him.
    Abandoned,
    /// Left the queue for something outside it.
    Overflowed,
    /// Our side failed.
    Failed,
}

impl ContactState {
    /// Whether the engine has nothing more to do with it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Abandoned | Self::Overflowed | Self::Failed)
    }
}

/// What an agent does, as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentState {
    /// Not signed in.
    Offline,
    /// Ready, with nothing in hand.
    Ready,
    /// Has work in hand.
    Busy,
    /// Finishes work after a conversation.
    WrapUp,
    /// Did not answer an offer; gets none until he acts.
    NotResponding,
    /// Paused.
    Paused {
        /// Why; none right after signing in.
        reason: Option<PauseReasonId>,
    },
}

/// A place in the queue and what it is made of, in ms.
/// `key_ms = eligible_at_ms − priority_ms − client_class_ms − medium_ms`; smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The place itself.
    pub key_ms: i64,
    /// Since when it waits: ms since the Unix epoch.
    pub eligible_at_ms: i64,
    /// Head start of the priority class.
    pub priority_ms: i64,
    /// Head start of the client class.
    pub client_class_ms: i64,
    /// Head start of the medium.
    pub medium_ms: i64,
    /// How fast waiting counts; 1000 is real time.
    pub slope_permille: u32,
    /// Order of arrival; breaks ties.
    pub arrival_number: u64,
}

/// A contact the engine knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// Its id.
    pub interaction: InteractionId,
    /// Where it is.
    pub state: ContactState,
    /// Since when.
    pub since: Timestamp,
    /// How it came.
    pub medium: Medium,
    /// Its queue.
    pub queue: QueueId,
    /// Its visit to that queue.
    pub segment: SegmentId,
    /// When that visit began.
    pub entered_at: Timestamp,
    /// Priority class.
    pub priority: u8,
    /// Place.
    pub key: Key,
    /// What it needs, before any ring relaxes it.
    pub needs: Vec<SkillLevel>,
    /// Ring it is in.
    pub ring: u8,
    /// The agent who has it, is being asked, or for whom it is kept.
    pub agent: Option<AgentId>,
    /// The offer, while there is one.
    pub offer: Option<OfferView>,
    /// Whether it is to be called back, or was when its agent got it.
    pub callback: bool,
    /// Result code so far.
    pub disposition: Option<DispositionId>,
}

/// An offer that is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferView {
    /// Its id.
    pub offer: OfferId,
    /// The contact.
    pub interaction: InteractionId,
    /// Who is asked.
    pub agent: AgentId,
    /// When it was made.
    pub offered_at: Timestamp,
    /// When it times out.
    pub expires_at: Timestamp,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    /// His id.
    pub agent: AgentId,
    /// What he does.
    pub state: AgentState,
    /// Since when.
    pub since: Timestamp,
    /// Whether his browser is connected.
    pub connected: bool,
    /// Which media he takes.
    pub medium_ready: PerMedium<bool>,
    /// Which media he could be offered now.
    pub can_take: PerMedium<bool>,
    /// Units in use.
    pub used_units: u16,
    /// Units he has.
    pub capacity_units: u16,
    /// Contacts that are his: offered, in hand, in wrap-up, parked or waiting for the client.
    pub contacts: Vec<InteractionId>,
}

/// A queue now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueView {
    /// Its id.
    pub queue: QueueId,
    /// Contacts that wait, by medium.
    pub waiting: PerMedium<u32>,
    /// Contacts being offered.
    pub offered: u32,
    /// Contacts in hand, on hold or in wrap-up.
    pub in_hand: u32,
    /// When the contact that has waited longest entered the queue.
    pub oldest_entered_at: Option<Timestamp>,
    /// Agents who serve it and are signed in.
    pub agents_signed_in: u32,
    /// Agents who serve it and could be offered a contact of some medium now.
    pub agents_free: u32,
    /// Whether its hours are open.
    pub open: bool,
    /// What a contact that came now would wait.
    pub expected_wait: Option<WaitRange>,
    /// How good the estimates were so far.
    pub estimate_quality: EstimateQuality,
}

/// How good wait estimates were, over the contacts answered so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstimateQuality {
    /// Estimates compared with what came.
    pub compared: u64,
    /// Mean absolute error in ms.
    pub mean_absolute_error_ms: i64,
    /// Answered within the range that was told, in thousandths.
    pub coverage_permille: u32,
}

/// A waiting contact in the true order of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingView {
    /// The contact.
    pub interaction: InteractionId,
    /// How it came.
    pub medium: Medium,
    /// Place.
    pub key: Key,
    /// Age that counts: `slope × (now − key)`, in ms. Largest first.
    pub effective_age_ms: i64,
    /// When it entered the queue.
    pub entered_at: Timestamp,
    /// Ring it is in.
    pub ring: u8,
    /// The agent for whom it is kept.
    pub kept_for: Option<AgentId>,
}

/// A setting that would leave contacts without an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Warning {
    /// No agent serves the queue.
    NobodyServes {
        /// The queue.
        queue: QueueId,
    },
    /// Agents serve the queue, but from a later ring than it has.
    RingNeverReached {
        /// The queue.
        queue: QueueId,
        /// The earliest ring of its agents.
        ring: u8,
    },
    /// No agent of the queue takes this medium.
    MediumNotTaken {
        /// The queue.
        queue: QueueId,
        /// The medium.
        medium: Medium,
    },
    /// A contact waits that no agent of its queue could take, even in the last ring.
    NobodyFits {
        /// The queue.
        queue: QueueId,
        /// The contact.
        interaction: InteractionId,
    },
}
