//! How the queue comes back: newest snapshot, then the journal after it (`replay.rs`).

use std::sync::Arc;

use rozmova_base::Clock;
use rozmova_queue::Engine;
use tokio::sync::{mpsc, watch};

use super::driver::Driver;
use super::journal::{self, Journal, Snapshot};
use super::projector::{self, Committed};
use super::replay::Replay;
use super::{Dispatch, Inner, snapshot, store, submit};
use crate::store::lease::Lease;
use crate::store::{Db, StoreError};

/// Turns that wait for the engine; beyond it turns wait with their commit done.
const WORK_WAITING_MAX: usize = 256;
/// Groups of outputs that wait for the projector: with some tens of events each, seconds of a
/// store that does not answer. Beyond it the engine waits.
const SAID_WAITING_MAX: usize = 4_096;
/// Groups of committed rows that wait for live events.
const COMMITTED_WAITING_MAX: usize = 256;

/// How the queue is run.
#[derive(Clone, Copy, Debug)]
pub struct DispatchOptions {
    /// Inputs between two snapshots.
    pub snapshot_every_inputs: i64,
    /// Whether a start begins from a snapshot; if not, the whole journal is replayed. Both give the
    /// same queue.
    pub starts_from_snapshot: bool,
}

impl Default for DispatchOptions {
    /// 20,000 inputs are replayed in well under a second.
    fn default() -> Self {
        Self { snapshot_every_inputs: 20_000, starts_from_snapshot: true }
    }
}

impl Dispatch {
    /// Restores the queue and starts its tasks. Gives the handle, and the stream of committed
    /// changes for live events, which must be drained. The lease is that of the store.
    pub async fn start(
        db: Db,
        lease: Lease,
        clock: Arc<dyn Clock>,
        options: DispatchOptions,
    ) -> Result<(Self, mpsc::Receiver<Committed>), StoreError> {
        start(db, lease, clock, options).await
    }
}

async fn start(
    db: Db,
    lease: Lease,
    clock: Arc<dyn Clock>,
    options: DispatchOptions,
) -> Result<(Dispatch, mpsc::Receiver<Committed>), StoreError> {
    let mut connection = db.read().await?;
    let watermark = store::last_event(&mut connection.sql()).await?;
    let latest = journal::latest_time(&mut connection.sql()).await?;
    let (engine, snapshot_sequence) = if options.starts_from_snapshot {
        newest_usable(&mut connection).await?
    } else {
        (Engine::default(), 0)
    };
    drop(connection);

    let (said, said_receiver) = mpsc::channel(SAID_WAITING_MAX);
    let (committed, committed_receiver) = mpsc::channel(COMMITTED_WAITING_MAX);
    let (shown, shown_receiver) = watch::channel(watermark);
    let place = (db.clone(), lease.clone());
    let projector =
        tokio::spawn(projector::run(place.clone(), watermark, said_receiver, shown, committed));

    let replay = Replay { db: &db, lease: &lease, clock: &*clock, said: &said, watermark, latest };
    let (engine, sequence, gate) = replay.run(engine, snapshot_sequence).await?;
    let (work, work_receiver) = mpsc::channel(WORK_WAITING_MAX);
    let (snapshots, snapshot_jobs) = mpsc::channel(1);
    let journal =
        Journal::new(place.clone(), Arc::clone(&clock), Arc::clone(&gate), work.clone(), sequence);
    let driver = Driver {
        engine,
        clock,
        gate,
        work: work_receiver,
        said,
        snapshots,
        options,
        sequence,
        snapshot_sequence,
    };
    let (submit, waiting) = mpsc::channel(submit::WAITING_MAX);
    tokio::spawn(submit::run(journal.clone(), waiting));
    let tasks = vec![
        tokio::spawn(driver.run()),
        projector,
        tokio::spawn(snapshot::run(place, snapshot_jobs, shown_receiver.clone())),
    ];
    let tasks = tokio::sync::Mutex::new(tasks);
    let inner =
        Inner { journal, submit, work, shown: shown_receiver, started_at: watermark, tasks };
    Ok((Dispatch(Arc::new(inner)), committed_receiver))
}

async fn newest_usable(
    connection: &mut crate::store::Connection,
) -> Result<(Engine, i64), StoreError> {
    for Snapshot { sequence, state, .. } in
        journal::snapshots(&mut connection.sql(), snapshot::FORMAT).await?
    {
        match snapshot::open(&state) {
            Ok(engine) => return Ok((engine, sequence)),
            Err(error) => {
                tracing::warn!(sequence, %error, "A snapshot of the queue is passed over");
            }
        }
    }
    Ok((Engine::default(), 0))
}
