//! The server is killed (SIGKILL) at random instants while mail comes in and agents work, again and
//! again; afterwards everything that was acknowledged is there, once.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rozmova::auth::Role;
use rozmova::bench::{ScratchServer, ServerOptions};
use rozmova::demo::robot::http::Api;
use rozmova::store::{Db, StoreOptions};
use rozmova::{fetch_all, fetch_one};
use rozmova_base::id::InteractionId;
use serde_json::json;

use crate::support::{Lmtp, postgres_server};

/// Kills in one run.
const ROUNDS: u64 = 12;
/// Connections that bring mail.
const SENDERS: u64 = 4;
/// How long agents may take to close everything at the end.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the senders know.
#[derive(Default)]
struct Outside {
    stop: AtomicBool,
    acknowledged: Mutex<BTreeSet<String>>,
    next: AtomicU64,
}

/// SplitMix64, so that a seed tells the instants.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn seed() -> u64 {
    std::env::var("KILL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_123)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_after_any_number_of_kills_on_sqlite() {
    kill_again_and_again("sqlite", None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_after_any_number_of_kills_on_postgres() {
    if let Some(url) = postgres_server() {
        kill_again_and_again("postgres", Some(url)).await;
    }
}

async fn kill_again_and_again(name: &str, postgres: Option<String>) {
    let seed = seed();
    let folder = std::env::temp_dir().join(format!("rozmova-kill-{}-{name}", std::process::id()));
    let mut server = ScratchServer::start(&ServerOptions {
        program: Some(PathBuf::from(env!("CARGO_BIN_EXE_rozmova"))),
        folder,
        postgres,
        mailbox: "info@bank.example".to_owned(),
    })
    .await
    .expect("a server");
    let agents = add_agents(&server).await;
    let outside = Arc::new(Outside::default());
    let mut tasks = Vec::new();
    for _ in 0..SENDERS {
        tasks.push(tokio::spawn(bring_mail(server.lmtp, Arc::clone(&outside))));
    }
    let done = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> =
        agents.into_iter().map(|agent| tokio::spawn(work(agent, Arc::clone(&done)))).collect();
    for round in 0..ROUNDS {
        let wait_ms = 50 + mix(seed.wrapping_add(round)) % 900;
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        server.kill_and_restart().await.expect("it comes back");
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    outside.stop.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.expect("a sender");
    }
    wait_until_all_is_closed(&server.store_url, seed).await;
    done.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.await.expect("an agent");
    }
    check(&server.store_url, &outside, seed).await;
    server.stop().await.expect("it stops");
}

async fn add_agents(server: &ScratchServer) -> Vec<Api> {
    let mut agents = Vec::new();
    for login in ["ana", "bohdan"] {
        agents.push(server.add_person(login, Role::Agent).await.expect("an agent"));
    }
    let serves = json!([{ "queue": "General" }]);
    let wrap_up = json!({ "email": 0 });
    let routing = json!({
        "queue": [{ "name": "General", "wrap_up_ms": wrap_up }],
        "agent": [{ "login": "ana", "queues": serves }, { "login": "bohdan", "queues": serves }],
    });
    server.administrator.put("/routing", &routing).await.expect("agents serve the queue");
    agents
}

/// As a mail server does: what was not acknowledged is sent again, the same mail.
async fn bring_mail(address: std::net::SocketAddr, outside: Arc<Outside>) {
    let mut connection = None;
    while !outside.stop.load(Ordering::SeqCst) {
        let number = outside.next.fetch_add(1, Ordering::SeqCst);
        let id = format!("{number}@kill.example");
        let sender = format!("client{}@mail.example", number % 20);
        let mail = format!(
            "From: <{sender}>\r\nTo: info@bank.example\r\nSubject: {number}\r\n\
             Message-ID: <{id}>\r\n\r\nQuestion {number}\r\n"
        );
        while !outside.stop.load(Ordering::SeqCst) {
            if connection.is_none() {
                connection = Lmtp::connect(address).await;
            }
            let reply = match &mut connection {
                Some(lmtp) => lmtp.send(&sender, "info@bank.example", &mail).await,
                None => None,
            };
            match reply {
                Some(reply) if reply.starts_with("250") => {
                    outside.acknowledged.lock().expect("no panic").insert(id);
                    break;
                }
                Some(_) => {}
                None => connection = None,
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

/// Accepts what is offered and closes it, whatever the server goes through meanwhile.
async fn work(agent: Api, done: Arc<AtomicBool>) {
    while !done.load(Ordering::SeqCst) {
        let ready = agent.put("/agents/me/presence", &json!({ "state": "ready" })).await;
        let work = match ready {
            Ok(_) => agent.get("/agents/me/work").await.ok(),
            Err(_) => None,
        };
        let list = |name: &str| {
            let list = work.as_ref().and_then(|work| work[name].as_array()).cloned();
            list.unwrap_or_default()
        };
        for offer in list("offers") {
            let path = format!("/offers/{}/acceptance", offer["id"].as_str().unwrap_or_default());
            let _ = agent.put(&path, &json!({})).await;
        }
        for interaction in list("interactions") {
            let id = interaction["id"].as_str().unwrap_or_default();
            let result = json!({ "disposition_id": null, "note": "" });
            let _ = agent.put(&format!("/interactions/{id}/disposition"), &result).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn open(url: &str) -> Db {
    let options =
        StoreOptions { url: url.to_owned(), connections_max: 1, acquire_timeout_ms: 5_000 };
    Db::open(&options).await.expect("the store")
}

/// No interaction is stuck: with two agents at work all of them come to their end.
async fn wait_until_all_is_closed(url: &str, seed: u64) {
    let db = open(url).await;
    let mut left = i64::MAX;
    for _ in 0..PATIENCE.as_millis() / 250 {
        let mut connection = db.read().await.expect("a connection");
        let open = fetch_one!(
            &mut connection.sql(),
            (i64,),
            "SELECT COUNT(*) FROM interaction WHERE state <> 'closed'"
        );
        left = open.await.expect("counted").0;
        drop(connection);
        if left == 0 {
            db.close().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("{left} interactions are stuck; KILL_SEED={seed}");
}

async fn check(url: &str, outside: &Outside, seed: u64) {
    let db = open(url).await;
    let mut connection = db.read().await.expect("a connection");
    let sql = &mut connection.sql();
    let rows = fetch_all!(
        sql,
        (String, i64),
        "SELECT message_id, COUNT(*) FROM message WHERE direction = 'inbound' GROUP BY message_id"
    );
    let rows = rows.await.expect("read");
    let doubled: Vec<_> = rows.iter().filter(|(_, count)| *count != 1).collect();
    assert!(doubled.is_empty(), "doubled: {doubled:?}; KILL_SEED={seed}");
    let stored: BTreeSet<String> = rows.into_iter().map(|(id, _)| id).collect();
    let acknowledged = outside.acknowledged.lock().expect("no panic").clone();
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}; KILL_SEED={seed}");
    assert!(acknowledged.len() > 20, "only {} mails came in", acknowledged.len());
    // One interaction for each mail, and one owner at a time.
    let (interactions,) =
        fetch_one!(sql, (i64,), "SELECT COUNT(*) FROM interaction").await.expect("counted");
    assert_eq!(interactions, stored.len() as i64, "KILL_SEED={seed}");
    let owned_twice = fetch_all!(
        sql,
        (InteractionId, i64),
        "SELECT interaction_id, COUNT(*) FROM segment WHERE outcome = 'answered'
         GROUP BY interaction_id HAVING COUNT(*) > 1"
    );
    assert_eq!(owned_twice.await.expect("read"), [], "owned twice; KILL_SEED={seed}");
    drop(connection);
    db.close().await;
}
