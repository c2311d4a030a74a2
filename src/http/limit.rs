//! What every request meets: a time limit, a net under panics, a line of figures, and headers that
//! tell browsers what the pages may do.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::app::App;

/// The desk loads nothing from elsewhere and is framed by nobody. Styles in attributes are set by
/// the desk's own templates; scripts never are. Frames show cleaned mail from our own address.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; \
     worker-src 'self'; frame-src 'self' blob:; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

/// Headers of every answer that does not set them itself.
const SECURITY_HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), payment=()"),
];
/// A year. RFC 6797 §6.1. Sent when the public URL is https.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds the headers that tell browsers what the pages may do.
pub async fn security_headers(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.config.http.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
    }
    response
}

/// Answers of the API are not kept by browsers or proxies unless they say so.
pub async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(no_store);
    response
}

/// Gives up what is not answered in time: a stuck request must not hold its connection for ever.
pub async fn time_limit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let seconds = app.config.http.request_timeout_seconds;
    let answer = tokio::time::timeout(Duration::from_secs(seconds), next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let message = format!("not answered within {seconds} s; try again");
        ApiError::unavailable("timed_out", message).into_response()
    })
}

/// Turns a panic of a handler into a 500 for that request alone.
#[expect(clippy::needless_pass_by_value, reason = "the layer gives the panic away")]
pub fn on_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let reason = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let reason = reason.or_else(|| panic.downcast_ref::<String>().cloned());
    ApiError::internal(reason.as_deref().unwrap_or("panic")).into_response()
}

/// Counts requests and times them by route, not by address: ids would be a label without end.
#[expect(clippy::disallowed_methods, reason = "measures")]
pub async fn observe(request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("other", MatchedPath::as_str).to_owned();
    let method = request.method().as_str().to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    let labels = [("method", method), ("route", route), ("status", status)];
    metrics::counter!("rozmova_http_requests_total", &labels).increment(1);
    metrics::histogram!("rozmova_http_request_seconds", &labels)
        .record(started.elapsed().as_secs_f64());
    response
}
