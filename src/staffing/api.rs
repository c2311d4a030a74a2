//! `/api/v1/staffing`: Erlang, plan, forecast, what-if.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rozmova_base::Timestamp;
use rozmova_base::id::QueueId;
use rozmova_queue::config::Medium;
use rozmova_simulation::{Outcome, Scenario, run};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::model::{
    AGENTS_MAX, Goal, INTERVALS_MAX, PastDay, PlannedInterval, Staffed, Work, forecast, plan,
};
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Query};
use crate::report::interval::{Attribution, Slice};
use crate::report::model::{Days, Width};
use crate::report::store;

/// Contacts of one what-if: some weeks of a large centre, about a second.
const WHAT_IF_ARRIVALS_MAX: f64 = 200_000.0;
/// A what-if that takes longer is stopped: somebody waits for the answer.
const WHAT_IF_MS_MAX: i64 = 20_000;
/// Weeks of history of one forecast.
const WEEKS_MAX: u32 = 26;

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(erlang))
        .routes(routes!(make_plan))
        .routes(routes!(make_forecast))
        .routes(routes!(what_if))
}

/// A queue with so many agents.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ErlangQuery {
    /// Arrivals in an hour.
    arrivals_per_hour: f64,
    /// Mean handling time, s.
    handling_s: f64,
    /// Agents at work.
    agents: u32,
    /// Target of the service level, s. Absent: 20.
    target_s: Option<f64>,
    /// Mean patience, s. Absent: nobody leaves.
    patience_s: Option<f64>,
}

/// Erlang B, C and, with patience, A
#[utoipa::path(get, path = "/staffing/erlang", tag = "staffing", params(ErlangQuery),
    responses((status = 200, body = Staffed)))]
async fn erlang(signed_in: SignedIn, Query(query): Query<ErlangQuery>) -> ApiResult<Staffed> {
    signed_in.require(Right::ViewReports)?;
    positive("arrivals_per_hour", query.arrivals_per_hour)?;
    let work = Work {
        load_erlang: query.arrivals_per_hour * query.handling_s / 3_600.0,
        ..work(query.handling_s, query.target_s, query.patience_s)?
    };
    if !work.is_in_range() {
        return Err(ApiError::invalid("arrivals_per_hour", "are more than the formulas can take"));
    }
    if !(1..=AGENTS_MAX).contains(&query.agents) {
        return Err(ApiError::invalid("agents", format!("is not 1 to {AGENTS_MAX}")));
    }
    Ok(Json(work.with(query.agents)))
}

/// What a plan is made of.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanWish {
    /// Arrivals expected in each interval.
    arrivals: Vec<f64>,
    /// Length of the intervals: 15, 30 or 60.
    interval_minutes: u32,
    /// Mean handling time, s.
    handling_s: f64,
    /// Target of the service level, s. Absent: 20.
    target_s: Option<f64>,
    /// Service level to reach, %. Absent: 80.
    service_level_percent: Option<f64>,
    /// Mean patience, s: Erlang A. Absent: Erlang C.
    patience_s: Option<f64>,
    /// Agents are busy for at most this share of their time, %. Absent: 100.
    occupancy_max_percent: Option<f64>,
    /// Share of scheduled time in which agents are absent (leave, training, breaks), %. Absent: 0.
    shrinkage_percent: Option<f64>,
}

/// Least staff by interval.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Plan {
    /// By which formula: `erlang_a` or `erlang_c`.
    formula: &'static str,
    /// In the order of the wish.
    intervals: Vec<PlannedInterval>,
    /// Hours to schedule, all together.
    scheduled_hours: f64,
}

/// Least staff for a target in every interval, with shrinkage
#[utoipa::path(post, path = "/staffing/plan", tag = "staffing", request_body = PlanWish,
    responses((status = 200, body = Plan)))]
