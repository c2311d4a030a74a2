//! Waiting: into a queue, into its lanes and out of them, and how long it will last.

use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, SegmentId};

use crate::config::{
    AgePolicy, MAX_INTERACTIONS, Medium, OverflowTo, OverflowTrigger, QueueConfig, SkillLevel,
};
use crate::contact::{Contact, Kept};
use crate::engine::Engine;
use crate::input::Arrival;
use crate::lane::{LaneKey, WaitKey};
use crate::needs::{relaxed, sorted_needs};
use crate::output::{EventKind, QueuedCause, RequeuedCause, SegmentFacts, SegmentOutcome};
use crate::rejected::Rejected;
use crate::slab::{NO_SLOT, Slot};
use crate::view::ContactState;

impl Engine {
    pub(crate) fn contact_arrived(&mut self, arrival: Arrival) -> Result<(), Rejected> {
        let queue = self.queue_slot(arrival.queue)?;
        let preferred = arrival.preferred.map(|agent| self.agent_slot(agent)).transpose()?;
        let needs = sorted_needs(arrival.needs)?;
        let slot = self.new_contact(arrival.interaction, arrival.medium, queue, &needs)?;
        let now = self.core.now;
        let contact = &mut self.core.contacts[slot];
        contact.priority = arrival.priority;
        contact.client_class = arrival.client_class;
        contact.eligible_at = arrival.eligible_at.unwrap_or(now);
        let later = contact.eligible_at > now;
        if later {
            contact.extra().until = Some(contact.eligible_at);
            contact.extra().preferred = preferred;
        }
        self.emit_received(slot, false);
        if later {
            self.arm(slot);
        } else {
            self.enter_queue(slot, queue, QueuedCause::Arrival, preferred);
        }
        Ok(())
    }

    pub(crate) fn emit_received(&mut self, slot: Slot, outbound: bool) {
        let contact = &self.core.contacts[slot];
        let (priority, client_class) = (contact.priority, contact.client_class);
        self.emit(slot, EventKind::Received { outbound, priority, client_class });
    }

    /// Makes the record of a contact in the state *received*.
    pub(crate) fn new_contact(
        &mut self,
        interaction: InteractionId,
        medium: Medium,
        queue: Slot,
        needs: &[SkillLevel],
    ) -> Result<Slot, Rejected> {
        if self.index.contact_of.contains_key(&interaction) {
            return Err(Rejected::DuplicateInteraction(interaction));
        }
        if self.core.contacts.len() >= MAX_INTERACTIONS {
            return Err(Rejected::Full);
        }
        let now = self.core.now;
        self.core.arrivals += 1;
        self.core.totals.arrived += 1;
        let contact = Contact {
            id: interaction,
            segment: SegmentId::from_u128(self.core.ids.next(now)),
            number: self.core.arrivals,
            eligible_at: now,
            entered_at: now,
            since: now,
            wake_at: None,
            key_ms: 0,
            queue,
            need: self.core.needs.acquire(needs),
            agent: NO_SLOT,
            estimate_ms: u32::MAX,
            spread_permille: 0,
            medium,
            state: ContactState::Received,
            kept: Kept::No,
            priority: 0,
            client_class: 0,
            ring: 1,
            callback: false,
            segment_open: false,
            extra: None,
        };
        let slot = self.core.contacts.insert(contact);
        self.index.contact_of.insert(interaction, slot);
        self.index.queues[queue as usize].contacts += 1;
        Ok(slot)
    }

    /// Begins a segment: the contact waits in a queue, if none of its overflow rules sends it on.
    pub(crate) fn enter_queue(
        &mut self,
        slot: Slot,
        queue: Slot,
        cause: QueuedCause,
        preferred: Option<Slot>,
    ) {
        self.set_state(slot, ContactState::Queued, None);
        let now = self.core.now;
        let old = self.core.contacts[slot].queue;
        self.index.queues[old as usize].contacts -= 1;
        self.index.queues[queue as usize].contacts += 1;
        let contact = &mut self.core.contacts[slot];
        contact.queue = queue;
        // The first segment has the id that was made at arrival.
        if cause != QueuedCause::Arrival {
            contact.segment = SegmentId::from_u128(self.core.ids.next(now));
        }
        contact.entered_at = now;
        contact.ring = 1;
        contact.segment_open = true;
        // Who has been called back and comes into a queue again is on the line, or writes.
        let was_answered = matches!(
            cause,
            QueuedCause::Transfer
                | QueuedCause::Continued
                | QueuedCause::Unparked
                | QueuedCause::TakenBack
        );
        contact.callback &= !was_answered;
        contact.kept = Kept::No;
        if let Some(extra) = &mut contact.extra {
            extra.declined.clear();
            extra.until = None;
        }
        let key = contact.key(&self.core.order);
        contact.key_ms = key.key_ms;
        let expected_wait_ms = self.expected_wait_ms(slot);
        if let Some(agent) = preferred {
            self.keep_for(slot, agent, cause);
        }
        let spread = self.core.queues[queue].estimator.spread_permille;
        let contact = &mut self.core.contacts[slot];
        contact.spread_permille = spread;
        contact.estimate_ms =
            expected_wait_ms.and_then(|wait| u32::try_from(wait).ok()).unwrap_or(u32::MAX);
        let client_class = self.core.contacts[slot].client_class;
        self.emit(slot, EventKind::Queued { cause, key, expected_wait_ms, client_class });
        if let Some(rule) = self.overflow_at_arrival(slot, expected_wait_ms) {
            self.overflow(slot, rule);
            return;
        }
        self.place(slot);
        self.arm(slot);
    }

