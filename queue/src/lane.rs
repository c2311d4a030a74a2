//! The two indexes of a queue: who waits, and who is free.
//!
//! Waiting contacts that are alike to every agent (same medium, needs, ring and slope) stand in one
//! *lane*, sorted by key. Only heads of lanes are ever compared, so a decision costs as much as
//! there are kinds of contacts, not as there are contacts. Free agents with the same skills and
//! ring form a group, sorted by the queue's rule; only heads of groups are compared.

use std::collections::{BTreeMap, BTreeSet};

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

#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// Needs as the ring relaxes them, sorted by skill.
    pub(crate) requirement: Box<[SkillLevel]>,
    pub(crate) waiting: BTreeSet<WaitKey>,
}

/// Place of a free agent: by the rule, then longest idle, then id.
pub(crate) type FreeKey = (i64, i64, AgentId, Slot);
/// Ring from which an agent is asked, and his skills as a number.
pub(crate) type GroupKey = (u8, Slot);

/// Free agents of one queue for one medium.
#[derive(Clone, Debug, Default)]
pub(crate) struct FreeAgents {
    pub(crate) groups: BTreeMap<GroupKey, BTreeSet<FreeKey>>,
    /// The first of every group.
    pub(crate) heads: BTreeSet<(FreeKey, GroupKey)>,
}

impl FreeAgents {
    pub(crate) fn insert(&mut self, group: GroupKey, key: FreeKey) {
        let members = self.groups.entry(group).or_default();
        let head = members.first().copied();
        members.insert(key);
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
        members.remove(&key);
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
    pub(crate) free: PerMedium<FreeAgents>,
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
    /// Media for which he stands in the queue's free agents, under `key`.
    pub(crate) listed: PerMedium<bool>,
}
