//! The two indexes of a queue: who waits, and who is free.
//!
//! Waiting contacts that are alike to every agent (same medium, needs, ring and slope) stand in one
//! *lane*, sorted by key. Only heads of lanes are ever compared, so a decision costs as much as
//! there are kinds of contacts, not as there are contacts. Free agents with the same skills and
//! ring form a group, sorted by the queue's rule; only heads of groups are compared.

use std::collections::{BTreeMap, BTreeSet};

use rozmova_base::Timestamp;
use rozmova_base::id::AgentId;

use crate::config::{Medium, PerMedium, SkillLevel};
use crate::slab::Slot;

/// Place of a contact in a lane: key, arrival number, contact.
pub(crate) type WaitKey = (i64, u64, Slot);

/// What makes contacts alike to every agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LaneKey {
    pub(crate) medium: Medium,
    pub(crate) need: Slot,
    pub(crate) ring: u8,
    pub(crate) slope_permille: u32,
    /// A contact that was declined stands alone, for it is not the same to every agent.
    pub(crate) alone: Option<Slot>,
}

/// What a decision looks at in a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) key: LaneKey,
    pub(crate) first: WaitKey,
    /// When the first entered the queue.
    pub(crate) first_entered_at: Timestamp,
    pub(crate) last: WaitKey,
    pub(crate) count: u32,
}

/// Who waits in a lane, and what they need.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// Needs as the ring relaxes them, sorted by skill.
    pub(crate) requirement: Box<[SkillLevel]>,
    pub(crate) waiting: BTreeSet<WaitKey>,
}

/// The lanes of a queue, sorted by key. Their ends lie side by side: a decision reads those of
/// every lane of a queue, and in a large centre each would be a jump to memory that is in no cache.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes {
    ends: Vec<Ends>,
    /// In the same order.
    lanes: Vec<Lane>,
}

impl Lanes {
    fn place(&self, key: &LaneKey) -> Result<usize, usize> {
        self.ends.binary_search_by(|ends| ends.key.cmp(key))
    }

    /// Puts a contact into its lane; `requirement` says what a new one demands. True: it is new.
    pub(crate) fn insert(
        &mut self,
        key: LaneKey,
        wait: WaitKey,
        entered_at: Timestamp,
        requirement: impl FnOnce() -> Box<[SkillLevel]>,
    ) -> bool {
        match self.place(&key) {
            Ok(place) => {
                self.lanes[place].waiting.insert(wait);
                let ends = &mut self.ends[place];
                ends.count += 1;
                if wait < ends.first {
                    (ends.first, ends.first_entered_at) = (wait, entered_at);
                }
                ends.last = ends.last.max(wait);
                false
            }
            Err(place) => {
                let (first, last) = (wait, wait);
                let ends = Ends { key, first, first_entered_at: entered_at, last, count: 1 };
                self.ends.insert(place, ends);
                let waiting = BTreeSet::from([wait]);
                self.lanes.insert(place, Lane { requirement: requirement(), waiting });
                true
            }
        }
    }

    /// `entered_at` tells when the contact in a slot entered the queue. True: nobody is left, and
    /// the lane is gone.
    pub(crate) fn remove(
        &mut self,
        key: &LaneKey,
        wait: WaitKey,
        entered_at: impl FnOnce(Slot) -> Timestamp,
    ) -> bool {
        let Ok(place) = self.place(key) else { return false };
        let waiting = &mut self.lanes[place].waiting;
        if !waiting.remove(&wait) {
            return false;
        }
        let (Some(first), Some(last)) = (waiting.first(), waiting.last()) else {
            self.ends.remove(place);
            self.lanes.remove(place);
            return true;
        };
        let ends = &mut self.ends[place];
        ends.count -= 1;
        if wait == ends.first {
            (ends.first, ends.first_entered_at) = (*first, entered_at(first.2));
        }
        ends.last = *last;
        false
    }

    /// Of every lane.
    pub(crate) fn ends(&self) -> &[Ends] {
        &self.ends
    }

