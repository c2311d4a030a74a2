//! Messages of ours and their way out.

use channel_contract::Party;
use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, MessageId, OutboxId, UserId};

use super::delivery::{self, RecipientReport, State};
use crate::intake::store::Recipients;
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

/// A message to be sent: a row of `message` and one of `outbox`, written together.
#[derive(Clone, Debug)]
pub struct NewOutgoing<'a> {
    /// The message.
    pub id: MessageId,
    /// Its command.
    pub outbox: OutboxId,
    /// Where it belongs.
    pub interaction: InteractionId,
    /// `message` or `auto_reply`.
    pub kind: &'static str,
    /// Who wrote it; `None`: the server.
    pub author: Option<UserId>,
    /// The bank's address and name.
    pub from: &'a Party,
    /// JSON of the column.
    pub recipients: String,
    /// One line.
    pub subject: &'a str,
    /// The text.
    pub text: &'a str,
    /// JSON array of Message-IDs, oldest first; the last one is answered.
    pub references: String,
    /// Written by the server itself.
    pub automatic: bool,
    /// Sent at this time or later: until then it can be undone.
    pub not_before: Timestamp,
    /// When the writer chose that time: how it was named.
    pub schedule: Option<&'a Schedule>,
    /// When it was written.
    pub at: Timestamp,
}

/// A time that the writer has chosen for a message to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The time.
    pub send_at: Timestamp,
    /// The zone in which it was named: `Europe/Kyiv`.
    pub time_zone: String,
    /// As it was named: `2026-11-24T09:00`.
    pub local_time: String,
}

/// Writes both rows, and one for each recipient.
pub async fn insert(sql: &mut Sql<'_>, row: &NewOutgoing<'_>) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO message (id, interaction_id, kind, direction, medium, channel, at, author_id,
            from_name, from_address, recipients, subject, body, reply_length_bytes, has_html,
            raw_bytes, reference_ids, authentication, defects, readable, automatic)
         VALUES ($1, $2, $3, 'outbound', 'email', '', $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, $12,
            '', '', 1, $13)",
        row.id,
        row.interaction,
        row.kind,
        row.at,
        row.author,
        row.from.name.as_str(),
        row.from.address.as_str(),
        row.recipients.as_str(),
        row.subject,
        row.text,
        row.text.len() as i64,
        row.references.as_str(),
        i16::from(row.automatic)
    )
    .await?;
    execute!(
        sql,
        "INSERT INTO outbox (id, message_id, command, state, attempts, not_before_at, created_at,
            changed_at, detail)
         VALUES ($1, $2, 'send_message', 'queued', 0, $3, $4, $4, '')",
        row.outbox,
        row.id,
        row.not_before,
        row.at
    )
    .await?;
    let recipients: Recipients<'_> = serde_json::from_str(&row.recipients).unwrap_or_default();
    let all = recipients.to.iter().chain(recipients.cc.iter()).chain(recipients.bcc.iter());
    let addresses: Vec<String> = all.map(|party| party.address.clone()).collect();
    delivery::store::insert(sql, row.id, &addresses, row.at).await?;
    if let Some(schedule) = row.schedule {
        execute!(
            sql,
            "INSERT INTO scheduled_sending (message_id, send_at, time_zone, local_time)
             VALUES ($1, $2, $3, $4)",
            row.id,
            schedule.send_at,
            schedule.time_zone.as_str(),
            schedule.local_time.as_str()
        )
        .await?;
    }
    Ok(())
}

/// Forgets when and to whom a message that never left should have gone.
pub async fn forget_recipients(sql: &mut Sql<'_>, message: MessageId) -> Result<(), StoreError> {
    execute!(sql, "DELETE FROM scheduled_sending WHERE message_id = $1", message).await?;
    delivery::store::remove(sql, message).await
}

/// A command that is due.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Due {
    pub(super) id: OutboxId,
    pub(super) message_id: MessageId,
    pub(super) attempts: i64,
    pub(super) created_at: Timestamp,
}

