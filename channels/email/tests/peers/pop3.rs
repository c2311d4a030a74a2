//! Fetching over POP3: from Dovecot, and from a server of our own that does what Dovecot never
//! does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use channel_contract::HealthState;
use channel_email::config::{EmailConfig, Pop3Config, Secret, TlsMode};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::dovecot::{Dovecot, PASSWORD, USER};
use crate::support::{Running, config, run, wait_until};

fn watching(pop3: Pop3Config) -> EmailConfig {
    EmailConfig { smtp_listen: None, lmtp_listen: None, pop3: vec![pop3], ..config() }
}

fn pop3_config(port: u16) -> Pop3Config {
    Pop3Config {
        name: "info".to_owned(),
        host: "localhost".to_owned(),
        port,
        tls: TlsMode::None,
        user: USER.to_owned(),
        password: Secret(PASSWORD.to_owned()),
        poll_seconds: 1,
        ..Pop3Config::default()
    }
}

fn state(running: &Running) -> Option<HealthState> {
    running.host.health.lock().unwrap().get("pop3:info").map(|health| health.state)
}

fn mail(number: u32) -> Vec<u8> {
    format!(
        "From: Olena <olena@shop.example>\r\nTo: info@bank.example\r\nSubject: {number}\r\n\
         Message-ID: <{number}@shop.example>\r\n\r\n.dot\r\n..dots\r\ntext {number}\r\n"
    )
    .into_bytes()
}

/// `None`: this machine's Dovecot has no POP3, and the test checks nothing.
#[expect(clippy::print_stderr, reason = "says why a test checked nothing")]
async fn dovecot() -> Option<(Dovecot, u16)> {
    let dovecot = Dovecot::start().await;
    let Some(port) = dovecot.pop3_port else {
        eprintln!("skipped: install the Debian package dovecot-pop3d");
        return None;
    };
    // The first delivery makes the mailbox.
    let lmtp = dovecot.lmtp_port.to_string();
    let to = format!("{USER}@bank.example");
    let mut arguments = vec!["--protocol", "LMTP", "--server", "127.0.0.1", "--port", &lmtp];
    arguments.extend(["--to", &to, "--from", "olena@shop.example", "--body", "the first"]);
    assert!(run("swaks", "swaks", &arguments).await.status.success());
    Some((dovecot, port))
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_fetched_once_and_stay_or_go_as_configured() {
    let Some((dovecot, port)) = dovecot().await else { return };
    let kept = Pop3Config {
        tls: TlsMode::Starttls,
        ca_file: Some(dovecot.certificate.clone()),
        ..pop3_config(port)
    };
    let running = Running::start(watching(kept)).await;
    running.host.wait_for(1).await;
    dovecot.put(&mail(1));
    let messages = running.host.wait_for(2).await;
    assert_eq!(messages[1].raw.as_ref(), mail(1), "every byte, dots and all");
    assert!(!messages[1].origin.place.is_empty());
    wait_until("the mailbox to be up", || state(&running) == Some(HealthState::Up)).await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(running.host.messages().len(), 2, "two more looks brought nothing twice");
    let host = Arc::clone(&running.host);
    running.stop().await;
    let there = || dovecot.files("new").len() + dovecot.files("cur").len();
    assert_eq!(there(), 2);
    // A broken store deletes nothing; a sound one deletes after it has stored.
    host.broken.store(true, Ordering::SeqCst);
    dovecot.put(&mail(2));
    let gone = Pop3Config { delete: true, ..pop3_config(port) };
    let running = Running::start_with(watching(gone), host).await;
    wait_until("the fault", || {
        matches!(state(&running), Some(HealthState::Degraded | HealthState::Down))
    })
    .await;
    assert!(there() >= 1);
    running.host.broken.store(false, Ordering::SeqCst);
    running.host.wait_for(3).await;
    wait_until("the mailbox to be empty", || there() == 0).await;
    running.stop().await;
}

/// A server with two mails: one that it cannot give, and one that is too large.
async fn odd_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            let (reader, mut writer) = stream.into_split();
            let mut lines = BufReader::new(reader).lines();
            let _ = writer.write_all(b"+OK ready\r\n").await;
            while let Ok(Some(line)) = lines.next_line().await {
                let answer: &[u8] = match line.as_str() {
                    "LIST" => b"+OK\r\n1 100\r\n2 99999999\r\nnonsense\r\n.\r\n",
                    "UIDL" => b"+OK\r\n1 aaa\r\n2 bbb\r\n.\r\n",
                    "RETR 1" => b"-ERR damaged\r\n",
                    "TOP 2 1000" => b"+OK\r\nSubject: large\r\n\r\n..begins\r\n.\r\n",
                    _ => b"+OK\r\n",
                };
                if writer.write_all(answer).await.is_err() || line == "QUIT" {
                    break;
                }
            }
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_cannot_be_had_and_one_that_is_too_large_stop_nothing() {
    let port = odd_server().await;
    let running = Running::start(watching(pop3_config(port))).await;
    let messages = running.host.wait_for(1).await;
    assert_eq!(messages[0].subject, "large");
    assert!(!messages[0].readable, "kept as a beginning: {:?}", messages[0].defects);
    assert!(messages[0].raw.ends_with(b"\r\n.begins\r\n"));
    wait_until("the damaged one to be named", || {
        let health = running.host.health.lock().unwrap();
        health.get("pop3:info").is_some_and(|health| health.detail.contains("aaa"))
    })
    .await;
    assert_eq!(running.host.messages().len(), 1);
    running.stop().await;
}
