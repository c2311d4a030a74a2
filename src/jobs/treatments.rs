//! Writes to clients whose contacts left a queue for a text.

use std::time::Duration;

use crate::app::App;
use crate::store::StoreError;
use crate::treatment;

/// A client does not notice a second; a look costs one query.
const PAUSE: Duration = Duration::from_secs(1);

/// Carries out what is due; gives the pause before the next.
pub(super) async fn carry_out(app: &App) -> Result<Duration, StoreError> {
    let has_more = treatment::carry_out(app).await?;
    Ok(if has_more { Duration::ZERO } else { PAUSE })
}
