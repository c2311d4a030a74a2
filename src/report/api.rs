//! `GET /api/v1/reports/intervals`, `/reports/agent-times`, each as JSON, CSV or XLSX.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jiff::tz::TimeZone;
use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, QueueId, UserId};
use rozmova_queue::config::Medium;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::export::{Cell, Format};
use super::interval::{Attribution, Slice};
use super::measure::ServiceLevelFormula;
use super::model::{
    self, AgentTimesLine, By, Days, IntervalFigures, IntervalLine, LINES_MAX, Question, Width,
};
use super::store;
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::download::download;
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Query};
use crate::interaction;

/// Names of the classes of clients, by number.
const SEGMENTS: [&str; 2] = ["ordinary", "vip"];

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(intervals))
        .routes(routes!(intervals_csv))
        .routes(routes!(intervals_xlsx))
        .routes(routes!(agent_times))
        .routes(routes!(agent_times_csv))
        .routes(routes!(agent_times_xlsx))
}

/// Which days, in which intervals, told apart by what.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct IntervalQuery {
    /// First day in the bank's time zone: 2026-03-02. Absent: today.
    first_day: Option<String>,
    /// Last day, included. Absent: the first.
    last_day: Option<String>,
    /// 15, 30, 60 or 1440. Absent: 30.
    interval_minutes: Option<u32>,
    /// To which interval a segment counts. Absent: `arrival`.
    attribution: Option<Attribution>,
    /// What lines are told apart by. Absent: `total`.
    by: Option<By>,
    /// How the service level is computed. Absent: `answered_of_decided`.
    formula: Option<ServiceLevelFormula>,
    /// Of this queue only.
    queue_id: Option<QueueId>,
    /// Of this medium only: `call`, `email`, `fax`, `letter`.
    medium: Option<String>,
    /// Of this agent, code or class only, as `key` says it.
    key: Option<String>,
}

/// How a figure is computed.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct FormulaText {
    /// Its name in queries.
    name: ServiceLevelFormula,
    /// In words.
    text: &'static str,
}

/// Figures of intervals.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct IntervalReport {
    /// First day.
    first_day: String,
    /// Last day, included.
    last_day: String,
    /// Zone in which days and intervals begin.
    time_zone: String,
    /// Length of the intervals.
    interval_minutes: u32,
    /// To which interval a segment counts.
    attribution: Attribution,
    /// What lines are told apart by.
    by: By,
    /// How the service level is computed.
    formula: FormulaText,
    /// What may be asked for.
    formulas: Vec<FormulaText>,
    /// Names of what `key` says.
    names: BTreeMap<String, String>,
    /// All lines together.
    total: IntervalFigures,
    /// By time, then by key; intervals in which nothing happened are left out.
    items: Vec<IntervalLine>,
}

/// Figures by interval, from the event log alone
#[utoipa::path(get, path = "/reports/intervals", tag = "reports", params(IntervalQuery),
    responses((status = 200, body = IntervalReport)))]
async fn intervals(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<IntervalQuery>,
) -> ApiResult<IntervalReport> {
    signed_in.require(Right::ViewReports)?;
    Ok(Json(report(&app, &query).await?))
}

/// The same as a file: comma-separated values
#[utoipa::path(get, path = "/reports/intervals.csv", tag = "reports", params(IntervalQuery),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn intervals_csv(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<IntervalQuery>,
) -> Result<Response, ApiError> {
    intervals_file(&app, &signed_in, &query, Format::Csv).await
}

