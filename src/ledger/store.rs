//! Lines of the ledger, filings and reconciliations in rows.

use rozmova_base::Timestamp;
use rozmova_base::id::{IdMaker, InteractionId, MessageId, ReceptionId, ReconciliationId, UserId};

use super::model::{Line, Ruled};
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_in, fetch_one, fetch_optional};

/// Rows read at once by a reconciliation.
pub(super) const PAGE_ROWS: i64 = 500;

#[derive(Debug, sqlx::FromRow)]
struct LineRow {
    id: ReceptionId,
    channel: String,
    received_at: Timestamp,
    outcome: String,
    message_id: MessageId,
    sha256: Vec<u8>,
    kind: Option<String>,
    readable: Option<i16>,
    raw_sha256: Option<Vec<u8>>,
    interaction_id: Option<InteractionId>,
    filed: Option<String>,
    ruled: i64,
    spooled: i64,
}

/// Lines behind `after` in the order in which they were written, with what they speak of.
pub(super) async fn lines(sql: &mut Sql<'_>, after: ReceptionId) -> Result<Vec<Line>, StoreError> {
    let rows = fetch_all!(
        sql,
        LineRow,
        "SELECT r.id, r.channel, r.received_at, r.outcome, r.message_id, r.sha256, m.kind,
            m.readable, m.raw_sha256, i.id AS interaction_id, f.place AS filed,
            CAST(CASE WHEN d.message_id IS NULL THEN 0 WHEN d.restored_at IS NULL THEN 1 ELSE 2 END
                AS BIGINT) AS ruled,
            CAST(CASE WHEN s.sha256 IS NULL THEN 0 ELSE 1 END AS BIGINT) AS spooled
         FROM reception r
         LEFT JOIN message m ON m.id = r.message_id
         LEFT JOIN interaction i ON i.id = m.interaction_id
         LEFT JOIN filing f ON f.message_id = r.message_id
         LEFT JOIN discarded_message d ON d.message_id = r.message_id
         LEFT JOIN spool s ON s.sha256 = r.sha256
         WHERE r.id > $1 ORDER BY r.id LIMIT $2",
        after,
        PAGE_ROWS
    )
    .await?;
    Ok(rows.into_iter().map(Line::from).collect())
}

impl From<LineRow> for Line {
    fn from(row: LineRow) -> Self {
        Self {
            id: row.id,
            channel: row.channel,
            received_at: row.received_at,
            outcome: row.outcome,
            message_id: row.message_id,
            sha256: row.sha256,
            kind: row.kind,
            readable: row.readable,
            raw_sha256: row.raw_sha256,
            interaction_id: row.interaction_id,
            filed: row.filed,
            ruled: match row.ruled {
                0 => Ruled::No,
                1 => Ruled::Discarded,
                _ => Ruled::Restored,
            },
            spooled: row.spooled != 0,
        }
    }
}

/// Messages from outside behind `after` that no line speaks of: id and channel.
pub(super) async fn without_line(
    sql: &mut Sql<'_>,
    after: MessageId,
) -> Result<Vec<(MessageId, String)>, StoreError> {
    fetch_all!(
        sql,
        (MessageId, String),
        "SELECT m.id, m.channel FROM message m
         WHERE m.direction = 'inbound' AND m.medium = 'email' AND m.raw_sha256 IS NOT NULL
            AND m.id > $1 AND NOT EXISTS (SELECT 1 FROM reception r
                WHERE r.message_id = m.id AND r.outcome <> 'repeated')
         ORDER BY m.id LIMIT $2",
        after,
        PAGE_ROWS
    )
    .await
}

/// Which of these places the ledger knows: channel and place.
pub(super) async fn known_places(
    sql: &mut Sql<'_>,
    places: &[String],
) -> Result<Vec<(String, String)>, StoreError> {
    fetch_in!(
        sql, (String, String),
        "SELECT channel, place FROM reception WHERE place IN", "",
        places, place => place.as_str())
    .await
}

/// One arrival of a message.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct ReceptionRow {
    pub(super) id: ReceptionId,
    pub(super) channel: String,
    pub(super) place: String,
    pub(super) received_at: Timestamp,
    pub(super) size_bytes: i64,
    pub(super) sha256: Vec<u8>,
    pub(super) outcome: String,
    pub(super) rule_number: Option<i64>,
}

/// All arrivals of one message, the first one first, at most `limit`.
pub(super) async fn arrivals(
    sql: &mut Sql<'_>,
    message: MessageId,
    limit: i64,
) -> Result<Vec<ReceptionRow>, StoreError> {
    fetch_all!(
        sql,
        ReceptionRow,
        "SELECT r.id, r.channel, r.place, r.received_at, r.size_bytes, r.sha256, r.outcome,
            d.rule_number
         FROM reception r LEFT JOIN discarded_message d ON d.message_id = r.message_id
         WHERE r.message_id = $1 ORDER BY r.id LIMIT $2",
        message,
        limit
    )
    .await
}

/// When the last mail came.
pub(crate) async fn last_received(sql: &mut Sql<'_>) -> Result<Option<Timestamp>, StoreError> {
    let row = fetch_optional!(
        sql,
        (Timestamp,),
        "SELECT received_at FROM reception ORDER BY id DESC LIMIT 1"
    );
    Ok(row.await?.map(|(at,)| at))
}

