//! Texts: administered by supervisors, used by agents.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use jiff::tz::TimeZone;
use rozmova_base::id::{InteractionId, TextId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::model::{NewText, TEXTS_MAX, Text, TextKind, TextProblem};
use super::render::{self, Values};
use super::store;
use crate::app::App;
use crate::audit;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;
use crate::interaction::api::reach;
use crate::store::{Sql, StoreError};
use crate::{message, rule};

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(change, remove))
        .routes(routes!(preview))
        .routes(routes!(usable))
}

impl From<TextProblem> for ApiError {
    fn from(problem: TextProblem) -> Self {
        Self::invalid(problem.field, problem.message)
    }
}

/// All texts, by kind and name
#[utoipa::path(get, path = "/texts", tag = "texts", operation_id = "texts",
    responses((status = 200, body = Vec<Text>)))]
async fn list(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<Vec<Text>> {
    signed_in.require(Right::Supervise)?;
    let mut connection = app.db.read().await?;
    Ok(Json(store::list(&mut connection.sql()).await?))
}

/// Add a text
#[utoipa::path(post, path = "/texts", tag = "texts", operation_id = "add_text",
    request_body = NewText,
    responses((status = 201, body = Text), (status = 422, body = ErrorEnvelope)))]
async fn create(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(new): Json<NewText>,
) -> Result<(StatusCode, Json<Text>), ApiError> {
    signed_in.require(Right::Supervise)?;
    let id = TextId::make(app.ids.as_ref());
    let mut tx = app.db.begin().await?;
    if store::count(&mut tx.sql()).await? >= TEXTS_MAX {
        let message = format!("there are {TEXTS_MAX} texts already; remove one first");
        return Err(ApiError::conflict("too_many_texts", message));
    }
    let text = save(&app, &signed_in, &mut tx.sql(), "text.create", id, new).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(text)))
}

/// Change a text
#[utoipa::path(put, path = "/texts/{id}", tag = "texts", operation_id = "change_text",
    params(("id" = TextId, Path)), request_body = NewText,
    responses((status = 200, body = Text), (status = 404, body = ErrorEnvelope),
        (status = 422, body = ErrorEnvelope)))]
async fn change(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<TextId>,
    Json(new): Json<NewText>,
) -> ApiResult<Text> {
    signed_in.require(Right::Supervise)?;
    // Rules answer with it.
    let turn = app.rules.turn().await;
    let mut tx = app.db.begin().await?;
    if store::load(&mut tx.sql(), id).await?.is_none() {
        return Err(ApiError::not_found("text", id));
    }
    let text = save(&app, &signed_in, &mut tx.sql(), "text.change", id, new).await?;
    let rules = rule::api::prepared(&app, &mut tx.sql()).await?;
    tx.commit().await?;
    turn.take_effect(rules);
    Ok(Json(text))
}

async fn save(
    app: &App,
    signed_in: &SignedIn,
    sql: &mut Sql<'_>,
    act: &'static str,
    id: TextId,
    new: NewText,
) -> Result<Text, ApiError> {
    let new = new.checked()?;
    if let Some(queue) = new.queue_id
        && app.routing.get().queue(queue).is_none()
    {
        return Err(ApiError::invalid("queue_id", "there is no such queue"));
    }
    let now = app.clock.now();
    store::save(sql, id, &new, signed_in.id(), now).await?;
    record(app, signed_in, sql, act, id, &new.name).await?;
    let text = store::load(sql, id).await?;
    text.ok_or_else(|| ApiError::internal("a saved text is not there"))
}

async fn record(
    app: &App,
    signed_in: &SignedIn,
    sql: &mut Sql<'_>,
    act: &'static str,
    id: TextId,
    name: &str,
) -> Result<(), StoreError> {
    let entry = audit::Entry {
        actor: Some(signed_in.id()),
        act,
        subject: ("text", id.to_string()),
        details: json!({ "name": name }),
        peer: signed_in.peer.clone(),
    };
    audit::record(sql, app.ids.as_ref(), app.clock.now(), entry).await
}

/// Remove a text
#[utoipa::path(delete, path = "/texts/{id}", tag = "texts", operation_id = "remove_text",
    params(("id" = TextId, Path)),
    responses((status = 204), (status = 404, body = ErrorEnvelope)))]
