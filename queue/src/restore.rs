//! From a saved state to a running engine: the indexes are computed anew.

use crate::config::Medium;
use crate::engine::{Core, Engine, Index};
use crate::hours::{Hours, HoursError};
use crate::timer::Timer;
use crate::transition::is_in_hand;
use crate::view::ContactState;

impl Engine {
    pub(crate) fn restore(mut core: Core) -> Result<Self, HoursError> {
        core.needs.relink();
        let mut engine = Self { core, index: Index::default() };
        for (id, config) in &engine.core.hours {
            engine.index.hours.insert(*id, Hours::new(config)?);
        }
        for slot in engine.core.queues.slots() {
            engine.index.queue_of.insert(engine.core.queues[slot].config.id, slot);
            engine.add_queue_index(slot);
        }
        for slot in engine.core.agents.slots() {
            engine.index.agent_of.insert(engine.core.agents[slot].config.id, slot);
            engine.add_agent_index(slot);
            engine.arm_agent(slot);
        }
        for slot in engine.core.contacts.slots() {
            engine.index_contact(slot);
        }
        for slot in engine.core.agents.slots() {
            engine.update_capacity(slot);
            engine.list_agent(slot);
        }
        // Everything that could be given was given before the state was saved.
        engine.index.touched.clear();
        engine.index.to_list.clear();
        engine.index.seeking.clear();
        engine.index.lanes_to_try.clear();
        Ok(engine)
    }

    fn index_contact(&mut self, slot: u32) {
        let contact = &self.core.contacts[slot];
        self.index.contact_of.insert(contact.id, slot);
        if let Some(offer) = contact.offer() {
            self.index.offer_of.insert(offer.id, slot);
        }
        if let Some(due) = contact.wake_at {
            self.index.timers.insert((due, Timer::Contact(slot)));
        }
        let state = contact.state;
        let index = &mut self.index.queues[contact.queue as usize];
        index.contacts += 1;
        index.offered += u32::from(state == ContactState::Offered);
        index.in_hand += u32::from(is_in_hand(state));
        if state == ContactState::Queued {
            self.place(slot);
        }
    }

    /// Contacts by medium that wait in a queue.
    pub(crate) fn waiting_by_medium(&self, queue: u32) -> crate::config::PerMedium<u32> {
        let mut counts = crate::config::PerMedium::default();
        for medium in Medium::ALL {
            counts[medium] = self.index.queues[queue as usize].waiting[medium];
        }
        counts
    }
}
