//! `/api/v1/clients` and what belongs to a client.

mod identification;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::Timestamp;
use rozmova_base::id::{ClientId, ContactPointId, UserId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::model::{Client, ContactMedium, Kind, MAX_CONTACT_POINTS};
use super::search::store::{After, search};
use super::store::{self, Record};
use super::timeline::store as timeline_store;
use super::view::{
    ClientChange, ClientLine, ClientView, ContactPointView, FieldProblem, ManagerView, NewClient,
    NewContactPoint, TimelineEntry,
};
use crate::app::App;
use crate::audit;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Path, Query};
use crate::http::page::{Page, PageQuery};
use crate::http::routes::routes;
use crate::interaction::api::reach;
use crate::live::{Audience, LiveEvent};
use crate::outbox;
use crate::store::Sql;

/// Longest query, in characters: a long name with a number.
const MAX_QUERY_CHARS: usize = 200;

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change))
        .routes(routes!(add_contact_point))
        .routes(routes!(end_contact_point))
        .routes(routes!(timeline))
        .merge(identification::router())
}

/// What is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct ListQuery {
    /// Beginnings of words of the name in either script, of numbers, of addresses; empty: all.
    q: String,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// Clients in the order of names
#[utoipa::path(get, path = "/clients", tag = "client", params(ListQuery),
    responses((status = 200, body = Page<ClientLine>)))]
async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<ListQuery>,
) -> ApiResult<Page<ClientLine>> {
    signed_in.require(Right::ViewClients)?;
    if query.q.chars().count() > MAX_QUERY_CHARS {
        return Err(ApiError::invalid("q", format!("at most {MAX_QUERY_CHARS} characters")));
    }
    let page = PageQuery { cursor: query.cursor, limit: query.limit };
    let after = page.after::<After>()?;
    let mut connection = app.db.read().await?;
    let rows = search(&mut connection.sql(), &query.q, after.as_ref(), page.fetch()).await?;
    let rows = page.page(rows, |line| After { place: line.place.clone(), id: line.id });
    Ok(Json(rows.map(ClientLine::from)))
}

/// A client's record
#[utoipa::path(get, path = "/clients/{id}", tag = "client", params(("id" = ClientId, Path)),
    responses((status = 200, body = ClientView)))]
async fn get(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<ClientId>,
) -> ApiResult<ClientView> {
    signed_in.require(Right::ViewClients)?;
    let mut connection = app.db.read().await?;
    Ok(Json(view(&mut connection.sql(), id, &signed_in).await?))
}

/// Put a new client on record
#[utoipa::path(post, path = "/clients", tag = "client", request_body = NewClient,
    responses((status = 201, body = ClientView)))]
async fn create(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(body): Json<NewClient>,
) -> Result<(StatusCode, Json<ClientView>), ApiError> {
    signed_in.require(Right::EditClients)?;
    let at = app.clock.now();
    if body.contact_points.len() > MAX_CONTACT_POINTS {
        return Err(too_many_contact_points());
    }
    let id = ClientId::make(app.ids.as_ref());
    let mut client = Client::new(id, 0, Kind::Person, String::new(), at);
    body.fields.apply(&mut client).map_err(refused)?;
    let mut contact_points = Vec::with_capacity(body.contact_points.len());
    for point in body.contact_points {
        let point_id = ContactPointId::make(app.ids.as_ref());
        contact_points.push(point.into_point(point_id, at).map_err(refused)?);
    }
    let mut tx = app.db.begin().await?;
    client.number = store::take_numbers(&mut tx.sql(), 1).await?;
    let record = Record { client, contact_points, holdings: Vec::new() };
    store::insert(&mut tx.sql(), std::slice::from_ref(&record)).await?;
    record_act(&app, &mut tx.sql(), &signed_in, "client.create", id, &[]).await?;
    tx.commit().await?;
    announce(&app, id);
    let mut connection = app.db.read().await?;
    Ok((StatusCode::CREATED, Json(view(&mut connection.sql(), id, &signed_in).await?)))
}

