//! Agents come, pause, lose their connection and go; what they had in hand is never stuck with
//! them.

use rozmova_base::Timestamp;

use crate::agent::{AfterThis, Presence};
use crate::engine::Engine;
use crate::input::Input;
use crate::output::{EventKind, QueuedCause, RequeuedCause, WithdrawnCause};
use crate::rejected::Rejected;
use crate::slab::Slot;
use crate::view::ContactState;

impl Engine {
    /// Inputs about the presence of agents.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`apply` passes these kinds only")]
    pub(crate) fn presence(&mut self, input: &Input) -> Result<(), Rejected> {
        match *input {
            Input::SignedIn { agent } => {
                let slot = self.agent_slot(agent)?;
                self.sign_in(slot);
            }
            Input::SetReady { agent } => {
                let slot = self.signed_in(agent)?;
                self.set_ready(slot);
            }
            Input::SetPaused { agent, reason, after_this } => {
                let slot = self.signed_in(agent)?;
                if !self.core.pause_reasons.contains_key(&reason) {
                    return Err(Rejected::UnknownPauseReason(reason));
                }
                if after_this {
                    self.core.agents[slot].after_this = Some(AfterThis::Pause(reason));
                    self.index.touched.insert(slot);
                } else {
                    self.pause(slot, Presence::Paused(Some(reason)));
                }
            }
            Input::ReadyAfterThis { agent } => {
                let slot = self.signed_in(agent)?;
                self.core.agents[slot].after_this = Some(AfterThis::Ready);
                self.index.touched.insert(slot);
            }
            Input::SetMediumReady { agent, medium, ready } => {
                let slot = self.signed_in(agent)?;
                self.core.agents[slot].medium_ready[medium] = ready;
                self.index.touched.insert(slot);
                self.emit_agent(slot, EventKind::MediumReady { of: medium, ready });
            }
            Input::ConnectionLost { agent } => {
                let slot = self.signed_in(agent)?;
                self.connection_lost(slot);
            }
            Input::ConnectionRestored { agent } => {
                let slot = self.signed_in(agent)?;
                self.connection_restored(slot);
            }
            Input::SignedOut { agent } => {
                let slot = self.signed_in(agent)?;
                let mut contacts = self.core.agents[slot].contacts.iter();
                if contacts.any(|contact| self.core.contacts[*contact].is_live_conversation()) {
                    return Err(Rejected::LiveCall(agent));
                }
                self.leave(slot, WithdrawnCause::AgentLeft);
            }
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn signed_in(&self, agent: rozmova_base::id::AgentId) -> Result<Slot, Rejected> {
        let slot = self.agent_slot(agent)?;
        if self.core.agents[slot].is_signed_in() {
            Ok(slot)
        } else {
            Err(Rejected::NotSignedIn(agent))
        }
    }

    fn sign_in(&mut self, slot: Slot) {
        if self.core.agents[slot].is_signed_in() {
            self.connection_restored(slot);
            return;
        }
        let now = self.core.now;
        let agent = &mut self.core.agents[slot];
        agent.connected = true;
        agent.signed_in_at = now;
        agent.busy_ms = 0;
        agent.busy_since = None;
        agent.after_this = None;
        self.set_presence(slot, Presence::Paused(None));
    }

    pub(crate) fn set_ready(&mut self, slot: Slot) {
        self.core.agents[slot].after_this = None;
        self.set_presence(slot, Presence::Ready);
    }

    /// Pauses at once: offers go back, work in hand stays.
    pub(crate) fn pause(&mut self, slot: Slot, presence: Presence) {
        self.core.agents[slot].after_this = None;
        self.set_presence(slot, presence);
        self.take_back_offers(slot, WithdrawnCause::AgentPaused);
        self.release_kept(slot);
    }

    fn take_back_offers(&mut self, slot: Slot, cause: WithdrawnCause) {
        for contact in self.contacts_in(slot, ContactState::Offered) {
            self.withdraw(contact, cause);
            self.requeue(contact, RequeuedCause::AgentLeft);
        }
    }

    /// Contacts of an agent in a state.
    fn contacts_in(&self, agent: Slot, state: ContactState) -> Vec<Slot> {
        let contacts = self.core.agents[agent].contacts.iter().copied();
        contacts.filter(|contact| self.core.contacts[*contact].state == state).collect()
    }

    /// Contacts kept for an agent who cannot take them are for everyone.
    fn release_kept(&mut self, agent: Slot) {
        let kept: Vec<Slot> =
            self.index.agents[agent as usize].kept.iter().map(|key| key.2).collect();
        for contact in kept {
            self.end_preference(contact);
            self.arm(contact);
        }
    }

    fn connection_lost(&mut self, slot: Slot) {
        let grace_ms = self.core.centre.connection_grace_ms;
        let agent = &mut self.core.agents[slot];
        if std::mem::replace(&mut agent.connected, false) {
            agent.grace_ends = Some(self.core.now.plus_millis(grace_ms));
            self.emit_agent(slot, EventKind::AgentConnection { connected: false });
            self.arm_agent(slot);
            self.index.touched.insert(slot);
        }
    }

    fn connection_restored(&mut self, slot: Slot) {
        let agent = &mut self.core.agents[slot];
        agent.grace_ends = None;
        if !std::mem::replace(&mut agent.connected, true) {
            self.emit_agent(slot, EventKind::AgentConnection { connected: true });
            self.arm_agent(slot);
            self.index.touched.insert(slot);
        }
    }

    /// The agent goes, by his own will or not: offers and written work return to their queues with
    /// their age, wrap-up ends, live calls stay up until they end.
    pub(crate) fn leave(&mut self, slot: Slot, cause: WithdrawnCause) {
        let agent = &mut self.core.agents[slot];
        agent.connected = false;
        agent.grace_ends = None;
        agent.after_this = None;
        self.set_presence(slot, Presence::Offline);
        self.take_back_offers(slot, cause);
        self.release_kept(slot);
        for state in [ContactState::Active, ContactState::Held] {
            for contact in self.contacts_in(slot, state) {
                if !self.core.contacts[contact].is_live_conversation() {
                    let queue = self.core.contacts[contact].queue;
                    self.enter_queue(contact, queue, QueuedCause::TakenBack, None);
                }
            }
        }
        for contact in self.contacts_in(slot, ContactState::WrapUp) {
            self.end_wrap_up(contact, true);
        }
    }

    /// Time alone changes something for an agent.
    pub(crate) fn agent_due(&mut self, slot: Slot) {
        let now = self.core.now;
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if is_due(self.core.agents[slot].grace_ends) {
            self.leave(slot, WithdrawnCause::AgentLeft);
        }
        let agent = &mut self.core.agents[slot];
        if is_due(agent.pause_limit_at) {
            agent.pause_limit_at = None;
            if let Presence::Paused(Some(reason)) = agent.presence {
                let limit = self.core.pause_reasons.get(&reason).and_then(|r| r.limit_ms);
                if let Some(limit_ms) = limit {
                    self.emit_agent(slot, EventKind::PauseLimitPassed { reason, limit_ms });
                }
            }
        }
        self.arm_agent(slot);
    }
}
