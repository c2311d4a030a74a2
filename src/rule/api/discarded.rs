//! What rules have discarded, and the way back.

use std::sync::Arc;

use axum::extract::State;
use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, MessageId, RuleId};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path, Query};
use crate::http::page::{Page, PageQuery};
use crate::http::routes::routes;
use crate::rule::store::{self, DiscardedRow};
use crate::{audit, intake, message};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(restore))
}

/// A message that a rule has discarded.
#[derive(Debug, Serialize, ToSchema)]
struct DiscardedMessage {
    message_id: MessageId,
    interaction_id: InteractionId,
    /// Number of the contact.
    number: i64,
    /// The rule; it may have been changed or removed since.
    rule_id: RuleId,
    /// Its number then.
    rule_number: i64,
    /// Its name then.
    rule_name: String,
    /// Why.
    reason: String,
    discarded_at: Timestamp,
    from_name: String,
    from_address: String,
    subject: String,
}

impl From<DiscardedRow> for DiscardedMessage {
    fn from(row: DiscardedRow) -> Self {
        Self {
            message_id: row.message_id,
            interaction_id: row.interaction_id,
            number: row.number,
            rule_id: row.rule_id,
            rule_number: row.rule_number,
            rule_name: row.rule_name,
            reason: row.reason,
            discarded_at: row.discarded_at,
            from_name: row.from_name,
            from_address: row.from_address,
            subject: row.subject,
        }
    }
}

/// Messages that rules have discarded and nobody has taken back, newest first
#[utoipa::path(get, path = "/discarded", tag = "rules", operation_id = "discarded",
    params(PageQuery), responses((status = 200, body = Page<DiscardedMessage>)))]
async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(page): Query<PageQuery>,
) -> ApiResult<Page<DiscardedMessage>> {
    signed_in.require(Right::Supervise)?;
    let before = page.after::<(Timestamp, MessageId)>()?;
    let mut connection = app.db.read().await?;
    let rows = store::discarded(&mut connection.sql(), before, page.fetch()).await?;
    let page = page.page(rows, |row| (row.discarded_at, row.message_id));
    Ok(Json(page.map(DiscardedMessage::from)))
}

/// A message that was taken back.
#[derive(Debug, Serialize, ToSchema)]
struct Restored {
    message_id: MessageId,
    /// Its contact, which waits in its queue now.
    interaction_id: InteractionId,
}

/// Takes a discarded message back: its contact waits in its queue
#[utoipa::path(post, path = "/discarded/{id}/restoration", tag = "rules",
    operation_id = "restore_discarded", params(("id" = MessageId, Path)),
    responses((status = 200, body = Restored), (status = 404, body = ErrorEnvelope)))]
async fn restore(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<MessageId>,
) -> ApiResult<Restored> {
    signed_in.require(Right::Supervise)?;
    let mut turn = app.dispatch.journal().begin().await?;
    let sql = &mut turn.sql();
    let (by, now) = (signed_in.id(), app.clock.now());
    let found = store::restore(sql, id, by, now).await?;
    let interaction = found.ok_or_else(|| ApiError::not_found("discarded message", id))?;
    let entry = audit::Entry {
        actor: Some(by),
        act: "discarded.restore",
        subject: ("message", id.to_string()),
        details: json!({ "interaction": interaction }),
        peer: signed_in.peer.clone(),
    };
    audit::record(sql, app.ids.as_ref(), now, entry).await?;
    // A later message of the same thread may have opened it before.
    let arrived = if message::store::is_over(sql, interaction).await? {
        intake::arrival_anew(sql, &app.routing.get(), interaction).await?
    } else {
        None
    };
    if let Some(input) = arrived {
        turn.append(input);
    }
    for verdict in turn.commit().await? {
        verdict.wait().await?;
    }
    Ok(Json(Restored { message_id: id, interaction_id: interaction }))
}
