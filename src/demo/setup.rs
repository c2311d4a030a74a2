//! Makes the bank in its folder, once: people, clients, routing, ninety days of history.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, UserId};
use rozmova_base::time::MockClock;
use rozmova_queue::Engine;

use super::bank::Bank;
use super::chance::SeededIds;
use super::history::{self, Correspondent, Past, Setting};
use super::texts::QueueKey;
use crate::app::Outside;
use crate::auth::users::{self, By, NewUser};
use crate::auth::{Passwords, Role};
use crate::client::model::{ContactMedium, Kind};
use crate::client::store::{self as clients, Record};
use crate::config::Config;
use crate::dispatch::{Dispatch, DispatchOptions, past};
use crate::routing::{self, Author, RoutingDocument, RoutingNow};
use crate::store::lease::Lease;
use crate::store::{Db, setting};

/// The same bank for everybody.
pub const SEED: u64 = 20_260_101;
/// What everybody signs in with.
pub const PASSWORD: &str = "rozmova-demo";
/// The routing of the demo is the example of the handbook.
const ROUTING: &str = include_str!("../../config/routing.toml");
/// Clients of the bank.
const CLIENTS: usize = 2_400;
/// Rows of clients written in one transaction step.
const CLIENTS_CHUNK: usize = 400;
/// Outputs of the engine turned into rows at once.
const OUTPUTS_CHUNK: usize = 20_000;
const DAY_MS: i64 = 86_400_000;
/// Set when everything is there.
const READY: &str = "demo.ready";

/// Somebody who works at the bank.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// What is typed at sign-in.
    pub login: &'static str,
    /// As shown.
    pub name: &'static str,
    /// What the person is to the contact centre.
    pub role: Role,
    /// A robot does the work.
    pub is_robot: bool,
}

const fn person(login: &'static str, name: &'static str, role: Role, is_robot: bool) -> Person {
    Person { login, name, role, is_robot }
}

/// Everybody who works at the bank. Agents are those of `config/routing.toml`.
pub const PEOPLE: [Person; 15] = [
    person("olena", "Олена Мельник", Role::Agent, false),
    person("andrii", "Андрій Коваленко", Role::Agent, false),
    person("sofiia", "Софія Бойко", Role::Agent, false),
    person("iryna", "Ірина Ткаченко", Role::Agent, true),
    person("taras", "Тарас Олійник", Role::Agent, true),
    person("nataliia", "Наталія Кравчук", Role::Agent, true),
    person("bohdan", "Богдан Лисенко", Role::Agent, true),
    person("oksana", "Оксана Савчук", Role::Agent, true),
    person("maksym", "Максим Руденко", Role::Agent, true),
    person("yuliia", "Юлія Поліщук", Role::Agent, true),
    person("roman", "Роман Гончар", Role::Agent, true),
    person("halyna", "Галина Яценко", Role::Agent, true),
    person("viktoriia", "Вікторія Левицька", Role::Supervisor, false),
    person("ostap", "Остап Романюк", Role::Analyst, false),
    person("admin", "Дарина Адаменко", Role::Administrator, false),
];

/// Queues by key: name in `config/routing.toml`, address of the bank.
pub const MAILBOXES: [(QueueKey, &str, &str); 5] = [
    ("cards", "Картки", "cards@bank.example"),
    ("loans", "Кредити", "loans@bank.example"),
    ("deposits", "Депозити", "deposits@bank.example"),
    ("business", "Бізнес", "business@bank.example"),
    ("general", "Загальні питання", "info@bank.example"),
];

/// Makes what is not there yet. `false`: the bank was there already.
pub async fn make(db: &Db, config: &Config, outside: &Outside) -> anyhow::Result<bool> {
    let mut connection = db.read().await?;
    let ready = setting::load(&mut connection.sql(), READY).await?;
    drop(connection);
    if ready.is_some() {
        return Ok(false);
    }
    let now = outside.clock.now();
    let ids = SeededIds::new(SEED, now);
    let people = make_people(db, config, outside, &ids).await.context("people")?;
    let records = make_clients(db, now).await.context("clients")?;
    let from = now.plus_millis(-history::DAYS * DAY_MS);
    let (mut engine, document) = make_routing(db, &ids, from).await.context("routing")?;
    let setting = history_setting(from, now, &people, &document, &records);
    let past = history::live_through(&mut engine, &setting, SEED);
    write_past(db, past, &engine).await.context("history")?;
    let mut tx = db.begin().await?;
    setting::save(&mut tx.sql(), READY, &now.to_string()).await?;
    tx.commit().await?;
    Ok(true)
}

