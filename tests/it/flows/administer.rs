//! The routing administered one thing at a time, while the centre runs.

use rozmova::auth::Role;
use serde_json::{Value, json};

use super::centre::{Centre, make_ready};
use crate::support::{Answer, Client, TestServer, each_server};

/// Id and version of the thing with this name.
async fn seen(client: &Client, kind: &str, name: &str) -> (String, String, Value) {
    let path = format!("/api/v1/routing/{kind}");
    let list = client.get(&path).await.expect(200).json();
    let list = list.as_array().expect("a list");
    let key =
        |entry: &&Value| ["name", "code", "login"].iter().any(|key| entry["item"][key] == name);
    let entry = list.iter().find(key).expect("there");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    (text(&entry["item"]["id"]), text(&entry["version"]), entry["item"].clone())
}

async fn remove(client: &Client, kind: &str, name: &str) -> Answer {
    let (id, ..) = seen(client, kind, name).await;
    client.delete(&format!("/api/v1/routing/{kind}/{id}")).await
}

each_server!(things_are_added_changed_and_removed_while_contacts_go_on, |server| {
    let ana = server.browser("ana", Role::Agent).await;
    let centre = Centre::open(server, &["ana"]).await;
    make_ready(&ana).await;
    centre.arrive(1).await;
    let offers = ana.get("/api/v1/agents/me/work").await.expect(200).json();
    let offer = offers["offers"][0]["id"].as_str().expect("an offer").to_owned();
    let admin = &centre.administrator;

    let skill = json!({ "name": "English" });
    let added = admin.post("/api/v1/routing/skills", &skill).await.expect(201).json();
    assert_eq!(added["changes"][0]["what"], "added");
    let twice = admin.post("/api/v1/routing/skills", &skill).await;
    let twice = twice.expect_refusal(422, "invalid_routing").json();
    assert_eq!(twice["error"]["field"], "name");

    let (id, version, mut queue) = seen(admin, "queues", "Cards").await;
    let path = format!("/api/v1/routing/queues/{id}");
    queue["name"] = json!("Cards and accounts");
    queue["needs"] = json!([{ "skill": "English", "level": 50 }]);
    let tried = admin.put(&format!("{path}?dry_run=true"), &queue).await.expect(200).json();
    let codes: Vec<&str> = tried["warnings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|w| w["code"].as_str())
        .collect();
    assert_eq!(codes, ["nobody_has_skills"]);
    assert_eq!(seen(admin, "queues", "Cards").await.1, version, "a trial changes nothing");
    let with_version = admin.clone().with_header("if-match", &format!("\"{version}\""));
    let changed = with_version.put(&path, &queue).await.expect(200).json();
    let names: Vec<String> = changed["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|change| {
            format!(
                "{} {}",
                change["kind"].as_str().unwrap_or(""),
                change["name"].as_str().unwrap_or("")
            )
        })
        .collect();
    assert_eq!(names, ["queue Cards and accounts", "agent ana"], "who serves it follows");
    with_version.put(&path, &queue).await.expect_refusal(412, "changed_meanwhile");

    // The offer made before lives on.
    ana.put(&format!("/api/v1/offers/{offer}/acceptance"), &json!({})).await.expect(200);
    let refused = remove(admin, "queues", "Cards and accounts").await;
    let refused = refused.expect_refusal(409, "in_use").json();
    let users: Vec<&str> = refused["error"]["details"]["used_by"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|found| found["name"].as_str())
        .collect();
    assert_eq!(users, ["ana", "#1"]);
    remove(admin, "skills", "English").await.expect_refusal(409, "in_use");

    let audit = admin.get("/api/v1/audit").await.expect(200).json();
    let change =
        audit["items"].as_array().expect("a list").iter().find(|row| row["act"] == "queue.change");
    let change = change.expect("audited");
    assert_eq!(change["actor"]["name"], "admin");
    let fields = change["details"]["changes"][0]["fields"].as_array().expect("a list");
    let name = fields.iter().find(|field| field["field"] == "name").expect("the name");
    assert_eq!((&name["before"], &name["after"]), (&json!("Cards"), &json!("Cards and accounts")));
});

#[tokio::test]
async fn a_pause_reason_is_not_removed_while_somebody_pauses_for_it() {
    let server = TestServer::start().await;
    let ana = server.browser("ana", Role::Agent).await;
    let centre = Centre::open(&server, &["ana"]).await;
    make_ready(&ana).await;
    let reason = &centre.routing["pause_reason"][0]["id"];
    let pause = json!({ "state": "paused", "reason_id": reason });
    ana.put("/api/v1/agents/me/presence", &pause).await.expect(200);
    let refused = remove(&centre.administrator, "pause-reasons", "Lunch").await;
    let refused = refused.expect_refusal(409, "in_use").json();
    assert_eq!(refused["error"]["details"]["used_by"][0]["name"], "ana");
    make_ready(&ana).await;
    remove(&centre.administrator, "pause-reasons", "Lunch").await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn a_circle_is_refused_and_what_strands_contacts_is_named() {
    let server = TestServer::start().await;
    let centre = Centre::open(&server, &[]).await;
    let admin = &centre.administrator;
    let over = |name: &str, to: &str| {
        json!({ "name": name, "overflow": [{
            "when": { "type": "waited", "after_ms": 1000 },
            "then": { "type": "queue", "queue": to },
        }] })
    };
    admin.post("/api/v1/routing/queues", &over("Loans", "Cards")).await.expect(201);
    let (id, _, mut cards) = seen(admin, "queues", "Cards").await;
    cards["overflow"] = over("", "Loans")["overflow"].clone();
    let refused = admin.put(&format!("/api/v1/routing/queues/{id}"), &cards).await;
    let refused = refused.expect_refusal(422, "invalid_routing").json();
    let problem = &refused["error"]["details"]["problems"][0];
    assert_eq!(problem["field"], "overflow");
    let message = problem["message"].as_str().expect("text");
    assert!(
        message.contains("Cards → Loans → Cards") || message.contains("Loans → Cards → Loans"),
        "{message}"
    );
    let warnings = admin.get("/api/v1/routing/warnings").await.expect(200).json();
    let told: Vec<&str> = warnings
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["message"].as_str())
        .collect();
    assert!(
        told.iter().any(|text| text.starts_with("queue \"Cards\": no agent serves it")),
        "{told:?}"
    );
    server.stop().await;
}

