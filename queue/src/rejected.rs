//! Why an input was refused. A refused input changes nothing; the time that passed has passed.

use rozmova_base::id::{AgentId, HoursId, InteractionId, OfferId, PauseReasonId, QueueId};

use crate::config::{MAX_INTERACTIONS, MAX_REASON_CHARS};
use crate::hours::HoursError;
use crate::view::ContactState;

/// One variant for each thing that a caller can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The contact is not known: it never was, or it is over. Reload.
    #[error("interaction {0} is not open")]
    UnknownInteraction(InteractionId),
    /// The id is in use. A repeated arrival: take it as done.
    #[error("interaction {0} has already arrived")]
    DuplicateInteraction(InteractionId),
    /// The offer is over: accepted, declined, timed out or withdrawn. Take the card away.
    #[error("offer {0} is over")]
    OfferOver(OfferId),
    /// No such queue. Correct the reference.
    #[error("queue {0} does not exist")]
    UnknownQueue(QueueId),
    /// No such agent. Correct the reference.
    #[error("agent {0} does not exist")]
    UnknownAgent(AgentId),
    /// No such pause reason. Correct the reference.
    #[error("pause reason {0} does not exist")]
    UnknownPauseReason(PauseReasonId),
    /// No such calendar. Correct the reference.
    #[error("opening hours {0} do not exist")]
    UnknownHours(HoursId),
    /// The contact is not in a state in which this can be done. Reload.
    #[error("interaction {interaction} is {state:?}; this cannot be done now")]
    WrongState {
        /// The contact.
        interaction: InteractionId,
        /// Its state.
        state: ContactState,
    },
    /// The agent is not signed in. Sign in first.
    #[error("agent {0} is not signed in")]
    NotSignedIn(AgentId),
    /// The agent has a live call. End it first.
    #[error("agent {0} has a live call; end it first")]
    LiveCall(AgentId),
    /// The agent still has something in hand. Finish it or take it back first.
    #[error("agent {0} still has work in hand")]
    WorkInHand(AgentId),
    /// The agent's capacity or skills do not allow it. Choose another.
    #[error("agent {0} cannot take this contact now")]
    CannotTake(AgentId),
    /// The queue does not let agents choose. Wait for an offer.
    #[error("queue {0} does not let agents take contacts of their choice")]
    PullNotAllowed(QueueId),
    /// The queue demands a result code. Give one.
    #[error("queue {0} demands a result code")]
    DispositionRequired(QueueId),
    /// The result code does not belong to the queue. Give another.
    #[error("queue {0} does not allow this result code")]
    DispositionNotAllowed(QueueId),
    /// The thing to remove is in use. Empty it first.
    #[error("it is still in use: {0}")]
    InUse(&'static str),
    /// The overflow rules of these queues send a contact round in a circle. Break it.
    #[error("overflow goes round in a circle: {}", names(.0))]
    OverflowCircle(Vec<String>),
    /// A setting is not within its limits. Correct it.
    #[error("{field}: {problem}")]
    InvalidSetting {
        /// Which.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: &'static str,
    },
    /// A calendar is wrong. Correct it.
    #[error(transparent)]
    Hours(#[from] HoursError),
    /// A supervisor must say why, briefly.
    #[error("a reason of 1 to {MAX_REASON_CHARS} characters is needed")]
    ReasonNeeded,
    /// As many contacts as the engine keeps. Try later; nothing is lost outside.
    #[error("{MAX_INTERACTIONS} interactions are open; no more can be taken in")]
    Full,
}

fn names(queues: &[String]) -> String {
    queues.join(" → ")
}
