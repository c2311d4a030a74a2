//! A message that was to leave later and was held, because its client has written since.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::id::MessageId;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ErrorEnvelope};
use crate::http::extract::Path;
use crate::http::routes::routes;
use crate::message::changes::Change;
use crate::message::store;
use crate::outbox;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(release))
}

/// Send a message that was held
///
/// Its writer has read what the client has written since, and it still holds. To change it instead,
/// take it back.
#[utoipa::path(put, path = "/messages/{id}/sending", tag = "messages",
    params(("id" = MessageId, Path)),
    responses((status = 204), (status = 404, body = ErrorEnvelope),
        (status = 409, description = "not_yours, not_held", body = ErrorEnvelope)))]
async fn release(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<MessageId>,
) -> Result<StatusCode, ApiError> {
    signed_in.require(Right::Work)?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let message = store::load(&mut tx.sql(), id).await?;
    let message = message.ok_or_else(|| ApiError::not_found("message", id))?;
    if message.author.as_ref().map(|author| author.id) != Some(signed_in.id()) {
        let text = "only who wrote a message can send it";
        return Err(ApiError::conflict("not_yours", text));
    }
    if !outbox::store::release(&mut tx.sql(), id, now).await? {
        let text = "the message is not held: it waits for its time, or has left";
        return Err(ApiError::conflict("not_held", text));
    }
    tx.commit().await?;
    app.channels.outbox.wake();
    app.changes.tell(Change::Delivery { interaction: message.interaction_id, message: id });
    Ok(StatusCode::NO_CONTENT)
}
