//! Answers "why him, why then" for a contact, at the moment of a decision or when somebody asks.

use rozmova_base::id::InteractionId;

use crate::agent::{meets, skill_score};
use crate::config::Medium;
use crate::contact::Kept;
use crate::engine::Engine;
use crate::needs::relaxed;
use crate::rejected::Rejected;
use crate::slab::Slot;
use crate::trace::{Candidate, Decision, Exclusion, Moment};
use crate::view::ContactState;

/// Candidates told when somebody asks.
const ASKED_CANDIDATES: usize = 500;

impl Engine {
    /// Why a waiting contact still waits: every agent of its queue (the first 500) and why he was
    /// not given it. Of a contact that does not wait it tells how it would stand now.
    ///
    /// # Errors
    /// [`Rejected::UnknownInteraction`].
    pub fn why(&self, interaction: InteractionId) -> Result<Decision, Rejected> {
        let slot = self.contact_slot(interaction)?;
        Ok(self.decision(slot, Moment::Asked, None, ASKED_CANDIDATES))
    }

    pub(crate) fn explain(&self, slot: Slot, moment: Moment, chosen: Option<Slot>) -> Decision {
        self.decision(slot, moment, chosen, usize::from(self.core.centre.trace_candidates))
    }

    fn decision(&self, slot: Slot, moment: Moment, chosen: Option<Slot>, limit: usize) -> Decision {
        let contact = &self.core.contacts[slot];
        let queue = &self.core.queues[contact.queue].config;
        let members = &self.index.queues[contact.queue as usize].members;
        let others = members.iter().map(|member| member.2).filter(|agent| Some(*agent) != chosen);
        let candidates: Vec<Candidate> = chosen
            .into_iter()
            .chain(others)
            .take(limit)
            .map(|agent| self.candidate(slot, agent, moment, chosen))
            .collect();
        let is_member =
            chosen.is_some_and(|chosen| members.iter().any(|member| member.2 == chosen));
        let all = members.len() + usize::from(chosen.is_some() && !is_member);
        Decision {
            at: self.core.now,
            interaction: contact.id,
            queue: queue.id,
            medium: contact.medium,
            ring: contact.ring,
            key: contact.key(&self.core.order),
            rule: queue.rule,
            moment,
            chosen: chosen.map(|agent| self.core.agents[agent].config.id),
            offer: contact.offer().map(|offer| offer.id),
            more_candidates: (all - candidates.len()) as u32,
            candidates,
        }
    }

    fn candidate(
        &self,
        slot: Slot,
        agent: Slot,
        moment: Moment,
        chosen: Option<Slot>,
    ) -> Candidate {
        let contact = &self.core.contacts[slot];
        let person = &self.core.agents[agent];
        let mut serves = self.index.agents[agent as usize].serves.iter();
        let ring = serves
            .find(|served| served.queue == contact.queue)
            .map_or(contact.ring, |served| served.ring);
        let needs = self.core.needs.levels(contact.need);
        let excluded =
            if chosen == Some(agent) { None } else { self.excluded(slot, agent, ring, moment) };
        Candidate {
            agent: person.config.id,
            excluded,
            ring,
            idle_since: person.idle_since,
            used_units: person.used_units(&self.core.media),
            skill_score: skill_score(&person.config.skills, needs),
            occupancy_permille: person.occupancy_permille,
        }
    }

    fn excluded(&self, slot: Slot, agent: Slot, ring: u8, moment: Moment) -> Option<Exclusion> {
        let contact = &self.core.contacts[slot];
        let person = &self.core.agents[agent];
        let kept_for_other = contact.kept != Kept::No && contact.agent() != Some(agent);
        if kept_for_other || moment == Moment::KeptForAgent {
            return Some(Exclusion::KeptForOther);
        }
        let in_hand = contact.state != ContactState::Queued && contact.agent().is_some();
        if in_hand && contact.agent() != Some(agent) {
            return Some(Exclusion::KeptForOther);
        }
        if ring > contact.ring {
            return Some(Exclusion::Ring { from: ring });
        }
        let needs = self.core.needs.levels(contact.need);
        let requirement = relaxed(needs, contact.ring, self.config_of(slot));
        if !meets(&person.config.skills, &requirement) {
            return Some(Exclusion::Skill);
        }
        if let Some((_, until)) = contact.declined().iter().find(|(other, _)| *other == agent) {
            return Some(Exclusion::Declined { until: *until });
        }
        let medium: Medium = contact.medium;
        person.exclusion(medium, &self.core.media)
    }
}
