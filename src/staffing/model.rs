//! Plans and forecasts. Pure.
//!
//! - Load, in Erlang: arrivals × AHT / length of the interval.
//! - Agents: the fewest whose service level (Erlang C, with patience Erlang A) and occupancy hold.
//! - Scheduled: agents / (1 − shrinkage), rounded up.
//! - Forecast: median over weeks of the same weekday and interval, each brought to the forecast day
//!   by the trend of the day's totals (Theil–Sen).

use rozmova_queue::erlang::{MAX_STAFF, erlang_a, erlang_b, erlang_c, with_shrinkage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most intervals of one plan: a week of quarters of an hour.
pub const INTERVALS_MAX: usize = 672;
/// Most agents of one interval; beyond it the formulas are not asked.
pub const AGENTS_MAX: u32 = 20_000;

/// Longest mean queue that Erlang A is asked about, arrivals in a mean patience.
const QUEUE_MAX: f64 = 1e6;

/// One queue at one load with so many agents.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Staffed {
    /// Arrivals per second × handling time, Erlang.
    pub load_erlang: f64,
    /// Erlang B: share turned away if nobody could wait, %.
    pub blocked_percent: Option<f64>,
    /// Erlang C; `null`: the agents cannot carry the load.
    pub erlang_c: Option<Waiting>,
    /// Erlang A; `null`: no patience was given.
    pub erlang_a: Option<Waiting>,
}

/// How clients wait.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Waiting {
    /// Clients who wait at all, %.
    pub wait_percent: f64,
    /// Clients who do not wait longer than the target, %.
    pub service_level_percent: f64,
    /// Mean wait of all clients, s.
    pub mean_wait_s: f64,
    /// Clients who leave before they are answered, %.
    pub abandoned_percent: f64,
    /// Share of their time in which agents are busy, %.
    pub occupancy_percent: f64,
    /// Mean number of clients who wait.
    pub queue_length: f64,
}

/// What the formulas need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// Erlang.
    pub load_erlang: f64,
    /// Mean handling time, s.
    pub handling_s: f64,
    /// Target of the service level, s.
    pub target_s: f64,
    /// Mean patience, s; none: nobody leaves.
    pub patience_s: Option<f64>,
}

impl Work {
    /// Whether the formulas can be computed in no time: Erlang A looks at every place of the queue.
    pub fn is_in_range(&self) -> bool {
        let impatient = self.patience_s.unwrap_or(0.0) * self.load_erlang / self.handling_s;
        self.load_erlang <= f64::from(AGENTS_MAX) && impatient <= QUEUE_MAX
    }

    /// The formulas for so many agents.
    pub fn with(&self, agents: u32) -> Staffed {
        Staffed {
            load_erlang: self.load_erlang,
            blocked_percent: erlang_b(self.load_erlang, agents).map(percent),
            erlang_c: self.erlang_c(agents),
            erlang_a: self.erlang_a(agents),
        }
    }

    fn erlang_c(&self, agents: u32) -> Option<Waiting> {
        let found = erlang_c(self.load_erlang, agents, self.handling_s, self.target_s)?;
        Some(Waiting {
            wait_percent: percent(found.wait_probability),
            service_level_percent: percent(found.service_level),
            mean_wait_s: found.asa_s,
            abandoned_percent: 0.0,
            occupancy_percent: percent(found.occupancy),
            queue_length: found.queue_length,
        })
    }

    fn erlang_a(&self, agents: u32) -> Option<Waiting> {
        let patience_s = self.patience_s?;
        let found = erlang_a(self.load_erlang, agents, self.handling_s, patience_s, self.target_s)?;
        Some(Waiting {
            wait_percent: percent(found.wait_probability),
            service_level_percent: percent(1.0 - found.wait_over_target),
            mean_wait_s: found.mean_wait_s,
            abandoned_percent: percent(found.abandon_probability),
            occupancy_percent: percent(found.occupancy),
            queue_length: found.queue_length,
        })
    }

    fn waiting(&self, agents: u32) -> Option<Waiting> {
        if self.patience_s.is_some() { self.erlang_a(agents) } else { self.erlang_c(agents) }
    }

