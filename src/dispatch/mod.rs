//! The imperative shell round the queue engine: journal → engine → rows → live events.
//!
//! 1. One task, the driver, owns the engine. Inputs reach it through the [`Journal`] only, after
//!    they are durable, in the journal's order.
//! 2. What the engine says goes to the projector, which makes rows of it in transactions of its
//!    own; numbers of events tell what has been done, so nothing is done twice or left out.
//! 3. Live events are sent after the rows that they speak of are committed.
//! 4. A start takes the newest snapshot and the journal after it. Time-outs are not journalled:
//!    they follow from the times of the inputs (see `gate.rs`).
//!
//! Invariant: nothing here decides anything about a contact; the engine does.

mod driver;
mod gate;
mod journal;
pub mod past;
mod projector;
mod replay;
mod rows;
mod snapshot;
mod start;
pub mod store;
mod submit;

use std::sync::Arc;
use std::time::Duration;

use rozmova_queue::{Engine, Input};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

pub use self::journal::{Applied, Journal, StoredInput, Turn, Verdict, read_after};
pub use self::projector::Committed;
pub use self::start::DispatchOptions;
pub use self::submit::SubmitError;

use self::journal::Entry;
use self::submit::Waiting;

/// How long a caller waits for rows to show what he has done. The projector is some milliseconds
/// behind; it is seconds behind only when the disk is full or the database gone.
const SHOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// What the driver is asked to do.
enum Work {
    /// Inputs of one turn, which are in the journal.
    Inputs(Vec<Entry>),
    /// Look at the engine.
    Read(Box<dyn FnOnce(&Engine) + Send>),
    /// Finish.
    Stop,
}

/// The server's handle on the queue. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Dispatch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    journal: Journal,
    submit: mpsc::Sender<Waiting>,
    work: mpsc::Sender<Work>,
    shown: watch::Receiver<u64>,
    /// Number of the last event that had a row when the queue was restored.
    started_at: u64,
    tasks: tokio::sync::Mutex<Vec<JoinHandle<()>>>,
}

impl Dispatch {
    /// For inputs that become durable together with rows.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// Takes one input that stands alone, sharing its commit with others of the same moment.
    /// Returns when the engine has taken it *and* the rows show it, so that what is read next
    /// agrees.
    pub async fn submit(&self, input: Input) -> Result<(), SubmitError> {
        let (answer, receiver) = oneshot::channel();
        let waiting = Waiting { input, answer };
        self.0.submit.send(waiting).await.map_err(|_| SubmitError::Stopped)?;
        let verdict = receiver.await.map_err(|_| SubmitError::Stopped)??;
        let applied = verdict.wait().await?;
        self.wait_until_shown(applied).await;
        Ok(())
    }

    /// Waits until the rows show what was applied; at most some seconds, since what was applied is
    /// safe and will show.
    pub async fn wait_until_shown(&self, applied: Applied) {
        let mut shown = self.0.shown.clone();
        let reached = shown.wait_for(|sequence| *sequence >= applied.event_sequence);
        if tokio::time::timeout(SHOWN_TIMEOUT, reached).await.is_err() {
            tracing::warn!(event = applied.event_sequence, "Rows are behind the queue");
        }
    }

    /// Number of the last event that rows show.
    pub fn shown(&self) -> u64 {
        *self.0.shown.borrow()
    }

    /// Number of the last event that rows showed when the queue was restored: the stream of
    /// committed changes begins behind it.
    pub fn started_at(&self) -> u64 {
        self.0.started_at
    }

    /// Looks at the engine between two inputs. Everything committed before the call is in it.
    /// Keep it short: the queue stands still meanwhile.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, SubmitError> {
        let (answer, receiver) = oneshot::channel();
        let work = Work::Read(Box::new(move |engine| {
            let _ = answer.send(look(engine));
        }));
        self.0.work.send(work).await.map_err(|_| SubmitError::Stopped)?;
        receiver.await.map_err(|_| SubmitError::Stopped)
    }

    /// Takes what is under way to its end, writes a snapshot and stops. Afterwards turns are
    /// refused.
    pub async fn stop(&self) {
        let _ = self.0.work.send(Work::Stop).await;
        for task in self.0.tasks.lock().await.drain(..) {
            if let Err(error) = task.await {
                tracing::error!(%error, "A task of the queue has failed");
            }
        }
    }
}

#[cfg(test)]
mod tests;
