//! Where a waiting contact stands: how many are ahead of it, and how long it will last.

use rozmova_base::Timestamp;

use crate::contact::effective_age;
use crate::engine::Engine;
use crate::lane::WaitKey;
use crate::output::WaitRange;
use crate::slab::Slot;
use crate::view::MAX_POSITION;

/// How the line before a contact looks.
struct Line {
    /// Contacts that will be served before it, counted up to [`MAX_POSITION`]; then all that wait.
    /// Contacts kept for one agent are not ahead of anyone else.
    ahead: u32,
    /// Longest wait so far of those who are served next; none: nobody waits.
    head_waited_ms: Option<i64>,
}

impl Engine {
    fn line(&self, slot: Slot) -> Line {
        let contact = &self.core.contacts[slot];
        let now_ms = self.core.now.as_millis();
        let age = effective_age(self.slope(contact), now_ms, contact.key_ms);
        let mut ahead = 0;
        let mut first_entered_at: Option<Timestamp> = None;
        let lanes = &self.index.queues[contact.queue as usize].lanes;
        for (place, ends) in lanes.ends().iter().enumerate() {
            if ends.key.medium != contact.medium {
                continue;
            }
            let is_before = |key: &WaitKey| {
                let other = effective_age(ends.key.slope_permille, now_ms, key.0);
                other > age || (other == age && key.1 < contact.number)
            };
            if is_before(&ends.last) {
                ahead += ends.count;
            } else if is_before(&ends.first) {
                let room = (MAX_POSITION + 1).saturating_sub(ahead) as usize;
                let waiting = lanes.lane(place).waiting.iter();
                ahead += waiting.take(room).take_while(|key| is_before(key)).count() as u32;
            }
            let entered_at = ends.first_entered_at;
            first_entered_at =
                Some(first_entered_at.map_or(entered_at, |first| first.min(entered_at)));
        }
        let head_waited_ms = first_entered_at.map(|first| self.core.now.millis_since(first));
        Line { ahead, head_waited_ms }
    }

    /// 1 is next; none: beyond [`MAX_POSITION`].
    pub(crate) fn position(&self, slot: Slot) -> Option<u32> {
        let position = self.line(slot).ahead + 1;
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
        let Line { ahead, head_waited_ms } = self.line(slot);
        if ahead == 0 && index.free.count[contact.medium] > 0 {
            return Some(0);
        }
        self.core.queues[contact.queue].estimator.expected_ms(ahead, head_waited_ms)
    }
}
