//! An agent writes first.

use rozmova::app::Outside;
use rozmova::auth::Role;
use serde_json::json;

use super::centre::{Centre, make_ready};
use crate::support::{Client, Lmtp, Sink, TestServer, mailbox};

async fn server(sink: &Sink) -> TestServer {
    let (host, port) = (sink.address.ip().to_string(), sink.address.port());
    TestServer::start_with(Outside::system(), |config| {
        let email = &mut config.channels.email;
        email.relay.host = host;
        email.relay.port = port;
        email.mailboxes = vec![mailbox("info@bank.example")];
    })
    .await
}

async fn new_client(agent: &Client) -> String {
    let new = json!({
        "kind": "person", "family_name": "Коваль", "given_name": "Олена",
        "contact_points": [{ "medium": "email", "value": "olena@example.ua" }],
    });
    let client = agent.post("/api/v1/clients", &new).await.expect(201).json();
    client["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_first_mail_is_in_its_writers_hands_and_the_answer_joins_it() {
    let sink = Sink::start(0).await;
    let server = server(&sink).await;
    let ana = server.program("ana", Role::Agent).await;
    let centre = Centre::open(&server, &["ana"]).await;
    make_ready(&ana).await;
    let client = new_client(&ana).await;
    let path = format!("/api/v1/clients/{client}/interactions");
    let mail = json!({
        "medium": "email", "queue_id": centre.queue, "subject": "Ваш новий тариф",
        "to": [{ "name": "Олена", "address": "olena@example.ua" }], "text": "Доброго дня!",
    });
    let begun = ana.post(&path, &mail).await.expect(201).json();
    assert_eq!(
        (&begun["state"], &begun["agent"]["name"], &begun["direction"], &begun["client"]["id"]),
        (&json!("active"), &json!("ana"), &json!("outbound"), &json!(client))
    );
    let sent = sink.wait_for(1).await[0].clone();
    assert_eq!(sent.recipients, ["olena@example.ua"]);
    assert!(sent.header("From").is_some_and(|from| from.contains("info@bank.example")), "{sent:?}");
    let our_id = sent.header("Message-ID").expect("a Message-ID");

    let answer = format!(
        "From: olena@example.ua\r\nTo: info@bank.example\r\nSubject: Re\r\n\
         Message-ID: <a1@example.ua>\r\nIn-Reply-To: {our_id}\r\n\r\nThank you!\r\n"
    );
    let mut lmtp = Lmtp::connect(server.lmtp()).await.expect("the listener is open");
    lmtp.send("olena@example.ua", "info@bank.example", &answer).await.expect("an answer");
    assert_eq!(json!(server.interaction_of("a1@example.ua").await), begun["id"]);
    server.stop().await;
}

#[tokio::test]
async fn a_first_mail_that_cannot_be_leaves_nothing_behind() {
    let sink = Sink::start(0).await;
    let server = server(&sink).await;
    let ana = server.program("ana", Role::Agent).await;
    let centre = Centre::open(&server, &["ana"]).await;
    let client = new_client(&ana).await;
    let path = format!("/api/v1/clients/{client}/interactions");
    let mail = |to: &str, text: &str| {
        json!({
            "medium": "email", "queue_id": centre.queue, "subject": "S", "text": text,
            "to": [{ "address": to }],
        })
    };
    // Not signed in to the queue.
    let refused = ana.post(&path, &mail("olena@example.ua", "text")).await.expect(409).json();
    assert!(refused["error"]["message"].as_str().is_some_and(|text| !text.is_empty()));
    make_ready(&ana).await;
    ana.post(&path, &mail("olena", "text")).await.expect(422);
    ana.post(&path, &mail("olena@example.ua", "")).await.expect(422);
    let nobody = "/api/v1/clients/01890000-0000-7000-8000-000000000000/interactions";
    ana.post(nobody, &mail("olena@example.ua", "text")).await.expect_refusal(404, "not_found");
    let analyst = server.program("analyst", Role::Analyst).await;
    analyst.post(&path, &mail("a@example.ua", "t")).await.expect_refusal(403, "forbidden");
    let all = ana.get("/api/v1/interactions").await.expect(200).json();
    assert_eq!(all["items"], json!([]));
    server.stop().await;
}