/// Change a client's record
///
/// 412 `newer_record` when somebody else has changed it since `changed_at`.
#[utoipa::path(patch, path = "/clients/{id}", tag = "client", params(("id" = ClientId, Path)),
    request_body = ClientChange, responses((status = 200, body = ClientView)))]
async fn change(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<ClientId>,
    Json(body): Json<ClientChange>,
) -> ApiResult<ClientView> {
    signed_in.require(Right::EditClients)?;
    let mut tx = app.db.begin().await?;
    let found = store::load_client(&mut tx.sql(), id).await?;
    let mut client = found.ok_or_else(|| ApiError::not_found("client", id))?;
    let seen_at = body.changed_at;
    let now = app.clock.now();
    client.changed_at = if now > seen_at { now } else { Timestamp(seen_at.0 + 1) };
    let changed = body.fields.apply(&mut client).map_err(refused)?;
    if !store::update(&mut tx.sql(), &client, seen_at).await? {
        return Err(ApiError::newer(
            "newer_record",
            "somebody else has changed this record in the meantime; load it again and look",
        ));
    }
    record_act(&app, &mut tx.sql(), &signed_in, "client.change", id, &changed).await?;
    let shown = view(&mut tx.sql(), id, &signed_in).await?;
    tx.commit().await?;
    announce(&app, id);
    Ok(Json(shown))
}

/// Add an address, number or place
#[utoipa::path(post, path = "/clients/{id}/contact-points", tag = "client",
    params(("id" = ClientId, Path)), request_body = NewContactPoint,
    responses((status = 201, body = ContactPointView)))]
async fn add_contact_point(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<ClientId>,
    Json(body): Json<NewContactPoint>,
) -> Result<(StatusCode, Json<ContactPointView>), ApiError> {
    signed_in.require(Right::EditClients)?;
    let point_id = ContactPointId::make(app.ids.as_ref());
    let point = body.into_point(point_id, app.clock.now()).map_err(refused)?;
    let mut tx = app.db.begin().await?;
    if store::load_client(&mut tx.sql(), id).await?.is_none() {
        return Err(ApiError::not_found("client", id));
    }
    if store::count_contact_points(&mut tx.sql(), id).await? >= MAX_CONTACT_POINTS {
        return Err(too_many_contact_points());
    }
    store::add_contact_point(&mut tx.sql(), id, &point).await?;
    record_act(&app, &mut tx.sql(), &signed_in, "client.add_contact_point", id, &[]).await?;
    tx.commit().await?;
    announce(&app, id);
    Ok((StatusCode::CREATED, Json(point.into())))
}

/// End an address, number or place
///
/// It is no longer shown, found or used; what came from it stays.
#[utoipa::path(delete, path = "/contact-points/{id}", tag = "client",
    params(("id" = ContactPointId, Path)), responses((status = 204)))]
async fn end_contact_point(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<ContactPointId>,
) -> Result<StatusCode, ApiError> {
    signed_in.require(Right::EditClients)?;
    let mut tx = app.db.begin().await?;
    let ended = store::end_contact_point(&mut tx.sql(), id, app.clock.now()).await?;
    let client = ended.ok_or_else(|| ApiError::not_found("contact point", id))?;
    record_act(&app, &mut tx.sql(), &signed_in, "client.end_contact_point", client, &[]).await?;
    tx.commit().await?;
    announce(&app, client);
    Ok(StatusCode::NO_CONTENT)
}

/// Which part of a timeline.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct TimelineQuery {
    /// `email`, `voice`, `fax`, `letter`; empty: all.
    medium: String,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// Everything that happened with a client, newest first
#[utoipa::path(get, path = "/clients/{id}/timeline", tag = "client",
    params(("id" = ClientId, Path), TimelineQuery),
    responses((status = 200, body = Page<TimelineEntry>)))]
