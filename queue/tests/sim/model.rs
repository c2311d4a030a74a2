//! The model beside the engine: slow and plain. It folds the events into the state of every contact
//! and agent, and looks at everyone to check each decision against the rules as they are written.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, InteractionId, QueueId};
use rozmova_queue::config::{
    AgentConfig, AgentRule, Interrupt, MediaConfig, Medium, OrderConfig, PerMedium, QueueConfig,
    SkillLevel,
};
use rozmova_queue::input::{ActKind, Arrival};
use rozmova_queue::output::ConnectedHow;
use rozmova_queue::trace::{Decision, Moment};
use rozmova_queue::view::{AgentState, ContactState, Key};
use rozmova_queue::{Engine, Event, EventKind, Input, Output};

#[derive(Default)]
pub(crate) struct Model {
    queues: BTreeMap<QueueId, QueueConfig>,
    agents: BTreeMap<AgentId, Agent>,
    contacts: BTreeMap<InteractionId, Contact>,
    order: OrderConfig,
    media: MediaConfig,
    seq: u64,
    now: Timestamp,
}

struct Agent {
    config: AgentConfig,
    state: AgentState,
    connected: bool,
    medium_ready: PerMedium<bool>,
    idle_since: Timestamp,
}

struct Contact {
    state: ContactState,
    medium: Medium,
    queue: QueueId,
    priority: u8,
    client_class: u8,
    needs: Vec<SkillLevel>,
    eligible_at_ms: i64,
    number: u64,
    ring: u8,
    kept_for: Option<AgentId>,
    agent: Option<AgentId>,
    declined: BTreeMap<AgentId, Timestamp>,
}

impl Model {
    /// Takes note of an input that was accepted: settings, and what contacts need.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other inputs are told by events")]
    pub(crate) fn input(&mut self, input: &Input) {
        match input {
            Input::PutOrder(order) => self.order = order.clone(),
            Input::PutMedia(media) => self.media = *media,
            Input::PutQueue(queue) => {
                self.queues.insert(queue.id, queue.clone());
            }
            Input::RemoveQueue { queue } => {
                self.queues.remove(queue);
            }
            Input::PutAgent(config) => self.put_agent(config),
            Input::RemoveAgent { agent } => {
                self.agents.remove(agent);
                for contact in self.contacts.values_mut() {
                    contact.agent = contact.agent.filter(|owner| owner != agent);
                    contact.declined.remove(agent);
                }
            }
            Input::ContactArrived(arrival) => self.arrived(arrival),
            Input::StartOutbound(outbound) => {
                let arrival = Arrival::new(outbound.interaction, outbound.medium, outbound.queue);
                self.arrived(&arrival);
            }
            _ => {}
        }
    }

    fn put_agent(&mut self, config: &AgentConfig) {
        let now = self.now;
        let agent = self.agents.entry(config.id).or_insert_with(|| Agent {
            config: config.clone(),
            state: AgentState::Offline,
            connected: false,
            medium_ready: PerMedium { call: true, email: true, fax: true, letter: true },
            idle_since: now,
        });
        agent.config = config.clone();
    }

    fn arrived(&mut self, arrival: &Arrival) {
        let contact = Contact {
            state: ContactState::Received,
            medium: arrival.medium,
            queue: arrival.queue,
            priority: arrival.priority,
            client_class: arrival.client_class,
            needs: arrival.needs.clone(),
            eligible_at_ms: 0,
            number: 0,
            ring: 1,
            kept_for: None,
            agent: None,
            declined: BTreeMap::new(),
        };
        self.contacts.insert(arrival.interaction, contact);
    }

    /// Folds what the engine said, and checks each decision before it is folded.
    pub(crate) fn outputs(&mut self, outputs: &[Output]) {
        for (place, output) in outputs.iter().enumerate() {
            let Output::Event(event) = output else { continue };
            assert_eq!(event.seq, self.seq + 1, "event numbers have no gap");
            assert!(event.at >= self.now, "time runs backwards");
            self.seq = event.seq;
            self.now = event.at;
            let automatic =
                matches!(event.kind, EventKind::Connected { how: ConnectedHow::AutoAccepted, .. });
            if matches!(event.kind, EventKind::Offered { .. }) || automatic {
                let decision = outputs[place..].iter().find_map(|output| match output {
                    Output::Decision(decision) => Some(decision),
                    Output::Event(_) | Output::Announce(_) => None,
                });
                self.check_decision(event, decision.expect("every decision is explained"));
            }
            self.event(event);
        }
    }

