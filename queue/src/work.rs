//! What happens to a contact while an agent has it, and how it ends.

use rozmova_base::Timestamp;
use rozmova_base::id::{DispositionId, InteractionId};

use crate::config::OverflowTo;
use crate::engine::Engine;
use crate::input::Target;
use crate::needs::check_text;
use crate::output::{ConnectedHow, EventKind, QueuedCause, SegmentOutcome, WithdrawnCause};
use crate::rejected::Rejected;
use crate::slab::Slot;
use crate::view::ContactState;

/// Longest wrap-up with all extensions, in ms: an hour; beyond it the agent should pause.
pub const MAX_WRAP_UP_MS: i64 = 3_600_000;

impl Engine {
    fn wrong_state(&self, slot: Slot) -> Rejected {
        let contact = &self.core.contacts[slot];
        Rejected::WrongState { interaction: contact.id, state: contact.state }
    }

    /// The contact, if it is in one of these states.
    pub(crate) fn in_state(
        &self,
        interaction: InteractionId,
        states: &[ContactState],
    ) -> Result<Slot, Rejected> {
        let slot = self.contact_slot(interaction)?;
        if states.contains(&self.core.contacts[slot].state) {
            Ok(slot)
        } else {
            Err(self.wrong_state(slot))
        }
    }

    /// Changes the state under the same agent.
    fn keep_agent(&mut self, slot: Slot, state: ContactState) {
        let agent = self.core.contacts[slot].agent();
        self.set_state(slot, state, agent);
    }

    pub(crate) fn hold(&mut self, interaction: InteractionId) -> Result<(), Rejected> {
        let slot = self.in_state(interaction, &[ContactState::Active])?;
        self.keep_agent(slot, ContactState::Held);
        self.emit(slot, EventKind::Held);
        Ok(())
    }

    pub(crate) fn resume(&mut self, interaction: InteractionId) -> Result<(), Rejected> {
        let aside = [ContactState::Parked, ContactState::WaitingForClient];
        let slot = self.in_state(interaction, &[ContactState::Held, aside[0], aside[1]])?;
        let contact = &self.core.contacts[slot];
        if aside.contains(&contact.state) {
            // Its agent may have been removed; then it waits for the client or its time.
            let agent = contact.agent().ok_or_else(|| self.wrong_state(slot))?;
            self.check_may_work(agent, contact.medium)?;
        }
        self.disarm(slot);
        self.keep_agent(slot, ContactState::Active);
        self.emit(slot, EventKind::Resumed);
        Ok(())
    }

    pub(crate) fn park(
        &mut self,
        interaction: InteractionId,
        until: Timestamp,
    ) -> Result<(), Rejected> {
        let slot = self.in_state(interaction, &[ContactState::Active])?;
        if self.core.contacts[slot].medium.is_live() {
            return Err(self.wrong_state(slot));
        }
        self.keep_agent(slot, ContactState::Parked);
        self.core.contacts[slot].extra().until = Some(until);
        self.emit(slot, EventKind::Parked { until });
        self.arm(slot);
        Ok(())
    }

    pub(crate) fn await_client(&mut self, interaction: InteractionId) -> Result<(), Rejected> {
        let slot = self.in_state(interaction, &[ContactState::Active])?;
        if self.core.contacts[slot].medium.is_live() {
            return Err(self.wrong_state(slot));
        }
        self.keep_agent(slot, ContactState::WaitingForClient);
        self.emit(slot, EventKind::AwaitingClient);
        Ok(())
    }

    pub(crate) fn transfer(
        &mut self,
        interaction: InteractionId,
        to: Target,
    ) -> Result<(), Rejected> {
        let slot = self.in_state(interaction, &[ContactState::Active, ContactState::Held])?;
        let contact = &self.core.contacts[slot];
        let (queue, agent) = match to {
            Target::Queue { queue } => (self.queue_slot(queue)?, None),
            Target::Agent { agent } => {
                let person = self.agent_slot(agent)?;
                if !self.core.agents[person].is_signed_in() {
                    return Err(Rejected::NotSignedIn(agent));
                }
                let maximum = self.core.agents[person].config.maximum[contact.medium];
                if contact.agent() == Some(person) || maximum == 0 {
                    return Err(Rejected::CannotTake(agent));
                }
                (contact.queue, Some(person))
            }
        };
        self.emit(slot, EventKind::Transferred { to });
        if agent.is_none() {
            let policy = self.core.queues[queue].config.on_transfer;
            self.apply_age_policy(slot, policy);
        }
        self.enter_queue(slot, queue, QueuedCause::Transfer, agent);
        Ok(())
    }

