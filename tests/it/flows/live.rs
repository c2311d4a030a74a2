use std::time::Duration;

use rozmova::auth::Role;
use serde_json::json;

use super::centre::{Centre, make_ready};
use crate::support::{Client, Live, PASSWORD, TestServer};

#[tokio::test]
async fn a_desk_that_comes_back_misses_and_doubles_nothing() {
    let server = TestServer::start().await;
    let boss = server.program("boss", Role::Supervisor).await;
    let centre = Centre::open(&server, &[]).await;
    let mut desk = boss.live("").await;
    let mut seen = Vec::new();
    for number in 1..=30 {
        centre.arrive(number).await;
        if number % 10 == 0 {
            // The line breaks, something happens, the line is back.
            let resume = desk.resume();
            drop(desk);
            desk = boss.live(&resume).await;
            assert_eq!(desk.hello["resumed"], true);
        }
        while seen.len() < usize::try_from(number - 2).unwrap_or(0) {
            let told = desk.until("interaction.changed").await;
            seen.push(told["interaction"]["number"].as_i64().expect("a number"));
        }
    }
    while seen.len() < 30 {
        let told = desk.until("interaction.changed").await;
        seen.push(told["interaction"]["number"].as_i64().expect("a number"));
    }
    assert_eq!(seen, (1..=30).collect::<Vec<i64>>());
    let other = boss.live("?epoch=other&after=3").await;
    assert_eq!(other.hello["resumed"], false);
    server.stop().await;
}

#[tokio::test]
async fn agents_see_their_queues_and_nobody_elses() {
    let server = TestServer::start().await;
    let ana = server.program("ana", Role::Agent).await;
    let stranger = server.program("stranger", Role::Agent).await;
    let centre = Centre::open(&server, &["ana"]).await;
    let mut hers = ana.live("").await;
    let mut his = stranger.live("").await;
    centre.arrive(1).await;
    assert_eq!(hers.until("interaction.changed").await["interaction"]["number"], 1);
    // The next thing that everybody sees: nothing else was for the stranger.
    centre.administrator.put("/api/v1/routing", &centre.routing).await.expect(200);
    assert_eq!(his.event().await["type"], "routing.changed");
    server.stop().await;
}

#[tokio::test]
async fn a_lost_desk_is_told_to_the_queue() {
    let server = TestServer::start().await;
    let ana = server.program("ana", Role::Agent).await;
    let boss = server.program("boss", Role::Supervisor).await;
    let _centre = Centre::open(&server, &["ana"]).await;
    let mut watch = boss.live("").await;
    make_ready(&ana).await;
    let desk = ana.live("").await;
    let second = ana.live("").await;
    drop(desk);
    drop(second);
    let connected = |expected: bool| {
        move |event: &serde_json::Value| {
            event["type"] == "agent.changed" && event["data"]["agent"]["connected"] == expected
        }
    };
    watch.find(connected(false)).await;
    let _back = ana.live("").await;
    watch.find(connected(true)).await;
    server.stop().await;
}

