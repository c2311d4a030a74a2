//! Queues as the wallboard shows them: pure.

use std::collections::{BTreeMap, BTreeSet};

use rozmova_base::Timestamp;
use rozmova_base::id::QueueId;
use rozmova_queue::config::{Medium, PerMedium, QueueConfig};
use rozmova_queue::view::{AgentState, QueueView};
use serde::Serialize;
use utoipa::ToSchema;

use crate::agent::model::{Agent, AgentNow, one_decimal};
use crate::interaction::model::medium_name;
use crate::report::measure::{QueueCounts, ServiceLevelFormula};
use crate::routing::document::QueueItem;

/// From this share of the target on, a waiting contact puts its queue at risk.
const AT_RISK_PERCENT: i64 = 75;

/// Everything that a wallboard shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Wallboard {
    /// When.
    pub at: Timestamp,
    /// Number of the live event up to which this is true at least.
    pub seq: u64,
    /// All queues together.
    pub totals: Totals,
    /// In the order of the routing document.
    pub queues: Vec<QueueNow>,
    /// By name.
    pub agents: Vec<Agent>,
}

/// All queues together.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Totals {
    /// Contacts that wait or are offered.
    pub waiting: u32,
    /// How long the first of them has waited.
    pub longest_wait_ms: Option<i64>,
    /// Since midnight; `null`: nothing was answered or abandoned yet.
    pub service_level_percent: Option<f64>,
    /// How it is computed.
    pub service_level_formula: &'static str,
    /// Since midnight.
    pub answered_today: u64,
    /// Since midnight.
    pub offered_today: u64,
    /// Since midnight.
    pub abandoned_today: u64,
    /// Agents who wait for work.
    pub agents_ready: u32,
    /// Agents who work, wrap-up included.
    pub agents_busy: u32,
    /// Agents who pause or do not respond.
    pub agents_paused: u32,
}

/// A queue now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QueueNow {
    /// The queue.
    pub id: QueueId,
    /// As shown.
    pub name: String,
    /// Contacts that wait or are offered, by medium.
    pub medium_waiting: BTreeMap<&'static str, u32>,
    /// All of them.
    pub waiting: u32,
    /// Since when the first of them waits.
    pub oldest_waiting_since_at: Option<Timestamp>,
    /// Since midnight; `null`: nothing was answered or abandoned yet.
    pub service_level_percent_today: Option<f64>,
    /// In the last half hour.
    pub service_level_percent_30min: Option<f64>,
    /// Since midnight.
    pub answered_today: u64,
    /// Segments that began since midnight.
    pub offered_today: u64,
    /// Since midnight.
    pub abandoned_today: u64,
    /// Mean wait of those answered since midnight.
    pub asa_ms_today: Option<i64>,
    /// Mean handling time of those closed since midnight.
    pub aht_ms_today: Option<i64>,
    /// Agents of the queue who wait for work.
    pub agents_ready: u32,
    /// Agents of the queue who work, on whatever.
    pub agents_busy: u32,
    /// Agents of the queue who pause or do not respond.
    pub agents_paused: u32,
    /// Whether its hours are open.
    pub open: bool,
    /// `normal`, `at_risk` (a contact has waited three quarters of its target, or the last half
    /// hour is below the target share), `critical` (a contact waits beyond its target).
    pub state: &'static str,
    /// What should be.
    pub target: Target,
}

/// What a queue's service level should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Target {
    /// This share …
    pub percent: u8,
    /// … is answered within this time: of the most urgent medium that waits, else of e-mail.
    pub within_ms: i64,
}

/// Agents by what they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentCount {
    /// Wait for work.
    pub ready: u32,
    /// Work.
    pub busy: u32,
    /// Pause or do not respond.
    pub paused: u32,
}

impl AgentCount {
    /// Adds one agent.
    pub fn add(&mut self, state: AgentState) {
        match state {
            AgentState::Ready => self.ready += 1,
            AgentState::Busy | AgentState::WrapUp => self.busy += 1,
            AgentState::Paused { .. } | AgentState::NotResponding => self.paused += 1,
            AgentState::Offline => {}
        }
    }

