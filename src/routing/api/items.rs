//! One thing of the routing document at a time. Every change is checked as the whole document that
//! it would make; `If-Match` names the version that the writer saw; `dry_run` changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use rozmova_base::id::UserId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::{WriteQuery, author, changer, mailboxes, surroundings};
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Path, Query, if_match};
use crate::http::routes::routes;
use crate::routing::difference::ItemChange;
use crate::routing::edit::{self, Seen};
use crate::routing::item::{Item, Kind};
use crate::routing::reference::{Use, uses};
use crate::routing::store;
use crate::routing::warning::{Warning, warnings};
use crate::routing::{RoutingDocument, tell_desks};

/// Things told of those that need another thing: more than anyone reads in a line.
const USES_TOLD_MAX: usize = 50;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(read_centre, write_centre))
        .routes(routes!(list_items, add_item))
        .routes(routes!(read_item, write_item, remove_item))
        .routes(routes!(list_people))
}

/// A thing of the routing document.
#[derive(Debug, Serialize, ToSchema)]
struct RoutingEntry {
    /// The thing.
    item: Item,
    /// Its state: send it as If-Match with a change.
    version: String,
    /// As shown: of an agent the person's name.
    name: String,
    /// What needs it, the first of them; while something does, it cannot be removed.
    used_by: Vec<Use>,
    /// How many need it.
    used_by_count: usize,
}

/// What a change came to, or, with dry_run, would come to.
#[derive(Debug, Serialize, ToSchema)]
struct RoutingChanged {
    /// The thing as it is now; `null`: it is gone.
    entry: Option<RoutingEntry>,
    /// Everything that differs: a new name is followed by what refers to it.
    changes: Vec<ItemChange>,
    /// What in the whole document would leave contacts without an answer.
    warnings: Vec<Warning>,
}

/// Names of people by login, for agents.
type Names = BTreeMap<String, (UserId, String, bool)>;

fn entry(document: &RoutingDocument, item: Item, names: &Names) -> RoutingEntry {
    let mut used_by = uses(document, item.kind(), item.name());
    let used_by_count = used_by.len();
    used_by.truncate(USES_TOLD_MAX);
    let name = if let Item::Agent(agent) = &item {
        names.get(&agent.login).map_or_else(String::new, |person| person.1.clone())
    } else if let Item::Disposition(disposition) = &item {
        disposition.name.clone()
    } else {
        item.name().to_owned()
    };
    RoutingEntry { version: item.version(), item, name, used_by, used_by_count }
}

async fn names(app: &App, kind: Kind) -> Result<Names, ApiError> {
    if kind != Kind::Agents {
        return Ok(Names::new());
    }
    let mut connection = app.db.read().await?;
    Ok(store::people(&mut connection.sql()).await?)
}

/// Things of one kind, in the order of the document
#[utoipa::path(get, path = "/routing/{kind}", tag = "administrator",
    params(("kind" = Kind, Path)), responses((status = 200, body = Vec<RoutingEntry>)))]
async fn list_items(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(kind): Path<Kind>,
) -> ApiResult<Vec<RoutingEntry>> {
    signed_in.require_any(&[Right::ManageRouting, Right::Supervise])?;
    let routing = app.routing.get();
    let names = names(&app, kind).await?;
    let items = routing.document.items(kind).into_iter();
    Ok(Json(items.map(|item| entry(&routing.document, item, &names)).collect()))
}

/// One thing
#[utoipa::path(get, path = "/routing/{kind}/{id}", tag = "administrator",
    params(("kind" = Kind, Path), ("id" = Uuid, Path)),
    responses((status = 200, body = RoutingEntry)))]
async fn read_item(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path((kind, id)): Path<(Kind, Uuid)>,
) -> ApiResult<RoutingEntry> {
    signed_in.require_any(&[Right::ManageRouting, Right::Supervise])?;
    let routing = app.routing.get();
    let item = routing.document.item(kind, Some(id));
    let item = item.ok_or_else(|| ApiError::not_found(kind.as_str(), id))?;
    let names = names(&app, kind).await?;
    Ok(Json(entry(&routing.document, item, &names)))
}

/// Adds a thing
#[utoipa::path(post, path = "/routing/{kind}", tag = "administrator",
    params(("kind" = Kind, Path), WriteQuery), request_body = Item,
    responses((status = 201, body = RoutingChanged), (status = 200, description = "dry_run")))]
