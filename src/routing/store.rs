//! The routing document as rows, one for each thing in it.

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::id::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::document::RoutingDocument;
use super::now::{Routing, RoutingNow};
use super::resolve::{Known, Person};
use crate::store::{Db, Sql, StoreError};
use crate::{execute, fetch_all, fetch_optional, insert_rows};

/// Kinds of rows, and how each is known.
pub(super) const CENTRE: &str = "centre";
pub(super) const ORDER: &str = "order";
pub(super) const MEDIA: &str = "media";
pub(super) const SKILL: &str = "skill";
pub(super) const HOURS: &str = "hours";
pub(super) const PAUSE_REASON: &str = "pause_reason";
pub(super) const DISPOSITION: &str = "disposition";
pub(super) const QUEUE: &str = "queue";
pub(super) const AGENT: &str = "agent";

/// Contacts named to whoever wants to remove what they need: more than anyone reads.
const USES_TOLD_MAX: i64 = 20;

#[derive(Serialize, Deserialize)]
struct Placed<T> {
    /// Order within the document.
    position: usize,
    item: T,
}

struct Row {
    kind: &'static str,
    id: Uuid,
    name: String,
    document: String,
}

/// Reads the document; the product's defaults when none was ever written.
pub async fn load(sql: &mut Sql<'_>) -> Result<RoutingDocument, StoreError> {
    let rows = fetch_all!(sql, (String, String), "SELECT kind, document FROM routing_item").await?;
    let mut by_kind: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (kind, document) in rows {
        by_kind.entry(kind).or_default().push(document);
    }
    Ok(RoutingDocument {
        centre: first(&by_kind, CENTRE)?.unwrap_or_default(),
        order: first(&by_kind, ORDER)?.unwrap_or_default(),
        media: first(&by_kind, MEDIA)?.unwrap_or_default(),
        skills: items(&by_kind, SKILL)?,
        hours: items(&by_kind, HOURS)?,
        pause_reasons: items(&by_kind, PAUSE_REASON)?,
        dispositions: items(&by_kind, DISPOSITION)?,
        queues: items(&by_kind, QUEUE)?,
        agents: items(&by_kind, AGENT)?,
    })
}

/// Reads the document into memory.
pub async fn refresh(db: &Db, now: &RoutingNow) -> Result<(), StoreError> {
    let mut connection = db.read().await?;
    let document = load(&mut connection.sql()).await?;
    now.set(Routing::new(document, Timestamp::default()));
    Ok(())
}

