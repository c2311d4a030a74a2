//! Rows of `examination`.

use channel_contract::{Authentication, Envelope, MessageKind, StoredMessage};
use rozmova_base::Timestamp;
use rozmova_base::address::EmailAddress;
use rozmova_base::id::{InteractionId, MessageId};

use super::model::ATTEMPTS_MAX;
use crate::intake::plan::NewMessage;
use crate::intake::store::{clean, json};
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_in, fetch_one, fetch_optional, insert_rows};

/// Has received messages looked at; part of the transaction that stores them.
pub(crate) async fn request(
    sql: &mut Sql<'_>,
    messages: &[NewMessage<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    let is_read = |message: &&NewMessage<'_>| {
        message.inbound.readable && message.inbound.kind != MessageKind::Bounce
    };
    let rows: Vec<&NewMessage<'_>> = messages.iter().filter(is_read).collect();
    insert_rows!(
        sql,
        "INSERT INTO examination (message_id, due_at, is_history, mail_from, peer) VALUES",
        5,
        // What is read anew is looked at anew.
        "ON CONFLICT (message_id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at,
            attempts = 0",
        rows.as_slice(),
        row => row.id, now, i16::from(row.inbound.origin.is_history),
            row.inbound.envelope.mail_from.as_deref().map(clean),
            row.inbound.envelope.peer.as_deref().map(clean))
    .await?;
    Ok(())
}

/// A message that is due.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Due {
    pub(super) message_id: MessageId,
    /// Where it was then.
    pub(super) interaction_id: InteractionId,
    /// How often it has been looked at, this time included.
    pub(super) attempts: i64,
    is_history: i16,
    mail_from: Option<String>,
    peer: Option<String>,
    from_address: String,
    text: String,
    reply_length_bytes: Option<i64>,
    authentication: String,
    pub(super) raw_sha256: Option<Vec<u8>>,
    pub(super) raw_bytes: i64,
}

impl Due {
    /// What the channel is to look at; the raw bytes are not here.
    pub(super) fn message(&self) -> StoredMessage {
        let length = self.reply_length_bytes.and_then(|length| usize::try_from(length).ok());
        let reply = length.and_then(|length| self.text.get(..length)).unwrap_or(&self.text);
        StoredMessage {
            envelope: Envelope {
                mail_from: self.mail_from.clone(),
                peer: self.peer.clone(),
                ..Envelope::default()
            },
            from: self.from_address.clone(),
            reply_text: reply.to_owned(),
            authentication: serde_json::from_str(&self.authentication).unwrap_or_default(),
            is_history: self.is_history != 0,
            ..StoredMessage::default()
        }
    }
}

/// Marks what is due as being looked at, and counts it: oldest first, at most `limit`.
pub(super) async fn claim(
    sql: &mut Sql<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Due>, StoreError> {
    let claimed = fetch_all!(
        sql,
        (MessageId,),
        "UPDATE examination SET state = 'running', attempts = attempts + 1
         WHERE message_id IN (SELECT message_id FROM examination
            WHERE due_at <= $1 AND state = 'waiting' ORDER BY due_at, message_id LIMIT $2)
         RETURNING message_id",
        now,
        limit
    )
    .await?;
    fetch_in!(
        sql, Due,
        // A language shows in the first thousands of characters.
        "SELECT e.message_id, m.interaction_id, e.attempts, e.is_history, e.mail_from, e.peer,
            m.from_address, m.reply_length_bytes, m.authentication, m.raw_sha256, m.raw_bytes,
            SUBSTR(COALESCE(m.reply, m.body), 1, 6000) AS text
         FROM examination e JOIN message m ON m.id = e.message_id WHERE e.message_id IN",
        "ORDER BY e.message_id",
        claimed.as_slice(), id => id.0)
    .await
}

/// When the next message is due.
pub(super) async fn next_due(sql: &mut Sql<'_>) -> Result<Option<Timestamp>, StoreError> {
    let row = fetch_one!(
        sql,
        (Option<i64>,),
        "SELECT MIN(due_at) FROM examination WHERE due_at IS NOT NULL AND state = 'waiting'"
    );
    Ok(row.await?.0.map(Timestamp))
}

/// What was being looked at when the process ended is looked at again; what has ended it too often
/// is not. Gives how many are.
pub(super) async fn take_up_again(sql: &mut Sql<'_>) -> Result<u64, StoreError> {
    execute!(
        sql,
        "UPDATE examination SET state = 'failed', due_at = NULL
         WHERE due_at IS NOT NULL AND state = 'running' AND attempts >= $1",
        ATTEMPTS_MAX
    )
    .await?;
    execute!(
        sql,
        "UPDATE examination SET state = 'waiting' WHERE due_at IS NOT NULL AND state = 'running'"
    )
    .await
}

/// What was found out, and when the message is looked at again.
#[derive(Clone, Debug)]
pub(super) struct Finding<'a> {
    pub(super) message: MessageId,
    pub(super) language: Option<&'a str>,
    /// `None`: looking at it failed, and what the arrival said remains.
    pub(super) authentication: Option<&'a Authentication>,
    pub(super) again_at: Option<Timestamp>,
}

/// Writes it down.
pub(super) async fn note(
    sql: &mut Sql<'_>,
    finding: &Finding<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let state = match (finding.authentication, finding.again_at) {
        (_, Some(_)) => "waiting",
        (Some(_), None) => "done",
        (None, None) => "failed",
    };
    execute!(
        sql,
        "UPDATE examination SET state = $2, due_at = $3, language = $4, authentication = $5,
            examined_at = $6
         WHERE message_id = $1",
        finding.message,
        state,
        finding.again_at,
        finding.language,
        finding.authentication.map(json).unwrap_or_default(),
        now
    )
    .await
    .map(drop)
}

/// The contact of a message, with the address with which it began, when its client is only
/// proposed and the message came from that very address.
pub(super) async fn proposed(
    sql: &mut Sql<'_>,
    message: MessageId,
) -> Result<Option<(InteractionId, String)>, StoreError> {
    let row = fetch_optional!(
        sql,
        (InteractionId, String, String),
        "SELECT i.id, i.from_key, m.from_address
         FROM message m JOIN interaction i ON i.id = m.interaction_id
         WHERE m.id = $1 AND i.identified_by = 'proposed'",
        message
    );
    let is_same = |key: &str, address: &str| {
        EmailAddress::parse(address).is_ok_and(|address| address.as_str() == key)
    };
    let found = row.await?.filter(|(_, key, address)| is_same(key, address));
    Ok(found.map(|(id, key, _)| (id, key)))
}
