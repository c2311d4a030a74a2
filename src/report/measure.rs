//! Figures of queues and agents. Pure: events in, counts out; adding events one by one and reading
//! them all anew give the same counts.
//!
//! | figure | formula | unit |
//! |---|---|---|
//! | offered | segments that began | contacts |
//! | service level | see [`ServiceLevelFormula`] | % |
//! | ASA | Σ wait of answered segments / answered | ms |
//! | AHT | Σ (talk + hold + wrap-up) of closed contacts / closed | ms |
//! | occupancy | (busy + wrap-up) / (busy + wrap-up + ready) | % |

use std::collections::{BTreeMap, VecDeque};

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, QueueId};
use rozmova_queue::config::Medium;
use rozmova_queue::output::SegmentOutcome;
use rozmova_queue::view::AgentState;
use rozmova_queue::{Event, EventKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Length of the moving window beside the day.
pub const WINDOW_MS: i64 = 30 * 60_000;

/// Limit of a short abandon where the event does not tell it, in ms.
const SHORT_ABANDON_MS: i64 = 5_000;

/// Within which time a contact of a queue and medium should be answered, in ms.
pub trait Targets {
    /// `None`: the queue is not known any more; then nothing is within the target.
    fn target_ms(&self, queue: QueueId, medium: Medium) -> Option<i64>;
}

/// Counts over some time. Whole numbers, so that the counts of two intervals add up to the counts
/// of both, to the last digit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Segments that began.
    pub offered: u64,
    /// Segments that an agent answered.
    pub answered: u64,
    /// … within the target.
    pub answered_in_target: u64,
    /// Sum of their waits, in ms.
    pub answered_wait_ms: i64,
    /// Segments in which the client left.
    pub abandoned: u64,
    /// … within the target.
    pub abandoned_in_target: u64,
    /// … sooner than the limit of a short abandon.
    pub abandoned_short: u64,
    /// Sum of their waits, in ms.
    pub abandoned_wait_ms: i64,
    /// Segments that left for another queue or something else.
    pub flowed_out: u64,
    /// Segments turned into callbacks, within the target.
    pub callbacks_in_target: u64,
    /// Longest wait of any segment that ended, in ms.
    pub longest_wait_ms: i64,
    /// Contacts closed.
    pub closed: u64,
    /// Sum of their talk, in ms.
    pub talk_ms: i64,
    /// Sum of their time on hold, in ms.
    pub hold_ms: i64,
    /// Sum of their wrap-up, in ms.
    pub wrap_up_ms: i64,
    /// Offers made to agents.
    pub offers: u64,
    /// Offers declined.
    pub declined: u64,
    /// Offers not answered.
    pub no_answers: u64,
}

/// How a service level is computed. T is the target, τ the limit of a short abandon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceLevelFormula {
    /// Answered in ≤ T / (answered + abandoned − abandoned with wait < τ).
    #[default]
    AnsweredOfDecided,
    /// Answered in ≤ T / answered (Genesys, its plain option).
    AnsweredOnly,
    /// Answered in ≤ T / (answered + abandoned + flowed out) (Genesys, offered).
    AnsweredOfOffered,
    /// Left the queue in ≤ T as answered, abandoned or callback / offered (Amazon Connect).
    RemovedOfQueued,
    /// Engaged in ≤ T / engaged (Dynamics 365).
    EngagedOnly,
}

impl ServiceLevelFormula {
    /// Every formula, the default first.
    pub const ALL: [Self; 5] = [
        Self::AnsweredOfDecided,
        Self::AnsweredOnly,
        Self::AnsweredOfOffered,
        Self::RemovedOfQueued,
        Self::EngagedOnly,
    ];

