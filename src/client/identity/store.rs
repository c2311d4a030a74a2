//! Addresses of a whole batch looked up in one statement; choices; prospects for unknown senders.

use std::collections::BTreeMap;
use std::fmt::Write;

use rozmova_base::Timestamp;
use rozmova_base::id::{ClientId, IdMaker, UserId};

use super::clue::{Clue, ClueKind};
use super::{Candidate, Identified, Known, MAX_CANDIDATES, Why, identify};
use crate::client::model::{ContactMedium, Kind, MatchKey, Status};
use crate::client::store as clients;
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, on_engine};

/// Most addresses in one statement. Two parameters each; more are asked for in several statements.
const LOOK_UP_MAX: usize = 256;

/// What is known about each of the addresses. Addresses that nobody has are not in the answer.
pub async fn candidates(
    sql: &mut Sql<'_>,
    keys: &[MatchKey],
) -> Result<BTreeMap<MatchKey, Known>, StoreError> {
    let mut found: BTreeMap<MatchKey, Known> = BTreeMap::new();
    for chunk in keys.chunks(LOOK_UP_MAX) {
        // Few different texts, so that the statement cache holds them all. The rest is filled up
        // with a medium that does not exist.
        let places = chunk.len().next_power_of_two();
        let text = sqlx::AssertSqlSafe(look_up_text(places));
        let rows: Vec<FoundRow> = on_engine!(sql, connection => {
            let mut query = sqlx::query_as::<_, FoundRow>(text);
            for key in chunk {
                query = query.bind(key.medium.as_str()).bind(key.value.as_str());
            }
            for _ in chunk.len()..places {
                query = query.bind("").bind("");
            }
            query.fetch_all(connection).await.map_err(StoreError::from)
        })?;
        for row in rows {
            let Some(medium) = ContactMedium::from_row(&row.medium) else { continue };
            let key = MatchKey { medium, value: row.match_key };
            let candidate = Candidate {
                client: row.client_id,
                name: row.name,
                kind: Kind::from_row(&row.kind),
                status: Status::from_row(&row.status),
                vip: row.vip != 0,
                number: row.number,
                preferred: row.preferred != 0,
                verified: row.verified_at.is_some(),
            };
            let known = found.entry(key).or_default();
            if row.chosen == 0 {
                known.candidates.push(candidate);
            } else {
                known.chosen = Some(candidate);
            }
        }
    }
    Ok(found)
}

/// `CROSS JOIN` fixes the order in SQLite: wanted addresses first, everything else by index.
fn look_up_text(places: usize) -> String {
    let mut text = String::with_capacity(1_400 + places * 14);
    text.push_str("WITH wanted (medium, match_key) AS (VALUES ");
    for place in 0..places {
        let comma = if place == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}(${}, ${})", place * 2 + 1, place * 2 + 2);
    }
    text.push_str(
        ")
         SELECT p.medium, p.match_key, c.id AS client_id, c.name, c.kind, c.status, c.vip, c.number,
            p.preferred, p.verified_at, 0 AS chosen
         FROM wanted w CROSS JOIN contact_point p CROSS JOIN client c
         WHERE p.medium = w.medium AND p.match_key = w.match_key AND p.ended_at IS NULL
            AND c.id = p.client_id AND c.merged_into_id IS NULL
         UNION ALL
         SELECT h.medium, h.match_key, c.id, c.name, c.kind, c.status, c.vip, c.number,
            CAST(0 AS SMALLINT), CAST(NULL AS BIGINT), 1
         FROM wanted w CROSS JOIN contact_choice h CROSS JOIN client c
         WHERE h.medium = w.medium AND h.match_key = w.match_key
            AND c.id = h.client_id AND c.merged_into_id IS NULL",
    );
    text
}

#[derive(Debug, sqlx::FromRow)]
struct FoundRow {
    medium: String,
    match_key: String,
    client_id: ClientId,
    name: String,
    kind: String,
    status: String,
    vip: i16,
    number: i64,
    preferred: i16,
    verified_at: Option<Timestamp>,
    chosen: i32,
}

const BY_TAX_NUMBER: &str = "SELECT c.id AS client_id, c.name, c.kind, c.status, c.vip, c.number
     FROM client c WHERE c.tax_number = $1 AND c.merged_into_id IS NULL LIMIT $2";
const BY_ACCOUNT: &str = "SELECT c.id AS client_id, c.name, c.kind, c.status, c.vip, c.number
     FROM holding h JOIN client c ON c.id = h.client_id
     WHERE h.number = $1 AND h.kind <> 'card' AND c.merged_into_id IS NULL LIMIT $2";
