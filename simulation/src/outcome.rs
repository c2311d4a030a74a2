//! What came of a run, in figures.

use rozmova_queue::Totals;
use rozmova_queue::service_level::{HandlingCounts, SegmentCounts, ServiceLevelFormula};
use serde::Serialize;
use utoipa::ToSchema;

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Outcome {
    /// Name of the scenario.
    pub name: String,
    /// The seed: with it the run can be repeated.
    pub seed: u64,
    /// Days simulated.
    pub days: u32,
    /// How the service level is computed.
    pub service_level_formula: &'static str,
    /// Contacts that came in.
    pub arrived: u64,
    /// Contacts handled to their end.
    pub closed: u64,
    /// Contacts whose clients left.
    pub abandoned: u64,
    /// Contacts that were still open when the run ended.
    pub open: u64,
    /// Steps of the engine.
    pub steps: u64,
    /// All queues together.
    pub total: Figures,
    /// In the order of the scenario.
    pub queues: Vec<QueueOutcome>,
    /// In the order of the scenario.
    pub agents: Vec<GroupOutcome>,
    /// By time of day and queue, all days together; by interval of arrival. Without those in which
    /// nothing happened.
    pub intervals: Vec<IntervalOutcome>,
}

/// Figures of segments: one visit of a contact to one queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Figures {
    /// Segments that began.
    pub offered: u64,
    /// Answered by an agent.
    pub answered: u64,
    /// The client left.
    pub abandoned: u64,
    /// Went to another queue.
    pub flowed_out: u64,
    /// Service level, %.
    pub service_level_percent: Option<f64>,
    /// Mean wait of the answered, s.
    pub asa_s: Option<f64>,
    /// Mean wait of all who were answered or left, s.
    pub mean_wait_s: Option<f64>,
    /// Longest wait, s.
    pub longest_wait_s: f64,
    /// Abandoned of the offered, %.
    pub abandoned_percent: Option<f64>,
    /// Mean handling time (talk, hold, wrap-up), s.
    pub aht_s: Option<f64>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QueueOutcome {
    /// The queue.
    pub queue: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// A queue in one interval of the day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct IntervalOutcome {
    /// When it begins: `"09:30"`.
    pub begins: String,
    /// The queue.
    pub queue: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// A group of agents.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GroupOutcome {
    /// The group.
    pub agents: String,
    /// How many they are.
    pub count: u32,
    /// Contacts they closed.
    pub handled: u64,
    /// Offers they declined.
    pub declined: u64,
    /// Offers they did not answer.
    pub no_answers: u64,
    /// Handling time / (handling time + ready without work), %.
    pub occupancy_percent: Option<f64>,
    /// Time at work without pauses, all together, h.
    pub at_work_h: f64,
}

impl Figures {
    pub(crate) fn of(segments: &SegmentCounts, handling: &HandlingCounts) -> Self {
        let left = segments.answered + segments.abandoned;
        let waited_ms = segments.answered_wait_ms + segments.abandoned_wait_ms;
        Self {
            offered: segments.offered,
            answered: segments.answered,
            abandoned: segments.abandoned,
            flowed_out: segments.flowed_out,
            service_level_percent: segments.service_level(ServiceLevelFormula::Ours).map(percent),
            asa_s: segments.asa_s(),
            mean_wait_s: (left > 0).then(|| waited_ms as f64 / left as f64 / 1_000.0),
            longest_wait_s: segments.longest_wait_ms as f64 / 1_000.0,
            abandoned_percent: segments.abandonment().map(percent),
            aht_s: handling.aht_s(),
        }
    }
}

impl Outcome {
    /// Every contact came to an end or is open.
    pub(crate) fn is_complete(&self, totals: &Totals) -> bool {
        totals.arrived
            == self.closed + self.abandoned + self.open + totals.overflowed + totals.failed
    }
}

pub(crate) fn percent(share: f64) -> f64 {
    share * 100.0
}
