//! Quarters of an hour: pure, from events alone. An event says by itself to which it adds, so
//! adding events one by one, in batches or all anew gives the same counts.
//!
//! Both attributions are kept. *By arrival*: everything about a segment counts to the quarter in
//! which it began; so Erlang wants it, and a quarter is final when all its contacts are closed.
//! *By event*: everything counts when it happened; so a wallboard counts. Offers have no other
//! time than their own and count by it in both.

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, PauseReasonId, QueueId};
use rozmova_queue::config::Medium;
use rozmova_queue::output::SegmentOutcome;
use rozmova_queue::view::AgentState;
use rozmova_queue::{Event, EventKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::measure::{QueueCounts, Targets, added};

/// The time zones of the world differ by whole quarters of an hour, so a quarter belongs to one
/// hour, half hour and day of every zone.
pub const QUARTER_MS: i64 = 15 * 60_000;

/// To which interval something counts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Attribution {
    /// To that in which the segment began.
    #[default]
    Arrival,
    /// To that in which it happened.
    Event,
}

impl Attribution {
    const ALL: [Self; 2] = [Self::Arrival, Self::Event];

    /// As in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Event => "event",
        }
    }
}

/// What figures are told apart by, besides queue and medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slice {
    /// Nothing more.
    Queue,
    /// Who answered, was offered, closed.
    Agent,
    /// With which code it was closed.
    Disposition,
    /// Of which class the client was.
    Segment,
}

impl Slice {
    /// As in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Agent => "agent",
            Self::Disposition => "disposition",
            Self::Segment => "segment",
        }
    }
}

/// Where something counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Told apart by.
    pub slice: Slice,
    /// By arrival or by event.
    pub attribution: Attribution,
    /// The quarter of an hour.
    pub begins_at: Timestamp,
    /// The queue.
    pub queue: QueueId,
    /// The medium.
    pub medium: Medium,
    /// Id of the agent or of the code, number of the client class; else empty.
    pub member: String,
}

/// Where the time of an agent counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateCell {
    /// The quarter of an hour.
    pub begins_at: Timestamp,
    /// Who.
    pub agent: AgentId,
    /// What he did: `offline`, `ready`, `busy`, `wrap_up`, `not_responding`, `paused`.
    pub state: &'static str,
    /// Why he paused.
    pub reason: Option<PauseReasonId>,
}

/// Counts by quarter of an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quarters {
    /// Of queues, agents, codes and classes.
    pub counts: BTreeMap<Cell, QueueCounts>,
    /// Times of agents in ms.
    pub states: BTreeMap<StateCell, i64>,
}

impl Quarters {
    /// Adds one event.
    pub fn add(&mut self, event: &Event, targets: &dyn Targets) {
        if let (Some((queue, counts)), Some(medium)) = (added(event, targets), event.medium) {
            for (slice, member) in members(event) {
                for attribution in Attribution::ALL {
                    let at = match attribution {
                        Attribution::Arrival => began_at(event),
                        Attribution::Event => event.at,
                    };
                    let begins_at = quarter(at);
                    let member = member.clone();
                    let cell = Cell { slice, attribution, begins_at, queue, medium, member };
                    let sum = self.counts.entry(cell).or_default();
                    *sum = sum.plus(&counts);
                }
            }
        }
        if let (EventKind::AgentStateChanged { from, after_ms, .. }, Some(agent)) =
            (&event.kind, event.agent)
        {
            let end_ms = event.at.as_millis();
            self.add_state(agent, *from, end_ms.saturating_sub(*after_ms), end_ms);
        }
    }

    /// Adds a time in a state, in ms since the Unix epoch.
    pub fn add_state(&mut self, agent: AgentId, state: AgentState, from_ms: i64, until_ms: i64) {
        let (state, reason) = state_name(state);
        let mut from_ms = from_ms;
        while from_ms < until_ms {
            let begins_ms = from_ms - from_ms.rem_euclid(QUARTER_MS);
            let to_ms = until_ms.min(begins_ms + QUARTER_MS);
            let begins_at = Timestamp::from_millis(begins_ms);
            let cell = StateCell { begins_at, agent, state, reason };
            *self.states.entry(cell).or_default() += to_ms - from_ms;
            from_ms = to_ms;
        }
    }
}

/// The quarter of an hour in which a moment lies.
pub fn quarter(at: Timestamp) -> Timestamp {
    let millis = at.as_millis();
    Timestamp::from_millis(millis - millis.rem_euclid(QUARTER_MS))
}

/// A state by its name, with the reason of a pause.
pub const fn state_name(state: AgentState) -> (&'static str, Option<PauseReasonId>) {
    match state {
        AgentState::Offline => ("offline", None),
        AgentState::Ready => ("ready", None),
        AgentState::Busy => ("busy", None),
        AgentState::WrapUp => ("wrap_up", None),
        AgentState::NotResponding => ("not_responding", None),
        AgentState::Paused { reason } => ("paused", reason),
    }
}

/// When the segment began that the event is about; logs of the first version tell it by the wait.
fn began_at(event: &Event) -> Timestamp {
    if let EventKind::SegmentEnded { waited_ms, facts, .. } = event.kind {
        facts.map_or_else(|| event.at.plus_millis(-waited_ms), |facts| facts.began_at)
    } else if let EventKind::Closed { facts: Some(facts), .. } = event.kind {
        facts.began_at
    } else {
        event.at
    }
}