const BY_CONTRACT: &str = "SELECT c.id AS client_id, c.name, c.kind, c.status, c.vip, c.number
     FROM holding h JOIN client c ON c.id = h.client_id
     WHERE h.contract_number = $1 AND c.merged_into_id IS NULL LIMIT $2";
const BY_CARD: &str = "SELECT c.id AS client_id, c.name, c.kind, c.status, c.vip, c.number
     FROM holding h JOIN client c ON c.id = h.client_id
     WHERE h.number = $1 AND h.kind = 'card' AND c.merged_into_id IS NULL LIMIT $2";
const CHOSEN: &str = "SELECT c.id AS client_id, c.name, c.kind, c.status, c.vip, c.number
     FROM contact_choice h JOIN client c ON c.id = h.client_id
     WHERE h.medium = $1 AND h.match_key = $2 AND c.merged_into_id IS NULL";

/// Whom a clue means.
pub async fn identify_by(sql: &mut Sql<'_>, clue: &Clue) -> Result<Identified, StoreError> {
    if let Some(medium) = clue.kind.medium() {
        let key = MatchKey { medium, value: clue.value.clone() };
        let known = candidates(sql, std::slice::from_ref(&key)).await?.remove(&key);
        return Ok(identify(known.unwrap_or_default()));
    }
    let chosen =
        fetch_all!(sql, NumberRow, CHOSEN, clue.kind.as_str(), clue.value.as_str()).await?;
    let text = match clue.kind {
        ClueKind::TaxNumber => BY_TAX_NUMBER,
        ClueKind::Account => BY_ACCOUNT,
        ClueKind::Card => BY_CARD,
        ClueKind::Contract | ClueKind::Email | ClueKind::Phone | ClueKind::Fax | ClueKind::Post => {
            BY_CONTRACT
        }
    };
    // A client with two holdings of one contract stands there twice.
    let limit = MAX_CANDIDATES as i64 * 2;
    let rows = fetch_all!(sql, NumberRow, text, clue.value.as_str(), limit).await?;
    let mut identified = identify(Known {
        candidates: rows.into_iter().map(Candidate::from).collect(),
        chosen: chosen.into_iter().next().map(Candidate::from),
    });
    let by_number = clue.kind.why().unwrap_or(Why::OnRecord);
    match &mut identified {
        Identified::One { why, .. } if *why != Why::Chosen => *why = by_number,
        Identified::Several { ranked, .. } => {
            for (_, why) in ranked {
                *why = by_number;
            }
        }
        Identified::One { .. } | Identified::None => {}
    }
    Ok(identified)
}

/// Clients whose account or tax number a text names, in the order of the text, each once.
pub async fn named_in(sql: &mut Sql<'_>, text: &str) -> Result<Vec<(Candidate, Why)>, StoreError> {
    let mut named: Vec<(Candidate, Why)> = Vec::new();
    for clue in Clue::find_in(text) {
        let found = match identify_by(sql, &clue).await? {
            Identified::One { client, why } => vec![(client, why)],
            Identified::Several { ranked, .. } => ranked,
            Identified::None => Vec::new(),
        };
        for (candidate, why) in found {
            let is_new = named.iter().all(|(other, _)| other.client != candidate.client);
            if is_new && named.len() < MAX_CANDIDATES {
                named.push((candidate, why));
            }
        }
    }
    Ok(named)
}

#[derive(Debug, sqlx::FromRow)]
struct NumberRow {
    client_id: ClientId,
    name: String,
    kind: String,
    status: String,
    vip: i16,
    number: i64,
}

impl From<NumberRow> for Candidate {
    fn from(row: NumberRow) -> Self {
        Self {
            client: row.client_id,
            name: row.name,
            kind: Kind::from_row(&row.kind),
            status: Status::from_row(&row.status),
            vip: row.vip != 0,
            number: row.number,
            preferred: false,
            verified: false,
        }
    }
}

/// Remembers whom an agent chose for a clue; takes the place of an earlier choice.
pub async fn remember_choice_for(
    sql: &mut Sql<'_>,
    clue: &Clue,
    client: ClientId,
    chosen_by: UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(sql, REMEMBER, clue.kind.as_str(), clue.value.as_str(), client, chosen_by, at).await?;
    Ok(())
}

const REMEMBER: &str = "INSERT INTO contact_choice
        (medium, match_key, client_id, chosen_by, chosen_at)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (medium, match_key) DO UPDATE SET client_id = excluded.client_id,
        chosen_by = excluded.chosen_by, chosen_at = excluded.chosen_at";

