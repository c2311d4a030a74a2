//! Rows of messages, files and drafts.

use std::collections::BTreeMap;

use channel_contract::{Authentication, Defect};
use rozmova_base::Timestamp;
use rozmova_base::id::{
    AgentId, AttachmentId, ClientId, InteractionId, MessageId, QueueId, UserId,
};
use sqlx::AssertSqlSafe;

use super::model::{Attachment, AuthenticationView, Author, Delivery, Message, Party};
use super::schedule::Scheduled;
use crate::examination::model::Progress;
use crate::intake::store::Recipients;
use crate::interaction::reach::Reach;
use crate::media::ContentHash;
use crate::outbox::delivery::RecipientDelivery;
use crate::outbox::{self, delivery};
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_in, fetch_optional, on_engine};

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: MessageId,
    interaction_id: InteractionId,
    kind: String,
    direction: String,
    medium: String,
    at: Timestamp,
    author_id: Option<UserId>,
    author_name: Option<String>,
    from_name: String,
    from_address: String,
    recipients: String,
    subject: String,
    body: String,
    reply_length_bytes: Option<i64>,
    reply: Option<String>,
    has_html: i16,
    authentication: String,
    examined: Option<String>,
    examination_state: Option<String>,
    language: Option<String>,
    arrivals: i64,
    defects: String,
    readable: i16,
    automatic: i16,
    delivery_state: Option<String>,
    delivery_detail: Option<String>,
    delivery_at: Option<Timestamp>,
    not_before_at: Option<Timestamp>,
    attempts: Option<i64>,
    send_at: Option<Timestamp>,
    time_zone: Option<String>,
    local_time: Option<String>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.interaction_id, m.kind, m.direction, m.medium, m.at, m.author_id,
                u.name AS author_name, m.from_name, m.from_address, m.recipients, m.subject,
                m.body, m.reply_length_bytes, m.reply, m.has_html, m.authentication,
                e.authentication AS examined, e.state AS examination_state, e.language,
                (SELECT COUNT(*) FROM reception r WHERE r.message_id = m.id) AS arrivals,
                m.defects, m.readable, m.automatic, o.state AS delivery_state,
                o.detail AS delivery_detail, o.changed_at AS delivery_at, o.not_before_at,
                o.attempts, s.send_at, s.time_zone, s.local_time
             FROM message m
             LEFT JOIN app_user u ON u.id = m.author_id
             LEFT JOIN examination e ON e.message_id = m.id
             LEFT JOIN outbox o ON o.message_id = m.id
             LEFT JOIN scheduled_sending s ON s.message_id = m.id ",
            $rest
        )
    };
}

impl Row {
    fn message(
        mut self,
        attachments: Vec<Attachment>,
        deliveries: Vec<RecipientDelivery>,
    ) -> Message {
        let delivery = self.delivery(deliveries);
        let recipients: Recipients<'_> = serde_json::from_str(&self.recipients).unwrap_or_default();
        let parties = |list: &[channel_contract::Party]| {
            list.iter().cloned().map(Party::from).collect::<Vec<_>>()
        };
        let reply_text = self.reply.unwrap_or_else(|| {
            let length = self.reply_length_bytes.and_then(|length| usize::try_from(length).ok());
            let beginning = length.and_then(|length| self.body.get(..length));
            beginning.unwrap_or(&self.body).to_owned()
        });
        let is_mail = self.direction == "inbound" && self.medium == "email";
        let authentication = is_mail.then(|| {
            let state = self.examination_state.as_deref();
            authentication(&self.authentication, self.examined.as_deref(), state)
        });
        let defects: Vec<Defect> = serde_json::from_str(&self.defects).unwrap_or_default();
        Message {
            id: self.id,
            interaction_id: self.interaction_id,
            kind: self.kind,
            direction: self.direction,
            medium: self.medium,
            from: Party { name: self.from_name, address: self.from_address },
            to: parties(&recipients.to),
            cc: parties(&recipients.cc),
            subject: self.subject,
            text: self.body,
            reply_text,
            has_html: self.has_html != 0,
            // Until somebody looks: see `pictures.rs`.
            remote_pictures: self.has_html != 0,
            attachments,
            at: self.at,
            author: self
                .author_id
                .map(|id| Author { id, name: self.author_name.unwrap_or_default() }),
            delivery,
            language: self.language,
            arrivals: self.arrivals,
            authentication,
            defects: defects.into_iter().map(Into::into).collect(),
            readable: self.readable != 0,
            automatic: self.automatic != 0,
        }
    }
}

