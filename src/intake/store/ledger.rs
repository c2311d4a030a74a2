//! What intake writes into the ledger, and the writing anew of what could not be read.

use std::collections::{BTreeMap, BTreeSet};

use channel_contract::InboundMessage;
use rozmova_base::Timestamp;
use rozmova_base::id::{IdMaker, InteractionId, MessageId, ReceptionId};

use super::{EMAIL, MessageRow, clean, insert_attachments};
use crate::examination;
use crate::intake::plan::{NewMessage, Outcome, sender_key};
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_in, fetch_optional, insert_rows};

/// The ledger's lines for mails that came for the first time.
pub(super) async fn insert_receptions(
    sql: &mut Sql<'_>,
    messages: &[NewMessage<'_>],
    ids: &dyn IdMaker,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<(ReceptionId, &NewMessage<'_>)> =
        messages.iter().map(|message| (ReceptionId::make(ids), message)).collect();
    insert_rows!(
        sql,
        "INSERT INTO reception (id, channel_kind, external_id, message_id, channel, place,
            received_at, size_bytes, sha256, outcome) VALUES",
        10, "", rows.as_slice(),
        row => row.0, EMAIL, row.1.inbound.external_id.as_str(), row.1.id,
            row.1.inbound.channel.0.as_str(), clean(&row.1.inbound.origin.place), now,
            row.1.inbound.raw.len() as i64, row.1.inbound.raw_sha256.as_slice(),
            if row.1.is_discarded { Outcome::DiscardedByRule } else { Outcome::of(row.1.inbound) }
                .as_str())
    .await?;
    Ok(())
}

/// What had come before is counted and gets a line too, unless it is the very same arrival: found
/// at the same place again after an interruption.
pub(super) async fn note_repeats(
    sql: &mut Sql<'_>,
    repeats: &[&InboundMessage],
    ids: &dyn IdMaker,
    now: Timestamp,
) -> Result<(), StoreError> {
    if repeats.is_empty() {
        return Ok(());
    }
    let placed: Vec<&&InboundMessage> =
        repeats.iter().filter(|message| !message.origin.place.is_empty()).collect();
    let mut known: BTreeSet<(String, String, Vec<u8>)> = fetch_in!(
        sql, (String, String, Vec<u8>),
        "SELECT channel, place, sha256 FROM reception WHERE place IN", "",
        placed.as_slice(), message => clean(&message.origin.place))
    .await?
    .into_iter()
    .collect();
    let messages: BTreeMap<String, MessageId> = fetch_in!(
        sql, (String, MessageId),
        "SELECT external_id, message_id FROM arrival
         WHERE channel_kind = 'email' AND external_id IN", "",
        repeats, message => message.external_id.as_str())
    .await?
    .into_iter()
    .collect();
    for message in repeats {
        let place = clean(&message.origin.place).into_owned();
        let identity = (message.channel.0.clone(), place, message.raw_sha256.to_vec());
        let has_place = !identity.1.is_empty();
        let Some(home) = messages.get(&message.external_id) else { continue };
        if has_place && !known.insert(identity) {
            continue;
        }
        note_repeat(sql, message, *home, ids, now).await?;
    }
    Ok(())
}

async fn note_repeat(
    sql: &mut Sql<'_>,
    message: &InboundMessage,
    home: MessageId,
    ids: &dyn IdMaker,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "UPDATE arrival SET arrivals = arrivals + 1, last_at = $3, last_channel = $4
         WHERE channel_kind = $1 AND external_id = $2",
        EMAIL,
        message.external_id.as_str(),
        now,
        message.channel.0.as_str()
    )
    .await?;
    execute!(
        sql,
        "INSERT INTO reception (id, channel_kind, external_id, message_id, channel, place,
            received_at, size_bytes, sha256, outcome)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        ReceptionId::make(ids),
        EMAIL,
        message.external_id.as_str(),
        home,
        message.channel.0.as_str(),
        clean(&message.origin.place),
        now,
        message.raw.len() as i64,
        message.raw_sha256.as_slice(),
        Outcome::Repeated.as_str()
    )
    .await?;
    Ok(())
}

/// Where a mail is by the identity that makes a repetition recognisable.
pub(crate) async fn find_arrival(
    sql: &mut Sql<'_>,
    external_id: &str,
) -> Result<Option<(MessageId, InteractionId)>, StoreError> {
    fetch_optional!(
        sql,
        (MessageId, InteractionId),
        "SELECT m.id, m.interaction_id FROM arrival a JOIN message m ON m.id = a.message_id
         WHERE a.channel_kind = 'email' AND a.external_id = $1",
        external_id
    )
    .await
}

/// Writes a message anew that could not be read before and now can be; its place stays.
pub(crate) async fn rewrite(
    sql: &mut Sql<'_>,
    id: MessageId,
    interaction: InteractionId,
    inbound: &InboundMessage,
    ids: &dyn IdMaker,
    now: Timestamp,
) -> Result<(), StoreError> {
    let message = NewMessage { id, interaction, inbound, continues: true, is_discarded: false };
    let row = MessageRow::new(&message);
    execute!(
        sql,
        "UPDATE message SET kind = $2, from_name = $3, from_address = $4, recipients = $5,
            subject = $6, body = $7, reply_length_bytes = $8, reply = $9, has_html = $10,
            message_id = $11, reference_ids = $12, authentication = $13, defects = $14,
            readable = 1, automatic = $15
         WHERE id = $1",
        id,
        row.kind,
        row.from_name.as_ref(),
        row.from_address.as_ref(),
        row.recipients.as_str(),
        row.subject.as_ref(),
        row.body.as_ref(),
        row.reply_length_bytes,
        row.reply.as_deref(),
        i16::from(inbound.has_html),
        row.message_id.as_deref(),
        row.references.as_str(),
        row.authentication.as_str(),
        row.defects.as_str(),
        i16::from(row.automatic)
    )
    .await?;
    execute!(sql, "DELETE FROM attachment WHERE message_id = $1", id).await?;
    insert_attachments(sql, &[message], ids, now).await?;
    examination::store::request(sql, &[message], now).await?;
    execute!(
        sql,
        "UPDATE interaction SET readable = 1, subject = $2, from_name = $3, from_address = $4,
            from_key = $5
         WHERE id = $1 AND readable = 0",
        interaction,
        row.subject.as_ref(),
        row.from_name.as_ref(),
        row.from_address.as_ref(),
        sender_key(inbound).unwrap_or_default()
    )
    .await?;
    Ok(())
}
