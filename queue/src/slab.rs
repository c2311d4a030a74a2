//! Records in numbered places. A place is used again after its record is gone, in an order that is
//! part of the state, so that a restored engine numbers alike.

use serde::{Deserialize, Serialize};

/// The number of a place.
pub(crate) type Slot = u32;

/// No place.
pub(crate) const NO_SLOT: Slot = Slot::MAX;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Slab<T> {
    entries: Vec<Option<T>>,
    vacant: Vec<Slot>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), vacant: Vec::new() }
    }
}

impl<T> Slab<T> {
    pub(crate) fn insert(&mut self, value: T) -> Slot {
        if let Some(slot) = self.vacant.pop() {
            self.entries[slot as usize] = Some(value);
            slot
        } else {
            self.entries.push(Some(value));
            (self.entries.len() - 1) as Slot
        }
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<T> {
        let value = self.entries.get_mut(slot as usize)?.take();
        if value.is_some() {
            self.vacant.push(slot);
        }
        value
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.vacant.len()
    }

    pub(crate) fn contains(&self, slot: Slot) -> bool {
        self.entries.get(slot as usize).is_some_and(Option::is_some)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        self.entries
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| Some((index as Slot, entry.as_ref()?)))
    }

    pub(crate) fn slots(&self) -> Vec<Slot> {
        self.iter().map(|(slot, _)| slot).collect()
    }
}

/// A slot is only ever kept while its record lives (invariant I9), so a vacant one is a bug.
impl<T> std::ops::Index<Slot> for Slab<T> {
    type Output = T;

    #[expect(clippy::expect_used, reason = "a vacant slot is a broken invariant, checked by I9")]
    fn index(&self, slot: Slot) -> &T {
        self.entries[slot as usize].as_ref().expect("the record of a slot that is in use")
    }
}

impl<T> std::ops::IndexMut<Slot> for Slab<T> {
    #[expect(clippy::expect_used, reason = "a vacant slot is a broken invariant, checked by I9")]
    fn index_mut(&mut self, slot: Slot) -> &mut T {
        self.entries[slot as usize].as_mut().expect("the record of a slot that is in use")
    }
}