async fn add_item(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(kind): Path<Kind>,
    Query(query): Query<WriteQuery>,
    body: Bytes,
) -> Result<(StatusCode, Json<RoutingChanged>), ApiError> {
    let seen = Seen { id: None, version: None };
    let changed = put(&app, &signed_in, kind, seen, query, &body).await?;
    Ok((if query.dry_run { StatusCode::OK } else { StatusCode::CREATED }, changed))
}

/// Changes a thing; it is given whole
#[utoipa::path(put, path = "/routing/{kind}/{id}", tag = "administrator",
    params(("kind" = Kind, Path), ("id" = Uuid, Path), WriteQuery), request_body = Item,
    responses((status = 200, body = RoutingChanged)))]
async fn write_item(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path((kind, id)): Path<(Kind, Uuid)>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<RoutingChanged> {
    let seen = Seen { id: Some(id), version: if_match(&headers) };
    put(&app, &signed_in, kind, seen, query, &body).await
}

/// Removes a thing, unless something needs it
#[utoipa::path(delete, path = "/routing/{kind}/{id}", tag = "administrator",
    params(("kind" = Kind, Path), ("id" = Uuid, Path), WriteQuery),
    responses((status = 200, body = RoutingChanged)))]
async fn remove_item(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path((kind, id)): Path<(Kind, Uuid)>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
) -> ApiResult<RoutingChanged> {
    signed_in.require(Right::ManageRouting)?;
    let seen = Seen { id: Some(id), version: if_match(&headers) };
    let changer = changer(&app, query.dry_run);
    let outcome = edit::remove(changer, author(&signed_in), kind, seen, &mailboxes(&app)).await?;
    if !query.dry_run {
        tell_desks(&app.hub, &app.routing);
    }
    let warnings = warnings(&outcome.document, &surroundings(&app).await?);
    Ok(Json(RoutingChanged { entry: None, changes: outcome.changes, warnings }))
}

/// Times, limits and order of the whole centre
#[utoipa::path(get, path = "/routing/centre", tag = "administrator",
    responses((status = 200, body = RoutingEntry)))]
async fn read_centre(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<RoutingEntry> {
    signed_in.require_any(&[Right::ManageRouting, Right::Supervise])?;
    let routing = app.routing.get();
    let item = routing.document.item(Kind::Centre, None);
    let item = item.ok_or_else(|| ApiError::internal("a document without a centre"))?;
    Ok(Json(entry(&routing.document, item, &Names::new())))
}

/// Changes times, limits and order of the whole centre
#[utoipa::path(put, path = "/routing/centre", tag = "administrator", params(WriteQuery),
    request_body = Item, responses((status = 200, body = RoutingChanged)))]
async fn write_centre(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<RoutingChanged> {
    let seen = Seen { id: None, version: if_match(&headers) };
    put(&app, &signed_in, Kind::Centre, seen, query, &body).await
}

async fn put(
    app: &App,
    signed_in: &SignedIn,
    kind: Kind,
    seen: Seen,
    query: WriteQuery,
    body: &[u8],
) -> ApiResult<RoutingChanged> {
    signed_in.require(Right::ManageRouting)?;
    let wrong = |reason| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_routing", reason);
    let item = Item::parse(kind, body).map_err(wrong)?;
    if item.id().is_some_and(|id| seen.id != Some(id) && kind != Kind::Agents) {
        return Err(ApiError::invalid("id", "is another than that of the address; leave it out"));
    }
    let changer = changer(app, query.dry_run);
    let (outcome, written) = edit::put(changer, author(signed_in), item, seen).await?;
    if !query.dry_run {
        tell_desks(&app.hub, &app.routing);
    }
    let names = names(app, kind).await?;
    let warnings = warnings(&outcome.document, &surroundings(app).await?);
    let entry = written.map(|item| entry(&outcome.document, item, &names));
    Ok(Json(RoutingChanged { entry, changes: outcome.changes, warnings }))
}

/// Somebody who may be made an agent.
#[derive(Debug, Serialize, ToSchema)]
struct Person {
    id: UserId,
    login: String,
    name: String,
    /// Whether he is an agent already.
    is_agent: bool,
}

/// People who sign in, to be chosen as agents
#[utoipa::path(get, path = "/routing/people", tag = "administrator",
    responses((status = 200, body = Vec<Person>)))]
async fn list_people(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<Vec<Person>> {
    signed_in.require(Right::ManageRouting)?;
    let mut connection = app.db.read().await?;
    let people = store::people(&mut connection.sql()).await?;
    let routing = app.routing.get();
    let active = people.into_iter().filter(|(_, (_, _, is_disabled))| !is_disabled);
    let person =
        |(login, (id, name, _))| Person { is_agent: routing.agent(id).is_some(), id, login, name };
    Ok(Json(active.map(person).collect()))
}
