//! The first steps of an empty installation.

use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Sink, TestServer, each_server};

fn administrator(code: &str) -> Value {
    json!({
        "code": code, "login": "halyna", "name": "Halyna", "password": PASSWORD, "language": "uk",
    })
}

/// Adds the first administrator and gives her browser.
async fn set_up(server: &TestServer) -> Client {
    let code = server.app().setup.code().await.expect("nobody exists");
    let answer = server.anybody().post("/api/v1/setup/administrator", &administrator(&code)).await;
    let answer = answer.expect(201);
    assert_eq!(answer.json()["user"]["role"], "administrator");
    let cookie = answer.header("set-cookie").expect("a cookie");
    let pair = cookie.split(';').next().unwrap_or_default().to_owned();
    server.anybody().with_header("cookie", &pair)
}

each_server!(the_printed_code_lets_one_administrator_in_once, |server| {
    let path = "/api/v1/setup/administrator";
    let anybody = server.anybody();
    assert_eq!(anybody.get("/api/v1/setup").await.expect(200).json()["needed"], true);
    anybody.post(path, &administrator("guessed")).await.expect_refusal(403, "wrong_code");
    let code = server.app().setup.code().await.expect("nobody exists");
    // What is refused for another reason does not use the code up.
    let mut short = administrator(&code);
    short["password"] = json!("short");
    anybody.post(path, &short).await.expect_refusal(422, "invalid");

    let halyna = set_up(server).await;
    halyna.get("/api/v1/users").await.expect(200);
    assert_eq!(anybody.get("/api/v1/setup").await.expect(200).json()["needed"], false);
    anybody.post(path, &administrator(&code)).await.expect_refusal(403, "wrong_code");
    assert_eq!(server.app().setup.code().await, None);
});

each_server!(the_code_is_worth_nothing_once_somebody_exists, |server| {
    let code = server.app().setup.code().await.expect("nobody exists");
    // By the command line, while the server runs.
    server.add_user("olena", rozmova::auth::Role::Agent).await;
    assert_eq!(server.anybody().get("/api/v1/setup").await.expect(200).json()["needed"], false);
    let answer = server.anybody().post("/api/v1/setup/administrator", &administrator(&code)).await;
    answer.expect_refusal(409, "already_set_up");
});

#[tokio::test]
async fn the_first_mailbox_is_tried_kept_and_there_after_the_restart() {
    let server = TestServer::start().await;
    let halyna = set_up(&server).await;
    let sink = Sink::start(0).await;
    let login = |port: u16| {
        let host = "127.0.0.1";
        json!({ "host": host, "port": port, "tls": "none", "user": "", "password": "" })
    };
    let mailbox = json!({
        "address": "info@bank.example",
        "display_name": "Bank",
        "queue": "General",
        "imap": null,
        "relay": login(sink.address.port()),
    });
    let check = halyna.post("/api/v1/setup/mailbox-checks", &mailbox).await.expect(200).json();
    assert_eq!((&check["relay"]["ok"], &check["imap"]), (&json!(true), &Value::Null));
    let mut closed = mailbox.clone();
    closed["relay"] = login(1);
    let check = halyna.post("/api/v1/setup/mailbox-checks", &closed).await.expect(200).json();
    assert_eq!(check["relay"]["ok"], false);
    assert!(check["relay"]["detail"].as_str().expect("a text").contains("127.0.0.1:1"), "{check}");

    let path = "/api/v1/setup/settings";
    let mut wrong = mailbox.clone();
    wrong["address"] = json!("nowhere");
    let settings = |mailbox: &Value| json!({ "bank_name": "Bank Example", "mailbox": mailbox });
    halyna.put(path, &settings(&wrong)).await.expect_refusal(422, "invalid");
    halyna.put(path, &settings(&mailbox)).await.expect(204);
    server.app().setup.restart_asked().await;

    let server = server.restart().await;
    let halyna = server.reconnected(&halyna);
    let kept = halyna.get(path).await.expect(200).json();
    let expected = json!({
        "bank_name": "Bank Example", "mailbox": "info@bank.example", "changeable": true,
    });
    assert_eq!(kept, expected);
    let agent = server.browser("olena", rozmova::auth::Role::Agent).await;
    agent.get(path).await.expect_refusal(403, "forbidden");
    server.stop().await;
}

#[tokio::test]
async fn mailboxes_of_the_file_are_changed_in_the_file() {
    let settings = |config: &mut rozmova::config::Config| {
        config.channels.email.mailboxes = vec![crate::support::mailbox("info@bank.example")];
    };
    let server = TestServer::start_with(rozmova::app::Outside::system(), settings).await;
    let halyna = set_up(&server).await;
    let path = "/api/v1/setup/settings";
    assert_eq!(halyna.get(path).await.expect(200).json()["changeable"], false);
    let settings = json!({ "bank_name": "Other", "mailbox": null });
    halyna.put(path, &settings).await.expect_refusal(409, "set_by_file");
    server.stop().await;
}
