//! What every request meets: envelope, cross-site defence, limits, headers, the desk's files.

use rozmova::auth::Role;
use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn requests_that_another_site_made_the_browser_send_are_refused() {
    let server = TestServer::start().await;
    let browser = server.browser("olena", Role::Agent).await;
    let body = json!({ "language": "en" });
    let path = "/api/v1/session/preferences";
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        let lured = browser.clone().with_header(name, value);
        lured.patch(path, &body).await.expect_refusal(403, "cross_site");
        lured.delete("/api/v1/session").await.expect_refusal(403, "cross_site");
        lured.get("/api/v1/session").await.expect(200);
    }
    let own = browser.clone().with_header("sec-fetch-site", "same-origin");
    own.patch(path, &body).await.expect(200);
    let evil = server.anybody().with_header("origin", "https://evil.example");
    let sign_in = json!({ "login": "olena", "password": crate::support::PASSWORD });
    evil.post("/api/v1/session", &sign_in).await.expect_refusal(403, "cross_site");
    server.stop().await;
}

#[tokio::test]
async fn every_refusal_has_the_same_envelope() {
    let server = TestServer::start().await;
    let administrator = server.program("admin", Role::Administrator).await;
    administrator.get("/api/v1/nothing").await.expect_refusal(404, "no_such_resource");
    administrator.put("/api/v1/users", &json!({})).await.expect_refusal(405, "method_not_allowed");
    administrator.get("/api/v1/users/x").await.expect_refusal(404, "not_found");
    let missing = "/api/v1/users/00000000-0000-7000-8000-000000000000";
    administrator.get(missing).await.expect_refusal(404, "not_found");
    let json = Some("application/json");
    administrator.send("POST", "/api/v1/users", json, b"{").await.expect_refusal(400, "bad_json");
    let text = Some("text/plain");
    administrator.send("POST", "/api/v1/users", text, b"{}").await.expect_refusal(415, "not_json");
    let body = json!({ "login": "x y", "name": "X", "role": "agent" });
    let refused = administrator.post("/api/v1/users", &body).await.expect_refusal(422, "invalid");
    assert_eq!(refused.json()["error"]["field"], "login");
    let body = json!({ "login": "olena", "name": "X", "role": "king" });
    let refused = administrator.post("/api/v1/users", &body).await.expect_refusal(422, "invalid");
    assert_eq!(refused.json()["error"]["field"], "role");
    server.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let server = TestServer::start().await;
    let administrator = server.program("admin", Role::Administrator).await;
    let body = json!({ "login": "x".repeat(1024 * 1024), "name": "X", "role": "agent" });
    administrator.post("/api/v1/users", &body).await.expect_refusal(413, "too_large");
    server.stop().await;
}

#[tokio::test]
async fn pages_may_load_nothing_from_elsewhere_and_are_framed_by_nobody() {
    let server = TestServer::start().await;
    let answer = server.anybody().get("/healthz").await.expect(200);
    let policy = answer.header("content-security-policy").expect("a policy");
    for part in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    server.stop().await;
}

#[tokio::test]
#[cfg(not(feature = "embed-web"))]
async fn the_desk_is_served_with_its_pages_and_kept_files() {
    let server = TestServer::start().await;
    let anybody = server.anybody();
    anybody.get("/").await.expect(404);
    let web = server.folder().join("web");
    std::fs::create_dir_all(web.join("assets")).expect("a folder");
    std::fs::write(web.join("index.html"), "<!doctype html>desk").expect("a file");
    std::fs::write(web.join("assets/app-1a2b.js"), "1").expect("a file");
    std::fs::write(server.folder().join("secret.txt"), "secret").expect("a file");
    for page in ["/", "/wallboard", "/interactions/1"] {
        let answer = anybody.get(page).await.expect(200);
        assert_eq!(answer.body, b"<!doctype html>desk", "{page}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
    }
    let script = anybody.get("/assets/app-1a2b.js").await.expect(200);
    assert_eq!(script.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert!(script.header("content-type").is_some_and(|media| media.contains("javascript")));
    anybody.get("/assets/app-gone.js").await.expect_refusal(404, "not_found");
    for path in ["/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt"] {
        let answer = anybody.get(path).await;
        assert_ne!(answer.status, 200, "{path}");
    }
    server.stop().await;
}
