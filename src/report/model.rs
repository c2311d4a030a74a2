//! Reports: which days, told apart by what, in which intervals. Pure: quarters in, figures out.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, PauseReasonId, QueueId};
use rozmova_queue::config::Medium;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::interval::{Attribution, QUARTER_MS, Quarters, Slice};
use super::measure::{Day, QueueCounts, ServiceLevelFormula};

/// Longest time of one report: a year, with the day on which the next begins.
pub const DAYS_MAX: i64 = 367;
/// Most lines of one report: a table that nobody reads to its end, in some 10 MB of JSON.
pub const LINES_MAX: usize = 40_000;

/// Length of the intervals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Width {
    /// Quarters of an hour.
    Quarter,
    /// Half hours.
    #[default]
    Half,
    /// Hours.
    Hour,
    /// Days of the bank's time zone.
    Day,
}

impl Width {
    /// 15, 30, 60 or 1440.
    pub const fn from_minutes(minutes: u32) -> Option<Self> {
        match minutes {
            15 => Some(Self::Quarter),
            30 => Some(Self::Half),
            60 => Some(Self::Hour),
            1_440 => Some(Self::Day),
            _ => None,
        }
    }

    /// Its length, in a day without a change of clocks.
    pub const fn minutes(self) -> u32 {
        match self {
            Self::Quarter => 15,
            Self::Half => 30,
            Self::Hour => 60,
            Self::Day => 1_440,
        }
    }

    /// The interval in which a moment lies, by the clocks of the zone.
    pub fn interval(self, at: Timestamp, zone: &TimeZone) -> (Timestamp, Timestamp) {
        if self == Self::Day {
            let day = Day::of(at, zone);
            return (day.begins_at, day.ends_at);
        }
        let width_ms = i64::from(self.minutes()) * 60_000;
        let offset_ms = i64::from(zone.to_offset(at.to_jiff()).seconds()) * 1_000;
        let local_ms = at.as_millis() + offset_ms;
        let begins_ms = local_ms - local_ms.rem_euclid(width_ms) - offset_ms;
        let begins_at = Timestamp::from_millis(begins_ms);
        (begins_at, begins_at.plus_millis(width_ms))
    }
}

/// What the lines of a report are told apart by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Time alone.
    #[default]
    Total,
    /// Queues.
    Queue,
    /// Media.
    Medium,
    /// Agents: what they answered, closed, were offered.
    Agent,
    /// Codes with which contacts were closed.
    Disposition,
    /// Classes of clients.
    Segment,
}

impl By {
    /// Which quarters answer it.
    pub const fn slice(self) -> Slice {
        match self {
            Self::Total | Self::Queue | Self::Medium => Slice::Queue,
            Self::Agent => Slice::Agent,
            Self::Disposition => Slice::Disposition,
            Self::Segment => Slice::Segment,
        }
    }
}

/// Days, first and last included, as moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: Date,
    /// The last.
    pub last: Date,
    /// Where the first begins.
    pub begins_at: Timestamp,
    /// Where the last ends.
    pub ends_at: Timestamp,
}

impl Days {
    /// Days of a zone.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn of(first: &str, last: &str, zone: &TimeZone) -> Result<Self, String> {
        let date = |text: &str| {
            text.parse::<Date>().map_err(|_| format!("\"{text}\" is no day; write 2026-03-02"))
        };
        let (first, last) = (date(first)?, date(last)?);
        let start = |date: Date| -> Result<Timestamp, String> {
            let begins = date.to_zoned_datetime(zone.clone()).and_then(|day| day.start_of_day());
            let begins = begins.map_err(|_| format!("{date} is not in the calendar"))?;
            Ok(begins.timestamp().into())
        };
        let after = last.tomorrow().map_err(|_| format!("{last} is not in the calendar"))?;
        let days = Self { first, last, begins_at: start(first)?, ends_at: start(after)? };
        if first > last {
            return Err(format!("{first} is after {last}"));
        }
        // An hour more in spring, an hour less in autumn.
        let length_ms = days.ends_at.millis_since(days.begins_at);
        if length_ms > DAYS_MAX * 86_400_000 {
            return Err(format!("a report has at most {DAYS_MAX} days; ask for fewer"));
        }
        Ok(days)
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// When.
    pub days: Days,
    /// In intervals of this length.
    pub width: Width,
    /// By arrival or by event.
    pub attribution: Attribution,
    /// Told apart by.
    pub by: By,
    /// How the service level is computed.
    pub formula: ServiceLevelFormula,
    /// Of this queue only.
    pub queue: Option<QueueId>,
    /// Of this medium only.
    pub medium: Option<Medium>,
    /// Of this agent, code or class only.
    pub member: Option<String>,
}

