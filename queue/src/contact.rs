//! The record of a contact. Waiting contacts are many (a day of mail), so the record is small;
//! what few of them need is boxed.

use rozmova_base::Timestamp;
use rozmova_base::id::{DispositionId, InteractionId, OfferId, SegmentId};
use serde::{Deserialize, Serialize};

use crate::config::{Medium, OrderConfig};
use crate::slab::{NO_SLOT, Slot};
use crate::view::{ContactState, Key};

/// For whom a waiting contact is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kept {
    /// For anyone who fits.
    No,
    /// For the preferred agent, for the queue's `preferred_ms`.
    Preferred,
    /// For an agent to whom it was handed in person, for the centre's `personal_ms`.
    Personal,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) id: InteractionId,
    pub(crate) segment: SegmentId,
    /// Order of arrival over the whole life of the engine.
    pub(crate) number: u64,
    /// Since when it waits, for its place.
    pub(crate) eligible_at: Timestamp,
    /// When the segment began.
    pub(crate) entered_at: Timestamp,
    /// When the state began.
    pub(crate) since: Timestamp,
    /// When the engine must look at it again; its entry in the timer table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wake_at: Option<Timestamp>,
    pub(crate) key_ms: i64,
    pub(crate) queue: Slot,
    pub(crate) need: Slot,
    /// Who has it, is being asked, or for whom it is kept; or [`NO_SLOT`].
    #[serde(default = "no_slot", skip_serializing_if = "is_no_slot")]
    pub(crate) agent: Slot,
    /// Expected wait told at the beginning of the segment, in ms; `u32::MAX`: none.
    #[serde(default = "no_estimate", skip_serializing_if = "is_no_estimate")]
    pub(crate) estimate_ms: u32,
    /// Half width of the range told, in thousandths of the estimate.
    pub(crate) spread_permille: u16,
    pub(crate) medium: Medium,
    pub(crate) state: ContactState,
    pub(crate) kept: Kept,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) priority: u8,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) client_class: u8,
    pub(crate) ring: u8,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) callback: bool,
    /// Whether `SegmentEnded` is still to come.
    pub(crate) segment_open: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extra: Option<Box<Extra>>,
}

/// What few waiting contacts need.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Extra {
    /// Who declined it, and until when he is not asked again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) declined: Vec<(Slot, Timestamp)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) offer: Option<Offer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) disposition: Option<DispositionId>,
    /// End of wrap-up, of parking or of the wait before a callback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wrap_up_since: Option<Timestamp>,
    /// Preferred agent of a contact that is not eligible yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) preferred: Option<Slot>,
    #[serde(default, skip_serializing_if = "is_zero_ms")]
    pub(crate) talk_ms: i64,
    #[serde(default, skip_serializing_if = "is_zero_ms")]
    pub(crate) hold_ms: i64,
    #[serde(default, skip_serializing_if = "is_zero_ms")]
    pub(crate) wrap_up_ms: i64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Offer {
    pub(crate) id: OfferId,
    pub(crate) offered_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Contact {
    pub(crate) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    pub(crate) fn offer(&self) -> Option<Offer> {
        self.extra.as_ref().and_then(|extra| extra.offer)
    }

    pub(crate) fn until(&self) -> Option<Timestamp> {
        self.extra.as_ref().and_then(|extra| extra.until)
    }

    pub(crate) fn disposition(&self) -> Option<DispositionId> {
        self.extra.as_ref().and_then(|extra| extra.disposition)
    }

    pub(crate) fn declined(&self) -> &[(Slot, Timestamp)] {
        self.extra.as_ref().map_or(&[], |extra| &extra.declined)
    }

    pub(crate) const fn agent(&self) -> Option<Slot> {
        if self.agent == NO_SLOT { None } else { Some(self.agent) }
    }

    /// Whether the client is on the line with an agent.
    pub(crate) const fn is_live_conversation(&self) -> bool {
        self.medium.is_live() && matches!(self.state, ContactState::Active | ContactState::Held)
    }

    /// Place and its parts. queue.md "Order key".
    pub(crate) fn key(&self, order: &OrderConfig) -> Key {
        let class = order.priorities.get(usize::from(self.priority)).copied().unwrap_or_default();
        let client_class_ms = order
            .client_class_head_start_ms
            .get(usize::from(self.client_class))
            .copied()
            .unwrap_or(0);
        let medium_ms = order.medium_head_start_ms[self.medium];
        let eligible_at_ms = self.eligible_at.as_millis();
        Key {
            key_ms: eligible_at_ms
                .saturating_sub(class.head_start_ms)
                .saturating_sub(client_class_ms)
                .saturating_sub(medium_ms),
            eligible_at_ms,
            priority_ms: class.head_start_ms,
            client_class_ms,
            medium_ms,
            slope_permille: class.slope_permille,
            arrival_number: self.number,
        }
    }
}

/// What counts when contacts of different classes compete: slope × (now − key). Largest first.
pub(crate) fn effective_age(slope_permille: u32, now_ms: i64, key_ms: i64) -> i128 {
    i128::from(slope_permille) * (i128::from(now_ms) - i128::from(key_ms))
}

// A snapshot holds many contacts; what is as usual is left out of it.

const fn no_slot() -> Slot {
    NO_SLOT
}

const fn no_estimate() -> u32 {
    u32::MAX
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_no_slot(slot: &Slot) -> bool {
    *slot == NO_SLOT
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_no_estimate(estimate_ms: &u32) -> bool {
    *estimate_ms == u32::MAX
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_zero(number: &u8) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_zero_ms(duration_ms: &i64) -> bool {
    *duration_ms == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_false(value: &bool) -> bool {
    !*value
}
