//! `rozmova bench offer`: from a mail that is safe to its offer on an agent's screen, through the
//! whole server: LMTP, journal, queue, rows, live events.
//!
//! Agents sit at open WebSockets; each takes what he is offered and closes it at once, so that
//! somebody is always free: what is measured is the way, not the wait for people.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use rozmova_base::{Clock, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::intake::{Connection, MAILBOX, mail, sender, texts};
use super::live::Desk;
use super::{Latencies, Report, ScratchServer, ServerOptions, free_folder};
use crate::auth::Role;
use crate::demo::robot::http::{Api, CallError};

/// Connections that the mails come by, in turn.
const CONNECTIONS: u32 = 8;
/// Mails before the measurement begins: caches fill, threads start.
const WARM_UP: Duration = Duration::from_secs(2);
/// What is under way at the end gets so long.
const GRACE: Duration = Duration::from_secs(5);

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Mails a second.
    pub rate_per_s: u32,
    /// Agents at their desks.
    pub agents: u32,
    /// For so long.
    pub seconds: u64,
    /// A PostgreSQL server; `None`: SQLite.
    pub postgres: Option<String>,
}

/// The moments of one mail, by the clock of this process.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    sent: Option<Timestamp>,
    /// `250` was read: it is durable.
    accepted: Option<Timestamp>,
    offered: Option<Timestamp>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    mails: Mutex<BTreeMap<u64, Moments>>,
    failures: Mutex<Vec<String>>,
    /// What agents do with their offers.
    acts: TaskTracker,
    stop: CancellationToken,
}

impl Shared {
    fn mails(&self) -> MutexGuard<'_, BTreeMap<u64, Moments>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, what: String) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

/// Measures.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let server = ScratchServer::start(&ServerOptions {
        program: None,
        folder: free_folder(),
        postgres: options.postgres.clone(),
        mailbox: MAILBOX.to_owned(),
    })
    .await?;
    let agents = hire(&server, options.agents).await?;
    let shared = Arc::new(Shared {
        clock: Arc::new(rozmova_base::time::SystemClock),
        mails: Mutex::default(),
        failures: Mutex::default(),
        acts: TaskTracker::new(),
        stop: CancellationToken::new(),
    });
    let mut desks = JoinSet::new();
    for agent in agents {
        let desk = Desk::open(&server.http.to_string(), &agent.authorization()).await?;
        agent.put("/agents/me/presence", &json!({ "state": "ready" })).await?;
        desks.spawn(work(desk, Arc::new(agent), Arc::clone(&shared)));
    }
    let mut load = JoinSet::new();
    for number in 0..CONNECTIONS {
        let connection = Connection::open(server.lmtp).await?;
        load.spawn(send(connection, number, options.rate_per_s, Arc::clone(&shared)));
    }
    tokio::time::sleep(WARM_UP).await;
    let begun = shared.clock.now();
    let before_ms = server.cpu_ms()?;
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    let cpu_ms = server.cpu_ms()? - before_ms;
    let ended = shared.clock.now();
    shared.stop.cancel();
    load.join_all().await;
    wait_for_offers(&shared).await;
    desks.shutdown().await;
    shared.acts.close();
    let _ = tokio::time::timeout(GRACE, shared.acts.wait()).await;
    let memory_mb = server.peak_memory_mb()?;
    server.stop().await?;
    Ok(report(options, &shared, (begun, ended), cpu_ms, memory_mb))
}

/// Agents of the one queue.
async fn hire(server: &ScratchServer, count: u32) -> anyhow::Result<Vec<Api>> {
    let mut agents = Vec::new();
    let mut items = Vec::new();
    for number in 0..count {
        let login = format!("agent{number}");
        agents.push(server.add_person(&login, Role::Agent).await?);
        items.push(json!({ "login": login, "queues": [{ "queue": "General", "ring": 1 }] }));
    }
    let routing = json!({ "queue": [{ "name": "General" }], "agent": items });
    server.administrator.put("/routing", &routing).await.context("setting up agents")?;
    Ok(agents)
}

