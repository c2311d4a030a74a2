//! Inputs that come one by one (clicks of agents) share commits: a commit costs a wait for the
//! disk, and a hundred agents who click at once should wait for one, not for a hundred.

use rozmova_queue::{Input, Rejected};
use tokio::sync::{mpsc, oneshot};

use super::journal::{Journal, Verdict};
use crate::store::StoreError;

/// Inputs in one commit: more would make the first of them wait for the writing of the last.
const BATCH_MAX: usize = 64;
/// Inputs that wait for a commit; beyond it callers wait for a place.
pub(super) const WAITING_MAX: usize = 1_024;

/// Why an input was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The engine refused it: nothing changed. Tell the caller why.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// It could not be written. Nothing happened; try again later.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server stops. It is written and takes effect when the server has started again.
    #[error("the queue has stopped")]
    Stopped,
}

pub(super) struct Waiting {
    pub(super) input: Input,
    pub(super) answer: oneshot::Sender<Result<Verdict, StoreError>>,
}

/// Runs until all senders are gone.
pub(super) async fn run(journal: Journal, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let (inputs, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|waiting| (waiting.input, waiting.answer)).unzip();
        match commit(&journal, inputs).await {
            Ok(verdicts) => {
                for (answer, verdict) in answers.into_iter().zip(verdicts) {
                    let _ = answer.send(Ok(verdict));
                }
            }
            Err(error) => {
                for answer in answers {
                    let _ = answer.send(Err(same(&error)));
                }
            }
        }
    }
}

async fn commit(journal: &Journal, inputs: Vec<Input>) -> Result<Vec<Verdict>, StoreError> {
    let mut turn = journal.begin().await?;
    for input in inputs {
        turn.append(input);
    }
    turn.commit().await
}

/// One failed commit is told to each caller.
fn same(error: &StoreError) -> StoreError {
    if error.is_temporary() {
        StoreError::Unavailable(error.to_string())
    } else {
        StoreError::Fault(error.to_string())
    }
}
