//! A past that was computed: what an engine said when it was run faster than time. Its rows are
//! written by the same code that follows the living engine, so figures and histories agree.

use rozmova_queue::{Engine, Output};

use super::journal::{self, Snapshot};
use super::rows::RowChanges;
use super::{snapshot, store};
use crate::store::{Sql, StoreError};

/// Writes rows for outputs in the order of the engine. Rows of their interactions must exist.
pub async fn write(sql: &mut Sql<'_>, outputs: Vec<Output>) -> Result<(), StoreError> {
    let mut changes = RowChanges::default();
    let watermark = store::last_event(sql).await?;
    changes.add(outputs, watermark);
    store::write(sql, &changes).await
}

/// Makes this engine the one that the next start goes on from. No [`super::Dispatch`] may run.
pub async fn adopt(sql: &mut Sql<'_>, engine: &Engine) -> Result<(), StoreError> {
    let state = serde_json::to_vec(engine).map_err(|error| StoreError::Fault(error.to_string()))?;
    let sequence = journal::last_sequence(sql).await?;
    let taken = Snapshot { sequence, at: engine.now(), state };
    journal::save_snapshot(sql, snapshot::FORMAT, &taken).await
}
