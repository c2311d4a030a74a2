//! A contact that an agent begins: he writes first.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::id::{AttachmentId, ClientId, InteractionId, MessageId, QueueId};
use rozmova_queue::Input;
use rozmova_queue::config::Medium;
use rozmova_queue::input::Outbound;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::super::compose::{self, NewReply};
use super::super::model::{Party, Written, numbered_subject};
use super::super::schedule::NewSchedule;
use super::super::store::{self, NewContact};
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ErrorEnvelope};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;
use crate::interaction::model::Interaction;
use crate::store::StoreError;
use crate::store::counter::{self, Counter};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(begin))
}

/// By which medium an agent can begin a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WrittenMedium {
    Email,
}

/// A first message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOutbound {
    #[expect(dead_code, reason = "says that it is mail; other media will have other fields")]
    medium: WrittenMedium,
    /// On whose account: its mailbox, wrap-up and result codes apply.
    queue_id: QueueId,
    /// To whom.
    to: Vec<Party>,
    /// And to whom else.
    #[serde(default)]
    cc: Vec<Party>,
    /// One line; the contact's number is added.
    subject: String,
    /// The text.
    text: String,
    /// Uploads.
    #[serde(default)]
    attachments: Vec<AttachmentId>,
    /// From which of the bank's addresses; absent: that of the queue.
    #[serde(default)]
    from: Option<String>,
    /// When it is to leave; absent: when it can no longer be taken back.
    #[serde(default)]
    schedule: Option<NewSchedule>,
}

/// Write to a client first
///
/// Begins a contact that is in the writer's hands.
#[utoipa::path(post, path = "/clients/{id}/interactions", tag = "messages",
    params(("id" = ClientId, Path)), request_body = NewOutbound,
    responses((status = 201, body = Interaction), (status = 404, body = ErrorEnvelope),
        (status = 409, body = ErrorEnvelope), (status = 422, body = ErrorEnvelope)))]
async fn begin(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(client): Path<ClientId>,
    Json(new): Json<NewOutbound>,
) -> Result<(StatusCode, Json<Interaction>), ApiError> {
    signed_in.require(Right::Work)?;
    let routing = app.routing.get();
    let queue = routing.queue(new.queue_id);
    let queue = queue.ok_or_else(|| ApiError::invalid("queue_id", "there is no such queue"))?;
    let written = Written::message(&new.to, &new.cc, &new.subject, &new.text)?;
    let mailboxes = &app.channels.intake.mailboxes;
    let mailbox = compose::sender(mailboxes, new.from.as_deref(), &queue.name, "")?;
    let zone = &app.config.centre.time_zone;

    let ids = app.ids.as_ref();
    let (interaction, message) = (InteractionId::make(ids), MessageId::make(ids));
    let mut turn = app.dispatch.journal().begin().await?;
    let (agent, medium) = (signed_in.id(), Medium::Email);
    let outbound = Outbound { interaction, agent, medium, queue: new.queue_id };
    // Not signed in, too much in hand: then nothing is written.
    turn.append_all(vec![Input::StartOutbound(outbound)]).await?;
    let at = turn.at();
    let schedule = new.schedule.as_ref().map(|schedule| schedule.resolve(zone, at)).transpose()?;
    let number = counter::take(&mut turn.sql(), Counter::Interaction, 1).await?;
    let written = Written { subject: numbered_subject(&written.subject, number), ..written };
    let contact = NewContact {
        id: interaction,
        number,
        subject: &new.subject,
        client,
        to: &written.to[0],
        mailbox: &mailbox.address,
        queue: new.queue_id,
        at,
    };
    match store::insert_contact(&mut turn.sql(), &contact).await {
        Err(StoreError::Reference(_)) => return Err(ApiError::not_found("client", client)),
        other => other?,
    }
    let head = store::head(&mut turn.sql(), interaction).await?;
    let head = head.ok_or_else(|| ApiError::internal("a new contact is not there"))?;
    let (sql, agent) = (&mut turn.sql(), &signed_in.user.name);
    let signature =
        super::signature(&app, sql, interaction, &head, mailbox, agent, &written.text).await?;
    let reply = NewReply {
        id: message,
        interaction,
        author: &signed_in.user,
        mailbox,
        signature: &signature,
        written: &written,
        answers: None,
        attachments: &new.attachments,
        schedule: schedule.as_ref(),
        at,
    };
    compose::store_reply(&mut turn.sql(), ids, &reply).await?;
    for verdict in turn.commit().await? {
        let applied = verdict.wait().await?;
        app.dispatch.wait_until_shown(applied).await;
    }
    app.channels.outbox.wake();
    let mut connection = app.db.read().await?;
    let found =
        crate::interaction::store::load(&mut connection.sql(), &routing, interaction).await?;
    let found = found.ok_or_else(|| ApiError::internal("a new contact is not there"))?;
    Ok((StatusCode::CREATED, Json(found)))
}
