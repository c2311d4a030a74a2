//! A mail sent by a real mail client, answered by an agent over the API, delivered by a real mail
//! server into a mailbox on the disk. Without swaks or Postfix it says so and checks nothing,
//! unless `ROZMOVA_TEST_REQUIRE_PEERS` is set.

use rozmova::app::Outside;
use rozmova::auth::Role;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Client, Postfix, TestServer, mailbox};

/// Sends a mail with one more header, which replaces that of swaks.
async fn swaks(server: &TestServer, subject: &str, header: &str, text: &str) {
    let address = server.smtp();
    let output = Command::new("swaks")
        .args(["--server", &address.ip().to_string(), "--port", &address.port().to_string()])
        .args(["--from", "olena@client.example", "--to", "info@bank.example"])
        .args(["--ehlo", "client.example", "--header", &format!("Subject: {subject}")])
        .args(["--header", header, "--body", text])
        .output()
        .await
        .expect("swaks runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

async fn offer(agent: &Client) -> Value {
    for _ in 0..200 {
        let work = agent.get("/api/v1/agents/me/work").await.expect(200).json();
        if let Some(offer) = work["offers"].get(0) {
            return offer.clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nothing was offered in 10 s");
}

#[tokio::test]
async fn a_mail_by_swaks_is_answered_and_the_answer_is_delivered_in_its_thread() {
    let Some(postfix) = Postfix::start().await else { return };
    let server = TestServer::start_with(Outside::system(), |config| {
        let email = &mut config.channels.email;
        "127.0.0.1".clone_into(&mut email.relay.host);
        email.relay.port = postfix.port;
        email.mailboxes = vec![mailbox("info@bank.example")];
    })
    .await;
    let agent = server.program("ana", Role::Agent).await;
    let administrator = server.program("admin", Role::Administrator).await;
    let routing = json!({
        "queue": [{ "name": "General" }],
        "agent": [{ "login": "ana", "queues": [{ "queue": "General" }] }],
    });
    administrator.put("/api/v1/routing", &routing).await.expect(200);
    super::centre::make_ready(&agent).await;
    swaks(&server, "My card", "Message-Id: <q1@client.example>", "My card is gone.").await;

    let offer = offer(&agent).await;
    let id = offer["id"].as_str().expect("an id");
    let path = format!("/api/v1/offers/{id}/acceptance");
    let taken = agent.put(&path, &json!({})).await.expect(200).json();
    let path = format!("/api/v1/interactions/{}/messages", taken["id"].as_str().expect("an id"));
    let thread = agent.get(&path).await.expect(200).json();
    let question = &thread["items"][0];
    assert!(question["text"].as_str().expect("a text").contains("My card is gone."));
    let reply = json!({
        "kind": "reply",
        "to": [{ "name": "", "address": "olena@client.example" }],
        "text": "A new card is on its way.",
        "seen_message_id": question["id"],
    });
    agent.post(&path, &reply).await.expect(201);

    let answer = postfix.wait_for("A new card is on its way.").await;
    let unfolded = answer.replace("\n ", " ").replace("\n\t", " ");
    let header = |name: &str| {
        let line = unfolded.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
    };
    assert!(header("In-Reply-To:").contains("<q1@client.example>"));
    assert!(header("References:").contains("<q1@client.example>"));
    assert!(header("Subject:").contains("[#1]") && header("Subject:").contains("My card"));
    assert!(header("Delivered-To:").contains("olena@client.example"), "delivered by Postfix");

    // The client answers the answer: the same contact.
    let our_id = header("Message-ID:").trim_start_matches("Message-ID:").trim().to_owned();
    swaks(&server, "Re: My card", &format!("In-Reply-To: {our_id}"), "Thank you!").await;
    let thread = agent.get(&path).await.expect(200).json();
    let texts = thread["items"].as_array().expect("a list").iter();
    let texts: Vec<_> = texts.filter_map(|item| item["text"].as_str()).collect();
    assert!(texts.iter().any(|text| text.contains("Thank you!")), "{texts:?}");
    server.stop().await;
}
