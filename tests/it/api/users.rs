//! People, rights, tokens.

use rozmova::auth::Role;
use serde_json::{Value, json};

use crate::support::{TestServer, each_server};

each_server!(an_administrator_adds_changes_and_disables_people, |server| {
    let administrator = server.program("admin", Role::Administrator).await;
    let body = json!({ "login": "Olena", "name": "Олена Коваль", "role": "agent" });
    let created = administrator.post("/api/v1/users", &body).await.expect(201).json();
    assert_eq!((&created["login"], &created["role"]), (&json!("olena"), &json!("agent")));
    let password = created["password"].as_str().expect("a made-up password");
    let sign_in = json!({ "login": "olena", "password": password });
    server.anybody().post("/api/v1/session", &sign_in).await.expect(201);
    administrator.post("/api/v1/users", &body).await.expect_refusal(409, "login_taken");
    let path = format!("/api/v1/users/{}", created["id"].as_str().expect("an id"));
    let changed = administrator.patch(&path, &json!({ "role": "supervisor" })).await.expect(200);
    assert_eq!(changed.json()["role"], "supervisor");
    administrator.patch(&path, &json!({ "disabled": true })).await.expect(200);
    assert!(administrator.get(&path).await.expect(200).json()["disabled_at"].is_i64());
    server.anybody().post("/api/v1/session", &sign_in).await.expect_refusal(401, "wrong_login");
});

each_server!(pages_of_people_join_without_gap, |server| {
    let administrator = server.program("admin", Role::Administrator).await;
    for number in 0..4 {
        server.add_user(&format!("agent{number}"), Role::Agent).await;
    }
    let mut logins: Vec<Value> = Vec::new();
    let mut path = "/api/v1/users?limit=2".to_owned();
    loop {
        let page = administrator.get(&path).await.expect(200).json();
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 2);
        logins.extend(items.iter().map(|user| user["login"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/users?limit=2&cursor={next}");
    }
    assert_eq!(logins, ["admin", "agent0", "agent1", "agent2", "agent3"]);
    administrator.get("/api/v1/users?cursor=x").await.expect_refusal(422, "invalid");
    administrator.get("/api/v1/users?limit=many").await.expect_refusal(422, "invalid");
});

#[tokio::test]
async fn every_role_is_refused_by_the_name_of_the_right_it_lacks() {
    let server = TestServer::start().await;
    for role in [Role::Agent, Role::Supervisor, Role::Analyst] {
        let program = server.program(role.as_str(), role).await;
        for (path, right) in [("/api/v1/users", "manage_users"), ("/api/v1/audit", "view_audit")] {
            let refused = program.get(path).await.expect_refusal(403, "forbidden").json();
            assert_eq!(refused["error"]["details"]["right"], right, "{role} {path}");
            let message = refused["error"]["message"].as_str().expect("a message");
            assert!(message.contains(right) && message.contains(role.as_str()), "{message}");
        }
    }
    server.anybody().get("/api/v1/users").await.expect_refusal(401, "not_signed_in");
    server.stop().await;
}

#[tokio::test]
async fn nobody_locks_everybody_out() {
    let server = TestServer::start().await;
    let administrator = server.browser("admin", Role::Administrator).await;
    let session = administrator.get("/api/v1/session").await.expect(200).json();
    let path = format!("/api/v1/users/{}", session["user"]["id"].as_str().expect("an id"));
    for body in [json!({ "disabled": true }), json!({ "role": "agent" })] {
        administrator.patch(&path, &body).await.expect_refusal(409, "own_account");
    }
    let another = server.program("other", Role::Administrator).await;
    another.patch(&path, &json!({ "role": "agent" })).await.expect(200);
    administrator.get("/api/v1/session").await.expect_refusal(401, "not_signed_in");
    server.stop().await;
}

each_server!(a_token_acts_until_it_is_revoked_or_over, |server| {
    let administrator = server.program("admin", Role::Administrator).await;
    let robot = server.add_user("robot", Role::Agent).await;
    let path = format!("/api/v1/users/{}/tokens", robot.id);
    let created = administrator.post(&path, &json!({ "name": "demo" })).await.expect(201).json();
    let secret = created["token"].as_str().expect("a secret");
    assert!(secret.starts_with("rzm_"));
    let program = server.anybody().with_header("authorization", &format!("Bearer {secret}"));
    assert_eq!(program.get("/api/v1/session").await.expect(200).json()["user"]["login"], "robot");
    let tokens = program.get(&path).await.expect(200).json();
    assert_eq!(tokens["items"][0]["name"], "demo");
    assert!(tokens["items"][0]["used_at"].is_i64());
    assert!(!tokens.to_string().contains(secret));
    let revoke = format!("/api/v1/tokens/{}", created["id"].as_str().expect("an id"));
    administrator.delete(&revoke).await.expect(204);
    program.get("/api/v1/session").await.expect_refusal(401, "not_signed_in");
    let body = json!({ "name": "over", "expires_at": 1_000 });
    let over = administrator.post(&path, &body).await.expect(201).json();
    let bearer = format!("Bearer {}", over["token"].as_str().expect("a secret"));
    let program = server.anybody().with_header("authorization", &bearer);
    program.get("/api/v1/session").await.expect_refusal(401, "not_signed_in");
});
