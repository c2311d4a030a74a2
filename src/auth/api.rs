//! Sessions: sign in, who am I, preferences, password, sign out.

mod first;
pub mod users;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use rozmova_base::id::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::login::{Attempt, Login};
use super::users::{By, Change, change_own_password};
use super::{Credential, LANGUAGES, Right, Role, SignedIn, User, check_length, store};
use crate::app::App;
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::Json;
use crate::http::routes::routes;
use crate::http::session::{Peer, cookie_header, no_cookie_header};

/// Largest value of one preference, in bytes of JSON: a table of shortcuts.
const PREFERENCE_MAX_BYTES: usize = 8 * 1024;

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create, show, end))
        .routes(routes!(change_preferences))
        .routes(routes!(change_password))
        .merge(first::router())
        .merge(users::router())
}

/// Who is signed in and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// The person.
    pub user: SessionUser,
    /// What they may do.
    pub rights: Vec<Right>,
    /// Whether they take contacts.
    pub agent: bool,
    /// Where they are signed in.
    pub server: ServerView,
}

/// The person and how they like their desk.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionUser {
    /// Who; also the agent's id.
    pub id: UserId,
    /// What they type at sign-in.
    pub login: String,
    /// As shown to others.
    pub name: String,
    /// What they are to the contact centre.
    pub role: Role,
    /// `uk` or `en`.
    pub language: String,
    /// `light`, `dark` or absent: as the system.
    pub theme: Option<String>,
    /// Keys by action, as the desk stored them.
    #[schema(value_type = Option<Object>)]
    pub shortcuts: Option<serde_json::Value>,
}

/// The server.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServerView {
    /// Name of the installation.
    pub name: String,
    /// Version of the program.
    pub version: String,
    /// Name of the bank.
    pub bank_name: String,
}

/// Login and password.
#[derive(Deserialize, ToSchema)]
struct SignInBody {
    login: String,
    password: String,
}

/// What the desk keeps for a person; absent: stays, `null` theme or shortcuts: as they were born.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreferencesBody {
    /// `uk` or `en`.
    language: Option<String>,
    /// `light`, `dark` or `system`.
    theme: Option<String>,
    /// Keys by action.
    #[schema(value_type = Option<Object>)]
    shortcuts: Option<serde_json::Value>,
}

/// The password now and the one to come.
#[derive(Deserialize, ToSchema)]
struct PasswordBody {
    current: String,
    new: String,
}

/// Sign in: sets the session cookie
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignInBody,
    responses((status = 201, body = Session), (status = 401, body = ErrorEnvelope),
        (status = 429, body = ErrorEnvelope)))]
async fn create(
    State(app): State<Arc<App>>,
    Peer(peer): Peer,
    headers: HeaderMap,
    Json(body): Json<SignInBody>,
) -> Result<impl IntoResponse, ApiError> {
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let attempt = Attempt {
        login: &body.login,
        password: &body.password,
        peer: &peer,
        user_agent: user_agent.unwrap_or_default(),
    };
    Ok((StatusCode::CREATED, signed_in(&app, attempt).await?))
}

/// Signs in: the cookie, and who it is for.
async fn signed_in(app: &App, attempt: Attempt<'_>) -> Result<impl IntoResponse + use<>, ApiError> {
    let (user, _, token) = login(app).sign_in(attempt).await?;
    let cookie = cookie_header(&app.config, &token.text);
    Ok(([(header::SET_COOKIE, cookie)], Json(view(app, &user))))
}

/// Who is signed in
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = Session)))]
async fn show(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<Session> {
    Ok(Json(view(&app, &signed_in.user)))
}

/// Sign out
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
async fn end(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
) -> Result<impl IntoResponse, ApiError> {
    if let Credential::Session(id) = signed_in.credential {
        let mut tx = app.db.begin().await?;
        store::delete_session(&mut tx.sql(), id).await?;
        tx.commit().await?;
        app.rights.tell(signed_in.id());
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, no_cookie_header(&app.config))]))
}

/// Change language, theme or shortcuts
#[utoipa::path(patch, path = "/session/preferences", tag = "session",
    request_body = PreferencesBody, responses((status = 200, body = Session)))]
async fn change_preferences(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(body): Json<PreferencesBody>,
) -> ApiResult<Session> {
    let mut user = signed_in.user;
    if let Some(language) = body.language {
        if !LANGUAGES.contains(&language.as_str()) {
            return Err(ApiError::invalid("language", "write uk or en"));
        }
        user.language = language;
    }
    if let Some(theme) = body.theme {
        if !["light", "dark", "system"].contains(&theme.as_str()) {
            return Err(ApiError::invalid("theme", "write light, dark or system"));
        }
        user.preferences["theme"] = theme.into();
    }
    if let Some(shortcuts) = body.shortcuts {
        if shortcuts.to_string().len() > PREFERENCE_MAX_BYTES {
            let message = format!("at most {PREFERENCE_MAX_BYTES} bytes of JSON");
            return Err(ApiError::invalid("shortcuts", message));
        }
        user.preferences["shortcuts"] = shortcuts;
    }
    let mut tx = app.db.begin().await?;
    store::update_user(&mut tx.sql(), &user).await?;
    tx.commit().await?;
    Ok(Json(view(&app, &user)))
}

/// Change one's own password: ends one's other sessions
#[utoipa::path(put, path = "/session/password", tag = "session", request_body = PasswordBody,
    responses((status = 204), (status = 401, body = ErrorEnvelope)))]
async fn change_password(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(body): Json<PasswordBody>,
) -> Result<StatusCode, ApiError> {
    check_length(&body.new, app.config.auth.password_min_chars)
        .map_err(|problem| ApiError::invalid("new", problem.to_string()))?;
    login(&app).confirm(&signed_in, &body.current).await?;
    let hash = app.passwords.hash(body.new, app.random.as_ref()).await;
    let session = match signed_in.credential {
        Credential::Session(id) => Some(id),
        Credential::Token(_) => None,
    };
    let by = by(&app, &signed_in);
    change_own_password(&app.db, &by, signed_in.id(), session, &hash).await?;
    app.rights.tell(signed_in.id());
    Ok(StatusCode::NO_CONTENT)
}

fn login(app: &App) -> Login<'_> {
    Login {
        db: &app.db,
        passwords: &app.passwords,
        config: &app.config.auth,
        ids: app.ids.as_ref(),
        random: app.random.as_ref(),
        now: app.clock.now(),
    }
}

fn by<'a>(app: &'a App, signed_in: &'a SignedIn) -> By<'a> {
    let ids = app.ids.as_ref();
    By { actor: Some(signed_in.id()), peer: &signed_in.peer, now: app.clock.now(), ids }
}

fn view(app: &App, user: &User) -> Session {
    let theme = user.preferences["theme"].as_str();
    Session {
        rights: user.role.rights().to_vec(),
        agent: user.role.may(Right::Work),
        user: SessionUser {
            id: user.id,
            login: user.login.clone(),
            name: user.name.clone(),
            role: user.role,
            language: user.language.clone(),
            theme: theme.map(str::to_owned),
            shortcuts: user.preferences.get("shortcuts").cloned(),
        },
        server: ServerView {
            name: app.config.centre.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            bank_name: app.config.centre.bank_name.clone(),
        },
    }
}
