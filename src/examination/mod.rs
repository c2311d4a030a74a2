//! The closer look at what came in: its language, and who vouches for its sender.
//!
//! 1. It follows the commit that stored the message, by a row of the same transaction: no sender
//!    waits for it, and none is forgotten.
//! 2. A row is claimed and counted before the look. What was being looked at when the process ended
//!    is looked at again; what ends it time after time is not.
//! 3. Looking changes nothing outside and is done again at will. It has a time limit, and its
//!    failure costs what it would have found out.
//! 4. A question that was not answered is asked again, later and later, and at last no more.
//! 5. Only a sender for whom his own domain vouches opens a client's file by himself; the others
//!    wait for an agent's word (decision 0012).
//! 6. It gives way to mail that is coming in.

pub mod model;
pub(crate) mod store;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use channel_contract::{Channel, Examination, Standing};
use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use rozmova_base::id::{IdMaker, InteractionId, MessageId};
use rozmova_base::{Clock, Timestamp};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::model::look_again_at;
use self::store::{Due, Finding};
use crate::client::identity::store::{Sender, resolve};
use crate::client::model::{ContactMedium, MatchKey};
use crate::intake::WayIn;
use crate::interaction;
use crate::media::{self, ContentHash, MediaError, MediaStore};
use crate::message::changes::{Change, Changes};
use crate::outbox::Wake;
use crate::store::{Db, Sql, StoreError};

/// So much of a large mail is looked at for a signature before the rest is read.
const HEADER_BYTES: u64 = 64 * 1024;
const SIGNATURE: &[u8] = b"dkim-signature:";
/// Looks at the same time: most of a look is waiting for name servers.
const AT_ONCE: usize = 16;
/// Rows claimed together: a commit for each would cost more than the look.
const CLAIMED_MAX: i64 = 64;
/// Raw mails held in memory, all together, in KiB: one of the largest, or a thousand usual ones.
const MEMORY_KIB: u32 = 64 * 1024;
/// Longest time for one look. The channel has shorter ones of its own: this one is for the case
/// that they do not work.
const LOOK_TIMEOUT: Duration = Duration::from_mins(1);
/// Longest sleep between two looks at the table.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// Pause after the store has failed.
const STORE_PAUSE: Duration = Duration::from_secs(2);
/// How long it gives way while mail waits to be stored, and how often in a row: what comes in
/// without end is looked at all the same, a few dozen every other second.
const GIVE_WAY: Duration = Duration::from_millis(200);
const GIVE_WAY_TIMES: u32 = 10;

/// Everything the worker works with.
pub struct Parts {
    /// Where the rows are.
    pub db: Db,
    /// Where raw mails are.
    pub media: MediaStore,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdMaker>,
    /// What looks at mail.
    pub channel: Arc<dyn Channel>,
    /// Takes what changed on open screens.
    pub changes: Changes,
    /// To which it gives way.
    pub way_in: WayIn,
    /// Wakes the worker.
    pub wake: Wake,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// Looks until `stop` is cancelled; what has been begun is finished.
pub async fn run(parts: Parts, stop: CancellationToken) {
    while let Err(error) = take_up_again(&parts).await {
        tracing::warn!(%error, "Examinations wait for the store");
        if stop.run_until_cancelled(tokio::time::sleep(STORE_PAUSE)).await.is_none() {
            return;
        }
    }
    let memory = Semaphore::new(MEMORY_KIB as usize);
    let mut claimed = VecDeque::new();
    let mut looking = FuturesUnordered::new();
    let mut gave_way = 0;
    while !stop.is_cancelled() {
        let mut pause = SLEEP_MAX;
        if claimed.is_empty() && looking.len() < AT_ONCE {
            if parts.way_in.is_busy() && gave_way < GIVE_WAY_TIMES {
                gave_way += 1;
                pause = GIVE_WAY;
            } else {
                gave_way = 0;
                (claimed, pause) = claim(&parts).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "Examinations wait for the store");
                    (VecDeque::new(), STORE_PAUSE)
                });
            }
        }
        while looking.len() < AT_ONCE
            && let Some(due) = claimed.pop_front()
        {
            looking.push(look(&parts, &memory, due));
        }
        tokio::select! {
            () = stop.cancelled() => {}
            Some(first) = looking.next() => {
                let mut found = vec![first];
                while let Some(Some(more)) = looking.next().now_or_never() {
                    found.push(more);
                }
                note(&parts, &found, &stop).await;
            }
            () = parts.wake.woken() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    let rest: Vec<Found> = looking.collect().await;
    note(&parts, &rest, &stop).await;
}

async fn take_up_again(parts: &Parts) -> Result<(), StoreError> {
    let mut tx = parts.db.begin().await?;
    store::take_up_again(&mut tx.sql()).await?;
    tx.commit().await
}

/// What is due now, and how long to sleep when that is nothing.
async fn claim(parts: &Parts) -> Result<(VecDeque<Due>, Duration), StoreError> {
    let now = parts.clock.now();
    let next = {
        let mut connection = parts.db.read().await?;
        store::next_due(&mut connection.sql()).await?
    };
    match next {
        Some(due_at) if due_at <= now => {}
        Some(due_at) => {
            let wait_ms = u64::try_from(due_at.millis_since(now)).unwrap_or(0) + 1;
            return Ok((VecDeque::new(), Duration::from_millis(wait_ms).min(SLEEP_MAX)));
        }
        None => return Ok((VecDeque::new(), SLEEP_MAX)),
    }
    let mut tx = parts.db.begin().await?;
    let due = store::claim(&mut tx.sql(), now, CLAIMED_MAX).await?;
    tx.commit().await?;
    Ok((due.into(), Duration::ZERO))
}

