use rozmova::auth::Role;
use serde_json::json;

use super::centre::Centre;
use crate::support::{TestServer, each_server};

each_server!(what_is_written_is_read_and_can_be_written_again, |server| {
    server.add_user("ana", Role::Agent).await;
    let centre = Centre::open(server, &["ana"]).await;
    let toml = centre.administrator.clone().with_header("accept", "application/toml");
    let text = toml.get("/api/v1/routing").await.expect(200).body;
    let media_type = Some("application/toml");
    let again = toml.send("PUT", "/api/v1/routing", media_type, &text).await.expect(200);
    assert_eq!(String::from_utf8_lossy(&again.body), String::from_utf8_lossy(&text));
    let json = centre.administrator.get("/api/v1/routing").await.expect(200).json();
    assert_eq!(json, centre.routing);
});

#[tokio::test]
async fn all_mistakes_are_named_and_nothing_is_changed() {
    let server = TestServer::start().await;
    let centre = Centre::open(&server, &[]).await;
    let wrong = json!({
        "queue": [
            { "name": "Cards", "hours": "never", "needs": [{ "skill": "magic", "level": 1 }] },
            { "name": "Cards" },
        ],
        "agent": [{ "login": "nobody" }],
    });
    let refused = centre.administrator.put("/api/v1/routing", &wrong).await;
    let refused = refused.expect_refusal(422, "invalid_routing").json();
    let problems = refused["error"]["details"]["problems"].as_array().expect("a list").clone();
    let places: Vec<&str> = problems.iter().filter_map(|problem| problem["at"].as_str()).collect();
    assert_eq!(
        places,
        [
            "queue \"Cards\"",
            "queue \"Cards\": needs",
            "queue \"Cards\": hours",
            "agent \"nobody\": login",
        ]
    );
    let kept = centre.administrator.get("/api/v1/routing").await.expect(200).json();
    assert_eq!(kept, centre.routing);
    server.stop().await;
}

#[tokio::test]
async fn a_queue_with_contacts_cannot_be_taken_away() {
    let server = TestServer::start().await;
    let centre = Centre::open(&server, &[]).await;
    centre.arrive(1).await;
    let empty = json!({ "queue": [{ "name": "Loans" }] });
    let refused = centre.administrator.put("/api/v1/routing", &empty).await;
    refused.expect_refusal(422, "invalid_routing");
    let queues = centre.administrator.get("/api/v1/queues").await.expect(200).json();
    assert_eq!(queues[0]["waiting"], 1);
    server.stop().await;
}