    /// The lane whose ends stand in this place.
    pub(crate) fn lane(&self, place: usize) -> &Lane {
        &self.lanes[place]
    }

    pub(crate) fn get(&self, key: &LaneKey) -> Option<(&Ends, &Lane)> {
        let place = self.place(key).ok()?;
        Some((&self.ends[place], &self.lanes[place]))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Ends, &Lane)> {
        self.ends.iter().zip(&self.lanes)
    }
}

/// Place of a free agent: by the rule, then longest idle, then id.
pub(crate) type FreeKey = (i64, i64, AgentId, Slot);
/// Ring from which an agent is asked, his skills as a number, and the media that he can take.
pub(crate) type GroupKey = (u8, Slot, MediaSet);

/// Which media, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MediaSet(u8);

impl MediaSet {
    pub(crate) fn of(media: PerMedium<bool>) -> Self {
        let bits = Medium::ALL.iter().filter(|medium| media[**medium]);
        Self(bits.fold(0, |bits, medium| bits | 1 << *medium as u8))
    }

    pub(crate) const fn contains(self, medium: Medium) -> bool {
        self.0 & (1 << medium as u8) != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Free agents of one queue. An agent stands in it once, whatever media he can take: they mostly
/// change together.
#[derive(Clone, Debug, Default)]
pub(crate) struct FreeAgents {
    pub(crate) groups: BTreeMap<GroupKey, BTreeSet<FreeKey>>,
    /// The first of every group.
    pub(crate) heads: BTreeSet<(FreeKey, GroupKey)>,
    /// How many can take a medium.
    pub(crate) count: PerMedium<u32>,
}

impl FreeAgents {
    pub(crate) fn insert(&mut self, group: GroupKey, key: FreeKey) {
        let members = self.groups.entry(group).or_default();
        let head = members.first().copied();
        members.insert(key);
        for medium in Medium::ALL {
            self.count[medium] += u32::from(group.2.contains(medium));
        }
        if head.is_none_or(|head| key < head) {
            if let Some(head) = head {
                self.heads.remove(&(head, group));
            }
            self.heads.insert((key, group));
        }
    }

    pub(crate) fn remove(&mut self, group: GroupKey, key: FreeKey) {
        let Some(members) = self.groups.get_mut(&group) else { return };
        let was_head = members.first() == Some(&key);
        if !members.remove(&key) {
            return;
        }
        for medium in Medium::ALL {
            self.count[medium] -= u32::from(group.2.contains(medium));
        }
        if was_head {
            self.heads.remove(&(key, group));
            if let Some(head) = members.first() {
                self.heads.insert((*head, group));
            }
        }
        if members.is_empty() {
            self.groups.remove(&group);
        }
    }
}

/// What the engine keeps about a queue beside its record.
#[derive(Clone, Debug, Default)]
pub(crate) struct QueueIndex {
    /// Agents who serve it, by ring and id.
    pub(crate) members: BTreeSet<(u8, AgentId, Slot)>,
    pub(crate) lanes: Lanes,
    pub(crate) free: FreeAgents,
    pub(crate) waiting: PerMedium<u32>,
    pub(crate) offered: u32,
    pub(crate) in_hand: u32,
    /// Contacts of the queue in any state.
    pub(crate) contacts: u32,
    pub(crate) signed_in: u32,
}

/// What the engine keeps about an agent beside his record.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgentIndex {
    /// His skills as a number.
    pub(crate) profile: Slot,
    pub(crate) serves: Vec<Served>,
    /// Media he could be offered now.
    pub(crate) can_take: PerMedium<bool>,
    /// Contacts kept for him.
    pub(crate) kept: BTreeSet<WaitKey>,
    pub(crate) wake_at: Option<rozmova_base::Timestamp>,
}

/// An agent's entry in the index of a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    pub(crate) queue: Slot,
    pub(crate) ring: u8,
    pub(crate) key: FreeKey,
    /// Media for which he stands in the queue's free agents, under `key`; none: he does not.
    pub(crate) listed: MediaSet,
}
