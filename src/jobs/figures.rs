//! Sums events into quarters of an hour, so that reports of a year are fast.

use std::time::Duration;

use crate::app::App;
use crate::report;
use crate::store::StoreError;

/// While there is more: agents' writes come between.
const BUSY_PAUSE: Duration = Duration::from_millis(50);
/// Reports add what is newer by themselves, so there is no haste.
const IDLE_PAUSE: Duration = Duration::from_secs(20);
/// With fewer new events than this the job waits.
const FEW: usize = 1_000;

/// One piece.
pub(super) async fn roll_up(app: &App) -> Result<Duration, StoreError> {
    let routing = app.routing.get();
    let added = report::store::roll_up(&app.db, routing.as_ref()).await?;
    Ok(if added < FEW { IDLE_PAUSE } else { BUSY_PAUSE })
}
