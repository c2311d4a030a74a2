//! The first administrator: added without being signed in, with the code that the server printed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::users::hashed;
use super::{Role, Session, signed_in};
use crate::app::App;
use crate::auth::login::Attempt;
use crate::auth::users::{self, By, NewUser};
use crate::http::error::{ApiError, ErrorEnvelope};
use crate::http::extract::Json;
use crate::http::routes::routes;
use crate::http::session::Peer;
use crate::setup::api::with_code;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(create))
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FirstAdministrator {
    /// What the server printed when it started.
    code: String,
    /// What is typed at sign-in.
    login: String,
    /// As shown to others.
    name: String,
    password: String,
    /// `uk` or `en`.
    language: String,
}

/// Add the first administrator and sign in
#[utoipa::path(post, path = "/setup/administrator", tag = "setup",
    operation_id = "add_first_administrator", request_body = FirstAdministrator,
    responses((status = 201, body = Session),
        (status = 403, description = "wrong_code", body = ErrorEnvelope),
        (status = 409, description = "already_set_up", body = ErrorEnvelope),
        (status = 422, body = ErrorEnvelope)))]
async fn create(
    State(app): State<Arc<App>>,
    Peer(peer): Peer,
    headers: HeaderMap,
    Json(body): Json<FirstAdministrator>,
) -> Result<impl IntoResponse, ApiError> {
    let FirstAdministrator { code, login, name, password, language } = body;
    let add = async {
        let hash = hashed(&app, password.clone()).await?;
        let new = NewUser { login: login.clone(), name, role: Role::Administrator, language };
        let by = By { actor: None, peer: &peer, now: app.clock.now(), ids: app.ids.as_ref() };
        Ok(users::add(&app.db, &by, new, Some(&hash)).await?)
    };
    with_code(&app, &code, add).await?;
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let attempt = Attempt {
        login: &login,
        password: &password,
        peer: &peer,
        user_agent: user_agent.unwrap_or_default(),
    };
    Ok((StatusCode::CREATED, signed_in(&app, attempt).await?))
}
