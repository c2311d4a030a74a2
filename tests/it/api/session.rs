//! Signing in, staying signed in, back-off.

use std::sync::Arc;

use rozmova::auth::Role;
use rozmova_base::Timestamp;
use rozmova_base::time::MockClock;
use serde_json::json;

use crate::support::{TestServer, each_server};

each_server!(a_browser_signs_in_works_and_signs_out, |server| {
    let browser = server.browser("olena", Role::Agent).await;
    let session = browser.get("/api/v1/session").await.expect(200).json();
    assert_eq!(session["user"]["login"], "olena");
    assert_eq!(session["rights"], json!(["work", "view_clients", "edit_clients"]));
    assert_eq!(session["agent"], true);
    let body = json!({ "language": "en", "theme": "dark", "shortcuts": { "accept": "a" } });
    browser.patch("/api/v1/session/preferences", &body).await.expect(200);
    let user = browser.get("/api/v1/session").await.expect(200).json()["user"].clone();
    assert_eq!((&user["language"], &user["theme"]), (&json!("en"), &json!("dark")));
    assert_eq!(user["shortcuts"]["accept"], "a");
    let answer = browser.delete("/api/v1/session").await.expect(204);
    assert!(answer.header("set-cookie").expect("a cookie").contains("Max-Age=0"));
    browser.get("/api/v1/session").await.expect_refusal(401, "not_signed_in");
});

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let server = TestServer::start().await;
    server.add_user("olena", Role::Agent).await;
    let body = json!({ "login": " Olena ", "password": crate::support::PASSWORD });
    let answer = server.anybody().post("/api/v1/session", &body).await.expect(201);
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    server.stop().await;
}

#[tokio::test]
async fn wrong_unknown_and_disabled_are_answered_alike() {
    let server = TestServer::start().await;
    server.add_user("olena", Role::Agent).await;
    let administrator = server.program("admin", Role::Administrator).await;
    let gone = server.add_user("gone", Role::Agent).await;
    let path = format!("/api/v1/users/{}", gone.id);
    administrator.patch(&path, &json!({ "disabled": true })).await.expect(200);
    let mut answers = Vec::new();
    for (login, password) in
        [("olena", "wrong password"), ("nobody", "x"), ("gone", crate::support::PASSWORD)]
    {
        let body = json!({ "login": login, "password": password });
        let answer = server.anybody().post("/api/v1/session", &body).await;
        answers.push(answer.expect_refusal(401, "wrong_login").body);
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    server.stop().await;
}

#[tokio::test]
async fn guessing_is_slowed_down_and_forgiven_after_the_wait() {
    let clock = Arc::new(MockClock::at(Timestamp::from_seconds(1_800_000_000)));
    let server = TestServer::with_clock(Arc::clone(&clock)).await;
    server.add_user("olena", Role::Agent).await;
    let wrong = json!({ "login": "olena", "password": "wrong password" });
    let right = json!({ "login": "olena", "password": crate::support::PASSWORD });
    let anybody = server.anybody();
    for _ in 0..5 {
        anybody.post("/api/v1/session", &wrong).await.expect_refusal(401, "wrong_login");
    }
    let refused = anybody.post("/api/v1/session", &right).await.expect_refusal(429, "too_many");
    assert_eq!(refused.header("retry-after"), Some("2"));
    clock.advance_millis(1_001);
    anybody.post("/api/v1/session", &right).await.expect(201);
    anybody.post("/api/v1/session", &wrong).await.expect_refusal(401, "wrong_login");
    server.stop().await;
}

#[tokio::test]
async fn many_guesses_at_once_do_not_slip_through() {
    let server = TestServer::start().await;
    server.add_user("olena", Role::Agent).await;
    let guesses = (0..20).map(|_| {
        let anybody = server.anybody();
        let wrong = json!({ "login": "olena", "password": "wrong password" });
        tokio::spawn(async move { anybody.post("/api/v1/session", &wrong).await.status })
    });
    let mut looked_at = 0;
    for guess in guesses.collect::<Vec<_>>() {
        looked_at += u32::from(guess.await.expect("an answer") == 401);
    }
    assert!(looked_at <= 7, "{looked_at} of 20 guesses were looked at");
    server.stop().await;
}

#[tokio::test]
async fn sessions_end_when_idle_and_in_any_case() {
    let clock = Arc::new(MockClock::at(Timestamp::from_seconds(1_800_000_000)));
    let server = TestServer::with_clock(Arc::clone(&clock)).await;
    let idle = server.browser("olena", Role::Agent).await;
    let busy = server.browser("taras", Role::Agent).await;
    let minute_ms = 60_000;
    for _ in 0..2 {
        clock.advance_millis(31 * minute_ms);
        busy.get("/api/v1/session").await.expect(200);
    }
    idle.get("/api/v1/session").await.expect_refusal(401, "not_signed_in");
    for _ in 0..21 {
        clock.advance_millis(31 * minute_ms);
        busy.get("/api/v1/session").await.expect(200);
    }
    clock.advance_millis(31 * minute_ms);
    busy.get("/api/v1/session").await.expect_refusal(401, "not_signed_in");
    server.stop().await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_of_the_person() {
    let server = TestServer::start().await;
    let desk = server.browser("olena", Role::Agent).await;
    let body = json!({ "login": "olena", "password": crate::support::PASSWORD });
    let answer = server.anybody().post("/api/v1/session", &body).await.expect(201);
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    let pair = cookie.split(';').next().unwrap_or_default();
    let elsewhere = server.anybody().with_header("cookie", pair);
    let body = json!({ "current": "wrong password", "new": "another horse battery" });
    desk.put("/api/v1/session/password", &body).await.expect_refusal(401, "wrong_login");
    let body = json!({ "current": crate::support::PASSWORD, "new": "short" });
    let refused = desk.put("/api/v1/session/password", &body).await.expect_refusal(422, "invalid");
    assert_eq!(refused.json()["error"]["field"], "new");
    let body = json!({ "current": crate::support::PASSWORD, "new": "another horse battery" });
    desk.put("/api/v1/session/password", &body).await.expect(204);
    desk.get("/api/v1/session").await.expect(200);
    elsewhere.get("/api/v1/session").await.expect_refusal(401, "not_signed_in");
    server.stop().await;
}