/// Remembers whom an agent chose for an address; takes the place of an earlier choice.
pub async fn remember_choice(
    sql: &mut Sql<'_>,
    key: &MatchKey,
    client: ClientId,
    chosen_by: UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(sql, REMEMBER, key.medium.as_str(), key.value.as_str(), client, chosen_by, at).await?;
    Ok(())
}

/// Who sent something.
#[derive(Clone, Debug)]
pub struct Sender<'a> {
    /// The address; none: there is none that can be compared.
    pub key: Option<MatchKey>,
    /// The name shown beside it: the name of a new prospect, nothing else.
    pub shown_name: &'a str,
    /// Whether a prospect is made when nobody has the address: not for bounces and robots.
    pub may_become_prospect: bool,
}

/// Whom an address means, as an interaction keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The client, if it is one.
    pub client: Option<ClientId>,
    /// Name of that client.
    pub name: String,
    /// How it was found: `email`, `phone`, `fax`, `post`, `chosen`, `none`.
    pub how: &'static str,
    /// How many clients the address fits.
    pub candidates: i64,
    /// Served before others.
    pub vip: bool,
    /// The record was made just now.
    pub created: bool,
    /// It is more than a prospect: the bank keeps things about it that are nobody else's business.
    pub has_file: bool,
}

impl Resolution {
    const NOBODY: Self = Self {
        client: None,
        name: String::new(),
        how: "none",
        candidates: 0,
        vip: false,
        created: false,
        has_file: false,
    };
}

/// Finds the clients of a whole batch of senders, in their order, and makes a prospect for each
/// address that nobody has: one, however often the address is in the batch. Must run inside the
/// transaction that stores the batch.
pub async fn resolve(
    sql: &mut Sql<'_>,
    senders: &[Sender<'_>],
    ids: &dyn IdMaker,
    at: Timestamp,
) -> Result<Vec<Resolution>, StoreError> {
    let mut keys: Vec<MatchKey> = senders.iter().filter_map(|sender| sender.key.clone()).collect();
    keys.sort();
    keys.dedup();
    let mut known = candidates(sql, &keys).await?;
    let mut resolved: BTreeMap<MatchKey, Resolution> = BTreeMap::new();
    for key in keys {
        let identified = identify(known.remove(&key).unwrap_or_default());
        if let Some(resolution) = resolution(identified, key.medium) {
            resolved.insert(key, resolution);
        }
    }
    make_prospects(sql, senders, &mut resolved, ids, at).await?;
    let of = |sender: &Sender<'_>| sender.key.as_ref().and_then(|key| resolved.get(key)).cloned();
    Ok(senders.iter().map(|sender| of(sender).unwrap_or(Resolution::NOBODY)).collect())
}

/// None: nobody has the address.
fn resolution(identified: Identified, medium: ContactMedium) -> Option<Resolution> {
    match identified {
        Identified::One { client, why } => Some(Resolution {
            client: Some(client.client),
            name: client.name,
            how: if why == Why::Chosen { "chosen" } else { medium.as_str() },
            candidates: 1,
            vip: client.vip,
            created: false,
            has_file: client.status != Status::Prospect,
        }),
        Identified::Several { ranked, count } => Some(Resolution {
            candidates: i64::try_from(count).unwrap_or(i64::MAX),
            // Whoever of them it is, a favoured client is not made to wait.
            vip: ranked.iter().any(|(candidate, _)| candidate.vip),
            ..Resolution::NOBODY
        }),
        Identified::None => None,
    }
}

async fn make_prospects(
    sql: &mut Sql<'_>,
    senders: &[Sender<'_>],
    resolved: &mut BTreeMap<MatchKey, Resolution>,
    ids: &dyn IdMaker,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut unknown: BTreeMap<&MatchKey, &str> = BTreeMap::new();
    for sender in senders.iter().filter(|sender| sender.may_become_prospect) {
        if let Some(key) = sender.key.as_ref().filter(|key| !resolved.contains_key(key)) {
            unknown.entry(key).or_insert(sender.shown_name);
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let first = clients::take_numbers(sql, unknown.len()).await?;
    let records: Vec<clients::Record> = unknown
        .into_iter()
        .zip(first..)
        .map(|((key, name), number)| clients::prospect(ids, number, key, name, at))
        .collect();
    clients::insert(sql, &records).await?;
    for record in records {
        let Some(point) = record.contact_points.into_iter().next() else { continue };
        let how = point.key.medium.as_str();
        let resolution = Resolution {
            client: Some(record.client.id),
            name: record.client.name,
            how,
            candidates: 1,
            vip: false,
            created: true,
            has_file: false,
        };
        resolved.insert(point.key, resolution);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
