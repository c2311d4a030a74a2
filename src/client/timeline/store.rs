//! Messages, notes and ends of contacts of one client as one list by time.

use rozmova_base::Timestamp;
use rozmova_base::id::{ClientId, InteractionId, MessageId, UserId};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::interaction::reach::Reach;
use crate::on_engine;
use crate::store::{Sql, StoreError};

/// Characters of a message that the list shows; the whole is at the interaction.
pub const EXCERPT_CHARS: i64 = 600;

/// Where a page begins: before the last entry of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// Its time.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

impl Before {
    /// Later than everything.
    pub const NEWEST: Self = Self { at: Timestamp(i64::MAX), id: Uuid::max() };
}

/// One entry: a message or note, or the end of an interaction.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    /// Of the message, or of the interaction.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// To which contact it belongs.
    pub interaction_id: InteractionId,
    /// Number of that contact.
    pub number: i64,
    /// What that contact is about.
    pub interaction_subject: String,
    /// How that contact came or went.
    pub medium: String,
    /// What becomes of that contact.
    pub state: String,
    /// None: the entry is the end of the interaction.
    pub message_id: Option<MessageId>,
    /// `message`, `note`, `bounce` …
    pub kind: Option<String>,
    /// `inbound`, `outbound`, `internal`.
    pub direction: Option<String>,
    /// Who wrote it, as the message says.
    pub from_name: Option<String>,
    /// The address that it came from or went out from.
    pub from_address: Option<String>,
    /// Which of our people wrote it, or ended the contact.
    pub author_id: Option<UserId>,
    /// That person as shown.
    pub author_name: Option<String>,
    /// Subject of the message, or the result of the contact.
    pub subject: Option<String>,
    /// The first characters of the text, or the note to the result.
    pub excerpt: Option<String>,
    /// Number of files.
    pub attachments: i64,
}

/// One page of what is within reach, newest first; `medium` empty: all media.
pub async fn list(
    sql: &mut Sql<'_>,
    reach: &Reach,
    client: ClientId,
    medium: &str,
    before: Before,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    // Only literals and parameter numbers are in the text.
    let text = AssertSqlSafe(text(&reach.predicate_from(7)));
    on_engine!(sql, connection => {
        let mut query = sqlx::query_as(text)
            .bind(client)
            .bind(medium)
            .bind(before.at)
            .bind(before.id)
            .bind(limit)
            .bind(EXCERPT_CHARS);
        for bound in reach.bound() {
            query = query.bind(bound);
        }
        query.fetch_all(connection).await.map_err(StoreError::from)
    })
}

fn text(predicate: &str) -> String {
    format!(
        "SELECT m.id, m.at, i.id AS interaction_id, i.number, i.subject AS interaction_subject,
            i.medium, i.state, m.id AS message_id, m.kind, m.direction, m.from_name,
            m.from_address, m.author_id, u.name AS author_name, m.subject,
            SUBSTR(m.body, 1, CAST($6 AS INTEGER)) AS excerpt,
            (SELECT COUNT(*) FROM attachment a WHERE a.message_id = m.id) AS attachments
         FROM interaction i JOIN message m ON m.interaction_id = i.id
            LEFT JOIN app_user u ON u.id = m.author_id
         WHERE i.client_id = $1 AND (i.medium = $2 OR $2 = '') AND (m.at, m.id) < ($3, $4)
            AND {predicate}
         UNION ALL
         SELECT i.id, i.closed_at, i.id, i.number, i.subject, i.medium, i.state,
            CAST(NULL AS UUID), CAST(NULL AS TEXT), CAST(NULL AS TEXT), CAST(NULL AS TEXT),
            CAST(NULL AS TEXT), i.agent_id, u.name, r.name, i.disposition_note, CAST(0 AS BIGINT)
         FROM interaction i LEFT JOIN app_user u ON u.id = i.agent_id
            LEFT JOIN routing_item r ON r.kind = 'disposition' AND r.id = i.disposition_id
         WHERE i.client_id = $1 AND (i.medium = $2 OR $2 = '')
            AND i.closed_at IS NOT NULL AND (i.closed_at, i.id) < ($3, $4) AND {predicate}
         ORDER BY 2 DESC, 1 DESC LIMIT $5"
    )
}

#[cfg(test)]
mod tests;
