//! Events of the live stream and who may see them.

use std::collections::BTreeSet;

use rozmova_base::id::{AgentId, QueueId, UserId};
use serde::Serialize;

/// One event before it has a number.
#[derive(Clone, Debug)]
pub struct LiveEvent {
    /// `offer.created`.
    pub name: &'static str,
    /// JSON.
    pub(super) data: Box<str>,
}

impl LiveEvent {
    /// An event with its data. Data that cannot be written (it never happens with the types of the
    /// API) becomes `null`, which a desk answers by fetching anew.
    pub fn new(name: &'static str, data: &impl Serialize) -> Self {
        let data = serde_json::to_string(data).unwrap_or_else(|error| {
            tracing::error!(name, %error, "A live event cannot be written");
            "null".to_owned()
        });
        Self { name, data: data.into_boxed_str() }
    }
}

/// Who may see an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody who is signed in.
    Everyone,
    /// Whoever watches over queues and agents.
    Supervisors,
    /// One person.
    User(UserId),
    /// One agent, and supervisors.
    Agent(AgentId),
    /// One agent, those who serve a queue with him, and supervisors.
    Team(AgentId),
    /// Agents who serve the queue, and supervisors.
    Queue(QueueId),
    /// Agents who serve the queue, the agent who has the contact, and supervisors.
    Interaction {
        /// The contact's queue.
        queue: QueueId,
        /// Who has it or is asked.
        agent: Option<AgentId>,
    },
}

/// Somebody at the other end of a live connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Who.
    pub user: UserId,
    /// Whether he sees all queues and agents.
    pub supervises: bool,
    /// Queues that he serves.
    pub queues: BTreeSet<QueueId>,
    /// Agents who serve one of them too.
    pub team: BTreeSet<AgentId>,
}

impl Viewer {
    /// Whether an event for this audience is for him.
    pub fn sees(&self, audience: Audience) -> bool {
        match audience {
            Audience::Everyone => true,
            Audience::Supervisors => self.supervises,
            Audience::User(user) => self.user == user,
            Audience::Agent(agent) => self.supervises || self.user == agent,
            Audience::Team(agent) => {
                self.supervises || self.user == agent || self.team.contains(&agent)
            }
            Audience::Queue(queue) => self.supervises || self.queues.contains(&queue),
            Audience::Interaction { queue, agent } => {
                self.supervises || self.queues.contains(&queue) || agent == Some(self.user)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_see_their_own_and_supervisors_see_all() {
        let (mine, other) = (QueueId::from_u128(1), QueueId::from_u128(2));
        let (ana, bohdan) = (UserId::from_u128(3), UserId::from_u128(4));
        let colleague = UserId::from_u128(5);
        let agent = Viewer {
            user: ana,
            supervises: false,
            queues: BTreeSet::from([mine]),
            team: BTreeSet::from([ana, colleague]),
        };
        let supervisor = Viewer {
            user: bohdan,
            supervises: true,
            queues: BTreeSet::new(),
            team: BTreeSet::new(),
        };
        for (audience, seen_by_agent, seen_by_supervisor) in [
            (Audience::Everyone, true, true),
            (Audience::Supervisors, false, true),
            (Audience::User(ana), true, false),
            (Audience::Agent(ana), true, true),
            (Audience::Agent(bohdan), false, true),
            (Audience::Team(ana), true, true),
            (Audience::Team(colleague), true, true),
            (Audience::Team(bohdan), false, true),
            (Audience::Queue(mine), true, true),
            (Audience::Queue(other), false, true),
            (Audience::Interaction { queue: other, agent: None }, false, true),
            (Audience::Interaction { queue: other, agent: Some(ana) }, true, true),
        ] {
            assert_eq!(agent.sees(audience), seen_by_agent, "{audience:?}");
            assert_eq!(supervisor.sees(audience), seen_by_supervisor, "{audience:?}");
        }
    }
}
