//! Rows of quarters of an hour, and the mark up to which events are in them.

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, PauseReasonId, QueueId};
use rozmova_queue::config::Medium;

use super::interval::{Attribution, Cell, Quarters, Slice, StateCell};
use super::measure::{QueueCounts, Targets};
use crate::dispatch::store::events_after;
use crate::store::{Db, Sql, StoreError, setting};
use crate::{fetch_all, insert_rows};

/// The number of the last event that is in the rows.
const ROLLED_UP_TO: &str = "report.rolled_up_to";
/// Before the first event.
const FROM_THE_BEGINNING: Timestamp = Timestamp(i64::MIN);

/// Adds some thousand events that are not in the rows yet, in one transaction; gives how many.
pub async fn roll_up(db: &Db, targets: &dyn SyncTargets) -> Result<usize, StoreError> {
    let mut connection = db.read().await?;
    let mark = rolled_up_to(&mut connection.sql()).await?;
    let events = events_after(&mut connection.sql(), mark, FROM_THE_BEGINNING).await?;
    drop(connection);
    let Some(last) = events.last().map(|event| event.seq) else { return Ok(0) };
    let mut quarters = Quarters::default();
    for event in &events {
        quarters.add(event, targets);
    }
    let mut tx = db.begin().await?;
    // Another process may have been here meanwhile.
    if rolled_up_to(&mut tx.sql()).await? != mark {
        return Ok(0);
    }
    write(&mut tx.sql(), &quarters).await?;
    setting::save(&mut tx.sql(), ROLLED_UP_TO, &last.to_string()).await?;
    tx.commit().await?;
    Ok(events.len())
}

/// [`Targets`] that may be held while waiting for the store.
pub trait SyncTargets: Targets + Sync {}

impl<T: Targets + Sync> SyncTargets for T {}

/// Number of the last event that is in the rows.
pub async fn rolled_up_to(sql: &mut Sql<'_>) -> Result<u64, StoreError> {
    let mark = setting::load(sql, ROLLED_UP_TO).await?;
    Ok(mark.and_then(|mark| mark.parse().ok()).unwrap_or(0))
}

/// Quarters from `from` to before `until` of one slice and attribution, with the events that are
/// not in the rows yet.
pub async fn quarters(
    db: &Db,
    targets: &dyn SyncTargets,
    (slice, attribution): (Slice, Attribution),
    (from, until): (Timestamp, Timestamp),
) -> Result<Quarters, StoreError> {
    let mut connection = db.read().await?;
    loop {
        let mark = rolled_up_to(&mut connection.sql()).await?;
        let mut quarters = Quarters {
            counts: counts(&mut connection.sql(), slice, attribution, from, until).await?,
            states: states(&mut connection.sql(), from, until).await?,
        };
        // The rows are those of the mark only if it did not move while they were read.
        if rolled_up_to(&mut connection.sql()).await? != mark {
            continue;
        }
        let mut recent = Quarters::default();
        let mut after = mark;
        loop {
            let events = events_after(&mut connection.sql(), after, FROM_THE_BEGINNING).await?;
            let Some(last) = events.last() else { break };
            after = last.seq;
            for event in &events {
                recent.add(event, targets);
            }
        }
        let within = |at: Timestamp| at >= from && at < until;
        for (cell, counts) in recent.counts {
            if cell.slice == slice && cell.attribution == attribution && within(cell.begins_at) {
                let sum = quarters.counts.entry(cell).or_default();
                *sum = sum.plus(&counts);
            }
        }
        for (cell, duration_ms) in recent.states {
            if within(cell.begins_at) {
                *quarters.states.entry(cell).or_default() += duration_ms;
            }
        }
        return Ok(quarters);
    }
}

