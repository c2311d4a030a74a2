//! What happens to a mail when its queue is closed or nobody is there.

use std::sync::Arc;

use rozmova::app::Outside;
use rozmova::auth::Role;
use rozmova_base::Clock;
use rozmova_base::time::MockClock;
use rozmova_queue::Input;
use serde_json::{Value, json};

use super::centre::{Centre, make_ready};
use crate::support::{Client, Lmtp, Sink, TestServer, mailbox};

async fn server(sink: &Sink, routing: &Value) -> TestServer {
    let (host, port) = (sink.address.ip().to_string(), sink.address.port());
    let server = TestServer::start_with(Outside::system(), |config| {
        let email = &mut config.channels.email;
        email.relay.host = host;
        email.relay.port = port;
        email.mailboxes = vec![mailbox("info@bank.example")];
    })
    .await;
    let administrator = server.program("routing", Role::Administrator).await;
    administrator.put("/api/v1/routing", routing).await.expect(200);
    server
}

async fn deliver(server: &TestServer, id: &str, head: &str) {
    let mail = format!(
        "From: Olena <olena@example.ua>\r\nTo: info@bank.example\r\nSubject: Card\r\n\
         Message-ID: <{id}@example.ua>\r\n{head}\r\nText of {id}\r\n"
    );
    let mut lmtp = Lmtp::connect(server.lmtp()).await.expect("the listener is open");
    let reply = lmtp.send("olena@example.ua", "info@bank.example", &mail).await;
    assert!(reply.as_deref().is_some_and(|reply| reply.starts_with("250")), "{reply:?}");
}

