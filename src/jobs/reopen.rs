use std::time::Duration;

use crate::app::App;
use crate::intake::reopening;
use crate::store::StoreError;

/// An interaction that was held back for an hour may wait half a minute longer.
const PAUSE: Duration = Duration::from_secs(30);

/// Opens interactions that were opened too often before.
pub(super) async fn release_held(app: &App) -> Result<Duration, StoreError> {
    let now = app.clock.now();
    let count = reopening::release(&app.db, &app.dispatch, &app.routing, now).await?;
    if count > 0 {
        tracing::info!(count, "Interactions that had been held back open again");
    }
    Ok(PAUSE)
}
