//! Rules in rows, what they did, and what they had discarded.

use std::collections::{BTreeMap, BTreeSet};

use channel_contract::{MessageKind, Party};
use jiff::tz::TimeZone;
use rozmova_base::Timestamp;
use rozmova_base::id::{ClientId, InteractionId, MessageId, RuleId, TextId, UserId};

use super::compile::{Answer, References};
use super::evaluate::{Discard, Matched};
use super::facts::BODY_BYTES_MAX;
use super::model::{Action, NewRule, Rule};
use crate::intake::store::{Recipients, json};
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_in, fetch_one, fetch_optional, insert_rows};

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: RuleId,
    name: String,
    enabled: i16,
    condition: String,
    acts: String,
    changed_at: Timestamp,
    changed_by: Option<UserId>,
}

/// All rules in their order.
pub async fn list(sql: &mut Sql<'_>) -> Result<Vec<Rule>, StoreError> {
    let rows = fetch_all!(
        sql,
        Row,
        "SELECT id, name, enabled, condition, acts, changed_at, changed_by FROM rule
         ORDER BY position, id"
    );
    rows.await?.into_iter().zip(1..).map(|(row, number)| rule(row, number)).collect()
}

fn rule(row: Row, number: u32) -> Result<Rule, StoreError> {
    let fault = |error: serde_json::Error| {
        StoreError::Fault(format!("the rule {} ({}) cannot be read: {error}", row.name, row.id))
    };
    let content = NewRule {
        condition: serde_json::from_str(&row.condition).map_err(fault)?,
        acts: serde_json::from_str(&row.acts).map_err(fault)?,
        enabled: row.enabled != 0,
        name: row.name,
    };
    Ok(Rule {
        id: row.id,
        number,
        version: content.version(),
        content,
        changed_at: row.changed_at,
        changed_by: row.changed_by,
    })
}

/// Adds a rule at the end of the order, or replaces the one with this id in its place.
pub async fn save(
    sql: &mut Sql<'_>,
    id: RuleId,
    content: &NewRule,
    by: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO rule (id, position, name, enabled, condition, acts, changed_at, changed_by)
         SELECT $1, COALESCE(MAX(position), 0) + 1, $2, $3, $4, $5, $6, $7 FROM rule WHERE 1 = 1
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, enabled = excluded.enabled,
            condition = excluded.condition, acts = excluded.acts,
            changed_at = excluded.changed_at, changed_by = excluded.changed_by",
        id,
        content.name.as_str(),
        i16::from(content.enabled),
        json(&content.condition),
        json(&content.acts),
        now,
        by
    )
    .await
    .map(drop)
}

/// Removes a rule.
pub async fn remove(sql: &mut Sql<'_>, id: RuleId) -> Result<(), StoreError> {
    execute!(sql, "DELETE FROM rule WHERE id = $1", id).await.map(drop)
}

/// Puts the rules into this order.
pub async fn arrange(sql: &mut Sql<'_>, order: &[RuleId]) -> Result<(), StoreError> {
    for (id, position) in order.iter().zip(1_i64..) {
        execute!(sql, "UPDATE rule SET position = $2 WHERE id = $1", *id, position).await?;
    }
    Ok(())
}

/// What these rules refer to, as it is now. `zone`: where the centre is.
pub async fn references(
    sql: &mut Sql<'_>,
    rules: impl Iterator<Item = &NewRule>,
    zone: &TimeZone,
) -> Result<References, StoreError> {
    let texts: BTreeSet<TextId> = rules
        .flat_map(|rule| &rule.acts)
        .filter_map(|action| {
            let Action::Reply { text_id } = action else { return None };
            Some(*text_id)
        })
        .collect();
    let texts: Vec<TextId> = texts.into_iter().collect();
    let texts = fetch_in!(
        sql, (TextId, String, String),
        "SELECT id, language, body FROM text_template WHERE kind = 'answer' AND id IN", "",
        texts.as_slice(), id => *id)
    .await?;
    let texts = texts.into_iter().map(|(id, language, body)| (id, Answer { language, body }));
    Ok(References { texts: texts.collect(), zone: zone.clone() })
}

/// A client as rules look at one.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ClientRow {
    id: ClientId,
    /// `prospect`, `client`, `former`.
    pub status: String,
    /// The segment.
    pub segment: String,
}

