//! Messages of an interaction: read, answer, note, take back.

mod copies;
mod drafts;
mod files;
mod held;
mod html;
mod moving;
mod outbound;
mod presence;
mod senders;
mod unreadable;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::Timestamp;
use rozmova_base::id::{AttachmentId, InteractionId, MessageId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::changes::Change;
use super::compose::{self, ComposeError, NewReply};
use super::model::{Message, Party, WritingProblem, Written};
use super::schedule::NewSchedule;
use super::{drafts as stored_drafts, store};
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path, Query};
use crate::http::page::{Page, PageQuery};
use crate::http::routes::routes;
use crate::intake::Mailbox;
use crate::interaction::api::reach;
use crate::outbox;
use crate::store::{Sql, StoreError};
use crate::texts;
use crate::texts::model::{TextKind, language_of};
use crate::texts::render::Values;

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, write))
        .routes(routes!(take_back))
        .merge(copies::router())
        .merge(drafts::router())
        .merge(files::router())
        .merge(held::router())
        .merge(html::router())
        .merge(moving::router())
        .merge(outbound::router())
        .merge(presence::router())
        .merge(senders::router())
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
    /// Goes to somebody else; answers nothing.
    Forward,
    /// Stays with us.
    Note,
}

/// What an agent has written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// `reply`, `forward` or `note`.
    pub kind: WritingKind,
    /// From which of the bank's addresses; absent: that of the queue.
    #[serde(default)]
    pub from: Option<String>,
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
    /// When it is to leave; absent: when it can no longer be taken back.
    #[serde(default)]
    pub schedule: Option<NewSchedule>,
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
/// A reply leaves ten seconds later, or at the time that was chosen, and can be taken back until
/// then.
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
        WritingKind::Reply | WritingKind::Forward => {
            if head.agent_id != Some(signed_in.id()) && !signed_in.may(Right::Supervise) {
                return Err(not_yours(&head));
            }
            send(&app, &signed_in, &mut tx.sql(), (id, message_id), &head, &new, at).await?;
        }
    }
    store::touch(&mut tx.sql(), id, at).await?;
    let message = store::load(&mut tx.sql(), message_id).await?;
    let message = message.ok_or_else(|| ApiError::internal("a written message is not there"))?;
    tx.commit().await?;
    app.channels.outbox.wake();
    app.changes.tell(Change::Added { interaction: id, message: message_id });
    if new.kind != WritingKind::Note {
        app.changes.tell(Change::Draft { interaction: id, author: None });
    }
    Ok((StatusCode::CREATED, Json(message)))
}

/// Stores a message that goes out, with its command.
async fn send(
    app: &App,
    signed_in: &SignedIn,
    sql: &mut Sql<'_>,
    (id, message_id): (InteractionId, MessageId),
    head: &store::Head,
    new: &NewMessage,
    at: Timestamp,
) -> Result<(), ApiError> {
    let is_forward = new.kind == WritingKind::Forward;
    let subject = if is_forward {
        compose::forward_subject(&new.subject, head)
    } else {
        compose::subject(&new.subject, head)
    };
    let written = Written::message(&new.to, &new.cc, &subject, &new.text)?;
    let zone = &app.config.centre.time_zone;
    let schedule = new.schedule.as_ref().map(|schedule| schedule.resolve(zone, at)).transpose()?;
    store::mark_read(sql, id).await?;
    let last = store::last_inbound(sql, id).await?;
    if let Some(last) = last.as_ref().filter(|last| new.seen_message_id != Some(last.id)) {
        return Err(newer_message(last.id));
    }
    let routing = app.routing.get();
    let queue = routing.queue_name(head.queue_id);
    let mailboxes = &app.channels.intake.mailboxes;
    let mailbox = compose::sender(mailboxes, new.from.as_deref(), queue, &head.mailbox)?;
    let agent = &signed_in.user.name;
    let signature = signature(app, sql, id, head, mailbox, agent, &written.text).await?;
    let reply = NewReply {
        id: message_id,
        interaction: id,
        author: &signed_in.user,
        mailbox,
        signature: &signature,
        written: &written,
        answers: last.as_ref().filter(|_| !is_forward),
        attachments: &new.attachments,
        schedule: schedule.as_ref(),
        at,
    };
    compose::store_reply(sql, app.ids.as_ref(), &reply).await?;
    store::drop_draft(sql, id, signed_in.id()).await?;
    Ok(())
}

/// What stands under a text of this agent, in the language of the text.
async fn signature(
    app: &App,
    sql: &mut Sql<'_>,
    id: InteractionId,
    head: &store::Head,
    mailbox: &Mailbox,
    agent: &str,
    text: &str,
) -> Result<String, StoreError> {
    let kept = texts::store::of_queue(sql, TextKind::Signature, head.queue_id).await?;
    let language = language_of(text);
    let values = texts::api::values(app, sql, id, head, agent).await?;
    let values = Values { date: texts::api::date(app, language), ..values };
    Ok(compose::signature(&kept, language, mailbox, &values))
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
    let mut text = message.text.as_str();
    if let Some(head) = head
        && let Some(mailbox) = app.channels.intake.mailboxes.find(&message.from.address)
    {
        let (sql, agent) = (&mut tx.sql(), &signed_in.user.name);
        let id = message.interaction_id;
        let signature = signature(&app, sql, id, &head, mailbox, agent, text).await?;
        text = text.strip_suffix(&signature).unwrap_or(text);
    }
    let draft = stored_drafts::Draft {
        to: message.to.clone(),
        cc: message.cc.clone(),
        subject: message.subject.clone(),
        text: text.to_owned(),
        attachments: files,
        mode: String::new(),
        from: message.from.address.clone(),
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