/// Figures of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct IntervalFigures {
    /// Segments that began.
    pub offered: u64,
    /// Segments that an agent answered.
    pub answered: u64,
    /// … within the target that held then.
    pub answered_in_target: u64,
    /// Segments in which the client left.
    pub abandoned: u64,
    /// … sooner than the limit of a short abandon.
    pub abandoned_short: u64,
    /// Segments that went elsewhere.
    pub flowed_out: u64,
    /// By the formula of the report; `null`: nothing to divide by.
    pub service_level_percent: Option<f64>,
    /// Mean wait of the answered, in ms.
    pub asa_ms: Option<i64>,
    /// Longest wait of a segment that ended, in ms.
    pub longest_wait_ms: i64,
    /// Abandoned / offered.
    pub abandoned_percent: Option<f64>,
    /// Contacts closed.
    pub closed: u64,
    /// Mean of talk, hold and wrap-up of the closed, in ms.
    pub aht_ms: Option<i64>,
    /// Sum of talk, in ms.
    pub talk_ms: i64,
    /// Sum of time on hold, in ms.
    pub hold_ms: i64,
    /// Sum of wrap-up, in ms.
    pub wrap_up_ms: i64,
    /// Offers made to agents, by their own time.
    pub offers: u64,
    /// Offers declined.
    pub declined: u64,
    /// Offers not answered.
    pub no_answers: u64,
}

impl IntervalFigures {
    /// Figures of counts.
    pub fn of(counts: &QueueCounts, formula: ServiceLevelFormula) -> Self {
        let share = |part: u64, all: u64| (all > 0).then(|| part as f64 * 100.0 / all as f64);
        Self {
            offered: counts.offered,
            answered: counts.answered,
            answered_in_target: counts.answered_in_target,
            abandoned: counts.abandoned,
            abandoned_short: counts.abandoned_short,
            flowed_out: counts.flowed_out,
            service_level_percent: formula.percent(counts),
            asa_ms: counts.asa_ms(),
            longest_wait_ms: counts.longest_wait_ms,
            abandoned_percent: share(counts.abandoned, counts.offered),
            closed: counts.closed,
            aht_ms: counts.aht_ms(),
            talk_ms: counts.talk_ms,
            hold_ms: counts.hold_ms,
            wrap_up_ms: counts.wrap_up_ms,
            offers: counts.offers,
            declined: counts.declined,
            no_answers: counts.no_answers,
        }
    }
}

/// A line of a report.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct IntervalLine {
    /// When it begins.
    pub begins_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Id of the queue, agent or code, name of the medium, number of the class; empty: all.
    pub key: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: IntervalFigures,
}

/// Lines by time, then by key, and all together.
///
/// # Errors
/// The number of lines, when there are more than [`LINES_MAX`].
pub fn lines(
    quarters: &Quarters,
    question: &Question,
    zone: &TimeZone,
) -> Result<(Vec<IntervalLine>, IntervalFigures), usize> {
    let mut intervals: BTreeMap<Timestamp, (Timestamp, Timestamp)> = BTreeMap::new();
    let mut sums: BTreeMap<(Timestamp, Timestamp, String), QueueCounts> = BTreeMap::new();
    let mut total = QueueCounts::default();
    for (cell, counts) in &quarters.counts {
        let is_asked = question.queue.is_none_or(|queue| queue == cell.queue)
            && question.medium.is_none_or(|medium| medium == cell.medium)
            && question.member.as_ref().is_none_or(|member| *member == cell.member);
        if !is_asked {
            continue;
        }
        let (begins_at, ends_at) = *intervals
            .entry(cell.begins_at)
            .or_insert_with(|| question.width.interval(cell.begins_at, zone));
        let key = match question.by {
            By::Total => String::new(),
            By::Queue => cell.queue.to_string(),
            By::Medium => cell.medium.as_str().to_owned(),
            By::Agent | By::Disposition | By::Segment => cell.member.clone(),
        };
        let sum = sums.entry((begins_at, ends_at, key)).or_default();
        *sum = sum.plus(counts);
        total = total.plus(counts);
    }
    if sums.len() > LINES_MAX {
        return Err(sums.len());
    }
    let lines = sums.into_iter().map(|((begins_at, ends_at, key), counts)| IntervalLine {
        begins_at,
        ends_at,
        key,
        figures: IntervalFigures::of(&counts, question.formula),
    });
    Ok((lines.collect(), IntervalFigures::of(&total, question.formula)))
}

