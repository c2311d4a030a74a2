//! Waiting: into a queue, into its lanes and out of them, and how long it will last.

use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, SegmentId};

use crate::agent::Presence;
use crate::config::{
    AgePolicy, MAX_INTERACTIONS, Medium, OverflowTo, OverflowTrigger, QueueConfig, SkillLevel,
};
use crate::contact::{Contact, Kept, effective_age};
use crate::engine::Engine;
use crate::input::Arrival;
use crate::lane::{Lane, LaneKey, WaitKey};
use crate::output::{EventKind, QueuedCause, RequeuedCause, SegmentOutcome, WaitRange};
use crate::rejected::Rejected;
use crate::slab::{NO_SLOT, Slot};
use crate::view::{ContactState, MAX_POSITION};

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
        self.emit(slot, EventKind::Queued { cause, key, expected_wait_ms });
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
        self.emit(slot, EventKind::SegmentEnded { outcome, waited_ms });
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
        if contact.kept == Kept::No {
            let lane_key = self.lane_key(slot);
            let index = &mut self.index.queues[queue as usize];
            let lane = index.lanes.entry(lane_key).or_insert_with(|| Lane {
                requirement: relaxed(
                    self.core.needs.levels(lane_key.need),
                    lane_key.ring,
                    &self.core.queues[queue].config,
                ),
                waiting: std::collections::BTreeSet::new(),
            });
            // Who stood here before could not be given to anyone: then neither can this one.
            if lane.waiting.is_empty() {
                self.index.lanes_to_try.insert((queue, lane_key));
            }
            lane.waiting.insert(key);
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
            let index = &mut self.index.queues[queue as usize];
            if let Some(lane) = index.lanes.get_mut(&lane_key) {
                lane.waiting.remove(&key);
                if lane.waiting.is_empty() {
                    index.lanes.remove(&lane_key);
                    self.index.lanes_to_try.remove(&(queue, lane_key));
                }
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

    /// Contacts that will be served before this one, counted up to [`MAX_POSITION`]; then all that
    /// wait. Contacts kept for one agent are not ahead of anyone else.
    fn ahead(&self, slot: Slot) -> u32 {
        let contact = &self.core.contacts[slot];
        let now = self.core.now;
        let age = effective_age(self.slope(contact), now, contact.key_ms);
        let mut ahead = 0;
        for (lane_key, lane) in &self.index.queues[contact.queue as usize].lanes {
            if lane_key.medium != contact.medium {
                continue;
            }
            let is_before = |key: &WaitKey| {
                let other = effective_age(lane_key.slope_permille, now, key.0);
                other > age || (other == age && key.1 < contact.number)
            };
            if lane.waiting.last().is_some_and(is_before) {
                ahead += lane.waiting.len() as u32;
            } else {
                let room = (MAX_POSITION + 1).saturating_sub(ahead) as usize;
                let before = lane.waiting.iter().take(room).take_while(|key| is_before(key));
                ahead += before.count() as u32;
            }
        }
        ahead
    }

    /// 1 is next; none: beyond [`MAX_POSITION`].
    pub(crate) fn position(&self, slot: Slot) -> Option<u32> {
        let position = self.ahead(slot) + 1;
        (position <= MAX_POSITION).then_some(position)
    }

    pub(crate) fn expected_wait(&self, slot: Slot) -> Option<WaitRange> {
        let expected_ms = self.expected_wait_ms(slot)?;
        let queue = self.core.contacts[slot].queue;
        Some(self.core.queues[queue].estimator.range(expected_ms))
    }

    fn expected_wait_ms(&self, slot: Slot) -> Option<i64> {
        let contact = &self.core.contacts[slot];
        let index = &self.index.queues[contact.queue as usize];
        let ahead = self.ahead(slot);
        if ahead == 0 && !index.free[contact.medium].heads.is_empty() {
            return Some(0);
        }
        let heads = index.lanes.iter().filter(|(key, _)| key.medium == contact.medium);
        let head_waited_ms = heads
            .filter_map(|(_, lane)| lane.waiting.first())
            .map(|head| self.core.now.millis_since(self.core.contacts[head.2].entered_at))
            .max();
        self.core.queues[contact.queue].estimator.expected_ms(ahead, head_waited_ms)
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

    /// Moves the contact between states and owners, and keeps every counter that follows from it.
    pub(crate) fn set_state(&mut self, slot: Slot, state: ContactState, agent: Option<Slot>) {
        let now = self.core.now;
        let contact = &mut self.core.contacts[slot];
        let (old, old_agent) = (contact.state, contact.agent());
        let elapsed_ms = now.millis_since(contact.since);
        match old {
            ContactState::Active => contact.extra().talk_ms += elapsed_ms,
            ContactState::Held => contact.extra().hold_ms += elapsed_ms,
            ContactState::WrapUp => contact.extra().wrap_up_ms += elapsed_ms,
            ContactState::Received
            | ContactState::Queued
            | ContactState::Offered
            | ContactState::WaitingForClient
            | ContactState::Parked
            | ContactState::CallbackScheduled
            | ContactState::Closed
            | ContactState::Abandoned
            | ContactState::Overflowed
            | ContactState::Failed => {}
        }
        contact.state = state;
        contact.since = now;
        contact.agent = agent.unwrap_or(NO_SLOT);
        let medium = contact.medium;
        let index = &mut self.index.queues[contact.queue as usize];
        index.offered -= u32::from(old == ContactState::Offered);
        index.in_hand -= u32::from(is_in_hand(old));
        index.offered += u32::from(state == ContactState::Offered);
        index.in_hand += u32::from(is_in_hand(state));
        if let Some(owner) = old_agent.filter(|_| is_owned(old)) {
            self.unload(owner, slot, old, medium);
        }
        if let Some(owner) = agent.filter(|_| is_owned(state)) {
            self.load(owner, slot, state, medium);
        }
    }

    fn unload(&mut self, owner: Slot, slot: Slot, state: ContactState, medium: Medium) {
        let agent = &mut self.core.agents[owner];
        agent.contacts.remove(&slot);
        if let Some(count) = agent.load_mut(state, medium) {
            *count -= 1;
        }
        if is_in_hand(state) {
            agent.idle_since = self.core.now;
        }
        self.index.touched.insert(owner);
    }

    fn load(&mut self, owner: Slot, slot: Slot, state: ContactState, medium: Medium) {
        let agent = &mut self.core.agents[owner];
        agent.contacts.insert(slot);
        if let Some(count) = agent.load_mut(state, medium) {
            *count += 1;
        }
        if is_in_hand(state) {
            agent.idle_since = self.core.now;
        }
        self.index.touched.insert(owner);
    }

    /// Changes presence and what hangs on it.
    pub(crate) fn set_presence(&mut self, slot: Slot, presence: Presence) {
        let agent = &mut self.core.agents[slot];
        let was_in = agent.is_signed_in();
        if presence == Presence::Ready && agent.presence != Presence::Ready {
            agent.idle_since = self.core.now;
        }
        if presence != agent.presence {
            let reason = match presence {
                Presence::Paused(reason) => reason,
                Presence::Offline | Presence::Ready | Presence::NotResponding => None,
            };
            let limit = reason
                .and_then(|reason| self.core.pause_reasons.get(&reason))
                .and_then(|reason| reason.limit_ms);
            agent.pause_limit_at = limit.map(|limit_ms| self.core.now.plus_millis(limit_ms));
        }
        agent.presence = presence;
        let is_in = agent.is_signed_in();
        for served in &self.index.agents[slot as usize].serves {
            let signed_in = &mut self.index.queues[served.queue as usize].signed_in;
            *signed_in = *signed_in + u32::from(is_in) - u32::from(was_in);
        }
        self.index.touched.insert(slot);
        self.arm_agent(slot);
    }
}

/// Needs sorted by skill, each skill once.
pub(crate) fn sorted_needs(mut needs: Vec<SkillLevel>) -> Result<Vec<SkillLevel>, Rejected> {
    let invalid = |problem| Err(Rejected::InvalidSetting { field: "needs", problem });
    if needs.len() > crate::config::MAX_SKILLS {
        return invalid("at most 200 skills");
    }
    needs.sort_unstable();
    if needs.windows(2).any(|pair| pair[0].skill == pair[1].skill) {
        return invalid("a skill may be named once only");
    }
    if needs.iter().any(|need| !(1..=100).contains(&need.level)) {
        return invalid("a level is a number from 1 to 100");
    }
    Ok(needs)
}

/// What a ring leaves of the needs.
pub(crate) fn relaxed(needs: &[SkillLevel], ring: u8, config: &QueueConfig) -> Box<[SkillLevel]> {
    let Some(ring) = usize::from(ring).checked_sub(2).and_then(|index| config.rings.get(index))
    else {
        return needs.into();
    };
    if ring.drop_all_skills {
        return Box::default();
    }
    needs
        .iter()
        .filter(|need| !ring.drop_skills.contains(&need.skill))
        .map(|need| SkillLevel {
            skill: need.skill,
            level: need.level.saturating_sub(ring.lower_levels_by).max(1),
        })
        .collect()
}

pub(crate) fn wait_key(contact: &Contact, slot: Slot) -> WaitKey {
    (contact.key_ms, contact.number, slot)
}

/// Whether a contact in this state is an agent's.
pub(crate) const fn is_owned(state: ContactState) -> bool {
    matches!(
        state,
        ContactState::Offered
            | ContactState::Active
            | ContactState::Held
            | ContactState::WrapUp
            | ContactState::Parked
            | ContactState::WaitingForClient
    )
}

/// Whether an agent works on a contact in this state.
pub(crate) const fn is_in_hand(state: ContactState) -> bool {
    matches!(state, ContactState::Active | ContactState::Held | ContactState::WrapUp)
}