/// What a look found; `None`: it failed.
struct Found {
    interaction: InteractionId,
    message: MessageId,
    examination: Option<Examination>,
    again_at: Option<Timestamp>,
}

async fn look(parts: &Parts, memory: &Semaphore, due: Due) -> Found {
    let mut message = due.message();
    let mut examination = None;
    let mut held = None;
    if message.asks() {
        let kib = u32::try_from(due.raw_bytes / 1024 + 1).unwrap_or(MEMORY_KIB).min(MEMORY_KIB);
        // The semaphore is never closed. What comes in has its turn before and after.
        let bytes = usize::try_from(due.raw_bytes).unwrap_or(usize::MAX);
        held = Some((memory.acquire_many(kib).await.ok(), parts.channel.reserve(bytes).await));
        match load(parts, &due).await {
            Ok(raw) => message.raw = raw,
            Err(error) => {
                tracing::warn!(message.id = %due.message_id, %error, "A sender is checked later");
                let authentication = message.authentication.clone();
                let unanswered = true;
                examination =
                    Some(Examination { authentication, unanswered, ..Examination::default() });
            }
        }
    }
    if examination.is_none() {
        let look = parts.channel.examine(message);
        examination = tokio::time::timeout(LOOK_TIMEOUT, look).await.ok().flatten();
    }
    drop(held);
    if examination.is_none() {
        tracing::error!(message.id = %due.message_id, "Looking at a message failed");
    }
    let now = parts.clock.now();
    let again_at = examination.as_ref().and_then(|found| look_again_at(found, due.attempts, now));
    Found { interaction: due.interaction_id, message: due.message_id, examination, again_at }
}

async fn load(parts: &Parts, due: &Due) -> Result<Bytes, MediaError> {
    let hash = due.raw_sha256.as_deref().and_then(ContentHash::from_slice);
    let hash = hash.ok_or(StoreError::Missing)?;
    if usize::try_from(due.raw_bytes).is_ok_and(media::is_large) {
        let beginning = parts.media.load_beginning(&hash, HEADER_BYTES).await;
        if let Some(beginning) = beginning.ok().filter(|bytes| is_unsigned(bytes)) {
            return Ok(beginning);
        }
    }
    parts.media.load(&hash).await
}

/// Whether these bytes hold a whole header, and no signature in it that the rest could prove.
fn is_unsigned(beginning: &[u8]) -> bool {
    let Some(end) = beginning.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let header = beginning[..end].to_ascii_lowercase();
    !header.windows(SIGNATURE.len()).any(|found| found == SIGNATURE)
}

/// Writes down what was found, however long the store takes: else it would be looked for again.
async fn note(parts: &Parts, found: &[Found], stop: &CancellationToken) {
    if found.is_empty() {
        return;
    }
    loop {
        match write(parts, found).await {
            Ok(opened) => return tell(parts, found, opened),
            Err(error) => {
                tracing::warn!(%error, count = found.len(), "Examinations wait for the store");
                let collided = matches!(error, StoreError::Collision(_));
                if stop.is_cancelled() || !(collided || error.is_temporary()) {
                    return;
                }
            }
        }
        tokio::time::sleep(STORE_PAUSE).await;
    }
}

/// Gives the contacts whose client's file is open now.
async fn write(parts: &Parts, found: &[Found]) -> Result<Vec<InteractionId>, StoreError> {
    let now = parts.clock.now();
    let mut tx = parts.db.begin().await?;
    let sql = &mut tx.sql();
    let mut opened = Vec::new();
    for one in found {
        let finding = Finding {
            message: one.message,
            language: one.examination.as_ref().and_then(|found| found.language.as_deref()),
            authentication: one.examination.as_ref().map(|found| &found.authentication),
            again_at: one.again_at,
        };
        store::note(sql, &finding, now).await?;
        let standing = one.examination.as_ref().map(|found| found.authentication.standing());
        if standing == Some(Standing::Authenticated) {
            opened.extend(open_file(parts, sql, one.message, now).await?);
        }
    }
    tx.commit().await?;
    Ok(opened)
}

/// The file that was only proposed while nobody vouched for its client.
async fn open_file(
    parts: &Parts,
    sql: &mut Sql<'_>,
    message: MessageId,
    now: Timestamp,
) -> Result<Option<InteractionId>, StoreError> {
    let Some((interaction, address)) = store::proposed(sql, message).await? else {
        return Ok(None);
    };
    let sender = Sender {
        key: Some(MatchKey { medium: ContactMedium::Email, value: address }),
        shown_name: "",
        may_become_prospect: false,
    };
    let resolved = resolve(sql, &[sender], parts.ids.as_ref(), now).await?;
    let Some((client, how)) = resolved.first().and_then(|found| Some((found.client?, found.how)))
    else {
        return Ok(None);
    };
    interaction::store::open_proposed(sql, interaction, client, how).await?;
    Ok(Some(interaction))
}

fn tell(parts: &Parts, found: &[Found], opened: Vec<InteractionId>) {
    for one in found {
        let (interaction, message) = (one.interaction, one.message);
        parts.changes.tell(Change::Examined { interaction, message });
    }
    for interaction in opened {
        parts.changes.tell(Change::Identified { interaction });
    }
}
