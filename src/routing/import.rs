//! Routing documents from the command line. One engine only decides, that of the running server:
//! the command line leaves the document in a row, the server takes it, within a second or when it
//! starts, and writes down what came of it.

use rozmova_base::Timestamp;
use rozmova_base::id::IdMaker;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change::{ApplyError, Outcome, rehearse};
use super::document::RoutingDocument;
use super::resolve::RoutingProblem;
use super::store;
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
