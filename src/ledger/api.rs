//! The ledger over HTTP: comparisons, arrivals of a message, filing of what could not be read.

mod filing;

use std::sync::Arc;

use crate::http::routes::routes;
use crate::interaction::api::reach;
use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::Timestamp;
use rozmova_base::id::{MessageId, ReceptionId, ReconciliationId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::model::Report;
use super::reconcile::Scope;
use super::store::{self, ReconciliationRow};
use crate::app::App;
use crate::audit;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path, Query};
use crate::http::page::{LIMIT_MAX, Page, PageQuery};
use crate::jobs::reconciliation;
use crate::media::ContentHash;

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, begin))
        .routes(routes!(show))
        .routes(routes!(arrivals))
        .merge(filing::router())
}

/// A comparison of the ledger with everything else.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reconciliation {
    /// Which one.
    pub id: ReconciliationId,
    /// Who asked for it; `null`: the server itself.
    pub requested_by: Option<UserId>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// `running`, `agrees`, `differs`, `failed` or `interrupted`.
    pub state: String,
    /// What it found.
    pub report: Option<Report>,
}

impl From<ReconciliationRow> for Reconciliation {
    fn from(row: ReconciliationRow) -> Self {
        Self {
            id: row.id,
            requested_by: row.requested_by,
            started_at: row.started_at,
            finished_at: row.finished_at,
            state: row.state,
            report: serde_json::from_str(&row.report).ok(),
        }
    }
}

/// How far to look.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct NewReconciliation {
    /// Read all raw bytes and compare them with their hashes.
    contents: bool,
    /// Look into the mailboxes that are fetched.
    mailboxes: bool,
}

/// Compares the ledger of everything received with interactions, raw bytes and mailboxes
///
/// It goes on after the answer; ask for it by its id. One at a time.
#[utoipa::path(post, path = "/reconciliations", tag = "ledger", request_body = NewReconciliation,
    responses((status = 202, body = Reconciliation), (status = 409, body = ErrorEnvelope)))]
async fn begin(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(wish): Json<NewReconciliation>,
) -> Result<(StatusCode, Json<Reconciliation>), ApiError> {
    signed_in.require(Right::ViewHealth)?;
    let begun = reconciliation::begin(&app, Some(signed_in.id())).await?;
    let begun = begun.ok_or_else(|| {
        let message = "a reconciliation is running; wait until it has ended";
        ApiError::conflict("already_running", message)
    })?;
    let id = begun.id;
    let mut tx = app.db.begin().await?;
    let entry = audit::Entry {
        actor: Some(signed_in.id()),
        act: "reconciliation.begin",
        subject: ("reconciliation", id.to_string()),
        details: json!({ "contents": wish.contents, "mailboxes": wish.mailboxes }),
        peer: signed_in.peer.clone(),
    };
    audit::record(&mut tx.sql(), app.ids.as_ref(), app.clock.now(), entry).await?;
    tx.commit().await?;
    let scope = Scope { contents: wish.contents, mailboxes: wish.mailboxes };
    let working = Arc::clone(&app);
    tokio::spawn(async move {
        if let Err(error) = reconciliation::carry_out(&working, begun, scope).await {
            tracing::warn!(%error, "What a reconciliation found could not be stored");
        }
    });
    load(&app, id).await.map(|found| (StatusCode::ACCEPTED, Json(found)))
}

/// Comparisons of the ledger, newest first
#[utoipa::path(get, path = "/reconciliations", tag = "ledger", params(PageQuery),
    responses((status = 200, body = Page<Reconciliation>)))]
async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(page): Query<PageQuery>,
) -> ApiResult<Page<Reconciliation>> {
    signed_in.require(Right::ViewHealth)?;
    let before = page.after::<ReconciliationId>()?;
    let mut connection = app.db.read().await?;
    let rows = store::reconciliations(&mut connection.sql(), before, page.fetch()).await?;
    Ok(Json(page.page(rows, |row| row.id).map(Reconciliation::from)))
}

/// One comparison of the ledger
#[utoipa::path(get, path = "/reconciliations/{id}", tag = "ledger",
    params(("id" = ReconciliationId, Path)),
    responses((status = 200, body = Reconciliation), (status = 404, body = ErrorEnvelope)))]
async fn show(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<ReconciliationId>,
) -> ApiResult<Reconciliation> {
    signed_in.require(Right::ViewHealth)?;
    load(&app, id).await.map(Json)
}

async fn load(app: &App, id: ReconciliationId) -> Result<Reconciliation, ApiError> {
    let mut connection = app.db.read().await?;
    let found = store::reconciliation(&mut connection.sql(), id).await?;
    let found = found.ok_or_else(|| ApiError::not_found("reconciliation", id))?;
    Ok(found.into())
}

/// One line of the ledger.
#[derive(Debug, Serialize, ToSchema)]
struct Reception {
    /// The line.
    id: ReceptionId,
    /// Through which channel.
    channel: String,
    /// Where it lay: folder, UIDVALIDITY and UID, or a file; empty: handed over a connection.
    place: String,
    /// When.
    received_at: Timestamp,
    /// Size.
    size_bytes: i64,
    /// SHA-256 of every byte, hexadecimal.
    sha256: String,
    /// `interaction`, `report`, `machine_note`, `unreadable`, `discarded_by_rule`, or `repeated`
    /// when it came before.
    outcome: String,
    /// For `discarded_by_rule`: the rule's number then.
    rule_number: Option<i64>,
}

/// How often, when and by which way a message came
#[utoipa::path(get, path = "/messages/{id}/arrivals", tag = "ledger",
    params(("id" = MessageId, Path)), responses((status = 200, body = Page<Reception>)))]
async fn arrivals(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<MessageId>,
) -> ApiResult<Page<Reception>> {
    signed_in.require(Right::ViewClients)?;
    reach::require_message(&app, &signed_in, id).await?;
    let mut connection = app.db.read().await?;
    let rows = store::arrivals(&mut connection.sql(), id, i64::from(LIMIT_MAX)).await?;
    let items = rows.into_iter().map(|row| Reception {
        id: row.id,
        channel: row.channel,
        place: row.place,
        received_at: row.received_at,
        size_bytes: row.size_bytes,
        sha256: ContentHash::from_slice(&row.sha256)
            .map_or_else(String::new, |hash| hash.to_string()),
        rule_number: row.rule_number.filter(|_| row.outcome == "discarded_by_rule"),
        outcome: row.outcome,
    });
    Ok(Json(Page { items: items.collect(), next: None }))
}
