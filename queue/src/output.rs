//! Everything the engine says.
//!
//! There is one stream of numbered events, and what must be *done* is read from it: an offer is
//! carried out because the event says that it was made. An order apart from its event could be
//! lost, doubled or contradict it; here that cannot arise, and after a restart the number of the
//! last event stored tells exactly what has been done. Kinds that ask for an act say so under "To
//! do".
//!
//! Two outputs are no transitions and carry no number: a position announcement, and the explanation
//! of a decision.

use rozmova_base::Timestamp;
use rozmova_base::id::{
    AgentId, DispositionId, InteractionId, OfferId, PauseReasonId, QueueId, SegmentId, UserId,
};
use serde::{Deserialize, Serialize};

use crate::config::{Medium, OverflowTo};
use crate::input::{ActKind, Target};
use crate::trace::Decision;
use crate::view::{AgentState, ContactState, Key};

/// One thing the engine says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Output {
    /// A transition. Store it; carry out what its kind asks for.
    Event(Event),
    /// Tell a waiting caller where he stands. To do: play it. Not stored.
    Announce(Announcement),
    /// Why a contact went to whom it went. To do: store it beside the events.
    Decision(Box<Decision>),
}

/// A transition, with everything that it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Counts from 1 without a gap.
    pub seq: u64,
    /// When: the time of the input, or the due time of the time-out.
    pub at: Timestamp,
    /// The contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction: Option<InteractionId>,
    /// The visit to a queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<SegmentId>,
    /// The offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferId>,
    /// The queue of the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueId>,
    /// The agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The medium of the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<Medium>,
    /// What happened.
    pub kind: EventKind,
}