/// Everything to which an event adds.
fn members(event: &Event) -> Vec<(Slice, String)> {
    let mut members = vec![(Slice::Queue, String::new())];
    let agent = event.agent.map(|agent| (Slice::Agent, agent.to_string()));
    let class = |class: u8| (Slice::Segment, class.to_string());
    if let EventKind::Queued { client_class, .. } = event.kind {
        members.push(class(client_class));
    } else if let EventKind::SegmentEnded { outcome, facts, .. } = event.kind {
        members.push(class(facts.map_or(0, |facts| facts.client_class)));
        // Who was being asked when the client left had no part in it.
        members.extend(agent.filter(|_| outcome == SegmentOutcome::Answered));
    } else if let EventKind::Closed { disposition, facts, .. } = event.kind {
        members.push(class(facts.map_or(0, |facts| facts.client_class)));
        let code = disposition.map(|code| code.to_string()).unwrap_or_default();
        members.push((Slice::Disposition, code));
        members.extend(agent);
    } else if matches!(
        event.kind,
        EventKind::Offered { .. } | EventKind::OfferDeclined { .. } | EventKind::OfferTimedOut
    ) {
        members.extend(agent);
    }
    members
}

#[cfg(test)]
mod tests {
    use rozmova_base::id::InteractionId;
    use rozmova_queue::output::SegmentFacts;

    use super::*;

    const QUEUE: QueueId = QueueId::from_u128(1);
    const ANA: AgentId = AgentId::from_u128(2);

    struct Nothing;

    impl Targets for Nothing {
        fn target_ms(&self, _: QueueId, _: Medium) -> Option<i64> {
            None
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().expect("a time").into()
    }

    fn event(time: &str, kind: EventKind) -> Event {
        Event {
            seq: 1,
            at: at(time),
            interaction: Some(InteractionId::from_u128(9)),
            segment: None,
            offer: None,
            queue: Some(QUEUE),
            agent: Some(ANA),
            medium: Some(Medium::Call),
            kind,
        }
    }

    fn answered(time: &str, began: &str, target_ms: i64) -> Event {
        let began_at = at(began);
        let facts = Some(SegmentFacts { began_at, target_ms, short_ms: 5_000, client_class: 1 });
        let waited_ms = at(time).millis_since(began_at);
        event(time, EventKind::SegmentEnded { outcome: SegmentOutcome::Answered, waited_ms, facts })
    }

    fn sum(quarters: &Quarters, slice: Slice, attribution: Attribution, time: &str) -> QueueCounts {
        let cells = quarters.counts.iter().filter(|(cell, _)| {
            cell.slice == slice && cell.attribution == attribution && cell.begins_at == at(time)
        });
        cells.fold(QueueCounts::default(), |sum, (_, counts)| sum.plus(counts))
    }

    #[test]
    fn a_segment_counts_to_its_arrival_and_to_its_end() {
        let mut quarters = Quarters::default();
        quarters.add(&answered("2026-03-02T10:16:00Z", "2026-03-02T10:14:50Z", 60_000), &Nothing);
        let (ten, quarter_past) = ("2026-03-02T10:00:00Z", "2026-03-02T10:15:00Z");
        for slice in [Slice::Queue, Slice::Agent, Slice::Segment] {
            assert_eq!(sum(&quarters, slice, Attribution::Arrival, ten).answered, 1, "{slice:?}");
            let late = sum(&quarters, slice, Attribution::Event, quarter_past);
            assert_eq!((late.answered, late.answered_in_target), (1, 0), "70 s are not 60 s");
        }
        assert_eq!(sum(&quarters, Slice::Queue, Attribution::Arrival, quarter_past).answered, 0);
        assert!(quarters.counts.keys().all(|cell| cell.slice != Slice::Disposition));
        assert!(
            quarters.counts.keys().any(|cell| cell.slice == Slice::Segment && cell.member == "1")
        );
    }

    #[test]
    fn the_target_is_that_of_its_time() {
        let mut quarters = Quarters::default();
        let (began, ended) = ("2026-03-02T10:00:00Z", "2026-03-02T10:01:00Z");
        quarters.add(&answered(ended, began, 60_000), &Nothing);
        quarters.add(&answered(ended, began, 59_999), &Nothing);
        let counts = sum(&quarters, Slice::Queue, Attribution::Event, began);
        assert_eq!((counts.answered, counts.answered_in_target), (2, 1));
    }

    #[test]
    fn time_in_a_state_is_split_at_quarters() {
        let mut quarters = Quarters::default();
        let kind = EventKind::AgentStateChanged {
            from: AgentState::Ready,
            to: AgentState::Busy,
            after_ms: 20 * 60_000,
        };
        quarters.add(&event("2026-03-02T10:17:00Z", kind), &Nothing);
        let times: Vec<i64> = quarters.states.values().copied().collect();
        assert_eq!(times, [3 * 60_000, 15 * 60_000, 2 * 60_000]);
        assert_eq!(
            quarters.states.keys().next().expect("some").begins_at,
            at("2026-03-02T09:45:00Z")
        );
    }
}
