//! Why a contact went where it went, and everything that happened to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, QueueId, UserId};
use rozmova_queue::input::ActKind;
use rozmova_queue::trace::{Candidate, Decision};
use rozmova_queue::{Event, EventKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::reach;
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Path, Query};
use crate::http::routes::routes;
use crate::interaction::model::{PersonRef, QueueRef};
use crate::interaction::store;
use crate::interaction::words::{Language, Speaker};
use crate::store::Sql;
use crate::{dispatch, message, rule};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(trace)).routes(routes!(events))
}

/// One decision of the queue.
#[derive(Debug, Serialize, ToSchema)]
struct TraceEntry {
    at: Timestamp,
    /// What made it the moment to decide: `contact_waits`, `agent_free`, `kept_for_agent`,
    /// `asked` (nothing is decided yet; how it stands now), `supervisor_acted`, or
    /// `rules_applied` to what came.
    decision: Value,
    /// "Why him, why then", or what a supervisor did and why, in words.
    explanation: String,
    queue: QueueRef,
    /// The circle of agents that was asked.
    ring: u8,
    /// Its place and the parts of it, in ms.
    #[schema(value_type = Object)]
    key: Value,
    /// Which of several agents gets a contact.
    #[schema(value_type = String)]
    rule: Value,
    candidates: Vec<TraceCandidate>,
    /// Agents of the queue that were not recorded.
    more_candidates: u32,
    chosen: Option<PersonRef>,
}

/// An agent looked at.
#[derive(Debug, Serialize, ToSchema)]
struct TraceCandidate {
    agent: PersonRef,
    /// Why not: `state`, `skill`, `ring`, `capacity`, …; `null`: eligible.
    excluded_by: Option<String>,
    /// More of it.
    #[schema(value_type = Option<Object>)]
    excluded: Option<Value>,
    /// By what eligible agents are sorted.
    keys: SortKeys,
}

/// By what eligible agents are sorted.
#[derive(Debug, Serialize, ToSchema)]
struct SortKeys {
    ring: u8,
    idle_since_at: Timestamp,
    used_units: u16,
    skill_score: u32,
    occupancy_percent: f64,
}

/// In which language.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct LanguageQuery {
    /// `uk` or `en`; absent: that of whoever asks.
    language: Option<String>,
}

/// Each decision about a contact in words: candidates, why each was excluded, who was chosen; and
/// what supervisors did with it
#[utoipa::path(get, path = "/interactions/{id}/trace", tag = "interaction",
    params(("id" = InteractionId, Path), LanguageQuery),
    responses((status = 200, body = Vec<TraceEntry>)))]
