//! Two contacts become one, and the trace says why what happened happened.

use rozmova::app::Outside;
use rozmova::auth::Role;
use serde_json::{Value, json};

use super::centre::{Centre, make_ready};
use crate::support::{Client, Lmtp, TestServer, each_server, mailbox};

async fn deliver(server: &TestServer, from: &str, id: &str, head: &str) {
    let mail = format!(
        "From: {from}\r\nTo: info@bank.example\r\nSubject: Card\r\n\
         Message-ID: <{id}@example.ua>\r\n{head}\r\nText of {id}\r\n"
    );
    let mut lmtp = Lmtp::connect(server.lmtp()).await.expect("the listener is open");
    let reply = lmtp.send(from, "info@bank.example", &mail).await;
    assert!(reply.as_deref().is_some_and(|reply| reply.starts_with("250")), "{reply:?}");
}

async fn texts(client: &Client, interaction: &str) -> Vec<String> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    let page = client.get(&path).await.expect(200).json();
    let items = page["items"].as_array().expect("a list").clone();
    let text = |item: &Value| item["text"].as_str().unwrap_or_default().trim().to_owned();
    items.iter().map(text).collect()
}

#[tokio::test]
async fn what_is_merged_goes_on_in_the_other_contact() {
    let server = TestServer::start_with(Outside::system(), |config| {
        config.channels.email.mailboxes = vec![mailbox("info@bank.example")];
    })
    .await;
    server.add_queue("General").await;
    let boss = server.program("boss", Role::Supervisor).await;
    let olena = "olena@example.ua";
    deliver(&server, olena, "first", "").await;
    deliver(&server, olena, "second", "").await;
    deliver(&server, "petro@example.ua", "third", "").await;
    let first = server.interaction_of("first@example.ua").await;
    let second = server.interaction_of("second@example.ua").await;
    let third = server.interaction_of("third@example.ua").await;
    assert_ne!(first, second);

    let merger = |into: &str| json!({ "into_id": into, "reason": "the same matter" });
    let path = |of: &str| format!("/api/v1/interactions/{of}/merger");
    let without = json!({ "into_id": first, "reason": " " });
    boss.put(&path(&second), &without).await.expect_refusal(409, "reason_needed");
    boss.put(&path(&second), &merger(&second)).await.expect_refusal(409, "invalid");
    assert_eq!(texts(&boss, &second).await, ["Text of second"], "nothing has moved");
    boss.put(&path(&third), &merger(&first)).await.expect_refusal(409, "different_clients");
    let target = boss.put(&path(&second), &merger(&first)).await.expect(200).json();
    assert_eq!(target["id"], json!(first));
    assert_eq!(target["unread"], 2);
    assert_eq!(texts(&boss, &first).await, ["Text of first", "Text of second"]);
    let gone = boss.get(&format!("/api/v1/interactions/{second}")).await.expect(200).json();
    assert_eq!(gone["state"], "closed");
    assert_eq!(gone["merged_into"]["id"], json!(first));
    boss.put(&path(&second), &merger(&first)).await.expect_refusal(409, "not_open");

    // Answers to the old thread, by reference and by number, arrive in the contact that goes on.
    deliver(&server, olena, "fourth", "References: <second@example.ua>\r\n").await;
    assert_eq!(server.interaction_of("fourth@example.ua").await, first);
    let number = gone["number"].as_i64().expect("a number");
    let mail = format!(
        "From: {olena}\r\nTo: info@bank.example\r\nSubject: Re: Card [#{number}]\r\n\
         Message-ID: <fifth@example.ua>\r\n\r\nText of fifth\r\n"
    );
    let mut lmtp = Lmtp::connect(server.lmtp()).await.expect("the listener is open");
    lmtp.send(olena, "info@bank.example", &mail).await;
    assert_eq!(server.interaction_of("fifth@example.ua").await, first);

    let trace = format!("/api/v1/interactions/{second}/trace?language=en");
    let trace = boss.get(&trace).await.expect(200).json();
    let act = trace.as_array().expect("a list").last().expect("an act").clone();
    let first_number = target["number"].as_i64().expect("a number");
    assert_eq!(
        act["explanation"],
        format!("boss merged it into contact #{first_number}. Reason: the same matter")
    );
    server.stop().await;
}

each_server!(a_supervisor_takes_a_contact_back_and_the_trace_says_so, |server| {
    let ana = server.browser("ana", Role::Agent).await;
    let boss = server.program("boss", Role::Supervisor).await;
    let centre = Centre::open(server, &["ana"]).await;
    let id = centre.arrive(1).await;
    let trace = format!("/api/v1/interactions/{id}/trace?language=en");
    let waiting = boss.get(&trace).await.expect(200).json();
    let text = waiting[0]["explanation"].as_str().expect("text");
    assert!(text.starts_with("Nobody has the contact yet"), "{text}");
    assert!(text.ends_with("Could not: ana — is offline."), "{text}");
    make_ready(&ana).await;
    let given = boss.get(&trace).await.expect(200).json();
    let text = given[0]["explanation"].as_str().expect("text");
    assert!(text.starts_with("ana became able to take a contact"), "{text}");
    assert!(text.ends_with("Nobody else could take it."), "{text}");
    let back = format!("/api/v1/interactions/{id}/assignment");
    boss.delete(&back).await.expect_refusal(409, "reason_needed");
    boss.delete(&format!("{back}?reason=wrong%20agent")).await.expect(200);
    let after = boss.get(&trace).await.expect(200).json();
    let texts: Vec<&str> = after
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["explanation"].as_str())
        .collect();
    assert!(texts.contains(&"boss took it back into the queue. Reason: wrong agent"), "{texts:?}");
    let audit = centre.administrator.get("/api/v1/audit").await.expect(200).json();
    assert_eq!(audit["items"][0]["act"], "interaction.requeue");
});
