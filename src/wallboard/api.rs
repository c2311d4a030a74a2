//! `GET /api/v1/wallboard`, `/queues`, `/agents`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use rozmova_base::id::QueueId;
use utoipa_axum::router::OpenApiRouter;

use super::model::{QueueNow, Wallboard};
use crate::agent::model::Agent;
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(wallboard))
        .routes(routes!(queues))
        .routes(routes!(queue))
        .routes(routes!(agents))
}

/// Queues and agents now, with their figures
#[utoipa::path(get, path = "/wallboard", tag = "supervisor",
    responses((status = 200, body = Wallboard)))]
async fn wallboard(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<Wallboard> {
    signed_in.require_any(&[Right::Supervise, Right::ViewReports])?;
    // The number first: what is read afterwards is true at it or later.
    let seq = app.hub.sequence();
    let (totals, queues, agents) = app.floor.everything().await?;
    Ok(Json(Wallboard { at: app.clock.now(), seq, totals, queues, agents }))
}

/// Queues now
#[utoipa::path(get, path = "/queues", tag = "supervisor",
    responses((status = 200, body = Vec<QueueNow>)))]
async fn queues(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<Vec<QueueNow>> {
    signed_in.require_any(&[Right::Work, Right::Supervise, Right::ViewReports])?;
    Ok(Json(app.floor.queues(None).await?))
}

/// One queue now
#[utoipa::path(get, path = "/queues/{id}", tag = "supervisor", params(("id" = QueueId, Path)),
    responses((status = 200, body = QueueNow)))]
async fn queue(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<QueueId>,
) -> ApiResult<QueueNow> {
    signed_in.require_any(&[Right::Work, Right::Supervise, Right::ViewReports])?;
    let queue = app.floor.queues(Some(&BTreeSet::from([id]))).await?.pop();
    queue.map(Json).ok_or_else(|| ApiError::not_found("queue", id))
}

/// Agents now, by name: to whom a contact can be handed
#[utoipa::path(get, path = "/agents", tag = "supervisor",
    responses((status = 200, body = Vec<Agent>)))]
async fn agents(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<Vec<Agent>> {
    signed_in.require_any(&[Right::Work, Right::Supervise, Right::ViewReports])?;
    Ok(Json(app.floor.agents(None).await?))
}
