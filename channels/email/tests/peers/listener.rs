//! The listeners under load, attack and stop.

use std::sync::atomic::Ordering;
use std::time::Duration;

use channel_email::config::{EmailConfig, RelayConfig, Secret, TlsMode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{PATIENCE, Running, Scratch, certificate, config, run};

/// Talks line by line and keeps what was said.
struct Client {
    stream: TcpStream,
}

impl Client {
    async fn connect(running: &Running, listener: &str) -> Self {
        Self { stream: TcpStream::connect(running.address(listener)).await.unwrap() }
    }

    /// Sends and reads until the answer ends with `end`.
    async fn say(&mut self, text: &str, end: &str) -> String {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.hear(end).await
    }

    async fn hear(&mut self, end: &str) -> String {
        let mut heard = String::new();
        let mut buffer = [0; 4096];
        let listening = async {
            while !heard.ends_with(end) {
                let read = self.stream.read(&mut buffer).await.unwrap_or(0);
                if read == 0 {
                    break;
                }
                heard.push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        };
        let well = tokio::time::timeout(PATIENCE, listening).await.is_ok();
        assert!(well, "heard only {heard:?}");
        heard
    }
}

fn mail(number: usize) -> String {
    format!("Message-ID: <{number}@c.example>\r\nFrom: a@c.example\r\n\r\n..text {number}\r\n.\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn many_connections_at_once_lose_nothing() {
    const CONNECTIONS: usize = 32;
    const MAILS: usize = 20;
    let running = Running::start(config()).await;
    let mut clients = tokio::task::JoinSet::new();
    for connection in 0..CONNECTIONS {
        let mut client = Client::connect(&running, "lmtp").await;
        clients.spawn(async move {
            client.say("LHLO c.example\r\n", "250 ENHANCEDSTATUSCODES\r\n").await;
            for number in 0..MAILS {
                let envelope = "MAIL FROM:<a@c.example>\r\nRCPT TO:<info@bank.example>\r\nDATA\r\n";
                let text = mail(connection * MAILS + number);
                client.say(&format!("{envelope}{text}"), "Stored\r\n").await;
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
    let mut ids: Vec<usize> = running
        .host
        .messages()
        .iter()
        .map(|message| message.external_id.split('@').next().unwrap().parse().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..CONNECTIONS * MAILS).collect::<Vec<_>>());
    assert_eq!(running.host.messages()[0].text.split(' ').next(), Some(".text"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_take_all_connections_and_idle_ones_are_ended() {
    let mut config = config();
    config.limits.connections_per_address = 2;
    config.limits.command_timeout_seconds = 1;
    let running = Running::start(config).await;
    let mut first = Client::connect(&running, "smtp").await;
    first.hear("Rozmova\r\n").await;
    let mut second = Client::connect(&running, "smtp").await;
    second.hear("Rozmova\r\n").await;
    let mut third = Client::connect(&running, "smtp").await;
    assert!(third.hear("\r\n").await.starts_with("421 4.7.0"));
    assert!(first.hear("long.\r\n").await.starts_with("421 4.4.2"));
    assert!(second.hear("long.\r\n").await.starts_with("421 4.4.2"));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut fourth = Client::connect(&running, "smtp").await;
    assert!(fourth.hear("\r\n").await.starts_with("220 "), "the places are free again");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_stop_a_mail_on_its_way_is_finished_and_the_idle_are_told() {
    let running = Running::start(config()).await;
    let mut idle = Client::connect(&running, "smtp").await;
    idle.say("EHLO c\r\n", "250 ENHANCEDSTATUSCODES\r\n").await;
    let mut busy = Client::connect(&running, "smtp").await;
    let envelope = "EHLO c\r\nMAIL FROM:<a@c.example>\r\nRCPT TO:<info@bank.example>\r\nDATA\r\n";
    busy.say(envelope, "own.\r\n").await;
    let host = std::sync::Arc::clone(&running.host);
    let stopping = tokio::spawn(running.stop());
    assert!(idle.hear("moment.\r\n").await.starts_with("421 4.3.2"));
    let heard = busy.say(&mail(1), "moment.\r\n").await;
    assert!(heard.starts_with("250 2.6.0") && heard.contains("421 4.3.2"), "{heard}");
    stopping.await.unwrap();
    assert_eq!(host.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_mails_of_fifty_megabytes_wait_for_each_other() {
    let mut config = config();
    // So that the test takes no minutes: the same proportions, a tenth of the size.
    config.limits.message_bytes = 5_000_000;
    config.limits.large_mail_memory_bytes = 5_000_000;
    let running = Running::start(config).await;
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..10 {
        let mut client = Client::connect(&running, "smtp").await;
        clients.spawn(async move {
            let envelope = "EHLO c\r\nMAIL FROM:<a@c.example> SIZE=4000000\r\n\
                            RCPT TO:<info@bank.example>\r\nDATA\r\n";
            client.say(envelope, "own.\r\n").await;
            let body = "0123456789abcdef0123456789abcdef0123456789abcdef\r\n".repeat(79_000);
            let head = format!("Message-ID: <{number}@c.example>\r\nFrom: a@c.example\r\n\r\n");
            client.say(&format!("{head}{body}.\r\n"), "\r\n").await
        });
    }
    while let Some(heard) = clients.join_next().await {
        assert!(heard.unwrap().starts_with("250 2.6.0"));
    }
    assert_eq!(running.host.messages().len(), 10);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn starttls_secures_both_directions() {
    let scratch = Scratch::new("tls");
    let (certificate, key) = certificate(scratch.path()).await;
    let ca_file = Some(certificate.clone());
    let config = EmailConfig { tls_certificate: Some(certificate), tls_key: Some(key), ..config() };
    let running = Running::start(config.clone()).await;
    let address = running.address("smtp");
    let server = address.to_string();
    let authority = ca_file.as_ref().unwrap().display().to_string();
    let arguments =
        ["s_client", "-starttls", "smtp", "-connect", &server, "-CAfile", &authority, "-brief"];
    let output = run("openssl", "openssl", &arguments).await;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && log.contains("Verification: OK"), "{log}");

    // Our own sender trusts it only when it is told to.
    let relay = RelayConfig {
        host: "localhost".to_owned(),
        port: address.port(),
        tls: TlsMode::Starttls,
        ca_file,
        user: String::new(),
        password: Secret::default(),
        ..RelayConfig::default()
    };
    let trusting = EmailConfig { relay: relay.clone(), ..config.clone() };
    crate::sending::send_one(trusting).await.unwrap();
    let strict = EmailConfig { relay: RelayConfig { ca_file: None, ..relay }, ..config };
    assert!(crate::sending::send_one(strict).await.is_err());
    assert_eq!(running.host.messages().len(), 1);

    // A command smuggled in behind STARTTLS is not obeyed.
    let mut client = Client::connect(&running, "smtp").await;
    let heard =
        client.say("EHLO c\r\nSTARTTLS\r\nMAIL FROM:<evil@c.example>\r\n", "never\r\n").await;
    assert!(heard.ends_with("220 2.0.0 Go ahead\r\n"), "{heard}");
    running.host.broken.store(true, Ordering::SeqCst);
    running.stop().await;
}

/// As if the tests came from elsewhere.
fn from_a_stranger() -> EmailConfig {
    let mut config = config();
    config.limits.trusted_peers.clear();
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_hears_421_when_it_connects_too_often_or_makes_too_many_errors() {
    let mut often = from_a_stranger();
    often.limits.connections_per_minute_per_address = 3;
    let running = Running::start(often).await;
    for number in 0..5 {
        let heard = Client::connect(&running, "smtp").await.hear("\r\n").await;
        let expected = if number < 3 { "220 " } else { "421 4.7.0" };
        assert!(heard.starts_with(expected), "{number}: {heard}");
    }
    running.stop().await;

    let mut wrong = from_a_stranger();
    wrong.limits.errors = 4;
    wrong.limits.errors_per_minute_per_address = 4;
    let running = Running::start(wrong).await;
    let mut guessing = Client::connect(&running, "smtp").await;
    let commands = "EHLO c\r\nMAIL FROM:<a@c.example>\r\n".to_owned()
        + &"RCPT TO:<guess@elsewhere.example>\r\n".repeat(5);
    let heard = guessing.say(&commands, "errors.\r\n").await;
    assert_eq!(heard.matches("550 5.7.1").count(), 5, "{heard}");
    drop(guessing);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let heard = Client::connect(&running, "smtp").await.hear("\r\n").await;
    assert!(heard.starts_with("421 4.7.0"), "{heard}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_bring_more_recipients_in_a_minute_than_agreed() {
    let mut config = from_a_stranger();
    config.limits.recipients_per_minute_per_address = 2;
    let running = Running::start(config).await;
    let mut client = Client::connect(&running, "smtp").await;
    let envelope = "EHLO c\r\nMAIL FROM:<a@c.example>\r\n".to_owned()
        + &"RCPT TO:<info@bank.example>\r\n".repeat(3);
    let heard = client.say(&envelope, "later.\r\n").await;
    assert_eq!(heard.matches("250 2.1.5").count(), 2, "{heard}");
    assert!(heard.ends_with("450 4.7.1 Too many recipients in a short time; try again later.\r\n"));
    let heard = client.say(&format!("DATA\r\n{}", mail(1)), "Stored\r\n").await;
    assert!(heard.contains("250 2.6.0"), "what was accepted is taken: {heard}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_line_ends_recipients_and_relaying_are_strict_on_the_wire() {
    let mut config = config();
    config.limits.message_bytes = 70_000;
    config.limits.recipients = 2;
    let running = Running::start(config).await;
    let mut client = Client::connect(&running, "smtp").await;
    let hello = client.say("EHLO c\r\n", "250 ENHANCEDSTATUSCODES\r\n").await;
    assert!(hello.contains("250-SIZE 70000\r\n") && !hello.contains("AUTH"), "{hello}");
    let heard = client.say("MAIL FROM:<a@c.example> SIZE=70001\r\n", "\r\n").await;
    assert!(heard.starts_with("552 5.3.4"), "refused before it is sent: {heard}");
    for elsewhere in [
        "b@elsewhere.example",
        "b%elsewhere.example@bank.example.evil",
        "\"b@elsewhere.example\"@elsewhere.example",
        "info@bank.example@elsewhere.example",
    ] {
        let ask = format!("RSET\r\nMAIL FROM:<a@c.example>\r\nRCPT TO:<{elsewhere}>\r\nNOOP\r\n");
        let heard = client.say(&ask, "250 2.0.0 OK\r\n").await;
        let heard = if heard.matches("2.0.0").count() < 2 {
            heard + &client.hear("250 2.0.0 OK\r\n").await
        } else {
            heard
        };
        assert!(!heard.contains("250 2.1.5"), "{elsewhere}: {heard}");
    }
    let many = "RSET\r\nMAIL FROM:<>\r\n".to_owned() + &"RCPT TO:<info@bank.example>\r\n".repeat(3);
    let heard = client.say(&many, "message.\r\n").await;
    assert!(heard.contains("452 4.5.3"), "{heard}");
    // Only CRLF . CRLF ends a mail: the rest would be taken for commands by a lax server.
    let smuggled = "DATA\r\nMessage-ID: <9@c.example>\r\nFrom: a@c.example\r\n\r\none\n.\n\
                    MAIL FROM:<evil@c.example>\r\n.\nRSET\n.\r\nstill\r\n.\r\n";
    client.say(smuggled, "Stored\r\n").await;
    let messages = running.host.messages();
    assert_eq!(messages.len(), 1);
    assert!(messages[0].text.contains("evil@c.example") && messages[0].text.contains("still"));
    let over = "MAIL FROM:<a@c.example>\r\nRCPT TO:<info@bank.example>\r\nDATA\r\n".to_owned();
    client.say(&over, "own.\r\n").await;
    let body = "0123456789abcdef\r\n".repeat(4_000);
    let heard = client.say(&format!("{body}.\r\n"), "takes.\r\n").await;
    assert!(heard.starts_with("552 5.3.4"), "{heard}");
    assert_eq!(running.host.messages().len(), 1, "nothing of it is kept");
    running.stop().await;
}
