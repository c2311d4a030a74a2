//! What intake asks of the store and writes to it: for a whole batch at once.
//!
//! `NUL` is replaced on its way in: PostgreSQL takes none in a text.

mod ledger;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use channel_contract::{
    AttachmentInfo, Authentication, Defect, InboundMessage, MessageKind, Party,
};
use rozmova_base::Timestamp;
use rozmova_base::id::{
    AgentId, AttachmentId, ClientId, IdMaker, InteractionId, MessageId, QueueId,
};

pub(crate) use self::ledger::{find_arrival, rewrite};
use super::plan::{
    Known, NewAcknowledgement, NewInteraction, NewMessage, Plan, QueueName, Reported, What,
    sender_key,
};
use super::reopening::{self, Openings, WINDOW_MS};
use super::thread::{Referred, Thread};
use crate::media::{self, ContentHash};
use crate::store::counter::{self, Counter};
use crate::store::{Sql, StoreError};
use crate::{examination, outbox};
use crate::{execute, fetch_all, fetch_in, fetch_optional, insert_rows};

/// The kind of channel within which a repetition is recognised: a mail may come by SMTP and be
/// found in a mailbox too.
const EMAIL: &str = "email";
/// Recipients of earlier messages that are looked at to tell who takes part in a thread.
const PARTICIPANT_MESSAGES_MAX: i64 = 200;

/// Reads what the batch needs to be planned.
pub(super) async fn look_up(
    sql: &mut Sql<'_>,
    batch: &[InboundMessage],
    queues: &[QueueName],
    is_own: &(dyn Fn(&str) -> bool + Sync),
    now: Timestamp,
) -> Result<Known, StoreError> {
    if queues.is_empty() {
        // Mail waits outside until there is a queue for it to wait in.
        return Err(StoreError::Unavailable("no queue is configured".to_owned()));
    }
    let mut known = Known {
        repeated: repeated(sql, batch).await?,
        queues: queues.to_vec(),
        acknowledged: acknowledged(sql, batch).await?,
        acknowledged_lately: acknowledged_since(sql, now.plus_millis(-WINDOW_MS)).await?,
        ..Known::default()
    };
    // How many will be taken is known when it is decided which messages open an interaction.
    known.next_number = counter::take(sql, Counter::Interaction, 0).await?;
    look_up_threads(sql, batch, &mut known, is_own).await?;
    known.openings = openings(sql, batch, &known).await?;
    Ok(known)
}

async fn acknowledged_since(sql: &mut Sql<'_>, since: Timestamp) -> Result<i64, StoreError> {
    let row = crate::fetch_one!(
        sql,
        (i64,),
        "SELECT COUNT(*) FROM acknowledgement WHERE sent_at > $1",
        since
    );
    Ok(row.await?.0)
}

/// Only when the batch speaks of a closed interaction: most do not.
async fn openings(
    sql: &mut Sql<'_>,
    batch: &[InboundMessage],
    known: &Known,
) -> Result<BTreeMap<String, Openings>, StoreError> {
    let closed = known.threads.by_id.iter().filter(|(_, thread)| thread.closed_at.is_some());
    let mut subjects: BTreeSet<String> =
        closed.map(|(id, _)| reopening::of_interaction(*id)).collect();
    if subjects.is_empty() {
        return Ok(BTreeMap::new());
    }
    let senders = batch.iter().filter_map(sender_key);
    subjects.extend(senders.map(|key| reopening::of_sender(&key)));
    let subjects: Vec<String> = subjects.into_iter().collect();
    let rows = fetch_in!(
        sql, (String, Timestamp, i64),
        "SELECT subject, window_began_at, openings FROM reopening WHERE subject IN", "",
        subjects.as_slice(), subject => subject.as_str())
    .await?;
    let openings =
        |(subject, window_began_at, count)| (subject, Openings { window_began_at, count });
    Ok(rows.into_iter().map(openings).collect())
}

