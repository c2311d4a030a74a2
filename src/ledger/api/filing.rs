//! What a person does with a mail that could not be read: has it read again, or files it by hand.

use std::sync::Arc;

use crate::http::routes::routes;
use axum::extract::State;
use channel_contract::{ChannelName, Envelope, InboundMessage, Origin};
use channel_email::reader::Arrival;
use rozmova_base::id::{ClientId, InteractionId, MessageId, UserId};
use rozmova_queue::Input;
use rozmova_queue::input::{Act, ActKind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::super::store::{self, Filing, OnTheList};
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path};
use crate::media::ContentHash;
use crate::message::changes::Change;
use crate::store::Tx;
use crate::{audit, client, intake, interaction};

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 1_000;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(read_again)).routes(routes!(file))
}

/// What came of reading a mail again.
#[derive(Debug, Serialize, ToSchema)]
struct Reading {
    /// The message.
    message_id: MessageId,
    /// Its interaction.
    interaction_id: InteractionId,
    /// Whether it can be read now; then it has left the list.
    readable: bool,
    /// Why not.
    defects: Vec<crate::message::model::Finding>,
}

/// Reads a mail again that could not be read, from its raw bytes: after an upgrade it may succeed
#[utoipa::path(post, path = "/unreadable/{id}/reading", tag = "ledger",
    params(("id" = MessageId, Path)),
    responses((status = 200, body = Reading), (status = 404, body = ErrorEnvelope)))]
async fn read_again(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<MessageId>,
) -> ApiResult<Reading> {
    signed_in.require(Right::Supervise)?;
    let listed = look_up(&app, id).await?;
    let interaction = listed.interaction_id;
    let message = read(&app, listed).await?;
    let defects = message.defects.iter().map(|defect| crate::message::model::Finding {
        code: defect.code.clone(),
        detail: defect.detail.clone(),
    });
    let defects = defects.collect();
    let readable = message.readable;
    if readable {
        let (now, ids) = (app.clock.now(), app.ids.as_ref());
        let mut tx = app.db.begin().await?;
        intake::store::rewrite(&mut tx.sql(), id, interaction, &message, ids, now).await?;
        note(&app, &mut tx, &signed_in, id, &Place::Read, "").await?;
        tx.commit().await?;
        app.changes.tell(Change::Added { interaction, message: id });
    }
    Ok(Json(Reading { message_id: id, interaction_id: interaction, readable, defects }))
}

async fn look_up(app: &App, id: MessageId) -> Result<OnTheList, ApiError> {
    let mut connection = app.db.read().await?;
    let found = store::on_the_list(&mut connection.sql(), id).await?;
    found.ok_or_else(|| ApiError::not_found("unreadable message", id))
}

async fn read(app: &App, listed: OnTheList) -> Result<InboundMessage, ApiError> {
    let hash = listed.raw_sha256.as_deref().and_then(ContentHash::from_slice);
    let hash = hash.ok_or_else(|| ApiError::internal("an unreadable message has no raw bytes"))?;
    let raw = app.media.load(&hash).await?;
    let arrival = Arrival {
        channel: ChannelName(listed.channel),
        received_at: listed.at,
        envelope: Envelope::default(),
        origin: Origin { mailbox: listed.mailbox, ..Origin::default() },
        raw,
        cut_from_bytes: None,
    };
    app.channels.email.read_in_time(arrival).await.map_err(ApiError::internal)
}

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FilingTarget {
    /// It is from this client; its interaction goes on.
    Client,
    /// It belongs into this interaction.
    Interaction,
    /// It is of no use; its interaction is closed.
    Discarded,
}

/// Where a mail belongs, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewFiling {
    to: FilingTarget,
    /// For `client`.
    #[serde(default)]
    client_id: Option<ClientId>,
    /// For `interaction`.
    #[serde(default)]
    interaction_id: Option<InteractionId>,
    reason: String,
}

/// A mail that was filed.
#[derive(Debug, Serialize, ToSchema)]
struct Filed {
    /// The message.
    message_id: MessageId,
    /// The interaction in which it is now.
    interaction_id: InteractionId,
}

