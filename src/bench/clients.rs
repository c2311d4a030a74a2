//! Finding clients in a directory of many: whom an address means, and search while it is typed.

use rozmova_base::Clock;
use rozmova_base::time::SystemClock;
use serde_json::json;

use super::{Latencies, Process, Report, Stopwatch};
use crate::client::identity::store::candidates;
use crate::client::model::MatchKey;
use crate::client::search::store::search;
use crate::client::store::{self, Record};
use crate::demo::bank::Bank;
use crate::demo::chance::Chance;
use crate::store::{Db, StoreError, testing};

/// Clients written in one transaction.
const CHUNK: usize = 5_000;
/// Addresses in one batch, as intake asks for them under load.
const BATCH: usize = 64;
/// Rows of a search, as the desk asks for them.
const ROWS: i64 = 20;
/// Beginnings of names and numbers as people type them: short ones, pairs of frequent words, pairs
/// that nobody has, the other keyboard layout, mistakes.
const QUERIES: [&str; 20] = [
    "ше",
    "шевч",
    "Kovalenko ol",
    "0400",
    "тов св",
    "мельник іван",
    "2",
    "office@",
    "ґал",
    "UA",
    "ко ол",
    "о а",
    "іван петрівна",
    "фоп шевченко ол",
    "itdxtyrj",
    "vtkmybr sd",
    "шевчнеко",
    "мельинк ольга",
    "ольга office@",
    "ящйцук",
];

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Clients in the directory.
    pub parties: usize,
    /// Measure for so long.
    pub seconds: u64,
    /// A PostgreSQL server on which databases may be made; none: SQLite.
    pub postgres: Option<String>,
}

/// Fills a scratch store and looks clients up, one address after the other.
pub async fn run(options: Options) -> Result<Report, StoreError> {
    let (db, folder) = match &options.postgres {
        Some(url) => (testing::postgres(url).await?, None),
        None => testing::sqlite().await.map(|(db, folder)| (db, Some(folder)))?,
    };
    let fill = Process::start();
    let keys = fill_directory(&db, options.parties).await?;
    let fill_seconds = fill.elapsed().as_secs_f64();
    let process = Process::start();
    let (mut single, failures) = one_by_one(&db, &keys, options.seconds).await?;
    let (seconds, cpu_seconds) = (process.elapsed().as_secs_f64(), process.cpu_seconds());
    let count = single.count() as f64;
    let mut batches = in_batches(&db, &keys).await?;
    let mut searches = searches(&db).await?;
    let report = Report {
        name: "clients",
        unit: "addresses identified",
        rate_per_s: count / seconds,
        cpu_ms_each: cpu_seconds * 1_000.0 / count,
        p50_ms: single.permille_ms(500),
        p99_ms: single.permille_ms(990),
        rss_mb: Process::rss_mb(),
        failures,
        seconds,
        cores: cpu_seconds / seconds,
        details: json!({
            "parties": options.parties,
            "store": if options.postgres.is_some() { "postgres" } else { "sqlite" },
            "fill_seconds": fill_seconds,
            "batch_of_64_p50_ms": batches.permille_ms(500),
            "batch_of_64_p99_ms": batches.permille_ms(990),
            "search_p50_ms": searches.permille_ms(500),
            "search_p99_ms": searches.permille_ms(990),
        }),
    };
    db.close().await;
    if let Some(folder) = folder {
        let _ = std::fs::remove_dir_all(folder);
    }
    Ok(report)
}

async fn fill_directory(db: &Db, parties: usize) -> Result<Vec<MatchKey>, StoreError> {
    let mut bank = Bank::new(1, SystemClock.now(), 1);
    let mut keys = Vec::with_capacity(parties * 2);
    let mut left = parties;
    while left > 0 {
        let records: Vec<Record> = bank.clients(left.min(CHUNK));
        left = left.saturating_sub(records.len());
        let mut tx = db.begin().await?;
        store::insert(&mut tx.sql(), &records).await?;
        tx.commit().await?;
        let points = records.into_iter().flat_map(|record| record.contact_points);
        keys.extend(points.map(|point| point.key));
    }
    Ok(keys)
}

/// Gives how long each took, and how many addresses were not found.
async fn one_by_one(
    db: &Db,
    keys: &[MatchKey],
    seconds: u64,
) -> Result<(Latencies, u64), StoreError> {
    let (mut latencies, mut failures) = (Latencies::default(), 0);
    let mut chance = Chance::new(2);
    let mut connection = db.read().await?;
    let began = Stopwatch::start();
    while began.elapsed().as_secs() < seconds {
        let key = chance.pick_ref(keys);
        let asked = Stopwatch::start();
        let found = candidates(&mut connection.sql(), std::slice::from_ref(key)).await?;
        latencies.add_micros(asked.micros());
        failures += u64::from(!found.contains_key(key));
    }
    Ok((latencies, failures))
}

async fn in_batches(db: &Db, keys: &[MatchKey]) -> Result<Latencies, StoreError> {
    let mut latencies = Latencies::default();
    let mut chance = Chance::new(3);
    let mut connection = db.read().await?;
    for _ in 0..500 {
        let batch: Vec<MatchKey> = (0..BATCH).map(|_| chance.pick_ref(keys).clone()).collect();
        let asked = Stopwatch::start();
        candidates(&mut connection.sql(), &batch).await?;
        latencies.add_micros(asked.micros());
    }
    Ok(latencies)
}

async fn searches(db: &Db) -> Result<Latencies, StoreError> {
    let mut latencies = Latencies::default();
    let mut connection = db.read().await?;
    for query in QUERIES.iter().cycle().take(500) {
        let asked = Stopwatch::start();
        search(&mut connection.sql(), query, None, ROWS).await?;
        latencies.add_micros(asked.micros());
    }
    Ok(latencies)
}