impl Row {
    /// The command's state, refined by what became of the recipients.
    fn delivery(&mut self, recipients: Vec<RecipientDelivery>) -> Option<Delivery> {
        let state = self.delivery_state.take()?;
        let is_waiting = state == "queued";
        let any = |wanted: &str| recipients.iter().any(|one| one.state == wanted);
        let scheduled = self.send_at.zip(self.time_zone.take()).zip(self.local_time.take());
        let scheduled = scheduled.map(|((send_at, time_zone), local_time)| Scheduled {
            send_at,
            local_time,
            time_zone,
        });
        let refined = match state.as_str() {
            "queued" if scheduled.is_some() && self.attempts == Some(0) => "scheduled".to_owned(),
            // Others may have got it; whoever did not is what the agent must know of.
            "sent" | "delivered" if any("failed") => "failed".to_owned(),
            "sent" if any("delayed") => "delayed".to_owned(),
            _ => state,
        };
        Some(Delivery {
            state: refined,
            detail: self.delivery_detail.take().filter(|detail| !detail.is_empty()),
            at: self.delivery_at.unwrap_or(self.at),
            next_try_at: self.not_before_at.filter(|_| is_waiting),
            scheduled,
            recipients,
        })
    }
}

/// What the arrival said of the sender, or what a closer look has said since.
fn authentication(
    arrived: &str,
    examined: Option<&str>,
    state: Option<&str>,
) -> AuthenticationView {
    let found = examined.filter(|text| !text.is_empty()).unwrap_or(arrived);
    let found: Authentication = serde_json::from_str(found).unwrap_or_default();
    AuthenticationView::new(found, Progress::from_row(state))
}

/// What a closer look at a message has found out so far: its language, who vouches for its sender.
pub async fn examined(
    sql: &mut Sql<'_>,
    id: MessageId,
) -> Result<Option<(Option<String>, AuthenticationView)>, StoreError> {
    let row = fetch_optional!(
        sql,
        (String, String, String, Option<String>),
        "SELECT m.authentication, e.authentication, e.state, e.language
         FROM examination e JOIN message m ON m.id = e.message_id WHERE e.message_id = $1",
        id
    );
    let view = |(arrived, examined, state, language): (String, String, String, _)| {
        (language, authentication(&arrived, Some(&examined), Some(&state)))
    };
    Ok(row.await?.map(view))
}

/// The key of the last row of a page.
pub type PageKey = (Timestamp, MessageId);

/// Messages of one interaction, oldest first, beginning behind `after`.
pub async fn list(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
    after: Option<PageKey>,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let (at, id) = after.unwrap_or((Timestamp(i64::MIN), MessageId::from_u128(0)));
    let rows = fetch_all!(
        sql,
        Row,
        select!(
            "WHERE m.interaction_id = $1 AND (m.at, m.id) > ($2, $3) ORDER BY m.at, m.id LIMIT $4"
        ),
        interaction,
        at,
        id,
        limit
    )
    .await?;
    with_attachments(sql, rows).await
}

/// One message.
pub async fn load(sql: &mut Sql<'_>, id: MessageId) -> Result<Option<Message>, StoreError> {
    let row = fetch_optional!(sql, Row, select!("WHERE m.id = $1"), id).await?;
    let rows = row.into_iter().collect();
    Ok(with_attachments(sql, rows).await?.pop())
}