async fn make_people(
    db: &Db,
    config: &Config,
    outside: &Outside,
    ids: &SeededIds,
) -> anyhow::Result<Vec<(UserId, Person)>> {
    let random = outside.random.as_ref();
    let passwords = Passwords::new(config.auth.password_checks_at_once, random);
    // One hash for all: it takes longer than everything else about them.
    let hash = passwords.hash(PASSWORD.to_owned(), random).await;
    let now = outside.clock.now();
    let by = By { actor: None, peer: "demo", now, ids };
    let mut made = Vec::with_capacity(PEOPLE.len());
    for person in PEOPLE {
        let new = NewUser {
            login: person.login.to_owned(),
            name: person.name.to_owned(),
            role: person.role,
            language: "uk".to_owned(),
        };
        made.push((users::add(db, &by, new, Some(&hash)).await?.id, person));
    }
    Ok(made)
}

async fn make_clients(db: &Db, now: Timestamp) -> anyhow::Result<Vec<Record>> {
    let mut tx = db.begin().await?;
    let records = Bank::new(SEED, now, 1).clients(CLIENTS);
    clients::take_numbers(&mut tx.sql(), records.len()).await?;
    for chunk in records.chunks(CLIENTS_CHUNK) {
        clients::insert(&mut tx.sql(), chunk).await?;
    }
    tx.commit().await?;
    Ok(records)
}

/// Ninety days ago an administrator wrote the routing; gives the queue as it was then.
async fn make_routing(
    db: &Db,
    ids: &SeededIds,
    at: Timestamp,
) -> anyhow::Result<(Engine, RoutingDocument)> {
    let clock = Arc::new(MockClock::at(at));
    let options = DispatchOptions::default();
    let (dispatch, mut committed) =
        Dispatch::start(db.clone(), Lease::alone(), clock, options).await?;
    let drained = tokio::spawn(async move { while committed.recv().await.is_some() {} });
    let document = RoutingDocument::from_toml(ROUTING)?;
    let author = Author { user: None, peer: "demo".to_owned() };
    let now = RoutingNow::default();
    let document = routing::apply(&dispatch, &now, ids, &document, author).await?;
    let engine = dispatch.read(Engine::clone).await?;
    dispatch.stop().await;
    drop(dispatch);
    // The stream ends with the tasks that write to it.
    let _ = tokio::time::timeout(Duration::from_secs(5), drained).await;
    Ok((engine, document))
}

fn history_setting(
    from: Timestamp,
    until: Timestamp,
    people: &[(UserId, Person)],
    document: &RoutingDocument,
    records: &[Record],
) -> Setting {
    let queue = |(key, name, address): &(QueueKey, &str, &str)| {
        let item = document.queues.iter().find(|item| item.name == *name)?;
        Some((*key, (item.id?, (*address).to_owned())))
    };
    let agents: Vec<(AgentId, String)> = people
        .iter()
        .filter(|(_, person)| person.role == Role::Agent)
        .map(|(id, person)| (*id, person.name.to_owned()))
        .collect();
    let disposition =
        |item: &routing::document::DispositionItem| Some((item.code.clone(), item.id?));
    Setting {
        from,
        until,
        agents,
        queues: MAILBOXES.iter().filter_map(queue).collect(),
        dispositions: document
            .dispositions
            .iter()
            .filter_map(disposition)
            .collect::<BTreeMap<_, _>>(),
        clients: records.iter().filter_map(correspondent).collect(),
    }
}

fn correspondent(record: &Record) -> Option<Correspondent> {
    let is_email =
        |point: &&crate::client::model::ContactPoint| point.key.medium == ContactMedium::Email;
    let email = record.contact_points.iter().find(is_email)?.value.clone();
    let client = &record.client;
    Some(Correspondent {
        id: client.id,
        name: match client.kind {
            Kind::Person => format!("{} {}", client.person.given, client.person.family),
            Kind::Organisation | Kind::SoleTrader => client.name.clone(),
        },
        email,
        is_business: client.kind != Kind::Person,
        is_english: client.language == "en",
        vip: client.vip,
    })
}

async fn write_past(db: &Db, past: Past, engine: &Engine) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    history::store::insert_interactions(&mut tx.sql(), &past.interactions).await?;
    history::store::insert_messages(&mut tx.sql(), &past.messages).await?;
    let mut outputs = past.outputs.into_iter();
    loop {
        let chunk: Vec<_> = outputs.by_ref().take(OUTPUTS_CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        past::write(&mut tx.sql(), chunk).await?;
    }
    history::store::set_unread(&mut tx.sql(), &past.open).await?;
    past::adopt(&mut tx.sql(), engine).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_routing_names_everybody_and_every_queue() {
        let document = RoutingDocument::from_toml(ROUTING).expect("the example");
        let agents: Vec<&str> = document.agents.iter().map(|agent| agent.login.as_str()).collect();
        let wanted: Vec<&str> = PEOPLE
            .iter()
            .filter(|person| person.role == Role::Agent)
            .map(|person| person.login)
            .collect();
        assert_eq!(agents, wanted);
        for (key, name, _) in MAILBOXES {
            let queue = document.queues.iter().find(|queue| queue.name == name).expect(name);
            for topic in crate::demo::texts::TOPICS.iter().filter(|topic| topic.queue == key) {
                let code = topic.disposition.to_owned();
                assert!(queue.dispositions.contains(&code), "{name}: {code}");
            }
        }
    }
}
