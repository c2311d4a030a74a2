//! What a closer look finds out after a mail was stored, and whose file opens for whom.

use std::sync::Arc;

use channel_email::dkim::Dkim;
use rozmova::app::Outside;
use rozmova::auth::Role;
use rozmova::config::Config;
use rozmova_base::time::MockClock;
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use crate::support::name_server::{self, Zone};
use crate::support::{Client, Live, Lmtp, TestServer, mailbox};

const KEY: &[u8] = include_bytes!("../../../channels/email/tests/keys/ed25519.pem");
const TEXT: &str = "Добрий день! Прошу надіслати мені виписку за рахунком за минулий місяць.";

/// A domain whose mails are signed, and its records.
struct Shop {
    key: Dkim,
    zone: Zone,
}

impl Shop {
    fn new() -> Self {
        let mut key = Dkim::default();
        key.add("shop.example", "k1", KEY).expect("a key");
        let record = key.records().next().expect("a record");
        let zone = [
            (record.name.clone(), record.text.clone()),
            ("_dmarc.shop.example".to_owned(), "v=DMARC1; p=reject".to_owned()),
        ];
        Self { zone: zone.into(), key }
    }

    fn signed(&self, id: &str) -> String {
        let mail = self.key.sign("olena@shop.example", letter(id).into_bytes()).expect("signed");
        String::from_utf8(mail).expect("text")
    }
}

fn letter(id: &str) -> String {
    format!(
        "From: Olena <olena@shop.example>\r\nTo: info@bank.example\r\nSubject: Card\r\n\
         Date: Mon, 23 Nov 2026 10:15:00 +0200\r\nMessage-ID: <{id}@shop.example>\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         {TEXT}\r\n"
    )
}

fn settings(config: &mut Config, name_server: std::net::SocketAddr) {
    let email = &mut config.channels.email;
    email.mailboxes = vec![mailbox("info@bank.example")];
    email.authentication.name_servers = vec![name_server];
    email.authentication.timeout_seconds = 1;
}

/// The bank with one queue, one client with that address, and an agent and a supervisor.
struct Bank {
    server: TestServer,
    boss: Client,
    client: Value,
}

impl Bank {
    async fn open(outside: Outside, name_server: std::net::SocketAddr) -> Self {
        let server = TestServer::start_with(outside, |config| settings(config, name_server)).await;
        server.add_queue("General").await;
        let boss = server.program("boss", Role::Supervisor).await;
        let new = json!({
            "kind": "person", "family_name": "Коваль", "given_name": "Олена",
            "contact_points": [{ "medium": "email", "value": "olena@shop.example" }],
        });
        let client = boss.post("/api/v1/clients", &new).await.expect(201).json()["id"].clone();
        Self { server, boss, client }
    }

    /// Delivers a mail; gives the path of its contact.
    async fn deliver(&self, id: &str, mail: &str) -> String {
        let mut lmtp = Lmtp::connect(self.server.lmtp()).await.expect("the listener is open");
        let reply = lmtp.send("olena@shop.example", "info@bank.example", mail).await;
        assert!(reply.is_some_and(|reply| reply.starts_with("250")), "{id}");
        let interaction = self.server.interaction_of(&format!("{id}@shop.example")).await;
        format!("/api/v1/interactions/{interaction}")
    }

    async fn message(&self, path: &str) -> Value {
        let messages = self.boss.get(&format!("{path}/messages")).await.expect(200).json();
        messages["items"][0].clone()
    }
}

/// Waits until the closer look at the only message of a contact has said something.
async fn examined(desk: &mut Live, path: &str) -> Value {
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let data = desk
        .find(|event| {
            event["type"] == "message.examined" && event["data"]["interaction_id"] == id.as_str()
        })
        .await;
    data["authentication"].clone()
}

fn codes(reasons: &Value) -> Vec<&str> {
    let reasons = reasons.as_array().expect("reasons").iter();
    reasons.filter_map(|reason| reason["code"].as_str()).collect()
}

#[tokio::test]
async fn a_sender_for_whom_the_domain_vouches_is_known_without_a_click() {
    let shop = Shop::new();
    let bank = Bank::open(Outside::system(), name_server::start(shop.zone.clone()).await).await;
    // Both are told at the same time, in no order.
    let (mut desk, mut list) = (bank.boss.live("").await, bank.boss.live("").await);
    let path = bank.deliver("signed", &shop.signed("signed")).await;
    let verdict = examined(&mut desk, &path).await;
    assert_eq!(
        (&verdict["standing"], &verdict["dmarc"]),
        (&json!("authenticated"), &json!("pass"))
    );
    assert_eq!(codes(&verdict["reasons"]), ["domain_vouches"]);
    let opened = list.find(|event| event["data"]["interaction"]["client"]["confirmed"] == true);
    assert_eq!(opened.await["interaction"]["candidates"], 1);
    let shown = bank.boss.get(&path).await.expect(200).json();
    assert_eq!(shown["identification"], json!({ "how": "email", "candidates": [] }));
    let message = bank.message(&path).await;
    assert_eq!((&message["language"], &message["arrivals"]), (&json!("uk"), &json!(1)));
    assert_eq!(message["authentication"], verdict);
    bank.server.stop().await;
}