/// How long an agent did what in an interval, in ms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct AgentTimes {
    /// Waiting for work.
    pub ready_ms: i64,
    /// With work in hand.
    pub busy_ms: i64,
    /// In wrap-up.
    pub wrap_up_ms: i64,
    /// Not responding to offers.
    pub not_responding_ms: i64,
    /// Pausing.
    pub paused_ms: i64,
    /// … by the id of the reason; empty: right after signing in.
    pub pauses_ms: BTreeMap<String, i64>,
    /// (busy + wrap-up) / (busy + wrap-up + ready); `null`: he was none of them.
    pub occupancy_percent: Option<f64>,
}

impl AgentTimes {
    fn add(&mut self, state: &str, reason: Option<PauseReasonId>, duration_ms: i64) {
        let sum = match state {
            "ready" => &mut self.ready_ms,
            "busy" => &mut self.busy_ms,
            "wrap_up" => &mut self.wrap_up_ms,
            "not_responding" => &mut self.not_responding_ms,
            "paused" => {
                let reason = reason.map(|reason| reason.to_string()).unwrap_or_default();
                *self.pauses_ms.entry(reason).or_default() += duration_ms;
                &mut self.paused_ms
            }
            _ => return,
        };
        *sum += duration_ms;
        let handling_ms = self.busy_ms + self.wrap_up_ms;
        let whole_ms = handling_ms + self.ready_ms;
        self.occupancy_percent =
            (whole_ms > 0).then(|| handling_ms as f64 * 100.0 / whole_ms as f64);
    }
}

/// A line of the report on agents' times.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AgentTimesLine {
    /// When it begins.
    pub begins_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Who.
    pub agent_id: AgentId,
    /// As shown.
    pub name: String,
    /// What he did.
    #[serde(flatten)]
    pub times: AgentTimes,
}

/// Times by interval, then by agent; who was offline all the time is left out.
///
/// # Errors
/// The number of lines, when there are more than [`LINES_MAX`].
pub fn agent_times(
    quarters: &Quarters,
    width: Width,
    agent: Option<AgentId>,
    zone: &TimeZone,
) -> Result<Vec<AgentTimesLine>, usize> {
    let mut sums: BTreeMap<(Timestamp, Timestamp, AgentId), AgentTimes> = BTreeMap::new();
    for (cell, duration_ms) in &quarters.states {
        if cell.state == "offline" || agent.is_some_and(|agent| agent != cell.agent) {
            continue;
        }
        let (begins_at, ends_at) = width.interval(cell.begins_at, zone);
        let times = sums.entry((begins_at, ends_at, cell.agent)).or_default();
        times.add(cell.state, cell.reason, *duration_ms);
    }
    if sums.len() > LINES_MAX {
        return Err(sums.len());
    }
    let lines = sums.into_iter().map(|((begins_at, ends_at, agent_id), times)| AgentTimesLine {
        begins_at,
        ends_at,
        agent_id,
        name: String::new(),
        times,
    });
    Ok(lines.collect())
}

/// Whether quarters fit whole into intervals of every width.
const _: () = assert!(QUARTER_MS == 900_000);

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().expect("a time").into()
    }

    #[test]
    fn intervals_follow_the_clocks_of_the_zone() {
        let cases = [
            (Width::Hour, "Europe/Kyiv", "2026-03-02T10:44:59Z", "2026-03-02T10:00:00Z"),
            (Width::Quarter, "Europe/Kyiv", "2026-03-02T10:44:59Z", "2026-03-02T10:30:00Z"),
            // Half an hour off, so that hours begin at half past.
            (Width::Hour, "Asia/Kolkata", "2026-03-02T10:44:59Z", "2026-03-02T10:30:00Z"),
            (Width::Day, "Europe/Kyiv", "2026-03-02T22:30:00Z", "2026-03-02T22:00:00Z"),
        ];
        for (width, name, moment, expected) in cases {
            let (begins_at, _) = width.interval(at(moment), &zone(name));
            assert_eq!(begins_at, at(expected), "{width:?} {name}");
        }
    }

    #[test]
    fn days_are_those_of_the_bank() {
        let kyiv = zone("Europe/Kyiv");
        let days = Days::of("2026-03-28", "2026-03-29", &kyiv).expect("two days");
        assert_eq!(days.ends_at.millis_since(days.begins_at), 47 * 3_600_000, "clocks change");
        for (first, last, word) in [
            ("yesterday", "2026-03-29", "is no day"),
            ("2026-03-30", "2026-03-29", "is after"),
            ("2024-01-01", "2026-03-29", "at most"),
        ] {
            let problem = Days::of(first, last, &kyiv).expect_err(word);
            assert!(problem.contains(word), "{problem}");
        }
    }
}
