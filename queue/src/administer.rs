//! Changes of settings while the centre runs.

use std::collections::BTreeSet;

use rozmova_base::id::{AgentId, HoursId, PauseReasonId, QueueId};

use crate::agent::{Agent, Presence};
use crate::config::{
    AgentConfig, CentreConfig, MAX_AGENTS, MAX_OVERFLOW_RULES, MAX_QUEUES, MAX_QUEUES_PER_AGENT,
    MAX_RING, Medium, OrderConfig, OverflowTo, PauseReasonConfig, QueueConfig,
};
use crate::engine::{Engine, Queue};
use crate::estimate::Estimator;
use crate::hours::{Hours, HoursConfig};
use crate::input::Input;
use crate::lane::{AgentIndex, MediaSet, QueueIndex, Served};
use crate::needs::{check_text, sorted_needs};
use crate::output::EventKind;
use crate::rejected::Rejected;
use crate::routing::free_key;
use crate::slab::Slot;
use crate::view::ContactState;

impl Engine {
    /// Inputs that change settings.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`apply` passes settings only")]
    pub(crate) fn administer(&mut self, input: Input) -> Result<(), Rejected> {
        match input {
            Input::PutCentre(config) => self.put_centre(config),
            Input::PutOrder(config) => self.put_order(config),
            Input::PutMedia(config) => {
                self.core.media = config;
                self.index.touched.extend(self.core.agents.slots());
                Ok(())
            }
            Input::PutQueue(config) => self.put_queue(config),
            Input::RemoveQueue { queue } => self.remove_queue(queue),
            Input::PutAgent(config) => self.put_agent(config),
            Input::RemoveAgent { agent } => self.remove_agent(agent),
            Input::PutPauseReason(config) => self.put_pause_reason(config),
            Input::RemovePauseReason { reason } => self.remove_pause_reason(reason),
            Input::PutHours(config) => self.put_hours(config),
            Input::RemoveHours { hours } => self.remove_hours(hours),
            _ => Ok(()),
        }
    }

    fn put_centre(&mut self, config: CentreConfig) -> Result<(), Rejected> {
        not_negative("connection_grace_ms", config.connection_grace_ms)?;
        not_negative("personal_ms", config.personal_ms)?;
        not_negative("short_abandon_ms", config.short_abandon_ms)?;
        self.core.centre = config;
        for slot in self.waiting_slots(None) {
            self.arm(slot);
        }
        Ok(())
    }

    fn put_order(&mut self, config: OrderConfig) -> Result<(), Rejected> {
        if config.priorities.is_empty() || config.priorities.len() > 256 {
            return Err(invalid("priorities", "1 to 256 classes"));
        }
        if config.priorities.iter().any(|class| !(1..=1_000_000).contains(&class.slope_permille)) {
            return Err(invalid("slope_permille", "1 to 1 000 000; 1000 is real time"));
        }
        let waiting = self.waiting_slots(None);
        for slot in &waiting {
            self.unplace(*slot);
        }
        self.core.order = config;
        for slot in waiting {
            let key = self.core.contacts[slot].key(&self.core.order);
            self.core.contacts[slot].key_ms = key.key_ms;
            self.place(slot);
        }
        Ok(())
    }

    /// Contacts that stand in lanes or are kept for agents, of one queue or of all.
    fn waiting_slots(&self, queue: Option<Slot>) -> Vec<Slot> {
        let contacts = self.core.contacts.iter();
        contacts
            .filter(|(_, contact)| contact.state == ContactState::Queued)
            .filter(|(_, contact)| queue.is_none_or(|queue| contact.queue == queue))
            .map(|(slot, _)| slot)
            .collect()
    }

    fn put_queue(&mut self, config: QueueConfig) -> Result<(), Rejected> {
        self.check_queue(&config)?;
        if let Some(slot) = self.index.queue_of.get(&config.id).copied() {
            let waiting = self.waiting_slots(Some(slot));
            for contact in &waiting {
                self.unplace(*contact);
            }
            self.core.queues[slot].config = config;
            for contact in waiting {
                let ring = self.ring_now(contact);
                if std::mem::replace(&mut self.core.contacts[contact].ring, ring) != ring {
                    self.emit(contact, EventKind::RingChanged { ring });
                }
                self.place(contact);
                self.arm(contact);
            }
            // The rule may have changed: the free are sorted anew.
            let members: Vec<Slot> =
                self.index.queues[slot as usize].members.iter().map(|member| member.2).collect();
            self.index.touched.extend(members);
            return Ok(());
        }
        if self.core.queues.len() >= MAX_QUEUES {
            return Err(invalid("queues", "at most 10 000"));
        }
        let id = config.id;
        let slot = self.core.queues.insert(Queue { config, estimator: Estimator::default() });
        self.index.queue_of.insert(id, slot);
        self.add_queue_index(slot);
        Ok(())
    }

    pub(crate) fn add_queue_index(&mut self, slot: Slot) {
        let index = slot as usize;
        if self.index.queues.len() <= index {
            self.index.queues.resize_with(index + 1, QueueIndex::default);
        }
        self.index.queues[index] = QueueIndex::default();
    }

