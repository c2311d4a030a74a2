//! `GET /api/v1/audit`.

use std::sync::Arc;

use axum::extract::State;
use rozmova_base::Timestamp;
use rozmova_base::id::{AuditId, UserId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::store;
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Query};
use crate::http::page::{Page, PageQuery};
use crate::http::routes::routes;

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// One act.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    /// The row.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who; `null`: the command line or the server itself.
    pub actor: Option<ActorView>,
    /// What: `user.create`.
    pub act: String,
    /// To what.
    pub subject: SubjectView,
    /// What changed.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// From where.
    pub peer: String,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActorView {
    /// The person.
    pub id: UserId,
    /// As shown.
    pub name: String,
}

/// To what it was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubjectView {
    /// `user`, `interaction`, `client`.
    pub kind: String,
    /// Which of them.
    pub id: String,
}

/// The trail of privileged acts, newest first
#[utoipa::path(get, path = "/audit", tag = "audit", params(PageQuery),
    responses((status = 200, body = Page<AuditView>)))]
async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(page): Query<PageQuery>,
) -> ApiResult<Page<AuditView>> {
    signed_in.require(Right::ViewAudit)?;
    let newest = (Timestamp(i64::MAX), AuditId::from_u128(u128::MAX));
    let before = page.after()?.unwrap_or(newest);
    let mut connection = app.db.read().await?;
    let rows = store::list(&mut connection.sql(), before, page.fetch()).await?;
    let rows = page.page(rows, |row| (row.at, row.id));
    Ok(Json(rows.map(view)))
}

fn view(row: store::Row) -> AuditView {
    AuditView {
        id: row.id,
        at: row.at,
        actor: row.actor_id.map(|id| ActorView { id, name: row.actor_name.unwrap_or_default() }),
        act: row.act,
        subject: SubjectView { kind: row.subject_kind, id: row.subject_id },
        details: serde_json::from_str(&row.details).unwrap_or_default(),
        peer: row.peer,
    }
}
