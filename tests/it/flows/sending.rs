//! What goes out: to each recipient by himself, at its time, signed, and back when it bounces.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use channel_email::config::DkimConfig;
use rozmova::app::{Outside, SystemIds};
use rozmova::auth::Role;
use rozmova_base::Timestamp;
use rozmova_base::time::MockClock;
use serde_json::{Value, json};

use crate::support::{Client, Lmtp, Sink, TestServer, mailbox};

/// 2026-11-23T12:00Z, a Monday; Kyiv is two hours ahead.
const NOON: Timestamp = Timestamp::from_seconds(1_795_435_200);

struct Office {
    sink: Sink,
    server: TestServer,
    clock: Arc<MockClock>,
    client: Client,
}

impl Office {
    /// One mailbox, one queue, a relay that ends in the sink, a clock that the test moves.
    async fn open() -> Self {
        let sink = Sink::start(0).await;
        let clock = Arc::new(MockClock::at(NOON));
        let mut outside = Outside::system();
        outside.ids = Arc::new(SystemIds::new(Arc::clone(&clock) as Arc<_>));
        outside.clock = Arc::clone(&clock) as Arc<_>;
        let address = sink.address;
        let key_file =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("channels/email/tests/keys/ed25519.pem");
        let server = TestServer::start_with(outside, |config| {
            let email = &mut config.channels.email;
            email.relay.host = address.ip().to_string();
            email.relay.port = address.port();
            "bounces@bank.example".clone_into(&mut email.bounce_address);
            email.mailboxes = vec![mailbox("info@bank.example")];
            let (domain, selector) = ("bank.example".to_owned(), "ed1".to_owned());
            email.dkim = vec![DkimConfig { domain, selector, key_file }];
            config.intake.acknowledge = false;
        })
        .await;
        server.add_queue("General").await;
        let client = server.program("sofia", Role::Supervisor).await;
        Self { sink, server, clock, client }
    }

    async fn deliver(&self, from: &str, to: &str, mail: &str) {
        let mut lmtp = Lmtp::connect(self.server.lmtp()).await.expect("the listener is open");
        let reply = lmtp.send(from, to, mail).await;
        assert!(reply.as_deref().is_some_and(|reply| reply.starts_with("250")), "{reply:?}");
    }

    /// A question of Olena's; gives its interaction and itself.
    async fn question(&self, more: &str, text: &str) -> (String, Value) {
        let mail = format!(
            "From: Olena Koval <olena@example.ua>\r\nTo: info@bank.example\r\nSubject: Card\r\n\
             Message-ID: <q1@example.ua>\r\n{more}\r\n{text}\r\n"
        );
        self.deliver("olena@example.ua", "info@bank.example", &mail).await;
        let interaction = self.server.interaction_of("q1@example.ua").await;
        let question = self.messages(&interaction).await[0].clone();
        (interaction, question)
    }

    async fn messages(&self, interaction: &str) -> Vec<Value> {
        let path = format!("/api/v1/interactions/{interaction}/messages");
        let page = self.client.get(&path).await.expect(200).json();
        page["items"].as_array().expect("a list").clone()
    }

    async fn write(&self, interaction: &str, message: &Value) -> Value {
        let path = format!("/api/v1/interactions/{interaction}/messages");
        self.client.post(&path, message).await.expect(201).json()
    }

    fn wait(&self, seconds: i64) {
        self.clock.advance_millis(seconds * 1_000);
        self.server.app().channels.outbox.wake();
    }

