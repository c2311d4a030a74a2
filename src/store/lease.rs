//! That a store belongs to one server at a time.
//!
//! 1. SQLite: a lock of the operating system on a file beside the database. It goes with the
//!    process, however that ends, so a restart never waits; and a server that was paused still has
//!    it, so there is nothing to fence off.
//! 2. PostgreSQL: the row of `store_lease`. Its holder counts `renewals` up; who waits for it
//!    watches that count by a clock of his own, so no two clocks need agree. It is taken over at
//!    once when it was given back or its holder's process is gone from this machine, else when its
//!    holder has been silent for [`LeaseTimes::expiry`].
//! 3. `token` grows with each holder. A transaction in which [`Lease::check`] succeeded commits
//!    before anybody else can have the lease, or not at all. It must be the last statement: so the
//!    row is always locked last, and nobody waits for each other in a circle.
//!
//! A store that does not answer is no reason to give the lease up: nobody else can take it either.

mod file;
mod place;
mod row;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Db, Sql, StoreError};

/// Between two signs of life. What a second server waits before it knows that the first lives.
const RENEW: Duration = Duration::from_secs(2);
/// After so much silence the holder is taken for dead: several signs missed, and longer than a
/// request waits for a connection, so that a busy server is not disturbed. What a start waits when
/// a server has died on another machine.
const EXPIRY: Duration = Duration::from_secs(15);
/// What is told to those who wanted to write.
const LOST: &str = "another server has taken this store over; this one stops";

/// How often signs of life come and how long their absence is borne.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTimes {
    /// Between two signs of life.
    pub renew: Duration,
    /// Silence after which the holder is taken for dead.
    pub expiry: Duration,
}

impl Default for LeaseTimes {
    fn default() -> Self {
        Self { renew: RENEW, expiry: EXPIRY }
    }
}

/// Why the store is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else has it. Stop him, or take another store.
    #[error(
        "another Rozmova server ({holder}) is using it: stop that one first, or give this one \
         another store"
    )]
    InUse {
        /// Process and host, as it said itself.
        holder: String,
    },
    /// The file that is locked cannot be made or locked.
    #[error("{} cannot be locked: {source}", path.display())]
    File {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The right to write to a store. Cheap to clone; given back by [`Lease::release`], and with the
/// process.
#[derive(Clone, Debug)]
pub struct Lease(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    claim: Claim,
    signals: Signals,
    /// Ends the signs of life.
    _stop: Option<DropGuard>,
}

#[derive(Debug)]
enum Claim {
    /// There is nobody else.
    Alone,
    /// Locked for as long as it is open.
    File(std::sync::Mutex<Option<std::fs::File>>),
    /// The row with this token.
    Row { db: Db, token: i64 },
}

/// What the lease and its signs of life tell each other.
#[derive(Clone, Debug, Default)]
struct Signals {
    lost: CancellationToken,
    suspect: Arc<Notify>,
    stop: CancellationToken,
}

impl Lease {
    /// Makes the store ours. Waits for at most [`LeaseTimes::expiry`] and a little.
    pub async fn take(db: &Db, times: LeaseTimes) -> Result<Self, LeaseError> {
        match db {
            Db::Sqlite { writer, .. } => file::take(writer.connect_options().get_filename()),
            Db::Postgres(_) => Self::take_row(db, times).await,
        }
    }

    /// As [`Lease::take`], by the row also where a file could be locked.
    pub(crate) async fn take_row(db: &Db, times: LeaseTimes) -> Result<Self, LeaseError> {
        let token = row::take(db, times).await?;
        let signals = Signals::default();
        tokio::spawn(row::renew(db.clone(), token, signals.clone(), times));
        let stop = signals.stop.clone().drop_guard();
        Ok(Self::new(Claim::Row { db: db.clone(), token }, signals, Some(stop)))
    }

    /// For a store that nobody else can know of yet.
    pub fn alone() -> Self {
        Self::new(Claim::Alone, Signals::default(), None)
    }

    fn new(claim: Claim, signals: Signals, stop: Option<DropGuard>) -> Self {
        Self(Arc::new(Inner { claim, signals, _stop: stop }))
    }

    /// The last statement of a transaction: it may be committed only if this succeeds. Costs a
    /// statement with a row, nothing with a file.
    pub async fn check(&self, sql: &mut Sql<'_>) -> Result<(), StoreError> {
        let Claim::Row { token, .. } = &self.0.claim else { return Ok(()) };
        if row::confirm(sql, *token).await? {
            return Ok(());
        }
        self.0.signals.lost.cancel();
        self.unless_lost()
    }

    /// Whether it is known that somebody else has the store.
    pub fn is_lost(&self) -> bool {
        self.0.signals.lost.is_cancelled()
    }

    /// An error when [`Lease::is_lost`].
    pub fn unless_lost(&self) -> Result<(), StoreError> {
        if self.is_lost() { Err(StoreError::Unavailable(LOST.to_owned())) } else { Ok(()) }
    }

    /// Waits until somebody else has the store.
    pub async fn lost(&self) {
        self.0.signals.lost.cancelled().await;
    }

    /// Something speaks for another server: look at once.
    pub fn suspect(&self) {
        self.0.signals.suspect.notify_one();
    }

    /// Gives the store back, so that the next server need not wait. Nothing may be written after.
    pub async fn release(&self) {
        self.0.signals.stop.cancel();
        match &self.0.claim {
            Claim::Alone => {}
            Claim::File(file) => {
                file.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            }
            Claim::Row { db, token } => {
                if let Err(error) = row::release(db, *token).await {
                    tracing::warn!(%error, "The store was not given back; the next server waits");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
