//! Rows of contacts, with the names that belong to them.

use std::collections::BTreeMap;
use std::fmt::Write;

use rozmova_base::Timestamp;
use rozmova_base::id::{
    AgentId, ClientId, DispositionId, InteractionId, MessageId, OfferId, QueueId, UserId,
};
use sqlx::AssertSqlSafe;

use super::model::{
    CandidateRef, ClientRef, DispositionRef, Interaction, InteractionRef, Offer, PROPOSED, Party,
    PersonRef, QueueRef, medium_of,
};
use super::reach::Reach;
use crate::client::identity::{self, Identified, Why};
use crate::client::model::{ContactMedium, MatchKey, Status};
use crate::routing::Routing;
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_in, fetch_optional, on_engine};

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: InteractionId,
    number: i64,
    medium: String,
    direction: String,
    state: String,
    subject: String,
    client_id: Option<ClientId>,
    client_name: Option<String>,
    client_kind: Option<String>,
    client_status: Option<String>,
    client_vip: Option<i16>,
    identified_by: String,
    candidates: i64,
    from_name: String,
    from_address: String,
    queue_id: QueueId,
    agent_id: Option<AgentId>,
    agent_name: Option<String>,
    priority: i64,
    received_at: Timestamp,
    waiting_since_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    due_at: Option<Timestamp>,
    unread: i64,
    last_message_at: Timestamp,
    disposition_id: Option<DispositionId>,
    readable: i16,
}

/// The beginning of every query for whole contacts.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.number, i.medium, i.direction, i.state, i.subject, i.client_id,
               c.name AS client_name, c.kind AS client_kind, c.status AS client_status,
               c.vip AS client_vip, i.identified_by, i.candidates, i.from_name, i.from_address,
               i.queue_id,
               i.agent_id, u.name AS agent_name, i.priority, i.received_at, i.waiting_since_at,
               i.answered_at, i.closed_at, i.due_at, i.unread, i.last_message_at,
               i.disposition_id, i.readable
             FROM interaction i
             LEFT JOIN client c ON c.id = i.client_id
             LEFT JOIN app_user u ON u.id = i.agent_id ",
            $rest
        )
    };
}

fn interaction(row: Row, routing: &Routing) -> Interaction {
    let client = row.client_id.map(|id| {
        let is_prospect = row.client_status.as_deref() == Some("prospect");
        let kind =
            if is_prospect { "prospect".to_owned() } else { row.client_kind.unwrap_or_default() };
        ClientRef {
            id,
            name: row.client_name.unwrap_or_default(),
            kind,
            vip: row.client_vip.unwrap_or(0) != 0,
            confirmed: row.identified_by != PROPOSED,
        }
    });
    let since = row.waiting_since_at.unwrap_or(row.received_at);
    let due = || {
        let target_ms = routing.target_ms(row.queue_id, medium_of(&row.medium)?)?;
        Some(since.plus_millis(target_ms))
    };
    let disposition = row.disposition_id.map(|id| DispositionRef {
        id,
        name: routing.disposition(id).map(|item| item.name.clone()).unwrap_or_default(),
    });
    Interaction {
        due_at: row.due_at.or_else(due),
        id: row.id,
        number: row.number,
        medium: row.medium,
        direction: row.direction,
        state: shown_state(row.state),
        subject: row.subject,
        client,
        candidates: row.candidates,
        from: Party { name: row.from_name, address: row.from_address },
        queue: QueueRef { id: row.queue_id, name: routing.queue_name(row.queue_id).to_owned() },
        agent: row.agent_id.map(|id| PersonRef { id, name: row.agent_name.unwrap_or_default() }),
        priority: row.priority,
        received_at: row.received_at,
        waiting_since_at: row.waiting_since_at,
        answered_at: row.answered_at,
        closed_at: row.closed_at,
        unread: row.unread,
        last_message_at: row.last_message_at,
        disposition,
        could_not_be_read: row.readable == 0,
        viewers: Vec::new(),
    }
}

