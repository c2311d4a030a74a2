//! Rows of texts.

use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, QueueId, TextId, UserId};

use super::model::{NewText, Text, TextKind};
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: TextId,
    kind: String,
    queue_id: Option<QueueId>,
    language: String,
    name: String,
    body: String,
    changed_at: Timestamp,
    changed_by: Option<UserId>,
}

impl From<Row> for Text {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            kind: TextKind::from_row(&row.kind),
            queue_id: row.queue_id,
            language: row.language,
            name: row.name,
            body: row.body,
            changed_at: row.changed_at,
            changed_by: row.changed_by,
        }
    }
}

/// All of them, by kind and name.
pub async fn list(sql: &mut Sql<'_>) -> Result<Vec<Text>, StoreError> {
    let rows = fetch_all!(
        sql,
        Row,
        "SELECT id, kind, queue_id, language, name, body, changed_at, changed_by
         FROM text_template ORDER BY kind, name, id"
    );
    Ok(rows.await?.into_iter().map(Text::from).collect())
}

/// Those of one kind for one queue, its own before those of all queues.
pub async fn of_queue(
    sql: &mut Sql<'_>,
    kind: TextKind,
    queue: QueueId,
) -> Result<Vec<Text>, StoreError> {
    let rows = fetch_all!(
        sql,
        Row,
        "SELECT id, kind, queue_id, language, name, body, changed_at, changed_by
         FROM text_template WHERE kind = $1 AND (queue_id = $2 OR queue_id IS NULL)
         ORDER BY CASE WHEN queue_id IS NULL THEN 1 ELSE 0 END, name, id",
        kind.as_str(),
        queue
    );
    Ok(rows.await?.into_iter().map(Text::from).collect())
}

/// One text.
pub async fn load(sql: &mut Sql<'_>, id: TextId) -> Result<Option<Text>, StoreError> {
    let row = fetch_optional!(
        sql,
        Row,
        "SELECT id, kind, queue_id, language, name, body, changed_at, changed_by
         FROM text_template WHERE id = $1",
        id
    );
    Ok(row.await?.map(Text::from))
}

/// How many there are.
pub async fn count(sql: &mut Sql<'_>) -> Result<i64, StoreError> {
    Ok(fetch_one!(sql, (i64,), "SELECT COUNT(*) FROM text_template").await?.0)
}

/// Adds or replaces one.
pub async fn save(
    sql: &mut Sql<'_>,
    id: TextId,
    text: &NewText,
    by: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO text_template (id, kind, queue_id, language, name, body, changed_at,
            changed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, queue_id = excluded.queue_id,
            language = excluded.language, name = excluded.name, body = excluded.body,
            changed_at = excluded.changed_at, changed_by = excluded.changed_by",
        id,
        text.kind.as_str(),
        text.queue_id,
        text.language.as_str(),
        text.name.as_str(),
        text.body.as_str(),
        now,
        by
    )
    .await
    .map(drop)
}

/// Removes one; `false`: there is none.
pub async fn remove(sql: &mut Sql<'_>, id: TextId) -> Result<bool, StoreError> {
    Ok(execute!(sql, "DELETE FROM text_template WHERE id = $1", id).await? > 0)
}

/// Name of an interaction's client; empty when it is unknown or not confirmed.
pub async fn client_name(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
) -> Result<String, StoreError> {
    let row = fetch_optional!(
        sql,
        (String,),
        "SELECT c.name FROM interaction i JOIN client c ON c.id = i.client_id
         WHERE i.id = $1 AND i.identified_by <> 'proposed'",
        interaction
    );
    Ok(row.await?.map_or_else(String::new, |(name,)| name))
}
