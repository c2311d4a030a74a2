//! Who reads which contacts: each way in, by each who may and who may not.

use rozmova::app::Outside;
use rozmova::auth::Role;
use serde_json::{Value, json};

use super::centre::make_ready;
use crate::support::{Client, Lmtp, TestServer, mailbox};

/// Two queues with a mailbox each; ana serves the first, bohdan the second.
async fn centre() -> (TestServer, Client) {
    let server = TestServer::start_with(Outside::system(), |config| {
        let queues = [("cards@bank.example", "Cards"), ("loans@bank.example", "Loans")];
        config.channels.email.mailboxes = queues
            .map(|(address, queue)| {
                let mut mailbox = mailbox(address);
                queue.clone_into(&mut mailbox.queue);
                mailbox
            })
            .to_vec();
    })
    .await;
    let administrator = server.program("admin", Role::Administrator).await;
    (server, administrator)
}

async fn route(administrator: &Client) {
    let routing = json!({
        "queue": [{ "name": "Cards" }, { "name": "Loans" }],
        "agent": [
            { "login": "ana", "queues": [{ "queue": "Cards" }] },
            { "login": "bohdan", "queues": [{ "queue": "Loans" }] },
        ],
    });
    administrator.put("/api/v1/routing", &routing).await.expect(200);
}

async fn deliver(server: &TestServer, to: &str, id: &str) {
    let mail = format!(
        "From: Olena Koval <olena@example.ua>\r\nTo: {to}\r\nSubject: Secret\r\n\
         Message-ID: <{id}@example.ua>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\
         <p>My secret</p>\r\n--b\r\nContent-Type: text/plain; name=\"a.txt\"\r\n\
         Content-Disposition: attachment; filename=\"a.txt\"\r\n\r\nfile\r\n--b--\r\n"
    );
    let mut lmtp = Lmtp::connect(server.lmtp()).await.expect("the listener is open");
    let reply = lmtp.send("olena@example.ua", to, &mail).await;
    assert!(reply.as_deref().is_some_and(|reply| reply.starts_with("250")), "{reply:?}");
}

/// Every way to a contact: what each answers, and how many rows the lists have.
async fn ways_in(who: &Client, contact: &Contact) -> (Vec<u16>, Vec<usize>) {
    let Contact { interaction, message, attachment, client, queue } = contact;
    let one = format!("/api/v1/interactions/{interaction}");
    let mut statuses = Vec::new();
    for path in [
        one.clone(),
        format!("{one}/messages"),
        format!("{one}/trace"),
        format!("{one}/events"),
        format!("/api/v1/messages/{message}/html"),
        format!("/api/v1/messages/{message}/raw"),
        format!("/api/v1/attachments/{attachment}"),
        format!("/api/v1/interactions?order=queue&queue_id={queue}"),
    ] {
        statuses.push(who.get(&path).await.status);
    }
    let look = json!({ "writes": false });
    statuses.push(who.put(&format!("{one}/presence"), &look).await.status);
    let mut rows = Vec::new();
    for path in [
        "/api/v1/interactions".to_owned(),
        "/api/v1/interactions?q=1".to_owned(),
        "/api/v1/interactions?q=olena@example.ua".to_owned(),
        "/api/v1/interactions?q=koval".to_owned(),
        format!("/api/v1/interactions?client_id={client}"),
        format!("/api/v1/clients/{client}/timeline"),
    ] {
        let page = who.get(&path).await.expect(200).json();
        let of_contact = |row: &&Value| {
            let id = row["interaction"]["id"].as_str().or(row["id"].as_str());
            id == Some(interaction)
        };
        rows.push(page["items"].as_array().expect("a list").iter().filter(of_contact).count());
    }
    (statuses, rows)
}

struct Contact {
    interaction: String,
    message: String,
    attachment: String,
    client: String,
    queue: String,
}

