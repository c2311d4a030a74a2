//! The only places where a contact changes its state and owner, and an agent his presence, so that
//! every counter that follows from them is changed with them.

use crate::agent::Presence;
use crate::config::Medium;
use crate::engine::Engine;
use crate::slab::{NO_SLOT, Slot};
use crate::view::ContactState;

impl Engine {
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
