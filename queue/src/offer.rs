//! Offers: made to one agent at a time, and over in exactly one way.

use rozmova_base::id::{AgentId, InteractionId, OfferId};

use crate::agent::{Presence, meets};
use crate::contact::{Kept, Offer};
use crate::engine::Engine;
use crate::input::Outbound;
use crate::needs::{check_text, relaxed};
use crate::output::{ConnectedHow, EventKind, RequeuedCause, SegmentOutcome, WithdrawnCause};
use crate::rejected::Rejected;
use crate::slab::Slot;
use crate::view::ContactState;

impl Engine {
    pub(crate) fn make_offer(&mut self, slot: Slot, agent: Slot) {
        let now = self.core.now;
        let medium = self.core.contacts[slot].medium;
        let expires_at = now.plus_millis(self.config_of(slot).offer_ms[medium]);
        let id = OfferId::from_u128(self.core.ids.next(now));
        self.set_state(slot, ContactState::Offered, Some(agent));
        self.core.contacts[slot].extra().offer = Some(Offer { id, offered_at: now, expires_at });
        self.index.offer_of.insert(id, slot);
        self.emit(slot, EventKind::Offered { expires_at });
        self.arm(slot);
    }

    fn offered(&self, offer: OfferId) -> Result<(Slot, Slot), Rejected> {
        let slot = self.index.offer_of.get(&offer).ok_or(Rejected::OfferOver(offer))?;
        let agent = self.core.contacts[*slot].agent().ok_or(Rejected::OfferOver(offer))?;
        Ok((*slot, agent))
    }

    /// Says how the offer ended and forgets it.
    fn end_offer(&mut self, slot: Slot, kind: EventKind) {
        self.emit(slot, kind);
        if let Some(offer) = self.core.contacts[slot].extra().offer.take() {
            self.index.offer_of.remove(&offer.id);
        }
    }

    pub(crate) fn offer_accepted(&mut self, offer: OfferId) -> Result<(), Rejected> {
        let (slot, agent) = self.offered(offer)?;
        self.end_offer(slot, EventKind::OfferAccepted);
        self.connect(slot, agent, ConnectedHow::Offer);
        self.act_of(agent);
        Ok(())
    }

    pub(crate) fn offer_declined(
        &mut self,
        offer: OfferId,
        reason: String,
    ) -> Result<(), Rejected> {
        let (slot, agent) = self.offered(offer)?;
        check_text("reason", &reason)?;
        self.end_offer(slot, EventKind::OfferDeclined { reason });
        let pause_ms = self.config_of(slot).decline_pause_ms;
        if pause_ms > 0 {
            let until = self.core.now.plus_millis(pause_ms);
            let declined = &mut self.core.contacts[slot].extra().declined;
            declined.retain(|(other, _)| *other != agent);
            declined.push((agent, until));
        }
        self.requeue(slot, RequeuedCause::Declined);
        self.act_of(agent);
        self.index.seeking.insert(agent);
        Ok(())
    }

    pub(crate) fn offer_failed(&mut self, offer: OfferId) -> Result<(), Rejected> {
        let (slot, agent) = self.offered(offer)?;
        self.withdraw(slot, WithdrawnCause::OfferFailed);
        self.stop_responding(agent);
        self.requeue(slot, RequeuedCause::OfferFailed);
        Ok(())
    }

    pub(crate) fn offer_timed_out(&mut self, slot: Slot) {
        let agent = self.core.contacts[slot].agent();
        self.end_offer(slot, EventKind::OfferTimedOut);
        if let Some(agent) = agent {
            self.stop_responding(agent);
        }
        self.requeue(slot, RequeuedCause::TimedOut);
    }

    fn stop_responding(&mut self, agent: Slot) {
        if self.core.agents[agent].presence == Presence::Ready {
            self.set_presence(agent, Presence::NotResponding);
        }
    }

    /// Makes the offer of a contact void, if there is one. What becomes of the contact is the
    /// caller's business.
    pub(crate) fn withdraw(&mut self, slot: Slot, cause: WithdrawnCause) {
        if self.core.contacts[slot].offer().is_some() {
            self.end_offer(slot, EventKind::OfferWithdrawn { cause });
        }
    }

    /// The agent has the contact.
    pub(crate) fn connect(&mut self, slot: Slot, agent: Slot, how: ConnectedHow) {
        self.disarm(slot);
        self.set_state(slot, ContactState::Active, Some(agent));
        let waited_ms = self.core.now.millis_since(self.core.contacts[slot].entered_at);
        self.end_segment(slot, SegmentOutcome::Answered);
        self.emit(slot, EventKind::Connected { how, waited_ms });
    }

    pub(crate) fn pull_contact(
        &mut self,
        agent: AgentId,
        interaction: InteractionId,
    ) -> Result<(), Rejected> {
        let person = self.agent_slot(agent)?;
        let slot = self.contact_slot(interaction)?;
        let contact = &self.core.contacts[slot];
        let config = self.config_of(slot);
        if contact.state != ContactState::Queued {
            return Err(Rejected::WrongState { interaction, state: contact.state });
        }
        if !config.pull_allowed {
            return Err(Rejected::PullNotAllowed(config.id));
        }
        self.check_may_work(person, contact.medium)?;
        let serves = &self.index.agents[person as usize].serves;
        let last_ring = config.rings.len() as u8 + 1;
        let needs = relaxed(self.core.needs.levels(contact.need), contact.ring, config);
        let is_kept_for_other = contact.kept != Kept::No && contact.agent() != Some(person);
        if is_kept_for_other
            || !serves.iter().any(|s| s.queue == contact.queue && s.ring <= last_ring)
            || !meets(&self.core.agents[person].config.skills, &needs)
        {
            return Err(Rejected::CannotTake(agent));
        }
        self.unplace(slot);
        self.core.contacts[slot].kept = Kept::No;
        self.connect(slot, person, ConnectedHow::Pulled);
        self.act_of(person);
        Ok(())
    }

    pub(crate) fn start_outbound(&mut self, outbound: Outbound) -> Result<(), Rejected> {
        let queue = self.queue_slot(outbound.queue)?;
        let agent = self.agent_slot(outbound.agent)?;
        self.check_may_work(agent, outbound.medium)?;
        let slot = self.new_contact(outbound.interaction, outbound.medium, queue, &[])?;
        self.emit_received(slot, true);
        self.connect(slot, agent, ConnectedHow::Outbound);
        self.act_of(agent);
        Ok(())
    }

    /// Whether an agent may take up work by himself: signed in, with capacity.
    pub(crate) fn check_may_work(
        &self,
        agent: Slot,
        medium: crate::config::Medium,
    ) -> Result<(), Rejected> {
        let person = &self.core.agents[agent];
        if !person.is_signed_in() {
            return Err(Rejected::NotSignedIn(person.config.id));
        }
        if person.capacity_exclusion(medium, &self.core.media).is_some() {
            return Err(Rejected::CannotTake(person.config.id));
        }
        Ok(())
    }

    /// An agent who was not responding has acted.
    pub(crate) fn act_of(&mut self, agent: Slot) {
        if self.core.agents[agent].presence == Presence::NotResponding {
            self.set_presence(agent, Presence::Ready);
        }
    }
}