#[tokio::test]
async fn two_who_write_the_whole_document_do_not_overwrite_each_other() {
    let server = TestServer::start().await;
    let centre = Centre::open(&server, &[]).await;
    let admin = &centre.administrator;
    let read = admin.get("/api/v1/routing").await.expect(200);
    let seen = admin.clone().with_header("if-match", read.header("etag").expect("a version"));
    let mut document = read.json();
    document["queue"][0]["priority"] = json!(1);
    let written = seen.put("/api/v1/routing", &document).await.expect(200);
    document["queue"][0]["priority"] = json!(0);
    seen.put("/api/v1/routing", &document).await.expect_refusal(412, "changed_meanwhile");
    let now = admin.get("/api/v1/routing").await.expect(200);
    assert_eq!(now.json()["queue"][0]["priority"], 1, "the first change stands");
    assert_eq!(now.header("etag"), written.header("etag"), "the answer names the new version");
    server.stop().await;
}

#[tokio::test]
async fn an_open_desk_sees_its_new_queue_and_team_without_connecting_anew() {
    let server = TestServer::start().await;
    let ana = server.program("ana", Role::Agent).await;
    let bohdan = server.program("bohdan", Role::Agent).await;
    let centre = Centre::open(&server, &["bohdan"]).await;
    let mut desk = ana.live("").await;
    let agent = json!({ "login": "ana", "queues": [{ "queue": "Cards" }] });
    centre.administrator.post("/api/v1/routing/agents", &agent).await.expect(201);
    desk.until("routing.changed").await;
    let contact = centre.arrive(1).await.to_string();
    desk.find(|event| event["data"]["interaction"]["id"] == contact).await;
    make_ready(&bohdan).await;
    let colleague = |event: &Value| event["data"]["agent"]["name"] == "bohdan";
    desk.find(|event| event["type"] == "agent.changed" && colleague(event)).await;
    server.stop().await;
}

#[tokio::test]
async fn only_administrators_change_the_routing() {
    let server = TestServer::start().await;
    let centre = Centre::open(&server, &[]).await;
    let supervisor = server.program("vera", Role::Supervisor).await;
    supervisor.get("/api/v1/routing/queues").await.expect(200);
    let body = json!({ "name": "X" });
    supervisor.post("/api/v1/routing/skills", &body).await.expect_refusal(403, "forbidden");
    let own = centre.administrator.get("/api/v1/routing/skills").await.expect(200).json();
    assert_eq!(own, json!([]));
    server.stop().await;
}

#[tokio::test]
async fn a_calendar_is_read_into_holidays() {
    let server = TestServer::start().await;
    let centre = Centre::open(&server, &[]).await;
    let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:День Незалежності\r\n\
                DTSTART;VALUE=DATE:20260824\r\nDTEND;VALUE=DATE:20260825\r\nEND:VEVENT\r\n\
                END:VCALENDAR\r\n";
    let path = "/api/v1/routing/calendar-readings?first_year=2026";
    let read =
        centre.administrator.send("POST", path, Some("text/calendar"), text.as_bytes()).await;
    let read = read.expect(200).json();
    assert_eq!(read["exceptions"][0]["date"], "2026-08-24");
    assert_eq!(read["exceptions"][0]["name"], "День Незалежності");
    let wrong = centre.administrator.send("POST", path, Some("text/calendar"), b"hello").await;
    wrong.expect_refusal(422, "not_a_calendar");
    server.stop().await;
}

#[tokio::test]
async fn a_document_handed_over_takes_effect_and_a_wrong_one_does_not() {
    use rozmova::routing::import::{hand_over, outcome};
    let server = TestServer::start().await;
    let centre = Centre::open(&server, &[]).await;
    let app = server.app();
    let settled = async |text: &str| {
        let now = app.clock.now();
        let id = hand_over(&app.db, app.ids.as_ref(), text, now).await.expect("stored");
        for _ in 0..100 {
            let (state, problems) = outcome(&app.db, id).await.expect("a row");
            if state != "waiting" {
                return (state, problems.len());
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("nobody has taken it");
    };
    let good = "[[queue]]\nname = \"Loans\"";
    assert_eq!(settled(good).await, ("applied".to_owned(), 0));
    let queues = centre.administrator.get("/api/v1/routing/queues").await.expect(200).json();
    assert_eq!(queues[0]["item"]["name"], "Loans");
    let wrong = "[[queue]]\nname = \"Loans\"\nhours = \"never\"";
    assert_eq!(settled(wrong).await, ("refused".to_owned(), 1));
    server.stop().await;
}
