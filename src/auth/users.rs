//! What administrators do with people: adding, changing, giving tokens. Each in one transaction
//! with its audit row. The API and the command line both come here.

use rozmova_base::Timestamp;
use rozmova_base::id::{ApiTokenId, IdMaker, UserId};
use serde_json::json;

use super::store::{self, ApiToken};
use super::{LANGUAGES, Role, Token, User};
use crate::audit::{self, Entry};
use crate::store::{Db, StoreError};

/// Longest login and name: what a list can show.
const NAME_MAX_CHARS: usize = 120;
/// Shortest login.
const LOGIN_MIN_CHARS: usize = 2;

/// Who changes people, when, from where.
#[derive(Clone)]
pub struct By<'a> {
    /// Who; `None`: the command line.
    pub actor: Option<UserId>,
    /// From where.
    pub peer: &'a str,
    /// When.
    pub now: Timestamp,
    /// For new rows.
    pub ids: &'a dyn IdMaker,
}

impl std::fmt::Debug for By<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("By").field("actor", &self.actor).finish_non_exhaustive()
    }
}

/// Why people were not changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// A field does not hold what it should.
    #[error("{field}: {message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What is wrong and what would be right.
        message: String,
    },
    /// Somebody has this login.
    #[error("the login \"{0}\" is taken")]
    LoginTaken(String),
    /// Nobody has this login or id.
    #[error("there is no user \"{0}\"")]
    NoSuchUser(String),
    /// The act would lock out whoever does it.
    #[error("you cannot disable yourself or change your own role; ask another administrator")]
    OwnAccount,
    /// Nobody could manage people afterwards.
    #[error("this is the last administrator; make another one first")]
    LastAdministrator,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A person to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What is typed at sign-in.
    pub login: String,
    /// As shown to others.
    pub name: String,
    /// What the person is to the contact centre.
    pub role: Role,
    /// One of [`LANGUAGES`].
    pub language: String,
}

/// What is to be different; `None`: stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// As shown to others.
    pub name: Option<String>,
    /// What the person is to the contact centre.
    pub role: Option<Role>,
    /// One of [`LANGUAGES`].
    pub language: Option<String>,
    /// Whether the person may no longer sign in.
    pub disabled: Option<bool>,
    /// The hash of a new password.
    pub password_hash: Option<String>,
}

/// Adds a person. Without a hash nobody can sign in with this login until a password is set.
pub async fn add(
    db: &Db,
    by: &By<'_>,
    new: NewUser,
    password_hash: Option<&str>,
) -> Result<User, UserError> {
    let user = User {
        id: UserId::make(by.ids),
        login: checked_login(&new.login)?,
        name: checked_name(&new.name)?,
        role: new.role,
        language: checked_language(&new.language)?,
        preferences: json!({}),
        created_at: by.now,
        disabled_at: None,
    };
    let mut tx = db.begin().await?;
    match store::insert_user(&mut tx.sql(), &user, password_hash).await {
        Err(StoreError::Duplicate(_)) => return Err(UserError::LoginTaken(user.login)),
        other => other?,
    }
    let details = json!({ "login": user.login, "name": user.name, "role": user.role });
    record(&mut tx, by, "user.create", user.id, details).await?;
    tx.commit().await?;
    Ok(user)
}

/// Changes a person. A new role, a new password or being disabled ends all sessions; being
/// disabled revokes all tokens too.
pub async fn change(db: &Db, by: &By<'_>, id: UserId, change: Change) -> Result<User, UserError> {
    let mut tx = db.begin().await?;
    let sql = &mut tx.sql();
    let before = store::find_user(sql, id).await?;
    let before = before.ok_or_else(|| UserError::NoSuchUser(id.to_string()))?;
    let after = changed(&before, &change, by.now)?;
    let is_locked_out = after.role != before.role || after.disabled_at.is_some();
    if is_locked_out && by.actor == Some(id) {
        return Err(UserError::OwnAccount);
    }
    let was_administrator = before.role == Role::Administrator && before.disabled_at.is_none();
    if is_locked_out && was_administrator && store::count_administrators(sql).await? == 1 {
        return Err(UserError::LastAdministrator);
    }
    store::update_user(sql, &after).await?;
    if let Some(hash) = &change.password_hash {
        store::set_password(sql, id, hash).await?;
    }
    if is_locked_out || change.password_hash.is_some() {
        store::delete_sessions(sql, id, None).await?;
    }
    if after.disabled_at.is_some() {
        store::revoke_tokens(sql, id, by.now).await?;
    }
    let details = json!({
        "name": change.name,
        "role": change.role,
        "language": change.language,
        "disabled": change.disabled,
        "password": change.password_hash.is_some().then_some("changed"),
    });
    record(&mut tx, by, "user.change", id, without_nulls(details)).await?;
    tx.commit().await?;
    Ok(after)
}