async fn write(sql: &mut Sql<'_>, quarters: &Quarters) -> Result<(), StoreError> {
    let rows: Vec<(&Cell, &QueueCounts)> = quarters.counts.iter().collect();
    insert_rows!(
        sql,
        "INSERT INTO interval_count
         (slice, attribution, begins_at, queue_id, medium, member, offered, answered,
          answered_in_target, answered_wait_ms, abandoned, abandoned_in_target, abandoned_short,
          abandoned_wait_ms, flowed_out, callbacks_in_target, longest_wait_ms, closed, talk_ms,
          hold_ms, wrap_up_ms, offers, declined, no_answers) VALUES", 24,
        "ON CONFLICT (slice, attribution, begins_at, queue_id, medium, member) DO UPDATE SET
           offered = interval_count.offered + excluded.offered,
           answered = interval_count.answered + excluded.answered,
           answered_in_target = interval_count.answered_in_target + excluded.answered_in_target,
           answered_wait_ms = interval_count.answered_wait_ms + excluded.answered_wait_ms,
           abandoned = interval_count.abandoned + excluded.abandoned,
           abandoned_in_target = interval_count.abandoned_in_target + excluded.abandoned_in_target,
           abandoned_short = interval_count.abandoned_short + excluded.abandoned_short,
           abandoned_wait_ms = interval_count.abandoned_wait_ms + excluded.abandoned_wait_ms,
           flowed_out = interval_count.flowed_out + excluded.flowed_out,
           callbacks_in_target = interval_count.callbacks_in_target + excluded.callbacks_in_target,
           longest_wait_ms = CASE WHEN excluded.longest_wait_ms > interval_count.longest_wait_ms
             THEN excluded.longest_wait_ms ELSE interval_count.longest_wait_ms END,
           closed = interval_count.closed + excluded.closed,
           talk_ms = interval_count.talk_ms + excluded.talk_ms,
           hold_ms = interval_count.hold_ms + excluded.hold_ms,
           wrap_up_ms = interval_count.wrap_up_ms + excluded.wrap_up_ms,
           offers = interval_count.offers + excluded.offers,
           declined = interval_count.declined + excluded.declined,
           no_answers = interval_count.no_answers + excluded.no_answers",
        rows.as_slice(),
        row => row.0.slice.as_str(), row.0.attribution.as_str(), row.0.begins_at, row.0.queue,
            row.0.medium.as_str(), row.0.member.as_str(), row.1.offered.cast_signed(),
            row.1.answered.cast_signed(), row.1.answered_in_target.cast_signed(),
            row.1.answered_wait_ms, row.1.abandoned.cast_signed(),
            row.1.abandoned_in_target.cast_signed(), row.1.abandoned_short.cast_signed(),
            row.1.abandoned_wait_ms, row.1.flowed_out.cast_signed(),
            row.1.callbacks_in_target.cast_signed(), row.1.longest_wait_ms,
            row.1.closed.cast_signed(), row.1.talk_ms, row.1.hold_ms, row.1.wrap_up_ms,
            row.1.offers.cast_signed(), row.1.declined.cast_signed(),
            row.1.no_answers.cast_signed()
    )
    .await?;
    let rows: Vec<(&StateCell, &i64)> = quarters.states.iter().collect();
    insert_rows!(
        sql,
        "INSERT INTO interval_agent_state (begins_at, agent_id, state, reason, duration_ms) VALUES",
        5,
        "ON CONFLICT (begins_at, agent_id, state, reason) DO UPDATE SET
           duration_ms = interval_agent_state.duration_ms + excluded.duration_ms",
        rows.as_slice(),
        row => row.0.begins_at, row.0.agent, row.0.state, reason_text(row.0.reason), *row.1
    )
    .await
    .map(drop)
}

fn reason_text(reason: Option<PauseReasonId>) -> String {
    reason.map(|reason| reason.to_string()).unwrap_or_default()
}

