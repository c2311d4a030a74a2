//! The figures of a contact centre, with their formulas. Everything is counted from events.
//!
//! A *segment* is one visit of a contact to one queue. Its wait ends when an agent has the contact,
//! the client leaves, or the contact goes elsewhere.

use serde::{Deserialize, Serialize};

use crate::output::{Event, EventKind, SegmentOutcome};

/// Counts over segments, from which the figures follow. Whole numbers, so that the counts of two
/// intervals add up to the counts of both, to the last digit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentCounts {
    /// Segments that entered the queue.
    pub offered: u64,
    /// Answered by an agent.
    pub answered: u64,
    /// Of these within the target.
    pub answered_in_target: u64,
    /// The client left.
    pub abandoned: u64,
    /// Of these sooner than the limit of a short abandon, τ.
    pub abandoned_short: u64,
    /// Of the abandoned within the target.
    pub abandoned_in_target: u64,
    /// Went to another queue, voicemail, a number outside, or were moved.
    pub flowed_out: u64,
    /// Of these within the target.
    pub flowed_out_in_target: u64,
    /// Closed, merged or failed while they waited.
    pub closed_or_failed: u64,
    /// Sum of the waits of answered segments, offers included.
    pub answered_wait_ms: i64,
    /// Sum of the waits of abandoned segments.
    pub abandoned_wait_ms: i64,
    /// Longest wait of any segment.
    pub longest_wait_ms: i64,
}

/// Which formula. Other products count otherwise; the name says as whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceLevelFormula {
    /// `answered in T / (answered + abandoned − abandoned sooner than τ)`. The default.
    Ours,
    /// Genesys: `answered in T / answered`.
    GenesysAnswered,
    /// Genesys: `answered in T / (answered + abandoned + flowed out)`.
    GenesysOffered,
    /// Amazon Connect: `left the queue in T: answered, abandoned or flowed out / entered`.
    Connect,
    /// Dynamics 365: `engaged in T / engaged`.
    Dynamics,
}

impl ServiceLevelFormula {
    /// The formula in words, to be printed beside the figure.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ours => "answered in ≤ T / (answered + abandoned − abandoned in < τ)",
            Self::GenesysAnswered | Self::Dynamics => "answered in ≤ T / answered",
            Self::GenesysOffered => "answered in ≤ T / (answered + abandoned + flowed out)",
            Self::Connect => "answered, abandoned or flowed out in ≤ T / entered",
        }
    }
}

impl SegmentCounts {
    /// Counts one event; `target_ms` is T and `short_ms` τ. Events that are not about segments
    /// count nothing.
    pub fn count(&mut self, event: &Event, target_ms: i64, short_ms: i64) {
        if let EventKind::Queued { .. } = event.kind {
            self.offered += 1;
        }
        let EventKind::SegmentEnded { outcome, waited_ms, .. } = event.kind else { return };
        let in_target = u64::from(waited_ms <= target_ms);
        self.longest_wait_ms = self.longest_wait_ms.max(waited_ms);
        match outcome {
            SegmentOutcome::Answered => {
                self.answered += 1;
                self.answered_in_target += in_target;
                self.answered_wait_ms += waited_ms;
            }
            SegmentOutcome::Abandoned => {
                self.abandoned += 1;
                self.abandoned_in_target += in_target;
                self.abandoned_short += u64::from(waited_ms < short_ms);
                self.abandoned_wait_ms += waited_ms;
            }
            SegmentOutcome::Overflowed | SegmentOutcome::Moved => {
                self.flowed_out += 1;
                self.flowed_out_in_target += in_target;
            }
            SegmentOutcome::Closed | SegmentOutcome::Failed => self.closed_or_failed += 1,
        }
    }

    /// The counts of two intervals, or of two queues, together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            offered: self.offered + other.offered,
            answered: self.answered + other.answered,
            answered_in_target: self.answered_in_target + other.answered_in_target,
            abandoned: self.abandoned + other.abandoned,
            abandoned_short: self.abandoned_short + other.abandoned_short,
            abandoned_in_target: self.abandoned_in_target + other.abandoned_in_target,
            flowed_out: self.flowed_out + other.flowed_out,
            flowed_out_in_target: self.flowed_out_in_target + other.flowed_out_in_target,
            closed_or_failed: self.closed_or_failed + other.closed_or_failed,
            answered_wait_ms: self.answered_wait_ms + other.answered_wait_ms,
            abandoned_wait_ms: self.abandoned_wait_ms + other.abandoned_wait_ms,
            longest_wait_ms: self.longest_wait_ms.max(other.longest_wait_ms),
        }
    }

    /// Service level between 0 and 1; none when nothing counts.
    pub fn service_level(&self, formula: ServiceLevelFormula) -> Option<f64> {
        let (good, all) = match formula {
            ServiceLevelFormula::Ours => {
                (self.answered_in_target, self.answered + self.abandoned - self.abandoned_short)
            }
            ServiceLevelFormula::GenesysAnswered | ServiceLevelFormula::Dynamics => {
                (self.answered_in_target, self.answered)
            }
            ServiceLevelFormula::GenesysOffered => {
                (self.answered_in_target, self.answered + self.abandoned + self.flowed_out)
            }
            ServiceLevelFormula::Connect => (
                self.answered_in_target + self.abandoned_in_target + self.flowed_out_in_target,
                self.offered,
            ),
        };
        share(good, all)
    }

    /// Average speed of answer in seconds: mean wait and ring time of answered segments.
    pub fn asa_s(&self) -> Option<f64> {
        mean_s(self.answered_wait_ms, self.answered)
    }

    /// Share of the offered that were abandoned, between 0 and 1.
    pub fn abandonment(&self) -> Option<f64> {
        share(self.abandoned, self.offered)
    }
}

