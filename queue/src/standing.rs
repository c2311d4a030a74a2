//! Where a waiting contact stands: how many are ahead of it, and how long it will last.

use crate::contact::effective_age;
use crate::engine::Engine;
use crate::lane::WaitKey;
use crate::output::WaitRange;
use crate::slab::Slot;
use crate::view::MAX_POSITION;

impl Engine {
    /// Contacts that will be served before this one, counted up to [`MAX_POSITION`]; then all that
    /// wait. Contacts kept for one agent are not ahead of anyone else.
    fn ahead(&self, slot: Slot) -> u32 {
        let contact = &self.core.contacts[slot];
        let now = self.core.now;
        let age = effective_age(self.slope(contact), now, contact.key_ms);
        let mut ahead = 0;
        for (lane_key, lane) in &self.index.queues[contact.queue as usize].lanes {
            if lane_key.medium != contact.medium {
                continue;
            }
            let is_before = |key: &WaitKey| {
                let other = effective_age(lane_key.slope_permille, now, key.0);
                other > age || (other == age && key.1 < contact.number)
            };
            if is_before(&lane.last) {
                ahead += lane.waiting.len() as u32;
            } else if is_before(&lane.first.0) {
                let room = (MAX_POSITION + 1).saturating_sub(ahead) as usize;
                let before = lane.waiting.iter().take(room).take_while(|key| is_before(key));
                ahead += before.count() as u32;
            }
        }
        ahead
    }

    /// 1 is next; none: beyond [`MAX_POSITION`].
    pub(crate) fn position(&self, slot: Slot) -> Option<u32> {
        let position = self.ahead(slot) + 1;
        (position <= MAX_POSITION).then_some(position)
    }

    pub(crate) fn expected_wait(&self, slot: Slot) -> Option<WaitRange> {
        let expected_ms = self.expected_wait_ms(slot)?;
        let queue = self.core.contacts[slot].queue;
        Some(self.core.queues[queue].estimator.range(expected_ms))
    }

    pub(crate) fn expected_wait_ms(&self, slot: Slot) -> Option<i64> {
        let contact = &self.core.contacts[slot];
        let index = &self.index.queues[contact.queue as usize];
        let ahead = self.ahead(slot);
        if ahead == 0 && index.free.count[contact.medium] > 0 {
            return Some(0);
        }
        let heads = index.lanes.iter().filter(|(key, _)| key.medium == contact.medium);
        let head_waited_ms = heads.map(|(_, lane)| self.core.now.millis_since(lane.first.1)).max();
        self.core.queues[contact.queue].estimator.expected_ms(ahead, head_waited_ms)
    }
}
