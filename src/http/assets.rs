//! The desk: files of the built SPA, from a folder or from the binary (feature `embed-web`).
//!
//! Files under `/assets/` have a digest in their names and are kept for a year; `index.html` is
//! asked for each time. Any other path without a dot is a page of the SPA: `index.html` again.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;

use super::error::ApiError;

const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASKED_FOR: HeaderValue = HeaderValue::from_static("no-cache");
const NOT_BUILT: &str = "The desk is not built. Run `npm ci && npm run build` in web/, or set \
                         http.web_dist to the folder with index.html.\n";

/// Serves everything that is not API.
pub fn router<S: Clone + Send + Sync + 'static>(web_dist: &Path) -> Router<S> {
    Router::new().fallback(serve).layer(CompressionLayer::new()).with_state(web_dist.to_owned())
}

async fn serve(State(web_dist): State<PathBuf>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let message = "only GET is understood here";
        return ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
            .into_response();
    }
    let path = request.uri().path().to_owned();
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let name = if is_file { path.trim_start_matches('/') } else { "index.html" };
    let is_kept = path.starts_with("/assets/");
    let Some(mut response) = load(&web_dist, name, request).await else {
        return if is_file {
            ApiError::not_found("file", &path).into_response()
        } else {
            (StatusCode::NOT_FOUND, NOT_BUILT).into_response()
        };
    };
    let cache = if is_kept { KEPT } else { ASKED_FOR };
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response
}

#[cfg(feature = "embed-web")]
#[derive(rust_embed::RustEmbed)]
#[folder = "web/dist"]
struct Built;

#[cfg(feature = "embed-web")]
async fn load(_web_dist: &Path, name: &str, _request: Request) -> Option<Response> {
    let file = Built::get(name)?;
    let media_type = file.metadata.mimetype().to_owned();
    Some(([(header::CONTENT_TYPE, media_type)], file.data.into_owned()).into_response())
}

#[cfg(not(feature = "embed-web"))]
async fn load(web_dist: &Path, name: &str, request: Request) -> Option<Response> {
    // ServeDir refuses paths that lead out of the folder, and knows ranges and conditions.
    let (mut parts, body) = request.into_parts();
    parts.uri = format!("/{name}").parse().ok()?;
    let files =
        tower_http::services::ServeDir::new(web_dist).append_index_html_on_directories(false);
    let response = files.oneshot(Request::from_parts(parts, body)).await.ok()?;
    (response.status() != StatusCode::NOT_FOUND).then(|| response.into_response())
}
