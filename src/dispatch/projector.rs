//! Makes rows of what the engine says: in order, in batches, exactly once.
//!
//! Each transaction takes whole groups (what the engine said in one step), and the number of the
//! last event stored is the mark up to which everything is done. When the store does not take the
//! rows they are kept and tried again; meanwhile the engine goes on until its stream is full.

use std::time::Duration;

use rozmova_queue::{Event, Output};
use tokio::sync::{mpsc, watch};

use super::rows::RowChanges;
use super::store;
use crate::store::lease::Lease;
use crate::store::{Db, StoreError};

/// Groups in one transaction. A group is one input of an agent, or a batch of mails.
const GROUPS_MAX: usize = 128;
/// Events in one transaction: some milliseconds of writing, since agents wait for it.
const EVENTS_MAX: usize = 2_048;
/// First wait after a failed write.
const RETRY_FIRST: Duration = Duration::from_millis(50);
/// Longest wait between tries.
const RETRY_LAST: Duration = Duration::from_secs(5);

/// What the engine said in one step.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) outputs: Vec<Output>,
}

/// Events whose rows are committed.
#[derive(Debug)]
pub struct Committed {
    /// In the order of their numbers.
    pub events: Vec<Event>,
}

/// Runs until the driver is gone and everything is written.
pub(super) async fn run(
    (db, lease): (Db, Lease),
    mut watermark: u64,
    mut said: mpsc::Receiver<Said>,
    shown: watch::Sender<u64>,
    committed: mpsc::Sender<Committed>,
) {
    let mut groups = Vec::new();
    while said.recv_many(&mut groups, GROUPS_MAX).await > 0 {
        let mut waiting = groups.drain(..).peekable();
        while waiting.peek().is_some() {
            let mut changes = RowChanges::default();
            while changes.events.len() < EVENTS_MAX
                && let Some(group) = waiting.next()
            {
                changes.add(group.outputs, watermark);
            }
            let Some(last_event) = changes.last_event() else { continue };
            if !write_until_done(&db, &lease, &changes).await {
                return;
            }
            watermark = last_event;
            shown.send_replace(watermark);
            // Nobody listens when the server stops.
            let _ = committed.send(Committed { events: changes.events }).await;
        }
    }
}

/// `false`: the store is another server's now, which says the same from the same journal.
async fn write_until_done(db: &Db, lease: &Lease, changes: &RowChanges) -> bool {
    let mut wait = RETRY_FIRST;
    while let Err(error) = write(db, lease, changes).await {
        if lease.is_lost() {
            return false;
        }
        // A commit with unknown outcome may have been carried out.
        if is_written(db, changes).await {
            return true;
        }
        tracing::error!(%error, "Rows of the queue cannot be written; trying again");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(RETRY_LAST);
    }
    true
}

async fn write(db: &Db, lease: &Lease, changes: &RowChanges) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    store::write(&mut tx.sql(), changes).await?;
    // What time-outs brought about is in no journal entry that could fence it off.
    lease.check(&mut tx.sql()).await?;
    tx.commit().await
}

async fn is_written(db: &Db, changes: &RowChanges) -> bool {
    let Ok(mut connection) = db.read().await else { return false };
    let stored = store::last_event(&mut connection.sql()).await;
    stored.is_ok_and(|stored| changes.last_event().is_some_and(|last| stored >= last))
}