async fn with_attachments(sql: &mut Sql<'_>, rows: Vec<Row>) -> Result<Vec<Message>, StoreError> {
    let ids: Vec<MessageId> = rows.iter().map(|row| row.id).collect();
    let found = fetch_in!(
        sql, (AttachmentId, MessageId, String, String, i64, i16),
        "SELECT id, message_id, name, media_type, size_bytes, inline FROM attachment
         WHERE message_id IN", "ORDER BY id",
        ids.as_slice(), id => *id)
    .await?;
    let mut by_message: BTreeMap<MessageId, Vec<Attachment>> = BTreeMap::new();
    for (id, message, name, media_type, size_bytes, inline) in found {
        let attachment = Attachment { id, name, media_type, size_bytes, inline: inline != 0 };
        by_message.entry(message).or_default().push(attachment);
    }
    let sent: Vec<MessageId> =
        rows.iter().filter(|row| row.delivery_state.is_some()).map(|row| row.id).collect();
    let mut deliveries = delivery::store::of_messages(sql, &sent).await?;
    let message = |row: Row| {
        let attachments = by_message.remove(&row.id).unwrap_or_default();
        let delivery = deliveries.remove(&row.id).unwrap_or_default();
        row.message(attachments, delivery)
    };
    Ok(rows.into_iter().map(message).collect())
}

/// Where the raw bytes of a message are, and what is in them.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RawRow {
    /// SHA-256; `None` for what never was a mail.
    pub raw_sha256: Option<Vec<u8>>,
    /// Its text, for when the HTML cannot be shown.
    pub body: String,
}

/// Finds it.
pub async fn raw(sql: &mut Sql<'_>, id: MessageId) -> Result<Option<RawRow>, StoreError> {
    fetch_optional!(sql, RawRow, "SELECT raw_sha256, body FROM message WHERE id = $1", id).await
}

/// A file, and where its bytes are.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct FileRow {
    /// File name.
    pub name: String,
    /// As declared.
    pub media_type: String,
    /// Part of the raw message; `None`: an object of its own.
    pub part: Option<i64>,
    /// Of the decoded content.
    pub sha256: Vec<u8>,
    /// `Content-ID`.
    pub content_id: Option<String>,
    /// Who uploaded it, while it belongs to no message.
    pub uploaded_by: Option<UserId>,
    /// The message.
    pub message_id: Option<MessageId>,
    /// The raw message.
    pub raw_sha256: Option<Vec<u8>>,
}

/// Finds one file.
pub async fn file(sql: &mut Sql<'_>, id: AttachmentId) -> Result<Option<FileRow>, StoreError> {
    fetch_optional!(
        sql,
        FileRow,
        "SELECT a.name, a.media_type, a.part, a.sha256, a.content_id, a.uploaded_by, a.message_id,
            m.raw_sha256
         FROM attachment a LEFT JOIN message m ON m.id = a.message_id WHERE a.id = $1",
        id
    )
    .await
}

/// Pictures that the text of a message refers to: `Content-ID`, part, media type.
pub async fn inline_parts(
    sql: &mut Sql<'_>,
    message: MessageId,
) -> Result<Vec<(String, i64, String)>, StoreError> {
    fetch_all!(
        sql,
        (String, i64, String),
        "SELECT content_id, part, media_type FROM attachment
         WHERE message_id = $1 AND content_id IS NOT NULL AND part IS NOT NULL ORDER BY id",
        message
    )
    .await
}

/// A file that an agent has uploaded.
#[derive(Clone, Copy, Debug)]
pub struct NewUpload<'a> {
    /// Its id.
    pub id: AttachmentId,
    /// Who uploaded it.
    pub by: UserId,
    /// File name.
    pub name: &'a str,
    /// As declared.
    pub media_type: &'a str,
    /// Size.
    pub size_bytes: u64,
    /// Where it is.
    pub hash: ContentHash,
    /// When.
    pub at: Timestamp,
}

/// Notes it.
pub async fn insert_upload(sql: &mut Sql<'_>, upload: &NewUpload<'_>) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO attachment (id, uploaded_by, name, media_type, size_bytes, sha256, inline,
            created_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7)",
        upload.id,
        upload.by,
        upload.name,
        upload.media_type,
        upload.size_bytes.cast_signed(),
        upload.hash.as_slice(),
        upload.at
    )
    .await
    .map(drop)
}

