//! Everything that can happen to the queue. Inputs come from outside only: time-outs are the
//! engine's own business, so a journal of inputs with their times is a complete history.
//!
//! Ids of interactions come with the inputs. Ids of segments and offers are made by the engine, in
//! the layout of UUID version 8 (RFC 9562 §5.8), from the time of the decision and a counter that
//! is part of its state.

use rozmova_base::Timestamp;
use rozmova_base::id::{
    AgentId, DispositionId, HoursId, InteractionId, OfferId, PauseReasonId, QueueId, UserId,
};
use serde::{Deserialize, Serialize};

use crate::config::{
    AgentConfig, CentreConfig, MediaConfig, Medium, OrderConfig, PauseReasonConfig, QueueConfig,
    SkillLevel,
};
use crate::hours::HoursConfig;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Input {
    /// Nothing but the time: due time-outs fire.
    Tick,

    // ── configuration ──
    /// Sets times and limits of the whole centre.
    PutCentre(CentreConfig),
    /// Sets how places are computed. Waiting contacts are sorted anew.
    PutOrder(OrderConfig),
    /// Sets what media demand.
    PutMedia(MediaConfig),
    /// Adds or changes a queue. Contacts that wait in it are looked at anew.
    PutQueue(QueueConfig),
    /// Removes a queue in which nothing is left.
    RemoveQueue {
        /// The queue.
        queue: QueueId,
    },
    /// Adds or changes an agent. What he has in hand stays.
    PutAgent(AgentConfig),
    /// Removes an agent who is offline and has nothing in hand.
    RemoveAgent {
        /// The agent.
        agent: AgentId,
    },
    /// Adds or changes a pause reason.
    PutPauseReason(PauseReasonConfig),
    /// Removes a pause reason that nobody uses now.
    RemovePauseReason {
        /// The reason.
        reason: PauseReasonId,
    },
    /// Adds or changes a calendar of opening hours.
    PutHours(HoursConfig),
    /// Removes a calendar that no queue uses.
    RemoveHours {
        /// The calendar.
        hours: HoursId,
    },

    // ── contacts ──
    /// A contact came in and is to wait in a queue.
    ContactArrived(Arrival),
    /// The client wrote again in an interaction that is still open. Waiting for the client or
    /// parked, it goes back to its agent when possible, else into its queue.
    ContactContinued {
        /// The interaction.
        interaction: InteractionId,
    },
    /// The client gave up before an agent had him (hung up, withdrew). Refused for one who will be
    /// called back: that he hangs up is expected.
    ContactAbandoned {
        /// The interaction.
        interaction: InteractionId,
    },
    /// The conversation is over: hung up after it was answered, or the answer was sent. Wrap-up
    /// begins if the queue has one.
    ContactEnded {
        /// The interaction.
        interaction: InteractionId,
    },
    /// Our side failed (process died, line lost). Never counted as abandoned by the client.
    ContactFailed {
        /// The interaction.
        interaction: InteractionId,
        /// What failed.
        cause: String,
    },

    // ── offers ──
    /// The agent accepts.
    OfferAccepted {
        /// The offer.
        offer: OfferId,
    },
    /// The agent declines; the contact goes back with its age and is not offered to him for a
    /// while.
    OfferDeclined {
        /// The offer.
        offer: OfferId,
        /// Why.
        reason: String,
    },
    /// The offer cannot be carried out on our side (his telephone is busy or unreachable). He
    /// becomes not responding, as after a time-out.
    OfferFailed {
        /// The offer.
        offer: OfferId,
        /// What failed.
        cause: String,
    },
    /// The agent takes a waiting contact of his choice; only where the queue allows it.
    PullContact {
        /// Who.
        agent: AgentId,
        /// Which.
        interaction: InteractionId,
    },
    /// The agent begins a contact himself (calls or writes to a client).
    StartOutbound(Outbound),

    // ── work in hand ──
    /// The client is put on hold.
    Hold {
        /// The interaction.
        interaction: InteractionId,
    },
    /// The client is taken off hold, or parked or waiting work is taken up again by its agent.
    Resume {
        /// The interaction.
        interaction: InteractionId,
    },
    /// Written work is put aside until a time, then goes back to its agent, else into its queue.
    Park {
        /// The interaction.
        interaction: InteractionId,
        /// Until when.
        until: Timestamp,
    },
    /// The next word is the client's: frees the agent's capacity.
    AwaitClient {
        /// The interaction.
        interaction: InteractionId,
    },
    /// The agent hands the contact on.
    Transfer {
        /// The interaction.
        interaction: InteractionId,
        /// To whom.
        to: Target,
    },
    /// Changes the result code, in hand or in wrap-up.
    SetDisposition {
        /// The interaction.
        interaction: InteractionId,
        /// The code.
        disposition: DispositionId,
    },
    /// The agent needs more time for wrap-up.
    ExtendWrapUp {
        /// The interaction.
        interaction: InteractionId,
        /// How much more, in ms; at most an hour in all.
        by_ms: i64,
    },
    /// Wrap-up is done: the interaction is closed.
    WrapUpDone {
        /// The interaction.
        interaction: InteractionId,
        /// The result code; stays as it was if none.
        disposition: Option<DispositionId>,
    },

    // ── agents ──
    /// The agent signed in; he is paused without a reason until he says that he is ready.
    SignedIn {
        /// Who.
        agent: AgentId,
    },
    /// The agent is ready for work.
    SetReady {
        /// Who.
        agent: AgentId,
    },
    /// The agent pauses: at once, or after what he has in hand.
    SetPaused {
        /// Who.
        agent: AgentId,
        /// Why; must be known.
        reason: PauseReasonId,
        /// Only when he has nothing more in hand.
        after_this: bool,
    },
    /// The agent becomes ready when he has nothing more in hand.
    ReadyAfterThis {
        /// Who.
        agent: AgentId,
    },
    /// The agent takes, or takes no more, contacts of one medium.
    SetMediumReady {
        /// Who.
        agent: AgentId,
        /// Which medium.
        medium: Medium,
        /// Whether he takes it.
        ready: bool,
    },
    /// The agent's last browser is gone. State and offers are kept for a grace time.
    ConnectionLost {
        /// Who.
        agent: AgentId,
    },
    /// The agent's browser is back.
    ConnectionRestored {
        /// Who.
        agent: AgentId,
    },
    /// The agent goes home. Refused while he has a live call; written work goes back to its queue.
    SignedOut {
        /// Who.
        agent: AgentId,
    },

    // ── callbacks ──
    /// The client asks to be called back: his place in the queue is kept, whether he stays on the
    /// line or not.
    ScheduleCallback {
        /// A contact that waits.
        interaction: InteractionId,
        /// Not before this time; none: as soon as it is his turn.
        not_before: Option<Timestamp>,
    },

    // ── supervisor ──
    /// An act of a supervisor: with author and reason, visible in the events.
    Supervisor(Act),
}

