//! People and their tokens, for administrators.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::Timestamp;
use rozmova_base::id::{ApiTokenId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::{Change, Right, Role, SignedIn, User, by, check_length, store};
use crate::app::App;
use crate::auth::users::{self, NewUser, UserError};
use crate::auth::{Token, generate};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Path, Query};
use crate::http::page::{Page, PageQuery};
use crate::http::routes::routes;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change))
        .routes(routes!(list_tokens, create_token))
        .routes(routes!(revoke_token))
}

/// A person who may sign in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    /// Who; also the agent's id.
    pub id: UserId,
    /// What is typed at sign-in.
    pub login: String,
    /// As shown to others.
    pub name: String,
    /// What they are to the contact centre.
    pub role: Role,
    /// `uk` or `en`.
    pub language: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Since when they may no longer sign in.
    pub disabled_at: Option<Timestamp>,
}

/// A person just added.
#[derive(Serialize, ToSchema)]
struct CreatedUser {
    /// The person.
    #[serde(flatten)]
    user: UserView,
    /// The password that was made up, when none was given. Shown this once.
    password: Option<String>,
}

/// A person to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateUserBody {
    login: String,
    name: String,
    role: Role,
    /// `uk` or `en`; absent: the language of the centre.
    language: Option<String>,
    /// Absent: one is made up and shown once.
    password: Option<String>,
}

/// What is to be different; absent: stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeUserBody {
    name: Option<String>,
    role: Option<Role>,
    language: Option<String>,
    /// Whether the person may no longer sign in.
    disabled: Option<bool>,
    password: Option<String>,
}

/// A token for programs, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenView {
    /// The token.
    pub id: ApiTokenId,
    /// What it is for.
    pub name: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when; `null`: until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// All tokens of a person, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenList {
    /// The tokens.
    pub items: Vec<TokenView>,
}

/// What a token is for and until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTokenBody {
    name: String,
    expires_at: Option<Timestamp>,
}

/// A new token with its secret, shown this once.
#[derive(Serialize, ToSchema)]
struct CreatedToken {
    /// The token.
    id: ApiTokenId,
    /// The secret, for `Authorization: Bearer`.
    token: String,
}

/// People by login
#[utoipa::path(get, path = "/users", tag = "people", params(PageQuery),
    responses((status = 200, body = Page<UserView>)))]
async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(page): Query<PageQuery>,
) -> ApiResult<Page<UserView>> {
    signed_in.require(Right::ManageUsers)?;
    let after: String = page.after()?.unwrap_or_default();
    let mut connection = app.db.read().await?;
    let users = store::list_users(&mut connection.sql(), &after, page.fetch()).await?;
    Ok(Json(page.page(users, |user| user.login.clone()).map(view)))
}

/// Add a person
#[utoipa::path(post, path = "/users", tag = "people", request_body = CreateUserBody,
    responses((status = 201, body = CreatedUser)))]
async fn create(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(body): Json<CreateUserBody>,
) -> Result<(StatusCode, Json<CreatedUser>), ApiError> {
    signed_in.require(Right::ManageUsers)?;
    let is_made_up = body.password.is_none();
    let password = body.password.unwrap_or_else(|| generate(app.random.as_ref()));
    let hash = hashed(&app, password.clone()).await?;
    let language = body.language.unwrap_or_else(|| app.config.centre.language.clone());
    let new = NewUser { login: body.login, name: body.name, role: body.role, language };
    let user = users::add(&app.db, &by(&app, &signed_in), new, Some(&hash)).await?;
    let password = is_made_up.then_some(password);
    Ok((StatusCode::CREATED, Json(CreatedUser { user: view(user), password })))
}

/// One person
#[utoipa::path(get, path = "/users/{id}", tag = "people", params(("id" = UserId, Path)),
    responses((status = 200, body = UserView)))]
async fn show(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<UserId>,
) -> ApiResult<UserView> {
    signed_in.require(Right::ManageUsers)?;
    let mut connection = app.db.read().await?;
    let user = store::find_user(&mut connection.sql(), id).await?;
    user.map(|user| Json(view(user))).ok_or_else(|| ApiError::not_found("user", id))
}

