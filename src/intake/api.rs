//! Mails over HTTP: for gateways, archives and imports that have the raw bytes.

use std::sync::Arc;

use crate::http::routes::routes;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::StatusCode;
use bytes::Bytes;
use channel_contract::{ChannelName, DeliverError, Delivered, Envelope, InboundMessage, Origin};
use channel_email::reader::Arrival;
use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, MessageId};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::history::{Brought, dated};
use super::store;
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ErrorEnvelope};
use crate::http::extract::{Json, Query};

/// Mails in memory at once: each has up to the size limit.
static ON_THEIR_WAY: Semaphore = Semaphore::const_new(2);

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(bring))
}

/// How a mail is to be taken.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct Manner {
    /// The address of ours to which it belongs; absent: as its headers say.
    mailbox: Option<String>,
    /// It is from the past: kept with its own date, nobody's work, never acknowledged.
    history: bool,
    /// Where it lay; the same bytes from the same place again are no other arrival.
    place: Option<String>,
    /// Time for a mail from the past without a sensible date, microseconds since 1970.
    fallback_at: Option<Timestamp>,
    /// Size of the whole mail when the body is only its beginning: it was too large.
    cut_from_bytes: Option<u64>,
}

/// What became of a mail.
#[derive(Debug, Serialize, ToSchema)]
struct AcceptedMail {
    /// The message.
    message_id: MessageId,
    /// Its interaction.
    interaction_id: InteractionId,
    /// It had come before; this arrival is noted beside the first one.
    repeated: bool,
    /// Whether it could be read.
    readable: bool,
}

/// Hand in one mail
///
/// The body is the mail as it goes over the line (RFC 5322), up to the size that the listeners
/// take. Handing it in again is harmless: 201 the first time, 200 every other time. The answer
/// comes after it is stored for good.
#[utoipa::path(post, path = "/mail", tag = "intake", params(Manner),
    request_body(content = Vec<u8>, content_type = "message/rfc822"),
    responses((status = 201, body = AcceptedMail), (status = 200, body = AcceptedMail),
        (status = 413, body = ErrorEnvelope), (status = 503, body = ErrorEnvelope)))]
async fn bring(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(manner): Query<Manner>,
    body: Body,
) -> Result<(StatusCode, Json<AcceptedMail>), ApiError> {
    signed_in.require(Right::BringMail)?;
    let mailbox = manner.mailbox.clone().unwrap_or_default();
    if !mailbox.is_empty() && app.channels.intake.mailboxes.find(&mailbox).is_none() {
        let message = format!("\"{mailbox}\" is no mailbox of channels.email.mailboxes");
        return Err(ApiError::invalid("mailbox", message));
    }
    let _on_its_way = ON_THEIR_WAY.acquire().await;
    let limit = app.config.channels.email.limits.message_bytes;
    let raw = to_bytes(body, limit).await.map_err(|_| {
        let message = format!("a mail has at most {limit} bytes; and it must come whole");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    })?;
    if raw.is_empty() {
        return Err(ApiError::invalid("body", "the body is the mail; it is empty"));
    }
    let message = read(&app, raw, manner, mailbox).await?;
    let (external_id, readable) = (message.external_id.clone(), message.readable);
    let delivered = app.channels.way_in.deliver(Box::new(message)).await;
    let delivered = delivered.map_err(|DeliverError::Unavailable(reason)| {
        ApiError::unavailable("not_stored", format!("the mail is not stored ({reason}); try again"))
    })?;
    let mut connection = app.db.read().await?;
    let found = store::find_arrival(&mut connection.sql(), &external_id).await?;
    let (message_id, interaction_id) =
        found.ok_or_else(|| ApiError::internal("a mail is not where it was stored"))?;
    let repeated = delivered == Delivered::Repeated;
    let status = if repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(AcceptedMail { message_id, interaction_id, repeated, readable })))
}

async fn read(
    app: &App,
    raw: Bytes,
    manner: Manner,
    mailbox: String,
) -> Result<InboundMessage, ApiError> {
    let now = app.clock.now();
    // What lay in a file is an import, whoever carries it.
    let channel = if manner.place.is_some() { "import" } else { "api" };
    let place = manner.place.unwrap_or_default();
    let brought = Brought { history: manner.history, fallback_at: manner.fallback_at };
    let arrival = Arrival {
        channel: ChannelName(channel.to_owned()),
        received_at: now,
        envelope: Envelope::default(),
        origin: Origin { place, mailbox, is_history: manner.history },
        raw,
        cut_from_bytes: manner.cut_from_bytes,
    };
    let message = app.channels.email.read_in_time(arrival).await.map_err(ApiError::internal)?;
    Ok(dated(message, brought, now))
}
