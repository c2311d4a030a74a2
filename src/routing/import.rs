//! Routing documents from the command line. One engine only decides, that of the running server:
//! the command line leaves the document in a row, the server takes it, within a second or when it
//! starts, and writes down what came of it.

use rozmova_base::Timestamp;
use rozmova_base::id::IdMaker;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change::{ApplyError, Author, Changer, Outcome, rehearse, replace, tell_desks};
use super::document::RoutingDocument;
use super::resolve::RoutingProblem;
use super::store;
use crate::app::App;
use crate::store::{Db, StoreError};

/// Where a document stands that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// No server has taken it yet.
    Waiting,
    /// It holds.
    Applied,
    /// It is wrong; nothing of it holds.
    Refused,
}

impl ImportState {
    /// As in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Applied => "applied",
            Self::Refused => "refused",
        }
    }
}

/// Leaves a document for the server.
pub async fn hand_over(
    db: &Db,
    ids: &dyn IdMaker,
    document: &str,
    at: Timestamp,
) -> Result<Uuid, StoreError> {
    let id = ids.next_uuid();
    let mut tx = db.begin().await?;
    store::insert_import(&mut tx.sql(), id, document, at).await?;
    tx.commit().await?;
    Ok(id)
}

/// What came of it: the state as in rows, and the problems when it was refused.
pub async fn outcome(db: &Db, id: Uuid) -> Result<(String, Vec<RoutingProblem>), StoreError> {
    let mut connection = db.read().await?;
    let (state, outcome) = store::import(&mut connection.sql(), id).await?;
    Ok((state, serde_json::from_str(&outcome).unwrap_or_default()))
}

/// What a document would change, without a server: everything but contacts in progress is checked.
pub async fn preview(
    db: &Db,
    ids: &dyn IdMaker,
    document: &RoutingDocument,
    at: Timestamp,
) -> Result<Outcome, ApplyError> {
    let mut connection = db.read().await?;
    let stored = store::load(&mut connection.sql()).await?;
    let known = store::known(&mut connection.sql(), &stored).await?;
    rehearse(document, &stored, &known, ids, at)
}

/// Takes the oldest document that waits. Gives whether there was one.
pub(crate) async fn take_next(app: &App) -> Result<bool, ApplyError> {
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
        Ok(document) => replace(changer, document, author).await,
        Err(error) => Err(ApplyError::Wrong(vec![RoutingProblem {
            at: "document".to_owned(),
            field: None,
            message: error.to_string(),
        }])),
    };
    let (state, outcome) = match applied {
        Ok(outcome) => {
            tell_desks(&app.hub, &app.routing, &outcome.changes);
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