#[tokio::test]
async fn a_closed_queue_answers_with_its_text_once_and_nothing_is_lost() {
    let sink = Sink::start(0).await;
    let routing = json!({
        "hours": [{ "name": "Never", "time_zone": "Europe/Kyiv" }],
        "queue": [{
            "name": "Cards", "hours": "Never",
            "overflow": [{
                "when": { "type": "closed_at_arrival" },
                "then": { "type": "message", "text": "We are closed until Monday." },
            }],
        }],
    });
    let server = server(&sink, &routing).await;
    let boss = server.program("boss", Role::Supervisor).await;
    deliver(&server, "q1", "").await;
    let sent = sink.wait_for(2).await;
    let texts: Vec<&str> =
        sent.iter().filter(|mail| mail.text.contains("until Monday")).map(|_| "told").collect();
    assert_eq!(texts, ["told"]);
    let told = sent.iter().find(|mail| mail.text.contains("until Monday")).expect("sent");
    assert_eq!(told.header("Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(told.header("In-Reply-To").as_deref(), Some("<q1@example.ua>"));
    let interaction = server.interaction_of("q1@example.ua").await;
    let path = format!("/api/v1/interactions/{interaction}");
    let contact = boss.get(&path).await.expect(200).json();
    assert_eq!(contact["state"], "closed");

    // She writes again: the contact is taken up again, and no second text goes out.
    deliver(&server, "q2", "References: <q1@example.ua>\r\n").await;
    assert_eq!(server.interaction_of("q2@example.ua").await, interaction);
    let page = boss.get(&format!("{path}/messages")).await.expect(200).json();
    let kinds: Vec<&str> = page["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|message| message["kind"].as_str())
        .collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "message").count(), 2, "{kinds:?}");
    // The reply comes with the commit; what the queue says of it becomes rows some moments later.
    server.app().dispatch.submit(Input::Tick).await.expect("taken, and shown");
    let events = boss.get(&format!("{path}/events")).await.expect(200).json();
    let overflows =
        events.as_array().expect("a list").iter().filter(|event| event["type"] == "overflowed");
    assert_eq!(overflows.count(), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_queue_without_anybody_hands_over_to_another_at_once() {
    let sink = Sink::start(0).await;
    let routing = json!({
        "queue": [
            {
                "name": "Cards",
                "overflow": [{
                    "when": { "type": "nobody_at_arrival" },
                    "then": { "type": "queue", "queue": "General" },
                }],
            },
            { "name": "General" },
        ],
    });
    let server = server(&sink, &routing).await;
    let boss = server.program("boss", Role::Supervisor).await;
    deliver(&server, "q1", "").await;
    let interaction = server.interaction_of("q1@example.ua").await;
    let path = format!("/api/v1/interactions/{interaction}");
    let contact = boss.get(&path).await.expect(200).json();
    assert_eq!(
        (&contact["state"], &contact["queue"]["name"]),
        (&json!("queued"), &json!("General"))
    );
    server.stop().await;
}

#[tokio::test]
async fn who_has_waited_too_long_goes_to_another_queue_with_his_age() {
    let (server, clock) = server_with_clock().await;
    let centre = Centre::open(&server, &[]).await;
    let admin = &centre.administrator;
    let mut routing = centre.routing.clone();
    routing["queue"][0]["overflow"] = json!([{
        "when": { "type": "waited", "after_ms": 30_000 },
        "then": { "type": "queue", "queue": "General" },
    }]);
    let general = json!({ "name": "General" });
    routing["queue"].as_array_mut().expect("a list").push(general);
    admin.put("/api/v1/routing", &routing).await.expect(200);
    let path = format!("/api/v1/interactions/{}", centre.arrive(1).await);
    let arrived = admin.get(&path).await.expect(200).json();

    clock.advance_millis(29_999);
    server.app().dispatch.submit(Input::Tick).await.expect("taken");
    assert_eq!(admin.get(&path).await.expect(200).json()["queue"]["name"], "Cards");
    clock.advance_millis(1);
    server.app().dispatch.submit(Input::Tick).await.expect("taken");
    let moved = admin.get(&path).await.expect(200).json();
    assert_eq!(moved["queue"]["name"], "General");
    assert_eq!(moved["waiting_since_at"], arrived["waiting_since_at"], "it keeps its age");
    let events = admin.get(&format!("{path}/events")).await.expect(200).json();
    let overflowed = events.as_array().expect("a list").iter();
    assert_eq!(overflowed.filter(|event| event["type"] == "overflowed").count(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_callback_keeps_its_place() {
    let (server, clock) = server_with_clock().await;
    let ana = server.program("ana", Role::Agent).await;
    let bohdan = server.program("bohdan", Role::Agent).await;
    let centre = Centre::open(&server, &["ana", "bohdan"]).await;
    let (first, second) = (centre.arrive(1).await, centre.arrive(2).await);
    let path = format!("/api/v1/interactions/{first}/callback");
    let due = |ms: i64| json!({ "not_before_at": server.app().clock.now().plus_millis(ms) });
    ana.put(&path, &due(40 * 86_400_000)).await.expect_refusal(422, "invalid");
    let put_off = ana.put(&path, &due(60_000)).await.expect(200).json();
    assert_eq!(put_off["state"], "callback_scheduled");

    // Who comes next is served meanwhile, and is not called back a second time.
    let offered = async |agent: &Client| {
        make_ready(agent).await;
        let work = agent.get("/api/v1/agents/me/work").await.expect(200).json();
        work["offers"][0]["interaction"]["id"].as_str().expect("an offer").to_owned()
    };
    assert_eq!(offered(&bohdan).await, second.to_string());
    bohdan
        .put(&format!("/api/v1/interactions/{second}/callback"), &due(60_000))
        .await
        .expect_refusal(409, "wrong_state");
    centre.arrive(3).await;
    clock.advance_millis(60_000);
    server.app().dispatch.submit(Input::Tick).await.expect("taken");
    assert_eq!(offered(&ana).await, first.to_string(), "before the third, which came later");
    let audit = centre.administrator.get("/api/v1/audit").await.expect(200).json();
    let acts = audit["items"].as_array().expect("a list").iter();
    assert_eq!(acts.filter(|row| row["act"] == "interaction.callback").count(), 1);
    server.stop().await;
}

async fn server_with_clock() -> (TestServer, Arc<MockClock>) {
    let noon = "2026-03-02T10:00:00Z".parse::<jiff::Timestamp>().expect("a time");
    let clock = Arc::new(MockClock::at(noon.into()));
    let outside = Outside { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..Outside::system() };
    (TestServer::start_with(outside, |_| {}).await, clock)
}

#[tokio::test]
async fn a_written_contact_cannot_be_sent_where_only_calls_go() {
    let server = TestServer::start().await;
    let administrator = server.program("routing", Role::Administrator).await;
    let queue = json!({ "name": "Cards", "overflow": [{
        "when": { "type": "waited", "after_ms": 1 }, "then": { "type": "voicemail" },
    }] });
    let refused = administrator.post("/api/v1/routing/queues", &queue).await;
    let refused = refused.expect_refusal(422, "invalid_routing").json();
    assert_eq!(refused["error"]["field"], "overflow");
    server.stop().await;
}

#[tokio::test]
async fn a_pause_that_lasts_too_long_is_told_to_supervisors() {
    let server = TestServer::start().await;
    let ana = server.browser("ana", Role::Agent).await;
    let boss = server.program("boss", Role::Supervisor).await;
    let centre = Centre::open(&server, &["ana"]).await;
    let mut watch = boss.live("").await;
    make_ready(&ana).await;
    let mut reason = centre.routing["pause_reason"][0].clone();
    let id = reason["id"].as_str().expect("an id").to_owned();
    reason["limit_ms"] = json!(50);
    let path = format!("/api/v1/routing/pause-reasons/{id}");
    centre.administrator.put(&path, &reason).await.expect(200);
    let pause = json!({ "state": "paused", "reason_id": id });
    ana.put("/api/v1/agents/me/presence", &pause).await.expect(200);
    let told = watch.until("agent.pause_limit_passed").await;
    assert_eq!((&told["reason"], &told["limit_ms"]), (&json!("Lunch"), &json!(50)));
    server.stop().await;
}
