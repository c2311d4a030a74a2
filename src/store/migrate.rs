//! Migrations are in the binary and run at start. Both engines have the same numbers, tables and
//! columns; a test compares the two catalogues.

use sqlx::migrate::{MigrateError, Migrator};

use super::{Db, StoreError};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Brings the schema up to date. Safe when several servers start at once: PostgreSQL's migrator
/// takes a lock, SQLite has one writer.
pub async fn run(db: &Db) -> Result<(), StoreError> {
    let outcome = match db {
        Db::Sqlite { writer, .. } => SQLITE.run(writer).await,
        Db::Postgres(pool) => POSTGRES.run(pool).await,
    };
    outcome.map_err(|error| {
        if let MigrateError::Execute(source) = error {
            StoreError::from(source)
        } else if matches!(
            error,
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_)
        ) {
            StoreError::Fault(format!("{error}; was the store made by a newer version?"))
        } else {
            StoreError::Fault(error.to_string())
        }
    })
}