#[tokio::test]
async fn the_stream_is_closed_to_strangers_and_other_sites() {
    let server = TestServer::start().await;
    let upgrade = |client: crate::support::Client| {
        client
            .with_header("upgrade", "websocket")
            .with_header("sec-websocket-version", "13")
            .with_header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    let nobody = upgrade(server.anybody()).get("/api/v1/live").await;
    nobody.expect_refusal(401, "not_signed_in");
    let browser = server.browser("ana", Role::Agent).await;
    let evil = upgrade(browser).with_header("origin", "https://evil.example");
    evil.get("/api/v1/live").await.expect_refusal(403, "cross_site");
    server.stop().await;
}

#[tokio::test]
async fn a_pause_needs_a_reason() {
    let server = TestServer::start().await;
    let ana = server.program("ana", Role::Agent).await;
    let centre = Centre::open(&server, &["ana"]).await;
    make_ready(&ana).await;
    let path = "/api/v1/agents/me/presence";
    let refused = ana.put(path, &json!({ "state": "paused" })).await.expect(422).json();
    assert_eq!(refused["error"]["field"], "reason_id");
    let reasons = ana.get("/api/v1/pause-reasons").await.expect(200).json();
    let pause = json!({ "state": "paused", "reason_id": reasons[0]["id"] });
    let paused = ana.put(path, &pause).await.expect(200).json();
    assert_eq!(paused["reason"]["name"], "Lunch");
    let nobody = centre.administrator.get("/api/v1/agents/me").await;
    nobody.expect_refusal(403, "forbidden");
    server.stop().await;
}

/// Less than the time between two looks at whether somebody is still signed in.
const AT_ONCE: Duration = Duration::from_secs(8);

async fn sign_in(server: &TestServer, login: &str) -> Client {
    let body = json!({ "login": login, "password": PASSWORD });
    let answer = server.anybody().post("/api/v1/session", &body).await.expect(201);
    let cookie = answer.header("set-cookie").expect("a cookie");
    let pair = cookie.split(';').next().unwrap_or_default().to_owned();
    server.anybody().with_header("cookie", &pair)
}

async fn ends_at_once(mut desk: Live) {
    let ended = tokio::time::timeout(AT_ONCE, desk.until("session.ended")).await;
    assert_eq!(ended.expect("at once")["reason"], "signed_out");
    tokio::time::timeout(AT_ONCE, desk.closed()).await.expect("closed");
}

#[tokio::test]
async fn a_session_that_ends_takes_its_live_streams_with_it_and_no_others() {
    let server = TestServer::start().await;
    let admin = server.program("admin", Role::Administrator).await;
    let ana = server.add_user("ana", Role::Agent).await;
    let (first, second) = (sign_in(&server, "ana").await, sign_in(&server, "ana").await);
    let desk = first.live("").await;
    let mut other = second.live("").await;
    first.delete("/api/v1/session").await.expect(204);
    ends_at_once(desk).await;
    admin.put("/api/v1/routing", &json!({ "queue": [{ "name": "A" }] })).await.expect(200);
    other.until("routing.changed").await;

    // A new password ends the other sessions and keeps this one.
    let third = sign_in(&server, "ana").await;
    let elsewhere = third.live("").await;
    let body = json!({ "current": PASSWORD, "new": "another battery staple" });
    second.put("/api/v1/session/password", &body).await.expect(204);
    ends_at_once(elsewhere).await;
    admin.put("/api/v1/routing", &json!({ "queue": [{ "name": "B" }] })).await.expect(200);
    other.until("routing.changed").await;

    // So does being locked out.
    let path = format!("/api/v1/users/{}", ana.id);
    admin.patch(&path, &json!({ "disabled": true })).await.expect(200);
    ends_at_once(other).await;
    server.stop().await;
}

#[tokio::test]
async fn another_role_makes_a_desk_connect_again() {
    let server = TestServer::start().await;
    let admin = server.program("admin", Role::Administrator).await;
    let program = server.program("ivan", Role::Supervisor).await;
    let mut desk = program.live("").await;
    let users = admin.get("/api/v1/users").await.expect(200).json();
    let items = users["items"].as_array().expect("a list");
    let ivan = items.iter().find(|user| user["login"] == "ivan").expect("ivan")["id"].clone();
    let path = format!("/api/v1/users/{}", ivan.as_str().expect("an id"));
    admin.patch(&path, &json!({ "role": "agent" })).await.expect(200);
    tokio::time::timeout(AT_ONCE, desk.closed()).await.expect("closed, so that it asks anew");
    let tokens = admin.get(&format!("{path}/tokens")).await.expect(200).json();
    let token = tokens["items"][0]["id"].as_str().expect("an id").to_owned();
    let desk = program.live("").await;
    admin.delete(&format!("/api/v1/tokens/{token}")).await.expect(204);
    ends_at_once(desk).await;
    server.stop().await;
}
