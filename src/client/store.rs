//! Rows of clients, contact points, holdings and the words by which they are found.
//!
//! Invariant: after every function that writes, the words of the clients it touched are complete.

use std::collections::BTreeSet;

use rozmova_base::Timestamp;
use rozmova_base::id::{BranchId, ClientId, ContactPointId, IdMaker, UserId};
use uuid::Uuid;

use super::model::{
    Client, ContactMedium, ContactPoint, Holding, HoldingKind, Kind, MatchKey, PersonName, Status,
};
use super::search::typo;
use super::words;
use crate::store::counter::{self, Counter};
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_optional, insert_rows};

/// A client with everything that belongs to the record.
#[derive(Clone, Debug)]
pub struct Record {
    /// The row itself.
    pub client: Client,
    /// How it can be reached.
    pub contact_points: Vec<ContactPoint>,
    /// What it holds.
    pub holdings: Vec<Holding>,
}

impl Record {
    fn words(&self) -> Vec<String> {
        let mut found = self.client.words();
        for point in &self.contact_points {
            found.extend(point.key.words());
        }
        for holding in &self.holdings {
            found.extend(words::of_number(&holding.number));
            found.extend(holding.contract_number.iter().flat_map(|n| words::of_number(n)));
        }
        // The name comes first and is never what is cut off.
        found.truncate(words::MAX_WORDS);
        found.sort();
        found.dedup();
        found
    }
}

/// Inserts records in bulk. Numbers must come from [`take_numbers`], ids be new.
pub async fn insert(sql: &mut Sql<'_>, records: &[Record]) -> Result<(), StoreError> {
    insert_clients(sql, records).await?;
    let points: Vec<(ClientId, &ContactPoint)> = records
        .iter()
        .flat_map(|record| record.contact_points.iter().map(|point| (record.client.id, point)))
        .collect();
    insert_contact_points(sql, &points).await?;
    let holdings: Vec<(ClientId, &Holding)> = records
        .iter()
        .flat_map(|record| record.holdings.iter().map(|holding| (record.client.id, holding)))
        .collect();
    insert_rows!(
        sql,
        "INSERT INTO holding (id, client_id, kind, number, contract_number, currency,
            balance_minor, opened_day, closed_day) VALUES",
        9,
        "",
        holdings.as_slice(),
        row => row.1.id, row.0, row.1.kind.as_str(), row.1.number.as_str(),
        row.1.contract_number.as_deref(), row.1.currency.as_str(), row.1.balance_minor,
        row.1.opened_day, row.1.closed_day
    )
    .await?;
    let mut found: Vec<(String, ClientId)> = records
        .iter()
        .flat_map(|record| record.words().into_iter().map(|word| (word, record.client.id)))
        .collect();
    // In the order of the index: neighbours share its pages.
    found.sort();
    insert_words(sql, &found).await?;
    let names = records.iter().flat_map(|record| record.client.name_words()).collect();
    insert_variants(sql, &names).await
}

async fn insert_clients(sql: &mut Sql<'_>, records: &[Record]) -> Result<(), StoreError> {
    let rows: Vec<(&Client, String)> = records
        .iter()
        .map(|record| (&record.client, words::order_key(&record.client.name)))
        .collect();
    insert_rows!(
        sql,
        "INSERT INTO client (id, number, kind, status, name, name_key, given_name, patronymic,
            family_name, tax_number, registration_number, birth_day, language, segment, vip,
            manager_id, branch_id, human_id, note, created_at, changed_at) VALUES",
        21,
        "",
        rows.as_slice(),
        row => row.0.id, row.0.number, row.0.kind.as_str(), row.0.status.as_str(),
        row.0.name.as_str(), row.1.as_str(), row.0.person.given.as_str(),
        row.0.person.patronymic.as_str(), row.0.person.family.as_str(), row.0.tax_number.as_deref(),
        row.0.registration_number.as_deref(), row.0.birth_day, row.0.language.as_str(),
        row.0.segment.as_str(), i16::from(row.0.vip), row.0.manager_id, row.0.branch_id,
        row.0.human_id, row.0.note.as_str(), row.0.created_at, row.0.changed_at
    )
    .await?;
    Ok(())
}