/// Desks know fewer states than the engine: what waits for its time waits, what went elsewhere is
/// over.
fn shown_state(state: String) -> String {
    match state.as_str() {
        "received" => "queued".to_owned(),
        "overflowed" => "closed".to_owned(),
        _ => state,
    }
}

/// One contact.
pub async fn load(
    sql: &mut Sql<'_>,
    routing: &Routing,
    id: InteractionId,
) -> Result<Option<Interaction>, StoreError> {
    let row = fetch_optional!(sql, Row, select!("WHERE i.id = $1"), id).await?;
    Ok(row.map(|row| interaction(row, routing)))
}

/// Many contacts by id.
pub async fn load_many(
    sql: &mut Sql<'_>,
    routing: &Routing,
    ids: &[InteractionId],
) -> Result<BTreeMap<InteractionId, Interaction>, StoreError> {
    let rows = fetch_in_rows(sql, ids).await?;
    Ok(rows.into_iter().map(|row| (row.id, interaction(row, routing))).collect())
}

async fn fetch_in_rows(sql: &mut Sql<'_>, ids: &[InteractionId]) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    let mut rest = ids;
    for size in crate::store::bulk::chunks(ids.len()) {
        let (chunk, after) = rest.split_at(size);
        rest = after;
        // Only literals and parameter numbers are in the text.
        let text = AssertSqlSafe(crate::store::bulk::in_text(
            sql.parameters(),
            select!("WHERE i.id IN"),
            size,
            "",
        ));
        let rows = on_engine!(sql, connection => {
            let mut query = sqlx::query_as::<_, Row>(text);
            for id in chunk {
                query = query.bind(*id);
            }
            query.fetch_all(connection).await.map_err(StoreError::from)
        })?;
        found.extend(rows);
    }
    Ok(found)
}

/// Which contacts. `None` leaves a column out of the question.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of those that the asker may read.
    pub reach: Reach,
    /// Any of these states; empty: all.
    pub states: Vec<String>,
    /// Of this queue.
    pub queue: Option<QueueId>,
    /// With this client.
    pub client: Option<ClientId>,
    /// In this agent's hands.
    pub agent: Option<AgentId>,
    /// Of this medium.
    pub medium: Option<String>,
    /// What somebody typed.
    pub search: Option<Search>,
}

/// What somebody typed, read as well as it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// The number of a contact.
    Number(i64),
    /// The address it came from, folded.
    From(String),
    /// The beginning of a word of its client's record, folded.
    Word(String),
}

impl Search {
    /// `#1042` or `1042` is a number, what has an `@` an address, anything else a word.
    pub fn parse(text: &str, fold: impl Fn(&str) -> String) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        if let Ok(number) = text.trim_start_matches('#').parse() {
            return Some(Self::Number(number));
        }
        if text.contains('@') {
            return Some(Self::From(text.to_lowercase()));
        }
        let longest = text.split_whitespace().max_by_key(|word| word.chars().count())?;
        Some(Self::Word(fold(longest)))
    }
}

/// Entries of the directory that a word is looked up in. Contacts of more clients than that nobody
/// pages through: he writes more of the word.
pub const WORD_ENTRIES_MAX: usize = 1_024;

/// The key of the last row of a page.
pub type PageKey = (Timestamp, InteractionId);