/// Closed interactions that may open again now.
pub(super) async fn held_until(
    sql: &mut Sql<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<InteractionId>, StoreError> {
    let rows = fetch_all!(
        sql,
        (InteractionId,),
        "SELECT interaction_id FROM held_reopening WHERE open_at <= $1
         ORDER BY open_at, interaction_id LIMIT $2",
        now,
        limit
    );
    Ok(rows.await?.into_iter().map(|(id,)| id).collect())
}

/// It need not wait any longer.
pub(super) async fn let_go(sql: &mut Sql<'_>, id: InteractionId) -> Result<(), StoreError> {
    execute!(sql, "DELETE FROM held_reopening WHERE interaction_id = $1", id).await.map(drop)
}

async fn repeated(
    sql: &mut Sql<'_>,
    batch: &[InboundMessage],
) -> Result<BTreeSet<String>, StoreError> {
    let rows = fetch_in!(
        sql, (String,),
        "SELECT external_id FROM arrival WHERE channel_kind = 'email' AND external_id IN", "",
        batch, message => message.external_id.as_str());
    Ok(rows.await?.into_iter().map(|(id,)| id).collect())
}

async fn acknowledged(
    sql: &mut Sql<'_>,
    batch: &[InboundMessage],
) -> Result<BTreeMap<String, Timestamp>, StoreError> {
    let keys: BTreeSet<String> = batch.iter().filter_map(sender_key).collect();
    let keys: Vec<String> = keys.into_iter().collect();
    let rows = fetch_in!(
        sql, (String, Timestamp),
        "SELECT match_key, sent_at FROM acknowledgement WHERE match_key IN", "",
        keys.as_slice(), key => key.as_str());
    Ok(rows.await?.into_iter().collect())
}

#[derive(Debug, sqlx::FromRow)]
struct ReferredRow {
    id: MessageId,
    interaction_id: InteractionId,
    message_id: Option<String>,
    direction: String,
    automatic: i16,
}

impl ReferredRow {
    fn referred(&self) -> Referred {
        Referred {
            message: self.id,
            interaction: self.interaction_id,
            outbound: self.direction == "outbound",
            automatic: self.automatic != 0,
        }
    }
}

async fn look_up_threads(
    sql: &mut Sql<'_>,
    batch: &[InboundMessage],
    known: &mut Known,
    is_own: &(dyn Fn(&str) -> bool + Sync),
) -> Result<(), StoreError> {
    let mut wanted: BTreeSet<InteractionId> = BTreeSet::new();
    let mut message_ids: BTreeSet<&str> = BTreeSet::new();
    let mut messages: BTreeSet<MessageId> = BTreeSet::new();
    let mut numbers: BTreeSet<i64> = BTreeSet::new();
    for message in batch {
        let keys = &message.thread;
        wanted.extend(keys.proved);
        message_ids.extend(keys.in_reply_to.iter().chain(&keys.references).map(String::as_str));
        numbers.extend(keys.subject_number);
        for report in &message.reports {
            messages.extend(report.message);
            message_ids.extend(report.original_message_id.as_deref());
        }
    }
    let message_ids: Vec<&str> = message_ids.into_iter().collect();
    let by_message_id = fetch_in!(
        sql, ReferredRow,
        "SELECT id, interaction_id, message_id, direction, automatic FROM message
         WHERE message_id IN", "ORDER BY id",
        message_ids.as_slice(), id => *id)
    .await?;
    for row in by_message_id {
        wanted.insert(row.interaction_id);
        let referred = row.referred();
        if let Some(id) = row.message_id {
            known.threads.by_message_id.entry(id).or_insert(referred);
        }
    }
    let messages: Vec<MessageId> = messages.into_iter().collect();
    let by_id = fetch_in!(
        sql, ReferredRow,
        "SELECT id, interaction_id, message_id, direction, automatic FROM message
         WHERE direction = 'outbound' AND id IN", "",
        messages.as_slice(), id => *id)
    .await?;
    for row in by_id {
        wanted.insert(row.interaction_id);
        known.threads.by_message.insert(row.id, row.referred());
    }
    let numbers: Vec<i64> = numbers.into_iter().collect();
    let by_number = fetch_in!(
        sql, (i64, InteractionId),
        "SELECT number, id FROM interaction WHERE number IN", "",
        numbers.as_slice(), number => *number)
    .await?;
    wanted.extend(by_number.iter().map(|(_, id)| *id));
    known.threads.by_number.extend(by_number);
    let mut wanted: Vec<InteractionId> = wanted.into_iter().collect();
    let merged = fetch_in!(
        sql, (InteractionId, InteractionId),
        "SELECT id, merged_into_id FROM interaction WHERE merged_into_id IS NOT NULL AND id IN", "",
        wanted.as_slice(), id => *id)
    .await?;
    known.threads.merged = merged.into_iter().collect();
    wanted.retain(|id| !known.threads.merged.contains_key(id));
    wanted.extend(known.threads.merged.values());
    wanted.sort_unstable();
    wanted.dedup();
    known.threads.by_id = threads(sql, &wanted, is_own).await?;
    Ok(())
}

#[derive(Debug, sqlx::FromRow)]
struct ThreadRow {
    id: InteractionId,
    client_id: Option<ClientId>,
    queue_id: QueueId,
    agent_id: Option<AgentId>,
    state: String,
    closed_at: Option<Timestamp>,
    from_key: String,
    last_message_at: Timestamp,
}

async fn threads(
    sql: &mut Sql<'_>,
    ids: &[InteractionId],
    is_own: &(dyn Fn(&str) -> bool + Sync),
) -> Result<BTreeMap<InteractionId, Thread>, StoreError> {
    let rows = fetch_in!(
        sql, ThreadRow,
        "SELECT id, CASE WHEN identified_by = 'proposed' THEN NULL ELSE client_id END AS client_id,
            queue_id, agent_id, state, closed_at, from_key, last_message_at
         FROM interaction WHERE id IN", "",
        ids, id => *id)
    .await?;
    let mut found = BTreeMap::new();
    for row in rows {
        let is_over =
            matches!(row.state.as_str(), "closed" | "abandoned" | "overflowed" | "failed");
        let closed_at = is_over.then_some(row.closed_at.unwrap_or(row.last_message_at));
        let mut participants = participants(sql, row.id, is_own).await?;
        if !row.from_key.is_empty() {
            participants.insert(row.from_key);
        }
        let thread = Thread {
            client: row.client_id,
            queue: row.queue_id,
            agent: row.agent_id,
            closed_at,
            participants,
        };
        found.insert(row.id, thread);
    }
    Ok(found)
}

/// Whom we wrote to, and whose messages were taken into the thread; our own addresses are nobody's.
/// `Cc` of an incoming mail does not make one a participant: the sender could name anybody.
async fn participants(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
    is_own: &(dyn Fn(&str) -> bool + Sync),
) -> Result<BTreeSet<String>, StoreError> {
    let rows = fetch_all!(
        sql,
        (String, String, String),
        "SELECT direction, from_address, recipients FROM message
         WHERE interaction_id = $1 AND kind IN ('message', 'reply') ORDER BY at DESC, id LIMIT $2",
        interaction,
        PARTICIPANT_MESSAGES_MAX
    )
    .await?;
    let mut found = BTreeSet::new();
    for (direction, from, recipients) in rows {
        if direction == "outbound" {
            let recipients: Recipients<'_> = serde_json::from_str(&recipients).unwrap_or_default();
            let all = recipients.to.iter().chain(recipients.cc.iter());
            found.extend(all.map(|party| party.address.to_lowercase()));
        } else {
            found.insert(from.to_lowercase());
        }
    }
    found.retain(|address| !is_own(address));
    Ok(found)
}

/// The column `message.recipients`.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Recipients<'a> {
    /// To whom.
    pub(crate) to: Cow<'a, [Party]>,
    /// And to whom else.
    pub(crate) cc: Cow<'a, [Party]>,
    /// And to whom unseen.
    pub(crate) bcc: Cow<'a, [Party]>,
    /// Where answers should go.
    pub(crate) reply_to: Cow<'a, [Party]>,
}

