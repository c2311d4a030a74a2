//! Everything that comes is in the ledger; what could not be read is a person's to settle.

use std::fmt::Write;
use std::time::Duration;

use rozmova::app::Outside;
use rozmova::auth::Role;
use rozmova::execute;
use serde_json::{Value, json};

use crate::support::{Client, Lmtp, TestServer, mailbox};

async fn server() -> TestServer {
    let server = TestServer::start_with(Outside::system(), |config| {
        let email = &mut config.channels.email;
        email.mailboxes = vec![mailbox("info@bank.example")];
        email.limits.message_bytes = 128 * 1024;
    })
    .await;
    server.add_queue("General").await;
    server
}

fn mail(id: &str) -> String {
    format!(
        "From: Olena Koval <olena@example.ua>\r\nTo: info@bank.example\r\nSubject: Card {id}\r\n\
         Message-ID: <{id}@example.ua>\r\nDate: Thu, 01 Oct 2020 10:00:00 +0300\r\n\r\nText.\r\n"
    )
}

/// More header fields than are opened.
fn unreadable(id: &str) -> String {
    let mut text = mail(id);
    let many: String = (0..3_000).fold(String::new(), |mut many, number| {
        let _ = write!(many, "X-{number}: x\r\n");
        many
    });
    text.insert_str(0, &many);
    text
}

async fn deliver(server: &TestServer, mail: &str) {
    let mut lmtp = Lmtp::connect(server.lmtp()).await.expect("the listener is open");
    let reply = lmtp.send("olena@example.ua", "info@bank.example", mail).await;
    assert!(reply.as_deref().is_some_and(|reply| reply.starts_with("250")), "{reply:?}");
}

async fn bring(client: &Client, query: &str, mail: &str) -> crate::support::Answer {
    let path = format!("/api/v1/mail{query}");
    client.send("POST", &path, Some("message/rfc822"), mail.as_bytes()).await
}

