//! Rows of what the engine said: events, decisions, segments, offers, states of interactions.

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, InteractionId, OfferId, QueueId, SegmentId};
use rozmova_queue::config::Medium;
use rozmova_queue::{Event, EventKind};
use serde::{Deserialize, Serialize};

use super::rows::{InteractionChange, OfferChange, RowChanges, SegmentChange, name_of};
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_one, insert_rows};

/// Events read at once.
const EVENTS_CHUNK: i64 = 5_000;

/// Number of the last event stored; 0 when there is none.
pub(super) async fn last_event(sql: &mut Sql<'_>) -> Result<u64, StoreError> {
    let (sequence,) = fetch_one!(sql, (Option<i64>,), "SELECT MAX(sequence) FROM event").await?;
    Ok(sequence.unwrap_or(0).unsigned_abs())
}

/// Writes all changes.
pub(super) async fn write(sql: &mut Sql<'_>, changes: &RowChanges) -> Result<(), StoreError> {
    insert_events(sql, &changes.events).await?;
    insert_decisions(sql, changes).await?;
    upsert_segments(sql, changes).await?;
    upsert_offers(sql, changes).await?;
    reopen_arrived(sql, changes).await?;
    for (interaction, change) in &changes.interactions {
        if !change.only_arrived {
            update_interaction(sql, *interaction, change).await?;
        }
    }
    Ok(())
}

/// What an event row holds besides its columns.
#[derive(Debug, Serialize, Deserialize)]
struct EventDocument<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segment: Option<SegmentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offer: Option<OfferId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    medium: Option<Medium>,
    kind: std::borrow::Cow<'a, EventKind>,
}

struct EventRow {
    sequence: i64,
    at: Timestamp,
    kind: String,
    interaction: Option<InteractionId>,
    queue: Option<QueueId>,
    agent: Option<AgentId>,
    document: String,
}

fn event_row(event: &Event) -> Result<EventRow, StoreError> {
    let document = EventDocument {
        segment: event.segment,
        offer: event.offer,
        medium: event.medium,
        kind: std::borrow::Cow::Borrowed(&event.kind),
    };
    Ok(EventRow {
        sequence: event.seq.cast_signed(),
        at: event.at,
        kind: kind_name(&event.kind)?,
        interaction: event.interaction,
        queue: event.queue,
        agent: event.agent,
        document: to_json(&document)?,
    })
}