    fn check_queue(&self, config: &QueueConfig) -> Result<(), Rejected> {
        check_text("name", &config.name)?;
        for medium in Medium::ALL {
            if config.offer_ms[medium] <= 0 {
                return Err(invalid("offer_ms", "more than 0"));
            }
            not_negative("wrap_up_ms", config.wrap_up_ms[medium])?;
            not_negative("target_ms", config.target_ms[medium])?;
        }
        not_negative("preferred_ms", config.preferred_ms)?;
        not_negative("decline_pause_ms", config.decline_pause_ms)?;
        if config.announce_every_ms != 0 && config.announce_every_ms < 5_000 {
            return Err(invalid("announce_every_ms", "0 (never) or at least 5000"));
        }
        if config.rings.len() >= usize::from(MAX_RING) {
            return Err(invalid("rings", "at most 5 beyond the first"));
        }
        if config.rings.iter().any(|ring| ring.after_ms <= 0)
            || config.rings.windows(2).any(|pair| pair[0].after_ms >= pair[1].after_ms)
        {
            return Err(invalid("rings", "each later than the one before"));
        }
        if config.overflow.len() > MAX_OVERFLOW_RULES {
            return Err(invalid("overflow", "at most 16 rules"));
        }
        if let Some(hours) = config.hours
            && !self.core.hours.contains_key(&hours)
        {
            return Err(Rejected::UnknownHours(hours));
        }
        self.check_overflow(config)
    }

    /// Every queue that the rules name exists, and no way leads back.
    fn check_overflow(&self, config: &QueueConfig) -> Result<(), Rejected> {
        for target in overflow_queues(config) {
            if target != config.id {
                self.queue_slot(target)?;
            }
        }
        let mut path = vec![config];
        let mut seen = BTreeSet::new();
        self.follow_overflow(&mut path, &mut seen)
    }