    fn event(&mut self, event: &Event) {
        if let Some(interaction) = event.interaction {
            self.contact_event(interaction, event);
        } else if let Some(agent) = event.agent.and_then(|agent| self.agents.get_mut(&agent)) {
            let works =
                |state| matches!(state, AgentState::Ready | AgentState::Busy | AgentState::WrapUp);
            if let EventKind::AgentStateChanged { from, to, .. } = event.kind {
                assert_eq!(agent.state, from, "the state before");
                agent.state = to;
                if from == AgentState::Offline || to == AgentState::Offline {
                    agent.connected = to != AgentState::Offline;
                }
                if works(to) && !works(from) {
                    agent.idle_since = event.at;
                }
            } else if let EventKind::AgentConnection { connected } = event.kind {
                agent.connected = connected;
            } else if let EventKind::MediumReady { of, ready } = event.kind {
                agent.medium_ready[of] = ready;
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "other events change the state only")]
    fn contact_event(&mut self, interaction: InteractionId, event: &Event) {
        let decline_pause_ms =
            event.queue.and_then(|queue| self.queues.get(&queue)).map_or(0, |q| q.decline_pause_ms);
        let contact = self.contacts.get_mut(&interaction).expect("a contact that arrived");
        match &event.kind {
            EventKind::Queued { key, .. } => {
                contact.queue = event.queue.expect("a queue");
                contact.ring = 1;
                contact.declined.clear();
                contact.kept_for = event.agent;
                contact.eligible_at_ms = key.eligible_at_ms;
                contact.number = key.arrival_number;
                assert_eq!(*key, contact.key(&self.order), "the key and its parts");
            }
            EventKind::Requeued { ring, .. } => {
                contact.ring = *ring;
                contact.kept_for = event.agent;
            }
            EventKind::RingChanged { ring } => contact.ring = *ring,
            EventKind::PreferenceEnded { ring } => {
                contact.ring = *ring;
                contact.kept_for = None;
            }
            EventKind::Reordered { key } => {
                let Some(class) = event_priority(&self.order, key, contact.priority) else {
                    return;
                };
                contact.priority = class;
            }
            EventKind::OfferDeclined { .. } => {
                let until = event.at.plus_millis(decline_pause_ms);
                contact.declined.insert(event.agent.expect("an agent"), until);
            }
            EventKind::SupervisorActed { what: ActKind::Assign { agent, .. }, .. } => {
                contact.kept_for = Some(*agent);
            }
            EventKind::SupervisorActed { what: ActKind::Reprioritise { priority, .. }, .. } => {
                contact.priority = *priority;
            }
            _ => {}
        }
        if let Some(state) = event.kind.contact_state() {
            self.change_state(interaction, state, event);
        }
    }

    fn change_state(&mut self, interaction: InteractionId, state: ContactState, event: &Event) {
        let contact = self.contacts.get_mut(&interaction).expect("a contact that arrived");
        let old = contact.agent.filter(|_| is_in_hand(contact.state));
        contact.state = state;
        contact.agent = event.agent.filter(|_| is_owned(state));
        let new = contact.agent.filter(|_| is_in_hand(state));
        for agent in old.into_iter().chain(new) {
            if let Some(agent) = self.agents.get_mut(&agent) {
                agent.idle_since = event.at;
            }
        }
        if state.is_final() {
            self.contacts.remove(&interaction);
        }
    }

    fn check_decision(&self, event: &Event, decision: &Decision) {
        let interaction = event.interaction.expect("a contact");
        let chosen = event.agent.expect("an agent");
        assert_eq!((decision.interaction, decision.chosen), (interaction, Some(chosen)));
        let contact = &self.contacts[&interaction];
        let loads = &self.loads();
        assert!(self.is_free(loads, chosen, contact.medium), "{chosen} is not free");
        match decision.moment {
            Moment::KeptForAgent => assert_eq!(contact.kept_for, Some(chosen)),
            Moment::ContactWaits => self.check_agent_choice(loads, contact, chosen),
            Moment::AgentFree => self.check_contact_choice(loads, interaction, chosen),
            Moment::Asked => panic!("nobody asked"),
        }
    }

    /// Of all agents who could take the contact, the queue's rule puts this one first.
    fn check_agent_choice(&self, loads: &Loads, contact: &Contact, chosen: AgentId) {
        let queue = &self.queues[&contact.queue];
        let able = self.agents.keys().filter(|agent| self.could_take(loads, contact, **agent));
        let rank = |agent: &AgentId| {
            let person = &self.agents[agent];
            let first = match queue.rule {
                AgentRule::LongestIdle | AgentRule::LowestOccupancy => 0,
                AgentRule::LeastLoaded => i64::from(self.used_units(loads, *agent)),
                AgentRule::MostSkilled => -person.score(&contact.needs),
            };
            (first, person.idle_since, *agent)
        };
        let able: Vec<AgentId> = able.copied().collect();
        assert!(able.contains(&chosen), "{chosen} cannot take it");
        // Occupancy is measured over the whole shift; the model does not keep it.
        if queue.rule != AgentRule::LowestOccupancy {
            assert_eq!(able.into_iter().min_by_key(rank), Some(chosen), "{:?}", queue.rule);
        }
    }

    /// Of all contacts that the agent could take, this one has the greatest age.
    fn check_contact_choice(&self, loads: &Loads, interaction: InteractionId, agent: AgentId) {
        let config = &self.agents[&agent].config;
        let able = self.contacts.iter().filter(|(_, contact)| {
            contact.state == ContactState::Queued
                && self.fits(contact, agent)
                && self.is_free(loads, agent, contact.medium)
        });
        let best = able.max_by_key(|(_, contact)| {
            let is_own =
                |s: &&rozmova_queue::config::Service| s.queue == contact.queue && s.ring == 1;
            let own = config.own_queues_first && config.serves.iter().any(|s| is_own(&s));
            let key = contact.key(&self.order);
            let age = i128::from(self.now.as_millis()) - i128::from(key.key_ms);
            (own, age * i128::from(key.slope_permille), Reverse(contact.number))
        });
        assert_eq!(best.map(|(id, _)| *id), Some(interaction), "another has waited longer");
    }

    /// Whether the agent could be given a contact that waits.
    fn could_take(&self, loads: &Loads, contact: &Contact, agent: AgentId) -> bool {
        self.is_free(loads, agent, contact.medium) && self.fits(contact, agent)
    }

    /// The part of it that does not depend on what the agent does now.
    fn fits(&self, contact: &Contact, agent: AgentId) -> bool {
        let person = &self.agents[&agent].config;
        if let Some(kept_for) = contact.kept_for {
            return kept_for == agent;
        }
        let queue = &self.queues[&contact.queue];
        let ring =
            usize::from(contact.ring).checked_sub(2).and_then(|place| queue.rings.get(place));
        let skilled = contact.needs.iter().all(|need| {
            let (lower, dropped) = ring.map_or((0, false), |ring| {
                let dropped = ring.drop_all_skills || ring.drop_skills.contains(&need.skill);
                (ring.lower_levels_by, dropped)
            });
            let least = need.level.saturating_sub(lower).max(1);
            dropped || person.skills.iter().any(|s| s.skill == need.skill && s.level >= least)
        });
        let declined = contact.declined.get(&agent).is_some_and(|until| *until > self.now);
        let serves =
            person.serves.iter().any(|s| s.queue == contact.queue && s.ring <= contact.ring);
        skilled && serves && !declined
    }

    /// Whether the agent could be offered anything of this medium.
    fn is_free(&self, loads: &Loads, agent: AgentId, medium: Medium) -> bool {
        let person = &self.agents[&agent];
        let works =
            matches!(person.state, AgentState::Ready | AgentState::Busy | AgentState::WrapUp);
        if !works || !person.connected || !person.medium_ready[medium] {
            return false;
        }
        let is_offered = loads.offered.get(&(agent, medium)).is_some_and(|count| *count > 0);
        let maximum = u32::from(person.config.maximum[medium]);
        if is_offered || loads.in_hand(agent, medium) >= maximum {
            return false;
        }
        let mut units = u32::from(self.media.0[medium].units);
        for other in Medium::ALL {
            let count = loads.in_hand(agent, other);
            match person.config.interrupts.0[other][medium] {
                Interrupt::Blocks if count > 0 => return false,
                Interrupt::Shares => units += count * u32::from(self.media.0[other].units),
                Interrupt::Blocks | Interrupt::Yields => {}
            }
        }
        units <= u32::from(person.config.capacity_units)
    }

    /// Counts what everyone has in hand.
    fn loads(&self) -> Loads {
        let mut loads = Loads::default();
        for contact in self.contacts.values() {
            let Some(agent) = contact.agent else { continue };
            let wrap_up = contact.state == ContactState::WrapUp;
            let offered = contact.state == ContactState::Offered;
            let work = matches!(contact.state, ContactState::Active | ContactState::Held);
            let place = (agent, contact.medium);
            if work || offered || wrap_up && self.media.0[contact.medium].wrap_up_takes_capacity {
                *loads.in_hand.entry(place).or_default() += 1;
            }
            *loads.offered.entry(place).or_default() += u32::from(offered);
        }
        loads
    }

    fn used_units(&self, loads: &Loads, agent: AgentId) -> u32 {
        let units = |medium: &Medium| u32::from(self.media.0[*medium].units);
        Medium::ALL.iter().map(|medium| loads.in_hand(agent, *medium) * units(medium)).sum()
    }

    /// Compares the model with what the engine shows, and looks for anyone who waits needlessly.
    pub(crate) fn compare(&self, engine: &Engine) {
        let mut open = 0;
        let loads = &self.loads();
        let mut free: Vec<(AgentId, Medium)> = Vec::new();
        for agent in self.agents.keys() {
            let media =
                Medium::ALL.into_iter().filter(|medium| self.is_free(loads, *agent, *medium));
            free.extend(media.map(|medium| (*agent, medium)));
        }
        for view in engine.interactions() {
            open += 1;
            let contact = &self.contacts[&view.interaction];
            let kept = contact.kept_for.filter(|_| contact.state == ContactState::Queued);
            assert_eq!(view.state, contact.state, "state of {}", view.interaction);
            assert_eq!(view.agent, contact.agent.or(kept), "agent of {}", view.interaction);
            assert_eq!(view.queue, contact.queue, "queue of {}", view.interaction);
            if contact.state == ContactState::Queued {
                assert_eq!(view.key, contact.key(&self.order), "key of {}", view.interaction);
                assert!(kept.is_some() || view.ring == contact.ring, "{}", view.interaction);
                let fit = free.iter().find(|(agent, medium)| {
                    *medium == contact.medium && self.fits(contact, *agent)
                });
                assert_eq!(fit, None, "{} waits needlessly", view.interaction);
            }
        }
        assert_eq!(open, self.contacts.len(), "open contacts");
        for view in engine.agents() {
            let agent = &self.agents[&view.agent];
            assert_eq!(view.state, agent.state, "state of {}", view.agent);
            assert_eq!(u32::from(view.used_units), self.used_units(loads, view.agent));
        }
    }
}

#[derive(Default)]
struct Loads {
    in_hand: BTreeMap<(AgentId, Medium), u32>,
    offered: BTreeMap<(AgentId, Medium), u32>,
}

impl Loads {
    fn in_hand(&self, agent: AgentId, medium: Medium) -> u32 {
        self.in_hand.get(&(agent, medium)).copied().unwrap_or(0)
    }
}

impl Contact {
    fn key(&self, order: &OrderConfig) -> Key {
        let class = order.priorities.get(usize::from(self.priority)).copied().unwrap_or_default();
        let classes = &order.client_class_head_start_ms;
        let client_class_ms = classes.get(usize::from(self.client_class)).copied().unwrap_or(0);
        let medium_ms = order.medium_head_start_ms[self.medium];
        Key {
            key_ms: self.eligible_at_ms - class.head_start_ms - client_class_ms - medium_ms,
            eligible_at_ms: self.eligible_at_ms,
            priority_ms: class.head_start_ms,
            client_class_ms,
            medium_ms,
            slope_permille: class.slope_permille,
            arrival_number: self.number,
        }
    }
}

impl Agent {
    fn score(&self, needs: &[SkillLevel]) -> i64 {
        let level = |need: &SkillLevel| {
            self.config.skills.iter().find(|s| s.skill == need.skill).map_or(0, |s| s.level)
        };
        needs.iter().map(|need| i64::from(level(need))).sum()
    }
}

/// A new place says which class it was computed with; the act before it named the class.
fn event_priority(order: &OrderConfig, key: &Key, priority: u8) -> Option<u8> {
    let class = order.priorities.get(usize::from(priority))?;
    assert_eq!(class.head_start_ms, key.priority_ms, "the head start of the class");
    Some(priority)
}

const fn is_in_hand(state: ContactState) -> bool {
    matches!(state, ContactState::Active | ContactState::Held | ContactState::WrapUp)
}

const fn is_owned(state: ContactState) -> bool {
    is_in_hand(state)
        || matches!(
            state,
            ContactState::Offered | ContactState::Parked | ContactState::WaitingForClient
        )
}