async fn timeline(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<ClientId>,
    Query(query): Query<TimelineQuery>,
) -> ApiResult<Page<TimelineEntry>> {
    signed_in.require(Right::ViewClients)?;
    let page = PageQuery { cursor: query.cursor, limit: query.limit };
    let before = page
        .after::<(Timestamp, Uuid)>()?
        .map_or(timeline_store::Before::NEWEST, |(at, id)| timeline_store::Before { at, id });
    let mut connection = app.db.read().await?;
    let mut sql = connection.sql();
    if store::load_client(&mut sql, id).await?.is_none() {
        return Err(ApiError::not_found("client", id));
    }
    let reach = reach::reach(&app, &signed_in);
    let (medium, limit) = (query.medium.as_str(), page.fetch());
    let rows = timeline_store::list(&mut sql, &reach, id, medium, before, limit).await?;
    let rows = page.page(rows, |entry| (entry.at, entry.id));
    Ok(Json(rows.map(TimelineEntry::from)))
}

async fn view(
    sql: &mut Sql<'_>,
    id: ClientId,
    signed_in: &SignedIn,
) -> Result<ClientView, ApiError> {
    let found = store::load(sql, id).await?;
    let record = found.ok_or_else(|| ApiError::not_found("client", id))?;
    let manager = match record.client.manager_id {
        Some(id) => manager(sql, id).await?,
        None => None,
    };
    let emails = record.contact_points.iter().filter(|p| p.key.medium == ContactMedium::Email);
    let keys: Vec<(ContactPointId, String)> =
        emails.map(|point| (point.id, point.key.value.clone())).collect();
    let mut shown = ClientView::new(record, manager, signed_in.may(Right::ViewSensitive));
    show_trouble(sql, &keys, &mut shown).await?;
    Ok(shown)
}

/// Which of the addresses have sent our mail back.
async fn show_trouble(
    sql: &mut Sql<'_>,
    keys: &[(ContactPointId, String)],
    shown: &mut ClientView,
) -> Result<(), ApiError> {
    let addresses: Vec<String> = keys.iter().map(|(_, key)| key.clone()).collect();
    for failure in outbox::delivery::store::failures(sql, &addresses).await? {
        let concerned = keys.iter().filter(|(_, key)| *key == failure.match_key);
        let concerned: Vec<ContactPointId> = concerned.map(|(id, _)| *id).collect();
        let points = shown.contact_points.iter_mut();
        for point in points.filter(|point| concerned.contains(&point.id)) {
            point.trouble = Some(failure.clone().into());
        }
    }
    Ok(())
}

async fn manager(sql: &mut Sql<'_>, id: UserId) -> Result<Option<ManagerView>, ApiError> {
    Ok(store::manager_name(sql, id).await?.map(|name| ManagerView { id, name }))
}

/// Tells open desks to fetch the record anew. The event holds no more than its id, because not
/// everybody sees the same of it.
fn announce(app: &App, client: ClientId) {
    let data = serde_json::json!({ "client_id": client });
    app.hub.publish(LiveEvent::new("client.changed", &data), Audience::Everyone);
}

/// Names of fields only: the trail is read by people who may not read the record.
async fn record_act(
    app: &App,
    sql: &mut Sql<'_>,
    signed_in: &SignedIn,
    act: &'static str,
    client: ClientId,
    fields: &[&'static str],
) -> Result<(), ApiError> {
    let entry = audit::Entry {
        actor: Some(signed_in.id()),
        act,
        subject: ("client", client.to_string()),
        details: serde_json::json!({ "fields": fields }),
        peer: signed_in.peer.clone(),
    };
    audit::record(sql, app.ids.as_ref(), app.clock.now(), entry).await?;
    Ok(())
}

fn refused(problem: FieldProblem) -> ApiError {
    ApiError::invalid(problem.field, problem.message)
}

fn too_many_contact_points() -> ApiError {
    let message = format!("a client has at most {MAX_CONTACT_POINTS} contact points");
    ApiError::invalid("contact_points", message)
}
