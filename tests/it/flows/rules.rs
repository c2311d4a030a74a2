//! Rules decide about mail as it comes in: written over the API, met over LMTP, seen afterwards.

use rozmova::app::Outside;
use rozmova::auth::Role;
use serde_json::{Value, json};

use crate::support::{Client, Lmtp, TestServer, each_server, mailbox};

fn contains(field: &str, value: &str) -> Value {
    json!({ "type": "test", "field": field, "operator": "contains", "values": [value] })
}

fn rule(name: &str, condition: &Value, acts: &Value) -> Value {
    json!({ "name": name, "condition": condition, "acts": acts })
}

async fn deliver(server: &TestServer, id: &str, subject: &str, more: &str) {
    let mail = format!(
        "From: Olena Koval <olena@example.ua>\r\nTo: info@bank.example\r\nSubject: {subject}\r\n\
         Message-ID: <{id}@example.ua>\r\n{more}\r\nText.\r\n"
    );
    let mut lmtp = Lmtp::connect(server.lmtp()).await.expect("the listener is open");
    let reply = lmtp.send("olena@example.ua", "info@bank.example", &mail).await;
    assert!(reply.as_deref().is_some_and(|reply| reply.starts_with("250")), "{reply:?}");
}

async fn contact(client: &Client, server: &TestServer, id: &str) -> Value {
    let interaction = server.interaction_of(&format!("{id}@example.ua")).await;
    client.get(&format!("/api/v1/interactions/{interaction}")).await.expect(200).json()
}

fn if_match(client: &Client, version: &Value) -> Client {
    client.clone().with_header("if-match", version.as_str().expect("a version"))
}

