//! Who looks at which interaction just now. In memory: after a restart desks say it again within
//! seconds.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, UserId};

/// How long a look counts. Desks repeat it every 15 s, so one lost request is forgiven.
pub const LEASE_MS: i64 = 30_000;
/// Most people shown at one interaction; more is a mistake or a demonstration.
const VIEWERS_MAX: usize = 50;

/// Somebody who looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Who.
    pub id: UserId,
    /// As shown.
    pub name: String,
    /// Whether he is writing.
    pub writes: bool,
}

#[derive(Clone, Debug)]
struct Lease {
    viewer: Viewer,
    until: Timestamp,
}

/// Everybody who looks at anything. Shared by all tasks.
#[derive(Debug, Default)]
pub struct Viewers(Mutex<BTreeMap<InteractionId, BTreeMap<UserId, Lease>>>);

impl Viewers {
    /// Somebody looks; `true` when that is news to others.
    pub fn look(&self, interaction: InteractionId, viewer: Viewer, now: Timestamp) -> bool {
        let mut all = self.lock();
        let leases = all.entry(interaction).or_default();
        leases.retain(|_, lease| lease.until > now);
        if leases.len() >= VIEWERS_MAX && !leases.contains_key(&viewer.id) {
            return false;
        }
        let is_news = leases.get(&viewer.id).is_none_or(|before| before.viewer != viewer);
        leases.insert(viewer.id, Lease { until: now.plus_millis(LEASE_MS), viewer });
        is_news
    }

    /// Somebody looks no more; `true` when he did before.
    pub fn leave(&self, interaction: InteractionId, user: UserId) -> bool {
        let mut all = self.lock();
        let left = all.get_mut(&interaction).and_then(|leases| leases.remove(&user)).is_some();
        if all.get(&interaction).is_some_and(BTreeMap::is_empty) {
            all.remove(&interaction);
        }
        left
    }

    /// Who looks at it now.
    pub fn of(&self, interaction: InteractionId, now: Timestamp) -> Vec<Viewer> {
        let all = self.lock();
        let leases = all.get(&interaction).into_iter().flat_map(BTreeMap::values);
        leases.filter(|lease| lease.until > now).map(|lease| lease.viewer.clone()).collect()
    }

    /// Ends what has run out; gives the interactions at which somebody is gone.
    pub fn expire(&self, now: Timestamp) -> Vec<InteractionId> {
        let mut changed = Vec::new();
        self.lock().retain(|interaction, leases| {
            let before = leases.len();
            leases.retain(|_, lease| lease.until > now);
            if leases.len() < before {
                changed.push(*interaction);
            }
            !leases.is_empty()
        });
        changed
    }

    /// No code that holds the lock can panic, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<InteractionId, BTreeMap<UserId, Lease>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_lasts_half_a_minute_and_is_news_once() {
        let (viewers, interaction) = (Viewers::default(), InteractionId::from_u128(1));
        let ana = |writes| Viewer { id: UserId::from_u128(1), name: "Ana".to_owned(), writes };
        let at = Timestamp::from_millis;
        assert!(viewers.look(interaction, ana(false), at(0)));
        assert!(!viewers.look(interaction, ana(false), at(15_000)));
        assert!(viewers.look(interaction, ana(true), at(16_000)));
        assert_eq!(viewers.of(interaction, at(20_000)), [ana(true)]);
        assert!(viewers.expire(at(45_999)).is_empty());
        assert_eq!(viewers.expire(at(46_000)), [interaction]);
        assert!(viewers.of(interaction, at(46_000)).is_empty());
        assert!(viewers.look(interaction, ana(false), at(47_000)));
        assert!(viewers.leave(interaction, ana(false).id));
        assert!(!viewers.leave(interaction, ana(false).id));
    }
}
