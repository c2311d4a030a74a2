//! The trail of privileged acts.

use rozmova::auth::Role;
use serde_json::json;

use crate::support::each_server;

each_server!(every_privileged_act_leaves_a_line_without_secrets, |server| {
    let administrator = server.browser("admin", Role::Administrator).await;
    let body = json!({
        "login": "olena", "name": "Olena", "role": "agent", "password": "correct horse battery"
    });
    let olena = administrator.post("/api/v1/users", &body).await.expect(201).json();
    let id = olena["id"].as_str().expect("an id");
    let change = json!({ "role": "supervisor", "password": "another horse battery" });
    administrator.patch(&format!("/api/v1/users/{id}"), &change).await.expect(200);
    let path = format!("/api/v1/users/{id}/tokens");
    let token = administrator.post(&path, &json!({ "name": "demo" })).await.expect(201).json();
    let revoke = format!("/api/v1/tokens/{}", token["id"].as_str().expect("an id"));
    administrator.delete(&revoke).await.expect(204);
    let trail = administrator.get("/api/v1/audit").await.expect(200).json();
    let lines = trail["items"].as_array().expect("lines");
    let acts: Vec<&str> =
        lines.iter().filter(|line| line["subject"]["id"] == id).map(act).collect();
    assert_eq!(acts, ["token.revoke", "token.create", "user.change", "user.create"]);
    assert_eq!(lines[0]["actor"]["name"], "admin");
    assert_eq!(lines[0]["peer"], "127.0.0.1");
    let text = trail.to_string();
    for secret in ["horse", "rzm_", "argon2"] {
        assert!(!text.contains(secret), "the trail shows {secret}");
    }
});

fn act(line: &serde_json::Value) -> &str {
    line["act"].as_str().unwrap_or_default()
}
