//! What fails and comes back: the relay, the disk. Nothing is lost, everything goes on by itself.

use std::time::Duration;

use rozmova::app::Outside;
use rozmova::auth::Role;
use rozmova::store::{Db, StoreOptions, testing};
use serde_json::{Value, json};

use crate::support::{Client, Lmtp, Proxy, Sink, TestServer, mailbox, postgres_server};

async fn server(relay_port: u16) -> TestServer {
    let server = TestServer::start_with(Outside::system(), |config| {
        let email = &mut config.channels.email;
        "127.0.0.1".clone_into(&mut email.relay.host);
        email.relay.port = relay_port;
        email.mailboxes = vec![mailbox("info@bank.example")];
    })
    .await;
    server.add_queue("General").await;
    server
}

fn mail(id: &str) -> String {
    format!(
        "From: <olena@example.ua>\r\nTo: info@bank.example\r\nSubject: Card\r\n\
         Message-ID: <{id}@example.ua>\r\n\r\n{}\r\n",
        "A line of text.\r\n".repeat(200)
    )
}

async fn deliver(server: &TestServer, id: &str) -> String {
    deliver_from(server, "olena@example.ua", id).await
}

async fn deliver_from(server: &TestServer, from: &str, id: &str) -> String {
    let mut lmtp = Lmtp::connect(server.lmtp()).await.expect("the listener is open");
    let mail = mail(id).replace("olena@example.ua", from);
    lmtp.send(from, "info@bank.example", &mail).await.expect("a reply")
}

async fn acknowledgement(client: &Client, interaction: &str) -> Value {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    let page = client.get(&path).await.expect(200).json();
    let items = page["items"].as_array().expect("a list").clone();
    items.into_iter().find(|item| item["kind"] == "auto_reply").expect("an acknowledgement")
}