/// Contacts by the time of their arrival, newest first, beginning behind `before`.
pub async fn list(
    sql: &mut Sql<'_>,
    routing: &Routing,
    filter: &Filter,
    before: Option<PageKey>,
    limit: i64,
) -> Result<Vec<Interaction>, StoreError> {
    // Only literals and parameter numbers are in the text.
    let text = AssertSqlSafe(list_text(filter, before.is_some()));
    let rows = on_engine!(sql, connection => {
        let mut query = sqlx::query_as::<_, Row>(text);
        for state in &filter.states {
            query = query.bind(state.as_str());
        }
        if let Some(queue) = filter.queue {
            query = query.bind(queue);
        }
        if let Some(client) = filter.client {
            query = query.bind(client);
        }
        if let Some(agent) = filter.agent {
            query = query.bind(agent);
        }
        if let Some(medium) = &filter.medium {
            query = query.bind(medium.as_str());
        }
        query = match &filter.search {
            Some(Search::Number(number)) => query.bind(*number),
            Some(Search::From(key)) => query.bind(key.as_str()),
            // U+10FFFF sorts behind every word that begins so.
            Some(Search::Word(word)) => {
                query.bind(word.as_str()).bind(format!("{word}\u{10ffff}"))
            }
            None => query,
        };
        for bound in filter.reach.bound() {
            query = query.bind(bound);
        }
        if let Some((at, id)) = before {
            query = query.bind(at).bind(at).bind(id);
        }
        query.bind(limit).fetch_all(connection).await.map_err(StoreError::from)
    })?;
    Ok(rows.into_iter().map(|row| interaction(row, routing)).collect())
}

fn list_text(filter: &Filter, is_continued: bool) -> String {
    let mut text = String::from(select!("WHERE 1 = 1"));
    let mut number = 0;
    let mut next = || {
        number += 1;
        format!("${number}")
    };
    if !filter.states.is_empty() {
        let states: Vec<String> = filter.states.iter().map(|_| next()).collect();
        let _ = write!(text, " AND i.state IN ({})", states.join(", "));
    }
    let columns = [
        ("i.queue_id", filter.queue.is_some()),
        ("i.client_id", filter.client.is_some()),
        ("i.agent_id", filter.agent.is_some()),
        ("i.medium", filter.medium.is_some()),
    ];
    for (column, is_asked) in columns {
        if is_asked {
            let _ = write!(text, " AND {column} = {}", next());
        }
    }
    let _ = match filter.search {
        Some(Search::Number(_)) => write!(text, " AND i.number = {}", next()),
        Some(Search::From(_)) => write!(text, " AND i.from_key = {}", next()),
        Some(Search::Word(_)) => write!(
            text,
            " AND i.client_id IN (SELECT client_id FROM client_word WHERE word >= {} AND word < {}
                ORDER BY word, client_id LIMIT {WORD_ENTRIES_MAX})",
            next(),
            next()
        ),
        None => Ok(()),
    };
    let parameters: Vec<String> = filter.reach.bound().iter().map(|_| next()).collect();
    let _ = write!(text, " AND {}", filter.reach.predicate(&parameters));
    if is_continued {
        let (at, same, id) = (next(), next(), next());
        let _ =
            write!(text, " AND (i.received_at < {at} OR (i.received_at = {same} AND i.id < {id}))");
    }
    let _ = write!(text, " ORDER BY i.received_at DESC, i.id DESC LIMIT {}", next());
    text
}

/// What an agent has open, oldest first.
pub async fn open_of(
    sql: &mut Sql<'_>,
    routing: &Routing,
    agent: AgentId,
) -> Result<Vec<Interaction>, StoreError> {
    let rows = fetch_all!(
        sql,
        Row,
        select!(
            "WHERE i.agent_id = $1 AND i.state IN
               ('active', 'held', 'waiting_for_client', 'parked', 'wrap_up')
             ORDER BY i.received_at, i.id"
        ),
        agent
    )
    .await?;
    Ok(rows.into_iter().map(|row| interaction(row, routing)).collect())
}