/// Replaces one's own password; other sessions of the person end.
pub async fn change_own_password(
    db: &Db,
    by: &By<'_>,
    id: UserId,
    session: Option<rozmova_base::id::SessionId>,
    password_hash: &str,
) -> Result<(), UserError> {
    let mut tx = db.begin().await?;
    store::set_password(&mut tx.sql(), id, password_hash).await?;
    store::delete_sessions(&mut tx.sql(), id, session).await?;
    record(&mut tx, by, "user.change", id, json!({ "password": "changed" })).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes a token in a person's name. The secret is in the answer and nowhere else.
pub async fn add_token(
    db: &Db,
    by: &By<'_>,
    user: UserId,
    name: &str,
    expires_at: Option<Timestamp>,
    secret: &Token,
) -> Result<ApiToken, UserError> {
    let mut tx = db.begin().await?;
    let owner = store::find_user(&mut tx.sql(), user).await?;
    if owner.is_none_or(|owner| owner.disabled_at.is_some()) {
        return Err(UserError::NoSuchUser(user.to_string()));
    }
    let token = ApiToken {
        id: ApiTokenId::make(by.ids),
        user_id: user,
        name: checked_name(name)?,
        created_at: by.now,
        expires_at,
        used_at: None,
        revoked_at: None,
    };
    store::insert_token(&mut tx.sql(), &token, &secret.sha256).await?;
    let details = json!({ "token": token.id, "name": token.name });
    record(&mut tx, by, "token.create", user, details).await?;
    tx.commit().await?;
    Ok(token)
}

/// Takes a token out of force.
pub async fn revoke_token(db: &Db, by: &By<'_>, token: &ApiToken) -> Result<(), UserError> {
    let mut tx = db.begin().await?;
    store::revoke_token(&mut tx.sql(), token.id, by.now).await?;
    let details = json!({ "token": token.id, "name": token.name });
    record(&mut tx, by, "token.revoke", token.user_id, details).await?;
    tx.commit().await?;
    Ok(())
}

/// The person with this login.
pub async fn by_login(db: &Db, login: &str) -> Result<User, UserError> {
    let mut connection = db.read().await?;
    let user = store::find_login(&mut connection.sql(), &login.trim().to_lowercase()).await?;
    user.ok_or_else(|| UserError::NoSuchUser(login.to_owned()))
}

async fn record(
    tx: &mut crate::store::Tx,
    by: &By<'_>,
    act: &'static str,
    user: UserId,
    details: serde_json::Value,
) -> Result<(), StoreError> {
    let subject = ("user", user.to_string());
    let entry = Entry { actor: by.actor, act, subject, details, peer: by.peer.to_owned() };
    audit::record(&mut tx.sql(), by.ids, by.now, entry).await
}

fn changed(before: &User, change: &Change, now: Timestamp) -> Result<User, UserError> {
    let mut after = before.clone();
    if let Some(name) = &change.name {
        after.name = checked_name(name)?;
    }
    if let Some(language) = &change.language {
        after.language = checked_language(language)?;
    }
    if let Some(role) = change.role {
        after.role = role;
    }
    after.disabled_at = match change.disabled {
        Some(true) => before.disabled_at.or(Some(now)),
        Some(false) => None,
        None => before.disabled_at,
    };
    Ok(after)
}

fn without_nulls(mut details: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = details.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    details
}

fn checked_login(login: &str) -> Result<String, UserError> {
    let login = login.trim().to_lowercase();
    let chars = login.chars().count();
    let is_plain = login.chars().all(|c| c.is_alphanumeric() || ".-_@".contains(c));
    if (LOGIN_MIN_CHARS..=NAME_MAX_CHARS).contains(&chars) && is_plain {
        Ok(login)
    } else {
        let message = format!(
            "a login has {LOGIN_MIN_CHARS} to {NAME_MAX_CHARS} letters, digits, dots, dashes, \
             underscores or @"
        );
        Err(UserError::Invalid { field: "login", message })
    }
}

fn checked_name(name: &str) -> Result<String, UserError> {
    let name = name.trim();
    let chars = name.chars().count();
    if (1..=NAME_MAX_CHARS).contains(&chars) && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        let message = format!("a name has 1 to {NAME_MAX_CHARS} characters on one line");
        Err(UserError::Invalid { field: "name", message })
    }
}

fn checked_language(language: &str) -> Result<String, UserError> {
    if LANGUAGES.contains(&language) {
        Ok(language.to_owned())
    } else {
        let message = format!("write one of {}", LANGUAGES.join(", "));
        Err(UserError::Invalid { field: "language", message })
    }
}
