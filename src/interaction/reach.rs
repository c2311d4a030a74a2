//! Who may read which contacts with their messages: one rule for every way in (decision 0010).
//!
//! 1. Whoever supervises, and whoever reads without answering (the analyst), reads all.
//! 2. An agent reads the contacts of the queues that he serves, those in his hands or offered to
//!    him, and every contact of a client with whom he has one in hand or on offer.
//! 3. What he may not read does not exist for him: 404, and no row in any list.

pub mod store;

use rozmova_base::id::{AgentId, QueueId};

use crate::auth::{Right, SignedIn};
use crate::routing::Routing;

/// What somebody may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every contact.
    All,
    /// What an agent may.
    Agent {
        /// Who.
        agent: AgentId,
        /// The queues that he serves.
        queues: Vec<QueueId>,
    },
}

impl Reach {
    /// What this person may read now.
    pub fn of(signed_in: &SignedIn, routing: &Routing) -> Self {
        if signed_in.may(Right::Supervise) || !signed_in.may(Right::Work) {
            return Self::All;
        }
        Self::Agent { agent: signed_in.id(), queues: routing.queues_of(signed_in.id()) }
    }

    /// Whether all contacts of a queue are within it.
    pub fn has_queue(&self, queue: QueueId) -> bool {
        match self {
            Self::All => true,
            Self::Agent { queues, .. } => queues.contains(&queue),
        }
    }
}