async fn insert_contact_points(
    sql: &mut Sql<'_>,
    points: &[(ClientId, &ContactPoint)],
) -> Result<(), StoreError> {
    insert_rows!(
        sql,
        "INSERT INTO contact_point (id, client_id, medium, value, match_key, label, preferred,
            verified_at, created_at) VALUES",
        9,
        "",
        points,
        row => row.1.id, row.0, row.1.key.medium.as_str(), row.1.value.as_str(),
        row.1.key.value.as_str(), row.1.label.as_str(), i16::from(row.1.preferred),
        row.1.verified_at, row.1.created_at
    )
    .await?;
    Ok(())
}

async fn insert_words(sql: &mut Sql<'_>, found: &[(String, ClientId)]) -> Result<(), StoreError> {
    insert_rows!(
        sql,
        "INSERT INTO client_word (word, client_id) VALUES",
        2,
        "ON CONFLICT DO NOTHING",
        found,
        row => row.0.as_str(), row.1
    )
    .await?;
    Ok(())
}

/// Keeps by which mistyped forms the words of names are found again. Words are never taken away:
/// one that nobody has any more finds nobody.
async fn insert_variants(sql: &mut Sql<'_>, names: &BTreeSet<String>) -> Result<(), StoreError> {
    let rows: Vec<(String, &str)> = names
        .iter()
        .flat_map(|word| typo::variants(word).into_iter().map(move |form| (form, word.as_str())))
        .collect();
    insert_rows!(
        sql,
        "INSERT INTO name_variant (variant, word) VALUES",
        2,
        "ON CONFLICT DO NOTHING",
        rows.as_slice(),
        row => row.0.as_str(), row.1
    )
    .await?;
    Ok(())
}

/// The next `count` client numbers; gives the first.
pub async fn take_numbers(sql: &mut Sql<'_>, count: usize) -> Result<i64, StoreError> {
    counter::take(sql, Counter::Client, i64::try_from(count).unwrap_or(i64::MAX)).await
}

/// One client without contact points and holdings. Merged records are not given.
pub async fn load_client(sql: &mut Sql<'_>, id: ClientId) -> Result<Option<Client>, StoreError> {
    let row = fetch_optional!(
        sql,
        ClientRow,
        "SELECT id, number, kind, status, name, given_name, patronymic, family_name, tax_number,
            registration_number, birth_day, language, segment, vip, manager_id, branch_id,
            human_id, note, created_at, changed_at
         FROM client WHERE id = $1 AND merged_into_id IS NULL",
        id
    )
    .await?;
    Ok(row.map(Client::from))
}

/// One client with everything that belongs to the record; contact points that have ended are left
/// out.
pub async fn load(sql: &mut Sql<'_>, id: ClientId) -> Result<Option<Record>, StoreError> {
    let Some(client) = load_client(sql, id).await? else {
        return Ok(None);
    };
    let points = fetch_all!(
        sql,
        ContactPointRow,
        "SELECT id, medium, value, match_key, label, preferred, verified_at, created_at
         FROM contact_point WHERE client_id = $1 AND ended_at IS NULL
         ORDER BY medium, preferred DESC, created_at, id",
        id
    )
    .await?;
    let holdings = fetch_all!(
        sql,
        HoldingRow,
        "SELECT id, kind, number, contract_number, currency, balance_minor, opened_day, closed_day
         FROM holding WHERE client_id = $1 ORDER BY kind, opened_day, id",
        id
    )
    .await?;
    let mut holdings: Vec<Holding> = holdings.into_iter().map(Holding::from).collect();
    holdings.sort_by_key(|holding| holding.closed_day.is_some());
    Ok(Some(Record {
        client,
        contact_points: points.into_iter().filter_map(ContactPointRow::into_point).collect(),
        holdings,
    }))
}

