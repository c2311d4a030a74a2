//! Read access for live screens and the API. Nothing here changes anything.

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, InteractionId, QueueId};

use crate::agent::meets;
use crate::config::{Medium, QueueConfig};
use crate::contact::effective_age;
use crate::engine::{Engine, Totals};
use crate::needs::relaxed;
use crate::output::Announcement;
use crate::slab::Slot;
use crate::view::{
    AgentView, ContactState, ContactView, OfferView, QueueView, WaitingView, Warning,
};

/// Most contacts looked at for [`Warning::NobodyFits`].
const MAX_CHECKED: usize = 10_000;

impl Engine {
    /// Contacts since the first start.
    pub fn totals(&self) -> Totals {
        self.core.totals
    }

    /// Contacts that are open now.
    pub fn open_contacts(&self) -> usize {
        self.core.contacts.len()
    }

    /// Every queue, by id.
    pub fn queues(&self) -> impl Iterator<Item = QueueView> + '_ {
        self.index.queue_of.values().map(|slot| self.queue_view(*slot))
    }

    /// One queue.
    pub fn queue(&self, queue: QueueId) -> Option<QueueView> {
        self.index.queue_of.get(&queue).map(|slot| self.queue_view(*slot))
    }

    /// The settings of a queue.
    pub fn queue_config(&self, queue: QueueId) -> Option<&QueueConfig> {
        self.index.queue_of.get(&queue).map(|slot| &self.core.queues[*slot].config)
    }

    /// Every agent, by id.
    pub fn agents(&self) -> impl Iterator<Item = AgentView> + '_ {
        self.index.agent_of.values().map(|slot| self.agent_view(*slot))
    }

    /// One agent.
    pub fn agent(&self, agent: AgentId) -> Option<AgentView> {
        self.index.agent_of.get(&agent).map(|slot| self.agent_view(*slot))
    }

    /// One open contact.
    pub fn interaction(&self, interaction: InteractionId) -> Option<ContactView> {
        self.index.contact_of.get(&interaction).map(|slot| self.contact_view(*slot))
    }

    /// Every open contact, by id.
    pub fn interactions(&self) -> impl Iterator<Item = ContactView> + '_ {
        self.index.contact_of.values().map(|slot| self.contact_view(*slot))
    }

    /// Contacts that wait in a queue, in the order in which they will be served if every agent
    /// fits: those kept for one agent first, then by effective age. At most `limit`.
    pub fn waiting(&self, queue: QueueId, limit: usize) -> Vec<WaitingView> {
        let Some(&queue) = self.index.queue_of.get(&queue) else { return Vec::new() };
        let members = &self.index.queues[queue as usize].members;
        let kept = members
            .iter()
            .flat_map(|member| self.index.agents[member.2 as usize].kept.iter())
            .map(|key| key.2)
            .filter(|slot| self.core.contacts[*slot].queue == queue);
        let mut first: Vec<WaitingView> =
            kept.take(limit).map(|slot| self.waiting_view(slot)).collect();
        let lanes = self.index.queues[queue as usize].lanes.iter();
        let mut rest: Vec<WaitingView> = lanes
            .flat_map(|(_, lane)| lane.waiting.iter().take(limit))
            .map(|key| self.waiting_view(key.2))
            .collect();
        let place = |view: &WaitingView| {
            (std::cmp::Reverse(view.effective_age_ms), view.key.arrival_number)
        };
        first.sort_by_key(place);
        rest.sort_by_key(place);
        first.extend(rest);
        first.truncate(limit);
        first
    }

    /// Where a waiting contact stands now: position and expected wait.
    pub fn standing(&self, interaction: InteractionId) -> Option<Announcement> {
        let slot = *self.index.contact_of.get(&interaction)?;
        let is_waiting = self.core.contacts[slot].state == ContactState::Queued;
        is_waiting.then(|| Announcement {
            interaction,
            position: self.position(slot),
            expected_wait: self.expected_wait(slot),
        })
    }

    /// What in the settings would leave contacts without an agent, by name.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (&queue, &slot) in &self.index.queue_of {
            let members = &self.index.queues[slot as usize].members;
            let Some(&(first_ring, ..)) = members.first() else {
                warnings.push(Warning::NobodyServes { queue });
                continue;
            };
            let rings = self.core.queues[slot].config.rings.len() as u8 + 1;
            if first_ring > rings {
                warnings.push(Warning::RingNeverReached { queue, ring: first_ring });
            }
            for medium in Medium::ALL {
                let takes = |agent: Slot| self.core.agents[agent].config.maximum[medium] > 0;
                if !members.iter().any(|member| takes(member.2)) {
                    warnings.push(Warning::MediumNotTaken { queue, medium });
                }
            }
            warnings.extend(self.nobody_fits(slot));
        }
        warnings
    }

    /// Heads of lanes that no agent could take even in the last ring.
    fn nobody_fits(&self, queue: Slot) -> Vec<Warning> {
        let config = &self.core.queues[queue].config;
        let index = &self.index.queues[queue as usize];
        let last_ring = config.rings.len() as u8 + 1;
        let heads = index.lanes.ends().iter().map(|ends| ends.first);
        let mut warnings = Vec::new();
        for head in heads.take(MAX_CHECKED) {
            let contact = &self.core.contacts[head.2];
            let needs = relaxed(self.core.needs.levels(contact.need), last_ring, config);
            let fits = index.members.iter().any(|member| {
                let person = &self.core.agents[member.2].config;
                member.0 <= last_ring
                    && person.maximum[contact.medium] > 0
                    && meets(&person.skills, &needs)
            });
            if !fits {
                let interaction = contact.id;
                warnings.push(Warning::NobodyFits { queue: config.id, interaction });
            }
        }
        warnings
    }

    fn waiting_view(&self, slot: Slot) -> WaitingView {
        let contact = &self.core.contacts[slot];
        let key = contact.key(&self.core.order);
        let age = effective_age(key.slope_permille, self.core.now.as_millis(), key.key_ms) / 1000;
        WaitingView {
            interaction: contact.id,
            medium: contact.medium,
            key,
            effective_age_ms: i64::try_from(age).unwrap_or(i64::MAX),
            entered_at: contact.entered_at,
            ring: contact.ring,
            kept_for: contact.agent().map(|agent| self.core.agents[agent].config.id),
        }
    }

    fn queue_view(&self, slot: Slot) -> QueueView {
        let queue = &self.core.queues[slot];
        let index = &self.index.queues[slot as usize];
        let entered = index.lanes.ends().iter().map(|ends| ends.first_entered_at);
        let free = index.members.iter().filter(|member| {
            let can_take = &self.index.agents[member.2 as usize].can_take;
            Medium::ALL.iter().any(|medium| can_take[*medium])
        });
        let oldest_entered_at: Option<Timestamp> = entered.min();
        let waiting = self.waiting_in(slot);
        let head_waited = oldest_entered_at.map(|at| self.core.now.millis_since(at));
        QueueView {
            queue: queue.config.id,
            waiting: self.waiting_by_medium(slot),
            offered: index.offered,
            in_hand: index.in_hand,
            oldest_entered_at,
            agents_signed_in: index.signed_in,
            agents_free: free.count() as u32,
            open: self.is_open(&queue.config, self.core.now),
            expected_wait: queue
                .estimator
                .expected_ms(waiting, head_waited)
                .map(|expected_ms| queue.estimator.range(expected_ms)),
            estimate_quality: queue.estimator.quality(),
        }
    }

    fn agent_view(&self, slot: Slot) -> AgentView {
        let agent = &self.core.agents[slot];
        AgentView {
            agent: agent.config.id,
            state: agent.shown,
            since: agent.shown_since,
            connected: agent.connected,
            medium_ready: agent.medium_ready,
            can_take: self.index.agents[slot as usize].can_take,
            used_units: agent.used_units(&self.core.media),
            capacity_units: agent.config.capacity_units,
            contacts: agent.contacts.iter().map(|slot| self.core.contacts[*slot].id).collect(),
        }
    }

    fn contact_view(&self, slot: Slot) -> ContactView {
        let contact = &self.core.contacts[slot];
        let agent = contact.agent().map(|agent| self.core.agents[agent].config.id);
        let offer = contact.offer().zip(agent).map(|(offer, agent)| OfferView {
            offer: offer.id,
            interaction: contact.id,
            agent,
            offered_at: offer.offered_at,
            expires_at: offer.expires_at,
        });
        ContactView {
            interaction: contact.id,
            state: contact.state,
            since: contact.since,
            medium: contact.medium,
            queue: self.core.queues[contact.queue].config.id,
            segment: contact.segment,
            entered_at: contact.entered_at,
            priority: contact.priority,
            key: contact.key(&self.core.order),
            needs: self.core.needs.levels(contact.need).to_vec(),
            ring: contact.ring,
            agent,
            offer,
            callback: contact.callback,
            disposition: contact.disposition(),
        }
    }
}
