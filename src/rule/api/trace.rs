//! What rules did with a contact.

use std::sync::Arc;

use axum::extract::State;
use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, MessageId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;
use crate::interaction::api::reach;
use crate::rule::evaluate::Matched;
use crate::rule::store;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(of_interaction))
}

/// What rules did with a contact.
#[derive(Debug, Serialize, ToSchema)]
struct RulesOfInteraction {
    /// Words that the contact bears.
    tags: Vec<String>,
    /// Messages that met a rule, oldest first.
    messages: Vec<RulesOfMessage>,
}

/// What rules did with a message.
#[derive(Debug, Serialize, ToSchema)]
struct RulesOfMessage {
    message_id: MessageId,
    at: Timestamp,
    /// Rules that it met, in order, as they were then.
    matched: Vec<Matched>,
}

/// Which rules the messages of a contact met, and what came of it
#[utoipa::path(get, path = "/interactions/{id}/rules", tag = "rules",
    operation_id = "rules_of_interaction", params(("id" = InteractionId, Path)),
    responses((status = 200, body = RulesOfInteraction), (status = 404, body = ErrorEnvelope)))]
async fn of_interaction(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
) -> ApiResult<RulesOfInteraction> {
    signed_in.require_any(&[Right::Supervise, Right::Work, Right::ViewReports])?;
    reach::require(&app, &signed_in, id).await?;
    let mut connection = app.db.read().await?;
    let sql = &mut connection.sql();
    let tags = store::tags(sql, id).await?;
    let traces = store::traces(sql, id).await?.into_iter();
    let messages =
        traces.map(|(message_id, at, matched)| RulesOfMessage { message_id, at, matched });
    Ok(Json(RulesOfInteraction { tags, messages: messages.collect() }))
}
