//! Ids that the engine makes itself: of segments and offers.
//!
//! Layout of UUID version 8 (RFC 9562 §5.8): 48 bits of the milliseconds of the decision, then the
//! version, then a counter that is part of the engine's state. The counter never repeats within an
//! installation, so the ids do not either, and a replay makes the same ones again.

use rozmova_base::Timestamp;
use serde::{Deserialize, Serialize};

/// Counts what was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct IdCounter(u64);

impl IdCounter {
    /// The value of the next id.
    pub(crate) fn next(&mut self, at: Timestamp) -> u128 {
        self.0 += 1;
        let millis = u128::try_from(at.as_millis().max(0)).unwrap_or(0) & 0xffff_ffff_ffff;
        let counter = u128::from(self.0);
        // 12 bits (custom_b) and 62 bits (custom_c) hold the counter, high bits first.
        let high = (counter >> 62) & 0xfff;
        let low = counter & 0x3fff_ffff_ffff_ffff;
        (millis << 80) | (0x8 << 76) | (high << 64) | (0b10 << 62) | low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_within_a_millisecond_and_have_version_8() {
        let mut counter = IdCounter::default();
        let at = Timestamp::from_millis(1_700_000_000_000);
        let first = counter.next(at);
        let second = counter.next(at);
        assert!(first < second);
        assert_eq!((first >> 76) & 0xf, 8, "version, RFC 9562 §4.2");
        assert_eq!((first >> 62) & 0b11, 0b10, "variant, RFC 9562 §4.1");
        assert_eq!(first >> 80, 1_700_000_000_000);
    }
}
