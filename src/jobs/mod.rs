//! What is done by and by: each job does a piece, says how soon it wants to do the next, and is
//! tried again after a fault.

mod client_words;
mod figures;
pub mod reconciliation;
mod reopen;
mod routing_imports;
mod spool;
mod treatments;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Pause after a fault: the store or the disk needs time.
const FAULT_PAUSE: Duration = Duration::from_secs(10);

/// Runs all jobs until `stop` is cancelled; what has been begun is finished.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    tokio::join!(
        repeat("reopen", &stop, FAULT_PAUSE, || reopen::release_held(&app)),
        repeat("spool", &stop, FAULT_PAUSE, || spool::move_on(&app)),
        repeat("figures", &stop, FAULT_PAUSE, || figures::roll_up(&app)),
        repeat("routing imports", &stop, FAULT_PAUSE, || routing_imports::take(&app)),
        repeat("treatments", &stop, FAULT_PAUSE, || treatments::carry_out(&app)),
        repeat("client words", &stop, FAULT_PAUSE, || client_words::bring_up_to_date(&app)),
        repeat("reconciliation", &stop, FAULT_PAUSE, || reconciliation::daily(&app)),
        repeat("uploads", &stop, FAULT_PAUSE, || uploads::forget_orphans(&app)),
    );
}

/// Does one piece after the other. A piece gives the pause before the next.
async fn repeat<F, E>(
    name: &'static str,
    stop: &CancellationToken,
    fault_pause: Duration,
    piece: impl Fn() -> F,
) where
    F: Future<Output = Result<Duration, E>>,
    E: std::fmt::Display,
{
    while !stop.is_cancelled() {
        let pause = piece().await.unwrap_or_else(|error| {
            tracing::warn!(job = name, %error, "A job is tried again later");
            fault_pause
        });
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_job_that_fails_is_done_again() {
        let (stop, count) = (CancellationToken::new(), AtomicU32::new(0));
        repeat("test", &stop, Duration::from_millis(1), || async {
            match count.fetch_add(1, Ordering::Relaxed) {
                0 => Err("the disk is full"),
                1 => Ok(Duration::from_millis(1)),
                _ => {
                    stop.cancel();
                    Ok(Duration::ZERO)
                }
            }
        })
        .await;
        assert_eq!(count.load(Ordering::Relaxed), 3);
    }
}
