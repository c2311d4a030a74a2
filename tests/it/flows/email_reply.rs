//! A mail comes in, is answered, and the answer arrives in the client's thread.

use rozmova::app::Outside;
use rozmova::auth::Role;
use serde_json::{Value, json};

use crate::support::{Client, Lmtp, Sink, TestServer, mailbox};

/// A server with one mailbox, one queue, and a relay that ends in the sink.
async fn server(sink: &Sink) -> TestServer {
    let (host, port) = (sink.address.ip().to_string(), sink.address.port());
    let server = TestServer::start_with(Outside::system(), |config| {
        "Bank Example".clone_into(&mut config.centre.bank_name);
        let email = &mut config.channels.email;
        email.relay.host = host;
        email.relay.port = port;
        email.mailboxes = vec![mailbox("info@bank.example")];
    })
    .await;
    server.add_queue("General").await;
    server
}

fn mail(id: &str, more: &str, text: &str) -> String {
    format!(
        "From: Olena Koval <olena@example.ua>\r\nTo: info@bank.example\r\nSubject: Card\r\n\
         Message-ID: <{id}@example.ua>\r\n{more}\r\n{text}\r\n"
    )
}

async fn deliver(server: &TestServer, mail: &str) {
    let mut lmtp = Lmtp::connect(server.lmtp()).await.expect("the listener is open");
    let reply = lmtp.send("olena@example.ua", "info@bank.example", mail).await;
    assert!(reply.as_deref().is_some_and(|reply| reply.starts_with("250")), "{reply:?}");
}

