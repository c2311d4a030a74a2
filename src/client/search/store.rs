//! Search by beginnings of folded words, page by page, in the order of the index: by the word that
//! was found, then by the rest of the name.
//!
//! A page costs a bounded number of rows of indexes: the leading range is walked in pieces, each
//! piece is compared with the other words by the index of a client's words, and after
//! `SCANNED_MAX` entries it ends. Names in pairs (`words::of_name`) keep that bound out of sight:
//! two words of a name are one range. Only where two short beginnings or a name and an address are
//! frequent each and rare together can a client behind the bound be missed; one more letter finds
//! it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rozmova_base::id::{ClientId, ContactPointId};
use serde::{Deserialize, Serialize};

use super::query::{Lookup, Range, is_number, switch_layout};
use super::typo;
use crate::client::model::{ContactMedium, Kind, Status};
use crate::client::words;
use crate::store::{Sql, StoreError, bulk};
use crate::{fetch_all, fetch_in, fetch_one, on_engine};

/// Entries of the leading range that one page looks at.
const SCANNED_MAX: usize = 1_024;
/// Entries looked at together.
const PIECE_MAX: usize = 256;
/// Words of which two are compared for which is rarer are counted so far.
const COUNTED_MAX: i64 = 1_000;
/// Words of names looked at for each form of a mistyped word.
const LIKE_MAX: i64 = 100;
/// Words that one mistyped word may mean.
const CORRECTIONS_MAX: usize = 5;

/// How frequent the words of a range are, up to a limit.
const COUNT: &str = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM client_word
     WHERE word >= $1 AND word < $2 LIMIT $3) AS found";
/// The next entries of the leading range.
const PIECE: &str = "SELECT word, client_id FROM client_word
     WHERE (word, client_id) > ($1, $2) AND word < $3
     ORDER BY word, client_id LIMIT $4";
/// Words of names that have a form.
const LIKE: &str = "SELECT word FROM name_variant WHERE variant = $1 ORDER BY word LIMIT $2";
/// Everybody, by name.
const ALL: &str = "SELECT id, number, kind, status, name, name_key, vip, segment FROM client
     WHERE merged_into_id IS NULL AND (name_key, id) > ($1, $2)
     ORDER BY name_key, id LIMIT $3";

/// A line of a list of clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who.
    pub id: ClientId,
    /// The number, for people.
    pub number: i64,
    /// What sort of party.
    pub kind: Kind,
    /// How it stands to the bank.
    pub status: Status,
    /// As shown.
    pub name: String,
    /// Place in the order; with the id the cursor to what follows.
    pub place: Place,
    /// Served before others.
    pub vip: bool,
    /// The bank's class of client.
    pub segment: String,
    /// The first telephone number to use.
    pub phone: Option<String>,
    /// The first mail address to use.
    pub email: Option<String>,
}

/// How a typed text was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reading {
    /// As typed.
    Typed,
    /// As the keys give it in the other layout.
    OtherLayout,
    /// With a mistake corrected. Such a list has one page.
    Corrected,
}

/// Place of a client in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// How the text was read: a further page reads it likewise.
    pub reading: Reading,
    /// The entry of the index; of a list of all clients the folded name.
    pub entry: String,
}

/// Where a page of the list begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// Place of the last client of the page before.
    pub place: Place,
    /// That client.
    pub id: ClientId,
}

/// Clients whose record has a word beginning with each of the words of the query; an empty query
/// gives all, in the order of names.
pub async fn search(
    sql: &mut Sql<'_>,
    query: &str,
    after: Option<&After>,
    limit: i64,
) -> Result<Vec<Line>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(0);
    if query.trim().is_empty() {
        let found = all(sql, after, limit).await?;
        return with_contact_points(sql, found).await;
    }
    let is_asked = |reading| after.is_none_or(|after| after.place.reading == reading);
    let mut found = Vec::new();
    for (reading, text) in
        [(Reading::Typed, Some(query.to_owned())), (Reading::OtherLayout, switch_layout(query))]
    {
        let Some(text) = text.filter(|_| found.is_empty() && is_asked(reading)) else { continue };
        let words = words::of_query(&text);
        found = by_words(sql, &words, reading, after, limit).await?;
    }
    if found.is_empty() && after.is_none() {
        found = corrected(sql, &words::of_query(query), limit.saturating_sub(1)).await?;
    }
    with_contact_points(sql, found).await
}

