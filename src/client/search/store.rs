//! Search by beginnings of folded words, in the order of names, page by page.
//!
//! Two ways to the same answer. A rare word leads: its clients are few, they are sorted. A frequent
//! word does not: the names are walked in order and nearly every one fits, so the page is full
//! soon. Which word is rare is counted first, up to a limit.

use rozmova_base::id::ClientId;

use crate::client::model::{ContactMedium, Kind, Status};
use crate::client::words::{self, MAX_QUERY_WORDS};
use crate::store::{Sql, StoreError};
use crate::{fetch_all, fetch_one, on_engine};

/// A word with more clients than this does not lead. Sorting so many takes about 4 ms in SQLite.
const RARE_MAX: i64 = 2_000;
/// Sorts after every character, in UTF-8 too.
const AFTER_ALL: char = '\u{10ffff}';

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
    pub name_key: String,
    /// Served before others.
    pub vip: bool,
    /// The bank's class of client.
    pub segment: String,
    /// The first telephone number to use.
    pub phone: Option<String>,
    /// The first mail address to use.
    pub email: Option<String>,
}

/// Where a page of the list begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// Place of the last client of the page before.
    pub name_key: String,
    /// That client.
    pub id: ClientId,
}

/// Clients whose record has a word beginning with each of the words of the query, in the order of
/// names; an empty query gives all.
pub async fn search(
    sql: &mut Sql<'_>,
    query: &str,
    after: Option<&After>,
    limit: i64,
) -> Result<Vec<Line>, StoreError> {
    let typed = words::of_query(query);
    if typed.is_empty() && !query.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut ranges: Vec<Range> = typed.into_iter().map(Range::beginning_with).collect();
    let mut is_led = false;
    if !ranges.is_empty() {
        let mut counted = Vec::with_capacity(ranges.len());
        for range in ranges {
            counted.push((count(sql, &range).await?, range));
        }
        counted.sort_by_key(|(count, _)| *count);
        match counted.first() {
            Some((0, _)) => return Ok(Vec::new()),
            Some((fewest, _)) => is_led = *fewest <= RARE_MAX,
            None => {}
        }
        ranges = counted.into_iter().map(|(_, range)| range).collect();
    }
    ranges.resize_with(MAX_QUERY_WORDS, Range::everything);
    let rows = if is_led {
        by_word(sql, &ranges, after, limit).await?
    } else {
        by_name(sql, &ranges, after, limit).await?
    };
    with_contact_points(sql, rows).await
}

/// Words from `from` on, before `to`.
#[derive(Clone, Debug)]
struct Range {
    from: String,
    to: String,
}

impl Range {
    fn beginning_with(word: String) -> Self {
        let mut to = word.clone();
        to.push(AFTER_ALL);
        Self { from: word, to }
    }

    fn everything() -> Self {
        Self::beginning_with(String::new())
    }
}

