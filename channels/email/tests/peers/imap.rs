//! Fetching from Dovecot.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use channel_contract::HealthState;
use channel_email::config::{AfterFetch, EmailConfig, ImapConfig, Secret, TlsMode};

use crate::dovecot::{Dovecot, PASSWORD, USER};
use crate::support::{Running, config, run, wait_until};

fn imap_config(dovecot: &Dovecot) -> ImapConfig {
    ImapConfig {
        name: "info".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: dovecot.imap_port,
        tls: TlsMode::None,
        user: USER.to_owned(),
        password: Secret(PASSWORD.to_owned()),
        ..ImapConfig::default()
    }
}

fn watching(imap: ImapConfig) -> EmailConfig {
    EmailConfig { smtp_listen: None, lmtp_listen: None, imap: vec![imap], ..config() }
}

fn mail(number: u32) -> Vec<u8> {
    format!(
        "From: Olena <olena@shop.example>\r\nTo: info@bank.example\r\nSubject: {number}\r\n\
         Message-ID: <{number}@shop.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0200\r\n\r\n\
         text {number}\r\n"
    )
    .into_bytes()
}

/// Delivers by Dovecot's own LMTP, so that the mailbox exists.
async fn lmtp(dovecot: &Dovecot, number: u32) {
    let port = dovecot.lmtp_port.to_string();
    let data = dovecot.scratch.path().join(format!("{number}.eml"));
    std::fs::write(&data, mail(number)).unwrap();
    let data = format!("@{}", data.display());
    let to = format!("{USER}@bank.example");
    let arguments = [
        "--protocol",
        "LMTP",
        "--server",
        "127.0.0.1",
        "--port",
        &port,
        "--to",
        &to,
        "--from",
        "olena@shop.example",
        "--data",
        &data,
    ];
    let output = run("swaks", "swaks", &arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn state(running: &Running) -> Option<HealthState> {
    running.host.health.lock().unwrap().get("imap:info").map(|health| health.state)
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_mail_and_new_mail_are_fetched_and_marked_after_they_are_stored() {
    let dovecot = Dovecot::start().await;
    lmtp(&dovecot, 1).await;
    let running = Running::start(watching(imap_config(&dovecot))).await;
    running.host.wait_for(1).await;
    wait_until("the mailbox to be up", || state(&running) == Some(HealthState::Up)).await;
    // The next look by time is a minute away: only IDLE can bring this one.
    let before = std::time::Duration::from_secs(5);
    lmtp(&dovecot, 2).await;
    tokio::time::timeout(before, running.host.wait_for(2)).await.unwrap();
    let subjects: Vec<String> =
        running.host.messages().into_iter().map(|message| message.subject).collect();
    assert_eq!(subjects, ["1", "2"]);
    let seen = || dovecot.files("cur").iter().filter(|name| name.ends_with('S')).count() == 2;
    wait_until("both mails to be marked", seen).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_could_not_be_stored_is_fetched_again_and_moved() {
    let dovecot = Dovecot::start().await;
    lmtp(&dovecot, 1).await;
    let imap =
        ImapConfig { after: AfterFetch::Move, move_to: "Done".to_owned(), ..imap_config(&dovecot) };
    let host = Arc::new(crate::support::FakeHost::default());
    host.broken.store(true, Ordering::SeqCst);
    let running = Running::start_with(watching(imap), host).await;
    wait_until("the fault", || state(&running) == Some(HealthState::Degraded)).await;
    assert_eq!(dovecot.files(".Done/cur").len(), 0);
    running.host.broken.store(false, Ordering::SeqCst);
    running.host.wait_for(1).await;
    wait_until("the mail to be moved", || dovecot.files(".Done/cur").len() == 1).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_and_a_restart_every_mail_has_come_once() {
    let mut dovecot = Dovecot::start().await;
    lmtp(&dovecot, 1).await;
    let running = Running::start(watching(imap_config(&dovecot))).await;
    running.host.wait_for(1).await;
    wait_until("the mailbox to be up", || state(&running) == Some(HealthState::Up)).await;
    dovecot.stop();
    wait_until("the outage to be seen", || state(&running) != Some(HealthState::Up)).await;
    for number in 2..=5 {
        dovecot.put(&mail(number));
    }
    dovecot.resume().await;
    running.host.wait_for(5).await;
    let host = Arc::clone(&running.host);
    running.stop().await;
    lmtp(&dovecot, 6).await;
    let running = Running::start_with(watching(imap_config(&dovecot)), host).await;
    running.host.wait_for(6).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut ids: Vec<String> =
        running.host.messages().into_iter().filter_map(|mail| mail.thread.message_id).collect();
    ids.sort();
    let expected: Vec<String> = (1..=6).map(|number| format!("{number}@shop.example")).collect();
    assert_eq!(ids, expected);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn renumbered_mailboxes_large_mails_and_wrong_passwords() {
    let dovecot = Dovecot::start().await;
    lmtp(&dovecot, 1).await;
    let host = Arc::new(crate::support::FakeHost::default());
    // A cursor of another life of the mailbox: its numbers mean nothing now.
    let stale = r#"{"uid_validity":1,"last_uid":4000}"#.to_owned();
    host.state.lock().unwrap().insert("imap:info:INBOX".to_owned(), stale);
    let running = Running::start_with(watching(imap_config(&dovecot)), host).await;
    running.host.wait_for(1).await;
    let mut large = mail(2);
    large.extend(b"0123456789abcdef0123456789abcdef\r\n".repeat(100_000));
    dovecot.put(&large);
    let messages = running.host.wait_for(2).await;
    assert_eq!(messages[1].raw.len(), large.len(), "fetched in four pieces");
    assert!(messages[1].raw == large);
    running.stop().await;
    let wrong = ImapConfig { password: Secret("wrong".to_owned()), ..imap_config(&dovecot) };
    let running = Running::start(watching(wrong)).await;
    wait_until("the refusal", || {
        let health = running.host.health.lock().unwrap();
        health.get("imap:info").is_some_and(|health| health.detail.contains("password"))
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mailboxes_are_fetched_over_tls_from_servers_that_can_be_trusted_only() {
    let dovecot = Dovecot::start().await;
    lmtp(&dovecot, 1).await;
    let trusting = ImapConfig {
        host: "localhost".to_owned(),
        ca_file: Some(dovecot.certificate.clone()),
        ..imap_config(&dovecot)
    };
    for (tls, port) in
        [(TlsMode::Implicit, dovecot.imaps_port), (TlsMode::Starttls, dovecot.imap_port)]
    {
        let running = Running::start(watching(ImapConfig { tls, port, ..trusting.clone() })).await;
        wait_until("the mailbox to be up", || state(&running) == Some(HealthState::Up)).await;
        running.stop().await;
    }
    let strict =
        ImapConfig { tls: TlsMode::Implicit, port: dovecot.imaps_port, ca_file: None, ..trusting };
    let running = Running::start(watching(strict)).await;
    wait_until("the refusal", || {
        let health = running.host.health.lock().unwrap();
        health.get("imap:info").is_some_and(|health| health.detail.contains("certificate"))
    })
    .await;
    running.stop().await;
}
