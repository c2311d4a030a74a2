//! Snapshots of the engine, written off the driver's path.
//!
//! Invariant: a snapshot is stored only after every event that the engine had said by then is a
//! row. Otherwise a start from it would leave those events out.
//!
//! It is written in one transaction, and carries the digest of its content: a start passes over one
//! that is damaged, or of another [`FORMAT`], and takes an older one or the whole journal.

use std::time::Duration;

use rozmova_base::Timestamp;
use rozmova_queue::Engine;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, watch};

use super::journal::{self, Snapshot};
use crate::store::lease::Lease;
use crate::store::{Db, StoreError};

/// Raised whenever what a snapshot holds changes its shape; others are then not read, and the
/// journal is replayed from its beginning.
pub(super) const FORMAT: i64 = 2;
/// How long a snapshot waits for the rows. They are that late only when the store is in trouble,
/// and then a start replays more of the journal.
const ROWS_TIMEOUT: Duration = Duration::from_secs(20);
/// Of SHA-256, which stands before the content.
const DIGEST_BYTES: usize = 32;

/// Why a snapshot is passed over.
#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotError {
    /// It is not what was written.
    #[error("its content does not have its digest")]
    Damaged,
    /// It is what was written, but no engine.
    #[error(transparent)]
    Content(#[from] serde_json::Error),
}

/// The engine as it is stored: digest, then JSON.
fn seal(engine: &Engine) -> Result<Vec<u8>, serde_json::Error> {
    let mut sealed = vec![0; DIGEST_BYTES];
    serde_json::to_writer(&mut sealed, engine)?;
    let digest = Sha256::digest(&sealed[DIGEST_BYTES..]);
    sealed[..DIGEST_BYTES].copy_from_slice(&digest);
    Ok(sealed)
}

/// The engine of a stored snapshot.
pub(super) fn open(sealed: &[u8]) -> Result<Engine, SnapshotError> {
    let (digest, content) = sealed.split_at_checked(DIGEST_BYTES).ok_or(SnapshotError::Damaged)?;
    if Sha256::digest(content).as_slice() != digest {
        return Err(SnapshotError::Damaged);
    }
    Ok(serde_json::from_slice(content)?)
}

pub(super) struct SnapshotJob {
    /// Last journal entry in it.
    pub(super) sequence: i64,
    pub(super) at: Timestamp,
    /// Last event said.
    pub(super) event_sequence: u64,
    pub(super) engine: Engine,
}

/// Writes snapshots until the driver is gone.
pub(super) async fn run(
    (db, lease): (Db, Lease),
    mut jobs: mpsc::Receiver<SnapshotJob>,
    mut shown: watch::Receiver<u64>,
) {
    while let Some(job) = jobs.recv().await {
        let rows = shown.wait_for(|sequence| *sequence >= job.event_sequence);
        let are_there = matches!(tokio::time::timeout(ROWS_TIMEOUT, rows).await, Ok(Ok(_)));
        if !are_there {
            tracing::warn!("No snapshot of the queue: its rows are behind");
            continue;
        }
        let sequence = job.sequence;
        match write(&db, &lease, job).await {
            Ok(bytes) => tracing::debug!(sequence, bytes, "Wrote a snapshot of the queue"),
            Err(error) => tracing::warn!(%error, "No snapshot of the queue; the next will do"),
        }
    }
}

async fn write(db: &Db, lease: &Lease, job: SnapshotJob) -> Result<usize, StoreError> {
    let SnapshotJob { sequence, at, engine, .. } = job;
    let state = tokio::task::spawn_blocking(move || seal(&engine))
        .await
        .map_err(|error| StoreError::Fault(error.to_string()))?
        .map_err(|error| StoreError::Fault(error.to_string()))?;
    let bytes = state.len();
    let mut tx = db.begin().await?;
    journal::save_snapshot(&mut tx.sql(), FORMAT, &Snapshot { sequence, at, state }).await?;
    lease.check(&mut tx.sql()).await?;
    tx.commit().await?;
    Ok(bytes)
}
