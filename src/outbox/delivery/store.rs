//! Rows of recipients, and of addresses that do not take our mail.

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::address::EmailAddress;
use rozmova_base::id::MessageId;

use super::{RecipientDelivery, RecipientReport, State};
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_in, insert_rows};

/// Writes a row for each recipient of a new message.
pub async fn insert(
    sql: &mut Sql<'_>,
    message: MessageId,
    addresses: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut unique: Vec<(i64, String)> = Vec::with_capacity(addresses.len());
    for address in addresses {
        let address = address.trim().to_lowercase();
        if unique.iter().all(|(_, known)| *known != address) {
            unique.push((unique.len() as i64, address));
        }
    }
    insert_rows!(
        sql,
        "INSERT INTO delivery (message_id, address, position, state, status, detail, changed_at)
         VALUES",
        7, "", unique.as_slice(),
        row => message, row.1.as_str(), row.0, State::Queued.as_str(), "", "", now)
    .await?;
    Ok(())
}

/// Who has not got the message yet; empty too when nothing is known of its recipients.
pub async fn due(sql: &mut Sql<'_>, message: MessageId) -> Result<Vec<String>, StoreError> {
    let rows = fetch_all!(
        sql,
        (String,),
        "SELECT address FROM delivery
         WHERE message_id = $1 AND accepted_at IS NULL AND state <> 'failed' ORDER BY position",
        message
    );
    Ok(rows.await?.into_iter().map(|(address,)| address).collect())
}

/// What became of one recipient when a message was handed to the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted<'a> {
    /// The recipient, in lower case.
    pub address: &'a str,
    /// What became of it.
    pub state: State,
    /// What the relay said.
    pub detail: &'a str,
}

/// Writes it down; a refusal that blames the address is counted there.
pub async fn note_attempt(
    sql: &mut Sql<'_>,
    message: MessageId,
    attempted: &Attempted<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Attempted { address, state, detail } = *attempted;
    let status = super::status_in(detail);
    let accepted_at = (state == State::Sent).then_some(now);
    execute!(
        sql,
        "UPDATE delivery SET state = $3, accepted_at = $4, status = $5, detail = $6,
            changed_at = $7
         WHERE message_id = $1 AND address = $2 AND accepted_at IS NULL AND state <> 'failed'",
        message,
        address,
        state.as_str(),
        accepted_at,
        status,
        detail,
        now
    )
    .await?;
    if state == State::Failed {
        let failure = Failure {
            hard: i64::from(super::is_hard_refusal(status)),
            soft: i64::from(!super::is_hard_refusal(status)),
            complaints: 0,
            status,
            detail,
        };
        count_failure(sql, address, message, &failure, now).await?;
    }
    Ok(())
}

/// Whether the relay has taken the message for anybody.
pub async fn anybody_got_it(sql: &mut Sql<'_>, message: MessageId) -> Result<bool, StoreError> {
    let rows = fetch_all!(
        sql,
        (String,),
        "SELECT address FROM delivery WHERE message_id = $1 AND accepted_at IS NOT NULL LIMIT 1",
        message
    );
    Ok(!rows.await?.is_empty())
}

/// A report came back. The recipient whom it names is marked; when it names none, or one whom we
/// do not know, and the message had a single recipient, that one is meant. Another address (an
/// alias behind the one we wrote to) gets a row of its own, so that the agent sees it.
pub async fn note_report(
    sql: &mut Sql<'_>,
    message: MessageId,
    report: &RecipientReport,
    now: Timestamp,
) -> Result<(), StoreError> {
    let known = fetch_all!(
        sql,
        (String, i64),
        "SELECT address, position FROM delivery WHERE message_id = $1 ORDER BY position",
        message
    )
    .await?;
    let named = known.iter().find(|(address, _)| *address == report.address);
    let only = if let [single] = known.as_slice() { Some(single) } else { None };
    if let Some((address, _)) = named.or(only) {
        mark(sql, message, address, report, now).await?;
        count_report(sql, message, address, report, now).await?;
    } else if !report.address.is_empty() {
        let position = known.last().map_or(0, |(_, position)| position + 1);
        execute!(
            sql,
            "INSERT INTO delivery (message_id, address, position, state, status, detail,
                changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            message,
            report.address.as_str(),
            position,
            report.state.as_str(),
            report.status.as_str(),
            report.detail.as_str(),
            now
        )
        .await?;
    }
    Ok(())
}

async fn mark(
    sql: &mut Sql<'_>,
    message: MessageId,
    address: &str,
    report: &RecipientReport,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "UPDATE delivery SET state = $3, status = $4, detail = $5, changed_at = $6
         WHERE message_id = $1 AND address = $2 AND state <> 'failed'
            AND (state <> 'delivered' OR $3 = 'failed')",
        message,
        address,
        report.state.as_str(),
        report.status.as_str(),
        report.detail.as_str(),
        now
    )
    .await
    .map(drop)
}

