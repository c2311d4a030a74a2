//! `/api/v1/routing`, and the lists that desks choose from. One thing of the document at a time:
//! `api/items.rs`.

mod calendar;
mod items;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rozmova_base::id::{DispositionId, PauseReasonId, QueueId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::difference::ItemChange;
use super::document::{DispositionItem, RoutingDocument, SkillItem};
use super::item::version_of;
use super::warning::{Surroundings, Warning, warnings};
use super::{ApplyError, Author, Changer, Outcome, replace, store, tell_desks};
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Query, if_match};
use crate::http::routes::routes;

const TOML: &str = "application/toml";

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(read, write))
        .routes(routes!(read_warnings))
        .merge(items::router())
        .merge(calendar::router())
        .routes(routes!(skills))
        .routes(routes!(pause_reasons))
        .routes(routes!(dispositions))
}

/// The routing document: JSON, or TOML when asked for with Accept: application/toml. Its ETag is
/// the version to name in If-Match when it is written
#[utoipa::path(get, path = "/routing", tag = "administrator",
    responses((status = 200, body = RoutingDocument)))]
async fn read(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    signed_in.require_any(&[Right::ManageRouting, Right::Supervise])?;
    answer(&app.routing.get().document, names_toml(&headers, header::ACCEPT))
}

/// Whether something is only tried.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct WriteQuery {
    /// Check everything and say what would change, but change nothing.
    dry_run: bool,
}

/// What a document would change.
#[derive(Debug, Serialize, ToSchema)]
struct RoutingPreview {
    /// Thing by thing.
    changes: Vec<ItemChange>,
    /// What would leave contacts without an answer.
    warnings: Vec<Warning>,
}

/// Replaces the routing document. All mistakes are named; with one of them nothing is changed.
/// With If-Match nothing is changed either when somebody else has written since that version was
/// read. With dry_run the answer says what would change
#[utoipa::path(put, path = "/routing", tag = "administrator", params(WriteQuery),
    request_body = RoutingDocument, responses((status = 200, body = RoutingDocument)))]
async fn write(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    signed_in.require(Right::ManageRouting)?;
    let is_toml = names_toml(&headers, header::CONTENT_TYPE);
    let document = parse(&body, is_toml)?;
    let changer = changer(&app, query.dry_run);
    let seen = if_match(&headers);
    let outcome = replace(changer, document, author(&signed_in), seen).await?;
    let Outcome { document, changes } = outcome;
    if query.dry_run {
        let warnings = warnings(&document, &surroundings(&app).await?);
        return Ok(Json(RoutingPreview { changes, warnings }).into_response());
    }
    tell_desks(&app.hub, &app.routing);
    answer(&document, is_toml || names_toml(&headers, header::ACCEPT))
}

/// What in the routing would leave contacts without an answer, by name
#[utoipa::path(get, path = "/routing/warnings", tag = "administrator",
    responses((status = 200, body = Vec<Warning>)))]
async fn read_warnings(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
) -> ApiResult<Vec<Warning>> {
    signed_in.require_any(&[Right::ManageRouting, Right::Supervise])?;
    let around = surroundings(&app).await?;
    Ok(Json(warnings(&app.routing.get().document, &around)))
}

fn changer(app: &App, is_dry_run: bool) -> Changer<'_> {
    Changer { dispatch: &app.dispatch, now: &app.routing, ids: app.ids.as_ref(), is_dry_run }
}

fn author(signed_in: &SignedIn) -> Author {
    Author { user: Some(signed_in.id()), peer: signed_in.peer.clone() }
}

/// What the document meets outside of itself.
async fn surroundings(app: &App) -> Result<Surroundings, ApiError> {
    let mut connection = app.db.read().await?;
    let people = store::people(&mut connection.sql()).await?;
    let disabled = people.into_iter().filter(|(_, (_, _, is_disabled))| *is_disabled);
    let today = Surroundings::day_of(app.clock.now(), &app.config.centre.time_zone);
    Ok(Surroundings {
        today,
        mailboxes: mailboxes(app),
        disabled: disabled.map(|(login, _)| login).collect(),
    })
}

/// The bank's addresses, and the queue that each names.
fn mailboxes(app: &App) -> Vec<(String, String)> {
    let mailboxes = app.config.channels.email.mailboxes.iter();
    mailboxes.map(|mailbox| (mailbox.address.clone(), mailbox.queue.clone())).collect()
}

fn names_toml(headers: &HeaderMap, name: header::HeaderName) -> bool {
    headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|text| text.contains(TOML))
}