    /// The fewest agents with whom the goal holds, and how clients wait then. Service level grows
    /// and occupancy falls with every agent, so the number is found by halving.
    fn least(&self, goal: &Goal) -> Option<(u32, Waiting)> {
        let holds = |agents: u32| {
            self.waiting(agents).filter(|waiting| {
                waiting.service_level_percent >= goal.level_percent
                    && waiting.occupancy_percent <= goal.occupancy_max_percent
            })
        };
        let (mut too_few, mut enough) = (0, 1);
        while holds(enough).is_none() {
            too_few = enough;
            enough *= 2;
            if enough > AGENTS_MAX.min(MAX_STAFF) {
                return None;
            }
        }
        while enough - too_few > 1 {
            let middle = u32::midpoint(too_few, enough);
            if holds(middle).is_some() { enough = middle } else { too_few = middle }
        }
        Some((enough, holds(enough)?))
    }
}

/// What a plan is to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// Service level, %.
    pub level_percent: f64,
    /// Agents are busy for at most this share of their time, %.
    pub occupancy_max_percent: f64,
    /// Share of scheduled time in which agents are absent, %.
    pub shrinkage_percent: f64,
}

/// One interval of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct PlannedInterval {
    /// Arrivals expected.
    pub arrivals: f64,
    /// Their load, Erlang.
    pub load_erlang: f64,
    /// Agents at work.
    pub agents: u32,
    /// Agents to schedule, with shrinkage.
    pub scheduled: u32,
    /// How clients wait then; `null`: nobody comes.
    pub waiting: Option<Waiting>,
}

/// Least staff for each interval.
///
/// # Errors
/// The place of the first interval that no number of agents can carry.
pub fn plan(
    arrivals: &[f64],
    interval_minutes: u32,
    work: &Work,
    goal: &Goal,
) -> Result<Vec<PlannedInterval>, usize> {
    let interval_s = f64::from(interval_minutes) * 60.0;
    let planned = arrivals.iter().enumerate().map(|(place, count)| {
        let load_erlang = count * work.handling_s / interval_s;
        if load_erlang <= 0.0 {
            let (agents, scheduled, waiting) = (0, 0, None);
            return Ok(PlannedInterval {
                arrivals: *count,
                load_erlang,
                agents,
                scheduled,
                waiting,
            });
        }
        let work = Work { load_erlang, ..*work };
        let least = if work.is_in_range() { work.least(goal) } else { None };
        let (agents, waiting) = least.ok_or(place)?;
        let scheduled = with_shrinkage(agents, goal.shrinkage_percent / 100.0).ok_or(place)?;
        let waiting = Some(waiting);
        Ok(PlannedInterval { arrivals: *count, load_erlang, agents, scheduled, waiting })
    });
    planned.collect()
}

/// A past day of the same weekday.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PastDay {
    /// How many weeks before the forecast day.
    pub weeks_ago: u32,
    /// Arrivals by interval.
    pub arrivals: Vec<f64>,
}

/// Arrivals expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// By interval.
    pub arrivals: Vec<f64>,
    /// Growth of the day's total in a week.
    pub trend_per_week: f64,
    /// Days that counted.
    pub days_used: usize,
}

/// From past days; those on which nobody came (holidays) do not count. None without any.
pub fn forecast(days: &[PastDay]) -> Option<Forecast> {
    let total = |day: &PastDay| day.arrivals.iter().sum::<f64>();
    let days: Vec<&PastDay> = days.iter().filter(|day| total(day) > 0.0).collect();
    let intervals = days.iter().map(|day| day.arrivals.len()).max()?;
    let points: Vec<(f64, f64)> =
        days.iter().map(|day| (-f64::from(day.weeks_ago), total(day))).collect();
    let slope = theil_sen(&points);
    let level = median(points.iter().map(|(week, total)| total - slope * week).collect());
    // A trend that leads below nothing is none.
    let expected = |week: f64| level + slope * week;
    let is_sound = points.iter().all(|(week, _)| expected(*week) > 0.0) && level > 0.0;
    let factor = |week: f64| if is_sound { level / expected(week) } else { 1.0 };
    let arrivals = (0..intervals).map(|interval| {
        let counts = days.iter().zip(&points).map(|(day, (week, _))| {
            day.arrivals.get(interval).copied().unwrap_or(0.0) * factor(*week)
        });
        median(counts.collect())
    });
    Some(Forecast {
        arrivals: arrivals.collect(),
        trend_per_week: if is_sound { slope } else { 0.0 },
        days_used: days.len(),
    })
}