async fn count_report(
    sql: &mut Sql<'_>,
    message: MessageId,
    address: &str,
    report: &RecipientReport,
    now: Timestamp,
) -> Result<(), StoreError> {
    match report.state {
        State::Failed => {
            let failure = Failure {
                hard: i64::from(report.is_hard),
                soft: i64::from(!report.is_hard),
                complaints: 0,
                status: &report.status,
                detail: &report.detail,
            };
            count_failure(sql, address, message, &failure, now).await
        }
        // It takes mail again; a complaint stays a complaint.
        State::Delivered => execute!(
            sql,
            "UPDATE address_failure SET hard = 0, soft = 0, last_at = $2 WHERE match_key = $1",
            match_key(address),
            now
        )
        .await
        .map(drop),
        State::Queued | State::Delayed | State::Sent => Ok(()),
    }
}

/// Somebody complained about a message of ours; counted only when it went to a single address or
/// the report names one of its recipients.
pub async fn note_complaint(
    sql: &mut Sql<'_>,
    message: MessageId,
    recipient: &str,
    detail: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let known = fetch_all!(
        sql,
        (String,),
        "SELECT address FROM delivery WHERE message_id = $1 ORDER BY position",
        message
    )
    .await?;
    let recipient = recipient.trim().to_lowercase();
    let named = known.iter().find(|(address,)| *address == recipient);
    let only = if let [single] = known.as_slice() { Some(single) } else { None };
    let Some((address,)) = named.or(only) else { return Ok(()) };
    let failure = Failure { hard: 0, soft: 0, complaints: 1, status: "", detail };
    count_failure(sql, address, message, &failure, now).await
}

struct Failure<'a> {
    hard: i64,
    soft: i64,
    complaints: i64,
    status: &'a str,
    detail: &'a str,
}

async fn count_failure(
    sql: &mut Sql<'_>,
    address: &str,
    message: MessageId,
    failure: &Failure<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO address_failure (match_key, hard, soft, complaints, last_at, status, detail,
            message_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (match_key) DO UPDATE SET hard = address_failure.hard + excluded.hard,
            soft = address_failure.soft + excluded.soft,
            complaints = address_failure.complaints + excluded.complaints,
            last_at = excluded.last_at, status = excluded.status, detail = excluded.detail,
            message_id = excluded.message_id",
        match_key(address),
        failure.hard,
        failure.soft,
        failure.complaints,
        now,
        failure.status,
        failure.detail,
        message
    )
    .await
    .map(drop)
}

/// As contact points are compared.
fn match_key(address: &str) -> String {
    EmailAddress::parse(address).map_or_else(|_| address.to_owned(), |key| key.as_str().to_owned())
}

/// How an address has taken our mail.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AddressFailure {
    /// The address by which it is compared.
    pub match_key: String,
    /// Given up, the address was to blame.
    pub hard: i64,
    /// Given up for another reason.
    pub soft: i64,
    /// Complaints by its owner.
    pub complaints: i64,
    /// When it was last reported on.
    pub last_at: Timestamp,
    /// What was said last.
    pub detail: String,
}

/// What is known of these addresses.
pub async fn failures(
    sql: &mut Sql<'_>,
    match_keys: &[String],
) -> Result<Vec<AddressFailure>, StoreError> {
    fetch_in!(
        sql, AddressFailure,
        "SELECT match_key, hard, soft, complaints, last_at, detail FROM address_failure
         WHERE match_key IN", "ORDER BY match_key",
        match_keys, key => key.as_str())
    .await
}

/// The recipients of messages, in their order.
pub async fn of_messages(
    sql: &mut Sql<'_>,
    messages: &[MessageId],
) -> Result<BTreeMap<MessageId, Vec<RecipientDelivery>>, StoreError> {
    let rows = fetch_in!(
        sql, (MessageId, String, String, String, String, Timestamp),
        "SELECT message_id, address, state, status, detail, changed_at FROM delivery
         WHERE message_id IN", "ORDER BY message_id, position",
        messages, id => *id)
    .await?;
    let mut found: BTreeMap<MessageId, Vec<RecipientDelivery>> = BTreeMap::new();
    for (message, address, state, status, detail, at) in rows {
        let said = |text: String| (!text.is_empty()).then_some(text);
        found.entry(message).or_default().push(RecipientDelivery {
            address,
            state,
            status: said(status),
            detail: said(detail),
            at,
        });
    }
    Ok(found)
}

/// Forgets the recipients of a message that never left.
pub async fn remove(sql: &mut Sql<'_>, message: MessageId) -> Result<(), StoreError> {
    execute!(sql, "DELETE FROM delivery WHERE message_id = $1", message).await.map(drop)
}
