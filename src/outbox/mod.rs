//! From rows to commands of a channel, at least once.
//!
//! 1. A row in `outbox` is written in the transaction of its message; nothing is sent that is not
//!    stored, and nothing stored is forgotten.
//! 2. A command is marked before it is carried out. What was marked when the process ended is
//!    carried out again: the receiver may get it twice, under the same Message-ID and with the same
//!    date, which mail programs show once. That is the price of never losing one.
//! 3. What fails for a time is tried again by [`retry`]; what fails for good is shown on its
//!    interaction.
//! 4. A reply waits [`UNDO_MS`] before it may leave, so that its writer can take it back; one that
//!    is sent later waits until then, and is held when its client has written meanwhile.
//! 5. What became of a message is known for each recipient ([`delivery`]). Those who were put off
//!    are tried again, the others are left in peace.

pub mod delivery;
pub mod retry;
pub mod store;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use channel_contract::{
    Channel, Health, HealthState, Outbound, OutboundAttachment, OutboundMessage, Party,
    PerformError, Performed, RecipientState,
};
use futures_util::stream::{self, StreamExt};
use rozmova_base::id::MessageId;
use rozmova_base::{Clock, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::delivery::State;
use self::delivery::store::Attempted;
use crate::intake::store::Recipients;
use crate::media::{ContentHash, MediaError, MediaStore};
use crate::message::changes::{Change, Changes};
use crate::store::{Db, Sql, StoreError};

/// How long a reply can be taken back.
pub const UNDO_MS: i64 = 10_000;
/// Commands carried out at the same time. The library writes a mail and its end apart, and the
/// system holds the end back until the relay has acknowledged the mail, which takes it up to 40 ms
/// (RFC 896, RFC 1122 §4.2.3.2): one connection sends some 20 mails a second, sixteen 300.
const AT_ONCE: usize = 16;
/// Commands claimed together: a commit for each of them would cost more than the sending.
const CLAIMED_MAX: i64 = 64;
/// Longest time for one command. The channel has shorter ones of its own: this one is for the case
/// that they do not work.
const PERFORM_TIMEOUT: Duration = Duration::from_mins(3);
/// Longest sleep between two looks at the table.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// Pause after the store has failed.
const STORE_PAUSE: Duration = Duration::from_secs(2);
/// Longest reason kept, in characters.
const MAX_DETAIL_CHARS: usize = 500;

/// Wakes the worker when something was written. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Something may be due soon.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Returns when it was woken since the last time, at once or later.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}

/// Everything the worker works with.
pub struct Parts {
    /// Where the rows are.
    pub db: Db,
    /// Where attachments are.
    pub media: MediaStore,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What sends mail.
    pub channel: Arc<dyn Channel>,
    /// Takes what changed on open screens.
    pub changes: Changes,
    /// Takes how sending fares.
    pub health: Arc<dyn Fn(Health) + Send + Sync>,
    /// Wakes the worker.
    pub wake: Wake,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// Sends until `stop` is cancelled; what has been begun is finished.
pub async fn run(parts: Parts, stop: CancellationToken) {
    while let Err(error) = take_up_again(&parts).await {
        tracing::warn!(%error, "The outbox waits for the store");
        if stop.run_until_cancelled(tokio::time::sleep(STORE_PAUSE)).await.is_none() {
            return;
        }
    }
    while !stop.is_cancelled() {
        let pause = match send_due(&parts).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "The outbox waits for the store");
                STORE_PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = parts.wake.woken() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn take_up_again(parts: &Parts) -> Result<(), StoreError> {
    let mut tx = parts.db.begin().await?;
    let count = store::take_up_again(&mut tx.sql()).await?;
    tx.commit().await?;
    if count > 0 {
        tracing::info!(count, "Messages that were being sent are sent again");
    }
    Ok(())
}

/// Sends what is due; gives how long to sleep.
async fn send_due(parts: &Parts) -> Result<Duration, StoreError> {
    let now = parts.clock.now();
    let next = {
        let mut connection = parts.db.read().await?;
        store::next_due(&mut connection.sql()).await?
    };
    match next {
        Some(due_at) if due_at <= now => {}
        Some(due_at) => {
            let wait_ms = u64::try_from(due_at.millis_since(now)).unwrap_or(0) + 1;
            return Ok(Duration::from_millis(wait_ms).min(SLEEP_MAX));
        }
        None => return Ok(SLEEP_MAX),
    }
    let mut tx = parts.db.begin().await?;
    let mut held = Vec::new();
    for message in store::hold_overtaken(&mut tx.sql(), now).await? {
        let interaction = store::interaction_of(&mut tx.sql(), message).await?;
        held.extend(interaction.map(|interaction| Change::Delivery { interaction, message }));
    }
    let due = store::claim(&mut tx.sql(), now, CLAIMED_MAX).await?;
    tx.commit().await?;
    for change in held {
        parts.changes.tell(change);
    }
    // A relay that is slow with one of them does not hold up the others.
    let mut sent = stream::iter(due)
        .map(|due| async move { send_one(parts, &due).await })
        .buffer_unordered(AT_ONCE);
    let mut failed = None;
    while let Some(outcome) = sent.next().await {
        failed = failed.or(outcome.err());
    }
    failed.map_or(Ok(Duration::ZERO), Err)
}

async fn send_one(parts: &Parts, due: &store::Due) -> Result<(), StoreError> {
    let composed = compose(parts, due.message_id).await;
    let recipients = match &composed {
        Ok(Some(Outbound::SendMessage(message))) => message.deliver_to.clone(),
        Ok(None) | Err(_) => Vec::new(),
    };
    let performed = match composed {
        Ok(Some(command)) => tokio::time::timeout(PERFORM_TIMEOUT, parts.channel.perform(&command))
            .await
            .unwrap_or_else(|_| Err(PerformError::Temporary("no answer in time".to_owned()))),
        Ok(None) => Err(PerformError::Permanent("the message is gone".to_owned())),
        Err(MediaError::Store(error)) => return Err(error),
        Err(error @ (MediaError::Unavailable(_) | MediaError::Place { .. })) => {
            Err(PerformError::Temporary(error.to_string()))
        }
        Err(error) => Err(PerformError::Permanent(error.to_string())),
    };
    report_health(parts, &performed);
    finish(parts, due, &recipients, performed).await
}

/// Writes the outcome down. It must not get lost, or a sent message would be sent again: while the
/// store does not answer, this waits for it.
async fn finish(
    parts: &Parts,
    due: &store::Due,
    recipients: &[String],
    performed: Result<Performed, PerformError>,
) -> Result<(), StoreError> {
    while let Err(error) = write_outcome(parts, due, recipients, &performed).await {
        if !error.is_temporary() {
            return Err(error);
        }
        tracing::warn!(%error, message = %due.message_id, "The outcome of a sending waits");
        tokio::time::sleep(STORE_PAUSE).await;
    }
    Ok(())
}

async fn write_outcome(
    parts: &Parts,
    due: &store::Due,
    recipients: &[String],
    performed: &Result<Performed, PerformError>,
) -> Result<(), StoreError> {
    let now = parts.clock.now();
    let mut tx = parts.db.begin().await?;
    match performed {
        Ok(done) => write_answers(&mut tx.sql(), due, recipients, done, now).await?,
        Err(error) => {
            let (state, not_before) = after_failure(error, due, now);
            let detail = shortened(&error.to_string());
            let becomes = if state == "failed" { State::Failed } else { State::Delayed };
            for address in recipients {
                let attempted = Attempted { address, state: becomes, detail: &detail };
                let (sql, message) = (&mut tx.sql(), due.message_id);
                delivery::store::note_attempt(sql, message, &attempted, now).await?;
            }
            store::mark_unsent(&mut tx.sql(), due, state, not_before, &detail, now).await?;
            tracing::warn!(message = %due.message_id, state, "A message was not sent");
        }
    }
    let interaction = store::interaction_of(&mut tx.sql(), due.message_id).await?;
    tx.commit().await?;
    if let Some(interaction) = interaction {
        let message = due.message_id;
        parts.changes.tell(Change::Delivery { interaction, message });
    }
    Ok(())
}

/// The relay has answered, for all recipients at once or for each of them.
async fn write_answers(
    sql: &mut Sql<'_>,
    due: &store::Due,
    recipients: &[String],
    done: &Performed,
    now: Timestamp,
) -> Result<(), StoreError> {
    let receipt = shortened(&done.receipt);
    let next = retry::after(due.attempts, due.created_at, now);
    let (mut put_off, mut refused) = (None, None);
    for address in recipients {
        let said = done.recipients.iter().find(|one| one.address.eq_ignore_ascii_case(address));
        let detail = said.map_or_else(|| receipt.clone(), |one| shortened(&one.detail));
        let state = match said.map_or(RecipientState::Accepted, |one| one.state) {
            RecipientState::Accepted => State::Sent,
            RecipientState::PutOff if next != retry::Next::GiveUp => State::Delayed,
            RecipientState::PutOff | RecipientState::Refused => State::Failed,
        };
        let attempted = Attempted { address, state, detail: &detail };
        delivery::store::note_attempt(sql, due.message_id, &attempted, now).await?;
        match state {
            State::Delayed => put_off = Some(detail),
            State::Failed => refused = Some(detail),
            State::Queued | State::Sent | State::Delivered => {}
        }
    }
    let anybody =
        recipients.is_empty() || delivery::store::anybody_got_it(sql, due.message_id).await?;
    if anybody {
        store::name_message(sql, due.message_id, &done.external_id).await?;
    }
    match (put_off, refused, next) {
        (Some(detail), _, retry::Next::At(at)) => {
            store::mark_unsent(sql, due, "queued", at, &detail, now).await
        }
        (_, Some(detail), _) => store::mark_unsent(sql, due, "failed", now, &detail, now).await,
        (_, None, _) => store::mark_sent(sql, due, &receipt, now).await,
    }
}

fn after_failure(
    error: &PerformError,
    due: &store::Due,
    now: Timestamp,
) -> (&'static str, Timestamp) {
    match error {
        PerformError::Permanent(_) => ("failed", now),
        PerformError::Temporary(_) => match retry::after(due.attempts, due.created_at, now) {
            retry::Next::At(at) => ("queued", at),
            retry::Next::GiveUp => ("failed", now),
        },
    }
}

fn report_health(parts: &Parts, performed: &Result<Performed, PerformError>) {
    let health = match performed {
        Err(PerformError::Temporary(reason)) => Health {
            state: HealthState::Degraded,
            detail: format!("Mail waits to be sent: {}", shortened(reason)),
        },
        // A refused message says nothing about the relay.
        Ok(_) | Err(PerformError::Permanent(_)) => {
            Health { state: HealthState::Up, detail: String::new() }
        }
    };
    (parts.health)(health);
}

/// Puts the command together from rows alone, so that it is the same at each attempt.
async fn compose(parts: &Parts, id: MessageId) -> Result<Option<Outbound>, MediaError> {
    let (row, files, deliver_to) = {
        let mut connection = parts.db.read().await?;
        let row = store::outgoing(&mut connection.sql(), id).await?;
        let files = store::files(&mut connection.sql(), id).await?;
        (row, files, delivery::store::due(&mut connection.sql(), id).await?)
    };
    let Some(row) = row else { return Ok(None) };
    let mut attachments = Vec::with_capacity(files.len());
    for file in files {
        let Some(hash) = ContentHash::from_slice(&file.sha256) else { continue };
        let content = parts.media.load(&hash).await?;
        attachments.push(OutboundAttachment {
            name: file.name,
            media_type: file.media_type,
            content,
        });
    }
    let recipients: Recipients<'_> = serde_json::from_str(&row.recipients).unwrap_or_default();
    let references: Vec<String> = serde_json::from_str(&row.reference_ids).unwrap_or_default();
    Ok(Some(Outbound::SendMessage(Box::new(OutboundMessage {
        message: id,
        interaction: row.interaction_id,
        written_at: row.at,
        from: Party { name: row.from_name, address: row.from_address },
        to: owned(recipients.to),
        cc: owned(recipients.cc),
        bcc: owned(recipients.bcc),
        deliver_to,
        subject: row.subject,
        text: row.body,
        in_reply_to: references.last().cloned(),
        references,
        attachments,
        automatic: row.automatic != 0,
    }))))
}

fn owned(parties: Cow<'_, [Party]>) -> Vec<Party> {
    parties.into_owned()
}

fn shortened(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_DETAIL_CHARS).collect()
}

#[cfg(test)]
mod tests;
