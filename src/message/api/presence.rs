//! Who is looking at an interaction.

use std::sync::Arc;

use axum::extract::State;
use rozmova_base::id::InteractionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::super::changes::Change;
use super::super::viewers::Viewer;
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;
use crate::interaction::api::reach;
use crate::interaction::model::ViewerRef;
use crate::message::live::looking;
use crate::message::store;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(look, leave))
}

/// How one looks.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Look {
    /// Whether the composer is open and not empty.
    #[serde(default)]
    pub writes: bool,
}

/// Everybody who looks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Looking {
    /// With the asker.
    pub viewers: Vec<ViewerRef>,
}

/// I am looking at this; counts for 30 s
#[utoipa::path(put, path = "/interactions/{id}/presence", tag = "messages",
    params(("id" = InteractionId, Path)), request_body = Look,
    responses((status = 200, body = Looking), (status = 404, body = ErrorEnvelope)))]
async fn look(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
    Json(look): Json<Look>,
) -> ApiResult<Looking> {
    signed_in.require(Right::ViewClients)?;
    reach::require(&app, &signed_in, id).await?;
    let mut connection = app.db.read().await?;
    let head = store::head(&mut connection.sql(), id).await?;
    drop(connection);
    let head = head.ok_or_else(|| ApiError::not_found("interaction", id))?;
    let now = app.clock.now();
    let user = &signed_in.user;
    let viewer = Viewer { id: user.id, name: user.name.clone(), writes: look.writes };
    if app.viewers.look(id, viewer, now) {
        app.changes.tell(Change::Viewers { interaction: id });
    }
    if head.agent_id == Some(user.id) {
        read_by_its_agent(&app, id).await?;
    }
    Ok(Json(Looking { viewers: looking(&app.viewers, id, now) }))
}

/// I am no longer looking
#[utoipa::path(delete, path = "/interactions/{id}/presence", tag = "messages",
    params(("id" = InteractionId, Path)), responses((status = 204)))]
async fn leave(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
) -> Result<axum::http::StatusCode, ApiError> {
    if app.viewers.leave(id, signed_in.id()) {
        app.changes.tell(Change::Viewers { interaction: id });
    }
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// The agent who has the contact in hand has seen what is new.
async fn read_by_its_agent(app: &App, id: InteractionId) -> Result<(), ApiError> {
    let mut connection = app.db.read().await?;
    let unread = store::unread(&mut connection.sql(), id).await?;
    drop(connection);
    if unread > 0 {
        let mut tx = app.db.begin().await?;
        store::mark_read(&mut tx.sql(), id).await?;
        tx.commit().await?;
    }
    Ok(())
}