async fn make_plan(signed_in: SignedIn, Json(wish): Json<PlanWish>) -> ApiResult<Plan> {
    signed_in.require(Right::ViewReports)?;
    let work = work(wish.handling_s, wish.target_s, wish.patience_s)?;
    let goal = Goal {
        level_percent: wish.service_level_percent.unwrap_or(80.0),
        occupancy_max_percent: wish.occupancy_max_percent.unwrap_or(100.0),
        shrinkage_percent: wish.shrinkage_percent.unwrap_or(0.0),
    };
    if !(0.0..100.0).contains(&goal.level_percent) {
        return Err(ApiError::invalid("service_level_percent", "is not 0 to below 100"));
    }
    if !(1.0..=100.0).contains(&goal.occupancy_max_percent) {
        return Err(ApiError::invalid("occupancy_max_percent", "is not 1 to 100"));
    }
    if !(0.0..=95.0).contains(&goal.shrinkage_percent) {
        return Err(ApiError::invalid("shrinkage_percent", "is not 0 to 95"));
    }
    if !(1..=INTERVALS_MAX).contains(&wish.arrivals.len()) {
        return Err(ApiError::invalid("arrivals", format!("are not 1 to {INTERVALS_MAX}")));
    }
    if wish.arrivals.iter().any(|count| !(*count >= 0.0 && count.is_finite())) {
        return Err(ApiError::invalid("arrivals", "a number of arrivals is 0 or more"));
    }
    interval_minutes(wish.interval_minutes)?;
    let minutes = wish.interval_minutes;
    // Halving over thousands of agents in hundreds of intervals is work for a thread of its own.
    let planned = tokio::task::spawn_blocking(move || plan(&wish.arrivals, minutes, &work, &goal));
    let intervals = planned.await.map_err(ApiError::internal)?.map_err(|place| {
        let message =
            format!("interval {} needs more than {AGENTS_MAX} agents or cannot be", place + 1);
        ApiError::invalid("arrivals", message)
    })?;
    let scheduled: f64 = intervals.iter().map(|interval| f64::from(interval.scheduled)).sum();
    Ok(Json(Plan {
        formula: if work.patience_s.is_some() { "erlang_a" } else { "erlang_c" },
        scheduled_hours: scheduled * f64::from(minutes) / 60.0,
        intervals,
    }))
}

/// Of which day.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ForecastQuery {
    /// The day in the bank's time zone: 2026-03-02.
    day: String,
    /// 15, 30 or 60. Absent: 30.
    interval_minutes: Option<u32>,
    /// Weeks of history, up to 26. Absent: 8.
    weeks: Option<u32>,
    /// Of this queue only.
    queue_id: Option<QueueId>,
    /// Of this medium only: `call`, `email`, `fax`, `letter`.
    medium: Option<String>,
}

/// Arrivals expected on a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct ForecastDay {
    /// The day.
    day: String,
    /// Zone of the day.
    time_zone: String,
    /// Length of the intervals.
    interval_minutes: u32,
    /// How it is computed.
    formula: &'static str,
    /// Past days of the same weekday that counted; without any nothing is forecast.
    days_used: usize,
    /// Growth of the day's arrivals in a week.
    trend_per_week: f64,
    /// Arrivals by interval from midnight on.
    arrivals: Vec<f64>,
    /// The past days, the last first.
    history: Vec<HistoryDay>,
}

/// A past day.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct HistoryDay {
    /// The day.
    day: String,
    /// Arrivals by interval from midnight on.
    arrivals: Vec<f64>,
}

/// Arrivals forecast for a day: median of its weekday by interval, with trend
#[utoipa::path(get, path = "/staffing/forecast", tag = "staffing", params(ForecastQuery),
    responses((status = 200, body = ForecastDay)))]
async fn make_forecast(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<ForecastQuery>,
) -> ApiResult<ForecastDay> {
    signed_in.require(Right::ViewReports)?;
    let zone = TimeZone::get(&app.config.centre.time_zone).unwrap_or(TimeZone::UTC);
    let width = interval_minutes(query.interval_minutes.unwrap_or(30))?;
    let weeks = query.weeks.unwrap_or(8);
    if !(1..=WEEKS_MAX).contains(&weeks) {
        return Err(ApiError::invalid("weeks", format!("are not 1 to {WEEKS_MAX}")));
    }
    let medium = match query.medium.as_deref() {
        None => None,
        Some(name) => {
            let found = Medium::ALL.into_iter().find(|medium| medium.as_str() == name);
            let wrong = || ApiError::invalid("medium", "is not call, email, fax or letter");
            Some(found.ok_or_else(wrong)?)
        }
    };
    let invalid = |problem: String| ApiError::invalid("day", problem);
    let asked = Days::of(&query.day, &query.day, &zone).map_err(invalid)?;
    let today = app.clock.now().to_jiff().to_zoned_datetime(zone.clone()).date();
    let mut history = Vec::new();
    let mut past = Vec::new();
    for (weeks_ago, date) in same_weekdays(asked.first, today, weeks) {
        let text = date.to_string();
        let days = Days::of(&text, &text, &zone).map_err(invalid)?;
        let arrivals = arrivals(&app, &days, width, &zone, (query.queue_id, medium)).await?;
        past.push(PastDay { weeks_ago, arrivals: arrivals.clone() });
        history.push(HistoryDay { day: text, arrivals });
    }
    let found = forecast(&past);
    Ok(Json(ForecastDay {
        day: asked.first.to_string(),
        time_zone: app.config.centre.time_zone.clone(),
        interval_minutes: width.minutes(),
        formula: "median over weeks of weekday and interval, each × trend on the day / trend then",
        days_used: found.as_ref().map_or(0, |found| found.days_used),
        trend_per_week: found.as_ref().map_or(0.0, |found| found.trend_per_week),
        arrivals: found.map(|found| found.arrivals).unwrap_or_default(),
        history,
    }))
}

