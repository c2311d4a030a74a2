//! `/setup`: whether nobody can sign in yet, and the first settings. The first administrator is
//! added by [`crate::auth::api`].

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::check::{self, MailboxCheck};
use super::model::{FirstMailbox, FirstSettings};
use super::{is_empty, save};
use crate::app::App;
use crate::auth::users::By;
use crate::auth::{Right, SignedIn, Token, digest};
use crate::config::Problem;
use crate::http::error::{ApiError, ApiResult, ErrorEnvelope};
use crate::http::extract::Json;
use crate::http::routes::routes;

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(show_settings, change_settings))
        .routes(routes!(check_mailbox))
}

/// Whether the installation waits for its first administrator.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupView {
    /// Nobody can sign in yet.
    pub needed: bool,
}

/// The first settings as they hold now.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingsView {
    /// Name of the bank; empty: not said.
    pub bank_name: String,
    /// The first of the bank's own addresses.
    pub mailbox: Option<String>,
    /// Whether they can be changed here; else the configuration file says them.
    pub changeable: bool,
}

/// Whether the installation waits for its first administrator
#[utoipa::path(get, path = "/setup", tag = "setup", operation_id = "setup",
    responses((status = 200, body = SetupView)))]
async fn show(State(app): State<Arc<App>>) -> ApiResult<SetupView> {
    let is_waiting = app.setup.code.lock().await.is_some();
    Ok(Json(SetupView { needed: is_waiting && is_empty(&app.db).await? }))
}

/// The bank's name and first mailbox
#[utoipa::path(get, path = "/setup/settings", tag = "setup", operation_id = "first_settings",
    responses((status = 200, body = SettingsView)))]
async fn show_settings(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
) -> ApiResult<SettingsView> {
    require(&signed_in)?;
    let mailbox = app.config.channels.email.mailboxes.first();
    Ok(Json(SettingsView {
        bank_name: app.config.centre.bank_name.clone(),
        mailbox: mailbox.map(|mailbox| mailbox.address.clone()),
        changeable: !app.setup.mailboxes_in_file,
    }))
}

/// Set the bank's name and first mailbox
///
/// The server starts anew with them at once; what the configuration file says holds.
#[utoipa::path(put, path = "/setup/settings", tag = "setup",
    operation_id = "change_first_settings", request_body = FirstSettings,
    responses((status = 204), (status = 409, description = "set_by_file", body = ErrorEnvelope),
        (status = 422, body = ErrorEnvelope)))]
async fn change_settings(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(settings): Json<FirstSettings>,
) -> Result<StatusCode, ApiError> {
    require(&signed_in)?;
    if app.setup.mailboxes_in_file {
        let message = "the configuration file names mailboxes; change them there";
        return Err(ApiError::conflict("set_by_file", message));
    }
    let mut config = app.config.clone();
    config.channels.email.mailboxes.clear();
    config.channels.email.imap.clear();
    if let Some(problem) = settings.problems(config).into_iter().next() {
        let field = field_of(&problem);
        return Err(ApiError::invalid(field, problem.message));
    }
    let by = By {
        actor: Some(signed_in.id()),
        peer: &signed_in.peer,
        now: app.clock.now(),
        ids: app.ids.as_ref(),
    };
    save(&app.db, &by, app.ids.as_ref(), &settings).await?;
    app.setup.restart.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// Try the servers of a mailbox: log in, look, change nothing
#[utoipa::path(post, path = "/setup/mailbox-checks", tag = "setup", operation_id = "check_mailbox",
    request_body = FirstMailbox, responses((status = 200, body = MailboxCheck)))]
async fn check_mailbox(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(mailbox): Json<FirstMailbox>,
) -> ApiResult<MailboxCheck> {
    require(&signed_in)?;
    Ok(Json(check::mailbox(&app.db, &app.clock, &mailbox).await))
}

/// Adds the first administrator by `add` if the code is right. The code is used up by success
/// alone: a refused name or password can be mended.
pub(crate) async fn with_code<T>(
    app: &App,
    code: &str,
    add: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    // Held throughout: of two at the same time the second finds somebody.
    let mut kept = app.setup.code.lock().await;
    let is_right = |kept: &Token| kept.sha256 == digest(code);
    if !kept.as_ref().is_some_and(is_right) {
        let message = "this code is not the one that the server printed when it started";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_code", message));
    }
    if !is_empty(&app.db).await? {
        *kept = None;
        return Err(ApiError::conflict("already_set_up", "somebody can sign in already"));
    }
    let added = add.await?;
    *kept = None;
    Ok(added)
}

/// Settings and people are one administrator's.
fn require(signed_in: &SignedIn) -> Result<(), ApiError> {
    signed_in.require(Right::ManageUsers)?;
    signed_in.require(Right::ManageRouting)?;
    Ok(())
}

/// The field of the form that a key of the configuration came from.
fn field_of(problem: &Problem) -> &'static str {
    match problem.key.as_str() {
        key if key.contains(".imap[") => "imap",
        key if key.contains(".relay") => "relay",
        key if key.contains(".mailboxes[") || key.contains("message_id_domain") => "address",
        _ => "bank_name",
    }
}
