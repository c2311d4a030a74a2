//! What came in and could not be read: a list of work for people.

use std::sync::Arc;

use axum::extract::State;
use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, MessageId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::super::model::{Finding, Party};
use super::super::store;
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Query};
use crate::http::page::{Page, PageQuery};
use crate::http::routes::routes;
use crate::interaction::api::reach;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A message that could not be read.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Unreadable {
    /// The same as `message_id`.
    pub id: MessageId,
    /// For `/messages/{id}/raw`.
    pub message_id: MessageId,
    /// Its interaction.
    pub interaction_id: InteractionId,
    /// When it came.
    pub received_at: Timestamp,
    /// From whom, if that could be told.
    pub from: Party,
    /// Size.
    pub size_bytes: i64,
    /// Why.
    pub defects: Vec<Finding>,
}

/// Messages that could not be read, newest first
#[utoipa::path(get, path = "/unreadable", tag = "messages", operation_id = "unreadable",
    params(PageQuery), responses((status = 200, body = Page<Unreadable>)))]
async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(page): Query<PageQuery>,
) -> ApiResult<Page<Unreadable>> {
    signed_in.require(Right::ViewClients)?;
    let reach = reach::reach(&app, &signed_in);
    let before = page.after::<store::PageKey>()?;
    let mut connection = app.db.read().await?;
    let rows = store::unreadable(&mut connection.sql(), &reach, before, page.fetch()).await?;
    let page = page.page(rows, |row| (row.at, row.id));
    Ok(Json(page.map(|row| Unreadable {
        id: row.id,
        message_id: row.id,
        interaction_id: row.interaction_id,
        received_at: row.at,
        from: Party { name: row.from_name, address: row.from_address },
        size_bytes: row.raw_bytes,
        defects: serde_json::from_str(&row.defects).unwrap_or_default(),
    })))
}