/// Where an interaction was last, and who had it.
pub(super) async fn last_place(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
) -> Result<Option<(QueueId, Option<AgentId>)>, StoreError> {
    fetch_optional!(
        sql,
        (QueueId, Option<AgentId>),
        "SELECT queue_id, agent_id FROM interaction WHERE id = $1",
        interaction
    )
    .await
}

/// Writes everything that was planned.
pub(super) async fn write(
    sql: &mut Sql<'_>,
    plan: &Plan<'_>,
    ids: &dyn IdMaker,
    now: Timestamp,
) -> Result<(), StoreError> {
    counter::take(sql, Counter::Interaction, plan.interactions.len() as i64).await?;
    insert_spool(sql, &plan.messages, now).await?;
    insert_interactions(sql, &plan.interactions).await?;
    insert_messages(sql, &plan.messages).await?;
    insert_arrivals(sql, &plan.messages, now).await?;
    insert_attachments(sql, &plan.messages, ids, now).await?;
    insert_hints(sql, plan).await?;
    insert_acknowledgements(sql, &plan.acknowledgements, now).await?;
    ledger::insert_receptions(sql, &plan.messages, ids, now).await?;
    examination::store::request(sql, &plan.messages, now).await?;
    ledger::note_repeats(sql, &plan.repeats, ids, now).await?;
    for (subject, openings) in &plan.openings {
        execute!(
            sql,
            "INSERT INTO reopening (subject, window_began_at, openings) VALUES ($1, $2, $3)
             ON CONFLICT (subject) DO UPDATE SET window_began_at = excluded.window_began_at,
                openings = excluded.openings",
            subject.as_str(),
            openings.window_began_at,
            openings.count
        )
        .await?;
    }
    for (interaction, open_at) in &plan.held {
        execute!(
            sql,
            "INSERT INTO held_reopening (interaction_id, open_at) VALUES ($1, $2)
             ON CONFLICT DO NOTHING",
            *interaction,
            *open_at
        )
        .await?;
    }
    for (id, touched) in &plan.touched {
        // Its state follows from what the queue says of it.
        execute!(
            sql,
            "UPDATE interaction SET unread = unread + $2,
                last_message_at = CASE WHEN last_message_at < $3 THEN $3 ELSE last_message_at END
             WHERE id = $1",
            *id,
            touched.unread,
            touched.last_message_at
        )
        .await?;
    }
    for report in &plan.reported {
        note_reported(sql, report, now).await?;
    }
    Ok(())
}

