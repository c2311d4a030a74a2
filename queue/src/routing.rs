//! Who gets what. Two questions cover everything: *a contact waits, which agent?* is asked when a
//! lane gets its first contact; *an agent is free, which contact?* is asked when he becomes free.
//! Nothing else can make a match possible, so nothing is ever scanned to find out.

use std::cmp::Reverse;

use crate::agent::{AfterThis, Agent, Presence, meets, skill_score};
use crate::config::{AgentRule, Medium, PerMedium};
use crate::contact::{Kept, effective_age};
use crate::engine::Engine;
use crate::lane::{Ends, FreeKey, LaneKey, MediaSet, Served, WaitKey};
use crate::output::{ConnectedHow, EventKind, Output};
use crate::slab::Slot;
use crate::trace::Moment;

impl Engine {
    /// Gives away everything that can be given. Afterwards no waiting contact has a fit, free
    /// agent.
    pub(crate) fn settle(&mut self) {
        loop {
            if let Some(agent) = self.index.touched.pop_first() {
                self.refresh_agent(agent);
            } else if let Some(agent) = self.index.seeking.pop_first() {
                self.seek_contact(agent);
            } else if let Some(agent) = self.index.to_list.pop_first() {
                // Only now: who was given work at once need not be listed and unlisted.
                self.list_agent(agent);
            } else if !self.index.lanes_to_try.is_empty() {
                self.seek_agent();
            } else {
                return;
            }
        }
    }

    /// Brings what others see of an agent, and his places among the free, up to date.
    fn refresh_agent(&mut self, slot: Slot) {
        if !self.core.agents.contains(slot) {
            return;
        }
        let agent = &mut self.core.agents[slot];
        if agent.has_nothing_in_hand()
            && let Some(after) = agent.after_this.take()
        {
            let presence = match after {
                AfterThis::Ready => Presence::Ready,
                AfterThis::Pause(reason) => Presence::Paused(Some(reason)),
            };
            self.set_presence(slot, presence);
            self.index.touched.remove(&slot);
        }
        let now = self.core.now;
        let agent = &mut self.core.agents[slot];
        agent.account_busy_time(now);
        let (from, to) = (agent.shown, agent.state());
        if from != to {
            let after_ms = now.millis_since(agent.shown_since);
            agent.shown = to;
            agent.shown_since = now;
            self.emit_agent(slot, EventKind::AgentStateChanged { from, to, after_ms });
        }
        self.update_capacity(slot);
    }

    /// Finds out which media the agent can take now; if more than before, work is sought for him.
    pub(crate) fn update_capacity(&mut self, slot: Slot) {
        let agent = &self.core.agents[slot];
        let index = &mut self.index.agents[slot as usize];
        let mut gained = false;
        for medium in Medium::ALL {
            let can_take = agent.exclusion(medium, &self.core.media).is_none();
            gained |= can_take && !index.can_take[medium];
            index.can_take[medium] = can_take;
        }
        self.index.to_list.insert(slot);
        if gained {
            self.index.seeking.insert(slot);
        }
    }

    /// Enters the agent among the free of his queues, or takes him out.
    pub(crate) fn list_agent(&mut self, slot: Slot) {
        if !self.core.agents.contains(slot) {
            return;
        }
        let agent = &self.core.agents[slot];
        let index = &mut self.index.agents[slot as usize];
        let media = MediaSet::of(index.can_take);
        let used_units = agent.used_units(&self.core.media);
        for served in &mut index.serves {
            let rule = self.core.queues[served.queue].config.rule;
            let key = free_key(agent, slot, rule, used_units);
            let free = &mut self.index.queues[served.queue as usize].free;
            if media != served.listed || key != served.key {
                if !served.listed.is_empty() {
                    free.remove((served.ring, index.profile, served.listed), served.key);
                }
                if !media.is_empty() {
                    free.insert((served.ring, index.profile, media), key);
                }
            }
            served.listed = media;
            served.key = key;
        }
    }

    /// Takes the agent out of every index of the free.
    pub(crate) fn unlist_agent(&mut self, slot: Slot) {
        let index = &mut self.index.agents[slot as usize];
        for served in &mut index.serves {
            let free = &mut self.index.queues[served.queue as usize].free;
            let listed = std::mem::take(&mut served.listed);
            if !listed.is_empty() {
                free.remove((served.ring, index.profile, listed), served.key);
            }
        }
        index.can_take = PerMedium::default();
    }

    /// An agent is free: gives him the contact with the greatest age among those he may take;
    /// contacts kept for him come first.
    fn seek_contact(&mut self, agent: Slot) {
        let index = &self.index.agents[agent as usize];
        let kept = index.kept.iter().map(|key| key.2);
        let mut kept = kept.filter(|slot| index.can_take[self.core.contacts[*slot].medium]);
        if let Some(slot) = kept.next() {
            self.give(slot, agent, Moment::KeptForAgent);
        } else if let Some(slot) = self.greatest_age_for(agent) {
            self.give(slot, agent, Moment::AgentFree);
        } else {
            return;
        }
        // One is given at a time: what he can still take is known when he has been refreshed.
        self.index.seeking.insert(agent);
    }

