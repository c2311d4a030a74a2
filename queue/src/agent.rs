//! The record of an agent: presence, work in hand, and whether he may be offered a medium now.

use std::collections::BTreeSet;

use rozmova_base::Timestamp;
use rozmova_base::id::PauseReasonId;
use serde::{Deserialize, Serialize};

use crate::config::{AgentConfig, Interrupt, MediaConfig, Medium, PerMedium, SkillLevel};
use crate::slab::Slot;
use crate::trace::Exclusion;
use crate::view::{AgentState, ContactState};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Presence {
    Offline,
    Ready,
    NotResponding,
    Paused(Option<PauseReasonId>),
}

/// What becomes of the agent when nothing more is in his hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AfterThis {
    Ready,
    Pause(PauseReasonId),
}

/// What a decision reads of him stands first and together: of an agent whose turn has not come for
/// long, nothing is in a cache.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[repr(C)]
pub(crate) struct Agent {
    /// Skills sorted by id.
    pub(crate) config: AgentConfig,
    /// When he last became ready, was given work or finished some.
    pub(crate) idle_since: Timestamp,
    /// Thousandths, at his last change.
    pub(crate) occupancy_permille: u32,
    pub(crate) offered: PerMedium<u16>,
    pub(crate) handled: PerMedium<u16>,
    pub(crate) wrap_up: PerMedium<u16>,
    pub(crate) medium_ready: PerMedium<bool>,
    pub(crate) connected: bool,
    pub(crate) presence: Presence,
    /// The state last told, and since when.
    pub(crate) shown: AgentState,
    pub(crate) after_this: Option<AfterThis>,
    pub(crate) shown_since: Timestamp,
    /// Contacts that are his in any way but being kept for him.
    pub(crate) contacts: BTreeSet<Slot>,
    pub(crate) busy_ms: i64,
    pub(crate) busy_since: Option<Timestamp>,
    pub(crate) signed_in_at: Timestamp,
    pub(crate) grace_ends: Option<Timestamp>,
    pub(crate) pause_limit_at: Option<Timestamp>,
}

impl Agent {
    pub(crate) fn new(config: AgentConfig, now: Timestamp) -> Self {
        Self {
            config,
            presence: Presence::Offline,
            connected: false,
            grace_ends: None,
            pause_limit_at: None,
            after_this: None,
            medium_ready: PerMedium { call: true, email: true, fax: true, letter: true },
            shown: AgentState::Offline,
            shown_since: now,
            idle_since: now,
            signed_in_at: now,
            busy_ms: 0,
            busy_since: None,
            occupancy_permille: 0,
            offered: PerMedium::default(),
            handled: PerMedium::default(),
            wrap_up: PerMedium::default(),
            contacts: BTreeSet::new(),
        }
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        self.presence != Presence::Offline
    }

    /// The state as others see it.
    pub(crate) fn state(&self) -> AgentState {
        let any = |load: &PerMedium<u16>| Medium::ALL.iter().any(|medium| load[*medium] > 0);
        match self.presence {
            Presence::Offline => AgentState::Offline,
            Presence::NotResponding => AgentState::NotResponding,
            Presence::Paused(reason) => AgentState::Paused { reason },
            Presence::Ready if any(&self.handled) => AgentState::Busy,
            Presence::Ready if any(&self.wrap_up) => AgentState::WrapUp,
            Presence::Ready => AgentState::Ready,
        }
    }

    pub(crate) fn has_nothing_in_hand(&self) -> bool {
        Medium::ALL.iter().all(|medium| {
            self.offered[*medium] == 0 && self.handled[*medium] == 0 && self.wrap_up[*medium] == 0
        })
    }

    /// Whether he is, or is about to be, paused for this reason.
    pub(crate) fn uses_pause_reason(&self, reason: PauseReasonId) -> bool {
        self.presence == Presence::Paused(Some(reason))
            || self.after_this == Some(AfterThis::Pause(reason))
    }

    /// Contacts of a medium that take capacity.
    fn in_hand(&self, medium: Medium, media: &MediaConfig) -> u16 {
        let wrap_up = if media.0[medium].wrap_up_takes_capacity { self.wrap_up[medium] } else { 0 };
        self.offered[medium] + self.handled[medium] + wrap_up
    }

