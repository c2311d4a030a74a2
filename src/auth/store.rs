//! Rows of people, sessions, tokens and failed attempts.

use rozmova_base::Timestamp;
use rozmova_base::id::{ApiTokenId, SessionId, UserId};

use super::backoff::Failures;
use super::{Role, User};
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(sqlx::FromRow)]
struct UserRow {
    id: UserId,
    login: String,
    name: String,
    role: String,
    language: String,
    preferences: String,
    created_at: Timestamp,
    disabled_at: Option<Timestamp>,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let fault = |what: &dyn std::fmt::Display| StoreError::Fault(format!("user: {what}"));
        Ok(Self {
            role: row.role.parse::<Role>().map_err(|error| fault(&error))?,
            preferences: serde_json::from_str(&row.preferences).map_err(|error| fault(&error))?,
            id: row.id,
            login: row.login,
            name: row.name,
            language: row.language,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
        })
    }
}

/// Adds a person. `Duplicate` when the login is taken.
pub async fn insert_user(
    sql: &mut Sql<'_>,
    user: &User,
    password_hash: Option<&str>,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO app_user (id, login, name, role, password_hash, language, preferences,
             created_at, disabled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        user.id,
        &user.login,
        &user.name,
        user.role.as_str(),
        password_hash,
        &user.language,
        user.preferences.to_string(),
        user.created_at,
        user.disabled_at
    )
    .await?;
    Ok(())
}

/// Writes what may change; the login and the password have their own ways.
pub async fn update_user(sql: &mut Sql<'_>, user: &User) -> Result<(), StoreError> {
    execute!(
        sql,
        "UPDATE app_user SET name = $1, role = $2, language = $3, preferences = $4,
             disabled_at = $5
         WHERE id = $6",
        &user.name,
        user.role.as_str(),
        &user.language,
        user.preferences.to_string(),
        user.disabled_at,
        user.id
    )
    .await?;
    Ok(())
}

/// Replaces the stored password.
pub async fn set_password(
    sql: &mut Sql<'_>,
    id: UserId,
    password_hash: &str,
) -> Result<(), StoreError> {
    let text = "UPDATE app_user SET password_hash = $1 WHERE id = $2";
    execute!(sql, text, password_hash, id).await?;
    Ok(())
}

/// One person.
pub async fn find_user(sql: &mut Sql<'_>, id: UserId) -> Result<Option<User>, StoreError> {
    let row = fetch_optional!(
        sql,
        UserRow,
        "SELECT id, login, name, role, language, preferences, created_at, disabled_at
         FROM app_user WHERE id = $1",
        id
    );
    row.await?.map(User::try_from).transpose()
}

/// One person by what is typed at sign-in.
pub async fn find_login(sql: &mut Sql<'_>, login: &str) -> Result<Option<User>, StoreError> {
    let row = fetch_optional!(
        sql,
        UserRow,
        "SELECT id, login, name, role, language, preferences, created_at, disabled_at
         FROM app_user WHERE login = $1",
        login
    );
    row.await?.map(User::try_from).transpose()
}

/// The stored password of a person, if there is one.
pub async fn password_hash(sql: &mut Sql<'_>, id: UserId) -> Result<Option<String>, StoreError> {
    let text = "SELECT password_hash FROM app_user WHERE id = $1";
    let row = fetch_optional!(sql, (Option<String>,), text, id);
    Ok(row.await?.and_then(|(hash,)| hash))
}

/// People by login, from behind `after`.
pub async fn list_users(
    sql: &mut Sql<'_>,
    after: &str,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let rows = fetch_all!(
        sql,
        UserRow,
        "SELECT id, login, name, role, language, preferences, created_at, disabled_at
         FROM app_user WHERE login > $1 ORDER BY login LIMIT $2",
        after,
        limit
    );
    rows.await?.into_iter().map(User::try_from).collect()
}

/// How many administrators may sign in.
pub async fn count_administrators(sql: &mut Sql<'_>) -> Result<i64, StoreError> {
    let (count,) = fetch_one!(
        sql,
        (i64,),
        "SELECT COUNT(*) FROM app_user WHERE role = $1 AND disabled_at IS NULL",
        Role::Administrator.as_str()
    )
    .await?;
    Ok(count)
}

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    /// The row.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// When the last request came, to the minute.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

/// Keeps a new session by the digest of its token.
pub async fn insert_session(
    sql: &mut Sql<'_>,
    session: &Session,
    token_sha256: &[u8],
    peer: &str,
    user_agent: &str,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO session (id, token_sha256, user_id, created_at, seen_at, expires_at, peer,
             user_agent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        session.id,
        token_sha256,
        session.user_id,
        session.seen_at,
        session.seen_at,
        session.expires_at,
        peer,
        user_agent
    )
    .await?;
    Ok(())
}

/// The session of a token, expired or not.
pub async fn find_session(
    sql: &mut Sql<'_>,
    token_sha256: &[u8],
) -> Result<Option<Session>, StoreError> {
    let text = "SELECT id, user_id, seen_at, expires_at FROM session WHERE token_sha256 = $1";
    fetch_optional!(sql, Session, text, token_sha256).await
}

/// Notes that a session is in use.
/// Whether a session is there, neither over nor of a person who may no longer sign in.
pub async fn is_session_valid(
    sql: &mut Sql<'_>,
    id: SessionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (count,) = fetch_one!(
        sql,
        (i64,),
        "SELECT COUNT(*) FROM session s JOIN app_user u ON u.id = s.user_id
         WHERE s.id = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL",
        id,
        now
    )
    .await?;
    Ok(count > 0)
}