/// `queued`, `offer_accepted`: the tag under which the kind is written.
fn kind_name(kind: &EventKind) -> Result<String, StoreError> {
    #[derive(Deserialize)]
    struct Tag {
        r#type: String,
    }
    let tag: Tag = serde_json::from_str(&to_json(kind)?).map_err(unfit)?;
    Ok(tag.r#type)
}

fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(unfit)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unfit(error: serde_json::Error) -> StoreError {
    StoreError::Fault(error.to_string())
}

async fn insert_events(sql: &mut Sql<'_>, events: &[Event]) -> Result<(), StoreError> {
    let rows = events.iter().map(event_row).collect::<Result<Vec<_>, _>>()?;
    insert_rows!(
        sql,
        "INSERT INTO event
         (sequence, at, kind, interaction_id, queue_id, agent_id, document) VALUES", 7, "",
        rows.as_slice(),
        row => row.sequence, row.at, row.kind.as_str(), row.interaction, row.queue, row.agent,
            row.document.as_str()
    )
    .await
    .map(drop)
}

async fn insert_decisions(sql: &mut Sql<'_>, changes: &RowChanges) -> Result<(), StoreError> {
    let rows = changes
        .decisions
        .iter()
        .map(|numbered| {
            let decision = &numbered.decision;
            let document = to_json(decision)?;
            Ok((numbered.sequence.cast_signed(), decision.interaction, decision.at, document))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    insert_rows!(
        sql,
        "INSERT INTO decision_trace (sequence, interaction_id, at, document) VALUES", 4,
        "ON CONFLICT (sequence) DO NOTHING", rows.as_slice(),
        row => row.0, row.1, row.2, row.3.as_str()
    )
    .await
    .map(drop)
}

async fn upsert_segments(sql: &mut Sql<'_>, changes: &RowChanges) -> Result<(), StoreError> {
    let rows: Vec<(SegmentId, &SegmentChange)> =
        changes.segments.iter().map(|(id, change)| (*id, change)).collect();
    insert_rows!(
        sql,
        "INSERT INTO segment
         (id, interaction_id, queue_id, medium, eligible_at, routed_at, accepted_at, ended_at,
          agent_id, outcome) VALUES", 10,
        "ON CONFLICT (id) DO UPDATE SET
           routed_at = COALESCE(segment.routed_at, excluded.routed_at),
           accepted_at = COALESCE(segment.accepted_at, excluded.accepted_at),
           ended_at = COALESCE(excluded.ended_at, segment.ended_at),
           agent_id = COALESCE(excluded.agent_id, segment.agent_id),
           outcome = COALESCE(excluded.outcome, segment.outcome)",
        rows.as_slice(),
        row => row.0, row.1.interaction, row.1.queue, row.1.medium, row.1.eligible_at,
            row.1.routed_at, row.1.accepted_at, row.1.ended_at, row.1.agent, row.1.outcome
    )
    .await
    .map(drop)
}

async fn upsert_offers(sql: &mut Sql<'_>, changes: &RowChanges) -> Result<(), StoreError> {
    let rows: Vec<(OfferId, &OfferChange)> =
        changes.offers.iter().map(|(id, change)| (*id, change)).collect();
    insert_rows!(
        sql,
        "INSERT INTO offer
         (id, segment_id, interaction_id, agent_id, offered_at, expires_at, ended_at, outcome,
          reason) VALUES", 9,
        "ON CONFLICT (id) DO UPDATE SET
           ended_at = excluded.ended_at, outcome = excluded.outcome, reason = excluded.reason",
        rows.as_slice(),
        row => row.0, row.1.segment, row.1.interaction, row.1.agent, row.1.offered_at,
            row.1.expires_at, row.1.ended_at, row.1.outcome, row.1.reason.as_deref()
    )
    .await
    .map(drop)
}

/// A new row says `queued` from the beginning, and writing it again would double the work of an
/// arrival. A contact that was closed and came back is the exception.
async fn reopen_arrived(sql: &mut Sql<'_>, changes: &RowChanges) -> Result<(), StoreError> {
    let arrived: Vec<(InteractionId, &InteractionChange)> = changes
        .interactions
        .iter()
        .filter(|(_, change)| change.only_arrived)
        .map(|(id, change)| (*id, change))
        .collect();
    let mut reopened = Vec::new();
    for chunk in arrived.chunks(crate::store::bulk::CHUNK_ROWS_MAX) {
        let ids: Vec<InteractionId> = chunk.iter().map(|(id, _)| *id).collect();
        reopened.extend(closed_among(sql, &ids).await?);
    }
    for (id, change) in arrived {
        if reopened.contains(&id) {
            update_interaction(sql, id, change).await?;
        }
    }
    Ok(())
}

async fn closed_among(
    sql: &mut Sql<'_>,
    ids: &[InteractionId],
) -> Result<Vec<InteractionId>, StoreError> {
    let rows = crate::fetch_in!(
        sql,
        (InteractionId,),
        "SELECT id FROM interaction WHERE closed_at IS NOT NULL AND id IN",
        "",
        ids,
        id => *id
    )
    .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

async fn update_interaction(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
    change: &InteractionChange,
) -> Result<(), StoreError> {
    let state = change.state.as_ref().and_then(name_of);
    execute!(
        sql,
        "UPDATE interaction SET
           state = COALESCE($2, state),
           queue_id = COALESCE($3, queue_id),
           agent_id = CASE WHEN $4 = 1 THEN $5 ELSE agent_id END,
           waiting_since_at = COALESCE($6, waiting_since_at),
           answered_at = COALESCE(answered_at, $7),
           closed_at = CASE WHEN $8 = 1 THEN $9 ELSE closed_at END,
           disposition_id = COALESCE($10, disposition_id),
           event_sequence = $11,
           priority = COALESCE($12, priority)
         WHERE id = $1",
        interaction,
        state.as_deref(),
        change.queue,
        change.agent.is_set(),
        change.agent.value(),
        change.waiting_since_at,
        change.answered_at,
        change.closed_at.is_set(),
        change.closed_at.value(),
        change.disposition,
        change.event_sequence.cast_signed(),
        change.priority.map(i64::from)
    )
    .await
    .map(drop)
}

/// Events after `sequence` and not before `from`, in order, some thousand at once.
pub async fn events_after(
    sql: &mut Sql<'_>,
    sequence: u64,
    from: Timestamp,
) -> Result<Vec<Event>, StoreError> {
    let rows = fetch_all!(
        sql,
        EventColumns,
        "SELECT sequence, at, interaction_id, queue_id, agent_id, document FROM event
         WHERE sequence > $1 AND at >= $2 ORDER BY sequence LIMIT $3",
        sequence.cast_signed(),
        from,
        EVENTS_CHUNK
    )
    .await?;
    rows.iter().map(event_from).collect()
}

/// Events of one interaction, in order.
pub async fn events_of(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
) -> Result<Vec<Event>, StoreError> {
    let rows = fetch_all!(
        sql,
        EventColumns,
        "SELECT sequence, at, interaction_id, queue_id, agent_id, document FROM event
         WHERE interaction_id = $1 ORDER BY sequence LIMIT $2",
        interaction,
        EVENTS_CHUNK
    )
    .await?;
    rows.iter().map(event_from).collect()
}

/// Contacts that left a queue for something else, by the numbers of the events: after the first,
/// up to the second.
pub async fn overflows_between(
    sql: &mut Sql<'_>,
    after: i64,
    until: i64,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    let rows = fetch_all!(
        sql,
        EventColumns,
        "SELECT sequence, at, interaction_id, queue_id, agent_id, document FROM event
         WHERE sequence > $1 AND sequence <= $2 AND kind = 'overflowed'
         ORDER BY sequence LIMIT $3",
        after,
        until,
        limit
    )
    .await?;
    rows.iter().map(event_from).collect()
}

/// Number of the last event before a time; 0 when there is none.
pub async fn last_event_before(sql: &mut Sql<'_>, at: Timestamp) -> Result<u64, StoreError> {
    let (sequence,) = fetch_one!(
        sql,
        (Option<i64>,),
        "SELECT (SELECT sequence FROM event WHERE at < $1 ORDER BY at DESC, sequence DESC LIMIT 1)",
        at
    )
    .await?;
    Ok(sequence.unwrap_or(0).unsigned_abs())
}

#[derive(sqlx::FromRow)]
struct EventColumns {
    sequence: i64,
    at: Timestamp,
    interaction_id: Option<InteractionId>,
    queue_id: Option<QueueId>,
    agent_id: Option<AgentId>,
    document: String,
}

fn event_from(row: &EventColumns) -> Result<Event, StoreError> {
    let document: EventDocument<'_> = serde_json::from_str(&row.document)
        .map_err(|error| StoreError::Fault(format!("event {}: {error}", row.sequence)))?;
    Ok(Event {
        seq: row.sequence.unsigned_abs(),
        at: row.at,
        interaction: row.interaction_id,
        segment: document.segment,
        offer: document.offer,
        queue: row.queue_id,
        agent: row.agent_id,
        medium: document.medium,
        kind: document.kind.into_owned(),
    })
}

/// Decisions about one interaction, in order.
pub async fn decisions_of(
    sql: &mut Sql<'_>,
    interaction: InteractionId,
) -> Result<Vec<rozmova_queue::trace::Decision>, StoreError> {
    let rows = fetch_all!(
        sql,
        (String,),
        "SELECT document FROM decision_trace WHERE interaction_id = $1 ORDER BY sequence LIMIT $2",
        interaction,
        EVENTS_CHUNK
    )
    .await?;
    rows.into_iter().map(|(text,)| serde_json::from_str(&text).map_err(unfit)).collect()
}