/// Writes a changed record if nobody else has changed it since `seen_at`; `false`: somebody has.
/// `client.changed_at` must be later than `seen_at`.
pub async fn update(
    sql: &mut Sql<'_>,
    client: &Client,
    seen_at: Timestamp,
) -> Result<bool, StoreError> {
    let key = words::order_key(&client.name);
    let touched = execute!(
        sql,
        "UPDATE client SET kind = $1, status = $2, name = $3, name_key = $4, given_name = $5,
            patronymic = $6, family_name = $7, tax_number = $8, registration_number = $9,
            birth_day = $10, language = $11, segment = $12, vip = $13, manager_id = $14,
            branch_id = $15, human_id = $16, note = $17, changed_at = $18
         WHERE id = $19 AND changed_at = $20 AND merged_into_id IS NULL",
        client.kind.as_str(),
        client.status.as_str(),
        client.name.as_str(),
        key.as_str(),
        client.person.given.as_str(),
        client.person.patronymic.as_str(),
        client.person.family.as_str(),
        client.tax_number.as_deref(),
        client.registration_number.as_deref(),
        client.birth_day,
        client.language.as_str(),
        client.segment.as_str(),
        i16::from(client.vip),
        client.manager_id,
        client.branch_id,
        client.human_id,
        client.note.as_str(),
        client.changed_at,
        client.id,
        seen_at
    )
    .await?;
    if touched == 1 {
        reindex(sql, client.id).await?;
    }
    Ok(touched == 1)
}

/// Adds a contact point. A preferred one takes the place of the preferred one of its medium.
pub async fn add_contact_point(
    sql: &mut Sql<'_>,
    client: ClientId,
    point: &ContactPoint,
) -> Result<(), StoreError> {
    if point.preferred {
        execute!(
            sql,
            "UPDATE contact_point SET preferred = 0 WHERE client_id = $1 AND medium = $2",
            client,
            point.key.medium.as_str()
        )
        .await?;
    }
    insert_contact_points(sql, &[(client, point)]).await?;
    reindex(sql, client).await
}

/// Ends a contact point and says whose it was; none: there is no such one, or it has ended.
/// The row stays, because old contacts refer to its address.
pub async fn end_contact_point(
    sql: &mut Sql<'_>,
    id: ContactPointId,
    at: Timestamp,
) -> Result<Option<ClientId>, StoreError> {
    let owner = fetch_optional!(
        sql,
        (ClientId,),
        "UPDATE contact_point SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL
         RETURNING client_id",
        at,
        id
    )
    .await?;
    let Some((client,)) = owner else {
        return Ok(None);
    };
    reindex(sql, client).await?;
    Ok(Some(client))
}

/// Name of the person who looks after a client.
pub async fn manager_name(sql: &mut Sql<'_>, id: UserId) -> Result<Option<String>, StoreError> {
    let row =
        fetch_optional!(sql, (String,), "SELECT name FROM app_user WHERE id = $1", id).await?;
    Ok(row.map(|(name,)| name))
}

/// How many contact points a client has, ended ones included.
pub async fn count_contact_points(
    sql: &mut Sql<'_>,
    client: ClientId,
) -> Result<usize, StoreError> {
    let row = fetch_optional!(
        sql,
        (i64,),
        "SELECT COUNT(*) FROM contact_point WHERE client_id = $1",
        client
    )
    .await?;
    Ok(row.map_or(0, |(count,)| usize::try_from(count).unwrap_or(usize::MAX)))
}

/// Writes the words of a client anew.
async fn reindex(sql: &mut Sql<'_>, id: ClientId) -> Result<(), StoreError> {
    execute!(sql, "DELETE FROM client_word WHERE client_id = $1", id).await?;
    let Some(record) = load(sql, id).await? else {
        return Ok(());
    };
    let found: Vec<(String, ClientId)> =
        record.words().into_iter().map(|word| (word, id)).collect();
    insert_words(sql, &found).await?;
    insert_variants(sql, &record.client.name_words().into_iter().collect()).await
}