async fn note_reported(
    sql: &mut Sql<'_>,
    report: &Reported,
    now: Timestamp,
) -> Result<(), StoreError> {
    match &report.what {
        What::Delivery(delivery) => {
            outbox::store::note_report(sql, report.message, delivery, now).await
        }
        What::Complaint { recipient, detail } => {
            let message = report.message;
            outbox::delivery::store::note_complaint(sql, message, recipient, detail, now).await
        }
    }
}

/// Large content is in the media store already.
async fn insert_spool(
    sql: &mut Sql<'_>,
    messages: &[NewMessage<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    let of_spool = |message: &&NewMessage<'_>| !media::is_large(message.inbound.raw.len());
    let spooled: Vec<_> = messages.iter().filter(of_spool).map(|message| message.inbound).collect();
    insert_rows!(
        sql, "INSERT INTO spool (sha256, content, stored_at) VALUES", 3, "ON CONFLICT DO NOTHING",
        spooled.as_slice(),
        inbound => inbound.raw_sha256.as_slice(), inbound.raw.as_ref(), now)
    .await?;
    Ok(())
}

async fn insert_interactions(sql: &mut Sql<'_>, rows: &[NewInteraction]) -> Result<(), StoreError> {
    insert_rows!(
        sql,
        "INSERT INTO interaction (id, number, medium, direction, state, subject, client_id,
            identified_by, candidates, from_name, from_address, from_key, mailbox, queue_id,
            priority, received_at, waiting_since_at, closed_at, last_message_at, unread, readable,
            disposition_note, event_sequence) VALUES",
        23, "", rows,
        row => row.id, row.number, EMAIL, "inbound",
            if row.is_closed { "closed" } else { "queued" },
            clean(&row.subject), row.client, row.identified_by, row.candidates,
            clean(&row.from.name), clean(&row.from.address), row.from_key.as_str(),
            row.mailbox.as_str(), row.queue, 0_i64, row.received_at,
            (!row.is_closed).then_some(row.received_at),
            row.is_closed.then_some(row.received_at),
            row.received_at, row.unread, i16::from(row.readable), "", 0_i64)
    .await?;
    Ok(())
}

