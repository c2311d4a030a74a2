//! Fetching from Dovecot.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use channel_contract::{Channel as _, HealthState};
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

/// How a mail that lies in the mailbox comes to the server, without what starting a program costs.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "measures")]
async fn a_mail_in_the_mailbox_is_handed_in_within_a_second() {
    let dovecot = Dovecot::start().await;
    lmtp(&dovecot, 0).await;
    let running = Running::start(watching(imap_config(&dovecot))).await;
    running.host.wait_for(1).await;
    wait_until("the mailbox to be up", || state(&running) == Some(HealthState::Up)).await;
    let mut took = Vec::new();
    for number in 1..=5 {
        // Until the watcher waits in IDLE again.
        tokio::time::sleep(Duration::from_millis(500)).await;
        dovecot.put(&mail(number));
        let put = std::time::Instant::now();
        running.host.wait_for(number as usize + 1).await;
        took.push(put.elapsed());
    }
    took.sort_unstable();
    eprintln!("mail in the mailbox → handed in: {took:?}");
    // The middle one: a machine that does many other things at once may be late now and then.
    assert!(took[2] <= Duration::from_secs(1), "{took:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_folders_are_watched_and_a_survey_knows_what_was_to_be_fetched() {
    let dovecot = Dovecot::start().await;
    lmtp(&dovecot, 1).await;
    let imap = ImapConfig { folders: vec!["Done".to_owned()], ..imap_config(&dovecot) };
    let running = Running::start(watching(imap)).await;
    running.host.wait_for(1).await;
    let is_up = |name: &str| {
        let health = running.host.health.lock().unwrap();
        health.get(name).is_some_and(|health| health.state == HealthState::Up)
    };
    wait_until("both folders", || is_up("imap:info") && is_up("imap:info/Done")).await;
    dovecot.put_into(".Done", &mail(2));
    let messages = running.host.wait_for(2).await;
    let by: Vec<&str> = messages.iter().map(|message| message.channel.0.as_str()).collect();
    assert_eq!(by, ["imap:info", "imap:info/Done"]);
    assert!(messages[0].origin.place.starts_with("INBOX/"), "{:?}", messages[0].origin);
    assert!(messages[1].origin.place.starts_with("Done/"), "{:?}", messages[1].origin);
    dovecot.put(&mail(3));
    let messages = running.host.wait_for(3).await;
    let filed = || dovecot.files("cur").iter().filter(|name| name.ends_with('S')).count() == 2;
    wait_until("the mails to be marked", filed).await;

    let surveys = running.channel.survey(Arc::clone(&running.host) as Arc<_>).await;
    let [inbox, done] = surveys.as_slice() else { panic!("{surveys:?}") };
    assert_eq!((inbox.fault.as_deref(), done.fault.as_deref()), (None, None));
    // The first mail was there before the watching began, and has been read since.
    assert_eq!(inbox.expected, [messages[2].origin.place.clone()]);
    assert_eq!(done.expected, [messages[1].origin.place.clone()]);
    assert_eq!((inbox.waiting, done.waiting), (0, 0));
    running.stop().await;
}

/// A server that takes one log-in by token; the second one it refuses.
async fn token_server() -> (u16, tokio::task::JoinHandle<Vec<String>>) {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let mut heard = Vec::new();
        for refuses in [false, true] {
            let (stream, _) = listener.accept().await.unwrap();
            let (reader, mut writer) = stream.into_split();
            let mut lines = tokio::io::BufReader::new(reader).lines();
            writer.write_all(b"* OK ready\r\n").await.unwrap();
            while let Ok(Some(line)) = lines.next_line().await {
                let tag = line.split(' ').next().unwrap_or_default().to_owned();
                if !line.contains("AUTHENTICATE XOAUTH2") {
                    // After the log-in nothing more is to be seen here.
                    break;
                }
                writer.write_all(b"+ \r\n").await.unwrap();
                heard.push(lines.next_line().await.unwrap().unwrap());
                if refuses {
                    writer.write_all(b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n").await.unwrap();
                    heard.push(lines.next_line().await.unwrap().unwrap());
                    let no = format!("{tag} NO [AUTHENTICATIONFAILED] expired\r\n");
                    writer.write_all(no.as_bytes()).await.unwrap();
                    break;
                }
                writer.write_all(format!("{tag} OK in\r\n").as_bytes()).await.unwrap();
            }
        }
        heard
    });
    (port, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_a_command_logs_in_and_a_refused_one_is_reported() {
    let (port, server) = token_server().await;
    let imap = ImapConfig {
        name: "info".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        tls: TlsMode::None,
        user: "info@bank.example".to_owned(),
        token_command: ["sh", "-c", "echo ya29.token"].map(str::to_owned).to_vec(),
        ..ImapConfig::default()
    };
    let running = Running::start(watching(imap)).await;
    let heard = tokio::time::timeout(crate::support::PATIENCE, server).await.unwrap().unwrap();
    // user=info@bank.example^Aauth=Bearer ya29.token^A^A
    let expected = "dXNlcj1pbmZvQGJhbmsuZXhhbXBsZQFhdXRoPUJlYXJlciB5YTI5LnRva2VuAQE=";
    assert_eq!(heard, [expected, expected, ""]);
    wait_until("the refusal", || {
        let health = running.host.health.lock().unwrap();
        health.get("imap:info").is_some_and(|health| health.detail.contains("token_command"))
    })
    .await;
    running.stop().await;
}
