//! Sets of skills, each kept once and counted: a million waiting contacts need few different sets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::SkillLevel;
use crate::slab::{Slab, Slot};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SkillTable {
    sets: Slab<SkillSet>,
    #[serde(skip)]
    lookup: BTreeMap<Box<[SkillLevel]>, Slot>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SkillSet {
    levels: Box<[SkillLevel]>,
    users: u32,
}

impl SkillTable {
    /// The number of a set (sorted by skill); counts one more user.
    pub(crate) fn acquire(&mut self, levels: &[SkillLevel]) -> Slot {
        if let Some(slot) = self.lookup.get(levels) {
            self.sets[*slot].users += 1;
            return *slot;
        }
        let slot = self.sets.insert(SkillSet { levels: levels.into(), users: 1 });
        self.lookup.insert(levels.into(), slot);
        slot
    }

    /// One user fewer; without users the set is forgotten.
    pub(crate) fn release(&mut self, slot: Slot) {
        let set = &mut self.sets[slot];
        set.users -= 1;
        if set.users == 0
            && let Some(set) = self.sets.remove(slot)
        {
            self.lookup.remove(&set.levels);
        }
    }

    pub(crate) fn levels(&self, slot: Slot) -> &[SkillLevel] {
        &self.sets[slot].levels
    }

    /// Makes the look-up anew after the table was restored.
    pub(crate) fn relink(&mut self) {
        self.lookup = self.sets.iter().map(|(slot, set)| (set.levels.clone(), slot)).collect();
    }
}
