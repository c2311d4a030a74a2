//! Acts of supervisors. Each is said as an event with its author and reason before what comes of
//! it.

use rozmova_base::id::{AgentId, InteractionId};

use crate::agent::Presence;
use crate::config::MAX_REASON_CHARS;
use crate::contact::Kept;
use crate::engine::Engine;
use crate::input::{Act, ActKind};
use crate::output::{EventKind, QueuedCause, RequeuedCause, SegmentOutcome, WithdrawnCause};
use crate::rejected::Rejected;
use crate::slab::Slot;
use crate::view::ContactState;

const WAITING: [ContactState; 2] = [ContactState::Queued, ContactState::Offered];

impl Engine {
    pub(crate) fn supervise(&mut self, act: &Act) -> Result<(), Rejected> {
        if act.reason.trim().is_empty() || act.reason.chars().count() > MAX_REASON_CHARS {
            return Err(Rejected::ReasonNeeded);
        }
        match act.what {
            ActKind::SetAgentReady { agent } => {
                let slot = self.signed_in(agent)?;
                self.acted_on_agent(slot, act);
                self.set_ready(slot);
            }
            ActKind::PauseAgent { agent, pause } => {
                let slot = self.signed_in(agent)?;
                if !self.core.pause_reasons.contains_key(&pause) {
                    return Err(Rejected::UnknownPauseReason(pause));
                }
                self.acted_on_agent(slot, act);
                self.pause(slot, Presence::Paused(Some(pause)));
            }
            ActKind::LogOut { agent } => {
                let slot = self.signed_in(agent)?;
                self.acted_on_agent(slot, act);
                self.leave(slot, WithdrawnCause::Supervisor);
            }
            ActKind::Assign { interaction, agent } => self.assign(act, interaction, agent)?,
            ActKind::Move { interaction, queue } => {
                let slot = self.in_state(interaction, &WAITING)?;
                let queue = self.queue_slot(queue)?;
                self.acted(slot, act);
                self.leave_queue(slot, WithdrawnCause::Supervisor);
                self.end_segment(slot, SegmentOutcome::Moved);
                let policy = self.core.queues[queue].config.on_transfer;
                self.apply_age_policy(slot, policy);
                self.enter_queue(slot, queue, QueuedCause::Moved, None);
            }
            ActKind::Reprioritise { interaction, priority } => {
                self.reprioritise(act, interaction, priority)?;
            }
            ActKind::Requeue { interaction } => self.take_back(act, interaction)?,
            ActKind::Merge { interaction, into } => {
                let slot = self.closable(interaction)?;
                self.contact_slot(into)?;
                if into == interaction {
                    return Err(Rejected::InvalidSetting {
                        field: "into",
                        problem: "an interaction cannot be merged into itself",
                    });
                }
                self.acted(slot, act);
                self.leave_queue(slot, WithdrawnCause::Supervisor);
                self.end_segment(slot, SegmentOutcome::Closed);
                self.finish(slot, EventKind::Merged { into });
            }
            ActKind::Close { interaction } => {
                let slot = self.closable(interaction)?;
                self.acted(slot, act);
                self.close(slot);
            }
        }
        Ok(())
    }

    fn acted(&mut self, slot: Slot, act: &Act) {
        let Act { author, reason, what } = act.clone();
        self.emit(slot, EventKind::SupervisorActed { author, reason, what });
    }

    fn acted_on_agent(&mut self, slot: Slot, act: &Act) {
        let Act { author, reason, what } = act.clone();
        self.emit_agent(slot, EventKind::SupervisorActed { author, reason, what });
    }

    /// A contact that is not a live conversation.
    fn closable(&self, interaction: InteractionId) -> Result<Slot, Rejected> {
        let slot = self.contact_slot(interaction)?;
        let contact = &self.core.contacts[slot];
        if contact.is_live_conversation() {
            return Err(Rejected::WrongState { interaction, state: contact.state });
        }
        Ok(slot)
    }

    fn assign(
        &mut self,
        act: &Act,
        interaction: InteractionId,
        agent: AgentId,
    ) -> Result<(), Rejected> {
        let slot = self.in_state(interaction, &WAITING)?;
        let person = self.signed_in(agent)?;
        let medium = self.core.contacts[slot].medium;
        if self.core.agents[person].config.maximum[medium] == 0 {
            return Err(Rejected::CannotTake(agent));
        }
        self.acted(slot, act);
        let was_offered = self.core.contacts[slot].state == ContactState::Offered;
        self.leave_queue(slot, WithdrawnCause::Supervisor);
        self.set_state(slot, ContactState::Queued, Some(person));
        let contact = &mut self.core.contacts[slot];
        contact.kept = Kept::Personal;
        contact.key_ms = contact.key(&self.core.order).key_ms;
        if was_offered {
            let ring = self.core.contacts[slot].ring;
            self.emit(slot, EventKind::Requeued { cause: RequeuedCause::Supervisor, ring });
        }
        self.place(slot);
        self.arm(slot);
        Ok(())
    }

    fn reprioritise(
        &mut self,
        act: &Act,
        interaction: InteractionId,
        priority: u8,
    ) -> Result<(), Rejected> {
        let states = [
            ContactState::Received,
            ContactState::Queued,
            ContactState::Offered,
            ContactState::CallbackScheduled,
        ];
        let slot = self.in_state(interaction, &states)?;
        if usize::from(priority) >= self.core.order.priorities.len() {
            return Err(Rejected::InvalidSetting {
                field: "priority",
                problem: "there is no such priority class",
            });
        }
        self.acted(slot, act);
        let is_waiting = self.core.contacts[slot].state == ContactState::Queued;
        if is_waiting {
            self.unplace(slot);
        }
        let contact = &mut self.core.contacts[slot];
        contact.priority = priority;
        let key = contact.key(&self.core.order);
        contact.key_ms = key.key_ms;
        self.emit(slot, EventKind::Reordered { key });
        if is_waiting {
            self.place(slot);
        }
        Ok(())
    }

    /// An offer, or written work, goes back to where others can have it.
    fn take_back(&mut self, act: &Act, interaction: InteractionId) -> Result<(), Rejected> {
        let states = [
            ContactState::Offered,
            ContactState::Active,
            ContactState::Held,
            ContactState::Parked,
            ContactState::WaitingForClient,
        ];
        let slot = self.in_state(interaction, &states)?;
        let contact = &self.core.contacts[slot];
        if contact.is_live_conversation() {
            return Err(Rejected::WrongState { interaction, state: contact.state });
        }
        let (queue, was_offered) = (contact.queue, contact.state == ContactState::Offered);
        self.acted(slot, act);
        self.leave_queue(slot, WithdrawnCause::Supervisor);
        if was_offered {
            self.requeue(slot, RequeuedCause::Supervisor);
        } else {
            self.enter_queue(slot, queue, QueuedCause::TakenBack, None);
        }
        Ok(())
    }
}