/// These clients.
pub async fn clients(
    sql: &mut Sql<'_>,
    ids: &[ClientId],
) -> Result<BTreeMap<ClientId, ClientRow>, StoreError> {
    let rows = fetch_in!(
        sql, ClientRow, "SELECT id, status, segment FROM client
         WHERE id IN", "", ids, id => *id)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// What rules did with a message that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The message.
    pub message: MessageId,
    /// The contact that it opened.
    pub interaction: InteractionId,
    /// Rules that it met.
    pub matched: Vec<Matched>,
    /// Words that the contact bears.
    pub tags: Vec<String>,
    /// Why it is nobody's work.
    pub discard: Option<Discard>,
}

/// Writes it down.
pub async fn note(sql: &mut Sql<'_>, judged: &[Judged], now: Timestamp) -> Result<(), StoreError> {
    insert_rows!(
        sql, "INSERT INTO rule_trace (message_id, interaction_id, at, matched) VALUES", 4, "",
        judged,
        row => row.message, row.interaction, now, json(&row.matched))
    .await?;
    let tags: Vec<(InteractionId, &str)> = judged
        .iter()
        .flat_map(|row| row.tags.iter().map(|tag| (row.interaction, tag.as_str())))
        .collect();
    insert_rows!(
        sql, "INSERT INTO interaction_tag (interaction_id, tag) VALUES", 2,
        "ON CONFLICT DO NOTHING", tags.as_slice(), row => row.0, row.1)
    .await?;
    let discarded: Vec<(&Judged, &Discard)> =
        judged.iter().filter_map(|row| Some((row, row.discard.as_ref()?))).collect();
    insert_rows!(
        sql,
        "INSERT INTO discarded_message (message_id, interaction_id, rule_id, rule_number, rule_name,
            reason, discarded_at) VALUES",
        7, "", discarded.as_slice(),
        row => row.0.message, row.0.interaction, row.1.rule, i64::from(row.1.number),
            row.1.name.as_str(), row.1.reason.as_str(), now)
    .await?;
    Ok(())
}

/// What rules did with the messages of a contact: message, when, rules in order.
pub async fn traces(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
) -> Result<Vec<(MessageId, Timestamp, Vec<Matched>)>, StoreError> {
    let rows = fetch_all!(
        sql,
        (MessageId, Timestamp, String),
        "SELECT message_id, at, matched FROM rule_trace WHERE interaction_id = $1
         ORDER BY at, message_id",
        interaction
    );
    let read = |(message, at, matched): (MessageId, Timestamp, String)| {
        (message, at, serde_json::from_str(&matched).unwrap_or_default())
    };
    Ok(rows.await?.into_iter().map(read).collect())
}

/// Words that a contact bears.
pub async fn tags(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
) -> Result<Vec<String>, StoreError> {
    let rows = fetch_all!(
        sql,
        (String,),
        "SELECT tag FROM interaction_tag WHERE interaction_id = $1 ORDER BY tag",
        interaction
    );
    Ok(rows.await?.into_iter().map(|(tag,)| tag).collect())
}

/// A message that a rule has discarded.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DiscardedRow {
    /// The message.
    pub message_id: MessageId,
    /// Its contact.
    pub interaction_id: InteractionId,
    /// Number of the contact.
    pub number: i64,
    /// The rule.
    pub rule_id: RuleId,
    /// Its number then.
    pub rule_number: i64,
    /// Its name then.
    pub rule_name: String,
    /// Why.
    pub reason: String,
    /// When.
    pub discarded_at: Timestamp,
    /// From whom.
    pub from_name: String,
    /// From which address.
    pub from_address: String,
    /// Its subject.
    pub subject: String,
}

/// Discarded messages that nobody has taken back, newest first.
pub async fn discarded(
    sql: &mut Sql<'_>,
    before: Option<(Timestamp, MessageId)>,
    limit: i64,
) -> Result<Vec<DiscardedRow>, StoreError> {
    // Ids of messages are below this one: the first page has no other text.
    let (at, id) = before.unwrap_or((Timestamp(i64::MAX), MessageId::from_u128(u128::MAX)));
    fetch_all!(
        sql,
        DiscardedRow,
        "SELECT d.message_id, d.interaction_id, i.number, d.rule_id, d.rule_number, d.rule_name,
            d.reason, d.discarded_at, m.from_name, m.from_address, m.subject
         FROM discarded_message d JOIN message m ON m.id = d.message_id
         JOIN interaction i ON i.id = d.interaction_id
         WHERE d.restored_at IS NULL
            AND (d.discarded_at < $1 OR (d.discarded_at = $2 AND d.message_id < $3))
         ORDER BY d.discarded_at DESC, d.message_id DESC LIMIT $4",
        at,
        at,
        id,
        limit
    )
    .await
}