fn parse(body: &[u8], is_toml: bool) -> Result<RoutingDocument, ApiError> {
    let wrong =
        |reason: String| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_routing", reason);
    if is_toml {
        let text = std::str::from_utf8(body).map_err(|error| wrong(error.to_string()))?;
        RoutingDocument::from_toml(text).map_err(|error| wrong(error.to_string()))
    } else {
        serde_json::from_slice(body).map_err(|error| wrong(error.to_string()))
    }
}

fn answer(document: &RoutingDocument, is_toml: bool) -> Result<Response, ApiError> {
    let etag = [(header::ETAG, format!("\"{}\"", version_of(document)))];
    if is_toml {
        let text = document.to_toml().map_err(ApiError::internal)?;
        Ok((etag, [(header::CONTENT_TYPE, TOML)], text).into_response())
    } else {
        Ok((etag, Json(document)).into_response())
    }
}

impl From<ApplyError> for ApiError {
    fn from(error: ApplyError) -> Self {
        let message = error.to_string();
        match error {
            ApplyError::Wrong(problems) => {
                let mut refused =
                    Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_routing", message);
                refused.field = problems.first().and_then(|problem| problem.field.clone());
                refused.with_details(json!({ "problems": problems }))
            }
            ApplyError::InUse { uses, .. } => {
                Self::conflict("in_use", message).with_details(json!({ "used_by": uses }))
            }
            ApplyError::Changed { .. } => Self::newer("changed_meanwhile", message),
            ApplyError::Missing { .. } => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            ApplyError::Store(error) => error.into(),
            ApplyError::Submit(error) => error.into(),
        }
    }
}

/// Skills by name
#[utoipa::path(get, path = "/skills", tag = "supervisor",
    responses((status = 200, body = Vec<SkillItem>)))]
async fn skills(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<Vec<SkillItem>> {
    signed_in.require_any(&[Right::Work, Right::Supervise, Right::ManageRouting])?;
    Ok(Json(app.routing.get().document.skills.clone()))
}

/// Why an agent may pause.
#[derive(Debug, Serialize, ToSchema)]
struct PauseReason {
    id: PauseReasonId,
    name: String,
    /// Longest pause.
    limit_ms: Option<i64>,
}

/// Reasons for a pause
#[utoipa::path(get, path = "/pause-reasons", tag = "agent",
    responses((status = 200, body = Vec<PauseReason>)))]
async fn pause_reasons(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
) -> ApiResult<Vec<PauseReason>> {
    signed_in.require_any(&[Right::Work, Right::Supervise])?;
    let routing = app.routing.get();
    let reasons = routing.document.pause_reasons.iter().filter_map(|item| {
        Some(PauseReason { id: item.id?, name: item.name.clone(), limit_ms: item.limit_ms })
    });
    Ok(Json(reasons.collect()))
}

/// A result code.
#[derive(Debug, Serialize, ToSchema)]
struct Disposition {
    id: DispositionId,
    /// The group it belongs to.
    parent_id: Option<DispositionId>,
    code: String,
    name: String,
    /// Whether the agent must write why.
    required_note: bool,
}

/// Of which queue.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct DispositionQuery {
    /// Only codes that this queue allows.
    queue_id: Option<QueueId>,
}

/// Result codes, with their groups
#[utoipa::path(get, path = "/dispositions", tag = "agent", params(DispositionQuery),
    responses((status = 200, body = Vec<Disposition>)))]
async fn dispositions(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<DispositionQuery>,
) -> ApiResult<Vec<Disposition>> {
    signed_in.require_any(&[Right::Work, Right::Supervise, Right::ViewReports])?;
    let routing = app.routing.get();
    let all = &routing.document.dispositions;
    let queue = query.queue_id.and_then(|queue| routing.queue(queue));
    let allowed = queue.map(|queue| &queue.dispositions).filter(|allowed| !allowed.is_empty());
    let shown: BTreeSet<&str> = match allowed {
        Some(allowed) => with_groups(all, allowed),
        None => all.iter().map(|item| item.code.as_str()).collect(),
    };
    let id_of = |code: &String| all.iter().find(|item| item.code == *code)?.id;
    let items = all.iter().filter(|item| shown.contains(item.code.as_str())).filter_map(|item| {
        Some(Disposition {
            id: item.id?,
            parent_id: item.parent.as_ref().and_then(id_of),
            code: item.code.clone(),
            name: item.name.clone(),
            required_note: item.required_note,
        })
    });
    Ok(Json(items.collect()))
}

/// Codes and the groups above them.
fn with_groups<'a>(all: &'a [DispositionItem], allowed: &'a [String]) -> BTreeSet<&'a str> {
    let mut shown = BTreeSet::new();
    for code in allowed {
        let mut next = Some(code.as_str());
        while let Some(code) = next.filter(|code| shown.insert(*code)) {
            next =
                all.iter().find(|item| item.code == code).and_then(|item| item.parent.as_deref());
        }
    }
    shown
}