async fn insert_messages(sql: &mut Sql<'_>, messages: &[NewMessage<'_>]) -> Result<(), StoreError> {
    let rows: Vec<MessageRow<'_>> = messages.iter().map(MessageRow::new).collect();
    insert_rows!(
        sql,
        "INSERT INTO message (id, interaction_id, kind, direction, medium, channel, at, from_name,
            from_address, recipients, subject, body, reply_length_bytes, reply, has_html,
            raw_sha256, raw_bytes, message_id, reference_ids, authentication, defects, readable,
            automatic) VALUES",
        23, "", rows.as_slice(),
        row => row.id, row.interaction, row.kind, "inbound", EMAIL, row.inbound.channel.0.as_str(),
            row.inbound.received_at, row.from_name.as_ref(), row.from_address.as_ref(),
            row.recipients.as_str(), row.subject.as_ref(), row.body.as_ref(),
            row.reply_length_bytes, row.reply.as_deref(), i16::from(row.inbound.has_html),
            row.inbound.raw_sha256.as_slice(), row.inbound.raw.len() as i64,
            row.message_id.as_deref(), row.references.as_str(), row.authentication.as_str(),
            row.defects.as_str(), i16::from(row.inbound.readable), i16::from(row.automatic))
    .await?;
    Ok(())
}

/// What has to be computed for a row of `message`.
struct MessageRow<'a> {
    id: MessageId,
    interaction: InteractionId,
    inbound: &'a InboundMessage,
    kind: &'static str,
    automatic: bool,
    from_name: Cow<'a, str>,
    from_address: Cow<'a, str>,
    recipients: String,
    subject: Cow<'a, str>,
    body: Cow<'a, str>,
    reply_length_bytes: Option<i64>,
    reply: Option<Cow<'a, str>>,
    message_id: Option<Cow<'a, str>>,
    references: String,
    authentication: String,
    defects: String,
}

impl<'a> MessageRow<'a> {
    fn new(message: &NewMessage<'a>) -> Self {
        let inbound = message.inbound;
        let (kind, automatic) = kind(inbound.kind);
        let from = inbound.from.as_ref();
        let body = clean(&inbound.text);
        let reply = clean(&inbound.reply_text);
        // A reply on top of the quotation is the beginning of the text: only its length is kept.
        let is_beginning = body.starts_with(reply.as_ref());
        let thread = &inbound.thread;
        let recipients = Recipients {
            to: Cow::Borrowed(&inbound.to),
            cc: Cow::Borrowed(&inbound.cc),
            bcc: Cow::default(),
            reply_to: Cow::Borrowed(&inbound.reply_to),
        };
        Self {
            id: message.id,
            interaction: message.interaction,
            inbound,
            kind,
            automatic,
            from_name: from.map_or(Cow::Borrowed(""), |from| clean(&from.name)),
            from_address: from.map_or(Cow::Borrowed(""), |from| clean(&from.address)),
            recipients: json(&recipients),
            subject: clean(&inbound.subject),
            reply_length_bytes: is_beginning.then_some(reply.len() as i64),
            reply: (!is_beginning).then_some(reply),
            body,
            message_id: thread.message_id.as_deref().map(clean),
            references: json(&thread.references),
            authentication: if inbound.authentication == Authentication::default() {
                String::new()
            } else {
                json(&inbound.authentication)
            },
            defects: if inbound.defects.is_empty() {
                String::new()
            } else {
                json(&inbound.defects)
            },
        }
    }
}

const fn kind(kind: MessageKind) -> (&'static str, bool) {
    match kind {
        MessageKind::Message => ("message", false),
        MessageKind::AutoReply => ("auto_reply", true),
        MessageKind::Bounce => ("bounce", true),
        MessageKind::Complaint => ("complaint", true),
        MessageKind::List => ("list", false),
    }
}

async fn insert_arrivals(
    sql: &mut Sql<'_>,
    messages: &[NewMessage<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    insert_rows!(
        sql,
        "INSERT INTO arrival (channel_kind, external_id, message_id, first_at, arrivals, last_at,
            last_channel) VALUES",
        7, "", messages,
        row => EMAIL, row.inbound.external_id.as_str(), row.id, now, 1_i64, now,
            row.inbound.channel.0.as_str())
    .await?;
    Ok(())
}