/// Takes what is due and marks it, oldest first. `attempts` counts this one too.
pub(super) async fn claim(
    sql: &mut Sql<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Due>, StoreError> {
    let mut due = fetch_all!(
        sql,
        Due,
        "SELECT id, message_id, attempts, created_at FROM outbox
         WHERE state = 'queued' AND not_before_at <= $1 ORDER BY not_before_at, id LIMIT $2",
        now,
        limit
    )
    .await?;
    for row in &mut due {
        row.attempts += 1;
        execute!(
            sql,
            "UPDATE outbox SET state = 'sending', attempts = $2, changed_at = $3 WHERE id = $1",
            row.id,
            row.attempts,
            now
        )
        .await?;
    }
    Ok(due)
}

/// Holds what is due, was written beforehand, and has been overtaken: the client has written since,
/// and its writer has to read that first. Gives what was held now.
pub(super) async fn hold_overtaken(
    sql: &mut Sql<'_>,
    now: Timestamp,
) -> Result<Vec<MessageId>, StoreError> {
    let rows = fetch_all!(
        sql,
        (MessageId,),
        "UPDATE outbox SET state = 'held', changed_at = $1
         WHERE state = 'queued' AND attempts = 0 AND not_before_at <= $1 AND EXISTS
           (SELECT 1 FROM scheduled_sending s JOIN message m ON m.id = s.message_id
            JOIN message n ON n.interaction_id = m.interaction_id
            WHERE s.message_id = outbox.message_id AND n.at > m.at AND n.direction = 'inbound'
              AND n.kind = 'message' AND n.automatic = 0)
         RETURNING message_id",
        now
    );
    Ok(rows.await?.into_iter().map(|(id,)| id).collect())
}

/// Lets a held message leave now; gives whether it was held. It is no longer one that waits for
/// its time, so that it is not held again.
pub async fn release(
    sql: &mut Sql<'_>,
    message: MessageId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let released = execute!(
        sql,
        "UPDATE outbox SET state = 'queued', not_before_at = $2, changed_at = $2
         WHERE message_id = $1 AND state = 'held'",
        message,
        now
    )
    .await?;
    if released > 0 {
        execute!(sql, "DELETE FROM scheduled_sending WHERE message_id = $1", message).await?;
    }
    Ok(released > 0)
}

/// When the next command is due.
pub(super) async fn next_due(sql: &mut Sql<'_>) -> Result<Option<Timestamp>, StoreError> {
    let row = fetch_one!(
        sql,
        (Option<i64>,),
        "SELECT MIN(not_before_at) FROM outbox WHERE state = 'queued'"
    );
    Ok(row.await?.0.map(Timestamp))
}

/// What the process was sending when it ended is sent again, under the same Message-ID.
pub(super) async fn take_up_again(sql: &mut Sql<'_>) -> Result<u64, StoreError> {
    execute!(sql, "UPDATE outbox SET state = 'queued' WHERE state = 'sending'").await
}

/// It went out to everybody.
pub(super) async fn mark_sent(
    sql: &mut Sql<'_>,
    due: &Due,
    receipt: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "UPDATE outbox SET state = 'sent', changed_at = $2, detail = $3 WHERE id = $1",
        due.id,
        now,
        receipt
    )
    .await?;
    Ok(())
}

/// It went out under this Message-ID.
pub(super) async fn name_message(
    sql: &mut Sql<'_>,
    message: MessageId,
    message_id: &str,
) -> Result<(), StoreError> {
    execute!(sql, "UPDATE message SET message_id = $2 WHERE id = $1", message, message_id).await?;
    Ok(())
}

/// It is tried again later (`queued`) or given up (`failed`).
pub(super) async fn mark_unsent(
    sql: &mut Sql<'_>,
    due: &Due,
    state: &str,
    not_before: Timestamp,
    detail: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "UPDATE outbox SET state = $2, not_before_at = $3, changed_at = $4, detail = $5
         WHERE id = $1",
        due.id,
        state,
        not_before,
        now,
        detail
    )
    .await?;
    Ok(())
}