    /// Waits until the recipients of a message stand so.
    async fn wait_for(&self, interaction: &str, message: &Value, states: &[&str]) -> Value {
        let mut last = Value::Null;
        for _ in 0..400 {
            let all = self.messages(interaction).await;
            last = all.into_iter().find(|one| one["id"] == message["id"]).expect("it is there");
            let recipients = last["delivery"]["recipients"].as_array().expect("a list");
            if recipients
                .iter()
                .map(|one| one["state"].as_str())
                .eq(states.iter().copied().map(Some))
            {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited for {states:?}: {last:#}");
    }
}

fn reply(question: &Value, to: &[&str], text: &str) -> Value {
    let to: Vec<Value> = to.iter().map(|address| json!({ "address": address })).collect();
    json!({ "kind": "reply", "to": to, "text": text, "seen_message_id": question["id"] })
}

#[tokio::test]
async fn each_recipient_gets_it_once_and_a_bounce_finds_its_message_and_its_address() {
    let office = Office::open().await;
    office.sink.answer("petro@example.ua", "451 4.7.1 greylisted, come back", 2);
    office.sink.answer("gone@example.ua", "550 5.1.1 no such user", u32::MAX);
    let (interaction, question) = office.question("", "My card is gone.").await;
    let to = ["olena@example.ua", "petro@example.ua", "gone@example.ua"];
    let written = office.write(&interaction, &reply(&question, &to, "A new one comes.")).await;
    assert_eq!(written["delivery"]["recipients"][2]["state"], "queued");
    office.wait(10);
    office.wait_for(&interaction, &written, &["sent", "delayed", "failed"]).await;
    office.wait(30);
    let sent = office.wait_for(&interaction, &written, &["sent", "sent", "failed"]).await;
    assert_eq!(sent["delivery"]["state"], "failed", "one who did not get it is shown");
    let gone = &sent["delivery"]["recipients"][2];
    assert_eq!(gone["status"], "5.1.1");
    let taken = office.sink.wait_for(2).await;
    let recipients: Vec<&str> =
        taken.iter().flat_map(|mail| mail.recipients.iter().map(String::as_str)).collect();
    assert_eq!(recipients, ["olena@example.ua", "petro@example.ua"], "nobody gets it twice");
    assert!(taken.iter().all(|mail| mail.header("DKIM-Signature").is_some_and(|signature| {
        signature.contains("d=bank.example") && signature.contains("s=ed1")
    })));
    let ids: Vec<_> = taken.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(ids[0], ids[1], "one mail");

    // No report in any form that a standard knows; only the return path says what is meant.
    let bounce = "From: robot@example.ua\r\nSubject: leider\r\nMessage-ID: <b1@example.ua>\r\n\r\n\
                  olena@example.ua: mailbox does not exist (550 5.1.1)\r\n";
    office.deliver("", &taken[0].from, bounce).await;
    let back = office.wait_for(&interaction, &written, &["failed", "sent", "failed"]).await;
    assert!(
        back["delivery"]["recipients"][0]["detail"]
            .as_str()
            .is_some_and(|text| { text.contains("mailbox does not exist") })
    );
    let thread = office.messages(&interaction).await;
    assert!(thread.iter().any(|message| message["kind"] == "bounce"), "the agent sees it");
    let path = format!("/api/v1/interactions/{interaction}");
    let shown = office.client.get(&path).await.expect(200).json();
    assert!(shown["unread"].as_i64().is_some_and(|unread| unread > 0), "{shown:#}");
    let client = shown["client"]["id"].as_str().expect("a client").to_owned();
    let client = office.client.get(&format!("/api/v1/clients/{client}")).await.expect(200).json();
    let trouble = &client["contact_points"][0]["trouble"];
    assert_eq!((&trouble["is_failing"], &trouble["hard"]), (&json!(true), &json!(1)));
    office.server.stop().await;
}

#[tokio::test]
async fn a_message_leaves_at_the_time_that_was_named_where_its_writer_is() {
    let office = Office::open().await;
    let (interaction, question) = office.question("", "When do you open?").await;
    let mut tomorrow = reply(&question, &["olena@example.ua"], "At nine.");
    tomorrow["schedule"] = json!({ "local_time": "2026-11-24T09:00", "time_zone": "Europe/Kyiv" });
    let first = office.write(&interaction, &tomorrow).await;
    assert_eq!(first["delivery"]["state"], "scheduled");
    assert_eq!(first["delivery"]["scheduled"]["local_time"], "2026-11-24T09:00");
    let at = NOON.plus_millis(19 * 3_600_000);
    assert_eq!(first["delivery"]["scheduled"]["send_at"], json!(at.as_micros()));

    // Cancelled: it is a draft again.
    office.wait(3_600);
    let id = first["id"].as_str().expect("an id");
    office.client.delete(&format!("/api/v1/messages/{id}")).await.expect(204);
    let path = format!("/api/v1/interactions/{interaction}/draft");
    assert_eq!(office.client.get(&path).await.expect(200).json()["text"], "At nine.");

    let second = office.write(&interaction, &tomorrow).await;
    office.wait(18 * 3_600 - 60);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(office.sink.wait_for(0).await.len(), 0, "a minute too early");
    office.wait(60);
    office.wait_for(&interaction, &second, &["sent"]).await;
    assert_eq!(office.sink.wait_for(1).await.len(), 1);
    let mut past = reply(&question, &["olena@example.ua"], "Too late.");
    past["schedule"] = json!({ "local_time": "2026-11-24T09:00" });
    let path = format!("/api/v1/interactions/{interaction}/messages");
    let refused = office.client.post(&path, &past).await.expect(422).json();
    assert_eq!(refused["error"]["field"], "schedule");
    office.server.stop().await;
}

#[tokio::test]
async fn a_message_for_later_is_held_when_its_client_has_written_since() {
    let office = Office::open().await;
    let (interaction, question) = office.question("", "When do you open?").await;
    let mut tomorrow = reply(&question, &["olena@example.ua"], "At nine.");
    tomorrow["schedule"] = json!({ "local_time": "2026-11-24T09:00", "time_zone": "Europe/Kyiv" });
    let first = office.write(&interaction, &tomorrow).await;
    let second = office.write(&interaction, &tomorrow).await;
    let mut desk = office.client.live("").await;
    office.wait(3_600);
    let more = "From: olena@example.ua\r\nTo: info@bank.example\r\nSubject: Re: Card\r\n\
                Message-ID: <q2@example.ua>\r\nIn-Reply-To: <q1@example.ua>\r\n\r\n\
                I know it now, thank you.\r\n";
    office.deliver("olena@example.ua", "info@bank.example", more).await;
    assert_eq!(office.server.interaction_of("q2@example.ua").await, interaction);
    office.wait(18 * 3_600);
    for message in [&first, &second] {
        let told = desk.find(|event| {
            event["type"] == "message.changed" && event["data"]["message_id"] == message["id"]
        });
        assert_eq!(told.await["delivery"]["state"], "held");
    }
    assert_eq!(office.sink.wait_for(0).await.len(), 0, "nothing has left");

    // One is wrong now and becomes a draft again; the other still holds.
    let path =
        |message: &Value| format!("/api/v1/messages/{}", message["id"].as_str().expect("an id"));
    office.client.delete(&path(&first)).await.expect(204);
    let sending = format!("{}/sending", path(&second));
    let stranger = office.server.program("mykola", Role::Agent).await;
    stranger.put(&sending, &json!({})).await.expect_refusal(409, "not_yours");
    office.client.put(&sending, &json!({})).await.expect(204);
    office.wait_for(&interaction, &second, &["sent"]).await;
    assert_eq!(office.sink.wait_for(1).await.len(), 1);
    office.client.put(&sending, &json!({})).await.expect_refusal(409, "not_held");
    office.server.stop().await;
}

#[tokio::test]
async fn a_forwarded_mail_takes_its_files_along_and_answers_nothing() {
    let office = Office::open().await;
    let (interaction, question) = office
        .question(
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
            "--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\nContent-Type: \
             text/csv\r\nContent-Disposition: attachment; filename=\"list.csv\"\r\n\r\n\
             a,b,c\r\n--b--",
        )
        .await;
    let file = &question["attachments"][0]["id"];
    let copy = json!({ "attachment_id": file });
    let copy = office.client.post("/api/v1/uploads/copies", &copy).await.expect(201).json();
    assert_eq!((&copy["name"], &copy["size_bytes"]), (&json!("list.csv"), &json!(5)));
    let mut forward = reply(&question, &["legal@partner.example"], "Please look at this.");
    forward["kind"] = json!("forward");
    forward["attachments"] = json!([copy["id"]]);
    let written = office.write(&interaction, &forward).await;
    assert!(written["subject"].as_str().is_some_and(|subject| subject.starts_with("Fwd: Card")));
    office.wait(10);
    let sent = &office.sink.wait_for(1).await[0];
    assert_eq!(sent.recipients, ["legal@partner.example"]);
    assert!(sent.text.contains("list.csv"), "{}", sent.text);
    assert!(sent.text.contains("a,b,c") || sent.text.contains("YSxiLGM"), "{}", sent.text);
    assert_eq!(sent.header("In-Reply-To"), None);
    let stranger = office.server.program("mykola", Role::Analyst).await;
    stranger.post("/api/v1/uploads/copies", &json!({ "attachment_id": file })).await.expect(403);
    office.server.stop().await;
}