    fn keep_for(&mut self, slot: Slot, agent: Slot, cause: QueuedCause) {
        if !self.core.agents.contains(agent) {
            return;
        }
        let contact = &self.core.contacts[slot];
        let person = &self.core.agents[agent];
        let useful = person.is_signed_in() && person.config.maximum[contact.medium] > 0;
        let kept = if cause == QueuedCause::Transfer { Kept::Personal } else { Kept::Preferred };
        if useful && (kept == Kept::Personal || self.config_of(slot).preferred_ms > 0) {
            let contact = &mut self.core.contacts[slot];
            contact.kept = kept;
            contact.agent = agent;
        }
    }

    /// Back into the lanes in the same segment, after an offer or a scheduled callback.
    pub(crate) fn requeue(&mut self, slot: Slot, cause: RequeuedCause) {
        self.set_state(slot, ContactState::Queued, None);
        let (now, ring) = (self.core.now, self.ring_now(slot));
        let contact = &mut self.core.contacts[slot];
        contact.kept = Kept::No;
        contact.ring = ring;
        // The order of the centre may have been changed while it was offered.
        contact.key_ms = contact.key(&self.core.order).key_ms;
        if let Some(extra) = &mut contact.extra {
            extra.declined.retain(|(_, until)| *until > now);
        }
        self.emit(slot, EventKind::Requeued { cause, ring });
        self.place(slot);
        self.arm(slot);
    }

    /// A contact that was kept for one agent is for everyone now.
    pub(crate) fn end_preference(&mut self, slot: Slot) {
        self.unplace(slot);
        let ring = self.ring_now(slot);
        self.emit(slot, EventKind::PreferenceEnded { ring });
        let contact = &mut self.core.contacts[slot];
        contact.kept = Kept::No;
        contact.agent = NO_SLOT;
        contact.ring = ring;
        self.place(slot);
    }

    /// The ring that the time in the queue has led to.
    pub(crate) fn ring_now(&self, slot: Slot) -> u8 {
        let waited_ms = self.core.now.millis_since(self.core.contacts[slot].entered_at);
        let rings = &self.config_of(slot).rings;
        1 + rings.iter().take_while(|ring| ring.after_ms <= waited_ms).count() as u8
    }

    /// Ends the segment, if it is still open.
    pub(crate) fn end_segment(&mut self, slot: Slot, outcome: SegmentOutcome) {
        let contact = &mut self.core.contacts[slot];
        if !std::mem::take(&mut contact.segment_open) {
            return;
        }
        let waited_ms = self.core.now.millis_since(contact.entered_at);
        let (queue, estimate_ms) = (contact.queue, contact.estimate_ms);
        let (spread, callback) = (contact.spread_permille, contact.callback);
        let waiting = self.waiting_in(queue);
        let estimator = &mut self.core.queues[queue].estimator;
        estimator.segment_ended(waited_ms, outcome == SegmentOutcome::Abandoned, waiting > 0);
        if outcome == SegmentOutcome::Answered {
            estimator.service_started(self.core.now, waiting > 0);
            if estimate_ms != u32::MAX && !callback {
                estimator.compare(i64::from(estimate_ms), spread, waited_ms);
            }
        }
        let facts = Some(self.segment_facts(slot));
        self.emit(slot, EventKind::SegmentEnded { outcome, waited_ms, facts });
    }

    /// What held for the segment of a contact.
    pub(crate) fn segment_facts(&self, slot: Slot) -> SegmentFacts {
        let contact = &self.core.contacts[slot];
        SegmentFacts {
            began_at: contact.entered_at,
            target_ms: self.config_of(slot).target_ms[contact.medium],
            short_ms: self.core.centre.short_abandon_ms,
            client_class: contact.client_class,
        }
    }

    /// The age of a contact that comes from another queue.
    pub(crate) fn apply_age_policy(&mut self, slot: Slot, policy: AgePolicy) {
        let now = self.core.now;
        let contact = &mut self.core.contacts[slot];
        match policy {
            AgePolicy::Keep => {}
            AgePolicy::Reset => contact.eligible_at = now,
            AgePolicy::Credit { credit_ms } => {
                contact.eligible_at = now.plus_millis(credit_ms.saturating_neg());
            }
        }
    }