/// A delivery report came back. What has failed for one recipient stays failed; a command that is
/// still tried for others is left alone.
pub async fn note_report(
    sql: &mut Sql<'_>,
    message: MessageId,
    report: &RecipientReport,
    now: Timestamp,
) -> Result<(), StoreError> {
    delivery::store::note_report(sql, message, report, now).await?;
    let state = match report.state {
        State::Failed => "failed",
        State::Delivered if all_delivered(sql, message).await? => "delivered",
        State::Delivered | State::Delayed | State::Sent | State::Queued => "sent",
    };
    execute!(
        sql,
        "UPDATE outbox SET state = $2, detail = $3, changed_at = $4
         WHERE message_id = $1 AND state NOT IN ('failed', 'queued', 'sending')
            AND (state <> 'delivered' OR $2 = 'failed')",
        message,
        state,
        report.detail.as_str(),
        now
    )
    .await?;
    Ok(())
}

async fn all_delivered(sql: &mut Sql<'_>, message: MessageId) -> Result<bool, StoreError> {
    let open = fetch_one!(
        sql,
        (i64,),
        "SELECT COUNT(*) FROM delivery WHERE message_id = $1 AND state <> 'delivered'",
        message
    );
    Ok(open.await?.0 == 0)
}

/// Takes a command back that has not been begun; gives whether that was still possible.
pub async fn withdraw(
    sql: &mut Sql<'_>,
    message: MessageId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let taken_back = execute!(
        sql,
        "DELETE FROM outbox
         WHERE message_id = $1 AND attempts = 0
            AND (state = 'held' OR (state = 'queued' AND not_before_at > $2))",
        message,
        now
    );
    Ok(taken_back.await? > 0)
}

/// Everything needed to send a message again and again in the same way.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Outgoing {
    pub(super) interaction_id: InteractionId,
    pub(super) at: Timestamp,
    pub(super) from_name: String,
    pub(super) from_address: String,
    pub(super) recipients: String,
    pub(super) subject: String,
    pub(super) body: String,
    pub(super) reference_ids: String,
    pub(super) automatic: i16,
}

/// Reads it.
pub(super) async fn outgoing(
    sql: &mut Sql<'_>,
    message: MessageId,
) -> Result<Option<Outgoing>, StoreError> {
    fetch_optional!(
        sql,
        Outgoing,
        "SELECT interaction_id, at, from_name, from_address, recipients, subject, body,
            reference_ids, automatic FROM message WHERE id = $1",
        message
    )
    .await
}

/// A file that goes with a message.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) sha256: Vec<u8>,
}

/// The files of a message, in their order.
pub(super) async fn files(sql: &mut Sql<'_>, message: MessageId) -> Result<Vec<File>, StoreError> {
    fetch_all!(
        sql,
        File,
        "SELECT name, media_type, sha256 FROM attachment WHERE message_id = $1 ORDER BY id",
        message
    )
    .await
}

/// How the outbox fares, for the health page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxState {
    /// Waiting or being sent.
    pub waiting: i64,
    /// Of these, tried in vain so far.
    pub failing: i64,
    /// When the oldest of the waiting was written.
    pub oldest_at: Option<Timestamp>,
}

/// Counts.
pub async fn state(sql: &mut Sql<'_>) -> Result<OutboxState, StoreError> {
    let row = fetch_one!(
        sql,
        (i64, i64, Option<i64>),
        "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN detail <> '' THEN 1 ELSE 0 END), 0)
            AS BIGINT), MIN(created_at)
         FROM outbox WHERE state IN ('queued', 'sending')"
    );
    let (waiting, failing, oldest) = row.await?;
    Ok(OutboxState { waiting, failing, oldest_at: oldest.map(Timestamp) })
}

/// Where a message belongs.
pub(super) async fn interaction_of(
    sql: &mut Sql<'_>,
    message: MessageId,
) -> Result<Option<InteractionId>, StoreError> {
    let row = fetch_optional!(
        sql,
        (InteractionId,),
        "SELECT interaction_id FROM message WHERE id = $1",
        message
    );
    Ok(row.await?.map(|(interaction,)| interaction))
}
