//! Rows that a treatment reads and writes.

use rozmova_base::Timestamp;
use rozmova_base::id::InteractionId;

use crate::store::{Sql, StoreError};
use crate::{execute, fetch_one, fetch_optional};

/// Whom to write to, and in answer to what.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Contact {
    pub(super) number: i64,
    pub(super) subject: String,
    pub(super) mailbox: String,
    pub(super) from_name: String,
    pub(super) from_address: String,
    pub(super) from_key: String,
    pub(super) message_id: Option<String>,
    reference_ids: String,
}

impl Contact {
    /// Message-IDs that the client's message refers to.
    pub(super) fn references(&self) -> Vec<String> {
        serde_json::from_str(&self.reference_ids).unwrap_or_default()
    }
}

/// Number of the last event that has a row; 0: none.
pub(super) async fn last_event(sql: &mut Sql<'_>) -> Result<i64, StoreError> {
    let (last,) = fetch_one!(sql, (Option<i64>,), "SELECT MAX(sequence) FROM event").await?;
    Ok(last.unwrap_or(0))
}

/// An e-mail contact with the newest message of its client that a person wrote; `None`: there is
/// nobody to write to.
pub(super) async fn contact(
    sql: &mut Sql<'_>,
    id: InteractionId,
) -> Result<Option<Contact>, StoreError> {
    fetch_optional!(
        sql,
        Contact,
        "SELECT i.number, i.subject, i.mailbox, i.from_name, i.from_address, i.from_key,
           m.message_id, m.reference_ids
         FROM interaction i JOIN message m ON m.interaction_id = i.id
         WHERE i.id = $1 AND i.medium = 'email' AND i.from_address <> ''
           AND m.direction = 'inbound' AND m.kind = 'message' AND m.automatic = 0
         ORDER BY m.at DESC, m.id DESC LIMIT 1",
        id
    )
    .await
}

/// Whether an address got a text since then.
pub(super) async fn was_treated(
    sql: &mut Sql<'_>,
    key: &str,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let found = fetch_optional!(
        sql,
        (Timestamp,),
        "SELECT sent_at FROM acknowledgement WHERE match_key = $1 AND sent_at > $2",
        treated(key),
        since
    );
    Ok(found.await?.is_some())
}

/// Notes that an address got one.
pub(super) async fn note_treated(
    sql: &mut Sql<'_>,
    key: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO acknowledgement (match_key, sent_at) VALUES ($1, $2)
         ON CONFLICT (match_key) DO UPDATE SET sent_at = excluded.sent_at",
        treated(key),
        at
    )
    .await
    .map(drop)
}

/// Beside the keys of acknowledgements, which are addresses: a space is in no address.
fn treated(key: &str) -> String {
    format!("treated {key}")
}