#[tokio::test]
async fn while_the_relay_is_down_mail_waits_and_the_desk_says_so() {
    // A port on which nobody listens.
    let port = Sink::start(0).await.address.port();
    let server = server(port).await;
    let client = server.program("sofia", Role::Supervisor).await;
    assert!(deliver(&server, "q1").await.starts_with("250"), "mail comes in all the same");
    let interaction = server.interaction_of("q1@example.ua").await;
    let mut waiting = Value::Null;
    for _ in 0..200 {
        waiting = acknowledgement(&client, &interaction).await["delivery"].clone();
        if waiting["detail"].is_string() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(waiting["state"], "queued", "{waiting}");
    assert!(waiting["next_try_at"].is_i64(), "{waiting}");
    let health = client.get("/api/v1/health").await.expect(200).json();
    let outbox =
        health["channels"].as_array().expect("parts").iter().find(|p| p["name"] == "outbox");
    assert_eq!(outbox.expect("a report")["state"], "degraded");

    // The relay is back; the second attempt comes half a minute after the first.
    let sink = Sink::start(port).await;
    let taken = sink.wait_for(1).await;
    assert_eq!(taken[0].recipients, ["olena@example.ua"]);
    server.stop().await;
}

/// Lets SQLite's file grow no further, or lets it grow again.
async fn set_pages_max(server: &TestServer, pages: Option<u32>) {
    let Db::Sqlite { writer, .. } = &server.app().db else { panic!("a test on SQLite") };
    let (used,): (i64,) =
        sqlx::query_as("PRAGMA page_count").fetch_one(writer).await.expect("a count");
    let limit = pages.map_or(i64::from(u32::MAX) - 1, |more| used + i64::from(more));
    let text = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {limit}"));
    sqlx::query(text).execute(writer).await.expect("a limit");
}

#[tokio::test]
async fn a_full_disk_refuses_mail_for_the_time_being_and_keeps_no_half_of_it() {
    let server = server(9).await;
    let client = server.program("sofia", Role::Supervisor).await;
    set_pages_max(&server, Some(2)).await;
    let mut refused = None;
    for number in 0..50 {
        let reply = deliver(&server, &format!("full{number}")).await;
        if !reply.starts_with("250") {
            refused = Some((number, reply));
            break;
        }
    }
    let (number, reply) = refused.expect("the disk is full at some time");
    assert!(reply.starts_with("45"), "temporary, never lost: {reply}");
    set_pages_max(&server, None).await;
    let reply = deliver(&server, &format!("full{number}")).await;
    assert!(reply.starts_with("250"), "it goes on by itself: {reply}");
    let list = client.get("/api/v1/interactions?limit=200").await.expect(200).json();
    let count = list["items"].as_array().expect("a list").len();
    assert_eq!(count, number + 1, "each mail once, none half");
    let interaction = server.interaction_of(&format!("full{number}@example.ua")).await;
    let note = json!({ "kind": "note", "text": "the desk works too" });
    client.post(&format!("/api/v1/interactions/{interaction}/messages"), &note).await.expect(201);
    server.stop().await;
}

/// Tries until the mail is taken.
async fn deliver_at_last(server: &TestServer, from: &str, id: &str) {
    let mut reply = String::new();
    for _ in 0..120 {
        reply = deliver_from(server, from, id).await;
        if reply.starts_with("250") {
            return;
        }
        assert!(reply.starts_with('4'), "temporary: {reply}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("the store is back, and mail is still refused: {reply}");
}

async fn count(client: &Client) -> usize {
    let list = client.get("/api/v1/interactions?limit=200").await.expect(200).json();
    list["items"].as_array().expect("a list").len()
}

#[tokio::test]
async fn a_database_that_goes_away_and_comes_back_loses_and_doubles_nothing() {
    let Some(url) = postgres_server() else { return };
    let url = testing::postgres_database(&url).await.expect("a database");
    let (before, rest) = url.split_once("://").expect("a URL");
    let (place, database) = rest.split_once('/').expect("a database");
    let (user, target) = place.rsplit_once('@').expect("a user");
    let mut line = Proxy::start(target).await;
    let through = format!("{before}://{user}@{}/{database}", line.address);
    let sink = Sink::start(0).await;
    let server = TestServer::start_with(Outside::system(), |config| {
        config.store.url = through;
        config.store.acquire_timeout_ms = 500;
        let email = &mut config.channels.email;
        email.relay.host = sink.address.ip().to_string();
        email.relay.port = sink.address.port();
        email.mailboxes = vec![mailbox("info@bank.example")];
    })
    .await;
    server.add_queue("General").await;
    let client = server.program("sofia", Role::Supervisor).await;
    assert!(deliver(&server, "q1").await.starts_with("250"));
    sink.wait_for(1).await;

    line.cut().await;
    for _ in 0..3 {
        let reply = deliver_from(&server, "petro@example.ua", "q2").await;
        assert!(reply.starts_with("45"), "temporary, never 250: {reply}");
    }
    let said = server.anybody().get("/readyz").await.expect(503).text();
    assert!(said.contains("the store is unavailable"), "{said}");
    server.anybody().get("/healthz").await.expect(200);
    client.get("/api/v1/interactions").await.expect_refusal(503, "store_unavailable");

    line.mend().await;
    deliver_at_last(&server, "petro@example.ua", "q2").await;
    server.anybody().get("/readyz").await.expect(200);
    assert_eq!(count(&client).await, 2, "each mail once");
    // The acknowledgement of the second leaves too: the outbox goes on by itself.
    sink.wait_for(2).await;
    let interaction = server.interaction_of("q2@example.ua").await;
    let note = json!({ "kind": "note", "text": "the desk works too" });
    client.post(&format!("/api/v1/interactions/{interaction}/messages"), &note).await.expect(201);
    server.stop().await;
}

#[tokio::test]
async fn a_database_file_that_somebody_else_locks_refuses_mail_until_it_is_free() {
    let server = server(9).await;
    let client = server.program("sofia", Role::Supervisor).await;
    let options =
        StoreOptions { url: server.store_url(), connections_max: 1, acquire_timeout_ms: 5_000 };
    let other = Db::open(&options).await.expect("the file");
    let lock = other.begin().await.expect("the one writer of the file");
    let reply = deliver(&server, "q1").await;
    assert!(reply.starts_with("45"), "temporary, never 250: {reply}");
    // Reading goes on.
    assert_eq!(count(&client).await, 0);
    drop(lock);
    deliver_at_last(&server, "olena@example.ua", "q1").await;
    assert_eq!(count(&client).await, 1);
    other.close().await;
    server.stop().await;
}
