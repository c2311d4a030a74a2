//! The timer table: at most one entry for a contact and one for an agent, always the next thing
//! that time alone will do to it.

use rozmova_base::Timestamp;

use crate::config::{OverflowTo, OverflowTrigger};
use crate::contact::Kept;
use crate::engine::Engine;
use crate::output::{Announcement, EventKind, Output, QueuedCause};
use crate::slab::Slot;
use crate::view::ContactState;

/// Whose timer it is. At one instant contacts come before agents, lower slots before higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    Contact(Slot),
    Agent(Slot),
}

/// Why the engine wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerKind {
    /// A contact that arrived early becomes eligible.
    Eligible,
    /// Something changes for a waiting contact: preference over, wider ring, overflow, a decline
    /// forgotten, an announcement.
    Waiting,
    /// An offer times out.
    OfferExpires,
    /// Wrap-up is over.
    WrapUpEnds,
    /// Parked work is due.
    Unpark,
    /// A callback is due.
    CallbackDue,
    /// An agent's connection has been gone for the grace time.
    GraceEnds,
    /// A pause lasts as long as its reason allows.
    PauseLimit,
}

impl Engine {
    /// When to call [`Engine::handle`] at the latest, with [`crate::Input::Tick`], and why.
    pub fn next_timeout(&self) -> Option<(Timestamp, TimerKind)> {
        let &(due, timer) = self.index.timers.first()?;
        let kind = match timer {
            Timer::Contact(slot) => match self.core.contacts[slot].state {
                ContactState::Received => TimerKind::Eligible,
                ContactState::Offered => TimerKind::OfferExpires,
                ContactState::WrapUp => TimerKind::WrapUpEnds,
                ContactState::Parked => TimerKind::Unpark,
                ContactState::CallbackScheduled => TimerKind::CallbackDue,
                ContactState::Queued
                | ContactState::Active
                | ContactState::Held
                | ContactState::WaitingForClient
                | ContactState::Closed
                | ContactState::Abandoned
                | ContactState::Overflowed
                | ContactState::Failed => TimerKind::Waiting,
            },
            Timer::Agent(slot) => {
                if self.core.agents[slot].grace_ends == Some(due) {
                    TimerKind::GraceEnds
                } else {
                    TimerKind::PauseLimit
                }
            }
        };
        Some((due, kind))
    }

    /// Sets the timer of a contact to the next thing that time will do to it.
    pub(crate) fn arm(&mut self, slot: Slot) {
        let due = self.next_wake(slot).map(|due| due.max(self.core.now));
        let contact = &mut self.core.contacts[slot];
        if contact.wake_at == due {
            return;
        }
        if let Some(old) = contact.wake_at {
            self.index.timers.remove(&(old, Timer::Contact(slot)));
        }
        contact.wake_at = due;
        if let Some(due) = due {
            self.index.timers.insert((due, Timer::Contact(slot)));
        }
    }

    /// Removes the timer of a contact.
    pub(crate) fn disarm(&mut self, slot: Slot) {
        if let Some(old) = self.core.contacts[slot].wake_at.take() {
            self.index.timers.remove(&(old, Timer::Contact(slot)));
        }
    }

    /// Sets the timer of an agent.
    pub(crate) fn arm_agent(&mut self, slot: Slot) {
        let agent = &self.core.agents[slot];
        let due = agent.grace_ends.into_iter().chain(agent.pause_limit_at).min();
        let index = &mut self.index.agents[slot as usize];
        if let Some(old) = index.wake_at {
            self.index.timers.remove(&(old, Timer::Agent(slot)));
        }
        index.wake_at = due;
        if let Some(due) = due {
            self.index.timers.insert((due, Timer::Agent(slot)));
        }
    }

    fn next_wake(&self, slot: Slot) -> Option<Timestamp> {
        let contact = &self.core.contacts[slot];
        match contact.state {
            ContactState::Received
            | ContactState::Parked
            | ContactState::WrapUp
            | ContactState::CallbackScheduled => contact.until(),
            ContactState::Offered => contact.offer().map(|offer| offer.expires_at),
            ContactState::Queued => self.next_wake_of_waiting(slot),
            ContactState::Active
            | ContactState::Held
            | ContactState::WaitingForClient
            | ContactState::Closed
            | ContactState::Abandoned
            | ContactState::Overflowed
            | ContactState::Failed => None,
        }
    }

    fn next_wake_of_waiting(&self, slot: Slot) -> Option<Timestamp> {
        let contact = &self.core.contacts[slot];
        let config = self.config_of(slot);
        let kept = self.kept_until(slot);
        let ring = if contact.kept == Kept::No {
            config.rings.get(usize::from(contact.ring) - 1).map(|ring| ring.after_ms)
        } else {
            None
        };
        let overflow = self.waited_overflow(slot).map(|(after_ms, _)| after_ms);
        let announce = (config.announce_every_ms > 0
            && contact.medium.is_live()
            && !contact.callback)
            .then(|| {
                let in_queue = self.core.now.millis_since(contact.entered_at);
                (in_queue / config.announce_every_ms + 1) * config.announce_every_ms
            });
        let declined = contact.declined().iter().map(|(_, until)| *until).min();
        [ring, overflow, announce]
            .into_iter()
            .flatten()
            .map(|after_ms| contact.entered_at.plus_millis(after_ms))
            .chain(kept)
            .chain(declined)
            .min()
    }

