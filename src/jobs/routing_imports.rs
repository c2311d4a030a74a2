//! Takes routing documents that the command line has left.

use std::time::Duration;

use crate::app::App;
use crate::routing::import::ImportState;
use crate::routing::{
    ApplyError, Author, Changer, RoutingDocument, RoutingProblem, replace, store, tell_desks,
};

/// Whoever waits at the command line does not wait longer than this; one query of an indexed table
/// in this time costs nothing.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes one; gives the pause before the next.
pub(super) async fn take(app: &App) -> Result<Duration, ApplyError> {
    let took = take_next(app).await?;
    Ok(if took { Duration::ZERO } else { PAUSE })
}

/// Takes the oldest document that waits. Gives whether there was one.
async fn take_next(app: &App) -> Result<bool, ApplyError> {
    let mut connection = app.db.read().await?;
    let waiting = store::waiting_import(&mut connection.sql()).await?;
    drop(connection);
    let Some((id, text)) = waiting else { return Ok(false) };
    let author = Author { user: None, peer: "command line".to_owned() };
    let changer = Changer {
        dispatch: &app.dispatch,
        now: &app.routing,
        ids: app.ids.as_ref(),
        is_dry_run: false,
    };
    let applied = match RoutingDocument::from_toml(&text) {
        Ok(document) => replace(changer, document, author, None).await,
        Err(error) => Err(ApplyError::Wrong(vec![RoutingProblem {
            at: "document".to_owned(),
            field: None,
            message: error.to_string(),
        }])),
    };
    let (state, outcome) = match applied {
        Ok(outcome) => {
            tell_desks(&app.hub, &app.routing);
            tracing::info!(changes = outcome.changes.len(), "Routing was imported");
            (ImportState::Applied, String::new())
        }
        Err(ApplyError::Wrong(problems)) => {
            tracing::warn!(problems = problems.len(), "A routing document was refused");
            (ImportState::Refused, serde_json::to_string(&problems).unwrap_or_default())
        }
        Err(other) => return Err(other),
    };
    let mut tx = app.db.begin().await?;
    let at = app.clock.now();
    store::finish_import(&mut tx.sql(), id, state.as_str(), &outcome, at).await?;
    tx.commit().await?;
    Ok(true)
}
