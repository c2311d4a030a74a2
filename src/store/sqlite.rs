use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Db, StoreError, StoreOptions};

/// How long SQLite waits for a lock of another process before it says `SQLITE_BUSY`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages of 4 KiB kept by each connection: 16 MiB for the writer, which touches every index.
const WRITER_CACHE_KIB: &str = "-16384";
/// Readers share the operating system's cache; 4 MiB each is enough for index roots.
const READER_CACHE_KIB: &str = "-4096";
/// Fold the log into the file when it has grown to 16 MiB: often enough to stay small, seldom
/// enough that a burst of mail does not wait for it.
const CHECKPOINT_PAGES: &str = "4096";

/// `synchronous = FULL`: a commit is on the disk when it returns, because a `250` depends on it.
pub(super) async fn open(options: &StoreOptions) -> Result<Db, StoreError> {
    let base = SqliteConnectOptions::from_str(&options.url)
        .map_err(|_| StoreError::Url)?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(super::STATEMENT_CACHE)
        .pragma("temp_store", "memory");
    let acquire = Duration::from_millis(options.acquire_timeout_ms);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(acquire)
        .connect_with(
            base.clone()
                .create_if_missing(true)
                .pragma("cache_size", WRITER_CACHE_KIB)
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES),
        )
        .await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(options.connections_max)
        .acquire_timeout(acquire)
        .connect_with(base.pragma("cache_size", READER_CACHE_KIB).pragma("query_only", "on"))
        .await?;
    Ok(Db::Sqlite { writer, readers })
}