async fn count(sql: &mut Sql<'_>, range: &Range) -> Result<i64, StoreError> {
    let (count,) = fetch_one!(
        sql,
        (i64,),
        "SELECT COUNT(*) FROM
            (SELECT 1 AS one FROM client_word WHERE word >= $1 AND word < $2 LIMIT $3) AS found",
        range.from.as_str(),
        range.to.as_str(),
        RARE_MAX + 1
    )
    .await?;
    Ok(count)
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

/// Begins with the clients of the first range.
async fn by_word(
    sql: &mut Sql<'_>,
    ranges: &[Range],
    after: Option<&After>,
    limit: i64,
) -> Result<Vec<LineRow>, StoreError> {
    let (name_key, id) = start(after);
    fetch_all!(
        sql,
        LineRow,
        "SELECT c.id, c.number, c.kind, c.status, c.name, c.name_key, c.vip, c.segment
         FROM (SELECT DISTINCT client_id FROM client_word WHERE word >= $1 AND word < $2) AS m
            CROSS JOIN client AS c
         WHERE c.id = m.client_id AND c.merged_into_id IS NULL
            AND EXISTS (SELECT 1 FROM client_word w
                WHERE w.client_id = c.id AND w.word >= $3 AND w.word < $4)
            AND EXISTS (SELECT 1 FROM client_word w
                WHERE w.client_id = c.id AND w.word >= $5 AND w.word < $6)
            AND EXISTS (SELECT 1 FROM client_word w
                WHERE w.client_id = c.id AND w.word >= $7 AND w.word < $8)
            AND (c.name_key, c.id) > ($9, $10)
         ORDER BY c.name_key, c.id LIMIT $11",
        ranges[0].from.as_str(),
        ranges[0].to.as_str(),
        ranges[1].from.as_str(),
        ranges[1].to.as_str(),
        ranges[2].from.as_str(),
        ranges[2].to.as_str(),
        ranges[3].from.as_str(),
        ranges[3].to.as_str(),
        name_key,
        id,
        limit
    )
    .await
}

/// Walks the names in their order.
async fn by_name(
    sql: &mut Sql<'_>,
    ranges: &[Range],
    after: Option<&After>,
    limit: i64,
) -> Result<Vec<LineRow>, StoreError> {
    let (name_key, id) = start(after);
    fetch_all!(
        sql,
        LineRow,
        "SELECT c.id, c.number, c.kind, c.status, c.name, c.name_key, c.vip, c.segment
         FROM client AS c
         WHERE c.merged_into_id IS NULL
            AND EXISTS (SELECT 1 FROM client_word w
                WHERE w.client_id = c.id AND w.word >= $1 AND w.word < $2)
            AND EXISTS (SELECT 1 FROM client_word w
                WHERE w.client_id = c.id AND w.word >= $3 AND w.word < $4)
            AND EXISTS (SELECT 1 FROM client_word w
                WHERE w.client_id = c.id AND w.word >= $5 AND w.word < $6)
            AND EXISTS (SELECT 1 FROM client_word w
                WHERE w.client_id = c.id AND w.word >= $7 AND w.word < $8)
            AND (c.name_key, c.id) > ($9, $10)
         ORDER BY c.name_key, c.id LIMIT $11",
        ranges[0].from.as_str(),
        ranges[0].to.as_str(),
        ranges[1].from.as_str(),
        ranges[1].to.as_str(),
        ranges[2].from.as_str(),
        ranges[2].to.as_str(),
        ranges[3].from.as_str(),
        ranges[3].to.as_str(),
        name_key,
        id,
        limit
    )
    .await
}

/// No record sorts before the empty name with the lowest id.
fn start(after: Option<&After>) -> (&str, ClientId) {
    after.map_or(("", ClientId::from_u128(0)), |after| (after.name_key.as_str(), after.id))
}

/// The first telephone number and mail address of each client of a page, in one statement.
async fn with_contact_points(
    sql: &mut Sql<'_>,
    rows: Vec<LineRow>,
) -> Result<Vec<Line>, StoreError> {
    let mut lines: Vec<Line> = rows.into_iter().map(Line::from).collect();
    if lines.is_empty() {
        return Ok(lines);
    }
    let text = sqlx::AssertSqlSafe(crate::store::bulk::text(
        "SELECT client_id, medium, value FROM contact_point
         WHERE ended_at IS NULL AND medium IN ('phone', 'email') AND client_id IN (VALUES",
        1,
        lines.len(),
        ") ORDER BY preferred, created_at DESC, id DESC",
    ));
    let points: Vec<(ClientId, String, String)> = on_engine!(sql, connection => {
        let mut query = sqlx::query_as(text);
        for line in &lines {
            query = query.bind(line.id);
        }
        query.fetch_all(connection).await.map_err(StoreError::from)
    })?;
    // The best comes last and stays.
    let mut by_client: std::collections::BTreeMap<ClientId, (Option<String>, Option<String>)> =
        std::collections::BTreeMap::new();
    for (client, medium, value) in points {
        let (phone, email) = by_client.entry(client).or_default();
        match ContactMedium::from_row(&medium) {
            Some(ContactMedium::Phone) => *phone = Some(value),
            Some(ContactMedium::Email) => *email = Some(value),
            Some(ContactMedium::Fax | ContactMedium::Post) | None => {}
        }
    }
    for line in &mut lines {
        (line.phone, line.email) = by_client.remove(&line.id).unwrap_or_default();
    }
    Ok(lines)
}

impl From<LineRow> for Line {
    fn from(row: LineRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            kind: Kind::from_row(&row.kind),
            status: Status::from_row(&row.status),
            name: row.name,
            name_key: row.name_key,
            vip: row.vip != 0,
            segment: row.segment,
            phone: None,
            email: None,
        }
    }
}

#[cfg(test)]
mod tests;