/// One of the connections: every so many ms a mail, however long the one before took.
async fn send(mut connection: Connection, number: u32, rate_per_s: u32, shared: Arc<Shared>) {
    let texts = texts();
    let every = Duration::from_secs(1) * CONNECTIONS / rate_per_s.max(1);
    tokio::time::sleep(every * number / CONNECTIONS).await;
    let mut tick = tokio::time::interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut next = u64::from(number);
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let text = mail(next, &texts);
        shared.mails().entry(next).or_default().sent = Some(shared.clock.now());
        if let Err(error) = connection.send(&sender(next), &text).await {
            shared.failed(format!("a mail was not taken: {error:#}"));
            return;
        }
        shared.mails().entry(next).or_default().accepted = Some(shared.clock.now());
        next += u64::from(CONNECTIONS);
    }
}

/// One agent: notes when an offer comes, takes it and closes it.
async fn work(mut desk: Desk, agent: Arc<Api>, shared: Arc<Shared>) {
    while let Some(text) = desk.next_text().await {
        let now = shared.clock.now();
        if !text.contains("\"offer.created\"") {
            continue;
        }
        let Ok(event) = serde_json::from_str::<Value>(&text) else { continue };
        let offer = &event["data"]["offer"];
        let subject = offer["interaction"]["subject"].as_str().unwrap_or_default();
        if let Some(number) = subject.rsplit(' ').next().and_then(|number| number.parse().ok()) {
            shared.mails().entry(number).or_default().offered.get_or_insert(now);
        }
        let (agent, shared, offer) = (Arc::clone(&agent), Arc::clone(&shared), offer.clone());
        shared.acts.clone().spawn(async move {
            if let Err(error) = take_and_close(&agent, &offer).await {
                shared.failed(format!("an agent could not work: {error}"));
            }
        });
    }
}

async fn take_and_close(agent: &Api, offer: &Value) -> Result<(), CallError> {
    let (id, interaction) = (text_of(&offer["id"]), text_of(&offer["interaction"]["id"]));
    agent.put(&format!("/offers/{id}/acceptance"), &json!({})).await?;
    let result = json!({ "disposition_id": null, "note": "" });
    agent.put(&format!("/interactions/{interaction}/disposition"), &result).await.map(drop)
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Until everything accepted was offered, or the grace is over.
async fn wait_for_offers(shared: &Shared) {
    let all_offered = async {
        while shared.mails().values().any(|one| one.accepted.is_some() && one.offered.is_none()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(GRACE, all_offered).await;
}

fn report(
    options: &Options,
    shared: &Shared,
    (begun, ended): (Timestamp, Timestamp),
    cpu_ms: f64,
    memory_mb: f64,
) -> Report {
    let mut latencies = Latencies::default();
    let mut from_sending = Latencies::default();
    let mut missing = 0;
    for moments in shared.mails().values() {
        let (Some(sent), Some(accepted)) = (moments.sent, moments.accepted) else { continue };
        if sent < begun || sent >= ended {
            continue;
        }
        let Some(offered) = moments.offered else {
            missing += 1;
            continue;
        };
        // The offer may be on the screen before its sender has read the `250`.
        latencies.add(accepted, offered.max(accepted));
        from_sending.add(sent, offered);
    }
    let failures = shared.failures.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds = ended.millis_since(begun) as f64 / 1_000.0;
    let count = latencies.count().max(1) as f64;
    Report {
        name: "offer",
        unit: "mails offered to agents",
        rate_per_s: latencies.count() as f64 / seconds,
        cpu_ms_each: cpu_ms / count,
        p50_ms: latencies.permille_ms(500),
        p99_ms: latencies.permille_ms(990),
        rss_mb: memory_mb,
        failures: missing + failures.len() as u64,
        seconds,
        cores: cpu_ms / 1_000.0 / seconds,
        // Processor time and memory are the server's alone, with the agents' requests in them.
        details: json!({
            "agents": options.agents, "mails_per_s": options.rate_per_s,
            "store": if options.postgres.is_some() { "postgres" } else { "sqlite" },
            "first_failure": failures.first(),
            "from_sending_p50_ms": from_sending.permille_ms(500),
            "from_sending_p99_ms": from_sending.permille_ms(990),
        }),
    }
}
