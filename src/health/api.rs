//! `GET /api/v1/health`, and the three plain addresses that monitoring asks.

use std::fmt::Write;
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
use crate::media::MediaError;
use crate::media::mover::{self, Backlog};
use crate::outbox::{self, store::OutboxState};
use crate::store::StoreError;
use crate::telemetry;

/// Answers that wait longer than this are worth a look: a relay that asks for patience
/// (greylisting, RFC 6647 §5) lets them pass within some minutes.
const OUTBOX_AGE_MAX_MS: i64 = 15 * 60_000;
/// Raw mails are moved within seconds; after this the place for them has a problem.
const SPOOL_AGE_MAX_MS: i64 = 10 * 60_000;
/// So much in the spool makes the database grow and its backups slow: an hour of a busy day.
const SPOOL_BYTES_MAX: i64 = 1 << 30;

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
    /// `up`, or `degraded` when some are failing or too old.
    #[schema(value_type = String)]
    pub state: HealthState,
    /// What is so and what to do; empty when all is well.
    pub detail: String,
}

/// Raw mails on their way to the media store.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpoolView {
    /// How many.
    pub waiting: i64,
    /// Their size.
    pub bytes: i64,
    /// When the oldest came.
    pub oldest_at: Option<Timestamp>,
    /// `up`, or `degraded` when they are too many or too old.
    #[schema(value_type = String)]
    pub state: HealthState,
    /// What is so and what to do; empty when all is well.
    pub detail: String,
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
    Ok(outbox_view(state, app.clock.now()))
}

fn outbox_view(outbox: OutboxState, now: Timestamp) -> OutboxView {
    let OutboxState { waiting, failing, oldest_at } = outbox;
    let mut problems = Vec::new();
    if failing > 0 {
        problems.push(format!("{failing} answers could not be sent yet: see the relay's state"));
    }
    if is_older(oldest_at, now, OUTBOX_AGE_MAX_MS) {
        let minutes = OUTBOX_AGE_MAX_MS / 60_000;
        problems.push(format!("the oldest of {waiting} answers waits longer than {minutes} min"));
    }
    let (state, detail) = judged(&problems);
    OutboxView { waiting, failing, oldest_at, state, detail }
}

async fn spool(app: &App) -> Result<SpoolView, MediaError> {
    Ok(spool_view(mover::backlog(&app.media).await?, app.clock.now()))
}

fn spool_view(spool: Backlog, now: Timestamp) -> SpoolView {
    let Backlog { waiting, bytes, oldest_at } = spool;
    let mut problems = Vec::new();
    if bytes > SPOOL_BYTES_MAX {
        let mib = bytes >> 20;
        problems.push(format!("{mib} MiB of mails are still in the database: see media.url"));
    }
    if is_older(oldest_at, now, SPOOL_AGE_MAX_MS) {
        let minutes = SPOOL_AGE_MAX_MS / 60_000;
        problems.push(format!(
            "mails have not been moved to the media store for {minutes} min: see media.url"
        ));
    }
    let (state, detail) = judged(&problems);
    SpoolView { waiting, bytes, oldest_at, state, detail }
}

fn is_older(at: Option<Timestamp>, now: Timestamp, age_max_ms: i64) -> bool {
    at.is_some_and(|at| now.millis_since(at) > age_max_ms)
}

fn judged(problems: &[String]) -> (HealthState, String) {
    let state = if problems.is_empty() { HealthState::Up } else { HealthState::Degraded };
    (state, problems.join("; "))
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
        metrics::gauge!("rozmova_spool_bytes").set(spool.bytes as f64);
    }
}

/// The process lives.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The store answers and is ours: traffic may come. What waits too long is said, but is no reason
/// to keep traffic away.
pub async fn readyz(State(app): State<Arc<App>>) -> (StatusCode, String) {
    let waiting = async {
        app.lease.unless_lost()?;
        app.db.ping().await?;
        outbox(&app).await
    };
    let outbox = match waiting.await {
        Ok(outbox) => outbox,
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    };
    let spool = spool(&app).await.map(|spool| spool.detail).unwrap_or_default();
    let mut text = "ok\n".to_owned();
    for (name, detail) in [("outbox", outbox.detail), ("spool", spool)] {
        if !detail.is_empty() {
            let _ = writeln!(text, "{name}: {detail}");
        }
    }
    (StatusCode::OK, text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_judged_by_age_size_and_failures() {
        let now = Timestamp::from_seconds(100_000);
        let ago = |ms: i64| Some(now.plus_millis(-ms));
        let outbox = |failing, oldest_at| {
            outbox_view(OutboxState { waiting: 3, failing, oldest_at }, now).state
        };
        assert_eq!(outbox(0, None), HealthState::Up);
        assert_eq!(outbox(0, ago(OUTBOX_AGE_MAX_MS)), HealthState::Up);
        assert_eq!(outbox(0, ago(OUTBOX_AGE_MAX_MS + 1)), HealthState::Degraded);
        assert_eq!(outbox(1, ago(1)), HealthState::Degraded);
        let spool =
            |bytes, oldest_at| spool_view(Backlog { waiting: 3, bytes, oldest_at }, now).state;
        assert_eq!(spool(SPOOL_BYTES_MAX, ago(SPOOL_AGE_MAX_MS)), HealthState::Up);
        assert_eq!(spool(SPOOL_BYTES_MAX + 1, ago(1)), HealthState::Degraded);
        assert_eq!(spool(1, ago(SPOOL_AGE_MAX_MS + 1)), HealthState::Degraded);
        let view = spool_view(Backlog { waiting: 1, bytes: 5 << 30, oldest_at: None }, now);
        assert!(view.detail.contains("5120 MiB"), "{}", view.detail);
    }
}
