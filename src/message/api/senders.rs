//! From which of the bank's addresses a contact can be answered.

use std::sync::Arc;

use axum::extract::State;
use rozmova_base::id::InteractionId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::super::{compose, store};
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;
use crate::intake::Mailbox;
use crate::interaction::api::reach;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// An address of the bank.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sender {
    /// For `from` of a message.
    pub address: String,
    /// The name shown to clients.
    pub name: String,
    /// Whether a message that names none goes from here.
    pub usual: bool,
}

/// Addresses from which this contact can be answered
#[utoipa::path(get, path = "/interactions/{id}/senders", tag = "messages",
    operation_id = "senders",
    params(("id" = InteractionId, Path)),
    responses((status = 200, body = Vec<Sender>), (status = 404, body = ErrorEnvelope)))]
async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
) -> ApiResult<Vec<Sender>> {
    signed_in.require(Right::Work)?;
    reach::require(&app, &signed_in, id).await?;
    let mut connection = app.db.read().await?;
    let head = store::head(&mut connection.sql(), id).await?;
    let head = head.ok_or_else(|| ApiError::not_found("interaction", id))?;
    let routing = app.routing.get();
    let mailboxes = &app.channels.intake.mailboxes;
    // Without any mailbox there is no usual one either, and nothing to choose.
    let usual = compose::sender(mailboxes, None, routing.queue_name(head.queue_id), &head.mailbox);
    let usual = usual.map_or("", |mailbox| mailbox.address.as_str());
    let sender = |mailbox: &Mailbox| Sender {
        address: mailbox.address.clone(),
        name: mailbox.display_name.clone(),
        usual: mailbox.address == usual,
    };
    Ok(Json(mailboxes.all().iter().map(sender).collect()))
}