/// What happened. Times in ms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    // ── contact: arrival and waiting ──
    /// The contact is known to the engine.
    Received {
        /// Whether an agent began it.
        outbound: bool,
        /// Priority class.
        priority: u8,
        /// Client class.
        client_class: u8,
    },
    /// A segment begins: the contact waits in the queue.
    Queued {
        /// Why it is there.
        cause: QueuedCause,
        /// Its place and the parts of it.
        key: Key,
        /// Expected wait when it came, if one could be given.
        expected_wait_ms: Option<i64>,
        /// Client class, for figures.
        #[serde(default)]
        client_class: u8,
    },
    /// The contact waits again in the same segment, with its age. To do: if it was in hand, take it
    /// from the agent's desk.
    Requeued {
        /// Why.
        cause: RequeuedCause,
        /// The ring to which the time in the queue has led.
        ring: u8,
    },
    /// Other agents are asked now: more after a time, or as new settings say.
    RingChanged {
        /// The ring, 1 to 6.
        ring: u8,
    },
    /// The time for the preferred agent is over; anyone who fits is asked.
    PreferenceEnded {
        /// The ring to which the time in the queue has led.
        ring: u8,
    },
    /// The place changed.
    Reordered {
        /// The new place.
        key: Key,
    },
    /// The contact will be called back. To do: tell the client; the line may be released.
    CallbackScheduled {
        /// Not before this time.
        not_before: Option<Timestamp>,
    },
    /// The segment is over.
    SegmentEnded {
        /// How.
        outcome: SegmentOutcome,
        /// Time in the queue, offers included, until answered or left.
        waited_ms: i64,
        /// What figures need to know; none in logs of the first version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        facts: Option<SegmentFacts>,
    },

    // ── offers ──
    /// An offer is made. To do: show it to the agent, ring his telephone.
    Offered {
        /// When it times out.
        expires_at: Timestamp,
    },
    /// The agent accepted.
    OfferAccepted,
    /// The agent declined. To do: stop ringing.
    OfferDeclined {
        /// Why.
        reason: String,
    },
    /// The agent did not answer. To do: stop ringing.
    OfferTimedOut,
    /// The offer is void. To do: stop ringing, take the card away.
    OfferWithdrawn {
        /// Why.
        cause: WithdrawnCause,
    },

    // ── contact: work ──
    /// The agent has the contact. To do: bridge the call, open the work on his desk.
    Connected {
        /// By what.
        how: ConnectedHow,
        /// Time in the queue until now.
        waited_ms: i64,
    },
    /// To do: hold the client.
    Held,
    /// The work goes on. To do: take the client off hold.
    Resumed,
    /// Put aside.
    Parked {
        /// Until when.
        until: Timestamp,
    },
    /// The next word is the client's.
    AwaitingClient,
    /// The client wrote again.
    Continued,
    /// Handed on. A new segment follows. To do: take it from the agent's desk.
    Transferred {
        /// To whom.
        to: Target,
    },
    /// Wrap-up begins.
    WrapUpStarted {
        /// When it ends by itself.
        ends_at: Timestamp,
    },
    /// Wrap-up lasts longer.
    WrapUpExtended {
        /// When it ends by itself.
        ends_at: Timestamp,
    },
    /// The result code is set.
    DispositionSet {
        /// The code.
        disposition: DispositionId,
    },
    /// Wrap-up is over.
    WrapUpEnded {
        /// The time was over; the agent did not end it.
        timed_out: bool,
    },

    // ── contact: ends ──
    /// The contact is closed; the engine forgets it.
    Closed {
        /// The result code.
        disposition: Option<DispositionId>,
        /// Time with the client, hold not counted.
        talk_ms: i64,
        /// Time on hold.
        hold_ms: i64,
        /// Time in wrap-up.
        wrap_up_ms: i64,
        /// Its last segment; none in logs of the first version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        facts: Option<SegmentFacts>,
    },
    /// The client left before an agent had him.
    Abandoned {
        /// Time in the queue.
        waited_ms: i64,
        /// Sooner than the limit of a short abandon.
        short: bool,
    },
    /// The contact leaves the queue for something else. To do: what `to` says, unless it is a queue
    /// or a callback.
    Overflowed {
        /// Where to.
        to: OverflowTo,
        /// The rule, counted from 0.
        rule: u8,
    },
    /// Our side failed.
    Failed {
        /// What failed.
        cause: String,
    },
    /// Became part of another contact.
    Merged {
        /// The one that goes on.
        into: InteractionId,
    },

    // ── agents ──
    /// The state of an agent as others see it changed.
    AgentStateChanged {
        /// Before.
        from: AgentState,
        /// Now.
        to: AgentState,
        /// How long he was in the state before.
        after_ms: i64,
    },
    /// A browser is gone or back. To do: show it to the supervisor.
    AgentConnection {
        /// Back.
        connected: bool,
    },
    /// A pause lasts longer than its reason allows. To do: tell the supervisor.
    PauseLimitPassed {
        /// The reason.
        reason: PauseReasonId,
        /// The limit.
        limit_ms: i64,
    },
    /// The agent takes, or takes no more, a medium.
    MediumReady {
        /// The medium.
        of: Medium,
        /// Whether he takes it.
        ready: bool,
    },
    /// A supervisor acted; the events after it say what came of it.
    SupervisorActed {
        /// Who.
        author: UserId,
        /// Why.
        reason: String,
        /// What.
        what: ActKind,
    },
}

/// What held for a segment when it ended. With it an event says by itself to which interval, class
/// and side of the target it counts, whatever the settings have become since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentFacts {
    /// When the segment began.
    pub began_at: Timestamp,
    /// Answered within this time is within the service level.
    pub target_ms: i64,
    /// Abandoned sooner than this is a short abandon.
    pub short_ms: i64,
    /// Client class: index into [`crate::config::OrderConfig::client_class_head_start_ms`].
    pub client_class: u8,
}

/// Why a segment began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueuedCause {
    /// It arrived.
    Arrival,
    /// It was transferred by an agent.
    Transfer,
    /// It came over from another queue.
    Overflow,
    /// A supervisor moved it.
    Moved,
    /// The client wrote again.
    Continued,
    /// It was parked and its time has come.
    Unparked,
    /// Its agent left it, or a supervisor took it back after it was answered.
    TakenBack,
}

