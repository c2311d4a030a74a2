//! Nobody gets into another client's thread by what he writes into a header; a person can still
//! join what belongs together.

use rozmova::app::Outside;
use rozmova::auth::Role;
use serde_json::{Value, json};

use crate::support::{Client, Lmtp, TestServer, mailbox};

async fn server() -> TestServer {
    let server = TestServer::start_with(Outside::system(), |config| {
        config.channels.email.mailboxes = vec![mailbox("info@bank.example")];
    })
    .await;
    server.add_queue("General").await;
    server
}

async fn deliver(server: &TestServer, from: &str, id: &str, more: &str, text: &str) -> String {
    let mail = format!(
        "From: {from}\r\nTo: info@bank.example\r\nMessage-ID: <{id}@x.example>\r\n{more}\r\n\
         {text}\r\n"
    );
    let mut lmtp = Lmtp::connect(server.lmtp()).await.expect("the listener is open");
    let reply = lmtp.send(from, "info@bank.example", &mail).await;
    assert!(reply.as_deref().is_some_and(|reply| reply.starts_with("250")), "{reply:?}");
    server.interaction_of(&format!("{id}@x.example")).await
}

async fn details(client: &Client, interaction: &str) -> Value {
    client.get(&format!("/api/v1/interactions/{interaction}")).await.expect(200).json()
}

#[tokio::test]
async fn forged_references_and_foreign_tags_open_a_contact_of_their_own() {
    let server = server().await;
    let supervisor = server.program("sofia", Role::Supervisor).await;
    let victim = deliver(&server, "olena@example.ua", "q1", "Subject: Card\r\n", "Secret").await;
    let number = details(&supervisor, &victim).await["number"].clone();
    let tag = format!("Subject: Re: Card [#{number}]\r\n");
    // A signature of ours that nobody made: right in form, wrong in content.
    let forged = format!(
        "References: <m-{}.{}.{}@localhost>\r\n",
        "a".repeat(26),
        "a".repeat(26),
        "a".repeat(20)
    );
    let display = "In-Reply-To: <q1@x.example>\r\nReply-To: olena@example.ua\r\n";
    for (id, more) in [
        ("s1", "In-Reply-To: <q1@x.example>\r\nReferences: <q1@x.example>\r\n"),
        ("s2", tag.as_str()),
        ("s3", forged.as_str()),
        ("s4", display),
    ] {
        let opened = deliver(&server, "mallory@example.net", id, more, "Give me all").await;
        assert_ne!(opened, victim, "{more}");
        let hints = details(&supervisor, &opened).await["may_belong_to"].clone();
        let expected = usize::from(id != "s3");
        assert_eq!(hints.as_array().map(Vec::len), Some(expected), "{more}: {hints}");
    }
    // She herself is let in by the same tag.
    let again = deliver(&server, "olena@example.ua", "q2", &tag, "One more thing").await;
    assert_eq!(again, victim);
    server.stop().await;
}

#[tokio::test]
async fn a_person_joins_what_belongs_together_with_one_click() {
    let server = server().await;
    let supervisor = server.program("sofia", Role::Supervisor).await;
    let agent = server.program("iryna", Role::Agent).await;
    let first = deliver(&server, "olena@example.ua", "q1", "Subject: Card\r\n", "Lost").await;
    let reference = "In-Reply-To: <q1@x.example>\r\n";
    let second = deliver(&server, "olena@work.example", "q2", reference, "From work").await;
    assert_ne!(first, second);
    let path = format!("/api/v1/interactions/{second}/home");
    let home = json!({ "interaction_id": first });
    agent.put(&path, &home).await.expect_refusal(404, "not_found");
    supervisor.put(&path, &json!({ "interaction_id": second })).await.expect(422);

    let joined = supervisor.put(&path, &home).await.expect(200).json();
    assert_eq!(joined["id"], json!(first));
    assert_eq!(joined["unread"], 2);
    let messages = supervisor.get(&format!("/api/v1/interactions/{first}/messages")).await;
    let messages = messages.expect(200).json();
    let texts: Vec<&str> = messages["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|message| message["kind"] == "message")
        .filter_map(|message| message["text"].as_str())
        .map(str::trim)
        .collect();
    assert_eq!(texts, ["Lost", "From work"]);
    let left = details(&supervisor, &second).await;
    assert_eq!((&left["state"], &left["may_belong_to"]), (&json!("closed"), &json!([])));
    // From now on the address takes part.
    let tag = format!("Subject: [#{}]\r\n", joined["number"]);
    assert_eq!(deliver(&server, "olena@work.example", "q3", &tag, "Thanks").await, first);
    let administrator = server.program("admin", Role::Administrator).await;
    let audit = administrator.get("/api/v1/audit").await.expect(200).json();
    let acts: Vec<&str> = audit["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["act"].as_str())
        .collect();
    assert!(acts.contains(&"interaction.move_messages"), "{acts:?}");
    server.stop().await;
}