async fn trace(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
    Query(query): Query<LanguageQuery>,
) -> ApiResult<Vec<TraceEntry>> {
    signed_in.require_any(&[Right::Supervise, Right::Work, Right::ViewReports])?;
    reach::require(&app, &signed_in, id).await?;
    let now = app.dispatch.read(move |engine| {
        let is_waiting = engine.interaction(id).is_some_and(|contact| contact.agent.is_none());
        is_waiting.then(|| engine.why(id).ok()).flatten()
    });
    let now = now.await?;
    let mut connection = app.db.read().await?;
    let sql = &mut connection.sql();
    let mut decisions = dispatch::store::decisions_of(sql, id).await?;
    decisions.extend(now);
    let events = dispatch::store::events_of(sql, id).await?;
    let acts: Vec<(&Event, &UserId, &String, &ActKind)> = events
        .iter()
        .filter_map(|event| {
            let EventKind::SupervisorActed { author, reason, what } = &event.kind else {
                return None;
            };
            Some((event, author, reason, what))
        })
        .collect();
    let mut people: BTreeSet<UserId> = decisions
        .iter()
        .flat_map(|decision| {
            let candidates = decision.candidates.iter().map(|candidate| candidate.agent);
            candidates.chain(decision.chosen)
        })
        .collect();
    people.extend(acts.iter().map(|(_, author, ..)| **author));
    people.extend(acts.iter().filter_map(|(_, _, _, what)| agent_of(what)));
    let people: Vec<UserId> = people.into_iter().collect();
    let names = store::names(sql, &people).await?;
    let language = Language::of(query.language.as_deref().unwrap_or(&signed_in.user.language));
    let speaker = Speaker { language, names: &names };
    let mut entries: Vec<TraceEntry> =
        decisions.iter().map(|decision| entry(decision, &app, speaker)).collect();
    for (event, author, reason, what) in acts {
        let target = target(sql, &app, &names, what).await?;
        entries.push(act_entry(event, &app, speaker.act(*author, what, reason, &target)));
    }
    let routing = app.routing.get();
    let home = message::store::head(sql, id).await?.map(|head| head.queue_id);
    for (_, at, matched) in rule::store::traces(sql, id).await? {
        let explanation = rule::words::explain(&matched, &routing, language);
        let queue = home.unwrap_or(QueueId::from_u128(0));
        entries.push(other_entry(at, "rules_applied", queue, &app, explanation));
    }
    entries.sort_by_key(|entry| entry.at);
    Ok(Json(entries))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other acts name no agent")]
const fn agent_of(what: &ActKind) -> Option<UserId> {
    match what {
        ActKind::SetAgentReady { agent }
        | ActKind::PauseAgent { agent, .. }
        | ActKind::LogOut { agent }
        | ActKind::Assign { agent, .. } => Some(*agent),
        _ => None,
    }
}

/// To whom or where an act led.
async fn target(
    sql: &mut Sql<'_>,
    app: &App,
    names: &BTreeMap<UserId, String>,
    what: &ActKind,
) -> Result<String, ApiError> {
    if let Some(agent) = agent_of(what) {
        return Ok(names.get(&agent).cloned().unwrap_or_default());
    }
    if let ActKind::Move { queue, .. } = what {
        return Ok(app.routing.get().queue_name(*queue).to_owned());
    }
    if let ActKind::Reprioritise { priority, .. } = what {
        return Ok(priority.to_string());
    }
    let ActKind::Merge { into, .. } = what else { return Ok(String::new()) };
    let numbers = store::numbers(sql, &[*into]).await?;
    Ok(numbers.get(into).map(|number| format!("#{number}")).unwrap_or_default())
}

fn act_entry(event: &Event, app: &App, explanation: String) -> TraceEntry {
    let queue = event.queue.unwrap_or(QueueId::from_u128(0));
    other_entry(event.at, "supervisor_acted", queue, app, explanation)
}

/// Something that decided and was not the queue.
fn other_entry(
    at: Timestamp,
    decision: &str,
    id: QueueId,
    app: &App,
    explanation: String,
) -> TraceEntry {
    TraceEntry {
        at,
        decision: json!(decision),
        explanation,
        queue: QueueRef { id, name: app.routing.get().queue_name(id).to_owned() },
        ring: 0,
        key: Value::Null,
        rule: Value::Null,
        candidates: Vec::new(),
        more_candidates: 0,
        chosen: None,
    }
}

fn entry(decision: &Decision, app: &App, speaker: Speaker<'_>) -> TraceEntry {
    let names = speaker.names;
    let name = app.routing.get().queue_name(decision.queue).to_owned();
    let candidates = decision.candidates.iter().map(|candidate| shown(candidate, names));
    TraceEntry {
        at: decision.at,
        decision: json!(decision.moment),
        explanation: speaker.explain(decision),
        queue: QueueRef { id: decision.queue, name },
        ring: decision.ring,
        key: json!(decision.key),
        rule: json!(decision.rule),
        candidates: candidates.collect(),
        more_candidates: decision.more_candidates,
        chosen: decision.chosen.map(|id| person(id, names)),
    }
}

fn shown(candidate: &Candidate, names: &BTreeMap<UserId, String>) -> TraceCandidate {
    let excluded = candidate.excluded.map(|excluded| json!(excluded));
    let excluded_by = excluded.as_ref().and_then(|value| value["type"].as_str());
    TraceCandidate {
        agent: person(candidate.agent, names),
        excluded_by: excluded_by.map(str::to_owned),
        excluded,
        keys: SortKeys {
            ring: candidate.ring,
            idle_since_at: candidate.idle_since,
            used_units: candidate.used_units,
            skill_score: candidate.skill_score,
            occupancy_percent: f64::from(candidate.occupancy_permille) / 10.0,
        },
    }
}

fn person(id: UserId, names: &BTreeMap<UserId, String>) -> PersonRef {
    PersonRef { id, name: names.get(&id).cloned().unwrap_or_default() }
}

/// One thing that happened to a contact.
#[derive(Debug, Serialize, ToSchema)]
struct EventEntry {
    /// Its number among all events of the centre.
    seq: u64,
    at: Timestamp,
    /// `queued`, `offered`, `connected`, `closed`, …
    r#type: String,
    queue: Option<QueueRef>,
    agent: Option<PersonRef>,
    /// What belongs to it.
    #[schema(value_type = Object)]
    data: Value,
}

/// Everything that happened to a contact, oldest first
#[utoipa::path(get, path = "/interactions/{id}/events", tag = "interaction",
    params(("id" = InteractionId, Path)), responses((status = 200, body = Vec<EventEntry>)))]
async fn events(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
) -> Result<Json<Vec<EventEntry>>, ApiError> {
    signed_in.require_any(&[Right::Work, Right::Supervise, Right::ViewClients])?;
    reach::require(&app, &signed_in, id).await?;
    let mut connection = app.db.read().await?;
    let sql = &mut connection.sql();
    let events = dispatch::store::events_of(sql, id).await?;
    let people: BTreeSet<UserId> = events.iter().filter_map(|event| event.agent).collect();
    let people: Vec<UserId> = people.into_iter().collect();
    let names = store::names(sql, &people).await?;
    let routing = app.routing.get();
    let entries = events.iter().map(|event| {
        let data = json!(event.kind);
        EventEntry {
            seq: event.seq,
            at: event.at,
            r#type: data["type"].as_str().unwrap_or_default().to_owned(),
            queue: event.queue.map(|id| QueueRef { id, name: routing.queue_name(id).to_owned() }),
            agent: event.agent.map(|id| person(id, &names)),
            data,
        }
    });
    Ok(Json(entries.collect()))
}
