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

/// Both ends stand in the lane itself: a decision reads them of every lane of a queue, and each
/// would be some jumps through memory away.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// Needs as the ring relaxes them, sorted by skill.
    pub(crate) requirement: Box<[SkillLevel]>,
    pub(crate) waiting: BTreeSet<WaitKey>,
    /// The first of `waiting`, and when it entered the queue.
    pub(crate) first: (WaitKey, Timestamp),
    /// The last of `waiting`.
    pub(crate) last: WaitKey,
}

impl Lane {
    /// With its first contact.
    pub(crate) fn new(requirement: Box<[SkillLevel]>, key: WaitKey, entered_at: Timestamp) -> Self {
        let waiting = BTreeSet::from([key]);
        Self { requirement, waiting, first: (key, entered_at), last: key }
    }

    pub(crate) fn insert(&mut self, key: WaitKey, entered_at: Timestamp) {
        self.waiting.insert(key);
        if key < self.first.0 {
            self.first = (key, entered_at);
        }
        self.last = self.last.max(key);
    }

    /// `entered_at` tells when the contact in a slot entered the queue. False: nobody is left.
    pub(crate) fn remove(
        &mut self,
        key: WaitKey,
        entered_at: impl FnOnce(Slot) -> Timestamp,
    ) -> bool {
        self.waiting.remove(&key);
        if key == self.first.0
            && let Some(first) = self.waiting.first()
        {
            self.first = (*first, entered_at(first.2));
        }
        if key == self.last
            && let Some(last) = self.waiting.last()
        {
            self.last = *last;
        }
        !self.waiting.is_empty()
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
    pub(crate) lanes: BTreeMap<LaneKey, Lane>,
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
