//! `GET /api/v1/health`, and the three plain addresses that monitoring asks.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use channel_contract::HealthState;
use rozmova_base::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::http::routes::routes;
use crate::media::{MediaError, mover};
use crate::outbox::{self, store::OutboxState};
use crate::store::StoreError;
use crate::telemetry;

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(show))
}

/// How the whole server fares.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthView {
    /// The ways in and out, by name.
    pub channels: Vec<PartView>,
    /// The database.
    pub store: PartView,
    /// Answers that wait to be sent; absent while the store does not answer.
    pub outbox: Option<OutboxView>,
    /// Raw mails that wait to be moved to the media store; absent likewise.
    pub spool: Option<SpoolView>,
}

/// Answers that wait to be sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxView {
    /// How many.
    pub waiting: i64,
    /// Of these, tried in vain so far.
    pub failing: i64,
    /// When the oldest was written.
    pub oldest_at: Option<Timestamp>,
}

/// Raw mails on their way to the media store.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpoolView {
    /// How many.
    pub waiting: i64,
    /// When the oldest came.
    pub oldest_at: Option<Timestamp>,
}

/// How one part fares.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartView {
    /// `smtp`, `imap:info`, `store`.
    pub name: String,
    /// `starting`, `up`, `degraded` or `down`.
    #[schema(value_type = String)]
    pub state: HealthState,
    /// What is so and what to do, for an administrator.
    pub detail: String,
    /// Since when; `null` when it was asked just now.
    pub since_at: Option<Timestamp>,
}

/// How channels, store and queues of work fare
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = HealthView)))]
async fn show(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<HealthView> {
    signed_in.require(Right::ViewHealth)?;
    let channels = app.health.reports().into_iter().map(|(name, report)| PartView {
        name,
        state: report.health.state,
        detail: report.health.detail,
        since_at: Some(report.since),
    });
    Ok(Json(HealthView {
        channels: channels.collect(),
        store: store(&app).await,
        outbox: outbox(&app).await.ok(),
        spool: spool(&app).await.ok(),
    }))
}

async fn outbox(app: &App) -> Result<OutboxView, StoreError> {
    let mut connection = app.db.read().await?;
    let state = outbox::store::state(&mut connection.sql()).await?;
    let OutboxState { waiting, failing, oldest_at } = state;
    Ok(OutboxView { waiting, failing, oldest_at })
}

async fn spool(app: &App) -> Result<SpoolView, MediaError> {
    let backlog = mover::backlog(&app.media).await?;
    Ok(SpoolView { waiting: backlog.waiting, oldest_at: backlog.oldest_at })
}

async fn store(app: &App) -> PartView {
    let (state, detail) = match app.db.ping().await {
        Ok(()) => (HealthState::Up, app.config.store.shown_url()),
        Err(error) => (HealthState::Down, error.to_string()),
    };
    PartView { name: "store".to_owned(), state, detail, since_at: None }
}

/// Takes the figures that are states and not events. What the store cannot say stays as it was.
async fn measure(app: &App) {
    for (name, report) in app.health.reports() {
        let is_up = report.health.state == HealthState::Up;
        metrics::gauge!("rozmova_channel_up", "channel" => name).set(f64::from(u8::from(is_up)));
    }
    let is_up = app.db.ping().await.is_ok();
    metrics::gauge!("rozmova_store_up").set(f64::from(u8::from(is_up)));
    if let Ok(outbox) = outbox(app).await {
        metrics::gauge!("rozmova_outbox_waiting").set(outbox.waiting as f64);
        metrics::gauge!("rozmova_outbox_failing").set(outbox.failing as f64);
    }
    if let Ok(spool) = spool(app).await {
        metrics::gauge!("rozmova_spool_waiting").set(spool.waiting as f64);
    }
}

/// The process lives.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The store answers: traffic may come.
pub async fn readyz(State(app): State<Arc<App>>) -> (StatusCode, String) {
    match app.db.ping().await {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
}

/// Figures in the text format of Prometheus 0.0.4.
pub async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    measure(&app).await;
    let text = telemetry::metrics().map(|handle| {
        handle.run_upkeep();
        handle.render()
    });
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.unwrap_or_default())
}