/// The last days of the same weekday before the day and before today, with their distance.
fn same_weekdays(day: Date, today: Date, weeks: u32) -> Vec<(u32, Date)> {
    let mut found = Vec::new();
    let mut date = day;
    // A day far ahead has its history before today.
    for weeks_ago in 1..=1_000 {
        let Ok(before) = date.checked_sub(jiff::ToSpan::days(7)) else { break };
        date = before;
        if date < today {
            found.push((weeks_ago, date));
        }
        if found.len() as u32 == weeks {
            break;
        }
    }
    found
}

/// Segments that began, by interval of the clock from midnight on.
async fn arrivals(
    app: &App,
    days: &Days,
    width: Width,
    zone: &TimeZone,
    (queue, medium): (Option<QueueId>, Option<Medium>),
) -> Result<Vec<f64>, ApiError> {
    let routing = app.routing.get();
    let what = (Slice::Queue, Attribution::Arrival);
    let span = (days.begins_at, days.ends_at);
    let quarters = store::quarters(&app.db, routing.as_ref(), what, span).await?;
    let mut arrivals = vec![0.0; (24 * 60 / width.minutes()) as usize];
    for (cell, counts) in &quarters.counts {
        let is_asked = queue.is_none_or(|queue| queue == cell.queue)
            && medium.is_none_or(|medium| medium == cell.medium);
        if let Some(count) = arrivals.get_mut(clock_interval(cell.begins_at, width, zone))
            && is_asked
        {
            *count += counts.offered as f64;
        }
    }
    Ok(arrivals)
}

fn clock_interval(at: Timestamp, width: Width, zone: &TimeZone) -> usize {
    let time = at.to_jiff().to_zoned_datetime(zone.clone()).time();
    let minutes = i32::from(time.hour()) * 60 + i32::from(time.minute());
    minutes as usize / width.minutes() as usize
}

/// What would happen in this centre: a simulation with the real queue
///
/// At most 200,000 contacts and 20 s; one at a time.
#[utoipa::path(post, path = "/staffing/what-if", tag = "staffing", request_body = Scenario,
    responses((status = 200, body = Outcome)))]
async fn what_if(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(scenario): Json<Scenario>,
) -> ApiResult<Outcome> {
    signed_in.require(Right::ViewReports)?;
    let problems = scenario.problems();
    if let Some(first) = problems.first() {
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        return Err(ApiError::invalid(&first.key, all.join("\n")));
    }
    let expected = scenario.expected_arrivals();
    if expected > WHAT_IF_ARRIVALS_MAX {
        let message = format!(
            "{expected:.0} contacts are more than {WHAT_IF_ARRIVALS_MAX:.0}; simulate fewer days, \
             or use `rozmova simulate`"
        );
        return Err(ApiError::invalid("arrivals", message));
    }
    let turn = Turn::take()
        .ok_or_else(|| ApiError::too_many("Another simulation runs; try again soon.", 5))?;
    let clock = Arc::clone(&app.clock);
    let begun = clock.now();
    let outcome = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        run(&scenario, scenario.seed, |_| clock.now().millis_since(begun) < WHAT_IF_MS_MAX)
    });
    let outcome = outcome.await.map_err(ApiError::internal)?;
    outcome.map(Json).map_err(|stopped| ApiError::invalid("days", stopped.to_string()))
}

/// Simulations take a whole core: one at a time.
struct Turn;

static RUNS: AtomicBool = AtomicBool::new(false);

impl Turn {
    fn take() -> Option<Self> {
        (!RUNS.swap(true, Ordering::AcqRel)).then_some(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        RUNS.store(false, Ordering::Release);
    }
}

fn work(handling_s: f64, target_s: Option<f64>, patience_s: Option<f64>) -> Result<Work, ApiError> {
    positive("handling_s", handling_s)?;
    if let Some(patience_s) = patience_s {
        positive("patience_s", patience_s)?;
    }
    let target_s = target_s.unwrap_or(20.0);
    if !(0.0..=1e7).contains(&target_s) {
        return Err(ApiError::invalid("target_s", "is not 0 or more seconds"));
    }
    Ok(Work { load_erlang: 0.0, handling_s, target_s, patience_s })
}

fn positive(field: &str, value: f64) -> Result<(), ApiError> {
    let is_positive = value > 0.0 && value <= 1e7;
    is_positive.then_some(()).ok_or_else(|| ApiError::invalid(field, "is not above 0, up to 10⁷"))
}

fn interval_minutes(minutes: u32) -> Result<Width, ApiError> {
    let width = Width::from_minutes(minutes).filter(|width| *width != Width::Day);
    width.ok_or_else(|| ApiError::invalid("interval_minutes", "is not 15, 30 or 60"))
}