    fn follow_overflow<'a>(
        &'a self,
        path: &mut Vec<&'a QueueConfig>,
        seen: &mut BTreeSet<QueueId>,
    ) -> Result<(), Rejected> {
        let (Some(first), Some(last)) = (path.first().copied(), path.last().copied()) else {
            return Ok(());
        };
        for target in overflow_queues(last) {
            if target == first.id {
                let names = path.iter().map(|queue| queue.name.clone());
                return Err(Rejected::OverflowCircle(names.chain([first.name.clone()]).collect()));
            }
            if seen.insert(target) {
                path.push(&self.core.queues[self.queue_slot(target)?].config);
                self.follow_overflow(path, seen)?;
                path.pop();
            }
        }
        Ok(())
    }

    fn remove_queue(&mut self, queue: QueueId) -> Result<(), Rejected> {
        let slot = self.queue_slot(queue)?;
        let index = &self.index.queues[slot as usize];
        if index.contacts > 0 {
            return Err(Rejected::InUse("contacts of the queue are open"));
        }
        if !index.members.is_empty() {
            return Err(Rejected::InUse("agents serve the queue"));
        }
        let overflows_here =
            |other: &Queue| overflow_queues(&other.config).any(|target| target == queue);
        if self.core.queues.iter().any(|(_, other)| overflows_here(other)) {
            return Err(Rejected::InUse("another queue overflows into it"));
        }
        self.core.queues.remove(slot);
        self.index.queue_of.remove(&queue);
        Ok(())
    }

    fn put_agent(&mut self, mut config: AgentConfig) -> Result<(), Rejected> {
        check_text("name", &config.name)?;
        config.skills = sorted_needs(std::mem::take(&mut config.skills))?;
        config.serves.sort_unstable();
        if config.serves.len() > MAX_QUEUES_PER_AGENT {
            return Err(invalid("serves", "at most 200 queues"));
        }
        if config.serves.windows(2).any(|pair| pair[0].queue == pair[1].queue) {
            return Err(invalid("serves", "each queue once"));
        }
        if config.serves.iter().any(|service| !(1..=MAX_RING).contains(&service.ring)) {
            return Err(invalid("ring", "1 to 6"));
        }
        for service in &config.serves {
            self.queue_slot(service.queue)?;
        }
        let slot = if let Some(slot) = self.index.agent_of.get(&config.id).copied() {
            self.unlist_agent(slot);
            self.remove_agent_index(slot);
            self.core.agents[slot].config = config;
            slot
        } else {
            if self.core.agents.len() >= MAX_AGENTS {
                return Err(invalid("agents", "at most 100 000"));
            }
            let id = config.id;
            let slot = self.core.agents.insert(Agent::new(config, self.core.now));
            self.index.agent_of.insert(id, slot);
            slot
        };
        self.add_agent_index(slot);
        self.index.touched.insert(slot);
        Ok(())
    }

    /// Enters an agent in the indexes of the queues he serves; what is kept for him stays.
    pub(crate) fn add_agent_index(&mut self, slot: Slot) {
        let place = slot as usize;
        if self.index.agents.len() <= place {
            self.index.agents.resize_with(place + 1, AgentIndex::default);
        }
        let agent = &self.core.agents[slot];
        let profile = self.index.profiles.acquire(&agent.config.skills);
        let mut serves = Vec::with_capacity(agent.config.serves.len());
        for service in &agent.config.serves {
            let Some(&queue) = self.index.queue_of.get(&service.queue) else { continue };
            let index = &mut self.index.queues[queue as usize];
            index.members.insert((service.ring, agent.config.id, slot));
            index.signed_in += u32::from(agent.is_signed_in());
            let key = free_key(agent, slot, self.core.queues[queue].config.rule, 0);
            serves.push(Served { queue, ring: service.ring, key, listed: MediaSet::default() });
        }
        self.index.agents[place].profile = profile;
        self.index.agents[place].serves = serves;
    }

    fn remove_agent_index(&mut self, slot: Slot) {
        let agent = &self.core.agents[slot];
        let index = &mut self.index.agents[slot as usize];
        for served in std::mem::take(&mut index.serves) {
            let queue = &mut self.index.queues[served.queue as usize];
            queue.members.remove(&(served.ring, agent.config.id, slot));
            queue.signed_in -= u32::from(agent.is_signed_in());
        }
        self.index.profiles.release(index.profile);
    }

    fn remove_agent(&mut self, agent: AgentId) -> Result<(), Rejected> {
        let slot = self.agent_slot(agent)?;
        let person = &self.core.agents[slot];
        if person.presence != Presence::Offline || !person.has_nothing_in_hand() {
            return Err(Rejected::WorkInHand(agent));
        }
        // Threads that wait for a client or a time lose their agent and stay open.
        for contact in person.contacts.clone() {
            let state = self.core.contacts[contact].state;
            self.set_state(contact, state, None);
        }
        self.unlist_agent(slot);
        self.remove_agent_index(slot);
        self.forget_agent_in_contacts(slot);
        self.core.agents.remove(slot);
        self.index.agent_of.remove(&agent);
        self.index.agents[slot as usize] = AgentIndex::default();
        self.index.touched.remove(&slot);
        self.index.to_list.remove(&slot);
        Ok(())
    }

    /// The slot of a removed agent will be another's: no contact may still name it.
    fn forget_agent_in_contacts(&mut self, agent: Slot) {
        for slot in self.core.contacts.slots() {
            let Some(extra) = &mut self.core.contacts[slot].extra else { continue };
            extra.preferred = extra.preferred.filter(|preferred| *preferred != agent);
            if !extra.declined.iter().any(|(declined, _)| *declined == agent) {
                continue;
            }
            let is_waiting = self.core.contacts[slot].state == ContactState::Queued;
            if is_waiting {
                self.unplace(slot);
            }
            self.core.contacts[slot].extra().declined.retain(|(declined, _)| *declined != agent);
            if is_waiting {
                self.place(slot);
                self.arm(slot);
            }
        }
    }

    fn put_pause_reason(&mut self, config: PauseReasonConfig) -> Result<(), Rejected> {
        check_text("name", &config.name)?;
        if let Some(limit_ms) = config.limit_ms {
            not_negative("limit_ms", limit_ms)?;
        }
        self.core.pause_reasons.insert(config.id, config);
        Ok(())
    }

    fn remove_pause_reason(&mut self, reason: PauseReasonId) -> Result<(), Rejected> {
        if !self.core.pause_reasons.contains_key(&reason) {
            return Err(Rejected::UnknownPauseReason(reason));
        }
        let mut agents = self.core.agents.iter();
        if agents.any(|(_, agent)| agent.uses_pause_reason(reason)) {
            return Err(Rejected::InUse("an agent is paused for this reason"));
        }
        self.core.pause_reasons.remove(&reason);
        Ok(())
    }

    fn put_hours(&mut self, config: HoursConfig) -> Result<(), Rejected> {
        check_text("name", &config.name)?;
        let hours = Hours::new(&config)?;
        self.index.hours.insert(config.id, hours);
        self.core.hours.insert(config.id, config);
        Ok(())
    }

    fn remove_hours(&mut self, hours: HoursId) -> Result<(), Rejected> {
        if !self.core.hours.contains_key(&hours) {
            return Err(Rejected::UnknownHours(hours));
        }
        if self.core.queues.iter().any(|(_, queue)| queue.config.hours == Some(hours)) {
            return Err(Rejected::InUse("a queue has these hours"));
        }
        self.core.hours.remove(&hours);
        self.index.hours.remove(&hours);
        Ok(())
    }
}

fn overflow_queues(config: &QueueConfig) -> impl Iterator<Item = QueueId> + '_ {
    config.overflow.iter().filter_map(|rule| match rule.then {
        OverflowTo::Queue { queue } => Some(queue),
        OverflowTo::Callback
        | OverflowTo::Voicemail
        | OverflowTo::Message { .. }
        | OverflowTo::External { .. }
        | OverflowTo::Close => None,
    })
}

fn invalid(field: &'static str, problem: &'static str) -> Rejected {
    Rejected::InvalidSetting { field, problem }
}

fn not_negative(field: &'static str, value: i64) -> Result<(), Rejected> {
    if value < 0 { Err(invalid(field, "0 or more")) } else { Ok(()) }
}
