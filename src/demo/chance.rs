//! Chance that repeats: the same seed gives the same bank.

use std::sync::Mutex;

use rozmova_base::Timestamp;
use rozmova_base::id::{IdMaker, uuid_v7};
use uuid::Uuid;

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): small, fast, good enough for choosing names.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// A sequence of its own for each seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// From `from` to `to`, both included.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from).max(0).unsigned_abs() + 1) as i64
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// From 0 to below 1.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of them; the list must not be empty.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        *self.pick_ref(list)
    }

    /// One of them; the list must not be empty.
    pub fn pick_ref<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }

    /// Which of the places, by weight. Weights must not all be 0.
    pub fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (place, weight) in weights.iter().enumerate() {
            if left < *weight {
                return place;
            }
            left -= weight;
        }
        0
    }

    /// Time to the next of events that come by chance, so many ms apart on average.
    pub fn exponential_ms(&mut self, mean_ms: f64) -> i64 {
        (-mean_ms * (1.0 - self.fraction()).ln()) as i64
    }

    /// A duration around a median: most are near it, some take several times as long (log-normal,
    /// as handling times are; Brown et al., JASA 2005).
    pub fn handling_ms(&mut self, median_ms: f64) -> i64 {
        // Twelve uniform values sum up to a normal one closely enough.
        let normal: f64 = (0..12).map(|_| self.fraction()).sum::<f64>() - 6.0;
        (median_ms * (normal * 0.6).exp()) as i64
    }
}

/// Ids that repeat with the seed and sort by the time they are given.
#[derive(Debug)]
pub struct SeededIds(Mutex<(Chance, Timestamp)>);

impl SeededIds {
    /// Ids of the seed, as if made at `at`.
    pub const fn new(seed: u64, at: Timestamp) -> Self {
        Self(Mutex::new((Chance::new(seed), at)))
    }

    /// Ids from now on are as if made at `at`.
    pub fn set_time(&self, at: Timestamp) {
        if let Ok(mut state) = self.0.lock() {
            state.1 = at;
        }
    }
}

impl IdMaker for SeededIds {
    fn next_uuid(&self) -> Uuid {
        let mut state = match self.0.lock() {
            Ok(state) => state,
            Err(poisoned) => poisoned.into_inner(),
        };
        let mut random = [0; 10];
        random[..8].copy_from_slice(&state.0.bits().to_le_bytes());
        random[8..].copy_from_slice(&state.0.bits().to_le_bytes()[..2]);
        uuid_v7(state.1, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence() {
        let draw = |seed| -> Vec<u64> {
            let mut chance = Chance::new(seed);
            (0..100).map(|_| chance.below(1_000)).collect()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(3).iter().all(|value| *value < 1_000));
    }

    #[test]
    fn averages_are_what_they_should_be() {
        let mut chance = Chance::new(7);
        let mean = (0..20_000).map(|_| chance.exponential_ms(1_000.0)).sum::<i64>() / 20_000;
        assert!((960..1_040).contains(&mean), "{mean}");
        let mut times: Vec<i64> = (0..20_001).map(|_| chance.handling_ms(60_000.0)).collect();
        times.sort_unstable();
        assert!((57_000..63_000).contains(&times[10_000]), "{}", times[10_000]);
        let heads = (0..20_000).filter(|_| chance.weighted(&[1, 3]) == 0).count();
        assert!((4_700..5_300).contains(&heads), "{heads}");
    }
}