/// Gives an upload to a message; `false`: there is none of this person's that is free.
pub async fn attach(
    sql: &mut Sql<'_>,
    upload: AttachmentId,
    by: UserId,
    message: MessageId,
) -> Result<bool, StoreError> {
    let attached = execute!(
        sql,
        "UPDATE attachment SET message_id = $3
         WHERE id = $1 AND uploaded_by = $2 AND message_id IS NULL",
        upload,
        by,
        message
    );
    Ok(attached.await? == 1)
}

/// Forgets uploads of before that time which belong to no message.
pub async fn forget_uploads(sql: &mut Sql<'_>, before: Timestamp) -> Result<u64, StoreError> {
    execute!(sql, "DELETE FROM attachment WHERE message_id IS NULL AND created_at < $1", before)
        .await
}

/// Removes a message that never left; its files are uploads again. Gives their ids.
pub async fn remove(
    sql: &mut Sql<'_>,
    message: MessageId,
) -> Result<Vec<AttachmentId>, StoreError> {
    let files = fetch_all!(
        sql,
        (AttachmentId,),
        "SELECT id FROM attachment WHERE message_id = $1 ORDER BY id",
        message
    )
    .await?;
    execute!(sql, "UPDATE attachment SET message_id = NULL WHERE message_id = $1", message).await?;
    outbox::store::forget_recipients(sql, message).await?;
    execute!(sql, "DELETE FROM message WHERE id = $1", message).await?;
    Ok(files.into_iter().map(|(id,)| id).collect())
}

/// What writing in an interaction needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Head {
    /// Its number.
    pub number: i64,
    /// One line.
    pub subject: String,
    /// Our address.
    pub mailbox: String,
    /// Its queue.
    pub queue_id: QueueId,
    /// Who has it.
    pub agent_id: Option<AgentId>,
}

/// Reads it.
pub async fn head(sql: &mut Sql<'_>, id: InteractionId) -> Result<Option<Head>, StoreError> {
    fetch_optional!(
        sql,
        Head,
        "SELECT number, subject, mailbox, queue_id, agent_id FROM interaction WHERE id = $1",
        id
    )
    .await
}

/// The writer has seen everything: nothing is unread. Locks the row, so that a message which comes
/// in meanwhile is either seen by the writer's check or comes after it.
pub async fn mark_read(sql: &mut Sql<'_>, interaction: InteractionId) -> Result<(), StoreError> {
    execute!(sql, "UPDATE interaction SET unread = 0 WHERE id = $1", interaction).await.map(drop)
}

/// Something was written.
pub async fn touch(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "UPDATE interaction SET last_message_at = $2 WHERE id = $1 AND last_message_at < $2",
        interaction,
        at
    )
    .await
    .map(drop)
}

/// Whether one contact was noted as possibly belonging to another.
pub async fn is_hinted(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
    other: InteractionId,
) -> Result<bool, StoreError> {
    let row = fetch_optional!(
        sql,
        (String,),
        "SELECT reason FROM interaction_hint WHERE interaction_id = $1 AND may_belong_to_id = $2",
        interaction,
        other
    );
    Ok(row.await?.is_some())
}

/// Whether nobody works on it any more.
pub async fn is_over(sql: &mut Sql<'_>, id: InteractionId) -> Result<bool, StoreError> {
    let row = fetch_optional!(
        sql,
        (String,),
        "SELECT state FROM interaction
         WHERE id = $1 AND state IN ('closed', 'abandoned', 'failed')",
        id
    );
    Ok(row.await?.is_some())
}