    fn greatest_age_for(&self, agent: Slot) -> Option<Slot> {
        let index = &self.index.agents[agent as usize];
        let skills = self.index.profiles.levels(index.profile);
        let now_ms = self.core.now.as_millis();
        let own_first = self.core.agents[agent].config.own_queues_first;
        let mut best: Option<(bool, i128, Reverse<u64>, Slot)> = None;
        for Served { queue, ring, .. } in &index.serves {
            let lanes = &self.index.queues[*queue as usize].lanes;
            for (place, Ends { key, first, .. }) in lanes.ends().iter().enumerate() {
                if !index.can_take[key.medium] || key.ring < *ring {
                    continue;
                }
                let (key_ms, number, slot) = *first;
                let age = effective_age(key.slope_permille, now_ms, key_ms);
                let own = own_first && *ring == 1;
                let rank = (own, age, Reverse(number), slot);
                if best.is_none_or(|best| rank > best)
                    && meets(skills, &lanes.lane(place).requirement)
                    && !(key.alone.is_some() && self.has_declined(slot, agent))
                {
                    best = Some(rank);
                }
            }
        }
        best.map(|(.., slot)| slot)
    }

    /// Contacts began to wait: gives the one with the greatest age to an agent, or finds that no
    /// agent can take the head of its lane.
    fn seek_agent(&mut self) {
        let now_ms = self.core.now.as_millis();
        let mut best: Option<(i128, WaitKey, Slot, LaneKey)> = None;
        for &(queue, key) in &self.index.lanes_to_try {
            let lane = self.index.queues[queue as usize].lanes.get(&key);
            let Some(head) = lane.map(|(ends, _)| ends.first) else { continue };
            let age = effective_age(key.slope_permille, now_ms, head.0);
            if best.is_none_or(|(best_age, best_head, ..)| {
                age > best_age || (age == best_age && head.1 < best_head.1)
            }) {
                best = Some((age, head, queue, key));
            }
        }
        let Some((_, (_, _, slot), queue, key)) = best else {
            self.index.lanes_to_try.clear();
            return;
        };
        match self.best_agent(queue, &key, slot) {
            Some(agent) => self.give(slot, agent, Moment::ContactWaits),
            None => {
                self.index.lanes_to_try.remove(&(queue, key));
            }
        }
    }

    /// The free, fit agent whom the queue's rule puts first.
    pub(crate) fn best_agent(&self, queue: Slot, key: &LaneKey, slot: Slot) -> Option<Slot> {
        let index = &self.index.queues[queue as usize];
        let requirement = &index.lanes.get(key)?.1.requirement;
        let free = &index.free;
        if self.core.queues[queue].config.rule == AgentRule::MostSkilled {
            return self.most_skilled(queue, key, slot);
        }
        let mut best: Option<FreeKey> = None;
        for &(head, group) in &free.heads {
            if best.is_some_and(|best| best <= head) {
                break;
            }
            let (ring, profile, media) = group;
            if !media.contains(key.medium)
                || ring > key.ring
                || !meets(self.index.profiles.levels(profile), requirement)
            {
                continue;
            }
            if key.alone.is_none() {
                return Some(head.3);
            }
            let members = free.groups.get(&group)?;
            let willing = members.iter().find(|member| !self.has_declined(slot, member.3));
            best = best.into_iter().chain(willing.copied()).min();
        }
        best.map(|best| best.3)
    }

    fn most_skilled(&self, queue: Slot, key: &LaneKey, slot: Slot) -> Option<Slot> {
        let index = &self.index.queues[queue as usize];
        let requirement = &index.lanes.get(key)?.1.requirement;
        let needs = self.core.needs.levels(key.need);
        let mut best: Option<(Reverse<u32>, FreeKey)> = None;
        for ((ring, profile, media), members) in &index.free.groups {
            let skills = self.index.profiles.levels(*profile);
            if !media.contains(key.medium) || *ring > key.ring || !meets(skills, requirement) {
                continue;
            }
            let willing = members.iter().find(|member| !self.has_declined(slot, member.3));
            if let Some(member) = willing {
                let rank = (Reverse(skill_score(skills, needs)), *member);
                best = Some(best.map_or(rank, |best| best.min(rank)));
            }
        }
        best.map(|(_, key)| key.3)
    }

    pub(crate) fn has_declined(&self, slot: Slot, agent: Slot) -> bool {
        self.core.contacts[slot].declined().iter().any(|(declined, _)| *declined == agent)
    }

    /// Gives a waiting contact to an agent: as an offer, or at once where the queue says so.
    pub(crate) fn give(&mut self, slot: Slot, agent: Slot, moment: Moment) {
        let decision = (self.core.centre.trace_candidates > 0)
            .then(|| self.explain(slot, moment, Some(agent)));
        self.unplace(slot);
        let contact = &mut self.core.contacts[slot];
        contact.kept = Kept::No;
        let medium = contact.medium;
        if self.config_of(slot).auto_accept[medium] {
            self.connect(slot, agent, ConnectedHow::AutoAccepted);
        } else {
            self.make_offer(slot, agent);
        }
        if let Some(mut decision) = decision {
            decision.offer = self.core.contacts[slot].offer().map(|offer| offer.id);
            self.core.outputs.push_back(Output::Decision(Box::new(decision)));
        }
    }
}

/// Place of a free agent under a rule; the smallest is asked first.
pub(crate) fn free_key(agent: &Agent, slot: Slot, rule: AgentRule, used_units: u16) -> FreeKey {
    let first = match rule {
        AgentRule::LongestIdle | AgentRule::MostSkilled => 0,
        AgentRule::LeastLoaded => i64::from(used_units),
        AgentRule::LowestOccupancy => i64::from(agent.occupancy_permille),
    };
    (first, agent.idle_since.as_micros(), agent.config.id, slot)
}