/// Handling of closed contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandlingCounts {
    /// Contacts closed.
    pub closed: u64,
    /// Time with clients.
    pub talk_ms: i64,
    /// Time on hold.
    pub hold_ms: i64,
    /// Time in wrap-up.
    pub wrap_up_ms: i64,
}

impl HandlingCounts {
    /// Counts one event; others than the closing of a contact count nothing.
    pub fn count(&mut self, event: &Event) {
        if let EventKind::Closed { talk_ms, hold_ms, wrap_up_ms, .. } = event.kind {
            self.closed += 1;
            self.talk_ms += talk_ms;
            self.hold_ms += hold_ms;
            self.wrap_up_ms += wrap_up_ms;
        }
    }

    /// Average handling time in seconds: talk, hold and wrap-up.
    pub fn aht_s(&self) -> Option<f64> {
        mean_s(self.talk_ms + self.hold_ms + self.wrap_up_ms, self.closed)
    }
}

/// Occupancy between 0 and 1: handling time / (handling time + ready and idle), by the wall clock.
pub fn occupancy(handling_ms: i64, ready_idle_ms: i64) -> Option<f64> {
    let all = handling_ms + ready_idle_ms;
    (all > 0).then(|| handling_ms as f64 / all as f64)
}

/// Adherence between 0 and 1: `1 − exception time / scheduled time`, not below 0.
pub fn adherence(exception_ms: i64, scheduled_ms: i64) -> Option<f64> {
    (scheduled_ms > 0).then(|| (1.0 - exception_ms as f64 / scheduled_ms as f64).max(0.0))
}

/// Conformance: `time worked / scheduled time`; may be above 1.
pub fn conformance(worked_ms: i64, scheduled_ms: i64) -> Option<f64> {
    (scheduled_ms > 0).then(|| worked_ms as f64 / scheduled_ms as f64)
}

fn share(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

fn mean_s(sum_ms: i64, count: u64) -> Option<f64> {
    (count > 0).then(|| sum_ms as f64 / count as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use rozmova_base::Timestamp;

    use super::*;

    fn event(kind: EventKind) -> Event {
        Event {
            seq: 1,
            at: Timestamp(0),
            interaction: None,
            segment: None,
            offer: None,
            queue: None,
            agent: None,
            medium: None,
            kind,
        }
    }

    /// Ten segments: 6 answered (4 in 20 s), 3 abandoned (1 short, 2 in 20 s), 1 flowed out late.
    fn day() -> SegmentCounts {
        let mut counts = SegmentCounts { offered: 10, ..SegmentCounts::default() };
        let ends = [
            (SegmentOutcome::Answered, 0),
            (SegmentOutcome::Answered, 5_000),
            (SegmentOutcome::Answered, 10_000),
            (SegmentOutcome::Answered, 20_000),
            (SegmentOutcome::Answered, 20_001),
            (SegmentOutcome::Answered, 60_000),
            (SegmentOutcome::Abandoned, 4_999),
            (SegmentOutcome::Abandoned, 5_000),
            (SegmentOutcome::Abandoned, 40_000),
            (SegmentOutcome::Overflowed, 30_000),
        ];
        for (outcome, waited_ms) in ends {
            let ended = event(EventKind::SegmentEnded { outcome, waited_ms, facts: None });
            counts.count(&ended, 20_000, 5_000);
        }
        counts
    }

    #[test]
    fn each_formula_counts_as_its_name_says() {
        let counts = day();
        let level = |formula| counts.service_level(formula).expect("something counts");
        let close =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
        close(level(ServiceLevelFormula::Ours), 4.0 / 8.0);
        close(level(ServiceLevelFormula::GenesysAnswered), 4.0 / 6.0);
        close(level(ServiceLevelFormula::GenesysOffered), 4.0 / 10.0);
        close(level(ServiceLevelFormula::Connect), 6.0 / 10.0);
        close(level(ServiceLevelFormula::Dynamics), 4.0 / 6.0);
        close(counts.asa_s().expect("answered"), 115.001 / 6.0);
        close(counts.abandonment().expect("offered"), 0.3);
        assert_eq!(counts.longest_wait_ms, 60_000);
    }

    #[test]
    fn intervals_add_up_to_the_day() {
        let (morning, evening) = (day(), day());
        let both = morning.plus(evening);
        assert_eq!(both.answered, 12);
        assert_eq!(both.service_level(ServiceLevelFormula::Ours), Some(0.5));
        assert_eq!(SegmentCounts::default().service_level(ServiceLevelFormula::Ours), None);
    }

    #[test]
    fn handling_occupancy_and_adherence() {
        let mut counts = HandlingCounts::default();
        counts.count(&event(EventKind::Closed {
            disposition: None,
            talk_ms: 100_000,
            hold_ms: 20_000,
            wrap_up_ms: 30_000,
            facts: None,
        }));
        counts.count(&event(EventKind::OfferAccepted));
        assert_eq!(counts.aht_s(), Some(150.0));
        assert_eq!(occupancy(45, 15), Some(0.75));
        assert_eq!(occupancy(0, 0), None);
        assert_eq!(adherence(200, 100), Some(0.0));
        assert_eq!(conformance(110, 100), Some(1.1));
    }
}
