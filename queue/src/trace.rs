//! Why a contact went to whom it went: the answer to "why him, why then".

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, InteractionId, OfferId, QueueId};
use serde::{Deserialize, Serialize};

use crate::config::{AgentRule, Medium};
use crate::view::{AgentState, Key};

/// A decision that gave a contact to an agent, or the state of one that is not decided yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// The contact.
    pub interaction: InteractionId,
    /// Its queue.
    pub queue: QueueId,
    /// Its medium.
    pub medium: Medium,
    /// The ring it was in.
    pub ring: u8,
    /// Its place.
    pub key: Key,
    /// The rule of its queue.
    pub rule: AgentRule,
    /// What made it the moment to decide.
    pub moment: Moment,
    /// Who got it.
    pub chosen: Option<AgentId>,
    /// The offer made; none when it was put through without asking, or nothing is decided.
    pub offer: Option<OfferId>,
    /// Agents looked at: the chosen one, then the others by ring and id, up to the limit of
    /// [`crate::config::CentreConfig::trace_candidates`].
    pub candidates: Vec<Candidate>,
    /// Agents of the queue beyond that limit.
    pub more_candidates: u32,
}

/// What made it the moment to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The contact began to wait, or its circle widened: an agent was sought for it.
    ContactWaits,
    /// An agent became free: of all contacts that he may take this had the greatest age.
    AgentFree,
    /// The contact was kept for this agent in person.
    KeptForAgent,
    /// Nothing was decided; somebody asked.
    Asked,
}

/// An agent looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub agent: AgentId,
    /// Why he was not eligible; none: he was.
    pub excluded: Option<Exclusion>,
    /// The ring from which he is asked.
    pub ring: u8,
    /// Sort key of *longest idle*: since when.
    pub idle_since: Timestamp,
    /// Sort key of *least loaded*.
    pub used_units: u16,
    /// Sort key of *most skilled*: sum of his levels in the needed skills.
    pub skill_score: u32,
    /// Sort key of *lowest occupancy*, in thousandths, at his last change.
    pub occupancy_permille: u32,
}

/// Why an agent was not eligible. The first that holds, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Exclusion {
    /// The contact is kept for someone else.
    KeptForOther,
    /// He is asked from a later ring only.
    Ring {
        /// From this one.
        from: u8,
    },
    /// A skill is missing or its level too low, even as the ring relaxes it.
    Skill,
    /// He declined this contact a moment ago.
    Declined {
        /// Until then he is not asked.
        until: Timestamp,
    },
    /// He is not ready.
    State {
        /// What he does instead.
        state: AgentState,
    },
    /// His browser is gone.
    Disconnected,
    /// He does not take this medium now.
    MediumNotReady,
    /// He has as many of this medium as he may have.
    Maximum,
    /// An offer of this medium is already before him.
    BeingOffered,
    /// What he has in hand blocks this medium.
    Blocked {
        /// What he has in hand.
        by: Medium,
    },
    /// The units do not fit.
    Capacity,
}
