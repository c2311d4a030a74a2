use rozmova::auth::Role;
use serde_json::json;

use super::centre::{Centre, make_ready};
use crate::support::{TestServer, each_server};

each_server!(a_contact_from_arrival_to_its_result, |server| {
    let ana = server.program("ana", Role::Agent).await;
    let boss = server.program("boss", Role::Supervisor).await;
    let centre = Centre::open(server, &["ana"]).await;
    make_ready(&ana).await;
    let mut desk = ana.live("").await;
    let id = centre.arrive(1).await;

    let offer = desk.until("offer.created").await["offer"].clone();
    assert_eq!(offer["interaction"]["number"], 1);
    assert_eq!(offer["interaction"]["queue"]["name"], "Cards");
    let work = ana.get("/api/v1/agents/me/work").await.expect(200).json();
    assert_eq!(work["offers"][0]["id"], offer["id"]);
    let path = format!("/api/v1/offers/{}/acceptance", offer["id"].as_str().expect("an id"));
    let accepted = ana.put(&path, &json!({})).await.expect(200).json();
    assert_eq!((&accepted["state"], &accepted["agent"]["name"]), (&json!("active"), &json!("ana")));
    ana.put(&path, &json!({})).await.expect_refusal(409, "offer_ended");
    assert_eq!(desk.until("offer.ended").await["outcome"], "accepted");

    let path = format!("/api/v1/interactions/{id}");
    let wrap_up = ana.put(&format!("{path}/wrap-up"), &json!({})).await.expect(200).json();
    assert_eq!(wrap_up["state"], "wrap_up");
    let result = |index| json!({ "disposition_id": centre.disposition(index), "note": "" });
    let no_result = ana.put(&format!("{path}/disposition"), &json!({})).await;
    no_result.expect_refusal(409, "disposition_required");
    let no_note = ana.put(&format!("{path}/disposition"), &result(1)).await.expect(422).json();
    assert_eq!(no_note["error"]["field"], "note");
    let closed = ana.put(&format!("{path}/disposition"), &result(0)).await.expect(200).json();
    assert_eq!(
        (&closed["state"], &closed["disposition"]["name"]),
        (&json!("closed"), &json!("Done"))
    );
    desk.find(|event| event["data"]["interaction"]["state"] == "closed").await;

    let wall = boss.get("/api/v1/wallboard").await.expect(200).json();
    assert_eq!(wall["queues"][0]["answered_today"], 1);
    assert_eq!(wall["totals"]["service_level_percent"], 100.0);
    assert_eq!(wall["agents"][0]["handled_today"], 1);
    let trace = ana.get(&format!("{path}/trace")).await.expect(200).json();
    assert_eq!(trace[0]["chosen"]["name"], "ana");
    let events = ana.get(&format!("{path}/events")).await.expect(200).json();
    let kinds: Vec<&str> =
        events.as_array().expect("a list").iter().filter_map(|e| e["type"].as_str()).collect();
    assert_eq!(kinds.first(), Some(&"received"));
    assert_eq!(kinds.last(), Some(&"closed"));
});

#[tokio::test]
async fn one_offer_is_one_agents() {
    let server = TestServer::start().await;
    let ana = server.program("ana", Role::Agent).await;
    let bohdan = server.program("bohdan", Role::Agent).await;
    let centre = Centre::open(&server, &["ana", "bohdan"]).await;
    make_ready(&ana).await;
    make_ready(&bohdan).await;
    centre.arrive(1).await;
    let mut offers = Vec::new();
    for agent in [&ana, &bohdan] {
        let work = agent.get("/api/v1/agents/me/work").await.expect(200).json();
        offers.extend(work["offers"].as_array().expect("a list").iter().cloned());
    }
    assert_eq!(offers.len(), 1, "offered to one of them");
    let path = format!("/api/v1/offers/{}/acceptance", offers[0]["id"].as_str().expect("an id"));
    let body = json!({});
    let (first, second, third) =
        tokio::join!(ana.put(&path, &body), bohdan.put(&path, &body), ana.put(&path, &body));
    let mut statuses = [first.status, second.status, third.status];
    statuses.sort_unstable();
    // Whoever is not asked does not see the offer; whoever is asked gets it once.
    assert!(statuses == [200, 404, 409] || statuses == [200, 404, 404], "{statuses:?}");
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_in_ones_hands_is_refused() {
    let server = TestServer::start().await;
    let ana = server.program("ana", Role::Agent).await;
    let centre = Centre::open(&server, &["ana"]).await;
    let id = centre.arrive(1).await;
    let path = format!("/api/v1/interactions/{id}");
    let hold = json!({ "state": "held" });
    ana.put(&format!("{path}/state"), &hold).await.expect_refusal(409, "not_yours");
    let priority = json!({ "priority": 3, "reason": "a minister" });
    ana.put(&format!("{path}/priority"), &priority).await.expect_refusal(403, "forbidden");
    ana.put(&format!("{path}/assignment"), &json!({}))
        .await
        .expect_refusal(409, "pull_not_allowed");
    server.stop().await;
}

#[tokio::test]
async fn a_supervisor_steps_in_with_a_reason() {
    let server = TestServer::start().await;
    let ana = server.program("ana", Role::Agent).await;
    let boss = server.program("boss", Role::Supervisor).await;
    let centre = Centre::open(&server, &["ana"]).await;
    let id = centre.arrive(1).await;
    let path = format!("/api/v1/interactions/{id}");
    let priority = json!({ "priority": 3, "reason": "" });
    boss.put(&format!("{path}/priority"), &priority).await.expect_refusal(409, "reason_needed");
    let priority = json!({ "priority": 3, "reason": "a minister" });
    let raised = boss.put(&format!("{path}/priority"), &priority).await.expect(200).json();
    assert_eq!(raised["priority"], 3);
    let queue = format!("/api/v1/interactions?order=queue&queue_id={}", centre.queue);
    let waiting = boss.get(&queue).await.expect(200).json();
    assert_eq!(waiting["items"][0]["id"], json!(id));
    make_ready(&ana).await;
    let paused = json!({ "state": "offline", "reason": "gone home" });
    let me = ana.get("/api/v1/agents/me").await.expect(200).json();
    let presence = format!("/api/v1/agents/{}/presence", me["id"].as_str().expect("an id"));
    let gone = boss.put(&presence, &paused).await.expect(200).json();
    assert_eq!(gone["state"], "offline");
    let closed =
        boss.post(&format!("{path}/closure"), &json!({ "reason": "spam" })).await.expect(200);
    assert_eq!(closed.json()["state"], "closed");
    let audit = centre.administrator.get("/api/v1/audit").await.expect(200).json();
    let acts: Vec<&str> = audit["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["act"].as_str())
        .collect();
    assert!(acts.contains(&"interaction.close") && acts.contains(&"routing.write"), "{acts:?}");
    server.stop().await;
}