/// Offers that are open for an agent, oldest first.
pub async fn offers_of(
    sql: &mut Sql<'_>,
    routing: &Routing,
    agent: AgentId,
) -> Result<Vec<Offer>, StoreError> {
    let rows = fetch_all!(
        sql,
        OfferRow,
        "SELECT id, interaction_id, agent_id, offered_at, expires_at, outcome FROM offer
         WHERE agent_id = $1 AND outcome IS NULL ORDER BY offered_at, id",
        agent
    )
    .await?;
    let ids: Vec<InteractionId> = rows.iter().map(|row| row.interaction_id).collect();
    let mut interactions = load_many(sql, routing, &ids).await?;
    let offers = rows.into_iter().filter_map(|row| {
        Some(Offer {
            id: row.id,
            interaction: interactions.remove(&row.interaction_id)?,
            offered_at: row.offered_at,
            expires_at: row.expires_at,
        })
    });
    Ok(offers.collect())
}

/// One offer.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OfferRow {
    /// Its id.
    pub id: OfferId,
    /// What was offered.
    pub interaction_id: InteractionId,
    /// To whom.
    pub agent_id: AgentId,
    /// Since when.
    pub offered_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// `accepted`, `declined`, `timed_out`, `withdrawn`; `None`: it is open.
    pub outcome: Option<String>,
}

/// One offer by id.
pub async fn offer(sql: &mut Sql<'_>, id: OfferId) -> Result<Option<OfferRow>, StoreError> {
    fetch_optional!(
        sql,
        OfferRow,
        "SELECT id, interaction_id, agent_id, offered_at, expires_at, outcome FROM offer
         WHERE id = $1",
        id
    )
    .await
}

/// How the client of a contact was found: how, and the clients that may be meant, best first: those
/// whose account or tax number the first message names, then those that its address fits. None once
/// the client is known.
pub async fn identification(
    sql: &mut Sql<'_>,
    id: InteractionId,
) -> Result<(String, Vec<CandidateRef>), StoreError> {
    let row = fetch_optional!(
        sql,
        (String, i64, String, String, Option<String>),
        "SELECT i.identified_by, i.candidates, i.medium, i.from_key, c.status
         FROM interaction i LEFT JOIN client c ON c.id = i.client_id WHERE i.id = $1",
        id
    )
    .await?;
    let Some((how, count, medium, value, status)) = row else { return Err(StoreError::Missing) };
    let is_known = status.is_some_and(|status| status != Status::Prospect.as_str());
    if how != PROPOSED && (is_known || how == Why::Chosen.as_str()) {
        return Ok((how, Vec::new()));
    }
    let text = first_text(sql, id).await?;
    let mut ranked = identity::store::named_in(sql, &text).await?;
    // A prospect is one record made from the address: nothing to choose from.
    let is_open = count >= 2 || how == PROPOSED;
    if let Some(medium) = ContactMedium::from_row(&medium).filter(|_| is_open) {
        let key = MatchKey { medium, value };
        let known = identity::store::candidates(sql, std::slice::from_ref(&key)).await?;
        let known = known.into_values().next().unwrap_or_default();
        let by_address = match identity::identify(known) {
            Identified::Several { ranked, .. } => ranked,
            Identified::One { client, why } => vec![(client, why)],
            Identified::None => Vec::new(),
        };
        for (candidate, why) in by_address {
            if ranked.iter().all(|(other, _)| other.client != candidate.client) {
                ranked.push((candidate, why));
            }
        }
    }
    let candidates = ranked.into_iter().map(|(candidate, why)| CandidateRef {
        id: candidate.client,
        name: candidate.name,
        why: why.as_str().to_owned(),
    });
    Ok((how, candidates.collect()))
}

/// The text with which a contact began; empty: it did not begin with one.
async fn first_text(sql: &mut Sql<'_>, id: InteractionId) -> Result<String, StoreError> {
    let row = fetch_optional!(
        sql,
        (String,),
        "SELECT SUBSTR(body, 1, CAST($2 AS INTEGER)) FROM message
         WHERE interaction_id = $1 AND direction = 'inbound' ORDER BY at, id LIMIT 1",
        id,
        identity::clue::TEXT_MAX_BYTES as i64
    )
    .await?;
    Ok(row.map(|(text,)| text).unwrap_or_default())
}

