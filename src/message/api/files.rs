//! Files: uploads, downloads, raw messages. What came from outside is never shown as a page of
//! ours: always a download, never sniffed, in a sandbox.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use channel_contract::Channel;
use rozmova_base::id::{AttachmentId, MessageId};
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::super::names;
use super::super::store::{self, FileRow, NewUpload};
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ErrorEnvelope};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;
use crate::interaction::api::reach;
use crate::media::{ContentHash, MediaError};

/// Whole messages in memory at the same time for downloads: each has up to 50 MB.
static OPENED: Semaphore = Semaphore::const_new(4);

const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(upload)).routes(routes!(download)).routes(routes!(raw))
}

impl From<MediaError> for ApiError {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Store(error) => error.into(),
            MediaError::TooLarge(limit) => {
                let message = format!("a file has at most {limit} bytes");
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
            }
            MediaError::Interrupted(reason) => {
                Self::new(StatusCode::BAD_REQUEST, "interrupted", reason)
            }
            MediaError::Unavailable(_) | MediaError::Place { .. } => {
                tracing::warn!(%error, "The media store does not answer");
                Self::unavailable("media_unavailable", "files cannot be reached now; try again")
            }
            MediaError::Missing(_) | MediaError::Damaged(_) => {
                tracing::error!(%error, "Content is lost");
                let message = "this content is missing or damaged; tell the administrator";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "content_lost", message)
            }
        }
    }
}

/// A file that can go with a message.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Upload {
    /// For `attachments` of a message or draft.
    pub id: AttachmentId,
    /// File name, made safe.
    pub name: String,
    /// As declared.
    pub media_type: String,
    /// Size.
    pub size_bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Upload a file
///
/// The body is the file; `Content-Type` its type, `X-File-Name` its name, percent-encoded UTF-8.
#[utoipa::path(post, path = "/uploads", tag = "messages",
    params(("x-file-name" = Option<String>, Header, description = "percent-encoded")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Upload), (status = 413, body = ErrorEnvelope)))]
async fn upload(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Upload>), ApiError> {
    signed_in.require(Right::Work)?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let name = names::safe(&names::percent_decoded(text("x-file-name").unwrap_or_default()));
    let media_type = names::media_type(text("content-type").unwrap_or_default());
    let limit = app.config.media.upload_bytes_max;
    let written = app.media.write(body.into_data_stream(), limit, app.ids.as_ref()).await?;
    let id = AttachmentId::make(app.ids.as_ref());
    let mut tx = app.db.begin().await?;
    let upload = NewUpload {
        id,
        by: signed_in.id(),
        name: &name,
        media_type: &media_type,
        size_bytes: written.size_bytes,
        hash: written.hash,
        at: app.clock.now(),
    };
    store::insert_upload(&mut tx.sql(), &upload).await?;
    tx.commit().await?;
    let sha256 = written.hash.to_string();
    let view = Upload { id, size_bytes: written.size_bytes, sha256, name, media_type };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Download a file
#[utoipa::path(get, path = "/attachments/{id}", tag = "messages",
    params(("id" = AttachmentId, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 404, body = ErrorEnvelope)))]
async fn download(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<AttachmentId>,
) -> Result<Response, ApiError> {
    signed_in.require(Right::ViewClients)?;
    let _opened = OPENED.acquire().await;
    let (content, file) = load_file(&app, &signed_in, id).await?;
    Ok(as_download(content, &file.name, &file.media_type))
}

/// A file and its content, if this person may see it.
pub(super) async fn load_file(
    app: &App,
    signed_in: &SignedIn,
    id: AttachmentId,
) -> Result<(Bytes, FileRow), ApiError> {
    let mut connection = app.db.read().await?;
    let file = store::file(&mut connection.sql(), id).await?;
    drop(connection);
    let missing = || ApiError::not_found("file", id);
    let file = file.ok_or_else(missing)?;
    match file.message_id {
        Some(message) => reach::require_message(app, signed_in, message).await?,
        // A file that has not been sent yet is its writer's business.
        None if file.uploaded_by != Some(signed_in.id()) => return Err(missing()),
        None => {}
    }
    let content = match (file.part, &file.raw_sha256) {
        (Some(part), Some(raw)) => {
            let hash = ContentHash::from_slice(raw).ok_or_else(missing)?;
            let raw = app.media.load(&hash).await?;
            let part = u32::try_from(part).map_err(|_| missing())?;
            open_part(app, raw, part).await?.ok_or_else(missing)?
        }
        (None, _) => {
            let hash = ContentHash::from_slice(&file.sha256).ok_or_else(missing)?;
            app.media.load(&hash).await?
        }
        (Some(_), None) => return Err(missing()),
    };
    Ok((content, file))
}

/// Download a message as it came
#[utoipa::path(get, path = "/messages/{id}/raw", tag = "messages",
    params(("id" = MessageId, Path)),
    responses((status = 200, content_type = "message/rfc822", body = Vec<u8>),
        (status = 404, body = ErrorEnvelope)))]
async fn raw(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<MessageId>,
) -> Result<Response, ApiError> {
    signed_in.require(Right::ViewClients)?;
    let _opened = OPENED.acquire().await;
    let (content, _) = load_raw(&app, &signed_in, id).await?;
    let content = content.ok_or_else(|| ApiError::not_found("raw message", id))?;
    Ok(as_download(content, &format!("{id}.eml"), "message/rfc822"))
}

/// The raw bytes of a message, if it came from outside, and its text; 404 unless this person may
/// read it.
pub(super) async fn load_raw(
    app: &App,
    signed_in: &SignedIn,
    id: MessageId,
) -> Result<(Option<Bytes>, String), ApiError> {
    reach::require_message(app, signed_in, id).await?;
    let mut connection = app.db.read().await?;
    let row = store::raw(&mut connection.sql(), id).await?;
    drop(connection);
    let row = row.ok_or_else(|| ApiError::not_found("message", id))?;
    let hash = row.raw_sha256.as_deref().and_then(ContentHash::from_slice);
    let content = match hash {
        Some(hash) => Some(app.media.load(&hash).await?),
        None => None,
    };
    Ok((content, row.body))
}

/// Decodes one part of a message away from the threads that serve others.
pub(super) async fn open_part(app: &App, raw: Bytes, part: u32) -> Result<Option<Bytes>, ApiError> {
    let email = Arc::clone(&app.channels.email);
    tokio::task::spawn_blocking(move || email.open_part(&raw, part).map(|part| part.content))
        .await
        .map_err(ApiError::internal)
}

fn as_download(content: Bytes, name: &str, media_type: &str) -> Response {
    let octets = HeaderValue::from_static("application/octet-stream");
    let media_type = HeaderValue::from_str(media_type).unwrap_or(octets);
    let disposition = HeaderValue::from_str(&names::disposition(name))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
        (header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF),
    ];
    (headers, content).into_response()
}