/// A contact that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Its id, new.
    pub interaction: InteractionId,
    /// How it came.
    pub medium: Medium,
    /// Where it is to wait.
    pub queue: QueueId,
    /// Index into [`OrderConfig::priorities`].
    #[serde(default)]
    pub priority: u8,
    /// Index into [`OrderConfig::client_class_head_start_ms`].
    #[serde(default)]
    pub client_class: u8,
    /// What an agent must be able to do.
    #[serde(default)]
    pub needs: Vec<SkillLevel>,
    /// Who should have it: the last agent, the account manager.
    #[serde(default)]
    pub preferred: Option<AgentId>,
    /// Since when it waits, for its place. Later than now: it does not wait before. None: now.
    #[serde(default)]
    pub eligible_at: Option<Timestamp>,
}

impl Arrival {
    /// An ordinary contact: priority 0, no skills needed, waits from now on.
    pub const fn new(interaction: InteractionId, medium: Medium, queue: QueueId) -> Self {
        Self {
            interaction,
            medium,
            queue,
            priority: 0,
            client_class: 0,
            needs: Vec::new(),
            preferred: None,
            eligible_at: None,
        }
    }
}

/// A contact that an agent begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// Its id, new.
    pub interaction: InteractionId,
    /// Who begins it.
    pub agent: AgentId,
    /// By which medium.
    pub medium: Medium,
    /// On whose account: its wrap-up and result codes apply.
    pub queue: QueueId,
}

/// To whom a contact goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Target {
    /// Into a queue; age by that queue's policy.
    Queue {
        /// The queue.
        queue: QueueId,
    },
    /// To one agent in person; if he does not take it in time, into the contact's queue.
    Agent {
        /// The agent.
        agent: AgentId,
    },
}

/// What a supervisor did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Who.
    pub author: UserId,
    /// Why; at most [`crate::config::MAX_REASON_CHARS`] characters.
    pub reason: String,
    /// What.
    pub what: ActKind,
}

/// Acts of supervisors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ActKind {
    /// Makes an agent who is signed in ready.
    SetAgentReady {
        /// Who.
        agent: AgentId,
    },
    /// Pauses an agent.
    PauseAgent {
        /// Who.
        agent: AgentId,
        /// The pause reason.
        pause: PauseReasonId,
    },
    /// Signs an agent out. A live call stays up until it ends.
    LogOut {
        /// Who.
        agent: AgentId,
    },
    /// Gives a waiting contact to one agent in person.
    Assign {
        /// The contact.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
    },
    /// Moves a waiting contact to another queue; age by that queue's policy.
    Move {
        /// The contact.
        interaction: InteractionId,
        /// The queue.
        queue: QueueId,
    },
    /// Gives a waiting contact another priority.
    Reprioritise {
        /// The contact.
        interaction: InteractionId,
        /// Index into [`OrderConfig::priorities`].
        priority: u8,
    },
    /// Takes a contact that is offered, or written work in hand, back into its queue.
    Requeue {
        /// The contact.
        interaction: InteractionId,
    },
    /// The contact is part of another: it is closed, the other goes on.
    Merge {
        /// The contact that ends.
        interaction: InteractionId,
        /// The contact that goes on.
        into: InteractionId,
    },
    /// Closes a contact that is not a live conversation.
    Close {
        /// The contact.
        interaction: InteractionId,
    },
}
