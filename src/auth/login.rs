//! Signing in and staying signed in.

use rozmova_base::Timestamp;
use rozmova_base::id::SessionId;
use serde_json::json;

use super::backoff::{self, Subject};
use super::store::{self, Session};
use super::{Credential, Passwords, RandomSource, SignedIn, Token, User};
use crate::audit;
use crate::config::AuthConfig;
use crate::store::{Db, StoreError};

/// `seen_at` and `used_at` are written at most once in this time: a write for each request would
/// make the one writer of SQLite the bottleneck of reading.
const SEEN_STEP_MS: i64 = 60_000;
/// Browsers send long lines about themselves; the beginning tells enough.
const USER_AGENT_MAX_CHARS: usize = 200;

/// What signing in needs of the server.
pub struct Login<'a> {
    /// The store.
    pub db: &'a Db,
    /// Hashes.
    pub passwords: &'a Passwords,
    /// How long sessions last.
    pub config: &'a AuthConfig,
    /// For the session's id.
    pub ids: &'a dyn rozmova_base::id::IdMaker,
    /// For the session's token.
    pub random: &'a dyn RandomSource,
    /// The time.
    pub now: Timestamp,
}

impl std::fmt::Debug for Login<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Login").field("now", &self.now).finish_non_exhaustive()
    }
}

/// What a browser sent to sign in.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// As typed.
    pub login: &'a str,
    /// As typed.
    pub password: &'a str,
    /// Address of the peer.
    pub peer: &'a str,
    /// What the browser says it is.
    pub user_agent: &'a str,
}