async fn messages(client: &Client, interaction: &str) -> Vec<Value> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    let page = client.get(&path).await.expect(200).json();
    page["items"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn an_answer_arrives_in_the_thread_and_the_next_mail_joins_it() {
    let sink = Sink::start(0).await;
    let server = server(&sink).await;
    let client = server.program("sofia", Role::Supervisor).await;
    deliver(&server, &mail("q1", "", "My card is gone.")).await;

    // The acknowledgement names the number and can start no loop.
    let acknowledgement = &sink.wait_for(1).await[0];
    assert_eq!(acknowledgement.recipients, ["olena@example.ua"]);
    assert_eq!(acknowledgement.from, "", "a null return path");
    assert_eq!(acknowledgement.header("Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(acknowledgement.header("In-Reply-To").as_deref(), Some("<q1@example.ua>"));

    let interaction = server.interaction_of("q1@example.ua").await;
    let thread = messages(&client, &interaction).await;
    let inbound = &thread[0];
    assert_eq!(inbound["text"].as_str().map(str::trim), Some("My card is gone."));
    assert_eq!(thread[1]["kind"], "auto_reply");

    let path = format!("/api/v1/interactions/{interaction}/messages");
    let mut reply = json!({
        "kind": "reply",
        "to": [{ "name": "Olena", "address": "olena@example.ua" }],
        "text": "A new card is on its way.",
        "seen_message_id": inbound["id"],
    });
    let upload = client
        .clone()
        .with_header("x-file-name", "%D0%B4%D0%BE%D0%B3.txt")
        .send("POST", "/api/v1/uploads", Some("text/plain"), b"contents of a file")
        .await
        .expect(201)
        .json();
    reply["attachments"] = json!([upload["id"]]);
    let written = client.post(&path, &reply).await.expect(201).json();
    assert_eq!(written["delivery"]["state"], "queued");
    assert_eq!(written["attachments"][0]["name"], "дог.txt");

    let sent = sink.wait_for(2).await[1].clone();
    assert!(sent.header("Subject").is_some_and(|subject| subject.contains("[#1]")), "{sent:?}");
    assert_eq!(sent.header("In-Reply-To").as_deref(), Some("<q1@example.ua>"));
    assert!(sent.text.contains("A new card is on its way."), "{}", sent.text);
    let our_id = sent.header("Message-ID").expect("a Message-ID");

    // From another address, with nothing but the proof of our own Message-ID.
    let answer = format!(
        "From: o@work.example\r\nTo: info@bank.example\r\nSubject: thanks\r\n\
         Message-ID: <a1@work.example>\r\nIn-Reply-To: {our_id}\r\n\r\nThank you!\r\n"
    );
    deliver(&server, &answer).await;
    let thread = messages(&client, &interaction).await;
    assert_eq!(thread.len(), 4, "{thread:#?}");
    assert_eq!(thread[2]["delivery"]["state"], "sent");

    // What was written before reading that is not sent past it.
    let refused = client.post(&path, &reply).await.expect(412).json();
    assert_eq!(refused["error"]["code"], "newer_message");
    server.stop().await;
}

#[tokio::test]
async fn a_reply_is_taken_back_and_is_a_draft_again() {
    let sink = Sink::start(0).await;
    let server = server(&sink).await;
    let client = server.program("sofia", Role::Supervisor).await;
    deliver(&server, &mail("q1", "", "Hello.")).await;
    let interaction = server.interaction_of("q1@example.ua").await;
    let inbound = messages(&client, &interaction).await[0]["id"].clone();
    let path = format!("/api/v1/interactions/{interaction}/messages");
    let reply = json!({
        "kind": "reply", "to": [{ "address": "olena@example.ua" }], "text": "Too early",
        "seen_message_id": inbound,
    });
    let written = client.post(&path, &reply).await.expect(201).json();
    let id = written["id"].as_str().expect("an id").to_owned();
    client.delete(&format!("/api/v1/messages/{id}")).await.expect(204);
    let draft = client.get(&format!("/api/v1/interactions/{interaction}/draft")).await.expect(200);
    assert_eq!(draft.json()["text"], "Too early");
    client.delete(&format!("/api/v1/messages/{id}")).await.expect(404);
    let note = json!({ "kind": "note", "text": "Called her instead" });
    let note = client.post(&path, &note).await.expect(201).json();
    assert_eq!((&note["kind"], &note["direction"]), (&json!("note"), &json!("internal")));
    let kinds: Vec<Value> =
        messages(&client, &interaction).await.iter().map(|m| m["kind"].clone()).collect();
    assert!(!kinds.contains(&json!("message")) || kinds.len() == 3, "{kinds:?}");
    server.stop().await;
}

#[tokio::test]
async fn files_and_html_from_outside_cannot_act() {
    let sink = Sink::start(0).await;
    let server = server(&sink).await;
    let client = server.program("sofia", Role::Supervisor).await;
    let raw = mail(
        "h1",
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
        "--b\r\nContent-Type: text/html\r\n\r\n<p onclick=x()>Hi<script>y()</script>\
         <img src=\"https://spy.example/x.png\" width=\"90\"></p>\r\n--b\r\n\
         Content-Type: text/html; name=\"evil.html\"\r\nContent-Disposition: attachment; \
         filename=\"evil.html\"\r\n\r\n<script>z()</script>\r\n--b--",
    );
    deliver(&server, &raw).await;
    let interaction = server.interaction_of("h1@example.ua").await;
    let message = messages(&client, &interaction).await[0].clone();
    let id = message["id"].as_str().expect("an id");
    assert_eq!(message["has_html"], true);

    let html = client.get(&format!("/api/v1/messages/{id}/html")).await.expect(200);
    let policy = html.header("content-security-policy").expect("a policy");
    assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{policy}");
    let shown = html.text();
    assert!(!shown.contains("script") && !shown.contains("onclick"), "{shown}");
    assert!(shown.contains(" data-src=\"https://spy"), "{shown}");
    let with = client.get(&format!("/api/v1/messages/{id}/html?pictures=1")).await.expect(200);
    assert!(with.text().contains(" src=\"https://spy"), "{}", with.text());

    let file = message["attachments"][0]["id"].as_str().expect("a file");
    let file = client.get(&format!("/api/v1/attachments/{file}")).await.expect(200);
    assert!(file.text().contains("<script>z()"), "{}", file.text());
    assert!(file.header("content-disposition").is_some_and(|d| d.starts_with("attachment")));
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    assert!(file.header("content-security-policy").is_some_and(|p| p.starts_with("sandbox")));
    let whole = client.get(&format!("/api/v1/messages/{id}/raw")).await.expect(200);
    // The listener adds its own header in front.
    assert!(whole.text().contains(&raw[..raw.len() - 2]), "{}", whole.text());
    server.stop().await;
}

#[tokio::test]
async fn a_large_mail_is_kept_whole_when_it_is_acknowledged_and_is_no_burden_to_the_database() {
    let sink = Sink::start(0).await;
    let server = server(&sink).await;
    let client = server.program("sofia", Role::Supervisor).await;
    let raw = mail(
        "large",
        "",
        &"Seventy characters of a statement of account, repeated.\r\n".repeat(40_000),
    );
    deliver(&server, &raw).await;
    let objects = server.folder().join("media").join("sha256");
    let kept = walk_files(&objects);
    assert!(kept.iter().any(|bytes| *bytes >= raw.len() as u64), "{kept:?}");
    let store = server.folder().join("test.db");
    for file in [store.clone(), store.with_extension("db-wal")] {
        let bytes = std::fs::metadata(&file).map_or(0, |file| file.len());
        assert!(bytes < raw.len() as u64, "{}: {bytes} bytes", file.display());
    }

    let interaction = server.interaction_of("large@example.ua").await;
    let message = messages(&client, &interaction).await[0].clone();
    let id = message["id"].as_str().expect("an id");
    let whole = client.get(&format!("/api/v1/messages/{id}/raw")).await.expect(200);
    assert!(whole.text().contains(&raw[..raw.len() - 2]));
    server.stop().await;
}

/// Sizes of all files in a folder and those below it.
fn walk_files(folder: &std::path::Path) -> Vec<u64> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let entries: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    let size = |path: &std::path::PathBuf| std::fs::metadata(path).expect("a file").len();
    entries
        .iter()
        .flat_map(|path| if path.is_dir() { walk_files(path) } else { vec![size(path)] })
        .collect()
}

#[tokio::test]
async fn a_message_says_whether_it_refers_to_pictures_elsewhere() {
    let sink = Sink::start(0).await;
    let server = server(&sink).await;
    let client = server.program("sofia", Role::Supervisor).await;
    let html = "MIME-Version: 1.0\r\nContent-Type: text/html\r\n";
    deliver(&server, &mail("q1", html, "<p>Only <b>words</b></p>")).await;
    let picture = "<p>See</p><img src=\"https://shop.example/a.png\" width=\"90\" height=\"90\">";
    deliver(&server, &mail("q2", html, picture)).await;
    for (id, expected) in [("q1", false), ("q2", true)] {
        let interaction = server.interaction_of(&format!("{id}@example.ua")).await;
        // The second time it is remembered.
        for _ in 0..2 {
            let message = &messages(&client, &interaction).await[0];
            assert_eq!(message["has_html"], true, "{message}");
            assert_eq!(message["remote_pictures"], expected, "{message}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn an_answer_leaves_from_the_address_that_is_chosen() {
    let sink = Sink::start(0).await;
    let server = TestServer::start_with(Outside::system(), |config| {
        let email = &mut config.channels.email;
        email.relay.host = sink.address.ip().to_string();
        email.relay.port = sink.address.port();
        email.mailboxes = vec![mailbox("cards@bank.example"), mailbox("info@bank.example")];
    })
    .await;
    server.add_queue("General").await;
    let client = server.program("sofia", Role::Supervisor).await;
    deliver(&server, &mail("s1", "", "Hello.")).await;
    let interaction = server.interaction_of("s1@example.ua").await;
    let path = format!("/api/v1/interactions/{interaction}");
    let senders = client.get(&format!("{path}/senders")).await.expect(200).json();
    let name = "Bank Example";
    let sender =
        |address: &str, usual: bool| json!({ "address": address, "name": name, "usual": usual });
    // No queue has a mailbox of its own: the usual one is that to which the client wrote.
    let expected = [sender("cards@bank.example", false), sender("info@bank.example", true)];
    assert_eq!(senders, json!(expected));

    let reply = json!({
        "kind": "reply", "to": [{ "address": "olena@example.ua" }], "text": "Dear Olena",
        "seen_message_id": messages(&client, &interaction).await[0]["id"],
        "from": "cards@bank.example",
    });
    let written = client.post(&format!("{path}/messages"), &reply).await.expect(201).json();
    assert_eq!(written["from"]["address"], "cards@bank.example");
    // Taken back, the choice is in the draft.
    let id = written["id"].as_str().expect("an id");
    client.delete(&format!("/api/v1/messages/{id}")).await.expect(204);
    let draft = client.get(&format!("{path}/draft")).await.expect(200).json();
    assert_eq!(draft["from"], "cards@bank.example");
    server.stop().await;
}