    /// Agents of one queue.
    pub fn of_queue(agents: &[(AgentNow, BTreeSet<QueueId>)], queue: QueueId) -> Self {
        let mut count = Self::default();
        for (agent, queues) in agents {
            if queues.contains(&queue) {
                count.add(agent.view.state);
            }
        }
        count
    }
}

/// A queue as shown. `offered` are its contacts that are being offered, by medium.
pub fn queue_now(
    view: &QueueView,
    offered: &PerMedium<u32>,
    item: &QueueItem,
    today: &QueueCounts,
    lately: &QueueCounts,
    agents: AgentCount,
    now: Timestamp,
) -> QueueNow {
    let formula = ServiceLevelFormula::default();
    let targets = item.target_ms.over(QueueConfig::new(view.queue, "").target_ms);
    let waiting_of = |medium| view.waiting[medium] + offered[medium];
    let waiting_media = Medium::ALL.into_iter().filter(|medium| waiting_of(*medium) > 0);
    let within_ms =
        waiting_media.clone().map(|medium| targets[medium]).min().unwrap_or(targets[Medium::Email]);
    let lately_percent = formula.percent(lately);
    let target = Target { percent: item.target_percent, within_ms };
    let oldest = view.oldest_entered_at;
    let waited_ms = oldest.map(|since| now.millis_since(since));
    QueueNow {
        id: view.queue,
        name: item.name.clone(),
        medium_waiting: waiting_media
            .map(|medium| (medium_name(medium), waiting_of(medium)))
            .collect(),
        waiting: Medium::ALL.into_iter().map(waiting_of).sum(),
        oldest_waiting_since_at: oldest,
        service_level_percent_today: formula.percent(today).map(one_decimal),
        service_level_percent_30min: lately_percent.map(one_decimal),
        answered_today: today.answered,
        offered_today: today.offered,
        abandoned_today: today.abandoned,
        asa_ms_today: today.asa_ms(),
        aht_ms_today: today.aht_ms(),
        agents_ready: agents.ready,
        agents_busy: agents.busy,
        agents_paused: agents.paused,
        open: view.open,
        state: state(waited_ms, lately_percent, target),
        target,
    }
}

fn state(waited_ms: Option<i64>, lately_percent: Option<f64>, target: Target) -> &'static str {
    let waited_ms = waited_ms.unwrap_or(0);
    let is_below = lately_percent.is_some_and(|percent| percent < f64::from(target.percent));
    if waited_ms > target.within_ms {
        "critical"
    } else if is_below || waited_ms * 100 > target.within_ms * AT_RISK_PERCENT {
        "at_risk"
    } else {
        "normal"
    }
}

/// All queues together.
pub fn totals(
    queues: &[QueueNow],
    today: &QueueCounts,
    agents: AgentCount,
    now: Timestamp,
) -> Totals {
    let formula = ServiceLevelFormula::default();
    let oldest = queues.iter().filter_map(|queue| queue.oldest_waiting_since_at).min();
    Totals {
        waiting: queues.iter().map(|queue| queue.waiting).sum(),
        longest_wait_ms: oldest.map(|since| now.millis_since(since)),
        service_level_percent: formula.percent(today).map(one_decimal),
        service_level_formula: formula.text(),
        answered_today: today.answered,
        offered_today: today.offered,
        abandoned_today: today.abandoned,
        agents_ready: agents.ready,
        agents_busy: agents.busy,
        agents_paused: agents.paused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_judged_by_its_oldest_and_by_its_last_half_hour() {
        let target = Target { percent: 80, within_ms: 20_000 };
        for (waited_ms, percent, expected) in [
            (None, None, "normal"),
            (Some(15_000), None, "normal"),
            (Some(15_001), None, "at_risk"),
            (Some(20_000), None, "at_risk"),
            (Some(20_001), Some(100.0), "critical"),
            (None, Some(79.9), "at_risk"),
            (None, Some(80.0), "normal"),
        ] {
            assert_eq!(state(waited_ms, percent, target), expected, "{waited_ms:?} {percent:?}");
        }
    }
}
