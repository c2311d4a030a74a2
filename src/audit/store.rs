//! Rows of the audit trail.

use rozmova_base::Timestamp;
use rozmova_base::id::{AuditId, UserId};

use super::Entry;
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all};

/// One row, with the name of who did it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    /// The row.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor_id: Option<UserId>,
    /// Who, as shown.
    pub actor_name: Option<String>,
    /// What.
    pub act: String,
    /// To what kind of thing.
    pub subject_kind: String,
    /// To which of them.
    pub subject_id: String,
    /// What changed: JSON.
    pub details: String,
    /// From where.
    pub peer: String,
}

/// Adds a row.
pub async fn insert(
    sql: &mut Sql<'_>,
    id: AuditId,
    at: Timestamp,
    entry: &Entry,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO audit (id, at, actor_id, act, subject_kind, subject_id, details, peer)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        id,
        at,
        entry.actor,
        entry.act,
        entry.subject.0,
        &entry.subject.1,
        entry.details.to_string(),
        &entry.peer
    )
    .await?;
    Ok(())
}

/// Rows before a key, newest first.
pub async fn list(
    sql: &mut Sql<'_>,
    before: (Timestamp, AuditId),
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    fetch_all!(
        sql,
        Row,
        "SELECT audit.id, audit.at, audit.actor_id, app_user.name AS actor_name, audit.act,
             audit.subject_kind, audit.subject_id, audit.details, audit.peer
         FROM audit LEFT JOIN app_user ON app_user.id = audit.actor_id
         WHERE audit.at < $1 OR (audit.at = $2 AND audit.id < $3)
         ORDER BY audit.at DESC, audit.id DESC LIMIT $4",
        before.0,
        before.0,
        before.1,
        limit
    )
    .await
}
