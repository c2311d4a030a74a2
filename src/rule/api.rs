//! Rules over HTTP. `If-Match` names the version that the writer saw; without it, or with `*`, he
//! takes what is there. Every change is an act in the audit trail and holds from the next mail on.

mod discarded;
mod trace;
mod trial;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use rozmova_base::id::RuleId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::compile::RuleSet;
use super::model::{Action, NewRule, Problem, Rule, too_much};
use super::now::{RulesError, prepare};
use super::store;
use crate::app::App;
use crate::audit;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path, if_match};
use crate::http::routes::routes;
use crate::media::ContentHash;
use crate::store::{Sql, StoreError};

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(arrange))
        .routes(routes!(change, remove))
        .merge(trial::router())
        .merge(discarded::router())
        .merge(trace::router())
}

impl From<RulesError> for ApiError {
    fn from(error: RulesError) -> Self {
        match error {
            RulesError::Store(error) => error.into(),
            RulesError::Compile(error) => Self::invalid("condition", error.to_string()),
        }
    }
}

/// All rules.
#[derive(Debug, Serialize, ToSchema)]
struct Rules {
    /// In the order in which they are looked at.
    rules: Vec<Rule>,
    /// The state of the order: send it as If-Match with another order.
    order_version: String,
}

impl From<Vec<Rule>> for Rules {
    fn from(rules: Vec<Rule>) -> Self {
        Self { order_version: order_version(&rules), rules }
    }
}

fn order_version(rules: &[Rule]) -> String {
    const DIGITS: usize = 16;
    let ids: Vec<String> = rules.iter().map(|rule| rule.id.to_string()).collect();
    let mut digits = ContentHash::of(ids.join(" ").as_bytes()).to_string();
    digits.truncate(DIGITS);
    digits
}

/// Rules for what comes in, in their order
#[utoipa::path(get, path = "/rules", tag = "rules", operation_id = "rules",
    responses((status = 200, body = Rules)))]
async fn list(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<Rules> {
    signed_in.require_any(&[Right::ManageRouting, Right::Supervise])?;
    let mut connection = app.db.read().await?;
    Ok(Json(store::list(&mut connection.sql()).await?.into()))
}

/// Adds a rule at the end of the order
#[utoipa::path(post, path = "/rules", tag = "rules", operation_id = "add_rule",
    request_body = NewRule,
    responses((status = 201, body = Rule), (status = 422, body = ErrorEnvelope)))]
async fn create(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(new): Json<NewRule>,
) -> Result<(StatusCode, Json<Rule>), ApiError> {
    let id = RuleId::make(app.ids.as_ref());
    save(&app, &signed_in, id, new, Seen::Nothing)
        .await
        .map(|rule| (StatusCode::CREATED, Json(rule)))
}

/// Changes a rule; it is given whole and keeps its place
#[utoipa::path(put, path = "/rules/{id}", tag = "rules", operation_id = "change_rule",
    params(("id" = RuleId, Path)), request_body = NewRule,
    responses((status = 200, body = Rule), (status = 404, body = ErrorEnvelope),
        (status = 412, body = ErrorEnvelope), (status = 422, body = ErrorEnvelope)))]
async fn change(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<RuleId>,
    headers: HeaderMap,
    Json(new): Json<NewRule>,
) -> ApiResult<Rule> {
    save(&app, &signed_in, id, new, Seen::Rule(if_match(&headers))).await.map(Json)
}

/// What a writer of a rule saw.
enum Seen {
    /// It is new.
    Nothing,
    /// It was there, in this version if he names one.
    Rule(Option<String>),
}

async fn save(
    app: &App,
    signed_in: &SignedIn,
    id: RuleId,
    new: NewRule,
    seen: Seen,
) -> Result<Rule, ApiError> {
    signed_in.require(Right::ManageRouting)?;
    let turn = app.rules.turn().await;
    let mut tx = app.db.begin().await?;
    let sql = &mut tx.sql();
    let rules = store::list(sql).await?;
    let before = match seen {
        Seen::Nothing => None,
        Seen::Rule(version) => Some(as_seen(&rules, id, version.as_deref())?),
    };
    require_sound(app, sql, &new, &rules, id).await?;
    store::save(sql, id, &new, signed_in.id(), app.clock.now()).await?;
    let act = if before.is_some() { "rule.change" } else { "rule.create" };
    let details = json!({ "before": before.map(|rule| &rule.content), "after": &new });
    record(app, signed_in, sql, act, id.to_string(), details).await?;
    let set = prepare(sql, &zone(app)).await?;
    let saved = store::list(sql).await?.into_iter().find(|rule| rule.id == id);
    tx.commit().await?;
    turn.take_effect(set);
    saved.ok_or_else(|| ApiError::internal("a saved rule is not there"))
}

/// The rule, if it is there and still as the writer saw it.
fn as_seen<'a>(rules: &'a [Rule], id: RuleId, version: Option<&str>) -> Result<&'a Rule, ApiError> {
    let found = rules.iter().find(|rule| rule.id == id);
    let found = found.ok_or_else(|| ApiError::not_found("rule", id))?;
    if version.is_some_and(|seen| seen != found.version) {
        let name = &found.content.name;
        let message = format!("somebody has changed the rule \"{name}\" meanwhile; load it again");
        return Err(ApiError::newer("changed_meanwhile", message));
    }
    Ok(found)
}