/// Everybody, by name.
async fn all(
    sql: &mut Sql<'_>,
    after: Option<&After>,
    limit: usize,
) -> Result<Vec<Line>, StoreError> {
    let nobody = ClientId::from_u128(0);
    let (name, id) = after.map_or(("", nobody), |after| (after.place.entry.as_str(), after.id));
    let rows = fetch_all!(sql, LineRow, ALL, name, id, limit as i64).await?;
    let line = |row: LineRow| {
        let place = Place { reading: Reading::Typed, entry: row.name_key.clone() };
        row.line(place)
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Those who have all the words.
async fn by_words(
    sql: &mut Sql<'_>,
    words: &[String],
    reading: Reading,
    after: Option<&After>,
    limit: usize,
) -> Result<Vec<Line>, StoreError> {
    if let Some(lookup) = Lookup::led_by_pair(words) {
        let is_of_pairs = after.is_none_or(|after| {
            after.place.entry >= lookup.lead.from && after.place.entry < lookup.lead.to
        });
        if is_of_pairs {
            let found = walk(sql, &lookup, reading, after, limit).await?;
            if !found.is_empty() || after.is_some() {
                return Ok(found);
            }
        }
    }
    let lead = match words {
        [] => return Ok(Vec::new()),
        [_] => Some(0),
        _ => rarest(sql, words).await?,
    };
    let Some(lookup) = lead.and_then(|lead| Lookup::led_by(words, lead)) else {
        return Ok(Vec::new());
    };
    walk(sql, &lookup, reading, after, limit).await
}

/// Which of the words leads: a number, else the one with fewest entries. None: one of them has no
/// entry at all.
async fn rarest(sql: &mut Sql<'_>, words: &[String]) -> Result<Option<usize>, StoreError> {
    let mut fewest: Option<(bool, i64, usize)> = None;
    for (place, word) in words.iter().enumerate() {
        let range = Range::beginning_with(word);
        let (count,) =
            fetch_one!(sql, (i64,), COUNT, range.from.as_str(), range.to.as_str(), COUNTED_MAX)
                .await?;
        if count == 0 {
            return Ok(None);
        }
        let this = (!is_number(word), count, place);
        fewest = Some(fewest.map_or(this, |other| other.min(this)));
    }
    Ok(fewest.map(|(_, _, place)| place))
}

/// Walks the leading range until the page is full or the bound is reached.
async fn walk(
    sql: &mut Sql<'_>,
    lookup: &Lookup,
    reading: Reading,
    after: Option<&After>,
    limit: usize,
) -> Result<Vec<Line>, StoreError> {
    let mut found: Vec<Line> = Vec::new();
    let mut from = match after {
        Some(after) => (after.place.entry.clone(), after.id),
        None => (lookup.lead.from.clone(), ClientId::from_u128(0)),
    };
    let (mut scanned, mut size) = (0, limit.saturating_mul(2).clamp(32, PIECE_MAX));
    let mut seen: BTreeSet<ClientId> = BTreeSet::new();
    while found.len() < limit && scanned < SCANNED_MAX {
        let mut piece = fetch_all!(
            sql,
            (String, ClientId),
            PIECE,
            from.0.as_str(),
            from.1,
            lookup.lead.to.as_str(),
            size as i64
        )
        .await?;
        let Some(last) = piece.last().cloned() else { break };
        let is_last = piece.len() < size;
        scanned += piece.len();
        piece.retain(|(_, id)| seen.insert(*id));
        let fitting = fitting(sql, lookup, piece, after.is_some()).await?;
        for chunk in fitting.chunks(limit) {
            if found.len() < limit {
                found.extend(lines(sql, chunk, reading).await?);
            }
        }
        if is_last {
            break;
        }
        from = last;
        size = PIECE_MAX;
    }
    found.truncate(limit);
    Ok(found)
}

/// Those of a piece of the leading range that have the other words too, in its order. `is_further`:
/// the walk began behind the beginning of the range, where a client may have stood before.
async fn fitting(
    sql: &mut Sql<'_>,
    lookup: &Lookup,
    piece: Vec<(String, ClientId)>,
    is_further: bool,
) -> Result<Vec<(String, ClientId)>, StoreError> {
    let mut ids: Vec<ClientId> = piece.iter().map(|(_, id)| *id).collect();
    for other in &lookup.others {
        let having = first_entries(sql, &ids, other).await?;
        ids.retain(|id| having.contains_key(id));
    }
    let first =
        if is_further { first_entries(sql, &ids, &lookup.lead).await? } else { BTreeMap::new() };
    let ids: BTreeSet<ClientId> = ids.into_iter().collect();
    let fits = |(entry, id): &(String, ClientId)| {
        ids.contains(id) && first.get(id).is_none_or(|first| first == entry)
    };
    Ok(piece.into_iter().filter(fits).collect())
}

/// What the list shows of these clients, in their order.
async fn lines(
    sql: &mut Sql<'_>,
    fitting: &[(String, ClientId)],
    reading: Reading,
) -> Result<Vec<Line>, StoreError> {
    let ids: Vec<ClientId> = padded(fitting.iter().map(|(_, id)| *id));
    let rows = fetch_in!(
        sql, LineRow,
        "SELECT id, number, kind, status, name, name_key, vip, segment FROM client
         WHERE merged_into_id IS NULL AND id IN", "",
        ids.as_slice(), id => *id)
    .await?;
    let mut rows: BTreeMap<ClientId, LineRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let line = |(entry, id): &(String, ClientId)| {
        let place = Place { reading, entry: entry.clone() };
        Some(rows.remove(id)?.line(place))
    };
    Ok(fitting.iter().filter_map(line).collect())
}

/// Filled up to a power of two with an id that nobody has: one statement asks for all of them, and
/// there are few different texts.
fn padded(ids: impl Iterator<Item = ClientId>) -> Vec<ClientId> {
    let mut ids: Vec<ClientId> = ids.collect();
    if !ids.is_empty() {
        ids.resize(ids.len().next_power_of_two(), ClientId::from_u128(0));
    }
    ids
}

/// The first entry that each of the clients has in a range.
async fn first_entries(
    sql: &mut Sql<'_>,
    ids: &[ClientId],
    range: &Range,
) -> Result<BTreeMap<ClientId, String>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(bulk::CHUNK_ROWS_MAX) {
        let chunk = padded(chunk.iter().copied());
        let text = sqlx::AssertSqlSafe(first_entries_text(chunk.len()));
        let rows: Vec<(ClientId, Option<String>)> = on_engine!(sql, connection => {
            let mut query = sqlx::query_as(text);
            for id in chunk {
                query = query.bind(id);
            }
            let query = query.bind(range.from.as_str()).bind(range.to.as_str());
            query.fetch_all(connection).await.map_err(StoreError::from)
        })?;
        found.extend(rows.into_iter().filter_map(|(id, entry)| Some((id, entry?))));
    }
    Ok(found)
}

/// One question for each client: the index of a client's words answers it, however the engine
/// estimates the range.
fn first_entries_text(clients: usize) -> String {
    let (from, to) = (clients + 1, clients + 2);
    let head = "WITH wanted (id) AS (VALUES";
    let tail = format!(
        ") SELECT wanted.id, (SELECT MIN(w.word) FROM client_word w
            WHERE w.client_id = wanted.id AND w.word >= ${from} AND w.word < ${to})
         FROM wanted"
    );
    bulk::text(bulk::Parameters::Numbered, head, 1, clients, &tail)
}