    pub(crate) fn used_units(&self, media: &MediaConfig) -> u16 {
        Medium::ALL.iter().fold(0, |sum: u16, medium| {
            sum.saturating_add(self.in_hand(*medium, media).saturating_mul(media.0[*medium].units))
        })
    }

    /// Why he cannot be offered a contact of this medium now; none: he can.
    pub(crate) fn exclusion(&self, medium: Medium, media: &MediaConfig) -> Option<Exclusion> {
        if self.presence != Presence::Ready {
            return Some(Exclusion::State { state: self.state() });
        }
        if !self.connected {
            return Some(Exclusion::Disconnected);
        }
        if !self.medium_ready[medium] {
            return Some(Exclusion::MediumNotReady);
        }
        self.capacity_exclusion(medium, media)
    }

    /// The part of [`Self::exclusion`] that also binds an agent who takes work by himself.
    pub(crate) fn capacity_exclusion(
        &self,
        medium: Medium,
        media: &MediaConfig,
    ) -> Option<Exclusion> {
        if self.in_hand(medium, media) >= u16::from(self.config.maximum[medium]) {
            return Some(Exclusion::Maximum);
        }
        if self.offered[medium] > 0 {
            return Some(Exclusion::BeingOffered);
        }
        let mut units = u32::from(media.0[medium].units);
        for other in Medium::ALL {
            let count = self.in_hand(other, media);
            if count == 0 {
                continue;
            }
            match self.config.interrupts.0[other][medium] {
                Interrupt::Blocks => return Some(Exclusion::Blocked { by: other }),
                Interrupt::Shares => units += u32::from(count) * u32::from(media.0[other].units),
                Interrupt::Yields => {}
            }
        }
        (units > u32::from(self.config.capacity_units)).then_some(Exclusion::Capacity)
    }

    /// The counter in which a contact of his in this state stands.
    pub(crate) fn load_mut(&mut self, state: ContactState, medium: Medium) -> Option<&mut u16> {
        match state {
            ContactState::Offered => Some(&mut self.offered[medium]),
            ContactState::Active | ContactState::Held => Some(&mut self.handled[medium]),
            ContactState::WrapUp => Some(&mut self.wrap_up[medium]),
            ContactState::Received
            | ContactState::Queued
            | ContactState::WaitingForClient
            | ContactState::Parked
            | ContactState::CallbackScheduled
            | ContactState::Closed
            | ContactState::Abandoned
            | ContactState::Overflowed
            | ContactState::Failed => None,
        }
    }

    /// Keeps the occupancy figure up to date after a change of load: share of the time since he
    /// signed in during which he handled something.
    pub(crate) fn account_busy_time(&mut self, now: Timestamp) {
        let busy = Medium::ALL.iter().any(|m| self.handled[*m] > 0 || self.wrap_up[*m] > 0);
        match (busy, self.busy_since) {
            (true, None) => self.busy_since = Some(now),
            (false, Some(since)) => {
                self.busy_ms += now.millis_since(since);
                self.busy_since = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
        let running = self.busy_since.map_or(0, |since| now.millis_since(since));
        let present = now.millis_since(self.signed_in_at).max(1);
        self.occupancy_permille =
            u32::try_from((self.busy_ms + running).saturating_mul(1000) / present).unwrap_or(0);
    }
}

/// Whether an agent's skills (sorted) meet what is needed.
pub(crate) fn meets(skills: &[SkillLevel], needs: &[SkillLevel]) -> bool {
    needs.iter().all(|need| level_of(skills, need).is_some_and(|level| level >= need.level))
}

/// Sum of an agent's levels in the needed skills.
pub(crate) fn skill_score(skills: &[SkillLevel], needs: &[SkillLevel]) -> u32 {
    needs.iter().filter_map(|need| level_of(skills, need)).map(u32::from).sum()
}

fn level_of(skills: &[SkillLevel], need: &SkillLevel) -> Option<u8> {
    let index = skills.binary_search_by_key(&need.skill, |skill| skill.skill).ok()?;
    Some(skills[index].level)
}
