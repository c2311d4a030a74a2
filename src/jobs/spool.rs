use std::time::Duration;

use channel_contract::{Health, HealthState};

use crate::app::App;
use crate::channels::report;
use crate::media::{MediaError, mover};

/// Between batches while there is more: it bounds the rate (`mover::BATCH_COUNT`).
const BUSY_PAUSE: Duration = Duration::from_millis(150);
/// When the spool is empty.
const IDLE_PAUSE: Duration = Duration::from_secs(1);

/// Moves a batch from the spool to the media store and reports what waits when that fails.
pub(super) async fn move_on(app: &App) -> Result<Duration, MediaError> {
    match mover::move_batch(&app.media).await {
        Ok(moved) => {
            report(app, "media", Health { state: HealthState::Up, detail: String::new() });
            Ok(if moved < mover::BATCH_COUNT as usize { IDLE_PAUSE } else { BUSY_PAUSE })
        }
        Err(error) => {
            let detail = format!("Raw mails wait in the database: {error}");
            report(app, "media", Health { state: HealthState::Degraded, detail });
            Err(error)
        }
    }
}
