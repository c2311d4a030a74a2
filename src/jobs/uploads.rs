use std::time::Duration;

use crate::app::App;
use crate::message;
use crate::store::StoreError;

/// An upload that has not gone out with a message for so long never will: a draft that is older has
/// been given up.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;
const PAUSE: Duration = Duration::from_hours(1);

/// Forgets uploads that belong to no message. Their content stays: another row may have the same.
pub(super) async fn forget_orphans(app: &App) -> Result<Duration, StoreError> {
    let before = app.clock.now().plus_millis(-KEPT_MS);
    let mut tx = app.db.begin().await?;
    let count = message::store::forget_uploads(&mut tx.sql(), before).await?;
    tx.commit().await?;
    if count > 0 {
        tracing::info!(count, "Forgot uploads that went nowhere");
    }
    Ok(PAUSE)
}