    /// The formula in words, to be printed beside the figure.
    pub const fn text(self) -> &'static str {
        match self {
            Self::AnsweredOfDecided => "answered in ≤ T / (answered + abandoned − short abandons)",
            Self::AnsweredOnly => "answered in ≤ T / answered",
            Self::AnsweredOfOffered => "answered in ≤ T / (answered + abandoned + flowed out)",
            Self::RemovedOfQueued => "answered, abandoned or callback in ≤ T / offered",
            Self::EngagedOnly => "engaged in ≤ T / engaged",
        }
    }

    /// In percent, 0 to 100; `None` when there is nothing to divide by.
    pub fn percent(self, counts: &QueueCounts) -> Option<f64> {
        let (part, whole) = match self {
            Self::AnsweredOfDecided => (
                counts.answered_in_target,
                counts.answered + counts.abandoned - counts.abandoned_short,
            ),
            Self::AnsweredOnly | Self::EngagedOnly => (counts.answered_in_target, counts.answered),
            Self::AnsweredOfOffered => {
                (counts.answered_in_target, counts.answered + counts.abandoned + counts.flowed_out)
            }
            Self::RemovedOfQueued => (
                counts.answered_in_target + counts.abandoned_in_target + counts.callbacks_in_target,
                counts.offered,
            ),
        };
        (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
    }
}

impl QueueCounts {
    /// Average speed of answer: mean wait of answered segments, in ms.
    pub fn asa_ms(&self) -> Option<i64> {
        let answered = i64::try_from(self.answered).ok().filter(|answered| *answered > 0)?;
        Some(self.answered_wait_ms / answered)
    }

    /// Average handle time of closed contacts, in ms.
    pub fn aht_ms(&self) -> Option<i64> {
        let closed = i64::try_from(self.closed).ok().filter(|closed| *closed > 0)?;
        Some(self.handle_ms() / closed)
    }

    /// Talk, hold and wrap-up of closed contacts, in ms.
    pub const fn handle_ms(&self) -> i64 {
        self.talk_ms + self.hold_ms + self.wrap_up_ms
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            offered: self.offered + other.offered,
            answered: self.answered + other.answered,
            answered_in_target: self.answered_in_target + other.answered_in_target,
            answered_wait_ms: self.answered_wait_ms + other.answered_wait_ms,
            abandoned: self.abandoned + other.abandoned,
            abandoned_in_target: self.abandoned_in_target + other.abandoned_in_target,
            abandoned_short: self.abandoned_short + other.abandoned_short,
            abandoned_wait_ms: self.abandoned_wait_ms + other.abandoned_wait_ms,
            flowed_out: self.flowed_out + other.flowed_out,
            callbacks_in_target: self.callbacks_in_target + other.callbacks_in_target,
            longest_wait_ms: self.longest_wait_ms.max(other.longest_wait_ms),
            closed: self.closed + other.closed,
            talk_ms: self.talk_ms + other.talk_ms,
            hold_ms: self.hold_ms + other.hold_ms,
            wrap_up_ms: self.wrap_up_ms + other.wrap_up_ms,
            offers: self.offers + other.offers,
            declined: self.declined + other.declined,
            no_answers: self.no_answers + other.no_answers,
        }
    }
}