async fn contact(boss: &Client, interaction: String) -> Contact {
    let path = format!("/api/v1/interactions/{interaction}");
    let shown = boss.get(&path).await.expect(200).json();
    let messages = boss.get(&format!("{path}/messages")).await.expect(200).json();
    let inbound = &messages["items"][0];
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    Contact {
        message: text(&inbound["id"]),
        attachment: text(&inbound["attachments"][0]["id"]),
        client: text(&shown["client"]["id"]),
        queue: text(&shown["queue"]["id"]),
        interaction,
    }
}

#[tokio::test]
async fn a_contact_is_read_by_its_queue_and_by_whoever_has_its_client() {
    let (server, administrator) = centre().await;
    let ana = server.program("ana", Role::Agent).await;
    let bohdan = server.program("bohdan", Role::Agent).await;
    let boss = server.program("boss", Role::Supervisor).await;
    let analyst = server.program("analyst", Role::Analyst).await;
    route(&administrator).await;
    let mut his_desk = bohdan.live("").await;
    deliver(&server, "cards@bank.example", "q1").await;
    let contact = contact(&boss, server.interaction_of("q1@example.ua").await).await;

    for (name, who) in [("boss", &boss), ("analyst", &analyst), ("ana", &ana)] {
        let (statuses, rows) = ways_in(who, &contact).await;
        assert!(statuses.iter().all(|status| *status == 200), "{name}: {statuses:?}");
        assert!(rows.iter().all(|rows| *rows > 0), "{name}: {rows:?}");
    }
    let (statuses, rows) = ways_in(&bohdan, &contact).await;
    assert!(statuses.iter().all(|status| *status == 404), "bohdan: {statuses:?}");
    assert!(rows.iter().all(|rows| *rows == 0), "bohdan: {rows:?}");
    let path = format!("/api/v1/interactions/{}", contact.interaction);
    let note = json!({ "kind": "note", "text": "I was here" });
    bohdan.post(&format!("{path}/messages"), &note).await.expect_refusal(404, "not_found");
    let draft = json!({ "text": "x" });
    bohdan.put(&format!("{path}/draft"), &draft).await.expect_refusal(404, "not_found");
    let choice = json!({ "client_id": contact.client });
    bohdan.put(&format!("{path}/client"), &choice).await.expect_refusal(404, "not_found");
    // The client's record is for everybody who answers.
    bohdan.get(&format!("/api/v1/clients/{}", contact.client)).await.expect(200);

    // The same client writes to his queue: now he reads what she wrote before.
    make_ready(&bohdan).await;
    deliver(&server, "loans@bank.example", "q2").await;
    let offer = his_desk.until("offer.created").await["offer"].clone();
    assert_eq!(offer["interaction"]["queue"]["name"], "Loans");
    let (_, rows) = ways_in(&bohdan, &contact).await;
    assert!(rows.iter().all(|rows| *rows > 0), "while it is offered: {rows:?}");
    let path = format!("/api/v1/offers/{}/acceptance", offer["id"].as_str().expect("an id"));
    bohdan.put(&path, &json!({})).await.expect(200);
    let (statuses, rows) = ways_in(&bohdan, &contact).await;
    let of_queue = 7;
    for (way, status) in statuses.iter().enumerate() {
        assert_eq!(*status, if way == of_queue { 404 } else { 200 }, "{way}: {statuses:?}");
    }
    assert!(rows.iter().all(|rows| *rows > 0), "{rows:?}");

    // And no longer when the work is done.
    let mine = server.interaction_of("q2@example.ua").await;
    let path = format!("/api/v1/interactions/{mine}/disposition");
    bohdan.put(&path, &json!({})).await.expect(200);
    let (statuses, rows) = ways_in(&bohdan, &contact).await;
    assert!(statuses.iter().all(|status| *status == 404), "{statuses:?}");
    assert!(rows.iter().all(|rows| *rows == 0), "{rows:?}");
    server.stop().await;
}

