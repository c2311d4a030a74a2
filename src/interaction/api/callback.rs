//! Callbacks: the client need not hold the line; his place in the queue does.

use std::sync::Arc;

use axum::extract::State;
use rozmova_base::Timestamp;
use rozmova_base::id::InteractionId;
use rozmova_queue::Input;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::work::finish;
use super::{announce, reach};
use crate::app::App;
use crate::audit;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;
use crate::interaction::model::Interaction;

/// The latest time for a callback: what is promised for later is a task, not a place in a queue.
const AHEAD_MAX_MS: i64 = 31 * 86_400_000;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(schedule))
}

/// When the client is to be called back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Callback {
    /// Not before; absent: as soon as it is the contact's turn.
    not_before_at: Option<Timestamp>,
}

/// Makes a waiting contact a callback, or gives it another time. It keeps its place in the queue
#[utoipa::path(put, path = "/interactions/{id}/callback", tag = "agent",
    params(("id" = InteractionId, Path)), request_body = Callback,
    responses((status = 200, body = Interaction)))]
async fn schedule(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(interaction): Path<InteractionId>,
    Json(callback): Json<Callback>,
) -> ApiResult<Interaction> {
    signed_in.require_any(&[Right::Work, Right::Supervise])?;
    reach::require(&app, &signed_in, interaction).await?;
    let not_before = callback.not_before_at;
    let mut turn = app.dispatch.journal().begin().await?;
    let at = turn.at();
    if not_before.is_some_and(|due| due.millis_since(at) > AHEAD_MAX_MS) {
        return Err(ApiError::invalid("not_before_at", "is more than 31 days ahead"));
    }
    turn.append_all(vec![Input::ScheduleCallback { interaction, not_before }]).await?;
    let entry = audit::Entry {
        actor: Some(signed_in.id()),
        act: "interaction.callback",
        subject: ("interaction", interaction.to_string()),
        details: json!({ "not_before_at": not_before }),
        peer: signed_in.peer.clone(),
    };
    audit::record(&mut turn.sql(), app.ids.as_ref(), at, entry).await?;
    finish(&app, turn).await?;
    announce(&app, interaction).await
}