/// The median of the slopes of all pairs (Theil 1950, Sen 1968): one odd day does not bend it.
/// With fewer than three points there is no trend.
fn theil_sen(points: &[(f64, f64)]) -> f64 {
    if points.len() < 3 {
        return 0.0;
    }
    let mut slopes = Vec::new();
    for (place, (x, y)) in points.iter().enumerate() {
        for (later_x, later_y) in &points[place + 1..] {
            if (later_x - x).abs() > 0.0 {
                slopes.push((later_y - y) / (later_x - x));
            }
        }
    }
    median(slopes)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        count if count.is_multiple_of(2) => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

fn percent(share: f64) -> f64 {
    share * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOAL: Goal =
        Goal { level_percent: 80.0, occupancy_max_percent: 100.0, shrinkage_percent: 30.0 };

    fn work(patience_s: Option<f64>) -> Work {
        Work { load_erlang: 10.0, handling_s: 180.0, target_s: 20.0, patience_s }
    }

    /// Least staff for 80/20 at 180 s, by the tables of Erlang C.
    #[test]
    fn least_staff_is_that_of_the_tables() {
        let loads = [(5.0, 8), (10.0, 14), (20.0, 24), (50.0, 56), (100.0, 107), (200.0, 208)];
        // 180 s in half an hour: ten arrivals are one Erlang.
        let arrivals: Vec<f64> = loads.iter().map(|(load, _)| load * 10.0).collect();
        let planned = plan(&arrivals, 30, &work(None), &GOAL).expect("a plan");
        for (interval, (load, agents)) in planned.iter().zip(loads) {
            assert!((interval.load_erlang - load).abs() < 1e-9);
            assert_eq!(interval.agents, agents, "{load} Erlang");
            assert_eq!(interval.scheduled, (f64::from(agents) / 0.7).ceil() as u32);
        }
    }

    #[test]
    fn patience_saves_staff_and_occupancy_costs_it() {
        let least =
            |work: Work, goal: Goal| plan(&[100.0], 30, &work, &goal).expect("a plan")[0].agents;
        assert!(least(work(Some(60.0)), GOAL) < 14, "who leaves need not be served");
        let rested = Goal { occupancy_max_percent: 50.0, ..GOAL };
        assert_eq!(least(work(None), rested), 20, "10 Erlang on 20 agents are 50 %");
    }

    #[test]
    fn nobody_is_planned_for_nobody_and_what_cannot_be_is_told() {
        let planned = plan(&[0.0], 30, &work(None), &GOAL).expect("a plan");
        assert_eq!((planned[0].agents, planned[0].waiting), (0, None));
        assert_eq!(plan(&[1.0, 1e9], 30, &work(None), &GOAL), Err(1));
    }

    #[test]
    fn formulas_stand_beside_each_other() {
        let staffed = work(Some(120.0)).with(14);
        let erlang_c = staffed.erlang_c.expect("carried");
        assert!((erlang_c.service_level_percent - 88.835).abs() < 1e-3, "{erlang_c:?}");
        assert!(staffed.erlang_a.expect("patience").abandoned_percent > 0.0);
        assert_eq!(work(None).with(10).erlang_c, None, "ten agents cannot carry 10 Erlang");
    }

    fn day(weeks_ago: u32, arrivals: &[f64]) -> PastDay {
        PastDay { weeks_ago, arrivals: arrivals.to_vec() }
    }

    #[test]
    fn a_forecast_is_the_median_brought_forward_by_the_trend() {
        // Ten more a week, always a third in the first interval.
        let days: Vec<PastDay> = (1..=6)
            .map(|weeks_ago| {
                let total = 120.0 - 10.0 * f64::from(weeks_ago);
                day(weeks_ago, &[total / 3.0, total * 2.0 / 3.0])
            })
            .collect();
        let found = forecast(&days).expect("a forecast");
        assert!((found.trend_per_week - 10.0).abs() < 1e-9, "{found:?}");
        assert!((found.arrivals[0] - 40.0).abs() < 1e-9, "{found:?}");
        assert!((found.arrivals[1] - 80.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn one_odd_day_and_holidays_do_not_bend_it() {
        let mut days: Vec<PastDay> = (1..=7).map(|week| day(week, &[10.0, 20.0])).collect();
        days[2] = day(3, &[500.0, 900.0]);
        days[4] = day(5, &[0.0, 0.0]);
        let found = forecast(&days).expect("a forecast");
        assert_eq!((found.days_used, found.arrivals.len()), (6, 2));
        assert!((found.arrivals[0] - 10.0).abs() < 1e-9, "{found:?}");
        assert_eq!(forecast(&[day(1, &[0.0])]), None);
    }
}