/// Change a person: a new role or password ends their sessions, disabling revokes their tokens too
#[utoipa::path(patch, path = "/users/{id}", tag = "people", params(("id" = UserId, Path)),
    request_body = ChangeUserBody, responses((status = 200, body = UserView)))]
async fn change(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<UserId>,
    Json(body): Json<ChangeUserBody>,
) -> ApiResult<UserView> {
    signed_in.require(Right::ManageUsers)?;
    let password_hash = match body.password {
        Some(password) => Some(hashed(&app, password).await?),
        None => None,
    };
    let change = Change {
        name: body.name,
        role: body.role,
        language: body.language,
        disabled: body.disabled,
        password_hash,
    };
    let user = users::change(&app.db, &by(&app, &signed_in), id, change).await?;
    app.rights.tell(id);
    Ok(Json(view(user)))
}

/// Tokens of a person
#[utoipa::path(get, path = "/users/{id}/tokens", tag = "people", params(("id" = UserId, Path)),
    responses((status = 200, body = TokenList)))]
async fn list_tokens(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<UserId>,
) -> ApiResult<TokenList> {
    own_or_manage(&signed_in, id)?;
    let mut connection = app.db.read().await?;
    let tokens = store::list_tokens(&mut connection.sql(), id).await?;
    Ok(Json(TokenList { items: tokens.into_iter().map(token_view).collect() }))
}

/// Make a token: the secret is in this answer and nowhere else
#[utoipa::path(post, path = "/users/{id}/tokens", tag = "people", params(("id" = UserId, Path)),
    request_body = CreateTokenBody, responses((status = 201, body = CreatedToken)))]
async fn create_token(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<UserId>,
    Json(body): Json<CreateTokenBody>,
) -> Result<(StatusCode, Json<CreatedToken>), ApiError> {
    signed_in.require(Right::ManageUsers)?;
    let secret = Token::api(app.random.as_ref());
    let by = by(&app, &signed_in);
    let token = users::add_token(&app.db, &by, id, &body.name, body.expires_at, &secret).await?;
    Ok((StatusCode::CREATED, Json(CreatedToken { id: token.id, token: secret.text })))
}

/// Revoke a token
#[utoipa::path(delete, path = "/tokens/{id}", tag = "people", params(("id" = ApiTokenId, Path)),
    responses((status = 204)))]
async fn revoke_token(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<ApiTokenId>,
) -> Result<StatusCode, ApiError> {
    let token = {
        let mut connection = app.db.read().await?;
        store::find_token_by_id(&mut connection.sql(), id).await?
    };
    let token = token.ok_or_else(|| ApiError::not_found("token", id))?;
    own_or_manage(&signed_in, token.user_id)?;
    users::revoke_token(&app.db, &by(&app, &signed_in), &token).await?;
    app.rights.tell(token.user_id);
    Ok(StatusCode::NO_CONTENT)
}

fn own_or_manage(signed_in: &SignedIn, owner: UserId) -> Result<(), ApiError> {
    if signed_in.id() != owner {
        signed_in.require(Right::ManageUsers)?;
    }
    Ok(())
}

pub(super) async fn hashed(app: &App, password: String) -> Result<String, ApiError> {
    check_length(&password, app.config.auth.password_min_chars)
        .map_err(|problem| ApiError::invalid("password", problem.to_string()))?;
    Ok(app.passwords.hash(password, app.random.as_ref()).await)
}

fn view(user: User) -> UserView {
    UserView {
        id: user.id,
        login: user.login,
        name: user.name,
        role: user.role,
        language: user.language,
        created_at: user.created_at,
        disabled_at: user.disabled_at,
    }
}

fn token_view(token: store::ApiToken) -> TokenView {
    TokenView {
        id: token.id,
        name: token.name,
        created_at: token.created_at,
        expires_at: token.expires_at,
        used_at: token.used_at,
        revoked_at: token.revoked_at,
    }
}

impl From<UserError> for ApiError {
    fn from(error: UserError) -> Self {
        let message = error.to_string();
        match error {
            UserError::Invalid { field, message } => Self::invalid(field, message),
            UserError::LoginTaken(_) => Self::conflict("login_taken", message),
            UserError::NoSuchUser(_) => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            UserError::OwnAccount => Self::conflict("own_account", message),
            UserError::LastAdministrator => Self::conflict("last_administrator", message),
            UserError::Store(error) => error.into(),
        }
    }
}