/// Those who have all the words when one of them is mistyped.
async fn corrected(
    sql: &mut Sql<'_>,
    words: &[String],
    limit: usize,
) -> Result<Vec<Line>, StoreError> {
    let mut found: Vec<Line> = Vec::new();
    for (place, word) in words.iter().enumerate() {
        for meant in corrections(sql, word).await? {
            let mut changed = words.to_vec();
            changed[place] = meant;
            let left = limit.saturating_sub(found.len());
            let more = by_words(sql, &changed, Reading::Corrected, None, left).await?;
            found.extend(more);
            if found.len() >= limit {
                return Ok(found);
            }
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|line| seen.insert(line.id));
    Ok(found)
}

/// Words of names that a mistyped one may mean, likeliest first.
async fn corrections(sql: &mut Sql<'_>, word: &str) -> Result<Vec<String>, StoreError> {
    let forms: Vec<String> = typo::look_ups(word).into_iter().collect();
    let mut like: BTreeSet<String> = BTreeSet::new();
    for form in &forms {
        let rows = fetch_all!(sql, (String,), LIKE, form.as_str(), LIKE_MAX).await?;
        like.extend(rows.into_iter().map(|(word,)| word));
    }
    Ok(typo::corrections(word, like.into_iter().collect(), CORRECTIONS_MAX))
}

#[derive(Debug, sqlx::FromRow)]
struct LineRow {
    id: ClientId,
    number: i64,
    kind: String,
    status: String,
    name: String,
    name_key: String,
    vip: i16,
    segment: String,
}

impl LineRow {
    fn line(self, place: Place) -> Line {
        Line {
            id: self.id,
            number: self.number,
            kind: Kind::from_row(&self.kind),
            status: Status::from_row(&self.status),
            name: self.name,
            place,
            vip: self.vip != 0,
            segment: self.segment,
            phone: None,
            email: None,
        }
    }
}

/// The first telephone number and mail address of each client of a page.
async fn with_contact_points(
    sql: &mut Sql<'_>,
    mut lines: Vec<Line>,
) -> Result<Vec<Line>, StoreError> {
    let ids = padded(lines.iter().map(|line| line.id));
    let mut points: Vec<PointRow> = Vec::new();
    for chunk in ids.chunks(bulk::CHUNK_ROWS_MAX) {
        let text = sqlx::AssertSqlSafe(points_text(chunk.len()));
        points.extend(on_engine!(sql, connection => {
            let mut query = sqlx::query_as::<_, PointRow>(text);
            for id in chunk {
                query = query.bind(*id);
            }
            query.fetch_all(connection).await.map_err(StoreError::from)
        })?);
    }
    // The best comes last and stays; of several the oldest.
    points.sort_unstable_by_key(|point| {
        (point.preferred, Reverse(point.created_at), Reverse(point.id))
    });
    let mut by_client: BTreeMap<ClientId, (Option<String>, Option<String>)> = BTreeMap::new();
    for point in points {
        let (phone, email) = by_client.entry(point.client_id).or_default();
        match ContactMedium::from_row(&point.medium) {
            Some(ContactMedium::Phone) => *phone = Some(point.value),
            Some(ContactMedium::Email) => *email = Some(point.value),
            Some(ContactMedium::Fax | ContactMedium::Post) | None => {}
        }
    }
    for line in &mut lines {
        (line.phone, line.email) = by_client.remove(&line.id).unwrap_or_default();
    }
    Ok(lines)
}

/// The media are told apart afterwards: with them in the question SQLite, which knows nothing of
/// their frequency, reads every telephone number and mail address there is.
fn points_text(clients: usize) -> String {
    let head = "SELECT id, client_id, medium, value, preferred, created_at FROM contact_point
         WHERE ended_at IS NULL AND client_id IN";
    bulk::in_text(bulk::Parameters::Numbered, head, clients, "")
}

#[derive(Debug, sqlx::FromRow)]
struct PointRow {
    id: ContactPointId,
    client_id: ClientId,
    medium: String,
    value: String,
    preferred: i16,
    created_at: i64,
}

#[cfg(test)]
mod tests;