/// The same as a file: a workbook
#[utoipa::path(get, path = "/reports/intervals.xlsx", tag = "reports", params(IntervalQuery),
    responses((status = 200, body = Vec<u8>,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
async fn intervals_xlsx(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<IntervalQuery>,
) -> Result<Response, ApiError> {
    intervals_file(&app, &signed_in, &query, Format::Xlsx).await
}

async fn intervals_file(
    app: &App,
    signed_in: &SignedIn,
    query: &IntervalQuery,
    format: Format,
) -> Result<Response, ApiError> {
    signed_in.require(Right::ViewReports)?;
    let (report, zone) = (report(app, query).await?, zone(app));
    let extension = format.extension();
    let name = format!("intervals-{}-{}.{extension}", report.first_day, report.last_day);
    let level = format!("service_level_percent ({})", report.formula.text);
    Ok(download(&name, format.media_type(), move |out| {
        let IntervalReport { items, names, .. } = report;
        let head = INTERVAL_COLUMNS.map(|name| if name.is_empty() { &level } else { name });
        format.write(out, &head, items.into_iter().map(|line| interval_row(&line, &names, &zone)))
    }))
}

async fn report(app: &App, query: &IntervalQuery) -> Result<IntervalReport, ApiError> {
    let zone = zone(app);
    let days = days(app, query.first_day.as_deref(), query.last_day.as_deref())?;
    let question = Question {
        days,
        width: width(query.interval_minutes)?,
        attribution: query.attribution.unwrap_or_default(),
        by: query.by.unwrap_or_default(),
        formula: query.formula.unwrap_or_default(),
        queue: query.queue_id,
        medium: query.medium.as_deref().map(medium).transpose()?,
        member: query.key.clone().filter(|_| {
            !matches!(query.by.unwrap_or_default(), By::Total | By::Queue | By::Medium)
        }),
    };
    let what = (question.by.slice(), question.attribution);
    let span = (days.begins_at, days.ends_at);
    let routing = app.routing.get();
    let quarters = store::quarters(&app.db, routing.as_ref(), what, span).await?;
    let (items, total) = model::lines(&quarters, &question, &zone).map_err(too_many)?;
    let names = names(app, question.by, &items).await?;
    let text = |name: ServiceLevelFormula| FormulaText { name, text: name.text() };
    Ok(IntervalReport {
        first_day: days.first.to_string(),
        last_day: days.last.to_string(),
        time_zone: app.config.centre.time_zone.clone(),
        interval_minutes: question.width.minutes(),
        attribution: question.attribution,
        by: question.by,
        formula: text(question.formula),
        formulas: ServiceLevelFormula::ALL.into_iter().map(text).collect(),
        names,
        total,
        items,
    })
}

/// What the keys of lines are called; what was removed is called by its id.
async fn names(
    app: &App,
    by: By,
    lines: &[IntervalLine],
) -> Result<BTreeMap<String, String>, ApiError> {
    let routing = app.routing.get();
    let mut names: BTreeMap<String, String> =
        lines.iter().map(|line| (line.key.clone(), line.key.clone())).collect();
    if by == By::Agent {
        let ids: Vec<UserId> = names.keys().filter_map(|key| key.parse().ok()).collect();
        let mut connection = app.db.read().await?;
        let people = interaction::store::names(&mut connection.sql(), &ids).await?;
        names.extend(people.into_iter().map(|(id, name)| (id.to_string(), name)));
        return Ok(names);
    }
    for (key, name) in &mut names {
        let found = match by {
            By::Queue => key.parse().ok().map(|id| routing.queue_name(id).to_owned()),
            By::Disposition => {
                let item = key.parse().ok().and_then(|id| routing.disposition(id));
                item.map(|item| item.name.clone())
            }
            By::Segment => {
                let class = key.parse().ok().and_then(|class: usize| SEGMENTS.get(class));
                class.map(|class| (*class).to_owned())
            }
            By::Total | By::Medium | By::Agent => None,
        };
        if let Some(found) = found.filter(|found| !found.is_empty()) {
            *name = found;
        }
    }
    Ok(names)
}

/// The empty name is that of the service level, which says its formula.
const INTERVAL_COLUMNS: [&str; 22] = [
    "begins",
    "ends",
    "key",
    "name",
    "offered",
    "answered",
    "answered_in_target",
    "abandoned",
    "abandoned_short",
    "flowed_out",
    "",
    "asa_ms",
    "longest_wait_ms",
    "abandoned_percent (abandoned / offered)",
    "closed",
    "aht_ms ((talk + hold + wrap-up) / closed)",
    "talk_ms",
    "hold_ms",
    "wrap_up_ms",
    "offers",
    "declined",
    "no_answers",
];

fn interval_row(
    line: &IntervalLine,
    names: &BTreeMap<String, String>,
    zone: &TimeZone,
) -> Vec<Cell> {
    let figures = &line.figures;
    vec![
        local(line.begins_at, zone),
        local(line.ends_at, zone),
        line.key.as_str().into(),
        names.get(&line.key).map(String::as_str).into(),
        figures.offered.into(),
        figures.answered.into(),
        figures.answered_in_target.into(),
        figures.abandoned.into(),
        figures.abandoned_short.into(),
        figures.flowed_out.into(),
        figures.service_level_percent.into(),
        figures.asa_ms.into(),
        figures.longest_wait_ms.into(),
        figures.abandoned_percent.into(),
        figures.closed.into(),
        figures.aht_ms.into(),
        figures.talk_ms.into(),
        figures.hold_ms.into(),
        figures.wrap_up_ms.into(),
        figures.offers.into(),
        figures.declined.into(),
        figures.no_answers.into(),
    ]
}

/// Which days and agents.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AgentTimesQuery {
    /// First day in the bank's time zone: 2026-03-02. Absent: today.
    first_day: Option<String>,
    /// Last day, included. Absent: the first.
    last_day: Option<String>,
    /// 15, 30, 60 or 1440. Absent: 30.
    interval_minutes: Option<u32>,
    /// Of this agent only.
    agent_id: Option<AgentId>,
}

/// How long agents did what.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct AgentTimesReport {
    /// First day.
    first_day: String,
    /// Last day, included.
    last_day: String,
    /// Zone in which days and intervals begin.
    time_zone: String,
    /// Length of the intervals.
    interval_minutes: u32,
    /// How occupancy is computed.
    occupancy_formula: &'static str,
    /// Names of pause reasons by id.
    reasons: BTreeMap<String, String>,
    /// By time, then by agent.
    items: Vec<AgentTimesLine>,
}

