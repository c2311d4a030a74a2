//! Messages of an interaction: read, answer, note, take back.

mod drafts;
mod files;
mod html;
mod outbound;
mod presence;
mod unreadable;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::id::{AttachmentId, InteractionId, MessageId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::changes::Change;
use super::compose::{self, ComposeError, NewReply};
use super::model::{Message, Party, WritingProblem, Written};
use super::{drafts as stored_drafts, store};
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path, Query};
use crate::http::page::{Page, PageQuery};
use crate::http::routes::routes;
use crate::interaction::api::reach;
use crate::outbox;

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, write))
        .routes(routes!(take_back))
        .merge(drafts::router())
        .merge(files::router())
        .merge(html::router())
        .merge(outbound::router())
        .merge(presence::router())
        .merge(unreadable::router())
}

impl From<WritingProblem> for ApiError {
    fn from(problem: WritingProblem) -> Self {
        Self::invalid(problem.field, problem.message)
    }
}

impl From<ComposeError> for ApiError {
    fn from(error: ComposeError) -> Self {
        match error {
            ComposeError::Writing(problem) => problem.into(),
            ComposeError::Store(error) => error.into(),
        }
    }
}

/// Whether to send or to keep among colleagues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WritingKind {
    /// Goes to the client.
    Reply,
    /// Stays with us.
    Note,
}

/// What an agent has written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// `reply` or `note`.
    pub kind: WritingKind,
    /// To whom; of a reply only.
    #[serde(default)]
    pub to: Vec<Party>,
    /// And to whom else.
    #[serde(default)]
    pub cc: Vec<Party>,
    /// One line; the contact's number is added when it is not there.
    #[serde(default)]
    pub subject: String,
    /// The text.
    pub text: String,
    /// Uploads.
    #[serde(default)]
    pub attachments: Vec<AttachmentId>,
    /// The client's last message that the writer has seen; `null`: none.
    #[serde(default)]
    pub seen_message_id: Option<MessageId>,
}

/// Messages of an interaction, oldest first
#[utoipa::path(get, path = "/interactions/{id}/messages", tag = "messages",
    params(("id" = InteractionId, Path), PageQuery),
    responses((status = 200, body = Page<Message>), (status = 404, body = ErrorEnvelope)))]
async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Page<Message>> {
    signed_in.require(Right::ViewClients)?;
    reach::require(&app, &signed_in, id).await?;
    let after = page.after::<store::PageKey>()?;
    let mut connection = app.db.read().await?;
    let mut rows = store::list(&mut connection.sql(), id, after, page.fetch()).await?;
    drop(connection);
    app.pictures.mark(&mut rows).await;
    Ok(Json(page.page(rows, |message| (message.at, message.id))))
}

/// Answer the client, or leave a note
///
/// A reply leaves ten seconds later and can be taken back until then.
#[utoipa::path(post, path = "/interactions/{id}/messages", tag = "messages",
    params(("id" = InteractionId, Path)), request_body = NewMessage,
    responses((status = 201, body = Message), (status = 404, body = ErrorEnvelope),
        (status = 409, description = "not_yours", body = ErrorEnvelope),
        (status = 412, description = "newer_message", body = ErrorEnvelope),
        (status = 422, body = ErrorEnvelope)))]
