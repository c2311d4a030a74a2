//! The engine room of SQL: two databases behind one text per query.
//!
//! 1. Every query is one static text in the common subset of SQLite and PostgreSQL, with `$1`
//!    placeholders. Column types are `BIGINT`, `SMALLINT` (0 or 1), `TEXT`, `UUID` and `BYTEA` or
//!    their SQLite equals. Dates, sums, case folding and JSON are computed in Rust.
//! 2. Only `store.rs` files, this folder and `dispatch/journal.rs` hold SQL (`tests/tidy.rs`).
//! 3. Reading takes [`Db::read`]; writing takes [`Db::begin`], which on SQLite is the one writer
//!    connection with `BEGIN IMMEDIATE`: a deferred transaction that reads and then writes fails
//!    at once with `SQLITE_BUSY`, whatever the busy timeout.
//! 4. Tables live with their domain; a store function takes `&mut Sql<'_>` and so works inside and
//!    outside a transaction.

pub mod bulk;
#[cfg(test)]
mod catalogue;
pub mod counter;
mod error;
pub mod lease;
mod macros;
pub mod migrate;
mod postgres;
pub mod setting;
mod sqlite;
pub mod testing;

/// Prepared statements kept by each connection: a bulk text has up to fourteen sizes ([`bulk`]), so
/// sixty bulk texts and what else there is fit. Preparing one anew costs as much as running it.
const STATEMENT_CACHE: usize = 1_024;

pub use error::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction};

/// How to reach the store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Connections for reading (SQLite) or for everything (PostgreSQL).
    pub connections_max: u32,
    /// How long a caller waits for a connection before it is told that the store is unavailable.
    pub acquire_timeout_ms: u64,
}

/// An open store. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    /// Embedded: one writer, several readers, one file.
    Sqlite {
        /// The one connection that writes.
        writer: SqlitePool,
        /// Connections that only read.
        readers: SqlitePool,
    },
    /// A server.
    Postgres(PgPool),
}

impl Db {
    /// Opens the store and, for SQLite, creates the file when there is none.
    /// Does not migrate: see [`migrate::run`].
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        if options.url.starts_with("sqlite:") {
            sqlite::open(options).await
        } else if options.url.starts_with("postgres:") || options.url.starts_with("postgresql:") {
            postgres::open(options).await
        } else {
            Err(StoreError::Url)
        }
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Connection, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => Ok(Connection::Sqlite(readers.acquire().await?)),
            Self::Postgres(pool) => Ok(Connection::Postgres(pool.acquire().await?)),
        }
    }

    /// A transaction for writing. Rolled back unless [`Tx::commit`] is called.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => Ok(Tx::Sqlite(begin_immediate(writer).await?)),
            Self::Postgres(pool) => Ok(Tx::Postgres(pool.begin().await?)),
        }
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut connection = self.read().await?;
        crate::fetch_one!(&mut connection.sql(), (i32,), "SELECT 1").await?;
        Ok(())
    }

    /// Closes all connections, after which SQLite has folded its log into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// When the disk is full, SQLite ends a transaction by itself (sqlite.org/lang_transaction.html,
/// "Response To Errors Within A Transaction"), while sqlx still counts it as open and refuses to
/// begin another for as long as the connection lives. Then a new connection takes its place.
async fn begin_immediate(writer: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    const BEGIN: &str = "BEGIN IMMEDIATE";
    match writer.begin_with(BEGIN).await {
        Err(sqlx::Error::InvalidSavePointStatement) => {
            writer.acquire().await?.close().await?;
            writer.begin_with(BEGIN).await
        }
        begun => begun,
    }
}

/// A connection for reading, given back when dropped.
#[derive(Debug)]
pub enum Connection {
    /// See [`Db::Sqlite`].
    Sqlite(PoolConnection<Sqlite>),
    /// See [`Db::Postgres`].
    Postgres(PoolConnection<Postgres>),
}

impl Connection {
    /// What store functions take.
    pub fn sql(&mut self) -> Sql<'_> {
        match self {
            Self::Sqlite(connection) => Sql::Sqlite(connection),
            Self::Postgres(connection) => Sql::Postgres(connection),
        }
    }
}

/// A transaction, rolled back when dropped.
#[derive(Debug)]
pub enum Tx {
    /// See [`Db::Sqlite`].
    Sqlite(Transaction<'static, Sqlite>),
    /// See [`Db::Postgres`].
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// What store functions take.
    pub fn sql(&mut self) -> Sql<'_> {
        match self {
            Self::Sqlite(transaction) => Sql::Sqlite(transaction),
            Self::Postgres(transaction) => Sql::Postgres(transaction),
        }
    }

    /// Makes it durable.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await?,
            Self::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}

/// A borrowed connection of either engine, for the macros [`crate::execute!`],
/// [`crate::fetch_all!`], [`crate::fetch_optional!`] and [`crate::fetch_one!`].
#[derive(Debug)]
pub enum Sql<'a> {
    /// See [`Db::Sqlite`].
    Sqlite(&'a mut SqliteConnection),
    /// See [`Db::Postgres`].
    Postgres(&'a mut PgConnection),
}

impl Sql<'_> {
    /// How this engine wants the parameters of a generated text.
    pub const fn parameters(&self) -> bulk::Parameters {
        match self {
            Self::Sqlite(_) => bulk::Parameters::InOrder,
            Self::Postgres(_) => bulk::Parameters::Numbered,
        }
    }
}