/// Gives all messages of one contact to another; tells how many. The hint has served its purpose.
pub async fn move_messages(
    sql: &mut Sql<'_>,
    from: InteractionId,
    into: InteractionId,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let unread = unread(sql, from).await?;
    let moved = execute!(
        sql,
        "UPDATE message SET interaction_id = $2 WHERE interaction_id = $1",
        from,
        into
    );
    let moved = moved.await?;
    execute!(
        sql,
        "DELETE FROM interaction_hint WHERE interaction_id = $1 AND may_belong_to_id = $2",
        from,
        into
    )
    .await?;
    execute!(sql, "UPDATE interaction SET unread = 0 WHERE id = $1", from).await?;
    execute!(
        sql,
        "UPDATE interaction SET unread = unread + $2,
            last_message_at = CASE WHEN last_message_at < $3 THEN $3 ELSE last_message_at END
         WHERE id = $1",
        into,
        unread,
        at
    )
    .await?;
    Ok(moved)
}

/// The newest message of the client, with what an answer to it refers to.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LastInbound {
    /// The message.
    pub id: MessageId,
    /// Its Message-ID.
    pub message_id: Option<String>,
    /// JSON array.
    pub reference_ids: String,
}

/// Finds it. Automatic answers and reports are not what an agent answers.
pub async fn last_inbound(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
) -> Result<Option<LastInbound>, StoreError> {
    fetch_optional!(
        sql,
        LastInbound,
        "SELECT id, message_id, reference_ids FROM message
         WHERE interaction_id = $1 AND direction = 'inbound' AND automatic = 0
         ORDER BY at DESC, id DESC LIMIT 1",
        interaction
    )
    .await
}

/// A note for colleagues.
#[derive(Clone, Copy, Debug)]
pub struct NewNote<'a> {
    /// Its id.
    pub id: MessageId,
    /// Where it belongs.
    pub interaction: InteractionId,
    /// Who wrote it.
    pub author: UserId,
    /// As shown.
    pub author_name: &'a str,
    /// The text.
    pub text: &'a str,
    /// When.
    pub at: Timestamp,
}

/// Writes it.
pub async fn insert_note(sql: &mut Sql<'_>, note: &NewNote<'_>) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO message (id, interaction_id, kind, direction, medium, channel, at, author_id,
            from_name, from_address, recipients, subject, body, reply_length_bytes, has_html,
            raw_bytes, reference_ids, authentication, defects, readable, automatic)
         VALUES ($1, $2, 'note', 'internal', 'note', '', $3, $4, $5, '', '{}', '', $6, $7, 0, 0,
            '[]', '', '', 1, 0)",
        note.id,
        note.interaction,
        note.at,
        note.author,
        note.author_name,
        note.text,
        note.text.len() as i64
    )
    .await
    .map(drop)
}

/// A message that could not be read.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UnreadableRow {
    /// The message.
    pub id: MessageId,
    /// Its interaction.
    pub interaction_id: InteractionId,
    /// When it came.
    pub at: Timestamp,
    /// From whom, if that could be told.
    pub from_name: String,
    /// Likewise.
    pub from_address: String,
    /// Size.
    pub raw_bytes: i64,
    /// JSON array.
    pub defects: String,
}

/// Messages within reach that could not be read, newest first, beginning behind `before`.
pub async fn unreadable(
    sql: &mut Sql<'_>,
    reach: &Reach,
    before: Option<PageKey>,
    limit: i64,
) -> Result<Vec<UnreadableRow>, StoreError> {
    let (at, id) = before.unwrap_or((Timestamp(i64::MAX), MessageId::from_u128(u128::MAX)));
    let predicate = reach.predicate_from(4);
    // Only literals and parameter numbers are in the text.
    let text = AssertSqlSafe(format!(
        "SELECT m.id, m.interaction_id, m.at, m.from_name, m.from_address, m.raw_bytes, m.defects
         FROM message m JOIN interaction i ON i.id = m.interaction_id
         WHERE m.readable = 0 AND (m.at, m.id) < ($1, $2) AND {predicate}
            AND NOT EXISTS (SELECT 1 FROM filing f WHERE f.message_id = m.id)
         ORDER BY m.at DESC, m.id DESC LIMIT $3"
    ));
    on_engine!(sql, connection => {
        let mut query = sqlx::query_as(text).bind(at).bind(id).bind(limit);
        for bound in reach.bound() {
            query = query.bind(bound);
        }
        query.fetch_all(connection).await.map_err(StoreError::from)
    })
}

