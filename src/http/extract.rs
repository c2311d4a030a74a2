//! axum's extractors with our error envelope: a wrong body, path or query is answered like every
//! other refusal.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// A JSON body, in and out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

/// Parts of the path.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

/// What stands behind the `?`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(json_error(&rejection)),
        }
    }
}

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(value)| Self(value)).map_err(|error: PathRejection| {
            ApiError::new(StatusCode::NOT_FOUND, "not_found", error.body_text())
        })
    }
}

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|axum::extract::Query(value)| Self(value)).map_err(|error: QueryRejection| {
            ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", error.body_text())
        })
    }
}

fn json_error(rejection: &JsonRejection) -> ApiError {
    let status = rejection.status();
    let text = rejection.body_text();
    match status {
        StatusCode::UNPROCESSABLE_ENTITY => {
            // "Failed to deserialize the JSON body into the target type: FIELD: what is wrong"
            let reason = text.split_once("target type: ").map_or(text.as_str(), |(_, rest)| rest);
            match reason.split_once(": ") {
                Some((field, reason)) if !field.contains(' ') => ApiError::invalid(field, reason),
                _ => ApiError::new(status, "invalid", reason),
            }
        }
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(status, "too_large", text),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ApiError::new(status, "not_json", "send Content-Type: application/json")
        }
        _ => ApiError::new(status, "bad_json", text),
    }
}

/// The version that a writer saw (`If-Match`, RFC 9110 §13.1.1). `*` is met by whatever is there.
pub fn if_match(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::IF_MATCH)?.to_str().ok()?;
    let value = value.trim().trim_start_matches("W/").trim_matches('"');
    (value != "*").then(|| value.to_owned())
}
