//! How much one address may do in a minute. Pure: the time comes in.
//!
//! Each address has a bucket for each thing that is counted; a bucket holds a minute's worth and
//! fills steadily. Full buckets are forgotten, so that memory follows the addresses of the last
//! minute, and there is a limit to them too.

use std::collections::BTreeMap;
use std::net::IpAddr;

use channel_contract::base::Timestamp;

/// Addresses that are remembered at once: beyond it somebody uses many, and the limits of all
/// connections together must do.
const ADDRESSES_MAX: usize = 10_000;
const MINUTE_US: i64 = 60_000_000;

/// Buckets of all addresses for one thing that is counted.
#[derive(Debug)]
pub struct Rate {
    per_minute: u32,
    /// When the address's bucket will be full again, in microseconds since 1970.
    full_at: BTreeMap<IpAddr, i64>,
}

impl Rate {
    /// `per_minute` 0: without limit.
    pub const fn new(per_minute: u32) -> Self {
        Self { per_minute, full_at: BTreeMap::new() }
    }

    /// Takes `count` out of the address's bucket; `false`: there is not so much in it, and nothing
    /// was taken.
    pub fn take(&mut self, address: IpAddr, count: u32, now: Timestamp) -> bool {
        if self.per_minute == 0 {
            return true;
        }
        let one_us = MINUTE_US / i64::from(self.per_minute);
        let full_at = self.full_at.get(&address).copied().unwrap_or(now.0).max(now.0);
        let then = full_at.saturating_add(one_us.saturating_mul(i64::from(count)));
        if then - now.0 > MINUTE_US {
            return false;
        }
        self.note(address, then, now);
        true
    }

    /// Takes `count` out of the bucket in any case: what has happened counts, more than there is
    /// in it up to another minute's worth.
    pub fn charge(&mut self, address: IpAddr, count: u32, now: Timestamp) {
        if self.per_minute == 0 || count == 0 {
            return;
        }
        let one_us = MINUTE_US / i64::from(self.per_minute);
        let full_at = self.full_at.get(&address).copied().unwrap_or(now.0).max(now.0);
        let then = full_at.saturating_add(one_us.saturating_mul(i64::from(count)));
        self.note(address, then.min(now.0 + 2 * MINUTE_US), now);
    }

    /// Whether there is something in the address's bucket.
    pub fn has_some(&self, address: IpAddr, now: Timestamp) -> bool {
        self.full_at.get(&address).is_none_or(|full_at| full_at - now.0 < MINUTE_US)
    }

    fn note(&mut self, address: IpAddr, full_at: i64, now: Timestamp) {
        if self.full_at.len() >= ADDRESSES_MAX && !self.full_at.contains_key(&address) {
            self.full_at.retain(|_, full_at| *full_at > now.0);
            if self.full_at.len() >= ADDRESSES_MAX {
                self.full_at.pop_first();
            }
        }
        self.full_at.insert(address, full_at);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(number))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_700_000_000 + seconds)
    }

    #[test]
    fn a_minutes_worth_at_once_and_then_steadily() {
        let mut rate = Rate::new(60);
        assert!((0..60).all(|_| rate.take(address(1), 1, at(0))));
        assert!(!rate.take(address(1), 1, at(0)));
        assert!(rate.take(address(2), 60, at(0)), "another address has its own");
        assert!(!rate.take(address(1), 2, at(1)));
        assert!(rate.take(address(1), 1, at(1)), "one a second comes back");
        assert!(rate.take(address(1), 60, at(120)), "and no more than a minute's worth");
        assert!((0..1_000).all(|_| Rate::new(0).take(address(1), 1, at(0))));
    }

    #[test]
    fn what_has_happened_counts_and_is_forgotten() {
        let mut rate = Rate::new(10);
        assert!(rate.has_some(address(1), at(0)));
        rate.charge(address(1), 1_000, at(0));
        assert!(!rate.has_some(address(1), at(59)));
        assert!(rate.has_some(address(1), at(61)));
        rate.charge(address(2), 9, at(0));
        assert!(rate.has_some(address(2), at(0)));
    }

    #[test]
    fn there_is_a_limit_to_the_addresses() {
        let mut rate = Rate::new(10);
        for number in 0..20_000 {
            assert!(rate.take(address(number), 1, at(0)));
        }
        assert!(rate.full_at.len() <= ADDRESSES_MAX);
    }
}
