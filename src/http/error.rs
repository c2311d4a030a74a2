//! The one error envelope: `{"error":{"code","message","field"?,"details"?}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rozmova_queue::Rejected;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract;
use crate::auth::Forbidden;
use crate::auth::login::LoginError;
use crate::dispatch::SubmitError;
use crate::store::StoreError;

/// What handlers give.
pub type ApiResult<T> = Result<extract::Json<T>, ApiError>;

/// A refusal: what happened, to what, what to do.
#[derive(Debug)]
pub struct ApiError {
    /// The status line.
    pub status: StatusCode,
    /// For programs: stable, snake_case.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// Which field of the request is to blame.
    pub field: Option<String>,
    /// More for programs.
    pub details: Option<Box<serde_json::Value>>,
    /// `Retry-After`.
    pub retry_after_seconds: Option<i64>,
}

/// The envelope.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorEnvelope {
    /// What happened.
    pub error: ErrorBody,
}

/// What happened, to what, what to do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// For programs: stable, snake_case.
    pub code: String,
    /// For people.
    pub message: String,
    /// Which field of the request is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// More for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub details: Option<serde_json::Value>,
}

impl ApiError {
    /// Any refusal.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, code, message, field: None, details: None, retry_after_seconds: None }
    }

    /// 404: there is no such thing, or not for this person.
    pub fn not_found(kind: &str, id: impl std::fmt::Display) -> Self {
        let message = format!("there is no {kind} {id}, or it is not yours to see");
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 409: the state of things does not allow it.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 412: something newer came in.
    pub fn newer(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, code, message)
    }

    /// 422: a field does not hold what it should.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message);
        error.field = Some(field.to_owned());
        error
    }

    /// 401: nobody is signed in.
    pub fn not_signed_in() -> Self {
        let message = "sign in: POST /api/v1/session, or send Authorization: Bearer rzm_…";
        Self::new(StatusCode::UNAUTHORIZED, "not_signed_in", message)
    }

    /// 429: too many, try again later.
    pub fn too_many(message: impl Into<String>, retry_after_seconds: i64) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message);
        error.retry_after_seconds = Some(retry_after_seconds);
        error
    }

    /// 503: a part of the server does not answer.
    pub fn unavailable(code: &'static str, message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        error.retry_after_seconds = Some(1);
        error
    }

    /// 500: a fault of ours. The reason goes to the log, not to the peer.
    pub fn internal(reason: impl std::fmt::Display) -> Self {
        tracing::error!("Request failed by a fault of the server: {reason}");
        let message = "the server made a mistake; it is in its log. Try again or tell the \
                       administrator the time";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// With more for programs.
    #[must_use]
    pub fn with_details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = ErrorBody {
            code: self.code.to_owned(),
            message: self.message,
            field: self.field,
            details: self.details.map(|details| *details),
        };
        let mut response = (self.status, Json(ErrorEnvelope { error })).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110 §11.6.1 demands a challenge.
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<Forbidden> for ApiError {
    fn from(error: Forbidden) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", error.to_string())
            .with_details(serde_json::json!({ "right": error.right }))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => {
                tracing::warn!("Store unavailable: {reason}");
                Self::unavailable("store_unavailable", "the database does not answer; try again")
            }
            StoreError::Collision(_) => {
                Self::unavailable("collision", "another change was in the way; try again")
            }
            StoreError::Duplicate(_) => Self::conflict("already_exists", "this exists already"),
            StoreError::Reference(_) => {
                Self::conflict("refers_to_missing", "this refers to something that is not there")
            }
            StoreError::Missing => {
                Self::new(StatusCode::NOT_FOUND, "not_found", "there is no such thing")
            }
            error @ (StoreError::Url | StoreError::Fault(_)) => Self::internal(error),
        }
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Rejected(rejected) => rejected.into(),
            SubmitError::Store(error) => error.into(),
            SubmitError::Stopped => Self::unavailable("stopping", "the server stops; try again"),
        }
    }
}

impl From<Rejected> for ApiError {
    fn from(rejected: Rejected) -> Self {
        let (code, advice) = match &rejected {
            Rejected::OfferOver(_) => ("offer_ended", "it was answered, withdrawn or timed out"),
            Rejected::UnknownInteraction(_) => ("not_open", "it is over; reload it"),
            Rejected::DuplicateInteraction(_) => ("already_exists", "it has been taken in before"),
            Rejected::WrongState { .. } => ("wrong_state", "reload it to see where it stands"),
            Rejected::UnknownQueue(_) => ("unknown_queue", "choose another"),
            Rejected::UnknownAgent(_) => {
                ("not_an_agent", "an administrator adds agents to the routing document")
            }
            Rejected::UnknownPauseReason(_) => ("unknown_pause_reason", "choose another"),
            Rejected::UnknownHours(_) => ("unknown_hours", "choose others"),
            Rejected::NotSignedIn(_) => ("agent_offline", "choose another, or wait"),
            Rejected::LiveCall(_) => ("live_call", "end the call first"),
            Rejected::WorkInHand(_) => ("work_in_hand", "finish or hand on the work first"),
            Rejected::CannotTake(_) => ("cannot_take", "capacity or skills do not allow it"),
            Rejected::PullNotAllowed(_) => ("pull_not_allowed", "wait for an offer"),
            Rejected::DispositionRequired(_) => ("disposition_required", "choose a result"),
            Rejected::DispositionNotAllowed(_) => ("disposition_not_allowed", "choose another"),
            Rejected::InUse(_) => ("in_use", "empty it first"),
            Rejected::OverflowCircle(_) => ("overflow_circle", "break the circle"),
            Rejected::InvalidSetting { .. } | Rejected::Hours(_) => ("invalid", "correct it"),
            Rejected::ReasonNeeded => ("reason_needed", "say why"),
            Rejected::Full => ("full", "close what is done, then try again"),
        };
        Self::conflict(code, format!("{rejected}: {advice}"))
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        let message = error.to_string();
        match error {
            LoginError::Wrong => Self::new(StatusCode::UNAUTHORIZED, "wrong_login", message),
            LoginError::Wait { wait_ms } => Self::too_many(message, wait_ms.div_euclid(1_000) + 1),
            LoginError::Store(error) => error.into(),
        }
    }
}