/// Refuses a rule with every problem that it has, the first of them as the field.
async fn require_sound(
    app: &App,
    sql: &mut Sql<'_>,
    new: &NewRule,
    rules: &[Rule],
    id: RuleId,
) -> Result<(), ApiError> {
    let mut problems = new.problems();
    let others = rules.iter().filter(|rule| rule.id != id).map(|rule| &rule.content);
    problems.extend(too_much(others.chain(std::iter::once(new))));
    let references = store::references(sql, std::iter::once(new), &TimeZone::UTC).await?;
    let routing = app.routing.get();
    for (index, action) in new.acts.iter().enumerate() {
        let (part, is_there) = match action {
            Action::Queue { queue_id } => ("queue_id", routing.queue(*queue_id).is_some()),
            Action::Skill { skill_id, .. } => ("skill_id", routing.has_skill(*skill_id)),
            Action::Reply { text_id } => ("text_id", references.texts.contains_key(text_id)),
            // As everywhere, a class beyond the last one gives no head start.
            Action::Priority { .. }
            | Action::Tag { .. }
            | Action::Discard { .. }
            | Action::Stop => continue,
        };
        if !is_there {
            let field = format!("acts.{index}.{part}");
            let message = "there is no such thing (any more); choose another".to_owned();
            problems.push(Problem { field, code: "not_there", message });
        }
    }
    let Some(first) = problems.first() else { return Ok(()) };
    let mut error = ApiError::invalid(&first.field, first.message.clone());
    error.code = "invalid_rule";
    Err(error.with_details(json!({ "problems": problems })))
}

/// Removes a rule; what it did stays
#[utoipa::path(delete, path = "/rules/{id}", tag = "rules", operation_id = "remove_rule",
    params(("id" = RuleId, Path)),
    responses((status = 204), (status = 404, body = ErrorEnvelope),
        (status = 412, body = ErrorEnvelope)))]
async fn remove(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<RuleId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    signed_in.require(Right::ManageRouting)?;
    let turn = app.rules.turn().await;
    let mut tx = app.db.begin().await?;
    let sql = &mut tx.sql();
    let rules = store::list(sql).await?;
    let before = as_seen(&rules, id, if_match(&headers).as_deref())?;
    store::remove(sql, id).await?;
    let details = json!({ "before": &before.content });
    record(&app, &signed_in, sql, "rule.remove", id.to_string(), details).await?;
    let set = prepare(sql, &zone(&app)).await?;
    tx.commit().await?;
    turn.take_effect(set);
    Ok(StatusCode::NO_CONTENT)
}

/// All rules in the order wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleOrder {
    /// Each rule once.
    ids: Vec<RuleId>,
}

/// Puts the rules into another order
#[utoipa::path(put, path = "/rules/order", tag = "rules", operation_id = "arrange_rules",
    request_body = RuleOrder,
    responses((status = 200, body = Rules), (status = 412, body = ErrorEnvelope),
        (status = 422, body = ErrorEnvelope)))]
async fn arrange(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    headers: HeaderMap,
    Json(order): Json<RuleOrder>,
) -> ApiResult<Rules> {
    signed_in.require(Right::ManageRouting)?;
    let turn = app.rules.turn().await;
    let mut tx = app.db.begin().await?;
    let sql = &mut tx.sql();
    let rules = store::list(sql).await?;
    if if_match(&headers).is_some_and(|seen| seen != order_version(&rules)) {
        let message = "somebody has changed the order of the rules meanwhile; load it again";
        return Err(ApiError::newer("changed_meanwhile", message));
    }
    let (mut wanted, mut there) = (order.ids.clone(), Vec::new());
    there.extend(rules.iter().map(|rule| rule.id));
    wanted.sort_unstable();
    there.sort_unstable();
    if wanted != there {
        return Err(ApiError::invalid("ids", "name each rule once, and no other"));
    }
    store::arrange(sql, &order.ids).await?;
    let names = |ids: &[Rule]| -> Vec<String> {
        ids.iter().map(|rule| rule.content.name.clone()).collect()
    };
    let arranged = store::list(sql).await?;
    let details = json!({ "before": names(&rules), "after": names(&arranged) });
    record(&app, &signed_in, sql, "rule.arrange", "order".to_owned(), details).await?;
    let set = prepare(sql, &zone(&app)).await?;
    tx.commit().await?;
    turn.take_effect(set);
    Ok(Json(arranged.into()))
}

async fn record(
    app: &App,
    signed_in: &SignedIn,
    sql: &mut Sql<'_>,
    act: &'static str,
    subject: String,
    details: Value,
) -> Result<(), StoreError> {
    let entry = audit::Entry {
        actor: Some(signed_in.id()),
        act,
        subject: ("rule", subject),
        details,
        peer: signed_in.peer.clone(),
    };
    audit::record(sql, app.ids.as_ref(), app.clock.now(), entry).await
}

/// Makes the rules ready once more in a transaction that changes what they refer to.
pub async fn prepared(app: &App, sql: &mut Sql<'_>) -> Result<RuleSet, ApiError> {
    Ok(prepare(sql, &zone(app)).await?)
}

fn zone(app: &App) -> TimeZone {
    TimeZone::get(&app.config.centre.time_zone).unwrap_or(TimeZone::UTC)
}