#[tokio::test]
async fn rules_route_and_discard_what_comes_and_a_person_takes_it_back() {
    let server = TestServer::start_with(Outside::system(), |config| {
        config.channels.email.mailboxes = vec![mailbox("info@bank.example")];
    })
    .await;
    let admin = server.program("admin", Role::Administrator).await;
    let queues = json!({ "queue": [{ "name": "General" }, { "name": "Cards" }] });
    let queues = admin.put("/api/v1/routing", &queues).await.expect(200).json();
    let cards = &queues["queue"][1]["id"];
    deliver(&server, "before", "Win a prize", "").await;

    let ads = rule(
        "Advertising",
        &contains("subject", "prize"),
        &json!([{ "type": "discard", "reason": "Advertising" }]),
    );
    let trial = admin.post("/api/v1/rules/trial", &json!({ "rule": ads })).await.expect(200).json();
    assert_eq!(
        (&trial["looked_at"], &trial["met"], &trial["discarded"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(trial["mails"][0]["matched"][0]["name"], "Advertising");
    admin.post("/api/v1/rules", &ads).await.expect(201);
    let header = json!({ "type": "test", "field": "header", "header": "X-Topic",
        "operator": "equals", "values": ["card"] });
    let to_cards =
        json!([{ "type": "queue", "queue_id": cards }, { "type": "tag", "tag": "card" }]);
    admin.post("/api/v1/rules", &rule("Cards", &header, &to_cards)).await.expect(201);

    deliver(&server, "card", "My card", "X-Topic: Card\r\n").await;
    deliver(&server, "ad", "Win a PRIZE", "X-Topic: card\r\n").await;
    assert_eq!(contact(&admin, &server, "card").await["queue"]["name"], "Cards");
    let discarded = contact(&admin, &server, "ad").await;
    assert_eq!(discarded["state"], "closed");

    let home = server.interaction_of("card@example.ua").await;
    let path = format!("/api/v1/interactions/{home}");
    let rules = admin.get(&format!("{path}/rules")).await.expect(200).json();
    assert_eq!(rules["tags"], json!(["card"]));
    assert_eq!(rules["messages"][0]["matched"][0]["acts"][0]["effect"], "done");
    let why = admin.get(&format!("{path}/trace?language=en")).await.expect(200).text();
    assert!(why.contains("Rule 2 “Cards”: queue Cards; tag card."), "{why}");

    let list = admin.get("/api/v1/discarded").await.expect(200).json();
    let item = &list["items"][0];
    assert_eq!((&item["rule_number"], &item["reason"]), (&json!(1), &json!("Advertising")));
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
    let message = item["message_id"].as_str().expect("an id");
    let arrivals = format!("/api/v1/messages/{message}/arrivals");
    let arrivals = admin.get(&arrivals).await.expect(200).json();
    assert_eq!(arrivals["items"][0]["outcome"], "discarded_by_rule");
    assert_eq!(arrivals["items"][0]["rule_number"], 1);
    assert_eq!(places(&server).await, json!({ "discarded_by_rule": 1, "interaction": 2 }));

    let back = format!("/api/v1/discarded/{message}/restoration");
    admin.post(&back, &json!({})).await.expect(200);
    admin.post(&back, &json!({})).await.expect(404);
    assert_eq!(admin.get("/api/v1/discarded").await.expect(200).json()["items"], json!([]));
    assert_eq!(places(&server).await, json!({ "interaction": 3 }));
    let interaction = discarded["id"].as_str().expect("an id").parse().expect("an id");
    let app = server.app();
    let waits = app.dispatch.read(move |engine| engine.interaction(interaction).is_some()).await;
    assert!(waits.expect("the queue runs"), "it waits again");
    server.stop().await;
}

/// Where the ledger has all mails, as `rozmova reconcile mail` counts them; all must agree.
async fn places(server: &TestServer) -> Value {
    let app = server.app();
    let report = rozmova::ledger::reconcile::reconcile(&app.db, &app.media, true, Vec::new()).await;
    let report = report.expect("compared");
    assert!(report.agrees(), "{report:?}");
    json!(report.places)
}

each_server!(rules_are_checked_versioned_ordered_and_audited, |server| {
    let admin = server.program("admin", Role::Administrator).await;
    let agent = server.program("petro", Role::Agent).await;
    let supervisor = server.program("sofia", Role::Supervisor).await;
    let stop = |name: &str| rule(name, &contains("subject", "x"), &json!([{ "type": "stop" }]));
    agent.get("/api/v1/rules").await.expect(403);
    agent.get("/api/v1/discarded").await.expect(403);
    supervisor.post("/api/v1/rules", &stop("one")).await.expect(403);
    let gone = "01900000-0000-7000-8000-000000000001";
    let wrong = rule(
        " ",
        &json!({ "type": "test", "field": "subject", "operator": "matches", "values": ["("] }),
        &json!([{ "type": "queue", "queue_id": gone }]),
    );
    let refused = admin.post("/api/v1/rules", &wrong).await;
    let refused = refused.expect_refusal(422, "invalid_rule").json();
    let problems = refused["error"]["details"]["problems"].as_array().expect("problems").clone();
    let fields: Vec<&str> =
        problems.iter().filter_map(|problem| problem["field"].as_str()).collect();
    assert_eq!(fields, ["name", "condition.values", "acts.0.queue_id"]);

    let one = admin.post("/api/v1/rules", &stop("one")).await.expect(201).json();
    let two = admin.post("/api/v1/rules", &stop("two")).await.expect(201).json();
    let path = format!("/api/v1/rules/{}", one["id"].as_str().expect("an id"));
    let seen = if_match(&admin, &one["version"]);
    let changed = seen.put(&path, &stop("one, changed")).await.expect(200).json();
    seen.put(&path, &stop("too late")).await.expect_refusal(412, "changed_meanwhile");
    seen.delete(&path).await.expect_refusal(412, "changed_meanwhile");

    let all = supervisor.get("/api/v1/rules").await.expect(200).json();
    let order = if_match(&admin, &all["order_version"]);
    let turned = json!({ "ids": [two["id"], one["id"]] });
    let arranged = order.put("/api/v1/rules/order", &turned).await.expect(200).json();
    assert_eq!(arranged["rules"][0]["name"], "two");
    assert_eq!(arranged["rules"][1]["number"], 2);
    order.put("/api/v1/rules/order", &turned).await.expect_refusal(412, "changed_meanwhile");
    let half = json!({ "ids": [two["id"]] });
    admin.put("/api/v1/rules/order", &half).await.expect_refusal(422, "invalid");
    if_match(&admin, &changed["version"]).delete(&path).await.expect(204);
    admin.delete(&path).await.expect(404);
    let audit = admin.get("/api/v1/audit").await.expect(200).text();
    for act in ["rule.create", "rule.change", "rule.arrange", "rule.remove"] {
        assert!(audit.contains(act), "{act} is not in {audit}");
    }
});