async fn remove(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<TextId>,
) -> Result<StatusCode, ApiError> {
    signed_in.require(Right::Supervise)?;
    let turn = app.rules.turn().await;
    let mut tx = app.db.begin().await?;
    let text = store::load(&mut tx.sql(), id).await?;
    let text = text.ok_or_else(|| ApiError::not_found("text", id))?;
    store::remove(&mut tx.sql(), id).await?;
    record(&app, &signed_in, &mut tx.sql(), "text.remove", id, &text.name).await?;
    let rules = rule::api::prepared(&app, &mut tx.sql()).await?;
    tx.commit().await?;
    turn.take_effect(rules);
    Ok(StatusCode::NO_CONTENT)
}

/// A template to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Trial {
    /// The template.
    body: String,
}

/// A text that was filled in.
#[derive(Debug, Serialize, ToSchema)]
struct Filled {
    /// The text.
    text: String,
}

/// How a template looks, filled in with examples
#[utoipa::path(post, path = "/texts/preview", tag = "texts", operation_id = "preview_text",
    request_body = Trial,
    responses((status = 200, body = Filled), (status = 422, body = ErrorEnvelope)))]
async fn preview(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(trial): Json<Trial>,
) -> ApiResult<Filled> {
    signed_in.require(Right::Supervise)?;
    let bank = app.config.centre.bank_name.clone();
    let new = NewText {
        kind: TextKind::Answer,
        queue_id: None,
        language: String::new(),
        name: "preview".to_owned(),
        body: trial.body,
    };
    let new = new.checked()?;
    let filled = render::render(&new.body, &Values { bank, ..Values::example() });
    let text = filled.map_err(|error| ApiError::invalid("body", error.to_string()))?;
    Ok(Json(Filled { text }))
}

/// A text ready to be put into an answer.
#[derive(Debug, Serialize, ToSchema)]
struct UsableText {
    /// Which.
    id: TextId,
    /// How agents find it.
    name: String,
    /// `uk`, `en`, or empty.
    language: String,
    /// Filled in for this contact.
    text: String,
}

/// Texts for answers in this contact, filled in
#[utoipa::path(get, path = "/interactions/{id}/texts", tag = "texts", operation_id = "usable_texts",
    params(("id" = InteractionId, Path)),
    responses((status = 200, body = Vec<UsableText>), (status = 404, body = ErrorEnvelope)))]
async fn usable(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
) -> ApiResult<Vec<UsableText>> {
    signed_in.require(Right::Work)?;
    reach::require(&app, &signed_in, id).await?;
    let mut connection = app.db.read().await?;
    let sql = &mut connection.sql();
    let head = message::store::head(sql, id).await?;
    let head = head.ok_or_else(|| ApiError::not_found("interaction", id))?;
    let values = values(&app, sql, id, &head, &signed_in.user.name).await?;
    let texts = store::of_queue(sql, TextKind::Answer, head.queue_id).await?;
    let filled = texts.into_iter().filter_map(|text| {
        let date = date(&app, &text.language);
        let filled = render::render(&text.body, &Values { date, ..values.clone() });
        let filled = filled.inspect_err(|error| {
            tracing::error!(text = %text.id, %error, "A text cannot be filled in");
        });
        Some(UsableText {
            id: text.id,
            name: text.name,
            language: text.language,
            text: filled.ok()?,
        })
    });
    Ok(Json(filled.collect()))
}

/// What placeholders mean in a contact; without the date, which depends on the language.
pub async fn values(
    app: &App,
    sql: &mut Sql<'_>,
    interaction: InteractionId,
    head: &message::store::Head,
    agent: &str,
) -> Result<Values, StoreError> {
    Ok(Values {
        client: store::client_name(sql, interaction).await?,
        agent: agent.to_owned(),
        bank: app.config.centre.bank_name.clone(),
        number: head.number,
        subject: head.subject.clone(),
        queue: app.routing.get().queue_name(head.queue_id).to_owned(),
        date: String::new(),
    })
}

/// Today, where the centre is.
pub fn date(app: &App, language: &str) -> String {
    let zone = TimeZone::get(&app.config.centre.time_zone).unwrap_or(TimeZone::UTC);
    render::date(app.clock.now(), &zone, language)
}