enum Place {
    Read,
    Client(ClientId),
    Interaction(InteractionId),
    Discarded,
}

/// Files a mail that could not be read: with a client, in an interaction, or nowhere
#[utoipa::path(post, path = "/unreadable/{id}/filing", tag = "ledger",
    params(("id" = MessageId, Path)), request_body = NewFiling,
    responses((status = 200, body = Filed), (status = 404, body = ErrorEnvelope)))]
async fn file(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<MessageId>,
    Json(wish): Json<NewFiling>,
) -> ApiResult<Filed> {
    signed_in.require(Right::Supervise)?;
    let reason = wish.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        let message = format!("write why, in at most {REASON_CHARS_MAX} characters");
        return Err(ApiError::invalid("reason", message));
    }
    let place = match (wish.to, wish.client_id, wish.interaction_id) {
        (FilingTarget::Client, Some(client), _) => Place::Client(client),
        (FilingTarget::Client, None, _) => {
            return Err(ApiError::invalid("client_id", "name the client"));
        }
        (FilingTarget::Interaction, _, Some(interaction)) => Place::Interaction(interaction),
        (FilingTarget::Interaction, _, None) => {
            return Err(ApiError::invalid("interaction_id", "name the interaction"));
        }
        (FilingTarget::Discarded, ..) => Place::Discarded,
    };
    let home = look_up(&app, id).await?.interaction_id;
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    let (interaction, is_empty) = match &place {
        Place::Client(client) => {
            if client::store::load_client(&mut tx.sql(), *client).await?.is_none() {
                return Err(ApiError::not_found("client", client));
            }
            let by = signed_in.id();
            interaction::store::choose_client(&mut tx.sql(), home, *client, by, now).await?;
            (home, false)
        }
        Place::Interaction(target) => {
            if !store::has_interaction(&mut tx.sql(), *target).await? {
                return Err(ApiError::not_found("interaction", target));
            }
            let left = store::move_message(&mut tx.sql(), id, home, *target, now).await?;
            (*target, left == 0)
        }
        Place::Discarded | Place::Read => (home, true),
    };
    note(&app, &mut tx, &signed_in, id, &place, &reason).await?;
    tx.commit().await?;
    if is_empty {
        close(&app, home, signed_in.id(), reason).await;
    }
    if interaction != home {
        // An open contact shows its agent that something came; a closed one stays closed.
        let _ = app.dispatch.submit(Input::ContactContinued { interaction }).await;
        app.changes.tell(Change::Added { interaction, message: id });
    }
    Ok(Json(Filed { message_id: id, interaction_id: interaction }))
}

/// Closes what has nothing in it that anyone could answer. It may be closed already.
async fn close(app: &App, interaction: InteractionId, author: UserId, reason: String) {
    let what = ActKind::Close { interaction };
    let closing = app.dispatch.submit(Input::Supervisor(Act { author, reason, what })).await;
    if let Err(error) = closing {
        tracing::info!(%interaction, %error, "A filed interaction was not closed");
    }
}

/// The filing and its line in the audit trail, in the caller's transaction.
async fn note(
    app: &App,
    tx: &mut Tx,
    signed_in: &SignedIn,
    message: MessageId,
    place: &Place,
    reason: &str,
) -> Result<(), ApiError> {
    let (name, subject) = match place {
        Place::Read => ("read", None),
        Place::Client(client) => ("client", Some(client.0)),
        Place::Interaction(interaction) => ("interaction", Some(interaction.0)),
        Place::Discarded => ("discarded", None),
    };
    let (by, at) = (signed_in.id(), app.clock.now());
    let filing = Filing { message, place: name, subject, reason, by, at };
    store::file(&mut tx.sql(), &filing).await?;
    let entry = audit::Entry {
        actor: Some(by),
        act: "unreadable.file",
        subject: ("message", message.to_string()),
        details: json!({ "place": name, "subject": subject, "reason": reason }),
        peer: signed_in.peer.clone(),
    };
    audit::record(&mut tx.sql(), app.ids.as_ref(), at, entry).await?;
    Ok(())
}
