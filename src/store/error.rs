/// Why the store did not do what was asked: one variant for each thing the caller can do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no store we know. Mend the configuration.
    #[error("a store URL starts with sqlite: or postgres://")]
    Url,
    /// The database does not answer, is locked for too long or is full. Try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Another transaction was in the way. Begin again at once.
    #[error("the transaction collided with another: {0}")]
    Collision(String),
    /// A row with these unique values exists.
    #[error("already there: {0}")]
    Duplicate(String),
    /// A row that this one refers to does not exist, or is still referred to.
    #[error("refers to what is not there, or is still referred to: {0}")]
    Reference(String),
    /// A row that must exist does not.
    #[error("no such row")]
    Missing,
    /// A fault of ours: a query or a row that does not fit the schema.
    #[error("the store and the program do not fit together: {0}")]
    Fault(String),
}

impl StoreError {
    /// Whether waiting can help.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Collision(_))
    }
}

/// PostgreSQL's serialisation failure and deadlock, and their CockroachDB equals.
const COLLISION_CODES: [&str; 2] = ["40001", "40P01"];
/// SQLite's result codes `BUSY`, `LOCKED`, `NOMEM`, `READONLY`, `IOERR`, `FULL`, `CANTOPEN`
/// (primary codes: the extended ones hold them in their low byte). sqlite.org/rescode.html
const SQLITE_UNAVAILABLE: [i32; 7] = [5, 6, 7, 8, 10, 13, 14];

impl From<sqlx::Error> for StoreError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "sqlx::Error may grow")]
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::Missing,
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Io(_) => Self::Unavailable(error.to_string()),
            sqlx::Error::Database(ref database) => classify(database.as_ref(), error.to_string()),
            other => Self::Fault(other.to_string()),
        }
    }
}

fn classify(database: &dyn sqlx::error::DatabaseError, text: String) -> StoreError {
    if database.is_unique_violation() {
        return StoreError::Duplicate(text);
    }
    if database.is_foreign_key_violation() {
        return StoreError::Reference(text);
    }
    let code = database.code().unwrap_or_default();
    if COLLISION_CODES.contains(&code.as_ref()) {
        return StoreError::Collision(text);
    }
    let is_sqlite_unavailable = code
        .parse::<i32>()
        .is_ok_and(|code| code < 10_000 && SQLITE_UNAVAILABLE.contains(&(code & 0xff)));
    // PostgreSQL classes 08 (connection), 53 (resources: disk full, too many connections) and
    // 57 (shutting down, starting up). PostgreSQL 15 appendix A.
    let is_postgres_unavailable =
        code.len() == 5 && ["08", "53", "57"].iter().any(|class| code.starts_with(class));
    if is_sqlite_unavailable || is_postgres_unavailable {
        StoreError::Unavailable(text)
    } else {
        StoreError::Fault(text)
    }
}