fn items<T: for<'de> Deserialize<'de>>(
    by_kind: &BTreeMap<String, Vec<String>>,
    kind: &str,
) -> Result<Vec<T>, StoreError> {
    let texts = by_kind.get(kind).map(Vec::as_slice).unwrap_or_default();
    let mut placed = texts
        .iter()
        .map(|text| {
            serde_json::from_str::<Placed<T>>(text)
                .map_err(|error| StoreError::Fault(format!("routing item of kind {kind}: {error}")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    placed.sort_by_key(|placed| placed.position);
    Ok(placed.into_iter().map(|placed| placed.item).collect())
}

fn first<T: for<'de> Deserialize<'de>>(
    by_kind: &BTreeMap<String, Vec<String>>,
    kind: &str,
) -> Result<Option<T>, StoreError> {
    Ok(items(by_kind, kind)?.into_iter().next())
}

/// Replaces all rows.
pub(super) async fn save(
    sql: &mut Sql<'_>,
    document: &RoutingDocument,
    at: Timestamp,
) -> Result<(), StoreError> {
    let rows = rows(document)?;
    execute!(sql, "DELETE FROM routing_item").await?;
    insert_rows!(
        sql,
        "INSERT INTO routing_item (kind, id, name, document, changed_at) VALUES", 5, "",
        rows.as_slice(),
        row => row.kind, row.id, row.name.as_str(), row.document.as_str(), at
    )
    .await
    .map(drop)
}

fn rows(document: &RoutingDocument) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    let mut add = |kind, id: Option<Uuid>, name: &str, document: Result<String, _>| {
        let document = document.map_err(|error: serde_json::Error| {
            StoreError::Fault(format!("routing item of kind {kind}: {error}"))
        })?;
        rows.push(Row { kind, id: id.unwrap_or(Uuid::nil()), name: name.to_owned(), document });
        Ok::<(), StoreError>(())
    };
    add(CENTRE, None, "", placed(0, &document.centre))?;
    add(ORDER, None, "", placed(0, &document.order))?;
    add(MEDIA, None, "", placed(0, &document.media))?;
    for (position, item) in document.skills.iter().enumerate() {
        add(SKILL, item.id.map(|id| id.0), &item.name, placed(position, item))?;
    }
    for (position, item) in document.hours.iter().enumerate() {
        add(HOURS, item.id.map(|id| id.0), &item.name, placed(position, item))?;
    }
    for (position, item) in document.pause_reasons.iter().enumerate() {
        add(PAUSE_REASON, item.id.map(|id| id.0), &item.name, placed(position, item))?;
    }
    for (position, item) in document.dispositions.iter().enumerate() {
        add(DISPOSITION, item.id.map(|id| id.0), &item.name, placed(position, item))?;
    }
    for (position, item) in document.queues.iter().enumerate() {
        add(QUEUE, item.id.map(|id| id.0), &item.name, placed(position, item))?;
    }
    for (position, item) in document.agents.iter().enumerate() {
        add(AGENT, item.id.map(|id| id.0), &item.login, placed(position, item))?;
    }
    Ok(rows)
}

fn placed(position: usize, item: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Placed { position, item })
}

/// Ids by name of what is stored, and people by login.
pub(super) async fn known(
    sql: &mut Sql<'_>,
    stored: &RoutingDocument,
) -> Result<Known, StoreError> {
    let mut ids = BTreeMap::new();
    let mut add = |kind, name: &str, id: Option<Uuid>| {
        if let Some(id) = id {
            ids.insert((kind, name.to_owned()), id);
        }
    };
    stored.skills.iter().for_each(|item| add(SKILL, &item.name, item.id.map(|id| id.0)));
    stored.hours.iter().for_each(|item| add(HOURS, &item.name, item.id.map(|id| id.0)));
    for item in &stored.pause_reasons {
        add(PAUSE_REASON, &item.name, item.id.map(|id| id.0));
    }
    for item in &stored.dispositions {
        add(DISPOSITION, &item.code, item.id.map(|id| id.0));
    }
    stored.queues.iter().for_each(|item| add(QUEUE, &item.name, item.id.map(|id| id.0)));
    stored.agents.iter().for_each(|item| add(AGENT, &item.login, item.id.map(|id| id.0)));
    let person = |(login, (id, name, is_disabled))| (login, Person { id, name, is_disabled });
    Ok(Known { ids, users: people(sql).await?.into_iter().map(person).collect() })
}

/// Numbers of contacts that are open in a queue, the first of them.
pub(super) async fn open_in_queue(
    sql: &mut Sql<'_>,
    queue: Uuid,
) -> Result<Vec<(Uuid, i64)>, StoreError> {
    fetch_all!(
        sql,
        (Uuid, i64),
        "SELECT id, number FROM interaction
         WHERE queue_id = $1 AND closed_at IS NULL ORDER BY number LIMIT $2",
        queue,
        USES_TOLD_MAX
    )
    .await
}

/// Numbers of contacts that an agent has in hand, the first of them. What waits for its client or
/// for a time outlives its agent.
pub(super) async fn open_of_agent(
    sql: &mut Sql<'_>,
    agent: Uuid,
) -> Result<Vec<(Uuid, i64)>, StoreError> {
    fetch_all!(
        sql,
        (Uuid, i64),
        "SELECT id, number FROM interaction
         WHERE agent_id = $1 AND state IN ('offered', 'active', 'held', 'wrap_up')
         ORDER BY number LIMIT $2",
        agent,
        USES_TOLD_MAX
    )
    .await
}

/// People by login: name, and whether they may no longer sign in.
pub async fn people(
    sql: &mut Sql<'_>,
) -> Result<BTreeMap<String, (UserId, String, bool)>, StoreError> {
    let people = fetch_all!(
        sql,
        (String, UserId, String, i16),
        "SELECT login, id, name,
           CAST(CASE WHEN disabled_at IS NULL THEN 0 ELSE 1 END AS SMALLINT) FROM app_user"
    )
    .await?;
    let person = |(login, id, name, disabled)| (login, (id, name, disabled == 1));
    Ok(people.into_iter().map(person).collect())
}

/// Adds a document that waits.
pub(super) async fn insert_import(
    sql: &mut Sql<'_>,
    id: Uuid,
    document: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO routing_import (id, requested_at, document, state, finished_at, outcome)
         VALUES ($1, $2, $3, 'waiting', NULL, '')",
        id,
        at,
        document
    )
    .await
    .map(drop)
}

/// The oldest document that waits.
pub(crate) async fn waiting_import(
    sql: &mut Sql<'_>,
) -> Result<Option<(Uuid, String)>, StoreError> {
    fetch_optional!(
        sql,
        (Uuid, String),
        "SELECT id, document FROM routing_import WHERE state = 'waiting'
         ORDER BY requested_at LIMIT 1"
    )
    .await
}

/// State and outcome of a document.
pub(super) async fn import(sql: &mut Sql<'_>, id: Uuid) -> Result<(String, String), StoreError> {
    let row = fetch_optional!(
        sql,
        (String, String),
        "SELECT state, outcome FROM routing_import WHERE id = $1",
        id
    );
    row.await?.ok_or(StoreError::Missing)
}

/// Writes down what came of a document.
pub(crate) async fn finish_import(
    sql: &mut Sql<'_>,
    id: Uuid,
    state: &str,
    outcome: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "UPDATE routing_import SET state = $2, outcome = $3, finished_at = $4 WHERE id = $1",
        id,
        state,
        outcome,
        at
    )
    .await
    .map(drop)
}
