//! What was done, to what, by whom: one row for every privileged act, written in the transaction
//! of the act itself. Rows are never changed or removed by the program.

pub mod api;
pub mod store;

use rozmova_base::Timestamp;
use rozmova_base::id::{AuditId, IdMaker, UserId};

use crate::store::{Sql, StoreError};

/// One act.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who did it; `None`: the command line or the server itself.
    pub actor: Option<UserId>,
    /// What, as `noun.verb`: `user.create`, `interaction.move`.
    pub act: &'static str,
    /// To what: its kind and id.
    pub subject: (&'static str, String),
    /// What changed. No passwords, tokens or contents of messages.
    pub details: serde_json::Value,
    /// From where: an address, or `command line`.
    pub peer: String,
}

/// Writes one act inside the caller's transaction.
pub async fn record(
    sql: &mut Sql<'_>,
    ids: &dyn IdMaker,
    at: Timestamp,
    entry: Entry,
) -> Result<(), StoreError> {
    store::insert(sql, AuditId::make(ids), at, &entry).await
}