/// Contacts that this one seems to belong to.
pub async fn may_belong_to(
    sql: &mut Sql<'_>,
    id: InteractionId,
) -> Result<Vec<InteractionRef>, StoreError> {
    let rows = fetch_all!(
        sql,
        (InteractionId, i64, String),
        "SELECT i.id, i.number, i.subject FROM interaction_hint h
         JOIN interaction i ON i.id = h.may_belong_to_id
         WHERE h.interaction_id = $1 ORDER BY i.number",
        id
    )
    .await?;
    let refs = rows.into_iter().map(|(id, number, subject)| InteractionRef { id, number, subject });
    Ok(refs.collect())
}

/// The contact that this one became part of.
pub async fn merged_into(
    sql: &mut Sql<'_>,
    id: InteractionId,
) -> Result<Option<InteractionRef>, StoreError> {
    let row = fetch_optional!(
        sql,
        (InteractionId, i64, String),
        "SELECT t.id, t.number, t.subject FROM interaction i
         JOIN interaction t ON t.id = i.merged_into_id WHERE i.id = $1",
        id
    )
    .await?;
    Ok(row.map(|(id, number, subject)| InteractionRef { id, number, subject }))
}

/// Clients of contacts: who are not the same cannot be merged.
pub async fn clients_of(
    sql: &mut Sql<'_>,
    ids: [InteractionId; 2],
) -> Result<BTreeMap<InteractionId, Option<ClientId>>, StoreError> {
    let rows = fetch_all!(
        sql,
        (InteractionId, Option<ClientId>),
        "SELECT id, client_id FROM interaction WHERE id IN ($1, $2)",
        ids[0],
        ids[1]
    )
    .await?;
    Ok(rows.into_iter().collect())
}

/// Lets the messages of one contact be those of another, with drafts and with everything that had
/// become part of it before. Gives the messages moved, oldest first.
pub async fn merge(
    sql: &mut Sql<'_>,
    from: InteractionId,
    into: InteractionId,
) -> Result<Vec<MessageId>, StoreError> {
    let moved = fetch_all!(
        sql,
        (MessageId,),
        "SELECT id FROM message WHERE interaction_id = $1 ORDER BY at, id",
        from
    )
    .await?;
    execute!(sql, "UPDATE message SET interaction_id = $2 WHERE interaction_id = $1", from, into)
        .await?;
    // Who has begun to write in both keeps what he writes in the one that goes on.
    execute!(
        sql,
        "UPDATE draft SET interaction_id = $2 WHERE interaction_id = $1 AND NOT EXISTS
           (SELECT 1 FROM draft d WHERE d.interaction_id = $2 AND d.author_id = draft.author_id)",
        from,
        into
    )
    .await?;
    execute!(
        sql,
        "UPDATE interaction SET
           unread = unread + (SELECT s.unread FROM interaction s WHERE s.id = $1),
           last_message_at = CASE
             WHEN last_message_at < (SELECT s.last_message_at FROM interaction s WHERE s.id = $1)
             THEN (SELECT s.last_message_at FROM interaction s WHERE s.id = $1)
             ELSE last_message_at END,
           client_id = COALESCE(client_id, (SELECT s.client_id FROM interaction s
             WHERE s.id = $1 AND s.identified_by <> 'proposed'))
         WHERE id = $2",
        from,
        into
    )
    .await?;
    execute!(
        sql,
        "UPDATE interaction SET merged_into_id = $2 WHERE id = $1 OR merged_into_id = $1",
        from,
        into
    )
    .await?;
    execute!(sql, "UPDATE interaction SET unread = 0 WHERE id = $1", from).await?;
    Ok(moved.into_iter().map(|(id,)| id).collect())
}