/// Never shows the password.
impl std::fmt::Debug for Attempt<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Attempt").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such login, a wrong password, or a person who may no longer sign in: which of them is
    /// not said.
    #[error("login and password do not fit together")]
    Wrong,
    /// Too many wrong passwords before.
    #[error("too many attempts; try again in {} s", wait_ms.div_euclid(1_000) + 1)]
    Wait {
        /// Milliseconds until the next attempt is looked at.
        wait_ms: i64,
    },
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Login<'_> {
    /// Signs a person in. Gives the person, the session and the secret for the cookie.
    ///
    /// The attempt is counted as failed *before* the password is looked at, so that many attempts
    /// at the same time cannot slip through, and the count is forgotten when it was right.
    pub async fn sign_in(
        &self,
        attempt: Attempt<'_>,
    ) -> Result<(User, Session, Token), LoginError> {
        let login = attempt.login.trim().to_lowercase();
        self.count(&login, attempt.peer).await?;
        let (user, hash) = {
            let mut connection = self.db.read().await?;
            let user = store::find_login(&mut connection.sql(), &login).await?;
            let hash = match &user {
                Some(user) => store::password_hash(&mut connection.sql(), user.id).await?,
                None => None,
            };
            (user, hash)
        };
        let fits = self.passwords.verify(attempt.password.to_owned(), hash).await;
        match user {
            Some(user) if fits && user.disabled_at.is_none() => {
                let (session, token) = self.open_session(&user, &login, attempt).await?;
                Ok((user, session, token))
            }
            Some(_) | None => Err(LoginError::Wrong),
        }
    }

    /// Whether a password is right for a person who is signed in already; counted like signing in.
    pub async fn confirm(&self, signed_in: &SignedIn, password: &str) -> Result<(), LoginError> {
        let login = &signed_in.user.login;
        self.count(login, &signed_in.peer).await?;
        let hash = {
            let mut connection = self.db.read().await?;
            store::password_hash(&mut connection.sql(), signed_in.id()).await?
        };
        if !self.passwords.verify(password.to_owned(), hash).await {
            return Err(LoginError::Wrong);
        }
        let mut tx = self.db.begin().await?;
        store::delete_failures(&mut tx.sql(), &Subject::Login(login).key()).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn count(&self, login: &str, peer: &str) -> Result<(), LoginError> {
        let subjects = [Subject::Login(login), Subject::Peer(peer)];
        let mut tx = self.db.begin().await?;
        for subject in subjects {
            let failures = store::failures(&mut tx.sql(), &subject.key()).await?;
            let wait_ms = subject.wait_ms(failures, self.now);
            if wait_ms > 0 {
                return Err(LoginError::Wait { wait_ms });
            }
            let failures = backoff::after_failure(failures, self.now);
            store::set_failures(&mut tx.sql(), &subject.key(), failures).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn open_session(
        &self,
        user: &User,
        login: &str,
        attempt: Attempt<'_>,
    ) -> Result<(Session, Token), StoreError> {
        let token = Token::session(self.random);
        let lasts_ms = i64::from(self.config.session_max_hours) * 3_600_000;
        let session = Session {
            id: SessionId::make(self.ids),
            user_id: user.id,
            seen_at: self.now,
            expires_at: self.now.plus_millis(lasts_ms),
        };
        let user_agent: String = attempt.user_agent.chars().take(USER_AGENT_MAX_CHARS).collect();
        let mut tx = self.db.begin().await?;
        let sql = &mut tx.sql();
        store::delete_expired_sessions(sql, self.now).await?;
        store::insert_session(sql, &session, &token.sha256, attempt.peer, &user_agent).await?;
        for subject in [Subject::Login(login), Subject::Peer(attempt.peer)] {
            store::delete_failures(sql, &subject.key()).await?;
        }
        let entry = audit::Entry {
            actor: Some(user.id),
            act: "session.create",
            subject: ("user", user.id.to_string()),
            details: json!({}),
            peer: attempt.peer.to_owned(),
        };
        audit::record(sql, self.ids, self.now, entry).await?;
        tx.commit().await?;
        Ok((session, token))
    }
}

/// Who holds the secret of a cookie, and notes that the session is in use. `None`: nobody, no
/// longer, or a person who may no longer sign in.
pub async fn by_session(
    db: &Db,
    config: &AuthConfig,
    secret: &str,
    now: Timestamp,
) -> Result<Option<(User, Credential)>, StoreError> {
    let mut connection = db.read().await?;
    let sha256 = super::digest(secret);
    let Some(session) = store::find_session(&mut connection.sql(), &sha256).await? else {
        return Ok(None);
    };
    let idle_ms = now.millis_since(session.seen_at);
    if now >= session.expires_at || idle_ms >= i64::from(config.session_idle_minutes) * 60_000 {
        return Ok(None);
    }
    let user = store::find_user(&mut connection.sql(), session.user_id).await?;
    drop(connection);
    if idle_ms >= SEEN_STEP_MS {
        note_use(db, Credential::Session(session.id), now).await?;
    }
    let user = user.filter(|user| user.disabled_at.is_none());
    Ok(user.map(|user| (user, Credential::Session(session.id))))
}

/// Notes that a session or token is in use. A store that cannot be written just now, but read, is
/// no reason to turn people away.
async fn note_use(db: &Db, credential: Credential, now: Timestamp) -> Result<(), StoreError> {
    let noted = async {
        let mut tx = db.begin().await?;
        match credential {
            Credential::Session(id) => store::touch_session(&mut tx.sql(), id, now).await?,
            Credential::Token(id) => store::touch_token(&mut tx.sql(), id, now).await?,
        }
        tx.commit().await
    };
    match noted.await {
        Err(error) if error.is_temporary() => {
            tracing::warn!(%error, "The last use of a session or token is not noted");
            Ok(())
        }
        noted => noted,
    }
}

/// How somebody stands who signed in a while ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As then.
    Unchanged,
    /// Signed in, but in another role.
    OtherRights,
    /// Signed out, revoked, too late, or no longer allowed to.
    SignedOut,
}

/// Whether somebody who signed in a while ago may go on: for connections that live long.
pub async fn standing(
    db: &Db,
    signed_in: &SignedIn,
    now: Timestamp,
) -> Result<Standing, StoreError> {
    let mut connection = db.read().await?;
    let sql = &mut connection.sql();
    let is_valid = match signed_in.credential {
        Credential::Session(id) => store::is_session_valid(sql, id, now).await?,
        Credential::Token(id) => store::is_token_valid(sql, id, now).await?,
    };
    let user = store::find_user(sql, signed_in.id()).await?;
    Ok(match user {
        Some(user) if is_valid && user.role == signed_in.user.role => Standing::Unchanged,
        Some(_) if is_valid => Standing::OtherRights,
        Some(_) | None => Standing::SignedOut,
    })
}

/// In whose name the holder of an API token acts. `None`: nobody, no longer, or revoked.
pub async fn by_token(
    db: &Db,
    secret: &str,
    now: Timestamp,
) -> Result<Option<(User, Credential)>, StoreError> {
    let mut connection = db.read().await?;
    let sha256 = super::digest(secret);
    let Some(token) = store::find_token(&mut connection.sql(), &sha256).await? else {
        return Ok(None);
    };
    let is_over = token.expires_at.is_some_and(|expires_at| now >= expires_at);
    if is_over || token.revoked_at.is_some() {
        return Ok(None);
    }
    let user = store::find_user(&mut connection.sql(), token.user_id).await?;
    drop(connection);
    if token.used_at.is_none_or(|used_at| now.millis_since(used_at) >= SEEN_STEP_MS) {
        note_use(db, Credential::Token(token.id), now).await?;
    }
    let user = user.filter(|user| user.disabled_at.is_none());
    Ok(user.map(|user| (user, Credential::Token(token.id))))
}
