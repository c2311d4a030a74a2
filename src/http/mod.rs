//! HTTP: one router, one envelope, the guards that every request meets.
//!
//! The API of a feature is `FEATURE/api.rs`: `pub fn router() -> OpenApiRouter<Arc<App>>` with
//! paths below `/api/v1` (`path = "/users"`), one line in `api`. Handlers take
//! [`crate::auth::SignedIn`] and call `require` first; bodies come through [`extract`]; lists are
//! [`page::Page`]s; refusals are [`error::ApiError`]s.

pub mod assets;
pub mod download;
pub mod error;
pub mod extract;
pub mod limit;
pub mod openapi;
pub mod page;
pub mod routes;
pub mod session;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use self::error::ApiError;
use crate::app::App;
use crate::{
    agent, audit, auth, client, health, intake, interaction, ledger, live, message, report,
    routing, rule, setup, staffing, texts, wallboard,
};

/// All features' APIs, below `/api/v1`.
fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::base()).nest(
        "/api/v1",
        OpenApiRouter::new()
            .merge(auth::api::router())
            .merge(audit::api::router())
            .merge(client::api::router())
            .merge(health::api::router())
            .merge(agent::api::router())
            .merge(interaction::api::router())
            .merge(report::api::router())
            .merge(intake::api::router())
            .merge(ledger::api::router())
            .merge(routing::api::router())
            .merge(rule::api::router())
            .merge(setup::api::router())
            .merge(staffing::api::router())
            .merge(wallboard::api::router())
            .merge(live::ws::router())
            .merge(message::api::router())
            .merge(texts::api::router()),
    )
}

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::finished(api().into_openapi())
}

/// Everything that the server answers.
pub fn router(app: &Arc<App>) -> Router {
    let (api, document) = api().split_for_parts();
    let document = Arc::new(openapi::finished(document));
    let api = api
        .route("/api/v1/openapi.json", get(move || async move { Json(document) }))
        .route("/api/{*path}", axum::routing::any(no_resource))
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(Arc::clone(app), session::same_origin))
        .layer(from_fn(limit::no_store))
        .layer(DefaultBodyLimit::max(app.config.http.body_limit_bytes));
    api.route("/healthz", get(health::api::healthz))
        .route("/readyz", get(health::api::readyz))
        .route("/metrics", get(health::api::metrics))
        .merge(assets::router(&app.config.http.web_dist))
        .layer(from_fn_with_state(Arc::clone(app), limit::time_limit))
        .layer(CatchPanicLayer::custom(limit::on_panic))
        .layer(from_fn_with_state(Arc::clone(app), limit::security_headers))
        .layer(from_fn(limit::observe))
        .with_state(Arc::clone(app))
}

/// Answers until `stop` is cancelled; what has been begun is finished.
pub async fn serve(app: Arc<App>, listener: TcpListener, stop: CancellationToken) {
    let router = router(&app).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!("HTTP stopped: {error}");
    }
}

async fn no_resource() -> ApiError {
    let message = "there is no such resource; see /api/v1/openapi.json";
    ApiError::new(StatusCode::NOT_FOUND, "no_such_resource", message)
}

async fn no_method() -> ApiError {
    let message = "this resource does not know that method; see /api/v1/openapi.json";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}