/// What one event adds to its queue. What held when a segment ended is in the event; only logs of
/// the first version need `targets`.
pub(super) fn added(event: &Event, targets: &dyn Targets) -> Option<(QueueId, QueueCounts)> {
    let queue = event.queue?;
    let mut counts = QueueCounts::default();
    if let EventKind::Queued { .. } = event.kind {
        counts.offered = 1;
    } else if let EventKind::SegmentEnded { outcome, waited_ms, facts } = event.kind {
        let target_ms = facts
            .map(|facts| facts.target_ms)
            .or_else(|| event.medium.and_then(|medium| targets.target_ms(queue, medium)));
        let in_target = u64::from(target_ms.is_some_and(|target| waited_ms <= target));
        let short_ms = facts.map_or(SHORT_ABANDON_MS, |facts| facts.short_ms);
        counts.longest_wait_ms = waited_ms;
        match outcome {
            SegmentOutcome::Answered => {
                counts.answered = 1;
                counts.answered_in_target = in_target;
                counts.answered_wait_ms = waited_ms;
            }
            SegmentOutcome::Abandoned => {
                counts.abandoned = 1;
                counts.abandoned_in_target = in_target;
                counts.abandoned_short = u64::from(waited_ms < short_ms);
                counts.abandoned_wait_ms = waited_ms;
            }
            SegmentOutcome::Overflowed | SegmentOutcome::Moved => counts.flowed_out = 1,
            SegmentOutcome::Closed | SegmentOutcome::Failed => {}
        }
    } else if let EventKind::CallbackScheduled { .. } = event.kind {
        // The time it waited is not in the event; a callback is offered as soon as it is asked for.
        counts.callbacks_in_target = 1;
    } else if let EventKind::Closed { talk_ms, hold_ms, wrap_up_ms, .. } = event.kind {
        counts.closed = 1;
        counts.talk_ms = talk_ms;
        counts.hold_ms = hold_ms;
        counts.wrap_up_ms = wrap_up_ms;
    } else if let EventKind::Offered { .. } = event.kind {
        counts.offers = 1;
    } else if let EventKind::OfferDeclined { .. } = event.kind {
        counts.declined = 1;
    } else if let EventKind::OfferTimedOut = event.kind {
        counts.no_answers = 1;
    } else {
        return None;
    }
    Some((queue, counts))
}

/// Counts of one agent over a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentCounts {
    /// Contacts that he closed.
    pub handled: u64,
    /// Offers that he did not answer.
    pub no_answers: u64,
    /// Time with work in hand or in wrap-up, in ms, up to his last change of state.
    pub busy_ms: i64,
    /// Time ready without work, likewise.
    pub ready_ms: i64,
}

impl AgentCounts {
    /// Occupancy in percent, with the state that lasts now; `None` when he was neither.
    pub fn occupancy_percent(&self, state: AgentState, lasts_ms: i64) -> Option<f64> {
        let mut counts = *self;
        counts.add_time(state, lasts_ms);
        let whole = counts.busy_ms + counts.ready_ms;
        (whole > 0).then(|| counts.busy_ms as f64 * 100.0 / whole as f64)
    }

    fn add_time(&mut self, state: AgentState, lasted_ms: i64) {
        match state {
            AgentState::Busy | AgentState::WrapUp => self.busy_ms += lasted_ms,
            AgentState::Ready => self.ready_ms += lasted_ms,
            AgentState::Offline | AgentState::NotResponding | AgentState::Paused { .. } => {}
        }
    }
}

/// From one midnight of the bank to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// The first moment.
    pub begins_at: Timestamp,
    /// The first moment of the next.
    pub ends_at: Timestamp,
}

impl Day {
    /// The day in which `at` lies, by the clocks of the zone.
    pub fn of(at: Timestamp, zone: &jiff::tz::TimeZone) -> Self {
        let today = at.to_jiff().to_zoned_datetime(zone.clone());
        let begins_at = today.start_of_day().map_or(at, |start| start.timestamp().into());
        let ends_at = today
            .tomorrow()
            .and_then(|tomorrow| tomorrow.start_of_day())
            .map_or(Timestamp(i64::MAX), |start| start.timestamp().into());
        Self { begins_at, ends_at }
    }
}

/// Figures of today and of the last half hour.
#[derive(Clone, Debug)]
pub struct Figures {
    zone: jiff::tz::TimeZone,
    day: Day,
    queues: BTreeMap<QueueId, QueueCounts>,
    agents: BTreeMap<AgentId, AgentCounts>,
    /// What happened lately, oldest first.
    window: VecDeque<(Timestamp, QueueId, QueueCounts)>,
}

impl Figures {
    /// Nothing has happened yet.
    pub fn new(zone: jiff::tz::TimeZone, now: Timestamp) -> Self {
        let day = Day::of(now, &zone);
        Self {
            zone,
            day,
            queues: BTreeMap::new(),
            agents: BTreeMap::new(),
            window: VecDeque::new(),
        }
    }

