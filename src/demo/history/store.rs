//! Rows of interactions and messages of the past, in bulk.

use rozmova_base::id::{InteractionId, MessageId};

use super::{PastInteraction, PastMessage};
use crate::store::counter::{self, Counter};
use crate::store::{Sql, StoreError};
use crate::{execute, insert_rows};

/// Inserts interactions, numbered in their order, as they were when they arrived.
pub async fn insert_interactions(
    sql: &mut Sql<'_>,
    interactions: &[PastInteraction],
) -> Result<(), StoreError> {
    let count = i64::try_from(interactions.len()).unwrap_or(i64::MAX);
    let first = counter::take(sql, Counter::Interaction, count).await?;
    let rows: Vec<(i64, &PastInteraction)> = (first..).zip(interactions).collect();
    insert_rows!(
        sql,
        "INSERT INTO interaction (id, number, medium, direction, state, subject, client_id,
            identified_by, candidates, from_name, from_address, from_key, mailbox, queue_id,
            priority, received_at, waiting_since_at, last_message_at, unread, readable,
            disposition_note, event_sequence) VALUES",
        22,
        "",
        rows.as_slice(),
        row => row.1.id, row.0, "email", "inbound", "queued", row.1.subject.as_str(),
        row.1.client.id, "email", 1_i64, row.1.client.name.as_str(), row.1.client.email.as_str(),
        row.1.client.email.as_str(), row.1.mailbox.as_str(), row.1.queue, 0_i64,
        row.1.received_at, row.1.received_at, row.1.last_message_at, 0_i64, 1_i16,
        row.1.disposition_note.as_str(), 0_i64
    )
    .await?;
    Ok(())
}

/// Inserts messages. They have no raw form: they never went over a wire.
pub async fn insert_messages(
    sql: &mut Sql<'_>,
    messages: &[PastMessage],
) -> Result<(), StoreError> {
    let rows: Vec<(&PastMessage, String, String)> = messages
        .iter()
        .map(|message| (message, recipients(message), message_id(message.id)))
        .collect();
    insert_rows!(
        sql,
        "INSERT INTO message (id, interaction_id, kind, direction, medium, channel, at, author_id,
            from_name, from_address, recipients, subject, body, has_html, raw_bytes, message_id,
            reference_ids, authentication, defects, readable, automatic) VALUES",
        21,
        "",
        rows.as_slice(),
        row => row.0.id, row.0.interaction, if row.0.is_note { "note" } else { "message" },
        direction(row.0), "email", "email", row.0.at, row.0.author, row.0.from.0.as_str(),
        row.0.from.1.as_str(), row.1.as_str(), row.0.subject.as_str(), row.0.body.as_str(), 0_i16,
        0_i64, (!row.0.is_note).then_some(row.2.as_str()), "[]", "", "", 1_i16, 0_i16
    )
    .await?;
    Ok(())
}

/// Sets what agents wrote beside the results.
pub async fn set_unread(sql: &mut Sql<'_>, open: &[InteractionId]) -> Result<(), StoreError> {
    for interaction in open {
        execute!(sql, "UPDATE interaction SET unread = 1 WHERE id = $1", *interaction).await?;
    }
    Ok(())
}

const fn direction(message: &PastMessage) -> &'static str {
    match (message.author.is_some(), message.is_note) {
        (_, true) => "internal",
        (true, false) => "outbound",
        (false, false) => "inbound",
    }
}

fn recipients(message: &PastMessage) -> String {
    if message.is_note {
        return r#"{"to":[],"cc":[],"bcc":[],"reply_to":[]}"#.to_owned();
    }
    let to = serde_json::json!({ "name": message.to.0, "address": message.to.1 });
    serde_json::json!({ "to": [to], "cc": [], "bcc": [], "reply_to": [] }).to_string()
}

fn message_id(id: MessageId) -> String {
    format!("{id}@history.example")
}
