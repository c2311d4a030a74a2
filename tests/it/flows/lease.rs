//! A store belongs to one server at a time: the second is told, the dead one is followed, the one
//! that slept too long is not let in again.

use std::path::PathBuf;
use std::time::Duration;

use rozmova::app::{self, Outside, StartError};
use rozmova::bench::{ScratchServer, ServerOptions};
use rozmova::config::Config;
use tokio::process::Command;
use tokio::time::Instant;

use crate::support::{Lmtp, TestServer, each_server, postgres_server};

/// Less than what would be waited for a holder who is silent.
const AT_ONCE: Duration = Duration::from_secs(10);
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

async fn second_start(url: &str) -> Result<app::Running, StartError> {
    let mut config = Config::default();
    config.http.listen = ([127, 0, 0, 1], 0).into();
    url.clone_into(&mut config.store.url);
    config.media.url = std::env::temp_dir().join("rozmova-no-media").display().to_string();
    config.channels.email.smtp_listen = None;
    config.channels.email.lmtp_listen = None;
    app::start(config, Outside::system()).await
}

each_server!(a_second_server_on_the_same_store_is_refused_and_told_why, |server| {
    let refused = second_start(&server.store_url()).await.expect_err("in use");
    let text = refused.to_string();
    assert!(matches!(refused, StartError::Lease { .. }), "{text}");
    let process = format!("process {}", std::process::id());
    for part in [&process, "the store ", "stop that one first", "store.url"] {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
    server.anybody().get("/readyz").await.expect(200);
});

each_server!(after_an_orderly_stop_the_next_server_has_the_store_at_once, |server| {
    // The one under test goes on; this is about another store beside it.
    let first = TestServer::start().await;
    let began = Instant::now();
    let again = first.restart().await;
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    again.stop().await;
    server.anybody().get("/readyz").await.expect(200);
});

async fn process(name: &str, postgres: Option<String>) -> ScratchServer {
    let folder = std::env::temp_dir().join(format!("rozmova-lease-{}-{name}", std::process::id()));
    ScratchServer::start(&ServerOptions {
        program: Some(PathBuf::from(env!("CARGO_BIN_EXE_rozmova"))),
        folder,
        postgres,
        mailbox: "info@bank.example".to_owned(),
    })
    .await
    .expect("a server")
}

async fn signal(server: &ScratchServer, name: &str) {
    let pid = server.pid().expect("it runs").to_string();
    let sent = Command::new("kill").args([name, &pid]).status().await.expect("kill runs");
    assert!(sent.success());
}

fn mail(id: &str) -> String {
    format!(
        "From: <olena@example.ua>\r\nTo: info@bank.example\r\nSubject: Card\r\n\
         Message-ID: <{id}@example.ua>\r\n\r\nHello\r\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_followed_at_once_and_a_paused_one_writes_nothing_more() {
    let Some(url) = postgres_server() else { return };
    let mut server = process("paused", Some(url)).await;
    let began = Instant::now();
    server.kill_and_restart().await.expect("it comes back");
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());

    let mut line = Lmtp::connect(server.lmtp).await.expect("the listener is open");
    let from = "olena@example.ua";
    let reply = line.send(from, "info@bank.example", &mail("1")).await;
    assert!(reply.is_some_and(|reply| reply.starts_with("250")));
    signal(&server, "-STOP").await;
    let began = Instant::now();
    let next = second_start(&server.store_url).await.expect("the store is taken over");
    assert!(began.elapsed() > AT_ONCE, "a paused server is not dead: {:?}", began.elapsed());
    signal(&server, "-CONT").await;
    let reply = line.send(from, "info@bank.example", &mail("2")).await;
    assert!(
        reply.as_ref().is_none_or(|reply| reply.starts_with('4')),
        "acknowledged by a server that has lost its store: {reply:?}"
    );
    let code = tokio::time::timeout(PATIENCE, server.wait()).await.expect("it ends by itself");
    assert_eq!(code.expect("an end"), Some(1));
    let mut connection = next.app.db.read().await.expect("a connection");
    let text = "SELECT COUNT(*) FROM message WHERE direction = 'inbound'";
    let counted = rozmova::fetch_one!(&mut connection.sql(), (i64,), text).await;
    assert_eq!(counted.expect("counted"), (1,));
    drop(connection);
    next.stop().await;
}
