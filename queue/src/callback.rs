//! Callbacks: the client need not hold the line; his place in the queue does.

use rozmova_base::Timestamp;
use rozmova_base::id::InteractionId;

use crate::engine::Engine;
use crate::output::{EventKind, RequeuedCause};
use crate::rejected::Rejected;
use crate::slab::Slot;
use crate::view::ContactState;
use crate::waiting::wait_key;

impl Engine {
    pub(crate) fn schedule_callback(
        &mut self,
        interaction: InteractionId,
        not_before: Option<Timestamp>,
    ) -> Result<(), Rejected> {
        let slot =
            self.in_state(interaction, &[ContactState::Queued, ContactState::CallbackScheduled])?;
        let not_before = not_before.filter(|at| *at > self.core.now);
        let is_waiting = self.core.contacts[slot].state == ContactState::Queued;
        self.core.contacts[slot].callback = true;
        if let Some(due) = not_before {
            if is_waiting {
                self.unplace(slot);
                self.core.contacts[slot].kept = crate::contact::Kept::No;
                self.set_state(slot, ContactState::CallbackScheduled, None);
            }
            self.core.contacts[slot].extra().until = Some(due);
        }
        self.emit(slot, EventKind::CallbackScheduled { not_before });
        if not_before.is_none() && !is_waiting {
            self.callback_due(slot);
        }
        self.arm(slot);
        Ok(())
    }

    /// The time of a callback has come: the contact takes its old place.
    pub(crate) fn callback_due(&mut self, slot: Slot) {
        self.core.contacts[slot].extra().until = None;
        self.requeue(slot, RequeuedCause::CallbackDue);
    }

    /// Whether a queued contact stands in its lane or with the agent for whom it is kept.
    pub(crate) fn is_placed(&self, slot: Slot) -> bool {
        let contact = &self.core.contacts[slot];
        let key = wait_key(contact, slot);
        if contact.kept == crate::contact::Kept::No {
            let lanes = &self.index.queues[contact.queue as usize].lanes;
            let lane = lanes.get(&self.lane_key(slot));
            lane.is_some_and(|(_, lane)| lane.waiting.contains(&key))
        } else {
            self.index.agents[contact.agent as usize].kept.contains(&key)
        }
    }
}
