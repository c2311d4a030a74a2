//! A file that came in, as an upload of one's own: forwarding takes files along without anybody
//! having to download them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::id::AttachmentId;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::super::store::{self, NewUpload};
use super::files::{Upload, load_file};
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ErrorEnvelope};
use crate::http::extract::Json;
use crate::http::routes::routes;
use crate::media::ContentHash;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(copy))
}

/// Which file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FileToCopy {
    /// A file of a message.
    attachment_id: AttachmentId,
}

/// Take a file of a message into an answer
///
/// Gives an upload with the same content, which goes with a message or a draft as any other.
#[utoipa::path(post, path = "/uploads/copies", tag = "messages", operation_id = "copy_file",
    request_body = FileToCopy,
    responses((status = 201, body = Upload), (status = 404, body = ErrorEnvelope),
        (status = 413, body = ErrorEnvelope)))]
async fn copy(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(wish): Json<FileToCopy>,
) -> Result<(StatusCode, Json<Upload>), ApiError> {
    signed_in.require(Right::Work)?;
    signed_in.require(Right::ViewClients)?;
    let (content, file) = load_file(&app, &signed_in, wish.attachment_id).await?;
    let limit = app.config.media.upload_bytes_max;
    if content.len() as u64 > limit {
        return Err(crate::media::MediaError::TooLarge(limit).into());
    }
    let size_bytes = content.len() as u64;
    let hashed = content.clone();
    let hash = tokio::task::spawn_blocking(move || ContentHash::of(&hashed))
        .await
        .map_err(ApiError::internal)?;
    // A part of a mail is no object of its own yet.
    app.media.put(&hash, content).await?;
    let id = AttachmentId::make(app.ids.as_ref());
    let mut tx = app.db.begin().await?;
    let upload = NewUpload {
        id,
        by: signed_in.id(),
        name: &file.name,
        media_type: &file.media_type,
        size_bytes,
        hash,
        at: app.clock.now(),
    };
    store::insert_upload(&mut tx.sql(), &upload).await?;
    tx.commit().await?;
    let sha256 = hash.to_string();
    let view = Upload { id, name: file.name, media_type: file.media_type, size_bytes, sha256 };
    Ok((StatusCode::CREATED, Json(view)))
}