/// How many nobody has taken back.
pub async fn count_discarded(sql: &mut Sql<'_>) -> Result<i64, StoreError> {
    let row =
        fetch_one!(sql, (i64,), "SELECT COUNT(*) FROM discarded_message WHERE restored_at IS NULL");
    Ok(row.await?.0)
}

/// Takes a message off the list; its contact, or `None` when it is not (any more) on it.
pub async fn restore(
    sql: &mut Sql<'_>,
    message: MessageId,
    by: UserId,
    now: Timestamp,
) -> Result<Option<InteractionId>, StoreError> {
    let row = fetch_optional!(
        sql,
        (InteractionId,),
        "UPDATE discarded_message SET restored_at = $2, restored_by = $3
         WHERE message_id = $1 AND restored_at IS NULL RETURNING interaction_id",
        message,
        now,
        by
    );
    let Some((interaction,)) = row.await? else { return Ok(None) };
    execute!(sql, "UPDATE interaction SET unread = unread + 1 WHERE id = $1", interaction).await?;
    Ok(Some(interaction))
}

/// A message that came in and opened a contact, as it is kept.
#[derive(Debug, sqlx::FromRow)]
pub struct PastRow {
    /// The message.
    pub id: MessageId,
    /// Its contact.
    pub interaction_id: InteractionId,
    /// Number of the contact.
    pub number: i64,
    kind: String,
    /// By which channel.
    pub channel: String,
    /// When.
    pub at: Timestamp,
    from_name: String,
    pub(super) from_address: String,
    recipients: String,
    /// Its subject.
    pub subject: String,
    /// The beginning of its text.
    pub body: String,
    authentication: String,
    /// Its size.
    pub raw_bytes: i64,
    /// Where its bytes are.
    pub raw_sha256: Option<Vec<u8>>,
    /// Our address that it came to.
    pub mailbox: String,
    /// How its client was found.
    pub identified_by: String,
    /// How many clients the address fits.
    pub candidates: i64,
    /// How the client stands to the bank.
    pub status: Option<String>,
    /// Served before others.
    pub vip: Option<i16>,
    /// The client's segment.
    pub segment: Option<String>,
}

impl PastRow {
    /// Who wrote.
    pub fn from(&self) -> Party {
        Party { name: self.from_name.clone(), address: self.from_address.clone() }
    }

    /// To whom.
    pub(super) fn recipients(&self) -> Recipients<'_> {
        serde_json::from_str(&self.recipients).unwrap_or_default()
    }

    /// Who vouches for the sender.
    pub fn authentication(&self) -> channel_contract::Authentication {
        serde_json::from_str(&self.authentication).unwrap_or_default()
    }

    /// What sort of message.
    pub fn kind(&self) -> MessageKind {
        match self.kind.as_str() {
            "list" => MessageKind::List,
            "complaint" => MessageKind::Complaint,
            _ => MessageKind::Message,
        }
    }
}

/// The last messages that rules look, or would have looked, at: those that opened a contact.
pub async fn past(sql: &mut Sql<'_>, limit: i64) -> Result<Vec<PastRow>, StoreError> {
    fetch_all!(
        sql,
        PastRow,
        "SELECT m.id, m.interaction_id, i.number, m.kind, m.channel, m.at, m.from_name,
            m.from_address, m.recipients, m.subject, SUBSTR(m.body, 1, $2) AS body,
            m.authentication, m.raw_bytes, m.raw_sha256, i.mailbox, i.identified_by,
            i.candidates, c.status, c.vip, c.segment
         FROM message m JOIN interaction i ON i.id = m.interaction_id
         LEFT JOIN client c ON c.id = i.client_id
         WHERE m.readable = 1 AND m.direction = 'inbound' AND m.medium = 'email'
            AND m.kind IN ('message', 'list', 'complaint')
            AND m.id = (SELECT f.id FROM message f WHERE f.interaction_id = m.interaction_id
                ORDER BY f.at, f.id LIMIT 1)
         ORDER BY m.at DESC, m.id DESC LIMIT $1",
        limit,
        BODY_BYTES_MAX as i32
    )
    .await
}

/// Names and media types of what came with these messages.
pub async fn attachments(
    sql: &mut Sql<'_>,
    messages: &[MessageId],
) -> Result<BTreeMap<MessageId, Vec<(String, String)>>, StoreError> {
    let rows = fetch_in!(
        sql, (MessageId, String, String),
        "SELECT message_id, name, media_type FROM attachment WHERE message_id IN", "ORDER BY part",
        messages, id => *id);
    let mut found: BTreeMap<MessageId, Vec<(String, String)>> = BTreeMap::new();
    for (message, name, media_type) in rows.await? {
        found.entry(message).or_default().push((name, media_type));
    }
    Ok(found)
}