    /// From when on events must be added for figures that are true at `now`.
    pub fn needed_from(&self, now: Timestamp) -> Timestamp {
        self.day.begins_at.min(now.plus_millis(-WINDOW_MS))
    }

    /// Adds one event; events come in order.
    pub fn add(&mut self, event: &Event, targets: &dyn Targets) {
        self.pass(event.at);
        let is_today = event.at >= self.day.begins_at;
        if let Some((queue, counts)) = added(event, targets) {
            if is_today {
                let today = self.queues.entry(queue).or_default();
                *today = today.plus(&counts);
            }
            self.window.push_back((event.at, queue, counts));
        }
        if is_today && let Some(agent) = event.agent {
            self.add_agent(agent, event);
        }
    }

    fn add_agent(&mut self, agent: AgentId, event: &Event) {
        let begins_at = self.day.begins_at;
        let counts = self.agents.entry(agent).or_default();
        if let EventKind::AgentStateChanged { from, after_ms, .. } = event.kind {
            counts.add_time(from, after_ms.min(event.at.millis_since(begins_at)).max(0));
        } else if let EventKind::OfferTimedOut = event.kind {
            counts.no_answers += 1;
        } else if let EventKind::Closed { .. } = event.kind {
            counts.handled += 1;
        }
    }

    /// Time passes: at midnight the day begins anew.
    pub fn pass(&mut self, now: Timestamp) {
        if now >= self.day.ends_at {
            self.day = Day::of(now, &self.zone);
            self.queues.clear();
            self.agents.clear();
        }
        let oldest = now.plus_millis(-WINDOW_MS);
        while self.window.front().is_some_and(|(at, _, _)| *at < oldest) {
            self.window.pop_front();
        }
    }

    /// A queue since midnight.
    pub fn today(&self, queue: QueueId) -> QueueCounts {
        self.queues.get(&queue).copied().unwrap_or_default()
    }

    /// A queue in the last half hour.
    pub fn lately(&self, queue: QueueId) -> QueueCounts {
        let counts = self.window.iter().filter(|(_, of, _)| *of == queue);
        counts.fold(QueueCounts::default(), |sum, (_, _, counts)| sum.plus(counts))
    }

    /// All queues in the last half hour.
    pub fn all_lately(&self) -> BTreeMap<QueueId, QueueCounts> {
        let mut all: BTreeMap<QueueId, QueueCounts> = BTreeMap::new();
        for (_, queue, counts) in &self.window {
            let sum = all.entry(*queue).or_default();
            *sum = sum.plus(counts);
        }
        all
    }

    /// An agent since midnight.
    pub fn agent(&self, agent: AgentId) -> AgentCounts {
        self.agents.get(&agent).copied().unwrap_or_default()
    }

    /// For how long a state that began at `since` has lasted today, in ms.
    pub fn lasts_today_ms(&self, since: Timestamp, now: Timestamp) -> i64 {
        now.millis_since(since.max(self.day.begins_at)).max(0)
    }
}

#[cfg(test)]
mod tests {
    use rozmova_base::id::{InteractionId, SegmentId};

    use super::*;

    const QUEUE: QueueId = QueueId::from_u128(1);
    const ANA: AgentId = AgentId::from_u128(2);

    struct Twenty;

    impl Targets for Twenty {
        fn target_ms(&self, _: QueueId, _: Medium) -> Option<i64> {
            Some(20_000)
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().expect("a time").into()
    }

    fn event(at: Timestamp, kind: EventKind) -> Event {
        Event {
            seq: 1,
            at,
            interaction: Some(InteractionId::from_u128(9)),
            segment: Some(SegmentId::from_u128(9)),
            offer: None,
            queue: Some(QUEUE),
            agent: Some(ANA),
            medium: Some(Medium::Call),
            kind,
        }
    }

    fn ended(outcome: SegmentOutcome, waited_ms: i64) -> EventKind {
        EventKind::SegmentEnded { outcome, waited_ms, facts: None }
    }

    fn kyiv() -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get("Europe/Kyiv").expect("a zone")
    }