#[derive(sqlx::FromRow)]
struct CountRow {
    begins_at: Timestamp,
    queue_id: QueueId,
    medium: String,
    member: String,
    offered: i64,
    answered: i64,
    answered_in_target: i64,
    answered_wait_ms: i64,
    abandoned: i64,
    abandoned_in_target: i64,
    abandoned_short: i64,
    abandoned_wait_ms: i64,
    flowed_out: i64,
    callbacks_in_target: i64,
    longest_wait_ms: i64,
    closed: i64,
    talk_ms: i64,
    hold_ms: i64,
    wrap_up_ms: i64,
    offers: i64,
    declined: i64,
    no_answers: i64,
}

impl CountRow {
    fn counts(&self) -> QueueCounts {
        QueueCounts {
            offered: self.offered.unsigned_abs(),
            answered: self.answered.unsigned_abs(),
            answered_in_target: self.answered_in_target.unsigned_abs(),
            answered_wait_ms: self.answered_wait_ms,
            abandoned: self.abandoned.unsigned_abs(),
            abandoned_in_target: self.abandoned_in_target.unsigned_abs(),
            abandoned_short: self.abandoned_short.unsigned_abs(),
            abandoned_wait_ms: self.abandoned_wait_ms,
            flowed_out: self.flowed_out.unsigned_abs(),
            callbacks_in_target: self.callbacks_in_target.unsigned_abs(),
            longest_wait_ms: self.longest_wait_ms,
            closed: self.closed.unsigned_abs(),
            talk_ms: self.talk_ms,
            hold_ms: self.hold_ms,
            wrap_up_ms: self.wrap_up_ms,
            offers: self.offers.unsigned_abs(),
            declined: self.declined.unsigned_abs(),
            no_answers: self.no_answers.unsigned_abs(),
        }
    }
}

async fn counts(
    sql: &mut Sql<'_>,
    slice: Slice,
    attribution: Attribution,
    from: Timestamp,
    until: Timestamp,
) -> Result<std::collections::BTreeMap<Cell, QueueCounts>, StoreError> {
    let rows = fetch_all!(
        sql,
        CountRow,
        "SELECT begins_at, queue_id, medium, member, offered, answered, answered_in_target,
           answered_wait_ms, abandoned, abandoned_in_target, abandoned_short, abandoned_wait_ms,
           flowed_out, callbacks_in_target, longest_wait_ms, closed, talk_ms, hold_ms, wrap_up_ms,
           offers, declined, no_answers
         FROM interval_count
         WHERE slice = $1 AND attribution = $2 AND begins_at >= $3 AND begins_at < $4",
        slice.as_str(),
        attribution.as_str(),
        from,
        until
    )
    .await?;
    let cells = rows.into_iter().map(|row| {
        let counts = row.counts();
        let medium = medium(&row.medium)?;
        let (begins_at, queue, member) = (row.begins_at, row.queue_id, row.member);
        Ok((Cell { slice, attribution, begins_at, queue, medium, member }, counts))
    });
    cells.collect()
}

fn medium(name: &str) -> Result<Medium, StoreError> {
    let found = Medium::ALL.into_iter().find(|medium| medium.as_str() == name);
    found.ok_or_else(|| StoreError::Fault(format!("there is no medium {name}")))
}

async fn states(
    sql: &mut Sql<'_>,
    from: Timestamp,
    until: Timestamp,
) -> Result<std::collections::BTreeMap<StateCell, i64>, StoreError> {
    let rows = fetch_all!(
        sql,
        (Timestamp, AgentId, String, String, i64),
        "SELECT begins_at, agent_id, state, reason, duration_ms FROM interval_agent_state
         WHERE begins_at >= $1 AND begins_at < $2",
        from,
        until
    )
    .await?;
    let cells = rows.into_iter().map(|(begins_at, agent, state, reason, duration_ms)| {
        let names = ["offline", "ready", "busy", "wrap_up", "not_responding", "paused"];
        let known = names.into_iter().find(|name| *name == state);
        let state = known.ok_or_else(|| StoreError::Fault(format!("no state {state}")))?;
        Ok((StateCell { begins_at, agent, state, reason: reason.parse().ok() }, duration_ms))
    });
    cells.collect()
}
