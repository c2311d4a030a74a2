//! Counts of a run, from the events alone.

use rozmova_base::id::{AgentId, QueueId};
use rozmova_queue::service_level::{HandlingCounts, SegmentCounts, occupancy};
use rozmova_queue::view::AgentState;
use rozmova_queue::{Engine, Event, EventKind};

use super::{DAY_US, MINUTE_US, place_of};
use crate::outcome::{Figures, GroupOutcome, IntervalOutcome, Outcome, QueueOutcome, percent};
use crate::scenario::Scenario;

const HOUR_MS: f64 = 3_600_000.0;

#[derive(Clone, Copy, Default)]
struct GroupCounts {
    handled: u64,
    declined: u64,
    no_answers: u64,
    busy_ms: i64,
    ready_ms: i64,
}

pub(super) struct Tally {
    pub(super) steps: u64,
    targets_ms: Vec<i64>,
    short_ms: i64,
    begins_us: i64,
    interval_us: i64,
    /// By interval of the day, then by queue.
    intervals: Vec<SegmentCounts>,
    handling: Vec<HandlingCounts>,
    group_of: Vec<usize>,
    groups: Vec<GroupCounts>,
}

impl Tally {
    pub(super) fn new(scenario: &Scenario, begins_us: i64) -> Self {
        let queues = scenario.queues.len();
        let groups = scenario.agents.iter().enumerate();
        let millis = crate::centre::millis;
        Self {
            steps: 0,
            targets_ms: scenario.queues.iter().map(|queue| millis(queue.target_s)).collect(),
            short_ms: millis(scenario.short_abandon_s),
            begins_us,
            interval_us: i64::from(scenario.interval_minutes) * MINUTE_US,
            intervals: vec![SegmentCounts::default(); scenario.intervals() * queues],
            handling: vec![HandlingCounts::default(); queues],
            group_of: groups.flat_map(|(p, group)| (0..group.count).map(move |_| p)).collect(),
            groups: vec![GroupCounts::default(); scenario.agents.len()],
        }
    }

    pub(super) fn count(&mut self, event: &Event) {
        if let Some(queue) = event.queue {
            self.count_segment(queue, event);
        }
        if let Some(agent) = event.agent {
            self.count_agent(agent, event);
        }
    }

    fn count_segment(&mut self, queue: QueueId, event: &Event) {
        let queue = queue.0.as_u128() as usize - 1;
        let began_at = if let EventKind::Queued { .. } = event.kind {
            event.at
        } else if let EventKind::SegmentEnded { facts: Some(facts), .. } = event.kind {
            facts.began_at
        } else if let EventKind::Closed { .. } = event.kind {
            self.handling[queue].count(event);
            return;
        } else {
            return;
        };
        let of_day_us = (began_at.as_micros() - self.begins_us).rem_euclid(DAY_US);
        let interval = (of_day_us / self.interval_us) as usize;
        let place = interval * self.targets_ms.len() + queue;
        self.intervals[place].count(event, self.targets_ms[queue], self.short_ms);
    }

    fn count_agent(&mut self, agent: AgentId, event: &Event) {
        let Some(group) = self.group_of.get(place_of(agent)) else { return };
        let counts = &mut self.groups[*group];
        if let EventKind::AgentStateChanged { from, after_ms, .. } = event.kind {
            match from {
                AgentState::Busy | AgentState::WrapUp => counts.busy_ms += after_ms,
                AgentState::Ready => counts.ready_ms += after_ms,
                AgentState::Offline | AgentState::NotResponding | AgentState::Paused { .. } => {}
            }
        } else if let EventKind::Closed { .. } = event.kind {
            counts.handled += 1;
        } else if let EventKind::OfferDeclined { .. } = event.kind {
            counts.declined += 1;
        } else if let EventKind::OfferTimedOut = event.kind {
            counts.no_answers += 1;
        }
    }

    pub(super) fn outcome(&self, scenario: &Scenario, seed: u64, engine: &Engine) -> Outcome {
        let totals = engine.totals();
        let queues = scenario.queues.len();
        let of_queue = |queue: usize| {
            let counts = self.intervals.iter().skip(queue).step_by(queues);
            counts.fold(SegmentCounts::default(), |sum, counts| sum.plus(*counts))
        };
        let all = self.intervals.iter().fold(SegmentCounts::default(), |sum, c| sum.plus(*c));
        let handling =
            self.handling.iter().fold(HandlingCounts::default(), |sum, counts| HandlingCounts {
                closed: sum.closed + counts.closed,
                talk_ms: sum.talk_ms + counts.talk_ms,
                hold_ms: sum.hold_ms + counts.hold_ms,
                wrap_up_ms: sum.wrap_up_ms + counts.wrap_up_ms,
            });
        Outcome {
            name: scenario.name.clone(),
            seed,
            days: scenario.days,
            service_level_formula: rozmova_queue::service_level::ServiceLevelFormula::Ours.text(),
            arrived: totals.arrived,
            closed: totals.closed,
            abandoned: totals.abandoned,
            open: engine.open_contacts() as u64,
            steps: self.steps,
            total: Figures::of(&all, &handling),
            queues: (0..queues)
                .map(|queue| QueueOutcome {
                    queue: scenario.queues[queue].name.clone(),
                    figures: Figures::of(&of_queue(queue), &self.handling[queue]),
                })
                .collect(),
            agents: self.group_outcomes(scenario),
            intervals: self.interval_outcomes(scenario),
        }
    }

    fn group_outcomes(&self, scenario: &Scenario) -> Vec<GroupOutcome> {
        let groups = scenario.agents.iter().zip(&self.groups);
        groups
            .map(|(group, counts)| GroupOutcome {
                agents: group.name.clone(),
                count: group.count,
                handled: counts.handled,
                declined: counts.declined,
                no_answers: counts.no_answers,
                occupancy_percent: occupancy(counts.busy_ms, counts.ready_ms).map(percent),
                at_work_h: (counts.busy_ms + counts.ready_ms) as f64 / HOUR_MS,
            })
            .collect()
    }

    fn interval_outcomes(&self, scenario: &Scenario) -> Vec<IntervalOutcome> {
        let queues = scenario.queues.len();
        let mut outcomes = Vec::new();
        for (place, counts) in self.intervals.iter().enumerate() {
            if *counts == SegmentCounts::default() {
                continue;
            }
            let begins_us = self.begins_us + (place / queues) as i64 * self.interval_us;
            let minute = begins_us.rem_euclid(DAY_US) / MINUTE_US;
            outcomes.push(IntervalOutcome {
                begins: format!("{:02}:{:02}", minute / 60, minute % 60),
                queue: scenario.queues[place % queues].name.clone(),
                figures: Figures::of(counts, &HandlingCounts::default()),
            });
        }
        outcomes
    }
}