/// A draft as stored: JSON, version, time.
pub async fn draft(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
    author: UserId,
) -> Result<Option<(String, i64, Timestamp)>, StoreError> {
    fetch_optional!(
        sql,
        (String, i64, Timestamp),
        "SELECT content, version, changed_at FROM draft
         WHERE interaction_id = $1 AND author_id = $2",
        interaction,
        author
    )
    .await
}

/// Replaces it; gives its version.
pub async fn save_draft(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
    author: UserId,
    content: &str,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let row = crate::fetch_one!(
        sql,
        (i64,),
        "INSERT INTO draft (interaction_id, author_id, content, version, changed_at)
         VALUES ($1, $2, $3, 1, $4)
         ON CONFLICT (interaction_id, author_id) DO UPDATE SET content = excluded.content,
            version = draft.version + 1, changed_at = excluded.changed_at
         RETURNING version",
        interaction,
        author,
        content,
        at
    );
    Ok(row.await?.0)
}

/// Who else has a draft here, the newest first.
pub async fn other_drafts(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
    author: UserId,
) -> Result<Vec<(UserId, String, Timestamp)>, StoreError> {
    fetch_all!(
        sql,
        (UserId, String, Timestamp),
        "SELECT d.author_id, u.name, d.changed_at FROM draft d
         JOIN app_user u ON u.id = d.author_id
         WHERE d.interaction_id = $1 AND d.author_id <> $2 ORDER BY d.changed_at DESC",
        interaction,
        author
    )
    .await
}

/// Name of a person.
pub async fn author_name(sql: &mut Sql<'_>, id: UserId) -> Result<Option<String>, StoreError> {
    let row = fetch_optional!(sql, (String,), "SELECT name FROM app_user WHERE id = $1", id);
    Ok(row.await?.map(|(name,)| name))
}

/// Removes it.
pub async fn drop_draft(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
    author: UserId,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "DELETE FROM draft WHERE interaction_id = $1 AND author_id = $2",
        interaction,
        author
    )
    .await
    .map(drop)
}

/// How many messages nobody has seen.
pub async fn unread(sql: &mut Sql<'_>, interaction: InteractionId) -> Result<i64, StoreError> {
    let row =
        fetch_optional!(sql, (i64,), "SELECT unread FROM interaction WHERE id = $1", interaction);
    Ok(row.await?.map_or(0, |(unread,)| unread))
}

/// A contact that an agent begins.
#[derive(Clone, Copy, Debug)]
pub struct NewContact<'a> {
    /// Its id.
    pub id: InteractionId,
    /// Its number.
    pub number: i64,
    /// One line.
    pub subject: &'a str,
    /// With whom.
    pub client: ClientId,
    /// The client's address.
    pub to: &'a channel_contract::Party,
    /// Our address.
    pub mailbox: &'a str,
    /// On whose account.
    pub queue: QueueId,
    /// When.
    pub at: Timestamp,
}

/// Writes it; where it stands is written by the queue's events.
pub async fn insert_contact(sql: &mut Sql<'_>, contact: &NewContact<'_>) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO interaction (id, number, medium, direction, state, subject, client_id,
            identified_by, candidates, from_name, from_address, from_key, mailbox, queue_id,
            priority, received_at, last_message_at, unread, readable, disposition_note,
            event_sequence)
         VALUES ($1, $2, 'email', 'outbound', 'active', $3, $4, 'chosen', 1, $5, $6, $7, $8, $9, 0,
            $10, $10, 0, 1, '', 0)",
        contact.id,
        contact.number,
        contact.subject,
        contact.client,
        contact.to.name.as_str(),
        contact.to.address.as_str(),
        contact.to.address.to_lowercase(),
        contact.mailbox,
        contact.queue,
        contact.at
    )
    .await
    .map(drop)
}