#[tokio::test]
async fn live_events_of_a_contact_go_to_those_who_may_read_it() {
    let (server, administrator) = centre().await;
    let ana = server.program("ana", Role::Agent).await;
    let bohdan = server.program("bohdan", Role::Agent).await;
    route(&administrator).await;
    let mut hers = ana.live("").await;
    let mut his = bohdan.live("").await;
    deliver(&server, "cards@bank.example", "q1").await;
    hers.until("interaction.changed").await;
    // The next thing that everybody sees: nothing of the contact was for him.
    let new = json!({ "name": "ТОВ Світанок", "kind": "organisation" });
    let client = ana.post("/api/v1/clients", &new).await.expect(201).json();
    let told = his.find(|event| {
        let name = event["type"].as_str().expect("a name");
        let is_of_contacts = ["interaction.", "message.", "offer.", "viewers.", "draft."]
            .iter()
            .any(|beginning| name.starts_with(beginning));
        assert!(!is_of_contacts, "{event}");
        name == "client.changed"
    });
    assert_eq!(told.await, json!({ "client_id": client["id"] }));
    server.stop().await;
}

#[tokio::test]
async fn open_desks_hear_of_a_changed_client() {
    let server = TestServer::start().await;
    let ana = server.program("ana", Role::Agent).await;
    let mut desk = ana.live("").await;
    let new = json!({ "family_name": "Коваль", "given_name": "Олена", "kind": "person" });
    let client = ana.post("/api/v1/clients", &new).await.expect(201).json();
    let id = client["id"].clone();
    let path = format!("/api/v1/clients/{}", id.as_str().expect("an id"));
    let told = json!({ "client_id": id });
    assert_eq!(desk.until("client.changed").await, told);
    let change = json!({ "changed_at": client["changed_at"], "note": "VIP" });
    ana.patch(&path, &change).await.expect(200);
    assert_eq!(desk.until("client.changed").await, told);
    let point = json!({ "medium": "phone", "value": "067 123 45 67" });
    let added = ana.post(&format!("{path}/contact-points"), &point).await.expect(201).json();
    assert_eq!(desk.until("client.changed").await, told);

    let found =
        ana.get("/api/v1/identification?by=phone&value=0671234567").await.expect(200).json();
    assert_eq!(found["client_id"], id);
    assert_eq!(found["candidates"][0]["why"], "on_record");
    let wrong = ana.get("/api/v1/identification?by=tax_number&value=1759013770").await;
    assert_eq!(wrong.expect(422).json()["error"]["field"], "value");
    ana.get("/api/v1/identification?by=name&value=Koval").await.expect(422);
    let choice =
        json!({ "by": "account", "value": "UA213223130000026007233566001", "client_id": id });
    ana.put("/api/v1/identification", &choice).await.expect(204);
    let path = "/api/v1/identification?by=account&value=UA213223130000026007233566001";
    let found = ana.get(path).await.expect(200).json();
    assert_eq!((&found["client_id"], &found["candidates"][0]["why"]), (&id, &json!("chosen")));

    let gone = format!("/api/v1/contact-points/{}", added["id"].as_str().expect("an id"));
    ana.delete(&gone).await.expect(204);
    assert_eq!(desk.until("client.changed").await, told);
    server.stop().await;
}

#[tokio::test]
async fn colleagues_see_each_other_come_and_go_without_asking() {
    let (server, administrator) = centre().await;
    let ana = server.program("ana", Role::Agent).await;
    let bohdan = server.program("bohdan", Role::Agent).await;
    let olha = server.program("olha", Role::Agent).await;
    let routing = json!({
        "queue": [{ "name": "Cards" }, { "name": "Loans" }],
        "agent": [
            { "login": "ana", "queues": [{ "queue": "Cards" }] },
            { "login": "olha", "queues": [{ "queue": "Cards" }, { "queue": "Loans" }] },
            { "login": "bohdan", "queues": [{ "queue": "Loans" }] },
        ],
    });
    administrator.put("/api/v1/routing", &routing).await.expect(200);
    let mut hers = ana.live("").await;
    let ready = |name: &'static str| {
        move |event: &Value| {
            let agent = &event["data"]["agent"];
            assert_ne!(agent["name"], "bohdan", "he serves no queue with her");
            agent["name"] == name && agent["state"] == "ready"
        }
    };
    make_ready(&bohdan).await;
    make_ready(&olha).await;
    hers.find(ready("olha")).await;
    server.stop().await;
}
