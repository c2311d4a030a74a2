//! A contact whose messages belong to another one: a person says so, with one click.
//!
//! Nothing joins two contacts by itself unless it is proved; here somebody has looked. An agent may
//! follow a hint ("may belong to") of a contact in his hands, a supervisor may join any two.

use std::sync::Arc;

use axum::extract::State;
use rozmova_base::id::{InteractionId, MessageId};
use rozmova_queue::Input;
use rozmova_queue::config::Medium;
use rozmova_queue::input::{Act, ActKind, Arrival};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::super::changes::Change;
use super::super::store::{self, Head, NewNote};
use super::not_yours;
use crate::app::App;
use crate::audit;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;
use crate::interaction::api::reach;
use crate::interaction::model::Interaction;
use crate::store::{Sql, StoreError};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(move_messages))
}

/// Where the messages belong.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Home {
    /// The contact that they continue.
    interaction_id: InteractionId,
}

/// Move all messages of this contact into the one that they belong to
///
/// This contact is closed with a note; the other one waits for its agent, or opens again.
#[utoipa::path(put, path = "/interactions/{id}/home", tag = "messages",
    operation_id = "move_messages",
    params(("id" = InteractionId, Path)), request_body = Home,
    responses((status = 200, description = "the contact that has them now", body = Interaction),
        (status = 404, body = ErrorEnvelope),
        (status = 409, description = "not_yours, no_hint", body = ErrorEnvelope),
        (status = 422, body = ErrorEnvelope)))]
async fn move_messages(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
    Json(home): Json<Home>,
) -> ApiResult<Interaction> {
    signed_in.require(Right::Work)?;
    let into = home.interaction_id;
    if into == id {
        return Err(ApiError::invalid("interaction_id", "these are its messages already"));
    }
    reach::require(&app, &signed_in, id).await?;
    reach::require(&app, &signed_in, into).await?;
    let mut turn = app.dispatch.journal().begin().await?;
    let at = turn.at();
    let sql = &mut turn.sql();
    let from_head = head(sql, id).await?;
    let into_head = head(sql, into).await?;
    if !signed_in.may(Right::Supervise) {
        if from_head.agent_id != Some(signed_in.id()) {
            return Err(not_yours(&from_head));
        }
        if !store::is_hinted(sql, id, into).await? {
            let text = "nothing says that these two belong together; ask a supervisor";
            return Err(ApiError::conflict("no_hint", text));
        }
    }
    let moved = store::move_messages(sql, id, into, at).await?;
    note(&app, &signed_in, sql, id, at, &format!("→ #{}", into_head.number)).await?;
    note(&app, &signed_in, sql, into, at, &format!("← #{}", from_head.number)).await?;
    record(&app, &signed_in, sql, id, into, moved).await?;
    let reason = format!("moved to #{}", into_head.number);
    let what = ActKind::Close { interaction: id };
    turn.append(Input::Supervisor(Act { author: signed_in.id(), reason, what }));
    let routing = app.routing.get();
    if store::is_over(&mut turn.sql(), into).await? {
        let arrival = Arrival::new(into, Medium::Email, into_head.queue_id);
        let arrived = Arrival { preferred: Some(signed_in.id()), ..arrival };
        turn.append(routing.completed(Input::ContactArrived(arrived)));
    } else {
        turn.append(Input::ContactContinued { interaction: into });
    }
    for verdict in turn.commit().await? {
        match verdict.wait().await {
            Ok(applied) => app.dispatch.wait_until_shown(applied).await,
            // Its messages are where they belong; what is left of it can be closed by hand.
            Err(error) => tracing::warn!(interaction = %id, %error, "A moved contact stays open"),
        }
    }
    for interaction in [id, into] {
        app.changes.tell(Change::Moved { interaction });
    }
    let mut connection = app.db.read().await?;
    let found = crate::interaction::store::load(&mut connection.sql(), &routing, into).await?;
    Ok(Json(found.ok_or_else(|| ApiError::not_found("interaction", into))?))
}

async fn head(sql: &mut Sql<'_>, id: InteractionId) -> Result<Head, ApiError> {
    let head = store::head(sql, id).await?;
    head.ok_or_else(|| ApiError::not_found("interaction", id))
}

async fn note(
    app: &App,
    signed_in: &SignedIn,
    sql: &mut Sql<'_>,
    interaction: InteractionId,
    at: rozmova_base::Timestamp,
    text: &str,
) -> Result<(), StoreError> {
    let note = NewNote {
        id: MessageId::make(app.ids.as_ref()),
        interaction,
        author: signed_in.id(),
        author_name: &signed_in.user.name,
        text,
        at,
    };
    store::insert_note(sql, &note).await
}

async fn record(
    app: &App,
    signed_in: &SignedIn,
    sql: &mut Sql<'_>,
    from: InteractionId,
    into: InteractionId,
    moved: u64,
) -> Result<(), StoreError> {
    let entry = audit::Entry {
        actor: Some(signed_in.id()),
        act: "interaction.move_messages",
        subject: ("interaction", from.to_string()),
        details: json!({ "into": into, "messages": moved }),
        peer: signed_in.peer.clone(),
    };
    audit::record(sql, app.ids.as_ref(), app.clock.now(), entry).await
}
