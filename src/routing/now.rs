//! The routing configuration in memory, for names and targets in answers and for what comes in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, DispositionId, PauseReasonId, QueueId, SkillId};
use rozmova_queue::Input;
use rozmova_queue::config::{Medium, QueueConfig, SkillLevel};
use rozmova_queue::input::Arrival;

use super::document::{
    AgentItem, DispositionItem, PauseReasonItem, QueueItem, RoutingDocument, SkillItem,
};

/// The document with indexes.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    /// As written, with ids.
    pub document: RoutingDocument,
    /// When it was written; what was read at start is older than everything.
    written_at: Timestamp,
    queues: BTreeMap<QueueId, usize>,
    agents: BTreeMap<AgentId, usize>,
}

impl Routing {
    pub(super) fn new(document: RoutingDocument, written_at: Timestamp) -> Self {
        let queues = document.queues.iter().enumerate();
        let queues = queues.filter_map(|(index, queue)| Some((queue.id?, index))).collect();
        let agents = document.agents.iter().enumerate();
        let agents = agents.filter_map(|(index, agent)| Some((agent.id?, index))).collect();
        Self { document, written_at, queues, agents }
    }

    /// A queue.
    pub fn queue(&self, queue: QueueId) -> Option<&QueueItem> {
        self.document.queues.get(*self.queues.get(&queue)?)
    }

    /// A queue by its name.
    pub fn queue_named(&self, name: &str) -> Option<&QueueItem> {
        self.document.queues.iter().find(|queue| queue.name == name)
    }

    /// Name of a queue; empty when it was removed.
    pub fn queue_name(&self, queue: QueueId) -> &str {
        self.queue(queue).map_or("", |queue| queue.name.as_str())
    }

    /// Within which time a contact of this queue and medium should be answered, in ms.
    pub fn target_ms(&self, queue: QueueId, medium: Medium) -> Option<i64> {
        let item = self.queue(queue)?;
        Some(item.target_ms.over(QueueConfig::new(queue, "").target_ms)[medium])
    }

    /// What contacts of a queue need of an agent.
    pub fn needs(&self, queue: QueueId) -> Vec<SkillLevel> {
        let Some(item) = self.queue(queue) else { return Vec::new() };
        item.needs
            .iter()
            .filter_map(|need| {
                let skill = self.skill_named(&need.skill)?;
                Some(SkillLevel { skill, level: need.level })
            })
            .collect()
    }

    /// An input as it came, an arrival with what its queue adds: priority and needed skills.
    #[must_use]
    pub fn completed(&self, input: Input) -> Input {
        let Input::ContactArrived(arrival) = input else { return input };
        let Some(queue) = self.queue(arrival.queue) else { return Input::ContactArrived(arrival) };
        let mut needs: BTreeMap<SkillId, u8> = BTreeMap::new();
        for need in self.needs(arrival.queue).into_iter().chain(arrival.needs) {
            let level = needs.entry(need.skill).or_default();
            *level = (*level).max(need.level);
        }
        Input::ContactArrived(Arrival {
            priority: arrival.priority.max(queue.priority),
            needs: needs.into_iter().map(|(skill, level)| SkillLevel { skill, level }).collect(),
            ..arrival
        })
    }

    /// Whether there is such a skill.
    pub fn has_skill(&self, skill: SkillId) -> bool {
        self.document.skills.iter().any(|known| known.id == Some(skill))
    }

    /// Name of a skill; empty when it was removed.
    pub fn skill_name(&self, skill: SkillId) -> &str {
        let found = self.document.skills.iter().find(|known| known.id == Some(skill));
        found.map_or("", |skill| skill.name.as_str())
    }

    fn skill_named(&self, name: &str) -> Option<SkillId> {
        self.document.skills.iter().find(|skill: &&SkillItem| skill.name == name)?.id
    }

    /// What an agent can do.
    pub fn agent(&self, agent: AgentId) -> Option<&AgentItem> {
        self.document.agents.get(*self.agents.get(&agent)?)
    }

    /// Queues that an agent serves.
    pub fn queues_of(&self, agent: AgentId) -> Vec<QueueId> {
        let Some(item) = self.agent(agent) else { return Vec::new() };
        let queue = |name: &String| self.queue_named(name)?.id;
        item.queues.iter().filter_map(|service| queue(&service.queue)).collect()
    }

    /// Agents who serve a queue that this agent serves, himself among them.
    pub fn team_of(&self, agent: AgentId) -> BTreeSet<AgentId> {
        let Some(item) = self.agent(agent) else { return BTreeSet::new() };
        let queues: BTreeSet<&str> =
            item.queues.iter().map(|service| service.queue.as_str()).collect();
        let serves_one = |other: &&AgentItem| {
            other.queues.iter().any(|service| queues.contains(service.queue.as_str()))
        };
        self.document.agents.iter().filter(serves_one).filter_map(|other| other.id).collect()
    }

    /// What somebody sees of the centre at his desk: the queues that he serves, and his team.
    pub fn place_of(&self, agent: AgentId) -> (BTreeSet<QueueId>, BTreeSet<AgentId>) {
        (self.queues_of(agent).into_iter().collect(), self.team_of(agent))
    }

    /// A pause reason.
    pub fn pause_reason(&self, reason: PauseReasonId) -> Option<&PauseReasonItem> {
        self.document.pause_reasons.iter().find(|item| item.id == Some(reason))
    }

    /// A result code.
    pub fn disposition(&self, disposition: DispositionId) -> Option<&DispositionItem> {
        self.document.dispositions.iter().find(|item| item.id == Some(disposition))
    }
}

/// The configuration that holds now. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct RoutingNow(Arc<RwLock<Arc<Routing>>>);

impl RoutingNow {
    /// As it is at this moment; it does not change in the caller's hands.
    pub fn get(&self) -> Arc<Routing> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Two who write one after the other may come here in the other order: the later document
    /// stays.
    pub(super) fn set(&self, routing: Routing) {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if routing.written_at >= now.written_at {
            *now = Arc::new(routing);
        }
    }
}