/// Whether a token is there, neither over nor revoked nor of a person who may no longer sign in.
pub async fn is_token_valid(
    sql: &mut Sql<'_>,
    id: ApiTokenId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (count,) = fetch_one!(
        sql,
        (i64,),
        "SELECT COUNT(*) FROM api_token t JOIN app_user u ON u.id = t.user_id
         WHERE t.id = $1 AND t.revoked_at IS NULL AND u.disabled_at IS NULL
           AND (t.expires_at IS NULL OR t.expires_at > $2)",
        id,
        now
    )
    .await?;
    Ok(count > 0)
}

/// Notes that a session is in use.
pub async fn touch_session(
    sql: &mut Sql<'_>,
    id: SessionId,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(sql, "UPDATE session SET seen_at = $1 WHERE id = $2", at, id).await?;
    Ok(())
}

/// Ends one session.
pub async fn delete_session(sql: &mut Sql<'_>, id: SessionId) -> Result<(), StoreError> {
    execute!(sql, "DELETE FROM session WHERE id = $1", id).await?;
    Ok(())
}

/// Ends all sessions of a person but one.
pub async fn delete_sessions(
    sql: &mut Sql<'_>,
    user: UserId,
    except: Option<SessionId>,
) -> Result<u64, StoreError> {
    let none = SessionId::from_u128(0);
    let text = "DELETE FROM session WHERE user_id = $1 AND id <> $2";
    execute!(sql, text, user, except.unwrap_or(none)).await
}

/// Removes sessions that ended before an instant.
pub async fn delete_expired_sessions(sql: &mut Sql<'_>, now: Timestamp) -> Result<u64, StoreError> {
    execute!(sql, "DELETE FROM session WHERE expires_at <= $1", now).await
}

/// A token for programs, without the secret.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ApiToken {
    /// The row.
    pub id: ApiTokenId,
    /// In whose name programs act with it.
    pub user_id: UserId,
    /// What it is for.
    pub name: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when; `None`: until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Keeps a new token by its digest.
pub async fn insert_token(
    sql: &mut Sql<'_>,
    token: &ApiToken,
    token_sha256: &[u8],
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO api_token (id, token_sha256, user_id, name, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        token.id,
        token_sha256,
        token.user_id,
        &token.name,
        token.created_at,
        token.expires_at
    )
    .await?;
    Ok(())
}

/// The token of a secret, in force or not.
pub async fn find_token(
    sql: &mut Sql<'_>,
    token_sha256: &[u8],
) -> Result<Option<ApiToken>, StoreError> {
    fetch_optional!(
        sql,
        ApiToken,
        "SELECT id, user_id, name, created_at, expires_at, used_at, revoked_at
         FROM api_token WHERE token_sha256 = $1",
        token_sha256
    )
    .await
}

/// One token by its row.
pub async fn find_token_by_id(
    sql: &mut Sql<'_>,
    id: ApiTokenId,
) -> Result<Option<ApiToken>, StoreError> {
    fetch_optional!(
        sql,
        ApiToken,
        "SELECT id, user_id, name, created_at, expires_at, used_at, revoked_at
         FROM api_token WHERE id = $1",
        id
    )
    .await
}

/// All tokens of a person, oldest first.
pub async fn list_tokens(sql: &mut Sql<'_>, user: UserId) -> Result<Vec<ApiToken>, StoreError> {
    fetch_all!(
        sql,
        ApiToken,
        "SELECT id, user_id, name, created_at, expires_at, used_at, revoked_at
         FROM api_token WHERE user_id = $1 ORDER BY created_at, id",
        user
    )
    .await
}

/// Notes that a token is in use.
pub async fn touch_token(
    sql: &mut Sql<'_>,
    id: ApiTokenId,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(sql, "UPDATE api_token SET used_at = $1 WHERE id = $2", at, id).await?;
    Ok(())
}

/// Takes a token out of force.
pub async fn revoke_token(
    sql: &mut Sql<'_>,
    id: ApiTokenId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let text = "UPDATE api_token SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
    execute!(sql, text, at, id).await?;
    Ok(())
}

/// Takes all tokens of a person out of force.
pub async fn revoke_tokens(
    sql: &mut Sql<'_>,
    user: UserId,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let text = "UPDATE api_token SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL";
    execute!(sql, text, at, user).await
}

/// Failed attempts by the key of their subject.
pub async fn failures(sql: &mut Sql<'_>, subject: &str) -> Result<Failures, StoreError> {
    let text = "SELECT failures, last_at FROM login_failure WHERE subject = $1";
    let row = fetch_optional!(sql, (i64, Timestamp), text, subject).await?;
    Ok(row.map(|(count, last_at)| Failures { count, last_at }).unwrap_or_default())
}

/// Replaces the count of a subject.
pub async fn set_failures(
    sql: &mut Sql<'_>,
    subject: &str,
    failures: Failures,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO login_failure (subject, failures, last_at) VALUES ($1, $2, $3)
         ON CONFLICT (subject) DO UPDATE
             SET failures = excluded.failures, last_at = excluded.last_at",
        subject,
        failures.count,
        failures.last_at
    )
    .await?;
    Ok(())
}

/// Forgets the count of a subject.
pub async fn delete_failures(sql: &mut Sql<'_>, subject: &str) -> Result<(), StoreError> {
    execute!(sql, "DELETE FROM login_failure WHERE subject = $1", subject).await?;
    Ok(())
}

/// Removes counts whose last failure is older than an instant.
pub async fn delete_old_failures(sql: &mut Sql<'_>, before: Timestamp) -> Result<u64, StoreError> {
    execute!(sql, "DELETE FROM login_failure WHERE last_at < $1", before).await
}