    /// Until when a waiting contact is kept for one agent.
    pub(crate) fn kept_until(&self, slot: Slot) -> Option<Timestamp> {
        let contact = &self.core.contacts[slot];
        let after_ms = match contact.kept {
            Kept::No => return None,
            Kept::Preferred => self.config_of(slot).preferred_ms,
            Kept::Personal => self.core.centre.personal_ms,
        };
        Some(contact.since.plus_millis(after_ms))
    }

    /// The overflow rule that time in the queue will make true first, and its number.
    pub(crate) fn waited_overflow(&self, slot: Slot) -> Option<(i64, usize)> {
        let contact = &self.core.contacts[slot];
        let rules = self.config_of(slot).overflow.iter().enumerate();
        rules
            .filter(|(_, rule)| rule.media.is_empty() || rule.media.contains(&contact.medium))
            .filter(|(_, rule)| !contact.callback || matches!(rule.then, OverflowTo::Queue { .. }))
            .filter_map(|(number, rule)| match rule.when {
                OverflowTrigger::Waited { after_ms } => Some((after_ms, number)),
                OverflowTrigger::LengthAtArrival { .. }
                | OverflowTrigger::EstimateAtArrival { .. }
                | OverflowTrigger::NobodyAtArrival
                | OverflowTrigger::ClosedAtArrival => None,
            })
            .min()
    }

    /// Does what has become due.
    pub(crate) fn fire(&mut self, due: Timestamp, timer: Timer) {
        self.index.timers.remove(&(due, timer));
        match timer {
            Timer::Contact(slot) => {
                self.core.contacts[slot].wake_at = None;
                self.contact_due(slot);
            }
            Timer::Agent(slot) => {
                self.index.agents[slot as usize].wake_at = None;
                self.agent_due(slot);
            }
        }
    }

    fn contact_due(&mut self, slot: Slot) {
        let contact = &self.core.contacts[slot];
        match contact.state {
            ContactState::Received => {
                let preferred = self.core.contacts[slot].extra().preferred.take();
                let queue = self.core.contacts[slot].queue;
                self.enter_queue(slot, queue, QueuedCause::Arrival, preferred);
            }
            ContactState::Queued => self.waiting_due(slot),
            ContactState::Offered => self.offer_timed_out(slot),
            ContactState::WrapUp => self.end_wrap_up(slot, true),
            ContactState::Parked => {
                let agent = contact.agent();
                let queue = contact.queue;
                self.enter_queue(slot, queue, QueuedCause::Unparked, agent);
            }
            ContactState::CallbackScheduled => self.callback_due(slot),
            ContactState::Active
            | ContactState::Held
            | ContactState::WaitingForClient
            | ContactState::Closed
            | ContactState::Abandoned
            | ContactState::Overflowed
            | ContactState::Failed => {}
        }
    }

    fn waiting_due(&mut self, slot: Slot) {
        let now = self.core.now;
        if self.kept_until(slot).is_some_and(|until| until <= now) {
            self.end_preference(slot);
        }
        let waited_ms = now.millis_since(self.core.contacts[slot].entered_at);
        if let Some((after_ms, rule)) = self.waited_overflow(slot)
            && after_ms <= waited_ms
        {
            self.overflow(slot, rule);
            return;
        }
        if self.core.contacts[slot].declined().iter().any(|(_, until)| *until <= now) {
            self.unplace(slot);
            self.core.contacts[slot].extra().declined.retain(|(_, until)| *until > now);
            self.place(slot);
        }
        self.widen_ring(slot);
        self.announce(slot, waited_ms);
        self.arm(slot);
    }

    fn widen_ring(&mut self, slot: Slot) {
        let contact = &self.core.contacts[slot];
        let ring = self.ring_now(slot);
        if contact.kept != Kept::No || ring == contact.ring {
            return;
        }
        self.unplace(slot);
        self.core.contacts[slot].ring = ring;
        self.emit(slot, EventKind::RingChanged { ring });
        self.place(slot);
    }

    fn announce(&mut self, slot: Slot, waited_ms: i64) {
        let contact = &self.core.contacts[slot];
        let every_ms = self.config_of(slot).announce_every_ms;
        if every_ms <= 0
            || !contact.medium.is_live()
            || contact.callback
            || waited_ms == 0
            || waited_ms % every_ms != 0
        {
            return;
        }
        let announcement = Announcement {
            interaction: contact.id,
            position: self.position(slot),
            expected_wait: self.expected_wait(slot),
        };
        self.core.outputs.push_back(Output::Announce(announcement));
    }
}
