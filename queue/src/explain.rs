//! Answers "why him, why then" for a contact, at the moment of a decision or when somebody asks.

use rozmova_base::id::InteractionId;

use crate::agent::{meets, skill_score};
use crate::config::SkillLevel;
use crate::contact::{Contact, Kept};
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
        let needs = self.core.needs.levels(contact.need);
        let requirement = relaxed(needs, contact.ring, queue);
        let question = Question { contact, needs, requirement: &requirement, moment };
        let members = &self.index.queues[contact.queue as usize].members;
        let ring_of_chosen = chosen.and_then(|agent| self.ring_of(agent, contact.queue));
        // Who was given it by name need not serve its queue.
        let first = chosen.map(|agent| {
            let ring = ring_of_chosen.unwrap_or(contact.ring);
            self.candidate(&question, agent, ring, None)
        });
        let others = members.iter().filter(|(.., agent)| Some(*agent) != chosen);
        let others = others.map(|&(ring, _, agent)| {
            self.candidate(&question, agent, ring, self.excluded(&question, agent, ring))
        });
        let candidates: Vec<Candidate> = first.into_iter().chain(others).take(limit).collect();
        let all = members.len() + usize::from(chosen.is_some() && ring_of_chosen.is_none());
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

    /// From which ring an agent serves a queue.
    fn ring_of(&self, agent: Slot, queue: Slot) -> Option<u8> {
        let mut serves = self.index.agents[agent as usize].serves.iter();
        serves.find(|served| served.queue == queue).map(|served| served.ring)
    }

    fn candidate(
        &self,
        question: &Question<'_>,
        agent: Slot,
        ring: u8,
        excluded: Option<Exclusion>,
    ) -> Candidate {
        let person = &self.core.agents[agent];
        Candidate {
            agent: person.config.id,
            excluded,
            ring,
            idle_since: person.idle_since,
            used_units: person.used_units(&self.core.media),
            skill_score: skill_score(&person.config.skills, question.needs),
            occupancy_permille: person.occupancy_permille,
        }
    }

    fn excluded(&self, question: &Question<'_>, agent: Slot, ring: u8) -> Option<Exclusion> {
        let Question { contact, requirement, moment, .. } = *question;
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
        if !meets(&person.config.skills, requirement) {
            return Some(Exclusion::Skill);
        }
        if let Some((_, until)) = contact.declined().iter().find(|(other, _)| *other == agent) {
            return Some(Exclusion::Declined { until: *until });
        }
        person.exclusion(contact.medium, &self.core.media)
    }
}

/// What every candidate is measured by.
struct Question<'a> {
    contact: &'a Contact,
    needs: &'a [SkillLevel],
    /// The needs, as the ring relaxes them.
    requirement: &'a [SkillLevel],
    moment: Moment,
}