/// Writes the words of up to `count` clients behind `after` anew; gives the last of them, none when
/// there is no further client.
pub async fn reindex_behind(
    sql: &mut Sql<'_>,
    after: ClientId,
    count: i64,
) -> Result<Option<ClientId>, StoreError> {
    let ids = fetch_all!(
        sql,
        (ClientId,),
        "SELECT id FROM client WHERE id > $1 ORDER BY id LIMIT $2",
        after,
        count
    )
    .await?;
    for (id,) in &ids {
        reindex(sql, *id).await?;
        if let Some(client) = load_client(sql, *id).await? {
            let key = words::order_key(&client.name);
            execute!(sql, "UPDATE client SET name_key = $1 WHERE id = $2", key.as_str(), *id)
                .await?;
        }
    }
    Ok(ids.last().map(|(id,)| *id))
}

/// A new prospect known by one address only.
pub fn prospect(
    ids: &dyn IdMaker,
    number: i64,
    key: &MatchKey,
    shown_name: &str,
    at: Timestamp,
) -> Record {
    let name: String = match shown_name.trim() {
        "" => key.value.clone(),
        name => name.chars().take(super::model::MAX_NAME_CHARS).collect(),
    };
    let mut client = Client::new(ClientId::make(ids), number, Kind::Person, name, at);
    client.status = Status::Prospect;
    let point = ContactPoint {
        id: ContactPointId::make(ids),
        key: key.clone(),
        value: key.value.clone(),
        label: String::new(),
        preferred: true,
        verified_at: None,
        created_at: at,
    };
    Record { client, contact_points: vec![point], holdings: Vec::new() }
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct ClientRow {
    id: ClientId,
    number: i64,
    kind: String,
    status: String,
    name: String,
    given_name: String,
    patronymic: String,
    family_name: String,
    tax_number: Option<String>,
    registration_number: Option<String>,
    birth_day: Option<i64>,
    language: String,
    segment: String,
    vip: i16,
    manager_id: Option<UserId>,
    branch_id: Option<BranchId>,
    human_id: Option<ClientId>,
    note: String,
    created_at: Timestamp,
    changed_at: Timestamp,
}

impl From<ClientRow> for Client {
    fn from(row: ClientRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            kind: Kind::from_row(&row.kind),
            status: Status::from_row(&row.status),
            name: row.name,
            person: PersonName {
                given: row.given_name,
                patronymic: row.patronymic,
                family: row.family_name,
            },
            tax_number: row.tax_number,
            registration_number: row.registration_number,
            birth_day: row.birth_day,
            language: row.language,
            segment: row.segment,
            vip: row.vip != 0,
            manager_id: row.manager_id,
            branch_id: row.branch_id,
            human_id: row.human_id,
            note: row.note,
            created_at: row.created_at,
            changed_at: row.changed_at,
        }
    }
}

#[derive(Debug, sqlx::FromRow)]
struct ContactPointRow {
    id: ContactPointId,
    medium: String,
    value: String,
    match_key: String,
    label: String,
    preferred: i16,
    verified_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl ContactPointRow {
    fn into_point(self) -> Option<ContactPoint> {
        Some(ContactPoint {
            id: self.id,
            key: MatchKey { medium: ContactMedium::from_row(&self.medium)?, value: self.match_key },
            value: self.value,
            label: self.label,
            preferred: self.preferred != 0,
            verified_at: self.verified_at,
            created_at: self.created_at,
        })
    }
}

#[derive(Debug, sqlx::FromRow)]
struct HoldingRow {
    id: Uuid,
    kind: String,
    number: String,
    contract_number: Option<String>,
    currency: String,
    balance_minor: i64,
    opened_day: i64,
    closed_day: Option<i64>,
}

impl From<HoldingRow> for Holding {
    fn from(row: HoldingRow) -> Self {
        Self {
            id: row.id,
            kind: HoldingKind::from_row(&row.kind),
            number: row.number,
            contract_number: row.contract_number,
            currency: row.currency,
            balance_minor: row.balance_minor,
            opened_day: row.opened_day,
            closed_day: row.closed_day,
        }
    }
}

#[cfg(test)]
mod tests;
