//! Takes routing documents that the command line has left.

use std::time::Duration;

use crate::app::App;
use crate::routing::{ApplyError, import};

/// Whoever waits at the command line does not wait longer than this; one query of an indexed table
/// in this time costs nothing.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes one; gives the pause before the next.
pub(super) async fn take(app: &App) -> Result<Duration, ApplyError> {
    let took = import::take_next(app).await?;
    Ok(if took { Duration::ZERO } else { PAUSE })
}