/// Agents' times in their states by interval, from the event log; what they do now counts up to now
#[utoipa::path(get, path = "/reports/agent-times", tag = "reports", params(AgentTimesQuery),
    responses((status = 200, body = AgentTimesReport)))]
async fn agent_times(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<AgentTimesQuery>,
) -> ApiResult<AgentTimesReport> {
    signed_in.require(Right::ViewReports)?;
    Ok(Json(times(&app, &query).await?))
}

/// The same as a file: comma-separated values
#[utoipa::path(get, path = "/reports/agent-times.csv", tag = "reports", params(AgentTimesQuery),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn agent_times_csv(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<AgentTimesQuery>,
) -> Result<Response, ApiError> {
    agent_times_file(&app, &signed_in, &query, Format::Csv).await
}

/// The same as a file: a workbook
#[utoipa::path(get, path = "/reports/agent-times.xlsx", tag = "reports", params(AgentTimesQuery),
    responses((status = 200, body = Vec<u8>,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
async fn agent_times_xlsx(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<AgentTimesQuery>,
) -> Result<Response, ApiError> {
    agent_times_file(&app, &signed_in, &query, Format::Xlsx).await
}

async fn agent_times_file(
    app: &App,
    signed_in: &SignedIn,
    query: &AgentTimesQuery,
    format: Format,
) -> Result<Response, ApiError> {
    signed_in.require(Right::ViewReports)?;
    let (report, zone) = (times(app, query).await?, zone(app));
    let extension = format.extension();
    let name = format!("agent-times-{}-{}.{extension}", report.first_day, report.last_day);
    let occupancy = format!("occupancy_percent ({})", report.occupancy_formula);
    Ok(download(&name, format.media_type(), move |out| {
        let head = [
            "begins",
            "ends",
            "agent_id",
            "name",
            "ready_ms",
            "busy_ms",
            "wrap_up_ms",
            "not_responding_ms",
            "paused_ms",
            &occupancy,
        ];
        format.write(out, &head, report.items.iter().map(|line| agent_row(line, &zone)))
    }))
}

fn agent_row(line: &AgentTimesLine, zone: &TimeZone) -> Vec<Cell> {
    let times = &line.times;
    vec![
        local(line.begins_at, zone),
        local(line.ends_at, zone),
        Cell::Text(line.agent_id.to_string()),
        line.name.as_str().into(),
        times.ready_ms.into(),
        times.busy_ms.into(),
        times.wrap_up_ms.into(),
        times.not_responding_ms.into(),
        times.paused_ms.into(),
        times.occupancy_percent.into(),
    ]
}

async fn times(app: &App, query: &AgentTimesQuery) -> Result<AgentTimesReport, ApiError> {
    let zone = zone(app);
    let days = days(app, query.first_day.as_deref(), query.last_day.as_deref())?;
    let width = width(query.interval_minutes)?;
    let routing = app.routing.get();
    let what = (Slice::Agent, Attribution::Event);
    let span = (days.begins_at, days.ends_at);
    let mut quarters = store::quarters(&app.db, routing.as_ref(), what, span).await?;
    let running = app.dispatch.read(|engine| {
        engine.agents().map(|view| (view.agent, view.state, view.since)).collect::<Vec<_>>()
    });
    let until_ms = app.clock.now().min(days.ends_at).as_millis();
    for (agent, state, since) in running.await? {
        let from_ms = since.max(days.begins_at).as_millis();
        quarters.add_state(agent, state, from_ms, until_ms);
    }
    let mut items =
        model::agent_times(&quarters, width, query.agent_id, &zone).map_err(too_many)?;
    let mut ids: Vec<UserId> = items.iter().map(|line| line.agent_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut connection = app.db.read().await?;
    let names = interaction::store::names(&mut connection.sql(), &ids).await?;
    for line in &mut items {
        line.name = names.get(&line.agent_id).cloned().unwrap_or_default();
    }
    let reasons = routing.document.pause_reasons.iter();
    let reasons = reasons.filter_map(|item| Some((item.id?.to_string(), item.name.clone())));
    Ok(AgentTimesReport {
        first_day: days.first.to_string(),
        last_day: days.last.to_string(),
        time_zone: app.config.centre.time_zone.clone(),
        interval_minutes: width.minutes(),
        occupancy_formula: "(busy + wrap-up) / (busy + wrap-up + ready)",
        reasons: reasons.collect(),
        items,
    })
}

fn zone(app: &App) -> TimeZone {
    TimeZone::get(&app.config.centre.time_zone).unwrap_or(TimeZone::UTC)
}

fn days(app: &App, first: Option<&str>, last: Option<&str>) -> Result<Days, ApiError> {
    let zone = zone(app);
    let today = app.clock.now().to_jiff().to_zoned_datetime(zone.clone()).date().to_string();
    let first = first.unwrap_or(&today);
    Days::of(first, last.unwrap_or(first), &zone)
        .map_err(|problem| ApiError::invalid("first_day", problem))
}

fn width(minutes: Option<u32>) -> Result<Width, ApiError> {
    minutes.map_or(Ok(Width::default()), |minutes| {
        let wrong = "is not 15, 30, 60 or 1440".to_owned();
        Width::from_minutes(minutes).ok_or_else(|| ApiError::invalid("interval_minutes", wrong))
    })
}

fn medium(name: &str) -> Result<Medium, ApiError> {
    let found = Medium::ALL.into_iter().find(|medium| medium.as_str() == name);
    found.ok_or_else(|| ApiError::invalid("medium", "is not call, email, fax or letter"))
}

fn too_many(lines: usize) -> ApiError {
    let message = format!(
        "The report would have {lines} lines, more than {LINES_MAX}. Ask for fewer days or for \
         longer intervals."
    );
    ApiError::invalid("interval_minutes", message)
}

/// By the clocks of the bank.
fn local(at: Timestamp, zone: &TimeZone) -> Cell {
    at.to_jiff().to_zoned_datetime(zone.clone()).into()
}