async fn write(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
    Json(new): Json<NewMessage>,
) -> Result<(StatusCode, Json<Message>), ApiError> {
    signed_in.require(Right::Work)?;
    reach::require(&app, &signed_in, id).await?;
    let at = app.clock.now();
    let message_id = MessageId::make(app.ids.as_ref());
    let mut tx = app.db.begin().await?;
    let head = store::head(&mut tx.sql(), id).await?;
    let head = head.ok_or_else(|| ApiError::not_found("interaction", id))?;
    match new.kind {
        WritingKind::Note => {
            let written = Written::note(&new.text)?;
            let note = store::NewNote {
                id: message_id,
                interaction: id,
                author: signed_in.id(),
                author_name: &signed_in.user.name,
                text: &written.text,
                at,
            };
            store::insert_note(&mut tx.sql(), &note).await?;
        }
        WritingKind::Reply => {
            if head.agent_id != Some(signed_in.id()) && !signed_in.may(Right::Supervise) {
                return Err(not_yours(&head));
            }
            let subject = compose::subject(&new.subject, &head);
            let written = Written::message(&new.to, &new.cc, &subject, &new.text)?;
            store::mark_read(&mut tx.sql(), id).await?;
            let last = store::last_inbound(&mut tx.sql(), id).await?;
            if let Some(last) = last.as_ref().filter(|last| new.seen_message_id != Some(last.id)) {
                return Err(newer_message(last.id));
            }
            let mailbox = compose::sender(&app.channels.intake.mailboxes, &head.mailbox)?;
            let reply = NewReply {
                id: message_id,
                interaction: id,
                author: &signed_in.user,
                mailbox,
                bank: &app.config.centre.bank_name,
                written: &written,
                answers: last.as_ref(),
                attachments: &new.attachments,
                at,
            };
            compose::store_reply(&mut tx.sql(), app.ids.as_ref(), &reply).await?;
            store::drop_draft(&mut tx.sql(), id, signed_in.id()).await?;
        }
    }
    store::touch(&mut tx.sql(), id, at).await?;
    let message = store::load(&mut tx.sql(), message_id).await?;
    let message = message.ok_or_else(|| ApiError::internal("a written message is not there"))?;
    tx.commit().await?;
    app.channels.outbox.wake();
    app.changes.tell(Change::Added { interaction: id, message: message_id });
    Ok((StatusCode::CREATED, Json(message)))
}

/// Take a reply back
///
/// Possible until it leaves. What was written is the draft again.
#[utoipa::path(delete, path = "/messages/{id}", tag = "messages",
    params(("id" = MessageId, Path)),
    responses((status = 204), (status = 404, body = ErrorEnvelope),
        (status = 409, description = "already_sent", body = ErrorEnvelope)))]
async fn take_back(
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
        let text = "only who wrote a message can take it back";
        return Err(ApiError::conflict("not_yours", text));
    }
    if !outbox::store::withdraw(&mut tx.sql(), id, now).await? {
        let text = "the message has left already; write another one";
        return Err(ApiError::conflict("already_sent", text));
    }
    let files = store::remove(&mut tx.sql(), id).await?;
    let head = store::head(&mut tx.sql(), message.interaction_id).await?;
    let mailboxes = &app.channels.intake.mailboxes;
    let signature = head.and_then(|head| {
        let mailbox = compose::sender(mailboxes, &head.mailbox).ok()?;
        compose::signature(mailbox, &signed_in.user.name, &app.config.centre.bank_name)
    });
    let text = signature.and_then(|signature| message.text.strip_suffix(&signature));
    let draft = stored_drafts::Draft {
        to: message.to.clone(),
        cc: message.cc.clone(),
        subject: message.subject.clone(),
        text: text.unwrap_or(&message.text).to_owned(),
        attachments: files,
    };
    let content = draft.to_json();
    let (interaction, author) = (message.interaction_id, signed_in.id());
    store::save_draft(&mut tx.sql(), interaction, author, &content, now).await?;
    tx.commit().await?;
    app.changes.tell(Change::Delivery { interaction, message: id });
    Ok(StatusCode::NO_CONTENT)
}

fn not_yours(head: &store::Head) -> ApiError {
    let text = format!("contact {} is not in your hands; accept or take it first", head.number);
    ApiError::conflict("not_yours", text)
}

fn newer_message(id: MessageId) -> ApiError {
    let text = "the client has written since; read the new message, then send";
    ApiError::newer("newer_message", text).with_details(serde_json::json!({ "message_id": id }))
}