    #[test]
    fn service_levels_differ_by_their_formulas() {
        let counts = QueueCounts {
            offered: 100,
            answered: 80,
            answered_in_target: 60,
            abandoned: 20,
            abandoned_in_target: 8,
            abandoned_short: 5,
            callbacks_in_target: 2,
            ..QueueCounts::default()
        };
        for (formula, expected) in [
            (ServiceLevelFormula::AnsweredOfDecided, 63.157_894),
            (ServiceLevelFormula::AnsweredOnly, 75.0),
            (ServiceLevelFormula::AnsweredOfOffered, 60.0),
            (ServiceLevelFormula::RemovedOfQueued, 70.0),
            (ServiceLevelFormula::EngagedOnly, 75.0),
        ] {
            let percent = formula.percent(&counts).expect("a figure");
            assert!((percent - expected).abs() < 1e-5, "{}: {percent}", formula.text());
        }
        let none = ServiceLevelFormula::default().percent(&QueueCounts::default());
        assert_eq!(none, None, "nothing happened: no figure, not 0 and not 100");
    }

    #[test]
    fn answered_and_abandoned_count_for_day_and_window() {
        let mut figures = Figures::new(kyiv(), at("2026-03-02T10:00:00Z"));
        for (time, kind) in [
            ("2026-03-02T10:00:00Z", ended(SegmentOutcome::Answered, 12_000)),
            ("2026-03-02T10:20:00Z", ended(SegmentOutcome::Answered, 30_000)),
            ("2026-03-02T10:40:00Z", ended(SegmentOutcome::Abandoned, 9_000)),
            ("2026-03-02T10:40:00Z", EventKind::Abandoned { waited_ms: 9_000, short: false }),
        ] {
            figures.add(&event(at(time), kind), &Twenty);
        }
        let today = figures.today(QUEUE);
        assert_eq!((today.answered, today.answered_in_target, today.abandoned), (2, 1, 1));
        assert_eq!(today.asa_ms(), Some(21_000));
        let lately = figures.lately(QUEUE);
        assert_eq!((lately.answered, lately.abandoned), (1, 1), "10:00 is past");
        assert_eq!(figures.all_lately()[&QUEUE], lately);
    }

    #[test]
    fn the_day_begins_at_the_banks_midnight() {
        // 22:00 UTC is midnight in Kyiv in winter.
        let mut figures = Figures::new(kyiv(), at("2026-03-02T21:59:00Z"));
        let answered = ended(SegmentOutcome::Answered, 1_000);
        figures.add(&event(at("2026-03-02T21:59:00Z"), answered.clone()), &Twenty);
        figures.add(&event(at("2026-03-02T22:01:00Z"), answered), &Twenty);
        assert_eq!(figures.today(QUEUE).answered, 1);
        assert_eq!(figures.lately(QUEUE).answered, 2);
    }

    #[test]
    fn occupancy_counts_from_midnight_and_up_to_now() {
        let begin = at("2026-03-01T22:00:00Z");
        let mut figures = Figures::new(kyiv(), begin);
        let busy = EventKind::AgentStateChanged {
            from: AgentState::Ready,
            to: AgentState::Busy,
            after_ms: 7_200_000,
        };
        // Ready for two hours, one of them today.
        figures.add(&event(begin.plus_millis(3_600_000), busy), &Twenty);
        let counts = figures.agent(ANA);
        assert_eq!(counts.ready_ms, 3_600_000);
        let percent = counts.occupancy_percent(AgentState::Busy, 3_600_000).expect("a figure");
        assert!((percent - 50.0).abs() < 1e-9, "{percent}");
        assert_eq!(AgentCounts::default().occupancy_percent(AgentState::Offline, 5), None);
    }

    #[test]
    fn a_day_of_a_clock_change_has_its_own_length() {
        let day = Day::of(at("2026-03-29T10:00:00Z"), &kyiv());
        assert_eq!(day.ends_at.millis_since(day.begins_at), 23 * 3_600_000);
    }
}
