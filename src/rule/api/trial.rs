//! Rules tried on mails that have come.

use std::sync::Arc;

use axum::extract::State;
use rozmova_base::id::{MessageId, RuleId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::{require_sound, zone};
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::Json;
use crate::http::routes::routes;
use crate::media::{ContentHash, MediaError};
use crate::rule::compile::{References, RuleSet};
use crate::rule::model::{NewRule, Rule};
use crate::rule::store;
use crate::rule::trial::{self, MAILS_MAX, Outcome, Past};
use crate::store::Sql;

/// Mails looked at when the caller says nothing.
const MAILS_DEFAULT: u32 = 200;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(try_out))
}

/// What is to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleTrial {
    /// A rule that is not saved, taken as switched on; absent: the rules as they are.
    rule: Option<NewRule>,
    /// The rule whose place it takes; absent: it comes last.
    id: Option<RuleId>,
    /// How many of the last mails, 1 to 500; 200 when absent.
    #[schema(minimum = 1, maximum = 500)]
    mails: Option<u32>,
}

/// What rules would do with the last mails; nothing is changed
///
/// A rule on trial stands among the saved ones, so that what earlier rules decide is seen.
#[utoipa::path(post, path = "/rules/trial", tag = "rules", operation_id = "try_rules",
    request_body = RuleTrial,
    responses((status = 200, body = Outcome), (status = 404, body = ErrorEnvelope),
        (status = 422, body = ErrorEnvelope)))]
async fn try_out(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(wish): Json<RuleTrial>,
) -> ApiResult<Outcome> {
    signed_in.require(Right::ManageRouting)?;
    let most = wish.mails.unwrap_or(MAILS_DEFAULT);
    if !(1..=MAILS_MAX).contains(&most) {
        return Err(ApiError::invalid("mails", format!("a number from 1 to {MAILS_MAX}")));
    }
    let mut connection = app.db.read().await?;
    let sql = &mut connection.sql();
    let (rules, only) = tried(&app, sql, wish).await?;
    let contents = rules.iter().map(|rule| &rule.content);
    let references: References = store::references(sql, contents, &zone(&app)).await?;
    let set = RuleSet::compile(&rules, references)
        .map_err(|error| ApiError::invalid("rule.condition", error.to_string()))?;
    let rows = store::past(sql, i64::from(most)).await?;
    let ids: Vec<MessageId> = rows.iter().map(|row| row.id).collect();
    let attachments = store::attachments(sql, &ids).await?;
    drop(connection);
    let mut mails = trial::joined(rows, attachments);
    if set.reads_headers() {
        load_heads(&app, &mut mails).await?;
    }
    let routing = app.routing.get();
    let looking = tokio::task::spawn_blocking(move || trial::run(&set, &routing, mails, only));
    Ok(Json(looking.await.map_err(ApiError::internal)?))
}

/// All rules with the one on trial among them, and that one.
async fn tried(
    app: &App,
    sql: &mut Sql<'_>,
    wish: RuleTrial,
) -> Result<(Vec<Rule>, Option<RuleId>), ApiError> {
    let mut rules = store::list(sql).await?;
    let place = match wish.id {
        Some(id) => {
            let found = rules.iter().position(|rule| rule.id == id);
            Some(found.ok_or_else(|| ApiError::not_found("rule", id))?)
        }
        None => None,
    };
    let Some(mut content) = wish.rule else { return Ok((rules, wish.id)) };
    content.enabled = true;
    let id = wish.id.unwrap_or_else(|| RuleId::make(app.ids.as_ref()));
    require_sound(app, sql, &content, &rules, id).await?;
    let number = place.unwrap_or(rules.len()) as u32 + 1;
    let version = content.version();
    let changed_at = app.clock.now();
    let rule = Rule { id, number, content, version, changed_at, changed_by: None };
    match place.and_then(|place| rules.get_mut(place)) {
        Some(saved) => *saved = rule,
        None => rules.push(rule),
    }
    Ok((rules, Some(id)))
}

/// Reads the beginnings of the raw mails, one after the other: of each only its head is kept.
async fn load_heads(app: &App, mails: &mut [Past]) -> Result<(), ApiError> {
    for mail in mails {
        let hash = mail.row.raw_sha256.as_deref().and_then(ContentHash::from_slice);
        let Some(hash) = hash else { continue };
        match app.media.load(&hash).await {
            Ok(raw) => mail.raw = head(&raw),
            Err(MediaError::Missing(_) | MediaError::Damaged(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn head(raw: &[u8]) -> bytes::Bytes {
    bytes::Bytes::copy_from_slice(&raw[..raw.len().min(crate::rule::facts::HEAD_BYTES_MAX)])
}
