//! Mail from swaks, a client that knows SMTP, LMTP, STARTTLS and pipelining.

use std::sync::atomic::Ordering;

use crate::support::{Running, config, run};

async fn swaks(running: &Running, protocol: &str, more: &[&str]) -> (bool, String) {
    let address = running.address(if protocol == "LMTP" { "lmtp" } else { "smtp" });
    let server = address.ip().to_string();
    let port = address.port().to_string();
    let mut arguments =
        vec!["--server", &server, "--port", &port, "--protocol", protocol, "--from", "a@c.example"];
    arguments.extend(more);
    let output = run("swaks", "swaks", &arguments).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_arrive_by_smtp_and_lmtp() {
    let running = Running::start(config()).await;
    for protocol in ["SMTP", "ESMTP", "LMTP"] {
        let (well, log) = swaks(
            &running,
            protocol,
            &["--to", "info@bank.example", "--header", "Subject: Виписка", "--body", "Добрий день"],
        )
        .await;
        assert!(well, "{log}");
    }
    let messages = running.host.wait_for(3).await;
    for message in &messages {
        assert_eq!(message.subject, "Виписка");
        assert_eq!(message.text.trim(), "Добрий день");
        assert_eq!(message.envelope.recipients, ["info@bank.example"]);
        assert_eq!(message.envelope.mail_from.as_deref(), Some("a@c.example"));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_and_a_broken_store_puts_mail_off() {
    let running = Running::start(config()).await;
    let (well, log) = swaks(&running, "ESMTP", &["--to", "someone@elsewhere.example"]).await;
    assert!(!well && log.contains("550 5.7.1"), "{log}");
    running.host.broken.store(true, Ordering::SeqCst);
    let (well, log) = swaks(&running, "LMTP", &["--to", "info@bank.example"]).await;
    assert!(!well && log.contains("451 4.3.0"), "{log}");
    running.host.broken.store(false, Ordering::SeqCst);
    let (well, log) = swaks(&running, "LMTP", &["--to", "info@bank.example"]).await;
    assert!(well, "{log}");
    assert_eq!(running.host.messages().len(), 1);
    running.stop().await;
}