/// An agent says with whom a contact is, and with whom the address will be from now on.
pub async fn choose_client(
    sql: &mut Sql<'_>,
    id: InteractionId,
    client: ClientId,
    chosen_by: UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO contact_choice (medium, match_key, client_id, chosen_by, chosen_at)
         SELECT i.medium, i.from_key, $2, $3, $4 FROM interaction i
         WHERE i.id = $1 AND i.from_key <> ''
         ON CONFLICT (medium, match_key) DO UPDATE SET client_id = excluded.client_id,
           chosen_by = excluded.chosen_by, chosen_at = excluded.chosen_at",
        id,
        client,
        chosen_by,
        at
    )
    .await?;
    let touched = execute!(
        sql,
        "UPDATE interaction SET client_id = $2, identified_by = 'chosen', candidates = 1
         WHERE id = $1",
        id,
        client
    )
    .await?;
    if touched == 0 { Err(StoreError::Missing) } else { Ok(()) }
}

/// The client who was only proposed is known now, unless an agent has chosen meanwhile.
pub async fn open_proposed(
    sql: &mut Sql<'_>,
    id: InteractionId,
    client: ClientId,
    identified_by: &str,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "UPDATE interaction SET client_id = $2, identified_by = $3
         WHERE id = $1 AND identified_by = 'proposed'",
        id,
        client,
        identified_by
    )
    .await
    .map(drop)
}

/// What the agent wrote with the result.
pub async fn set_disposition_note(
    sql: &mut Sql<'_>,
    id: InteractionId,
    note: &str,
) -> Result<(), StoreError> {
    execute!(sql, "UPDATE interaction SET disposition_note = $2 WHERE id = $1", id, note)
        .await
        .map(drop)
}

/// The priority class, as shown.
pub async fn set_priority(
    sql: &mut Sql<'_>,
    id: InteractionId,
    priority: u8,
) -> Result<(), StoreError> {
    execute!(sql, "UPDATE interaction SET priority = $2 WHERE id = $1", id, i64::from(priority))
        .await
        .map(drop)
}

/// Names of people by id.
pub async fn names(
    sql: &mut Sql<'_>,
    ids: &[UserId],
) -> Result<BTreeMap<UserId, String>, StoreError> {
    let rows = fetch_in!(
        sql, (UserId, String), "SELECT id, name FROM app_user WHERE id IN", "", ids, id => *id)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Numbers of contacts by id.
pub async fn numbers(
    sql: &mut Sql<'_>,
    ids: &[InteractionId],
) -> Result<BTreeMap<InteractionId, i64>, StoreError> {
    let rows = fetch_in!(
        sql, (InteractionId, i64), "SELECT id, number FROM interaction WHERE id IN", "", ids,
        id => *id)
    .await?;
    Ok(rows.into_iter().collect())
}

/// A contact that begins.
#[derive(Clone, Copy, Debug)]
pub struct NewInteraction<'a> {
    /// Its id.
    pub id: InteractionId,
    /// Its number, taken from the counter.
    pub number: i64,
    /// As in the API.
    pub medium: &'a str,
    /// `inbound` or `outbound`.
    pub direction: &'a str,
    /// Where it begins.
    pub state: &'a str,
    /// One line.
    pub subject: &'a str,
    /// Who wrote.
    pub from_name: &'a str,
    /// From where.
    pub from_address: &'a str,
    /// Where it waits.
    pub queue: QueueId,
    /// When.
    pub at: Timestamp,
}

/// Adds a contact without a client. Intake adds its own, many at once.
pub async fn insert(sql: &mut Sql<'_>, new: &NewInteraction<'_>) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO interaction (id, number, medium, direction, state, subject, identified_by,
           candidates, from_name, from_address, from_key, mailbox, queue_id, priority, received_at,
           waiting_since_at, last_message_at, unread, readable, disposition_note, event_sequence)
         VALUES ($1, $2, $3, $4, $5, $6, 'none', 0, $7, $8, $8, '', $9, 0, $10, $10, $10, 1, 1, '',
           0)",
        new.id,
        new.number,
        new.medium,
        new.direction,
        new.state,
        new.subject,
        new.from_name,
        new.from_address,
        new.queue,
        new.at
    )
    .await
    .map(drop)
}
