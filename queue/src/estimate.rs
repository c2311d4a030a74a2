//! How long a contact will wait: an estimate that measures its own error.
//!
//! With stable rates: *queue length with abandonment*. With `n` ahead, service starting at rate μ
//! and each waiting client leaving at rate θ, the wait is `Σ k=0..n 1/(μ + kθ)`.
//! Until rates are known: *head of line*, the wait so far of the contact that is served next.
//! The state is made of integers, so that a restored engine gives the same figures.

use rozmova_base::Timestamp;
use serde::{Deserialize, Serialize};

use crate::output::WaitRange;
use crate::view::EstimateQuality;

/// Intervals between service starts that must be known before rates count as stable.
const STABLE_AFTER: u32 = 20;
/// A new interval counts for a sixteenth: some twenty starts of memory.
const INTERVAL_SHIFT: u32 = 4;
/// Sums for the abandonment rate are halved when this many segments are in them.
const ABANDON_WINDOW: u64 = 256;
/// Terms of the sum computed one by one; beyond it in steps that double.
const EXACT_TERMS: u32 = 64;
const FIRST_SPREAD_PERMILLE: u16 = 500;
const MIN_SPREAD_PERMILLE: u16 = 50;
const MAX_SPREAD_PERMILLE: u16 = 3_000;
/// Widening four times as much on a miss as narrowing on a hit leads to four hits for one miss:
/// a range that holds in 80 % of cases.
const NARROW_PERMILLE: u16 = 5;
const WIDEN_PERMILLE: u16 = 4 * NARROW_PERMILLE;

/// One per queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Estimator {
    /// Mean time between service starts while others waited, in µs.
    interval_us: i64,
    intervals: u32,
    /// Last service start, if somebody has waited ever since.
    last_start: Option<Timestamp>,
    abandoned: u64,
    segments: u64,
    waited_ms: i64,
    pub(crate) spread_permille: u16,
    compared: u64,
    error_ms: i64,
    covered: u64,
}

impl Default for Estimator {
    fn default() -> Self {
        Self {
            interval_us: 0,
            intervals: 0,
            last_start: None,
            abandoned: 0,
            segments: 0,
            waited_ms: 0,
            spread_permille: FIRST_SPREAD_PERMILLE,
            compared: 0,
            error_ms: 0,
            covered: 0,
        }
    }
}

impl Estimator {
    /// A contact was given to an agent; `others_wait` says whether the queue is still not empty.
    pub(crate) fn service_started(&mut self, now: Timestamp, others_wait: bool) {
        if let Some(last) = self.last_start {
            let interval = now.as_micros().saturating_sub(last.as_micros());
            if self.intervals == 0 {
                self.interval_us = interval;
            } else {
                self.interval_us += (interval - self.interval_us) >> INTERVAL_SHIFT;
            }
            self.intervals = self.intervals.saturating_add(1);
        }
        self.last_start = others_wait.then_some(now);
    }

    /// A segment ended after a wait. When the last waiting client leaves, the time until the next
    /// service start says nothing about the rate of service.
    pub(crate) fn segment_ended(&mut self, waited_ms: i64, abandoned: bool, others_wait: bool) {
        if abandoned && !others_wait {
            self.last_start = None;
        }
        self.segments += 1;
        self.abandoned += u64::from(abandoned);
        self.waited_ms = self.waited_ms.saturating_add(waited_ms);
        if self.segments >= ABANDON_WINDOW {
            self.segments /= 2;
            self.abandoned /= 2;
            self.waited_ms /= 2;
        }
    }