/// Asks for a reconciliation and waits for what it finds.
async fn reconciled(client: &Client) -> Value {
    let wish = json!({ "contents": true, "mailboxes": true });
    let begun = client.post("/api/v1/reconciliations", &wish).await.expect(202).json();
    let path = format!("/api/v1/reconciliations/{}", begun["id"].as_str().expect("an id"));
    for _ in 0..400 {
        let found = client.get(&path).await.expect(200).json();
        if found["state"] != "running" {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("still running after 20 s");
}

async fn listed(client: &Client) -> Vec<String> {
    let page = client.get("/api/v1/unreadable").await.expect(200).json();
    let items = page["items"].as_array().expect("a list");
    items.iter().filter_map(|item| item["message_id"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn one_mail_by_two_ways_is_one_contact_with_both_arrivals() {
    let server = server().await;
    let admin = server.program("admin", Role::Administrator).await;
    deliver(&server, &mail("m1")).await;
    let answer = bring(&admin, "", &format!("Received: elsewhere\r\n{}", mail("m1"))).await;
    let answer = answer.expect(200).json();
    assert_eq!(answer["repeated"], true);
    assert_eq!(answer["interaction_id"], server.interaction_of("m1@example.ua").await.as_str());
    // Out of a file, with its line ends; and once more out of the same file.
    let filed = mail("m1").replace("\r\n", "\n");
    for _ in 0..2 {
        bring(&admin, "?place=old.mbox%230&history=true", &filed).await.expect(200);
    }
    let path = format!("/api/v1/messages/{}/arrivals", answer["message_id"].as_str().expect("id"));
    let arrivals = admin.get(&path).await.expect(200).json();
    let ways: Vec<(&str, &str, &str)> = arrivals["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().unwrap_or_default();
            (text("channel"), text("place"), text("outcome"))
        })
        .collect();
    assert_eq!(
        ways,
        [
            ("lmtp", "", "interaction"),
            ("api", "", "repeated"),
            ("import", "old.mbox#0", "repeated"),
        ]
    );
    let found = reconciled(&admin).await;
    assert_eq!(found["state"], "agrees", "{found}");
    assert_eq!(found["report"]["received"], 3);
    assert_eq!(found["report"]["places"], json!({ "interaction": 1 }));
    server.stop().await;
}

#[tokio::test]
async fn mails_over_http_are_taken_once_and_within_limits() {
    let server = server().await;
    let admin = server.program("admin", Role::Administrator).await;
    let agent = server.program("olena", Role::Agent).await;
    bring(&agent, "", &mail("m1")).await.expect_refusal(403, "forbidden");
    bring(&server.anybody(), "", &mail("m1")).await.expect_refusal(401, "not_signed_in");
    bring(&admin, "?mailbox=other@bank.example", &mail("m1")).await.expect_refusal(422, "invalid");
    bring(&admin, "", "").await.expect_refusal(422, "invalid");
    let large = format!("{}{}", mail("m2"), "0123456789abcdef\r\n".repeat(8_000));
    bring(&admin, "", &large).await.expect_refusal(413, "too_large");
    let new = bring(&admin, "?mailbox=info@bank.example", &mail("m1")).await.expect(201).json();
    assert_eq!((&new["repeated"], &new["readable"]), (&json!(false), &json!(true)));
    let again = bring(&admin, "", &mail("m1")).await.expect(200).json();
    assert_eq!(again["message_id"], new["message_id"]);
    let old = bring(&admin, "?history=true", &mail("m3")).await.expect(201).json();
    let path = format!("/api/v1/interactions/{}", old["interaction_id"].as_str().expect("an id"));
    let contact = admin.get(&path).await.expect(200).json();
    assert_eq!(contact["state"], "closed");
    assert_eq!(contact["received_at"], 1_601_535_600_000_000_i64, "its own date");
    server.stop().await;
}

#[tokio::test]
async fn what_could_not_be_read_is_read_again_or_filed_and_nothing_is_lost() {
    let server = server().await;
    let admin = server.program("admin", Role::Administrator).await;
    for id in ["u1", "u2", "u3"] {
        deliver(&server, &unreadable(id)).await;
    }
    deliver(&server, &mail("m1")).await;
    deliver(&server, &mail("m2")).await;
    assert_eq!(listed(&admin).await.len(), 3);
    let home = server.interaction_of("m2@example.ua").await;
    make_unreadable(&server).await;
    let all = listed(&admin).await;
    assert_eq!(all.len(), 4);
    let mut still = Vec::new();
    for id in &all {
        let path = format!("/api/v1/unreadable/{id}/reading");
        let reading = admin.post(&path, &json!({})).await.expect(200).json();
        if reading["readable"] == false {
            assert!(reading["defects"].as_array().is_some_and(|found| !found.is_empty()));
            still.push(id.clone());
        }
    }
    assert_eq!(still.len(), 3, "one can be read now");
    assert_eq!(listed(&admin).await, still);
    let page = admin.get(&format!("/api/v1/interactions/{home}/messages")).await.expect(200).json();
    assert_eq!(page["items"][0]["subject"], "Card m2");
    assert_eq!(page["items"][0]["readable"], true);

    let file = |id: &str| format!("/api/v1/unreadable/{id}/filing");
    let no_reason = json!({ "to": "discarded", "reason": " " });
    admin.post(&file(&still[0]), &no_reason).await.expect_refusal(422, "invalid");
    let discarded = json!({ "to": "discarded", "reason": "advertising" });
    let discarded = admin.post(&file(&still[0]), &discarded).await.expect(200).json();
    let into = json!({ "to": "interaction", "interaction_id": home, "reason": "the same matter" });
    let into = admin.post(&file(&still[1]), &into).await.expect(200).json();
    assert_eq!(into["interaction_id"], home.as_str());
    admin.post(&file(&still[1]), &json!({ "to": "discarded", "reason": "x" })).await.expect(404);
    let page = admin.get(&format!("/api/v1/interactions/{home}/messages")).await.expect(200).json();
    assert_eq!(page["items"].as_array().expect("a list").len(), 2);
    assert_eq!(listed(&admin).await, [still[2].clone()]);
    let closed = discarded["interaction_id"].as_str().expect("an id");
    wait_until_closed(&admin, closed).await;

    let found = reconciled(&admin).await;
    assert_eq!(found["state"], "agrees", "{found}");
    let places = json!({ "discarded": 1, "interaction": 3, "unreadable": 1 });
    assert_eq!(found["report"]["places"], places);
    let audit = admin.get("/api/v1/audit").await.expect(200).text();
    for word in ["unreadable.file", "advertising", "reconciliation.begin"] {
        assert!(audit.contains(word), "{word} is not in {audit}");
    }
    let agent = server.program("olena", Role::Agent).await;
    agent.post(&file(&still[2]), &json!({ "to": "discarded", "reason": "x" })).await.expect(403);
    agent.post("/api/v1/reconciliations", &json!({})).await.expect(403);
    server.stop().await;
}

/// As an older reader would have left it: it could not read what today's can.
async fn make_unreadable(server: &TestServer) {
    let mut tx = server.app().db.begin().await.expect("a transaction");
    let id = "m2@example.ua";
    let sql = &mut tx.sql();
    let reception = "UPDATE reception SET outcome = 'unreadable' WHERE message_id IN
        (SELECT id FROM message WHERE message_id = $1)";
    execute!(sql, reception, id).await.expect("changed");
    let interaction = "UPDATE interaction SET readable = 0, subject = '' WHERE id IN
        (SELECT interaction_id FROM message WHERE message_id = $1)";
    execute!(sql, interaction, id).await.expect("changed");
    let message = "UPDATE message SET readable = 0, subject = '', body = '' WHERE message_id = $1";
    execute!(sql, message, id).await.expect("changed");
    tx.commit().await.expect("committed");
}

async fn wait_until_closed(client: &Client, interaction: &str) {
    let path = format!("/api/v1/interactions/{interaction}");
    for _ in 0..200 {
        if client.get(&path).await.expect(200).json()["state"] == "closed" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{interaction} is not closed after 10 s");
}