    fn overflow_at_arrival(&self, slot: Slot, expected_wait_ms: Option<i64>) -> Option<usize> {
        let contact = &self.core.contacts[slot];
        let config = self.config_of(slot);
        if config.overflow.is_empty() {
            return None;
        }
        let index = &self.index.queues[contact.queue as usize];
        config.overflow.iter().position(|rule| {
            let medium = rule.media.is_empty() || rule.media.contains(&contact.medium);
            // Who will be called back is not sent to voicemail or called back twice.
            let sensible = !contact.callback || matches!(rule.then, OverflowTo::Queue { .. });
            medium
                && sensible
                && match rule.when {
                    OverflowTrigger::Waited { .. } => false,
                    OverflowTrigger::LengthAtArrival { at_least } => {
                        self.waiting_in(contact.queue) >= at_least
                    }
                    OverflowTrigger::EstimateAtArrival { at_least_ms } => {
                        expected_wait_ms.is_some_and(|wait| wait >= at_least_ms)
                    }
                    OverflowTrigger::NobodyAtArrival => index.signed_in == 0,
                    OverflowTrigger::ClosedAtArrival => !self.is_open(config, self.core.now),
                }
        })
    }

    pub(crate) fn is_open(&self, config: &QueueConfig, at: Timestamp) -> bool {
        let hours = config.hours.and_then(|hours| self.index.hours.get(&hours));
        hours.is_none_or(|hours| hours.is_open(at))
    }

    /// Contacts that wait in a queue.
    pub(crate) fn waiting_in(&self, queue: Slot) -> u32 {
        let waiting = &self.index.queues[queue as usize].waiting;
        Medium::ALL.iter().map(|medium| waiting[*medium]).sum()
    }

    /// Puts a waiting contact where agents will find it.
    pub(crate) fn place(&mut self, slot: Slot) {
        let contact = &self.core.contacts[slot];
        let (queue, medium, key) = (contact.queue, contact.medium, wait_key(contact, slot));
        let entered_at = contact.entered_at;
        if contact.kept == Kept::No {
            let lane_key = self.lane_key(slot);
            let requirement = || {
                let needs = self.core.needs.levels(lane_key.need);
                relaxed(needs, lane_key.ring, &self.core.queues[queue].config)
            };
            let lanes = &mut self.index.queues[queue as usize].lanes;
            // Who stood here before could not be given to anyone: then neither can this one.
            if lanes.insert(lane_key, key, entered_at, requirement) {
                self.index.lanes_to_try.insert((queue, lane_key));
            }
        } else {
            let agent = contact.agent;
            let index = &mut self.index.agents[agent as usize];
            index.kept.insert(key);
            self.index.seeking.insert(agent);
        }
        self.index.queues[queue as usize].waiting[medium] += 1;
    }

    /// Takes a waiting contact from where agents would find it.
    pub(crate) fn unplace(&mut self, slot: Slot) {
        let contact = &self.core.contacts[slot];
        let (queue, medium, key) = (contact.queue, contact.medium, wait_key(contact, slot));
        if contact.kept == Kept::No {
            let lane_key = self.lane_key(slot);
            let lanes = &mut self.index.queues[queue as usize].lanes;
            let contacts = &self.core.contacts;
            if lanes.remove(&lane_key, key, |slot| contacts[slot].entered_at) {
                self.index.lanes_to_try.remove(&(queue, lane_key));
            }
        } else {
            self.index.agents[contact.agent as usize].kept.remove(&key);
        }
        self.index.queues[queue as usize].waiting[medium] -= 1;
    }

    pub(crate) fn lane_key(&self, slot: Slot) -> LaneKey {
        let contact = &self.core.contacts[slot];
        LaneKey {
            medium: contact.medium,
            need: contact.need,
            ring: contact.ring,
            slope_permille: self.slope(contact),
            alone: (!contact.declined().is_empty()).then_some(slot),
        }
    }

    pub(crate) fn slope(&self, contact: &Contact) -> u32 {
        let class = self.core.order.priorities.get(usize::from(contact.priority));
        class.copied().unwrap_or_default().slope_permille
    }

    /// Removes a contact from the engine. Its state is final and it stands in no index but the ids.
    pub(crate) fn forget(&mut self, slot: Slot) {
        self.disarm(slot);
        if let Some(contact) = self.core.contacts.remove(slot) {
            self.index.contact_of.remove(&contact.id);
            self.index.queues[contact.queue as usize].contacts -= 1;
            self.core.needs.release(contact.need);
        }
    }
}

pub(crate) fn wait_key(contact: &Contact, slot: Slot) -> WaitKey {
    (contact.key_ms, contact.number, slot)
}