    /// Compares what was told with what came.
    pub(crate) fn compare(&mut self, told_ms: i64, spread_permille: u16, waited_ms: i64) {
        let error = (told_ms - waited_ms).abs();
        let half = told_ms * i64::from(spread_permille) / 1000;
        let covered = error <= half.max(1_000);
        self.compared += 1;
        self.error_ms = self.error_ms.saturating_add(error);
        self.covered += u64::from(covered);
        let spread = if covered {
            self.spread_permille.saturating_sub(NARROW_PERMILLE)
        } else {
            self.spread_permille + WIDEN_PERMILLE
        };
        self.spread_permille = spread.clamp(MIN_SPREAD_PERMILLE, MAX_SPREAD_PERMILLE);
    }

    /// Expected wait with so many ahead. `head_waited_ms` is the wait so far of the head of line.
    pub(crate) fn expected_ms(&self, ahead: u32, head_waited_ms: Option<i64>) -> Option<i64> {
        if self.intervals < STABLE_AFTER {
            return head_waited_ms;
        }
        let mu = 1_000.0 / (self.interval_us.max(1) as f64);
        let theta =
            if self.waited_ms > 0 { self.abandoned as f64 / self.waited_ms as f64 } else { 0.0 };
        Some(sum_of_waits(mu, theta, ahead) as i64)
    }

    /// The range to tell for an expectation.
    pub(crate) fn range(&self, expected_ms: i64) -> WaitRange {
        let half = (expected_ms * i64::from(self.spread_permille) / 1000).max(1_000);
        WaitRange { from_ms: (expected_ms - half).max(0), expected_ms, to_ms: expected_ms + half }
    }

    pub(crate) fn quality(&self) -> EstimateQuality {
        let compared = i64::try_from(self.compared).unwrap_or(i64::MAX).max(1);
        EstimateQuality {
            compared: self.compared,
            mean_absolute_error_ms: self.error_ms / compared,
            coverage_permille: u32::try_from(
                self.covered.saturating_mul(1000) / self.compared.max(1),
            )
            .unwrap_or(0),
        }
    }
}

/// `Σ k=0..=ahead 1/(μ + kθ)` in ms; rates per ms. Only the four basic operations are used: they
/// give the same bits on every machine, a logarithm might not.
fn sum_of_waits(mu: f64, theta: f64, ahead: u32) -> f64 {
    let mut sum = 0.0;
    let mut first = 0_u32;
    let mut step = 1_u32;
    while first <= ahead {
        let count = step.min(ahead - first + 1);
        let middle = f64::from(first) + f64::from(count - 1) / 2.0;
        sum += f64::from(count) / (mu + middle * theta);
        first += count;
        if first >= EXACT_TERMS {
            step = (first / EXACT_TERMS).max(1);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_abandonment_the_wait_is_the_number_ahead_over_the_rate() {
        let sum = sum_of_waits(0.01, 0.0, 9);
        assert!((sum - 1_000.0).abs() < 1e-6, "{sum}");
    }

    #[test]
    fn long_queues_are_summed_in_steps_within_a_thousandth() {
        let (mu, theta) = (0.05, 0.000_01);
        let exact: f64 = (0..=100_000).map(|k| 1.0 / (mu + f64::from(k) * theta)).sum();
        let sum = sum_of_waits(mu, theta, 100_000);
        assert!((sum / exact - 1.0).abs() < 1e-3, "{sum} {exact}");
    }

    #[test]
    fn before_rates_are_known_the_head_of_line_is_told() {
        let estimator = Estimator::default();
        assert_eq!(estimator.expected_ms(5, Some(42_000)), Some(42_000));
        assert_eq!(estimator.expected_ms(5, None), None);
    }

    #[test]
    fn ranges_narrow_on_hits_and_widen_on_misses() {
        let mut estimator = Estimator::default();
        for _ in 0..40 {
            estimator.compare(60_000, estimator.spread_permille, 61_000);
        }
        assert!(estimator.spread_permille < FIRST_SPREAD_PERMILLE);
        let narrow = estimator.spread_permille;
        estimator.compare(60_000, narrow, 600_000);
        assert!(estimator.spread_permille > narrow);
        assert_eq!(estimator.quality().compared, 41);
    }
}