/// What a person does with a message that could not be read.
#[derive(Clone, Debug)]
pub(super) struct Filing<'a> {
    pub(super) message: MessageId,
    pub(super) place: &'static str,
    pub(super) subject: Option<uuid::Uuid>,
    pub(super) reason: &'a str,
    pub(super) by: UserId,
    pub(super) at: Timestamp,
}

/// Writes it; a message is filed once ([`StoreError::Duplicate`]).
pub(super) async fn file(sql: &mut Sql<'_>, filing: &Filing<'_>) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO filing (message_id, place, subject_id, reason, filed_by, filed_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        filing.message,
        filing.place,
        filing.subject,
        filing.reason,
        filing.by,
        filing.at
    )
    .await?;
    Ok(())
}

/// A message that is on the list of what could not be read: its interaction, when it came, its
/// bytes; `None` when it is not (any more).
#[derive(Debug, sqlx::FromRow)]
pub(super) struct OnTheList {
    pub(super) interaction_id: InteractionId,
    pub(super) channel: String,
    pub(super) at: Timestamp,
    pub(super) raw_sha256: Option<Vec<u8>>,
    pub(super) mailbox: String,
}

/// Looks a message up on the list.
pub(super) async fn on_the_list(
    sql: &mut Sql<'_>,
    message: MessageId,
) -> Result<Option<OnTheList>, StoreError> {
    fetch_optional!(
        sql,
        OnTheList,
        "SELECT m.interaction_id, m.channel, m.at, m.raw_sha256, i.mailbox
         FROM message m JOIN interaction i ON i.id = m.interaction_id
         WHERE m.id = $1 AND m.readable = 0 AND m.direction = 'inbound'
            AND NOT EXISTS (SELECT 1 FROM filing f WHERE f.message_id = m.id)",
        message
    )
    .await
}

/// Moves a message into another interaction; gives how many messages from outside stay behind.
pub(super) async fn move_message(
    sql: &mut Sql<'_>,
    message: MessageId,
    from: InteractionId,
    to: InteractionId,
    at: Timestamp,
) -> Result<i64, StoreError> {
    execute!(sql, "UPDATE message SET interaction_id = $2 WHERE id = $1", message, to).await?;
    execute!(
        sql,
        "UPDATE interaction SET unread = unread + 1,
            last_message_at = CASE WHEN last_message_at < $2 THEN $2 ELSE last_message_at END
         WHERE id = $1",
        to,
        at
    )
    .await?;
    let (left,) = fetch_one!(
        sql,
        (i64,),
        "SELECT COUNT(*) FROM message WHERE interaction_id = $1 AND direction = 'inbound'",
        from
    )
    .await?;
    Ok(left)
}

/// Whether there is such an interaction.
pub(super) async fn has_interaction(
    sql: &mut Sql<'_>,
    id: InteractionId,
) -> Result<bool, StoreError> {
    let row =
        fetch_optional!(sql, (InteractionId,), "SELECT id FROM interaction WHERE id = $1", id);
    Ok(row.await?.is_some())
}

/// A reconciliation as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct ReconciliationRow {
    pub(crate) id: ReconciliationId,
    pub(crate) requested_by: Option<UserId>,
    pub(crate) started_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) state: String,
    pub(crate) report: String,
}

/// Notes that one has begun.
pub(crate) async fn begin(
    sql: &mut Sql<'_>,
    ids: &dyn IdMaker,
    by: Option<UserId>,
    at: Timestamp,
) -> Result<ReconciliationId, StoreError> {
    let id = ReconciliationId::make(ids);
    execute!(
        sql,
        "INSERT INTO reconciliation (id, requested_by, started_at, finished_at, state, report)
         VALUES ($1, $2, $3, NULL, 'running', '')",
        id,
        by,
        at
    )
    .await?;
    Ok(id)
}

/// Notes what it found.
pub(crate) async fn finish(
    sql: &mut Sql<'_>,
    id: ReconciliationId,
    state: &str,
    report: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "UPDATE reconciliation SET finished_at = $2, state = $3, report = $4 WHERE id = $1",
        id,
        at,
        state,
        report
    )
    .await?;
    Ok(())
}

/// What a crash left unfinished is not running any more.
pub(crate) async fn forget_running(sql: &mut Sql<'_>) -> Result<(), StoreError> {
    execute!(sql, "UPDATE reconciliation SET state = 'interrupted' WHERE state = 'running'")
        .await?;
    Ok(())
}

/// Reconciliations before `before`, newest first.
pub(crate) async fn reconciliations(
    sql: &mut Sql<'_>,
    before: Option<ReconciliationId>,
    limit: i64,
) -> Result<Vec<ReconciliationRow>, StoreError> {
    fetch_all!(
        sql,
        ReconciliationRow,
        "SELECT id, requested_by, started_at, finished_at, state, report FROM reconciliation
         WHERE id < $1 ORDER BY id DESC LIMIT $2",
        before.unwrap_or(ReconciliationId::from_u128(u128::MAX)),
        limit
    )
    .await
}

/// One of them.
pub(super) async fn reconciliation(
    sql: &mut Sql<'_>,
    id: ReconciliationId,
) -> Result<Option<ReconciliationRow>, StoreError> {
    fetch_optional!(
        sql,
        ReconciliationRow,
        "SELECT id, requested_by, started_at, finished_at, state, report FROM reconciliation
         WHERE id = $1",
        id
    )
    .await
}