/// Why a contact waits again in its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequeuedCause {
    /// The offer was declined.
    Declined,
    /// The offer timed out.
    TimedOut,
    /// The offer could not be carried out.
    OfferFailed,
    /// The agent left.
    AgentLeft,
    /// A supervisor took it back.
    Supervisor,
    /// The time of a callback has come.
    CallbackDue,
}

/// How a segment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentOutcome {
    /// An agent had it.
    Answered,
    /// The client left.
    Abandoned,
    /// It went elsewhere: see the overflow rule.
    Overflowed,
    /// It was moved to another queue, or transferred before it was answered.
    Moved,
    /// It was closed or merged while it waited.
    Closed,
    /// Our side failed.
    Failed,
}

/// Why an offer became void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawnCause {
    /// The client left.
    Abandoned,
    /// The agent left.
    AgentLeft,
    /// The agent paused.
    AgentPaused,
    /// A supervisor acted.
    Supervisor,
    /// Our side failed.
    Failed,
    /// It cannot be carried out on our side.
    OfferFailed,
}

/// How an agent got a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectedHow {
    /// He accepted an offer.
    Offer,
    /// The queue puts it through without asking.
    AutoAccepted,
    /// He took it out of the queue.
    Pulled,
    /// He began it.
    Outbound,
    /// The client wrote again while he still had it open.
    Continued,
}

/// Where a caller stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The contact.
    pub interaction: InteractionId,
    /// 1 is next; none: more than [`crate::view::MAX_POSITION`].
    pub position: Option<u32>,
    /// Expected wait, if one can be given.
    pub expected_wait: Option<WaitRange>,
}

/// An expected wait as a range, in ms from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitRange {
    /// Likely not sooner.
    pub from_ms: i64,
    /// The best single figure.
    pub expected_ms: i64,
    /// Likely not later.
    pub to_ms: i64,
}

/// The state of a contact after an event of this kind, for folding events into states; none: the
/// event does not change it.
impl EventKind {
    /// See above.
    pub const fn contact_state(&self) -> Option<ContactState> {
        match self {
            Self::Received { .. } => Some(ContactState::Received),
            Self::Queued { .. } | Self::Requeued { .. } => Some(ContactState::Queued),
            Self::Offered { .. } => Some(ContactState::Offered),
            Self::Connected { .. } | Self::Resumed => Some(ContactState::Active),
            Self::Held => Some(ContactState::Held),
            Self::Parked { .. } => Some(ContactState::Parked),
            Self::AwaitingClient => Some(ContactState::WaitingForClient),
            Self::CallbackScheduled { not_before: Some(_) } => {
                Some(ContactState::CallbackScheduled)
            }
            Self::WrapUpStarted { .. } => Some(ContactState::WrapUp),
            Self::Closed { .. } | Self::Merged { .. } => Some(ContactState::Closed),
            Self::Abandoned { .. } => Some(ContactState::Abandoned),
            Self::Overflowed { to: OverflowTo::Queue { .. } | OverflowTo::Callback, .. }
            | Self::CallbackScheduled { not_before: None }
            | Self::RingChanged { .. }
            | Self::PreferenceEnded { .. }
            | Self::Reordered { .. }
            | Self::SegmentEnded { .. }
            | Self::OfferAccepted
            | Self::OfferDeclined { .. }
            | Self::OfferTimedOut
            | Self::OfferWithdrawn { .. }
            | Self::Continued
            | Self::Transferred { .. }
            | Self::WrapUpExtended { .. }
            | Self::DispositionSet { .. }
            | Self::WrapUpEnded { .. }
            | Self::AgentStateChanged { .. }
            | Self::AgentConnection { .. }
            | Self::PauseLimitPassed { .. }
            | Self::MediumReady { .. }
            | Self::SupervisorActed { .. } => None,
            Self::Overflowed { .. } => Some(ContactState::Overflowed),
            Self::Failed { .. } => Some(ContactState::Failed),
        }
    }
}