#[tokio::test]
async fn a_forged_sender_opens_no_file_until_an_agent_says_who_it_is() {
    let shop = Shop::new();
    let bank = Bank::open(Outside::system(), name_server::start(shop.zone.clone()).await).await;
    let mut desk = bank.boss.live("").await;
    let path = bank.deliver("forged", &letter("forged")).await;
    let verdict = examined(&mut desk, &path).await;
    assert_eq!(verdict["standing"], "not_authenticated");
    assert_eq!(codes(&verdict["reasons"]), ["domain_disowns"]);
    assert_eq!(codes(&verdict["warnings"]), ["disowned"]);

    let shown = bank.boss.get(&path).await.expect(200).json();
    let client = &shown["client"];
    assert_eq!((&client["id"], &client["confirmed"]), (&bank.client, &json!(false)));
    assert_eq!(shown["identification"]["how"], "proposed");
    assert_eq!(shown["identification"]["candidates"][0]["id"], bank.client);
    let id = bank.client.as_str().expect("an id");
    let timeline = format!("/api/v1/clients/{id}/timeline");
    let in_file = bank.boss.get(&timeline).await.expect(200).json();
    let items = in_file["items"].as_array().expect("a list");
    assert_eq!(items.len(), 1, "whoever reads the file sees that somebody wrote in that name");

    let said = bank.boss.put(&format!("{path}/client"), &json!({ "client_id": id })).await;
    assert_eq!(said.expect(200).json()["client"]["id"], bank.client);
    let administrator = bank.server.program("admin", Role::Administrator).await;
    let trail = administrator.get("/api/v1/audit").await.expect(200).json();
    let entries = trail["items"].as_array().expect("entries");
    let entry = entries.iter().find(|entry| entry["act"] == "interaction.choose_client");
    let entry = entry.expect("the choice is in the trail");
    assert_eq!(entry["actor"]["name"], "boss");
    assert_eq!(entry["details"], json!({ "client": id, "before": "proposed" }));

    // The word was about this contact: the next forgery has to be looked at again.
    let path = bank.deliver("again", &letter("again")).await;
    examined(&mut desk, &path).await;
    let shown = bank.boss.get(&path).await.expect(200).json();
    assert_eq!(
        (&shown["client"]["confirmed"], &shown["identification"]["how"]),
        (&json!(false), &json!("proposed"))
    );
    bank.server.stop().await;
}

#[tokio::test]
async fn name_servers_that_are_silent_are_asked_again_and_the_mail_waits_for_nobody() {
    let shop = Shop::new();
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let clock = Arc::new(MockClock::at(Outside::system().clock.now()));
    let outside = Outside { clock: Arc::clone(&clock) as Arc<_>, ..Outside::system() };
    let bank = Bank::open(outside, silent.local_addr().expect("an address")).await;
    let (mut desk, mut list) = (bank.boss.live("").await, bank.boss.live("").await);
    // It is taken and in its queue before anybody was asked.
    let path = bank.deliver("patient", &shop.signed("patient")).await;
    let verdict = examined(&mut desk, &path).await;
    assert_eq!(
        (&verdict["standing"], &verdict["progress"]),
        (&json!("unknown"), &json!("pending"))
    );
    assert_eq!(codes(&verdict["reasons"]), ["no_answer_yet"]);
    assert_eq!(bank.message(&path).await["language"], "uk", "what needs nobody is known");

    name_server::serve(silent, shop.zone.clone());
    clock.advance_millis(61_000);
    bank.server.app().channels.examinations.wake();
    let verdict = examined(&mut desk, &path).await;
    assert_eq!(
        (&verdict["standing"], &verdict["progress"]),
        (&json!("authenticated"), &json!("done"))
    );
    list.find(|event| event["data"]["interaction"]["client"]["confirmed"] == true).await;
    bank.server.stop().await;
}

#[tokio::test]
async fn what_was_being_looked_at_when_the_server_ended_is_looked_at_again() {
    let shop = Shop::new();
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let mut bank = Bank::open(Outside::system(), silent.local_addr().expect("an address")).await;
    let mut desk = bank.boss.live("").await;
    let path = bank.deliver("interrupted", &shop.signed("interrupted")).await;
    examined(&mut desk, &path).await;
    // As a crash in the middle of a look leaves it.
    let mut tx = bank.server.app().db.begin().await.expect("a transaction");
    let marked = rozmova::execute!(
        &mut tx.sql(),
        "UPDATE examination SET state = 'running', due_at = examined_at, language = NULL"
    );
    assert_eq!(marked.await.expect("marked"), 1);
    tx.commit().await.expect("committed");
    name_server::serve(silent, shop.zone.clone());
    bank.server = bank.server.restart().await;
    bank.boss = bank.server.reconnected(&bank.boss);
    let mut desk = bank.boss.live("").await;
    // The look may have ended before the desk was open.
    while bank.message(&path).await["authentication"]["standing"] != "authenticated" {
        desk.until("message.examined").await;
    }
    assert_eq!(bank.boss.get(&path).await.expect(200).json()["client"]["id"], bank.client);
    bank.server.stop().await;
}