async fn insert_attachments(
    sql: &mut Sql<'_>,
    messages: &[NewMessage<'_>],
    ids: &dyn IdMaker,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<(AttachmentId, MessageId, &AttachmentInfo, ContentHash)> = messages
        .iter()
        .flat_map(|message| message.inbound.attachments.iter().map(|info| (message.id, info)))
        .filter_map(|(message, info)| {
            let hash = ContentHash::from_hex(&info.sha256)?;
            Some((AttachmentId::make(ids), message, info, hash))
        })
        .collect();
    insert_rows!(
        sql,
        "INSERT INTO attachment (id, message_id, part, name, media_type, size_bytes, sha256,
            content_id, inline, created_at) VALUES",
        10, "", rows.as_slice(),
        row => row.0, row.1, i64::from(row.2.part), clean(&row.2.name), clean(&row.2.media_type),
            row.2.size_bytes as i64, row.3.as_slice(), row.2.content_id.as_deref().map(clean),
            i16::from(row.2.inline), now)
    .await?;
    Ok(())
}

async fn insert_hints(sql: &mut Sql<'_>, plan: &Plan<'_>) -> Result<(), StoreError> {
    insert_rows!(
        sql,
        "INSERT INTO interaction_hint (interaction_id, may_belong_to_id, reason) VALUES",
        3, "ON CONFLICT DO NOTHING", plan.hints.as_slice(),
        row => row.0, row.1, row.2.as_str())
    .await?;
    Ok(())
}

async fn insert_acknowledgements(
    sql: &mut Sql<'_>,
    rows: &[NewAcknowledgement],
    now: Timestamp,
) -> Result<(), StoreError> {
    for row in rows {
        let recipients = Recipients {
            to: Cow::Borrowed(std::slice::from_ref(&row.to)),
            ..Recipients::default()
        };
        let outgoing = outbox::store::NewOutgoing {
            id: row.message,
            outbox: row.outbox,
            interaction: row.interaction,
            kind: "auto_reply",
            author: None,
            from: &row.from,
            recipients: json(&recipients),
            subject: &row.subject,
            text: &row.text,
            references: json(&row.references),
            automatic: true,
            not_before: now,
            schedule: None,
            at: now,
        };
        outbox::store::insert(sql, &outgoing).await?;
        execute!(
            sql,
            "INSERT INTO acknowledgement (match_key, sent_at) VALUES ($1, $2)
             ON CONFLICT (match_key) DO UPDATE SET sent_at = excluded.sent_at",
            row.key.as_str(),
            now
        )
        .await?;
    }
    Ok(())
}

/// Without `NUL`.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// JSON of a value that is made of texts, numbers and lists. `NUL` is escaped by JSON itself.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// For a message that could not even be stored as it was read: what is certain about it.
pub(super) fn bare(message: &InboundMessage, reason: &str) -> InboundMessage {
    InboundMessage {
        channel: message.channel.clone(),
        external_id: message.external_id.clone(),
        received_at: message.received_at,
        raw: message.raw.clone(),
        raw_sha256: message.raw_sha256,
        envelope: message.envelope.clone(),
        origin: message.origin.clone(),
        from: message
            .envelope
            .mail_from
            .clone()
            .map(|address| Party { name: String::new(), address: clean(&address).into_owned() }),
        reply_to: Vec::new(),
        to: Vec::new(),
        cc: Vec::new(),
        subject: String::new(),
        date: None,
        thread: channel_contract::ThreadKeys::default(),
        text: String::new(),
        reply_text: String::new(),
        has_html: false,
        attachments: Vec::new(),
        kind: MessageKind::Message,
        reports: Vec::new(),
        unanswerable: None,
        authentication: Authentication::default(),
        defects: vec![Defect { code: "not_storable".to_owned(), detail: reason.to_owned() }],
        readable: false,
    }
}

/// How many different messages have come in.
pub(crate) async fn count_arrivals(sql: &mut Sql<'_>) -> Result<u64, StoreError> {
    let (count,) = crate::fetch_one!(sql, (i64,), "SELECT COUNT(*) FROM arrival").await?;
    Ok(count.unsigned_abs())
}