    pub(crate) fn contact_continued(&mut self, interaction: InteractionId) -> Result<(), Rejected> {
        let slot = self.contact_slot(interaction)?;
        let state = self.core.contacts[slot].state;
        let (agent, queue) = (self.core.contacts[slot].agent(), self.core.contacts[slot].queue);
        self.emit(slot, EventKind::Continued);
        match (state, agent) {
            (ContactState::WaitingForClient, _) => {
                // Our answer ended the client's wait; a new one begins now.
                self.core.contacts[slot].eligible_at = self.core.now;
                self.enter_queue(slot, queue, QueuedCause::Continued, agent);
            }
            (ContactState::Parked, _) => {
                self.disarm(slot);
                self.enter_queue(slot, queue, QueuedCause::Continued, agent);
            }
            (ContactState::WrapUp, Some(agent)) => {
                self.connect(slot, agent, ConnectedHow::Continued);
            }
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn contact_abandoned(&mut self, interaction: InteractionId) -> Result<(), Rejected> {
        let states = [ContactState::Received, ContactState::Queued, ContactState::Offered];
        let slot = self.in_state(interaction, &states)?;
        if self.core.contacts[slot].callback {
            return Err(self.wrong_state(slot));
        }
        let waited_ms = self.core.now.millis_since(self.core.contacts[slot].entered_at);
        let short = waited_ms < self.core.centre.short_abandon_ms;
        self.leave_queue(slot, WithdrawnCause::Abandoned);
        self.end_segment(slot, SegmentOutcome::Abandoned);
        self.finish(slot, EventKind::Abandoned { waited_ms, short });
        Ok(())
    }

    pub(crate) fn contact_failed(
        &mut self,
        interaction: InteractionId,
        cause: String,
    ) -> Result<(), Rejected> {
        let slot = self.contact_slot(interaction)?;
        check_text("cause", &cause)?;
        self.leave_queue(slot, WithdrawnCause::Failed);
        self.end_segment(slot, SegmentOutcome::Failed);
        self.finish(slot, EventKind::Failed { cause });
        Ok(())
    }

    pub(crate) fn contact_ended(&mut self, interaction: InteractionId) -> Result<(), Rejected> {
        let open = [
            ContactState::Active,
            ContactState::Held,
            ContactState::Parked,
            ContactState::WaitingForClient,
        ];
        let slot = self.in_state(interaction, &open)?;
        self.disarm(slot);
        let contact = &self.core.contacts[slot];
        let (state, medium, agent) = (contact.state, contact.medium, contact.agent());
        let config = self.config_of(slot);
        let is_code_missing = config.disposition.required && contact.disposition().is_none();
        let wrap_up_ms = match config.wrap_up_ms[medium] {
            0 if is_code_missing => MAX_WRAP_UP_MS,
            wrap_up_ms => wrap_up_ms,
        };
        let is_present = agent.is_some_and(|agent| self.core.agents[agent].is_signed_in());
        let in_hand = matches!(state, ContactState::Active | ContactState::Held);
        if wrap_up_ms > 0 && is_present && in_hand {
            let now = self.core.now;
            let ends_at = now.plus_millis(wrap_up_ms);
            self.keep_agent(slot, ContactState::WrapUp);
            let extra = self.core.contacts[slot].extra();
            extra.until = Some(ends_at);
            extra.wrap_up_since = Some(now);
            self.emit(slot, EventKind::WrapUpStarted { ends_at });
            self.arm(slot);
        } else {
            self.close(slot);
        }
        Ok(())
    }

    pub(crate) fn set_disposition(
        &mut self,
        interaction: InteractionId,
        disposition: DispositionId,
    ) -> Result<(), Rejected> {
        let slot = self.contact_slot(interaction)?;
        self.check_disposition(slot, Some(disposition))?;
        self.core.contacts[slot].extra().disposition = Some(disposition);
        self.emit(slot, EventKind::DispositionSet { disposition });
        Ok(())
    }

    fn check_disposition(
        &self,
        slot: Slot,
        disposition: Option<DispositionId>,
    ) -> Result<(), Rejected> {
        let config = self.config_of(slot);
        let policy = &config.disposition;
        match disposition {
            Some(code) if !policy.allowed.is_empty() && !policy.allowed.contains(&code) => {
                Err(Rejected::DispositionNotAllowed(config.id))
            }
            None if policy.required && self.core.contacts[slot].disposition().is_none() => {
                Err(Rejected::DispositionRequired(config.id))
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(crate) fn extend_wrap_up(
        &mut self,
        interaction: InteractionId,
        by_ms: i64,
    ) -> Result<(), Rejected> {
        let slot = self.in_state(interaction, &[ContactState::WrapUp])?;
        let now = self.core.now;
        let extra = self.core.contacts[slot].extra();
        let latest = extra.wrap_up_since.unwrap_or(now).plus_millis(MAX_WRAP_UP_MS);
        let ends_at = extra.until.unwrap_or(now).plus_millis(by_ms);
        if by_ms <= 0 || ends_at > latest {
            return Err(Rejected::InvalidSetting {
                field: "by_ms",
                problem: "wrap-up lasts an hour at most, with all extensions",
            });
        }
        extra.until = Some(ends_at);
        self.emit(slot, EventKind::WrapUpExtended { ends_at });
        self.arm(slot);
        Ok(())
    }

    pub(crate) fn wrap_up_done(
        &mut self,
        interaction: InteractionId,
        disposition: Option<DispositionId>,
    ) -> Result<(), Rejected> {
        let slot = self.in_state(interaction, &[ContactState::WrapUp])?;
        self.check_disposition(slot, disposition)?;
        if let Some(disposition) = disposition {
            self.core.contacts[slot].extra().disposition = Some(disposition);
            self.emit(slot, EventKind::DispositionSet { disposition });
        }
        self.end_wrap_up(slot, false);
        Ok(())
    }

    pub(crate) fn end_wrap_up(&mut self, slot: Slot, timed_out: bool) {
        self.emit(slot, EventKind::WrapUpEnded { timed_out });
        self.close(slot);
    }

    /// Closes a contact in whatever state it is.
    pub(crate) fn close(&mut self, slot: Slot) {
        self.leave_queue(slot, WithdrawnCause::Supervisor);
        self.end_segment(slot, SegmentOutcome::Closed);
        let agent = self.core.contacts[slot].agent();
        // Time in the last state is added to the sums before they are told.
        self.set_state(slot, ContactState::Closed, None);
        let contact = &mut self.core.contacts[slot];
        let disposition = contact.disposition();
        let extra = contact.extra();
        let (talk_ms, hold_ms) = (extra.talk_ms, extra.hold_ms);
        let wrap_up_ms = extra.wrap_up_ms;
        // The event names the agent who had it.
        contact.agent = agent.unwrap_or(crate::slab::NO_SLOT);
        let facts = Some(self.segment_facts(slot));
        self.finish(slot, EventKind::Closed { disposition, talk_ms, hold_ms, wrap_up_ms, facts });
    }

    /// Takes a contact out of lanes and offers. It stays in its state.
    pub(crate) fn leave_queue(&mut self, slot: Slot, cause: WithdrawnCause) {
        if self.core.contacts[slot].state == ContactState::Queued {
            self.unplace(slot);
        }
        self.withdraw(slot, cause);
        self.disarm(slot);
    }

    /// Says the last event of a contact and forgets it.
    pub(crate) fn finish(&mut self, slot: Slot, last: EventKind) {
        let totals = &mut self.core.totals;
        let state = last.contact_state().unwrap_or(ContactState::Closed);
        let total = if state == ContactState::Abandoned {
            &mut totals.abandoned
        } else if state == ContactState::Overflowed {
            &mut totals.overflowed
        } else if state == ContactState::Failed {
            &mut totals.failed
        } else {
            &mut totals.closed
        };
        *total += 1;
        self.emit(slot, last);
        if self.core.contacts[slot].state != state {
            self.set_state(slot, state, None);
        }
        self.forget(slot);
    }

    /// Carries out an overflow rule on a waiting contact.
    pub(crate) fn overflow(&mut self, slot: Slot, rule: usize) {
        let config = self.config_of(slot);
        let to = config.overflow[rule].then.clone();
        let rule = rule as u8;
        if to == OverflowTo::Callback {
            let placed = self.is_placed(slot);
            self.emit(slot, EventKind::Overflowed { to, rule });
            self.core.contacts[slot].callback = true;
            self.emit(slot, EventKind::CallbackScheduled { not_before: None });
            if !placed {
                self.place(slot);
            }
            self.arm(slot);
            return;
        }
        if self.is_placed(slot) {
            self.unplace(slot);
        }
        self.disarm(slot);
        self.end_segment(slot, SegmentOutcome::Overflowed);
        if let OverflowTo::Queue { queue } = to
            && let Some(queue) = self.index.queue_of.get(&queue).copied()
        {
            self.emit(slot, EventKind::Overflowed { to, rule });
            let policy = self.core.queues[queue].config.on_transfer;
            self.apply_age_policy(slot, policy);
            self.enter_queue(slot, queue, QueuedCause::Overflow, None);
        } else {
            self.finish(slot, EventKind::Overflowed { to, rule });
        }
    }
}
