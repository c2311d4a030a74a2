//! Drafts: the server keeps them, so that nothing is lost with a browser.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::Timestamp;
use rozmova_base::id::InteractionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::super::changes::Change;
use super::super::drafts::Draft;
use super::super::model::{ATTACHMENTS_MAX, Author, RECIPIENTS_MAX, TEXT_MAX_BYTES};
use super::super::store;
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;
use crate::interaction::api::reach;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(show, save, drop_it)).routes(routes!(others))
}

/// A draft as kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DraftView {
    /// What was written.
    #[serde(flatten)]
    pub draft: Draft,
    /// Grows by one with each change.
    pub version: i64,
    /// When it was saved.
    pub changed_at: Timestamp,
}

/// A draft to keep.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewDraft {
    /// What was written.
    #[serde(flatten)]
    pub draft: Draft,
    /// The version that the writer began with; absent: whatever is there is replaced.
    #[serde(default)]
    pub version: Option<i64>,
}

/// My draft in this interaction; `null` when there is none
#[utoipa::path(get, path = "/interactions/{id}/draft", tag = "messages", operation_id = "draft",
    params(("id" = InteractionId, Path)), responses((status = 200, body = Option<DraftView>)))]
async fn show(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
) -> ApiResult<Option<DraftView>> {
    signed_in.require(Right::Work)?;
    let mut connection = app.db.read().await?;
    let found = store::draft(&mut connection.sql(), id, signed_in.id()).await?;
    let view = |(content, version, changed_at): (String, i64, Timestamp)| DraftView {
        draft: Draft::from_json(&content),
        version,
        changed_at,
    };
    Ok(Json(found.map(view)))
}

/// Keep my draft
#[utoipa::path(put, path = "/interactions/{id}/draft", tag = "messages",
    params(("id" = InteractionId, Path)), request_body = NewDraft,
    responses((status = 200, body = DraftView), (status = 404, body = ErrorEnvelope),
        (status = 412, description = "newer_draft", body = ErrorEnvelope),
        (status = 422, body = ErrorEnvelope)))]
async fn save(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
    Json(new): Json<NewDraft>,
) -> ApiResult<DraftView> {
    signed_in.require(Right::Work)?;
    reach::require(&app, &signed_in, id).await?;
    check(&new.draft)?;
    let changed_at = app.clock.now();
    let mut tx = app.db.begin().await?;
    let kept = store::draft(&mut tx.sql(), id, signed_in.id()).await?;
    let kept_version = kept.map_or(0, |(_, version, _)| version);
    if new.version.is_some_and(|version| version != kept_version) {
        let text = "the draft was changed in another window; reload it";
        return Err(ApiError::newer("newer_draft", text));
    }
    let content = new.draft.to_json();
    let (sql, author) = (&mut tx.sql(), signed_in.id());
    let version = store::save_draft(sql, id, author, &content, changed_at).await?;
    tx.commit().await?;
    if version == 1 {
        // The first of it is worth telling; what is typed after that is not.
        app.changes.tell(Change::Draft { interaction: id, author: Some(author) });
    }
    Ok(Json(DraftView { draft: new.draft, version, changed_at }))
}

/// Throw my draft away
#[utoipa::path(delete, path = "/interactions/{id}/draft", tag = "messages",
    params(("id" = InteractionId, Path)), responses((status = 204)))]
async fn drop_it(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
) -> Result<StatusCode, ApiError> {
    signed_in.require(Right::Work)?;
    let mut tx = app.db.begin().await?;
    store::drop_draft(&mut tx.sql(), id, signed_in.id()).await?;
    tx.commit().await?;
    app.changes.tell(Change::Draft { interaction: id, author: None });
    Ok(StatusCode::NO_CONTENT)
}

/// That somebody has a draft.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OtherDraft {
    /// Who.
    pub author: Author,
    /// When it was saved last.
    pub changed_at: Timestamp,
}

/// Who else has begun to write here; what they write is theirs
#[utoipa::path(get, path = "/interactions/{id}/drafts", tag = "messages",
    operation_id = "other_drafts",
    params(("id" = InteractionId, Path)), responses((status = 200, body = Vec<OtherDraft>)))]
async fn others(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
) -> ApiResult<Vec<OtherDraft>> {
    signed_in.require(Right::Work)?;
    reach::require(&app, &signed_in, id).await?;
    let mut connection = app.db.read().await?;
    let found = store::other_drafts(&mut connection.sql(), id, signed_in.id()).await?;
    let view = |(id, name, changed_at)| OtherDraft { author: Author { id, name }, changed_at };
    Ok(Json(found.into_iter().map(view).collect()))
}

fn check(draft: &Draft) -> Result<(), ApiError> {
    if draft.text.len() > TEXT_MAX_BYTES {
        let message = format!("a text has at most {TEXT_MAX_BYTES} bytes; send a file");
        return Err(ApiError::invalid("text", message));
    }
    if draft.to.len() + draft.cc.len() > RECIPIENTS_MAX {
        let message = format!("a message has at most {RECIPIENTS_MAX} recipients");
        return Err(ApiError::invalid("to", message));
    }
    if draft.attachments.len() > ATTACHMENTS_MAX {
        let message = format!("a message has at most {ATTACHMENTS_MAX} files");
        return Err(ApiError::invalid("attachments", message));
    }
    Ok(())
}
