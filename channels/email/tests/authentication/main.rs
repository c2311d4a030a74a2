//! Signed, forged and unsigned mails, checked against a name server of our own.

mod name_server;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64::Engine as _;
use bytes::Bytes;
use channel_contract::AuthenticationResult::{Fail, Neutral, None as Nothing, Pass};
use channel_contract::{Authentication, Channel, Envelope, Examination, Standing, StoredMessage};
use channel_email::EmailChannel;
use channel_email::config::{AuthenticationConfig, EmailConfig, MailboxConfig};
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use name_server::Zone;

const LETTER: &str = "From: Olena <olena@shop.example>\r\nTo: info@bank.example\r\n\
                      Subject: Card\r\n\
                      Date: Mon, 23 Nov 2026 10:15:00 +0200\r\nMessage-ID: <1@shop.example>\r\n\r\n\
                      Good morning, please send me the statement of my account.\r\n";

/// A domain with a key, an SPF record and a strict policy.
struct Shop {
    key: Vec<u8>,
    zone: Zone,
}

impl Shop {
    fn new() -> Self {
        let key = Ed25519Key::generate_pkcs8().expect("a key");
        let public = Ed25519Key::from_pkcs8_der(&key).expect("a key").public_key();
        let public = base64::engine::general_purpose::STANDARD.encode(public);
        let zone = [
            ("k1._domainkey.shop.example", format!("v=DKIM1; k=ed25519; p={public}")),
            ("shop.example", "v=spf1 ip4:192.0.2.7 -all".to_owned()),
            ("_dmarc.shop.example", "v=DMARC1; p=reject".to_owned()),
        ];
        let zone = zone.map(|(name, text)| (name.to_owned(), text)).into();
        Self { key, zone }
    }

    /// A letter signed by `domain`.
    fn signed(&self, letter: &str, domain: &str) -> String {
        let signature = DkimSigner::from_key(Ed25519Key::from_pkcs8_der(&self.key).expect("a key"))
            .domain(domain)
            .selector("k1")
            .headers(["From", "To", "Subject", "Date", "Message-ID"])
            .sign(letter.as_bytes())
            .expect("a signature");
        format!("{}{letter}", signature.to_header())
    }
}

fn channel(name_servers: Vec<SocketAddr>, trusted_authserv_id: &str) -> EmailChannel {
    let mailbox =
        MailboxConfig { address: "info@bank.example".to_owned(), ..MailboxConfig::default() };
    let config = EmailConfig {
        authentication: AuthenticationConfig {
            check_spf: true,
            name_servers,
            timeout_seconds: 2,
            ..AuthenticationConfig::default()
        },
        trusted_authserv_id: trusted_authserv_id.to_owned(),
        mailboxes: vec![mailbox],
        ..EmailConfig::default()
    };
    EmailChannel::new(config, b"a secret for tests")
}

fn from(peer: &str, mail_from: &str) -> Envelope {
    Envelope {
        mail_from: Some(mail_from.to_owned()),
        recipients: vec!["info@bank.example".to_owned()],
        peer: Some(peer.to_owned()),
    }
}

/// Reads a mail as intake does and looks at it afterwards.
async fn look(channel: &EmailChannel, raw: &str, envelope: &Envelope) -> Examination {
    let raw = Bytes::copy_from_slice(raw.as_bytes());
    let arrived = channel.inspect(&raw);
    let message = StoredMessage {
        raw,
        envelope: envelope.clone(),
        from: arrived.from.map(|from| from.address).unwrap_or_default(),
        reply_text: arrived.reply_text,
        authentication: arrived.authentication,
        is_history: false,
    };
    let examination = channel.examine(message).await.expect("a verdict");
    assert_eq!(examination.language.as_deref(), Some("en"));
    examination
}

async fn examine(channel: &EmailChannel, raw: &str, envelope: &Envelope) -> Authentication {
    let examination = look(channel, raw, envelope).await;
    assert!(!examination.unanswered);
    examination.authentication
}

fn codes(authentication: &Authentication) -> Vec<&str> {
    authentication.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

#[tokio::test]
async fn who_vouches_for_whom() {
    let shop = Shop::new();
    let channel = channel(vec![name_server::start(shop.zone.clone()).await], "");
    let signed = shop.signed(LETTER, "shop.example");
    let altered = signed.replace("my account", "her account");
    let forwarded = shop.signed(LETTER, "lists.example");
    let (own, relay) =
        (from("192.0.2.7", "olena@shop.example"), from("192.0.2.66", "olena@shop.example"));
    let elsewhere = from("192.0.2.66", "bounce@lists.example");
    // What the library takes for the author is not what is shown: two of them, one signed.
    let two = shop.signed(&LETTER.replace("From: ", "From: <info@bank.example>, "), "shop.example");
    for (what, raw, envelope, [spf, dkim, dmarc]) in [
        ("signed, from its own server", signed.as_str(), &own, [Pass, Pass, Pass]),
        ("signed, through a forwarder", &signed, &elsewhere, [Nothing, Pass, Pass]),
        ("unsigned, from its own server", LETTER, &own, [Pass, Nothing, Pass]),
        ("unsigned, from somewhere", LETTER, &relay, [Fail, Nothing, Fail]),
        ("altered on the way", &altered, &relay, [Fail, Fail, Fail]),
        ("signed by a stranger without a key", &forwarded, &elsewhere, [Nothing, Neutral, Fail]),
        ("with two authors", &two, &elsewhere, [Nothing, Pass, Nothing]),
    ] {
        let verdict = examine(&channel, raw, envelope).await;
        assert_eq!([verdict.spf, verdict.dkim, verdict.dmarc], [spf, dkim, dmarc], "{what}");
        assert_eq!(codes(&verdict).contains(&"disowned"), dmarc == Fail, "{what}");
        assert_eq!(verdict.standing() == Standing::Authenticated, dmarc == Pass, "{what}");
    }
}

#[tokio::test]
async fn without_a_policy_a_signature_speaks_for_its_own_domain_only() {
    let mut shop = Shop::new();
    shop.zone.remove("_dmarc.shop.example");
    let key = shop.zone["k1._domainkey.shop.example"].clone();
    shop.zone.insert("k1._domainkey.lists.example".to_owned(), key);
    let channel = channel(vec![name_server::start(shop.zone.clone()).await], "");
    let elsewhere = from("192.0.2.66", "bounce@lists.example");
    for (domain, standing) in
        [("shop.example", Standing::Authenticated), ("lists.example", Standing::Unknown)]
    {
        let verdict = examine(&channel, &shop.signed(LETTER, domain), &elsewhere).await;
        assert_eq!((verdict.dkim, verdict.dmarc), (Pass, Nothing), "{domain}");
        assert_eq!(verdict.standing(), standing, "{domain}");
    }
}

#[tokio::test]
async fn nobody_is_asked_about_the_past() {
    let shop = Shop::new();
    let channel = channel(vec![name_server::start(shop.zone.clone()).await], "");
    let message = StoredMessage {
        raw: Bytes::from(shop.signed(LETTER, "shop.example")),
        from: "olena@shop.example".to_owned(),
        is_history: true,
        ..StoredMessage::default()
    };
    let examination = channel.examine(message).await.expect("looked at");
    assert_eq!(examination, Examination::default());
}

#[tokio::test]
async fn a_domain_without_records_is_judged_by_nobody() {
    let channel = channel(vec![name_server::start(Zone::new()).await], "");
    let verdict = examine(&channel, LETTER, &from("192.0.2.7", "olena@shop.example")).await;
    assert_eq!(verdict, Authentication::default());
}

#[tokio::test]
async fn the_trusted_server_is_believed_and_nobody_is_asked() {
    let shop = Shop::new();
    let channel = channel(vec![name_server::start(shop.zone.clone()).await], "mx.bank.example");
    let judged = format!("Authentication-Results: mx.bank.example; dmarc=fail\r\n{LETTER}");
    let verdict = examine(&channel, &judged, &from("192.0.2.7", "olena@shop.example")).await;
    assert_eq!((verdict.spf, verdict.dmarc), (Nothing, Fail), "not asked again");
    assert_eq!(codes(&verdict), ["disowned"]);
    let foreign = judged.replace("mx.bank", "mx.evil").replace("dmarc=fail", "dmarc=pass");
    let verdict = examine(&channel, &foreign, &from("192.0.2.66", "olena@shop.example")).await;
    assert_eq!(verdict.dmarc, Fail, "what others say does not count");
}

#[tokio::test]
async fn silent_name_servers_cost_a_few_seconds_and_no_verdict() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let channel = channel(vec![silent.local_addr().expect("an address")], "");
    let signed = Shop::new().signed(LETTER, "shop.example");
    #[expect(clippy::disallowed_methods, reason = "measures how long it waits")]
    let start = Instant::now();
    let examination = look(&channel, &signed, &from("192.0.2.7", "olena@shop.example")).await;
    let verdict = examination.authentication;
    assert_eq!((verdict.dkim, verdict.dmarc), (Neutral, Neutral));
    assert!(examination.unanswered, "to be asked again");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_flood_of_signatures_is_cut() {
    let shop = Shop::new();
    let channel = channel(vec![name_server::start(shop.zone.clone()).await], "");
    let signature = shop.signed(LETTER, "shop.example").replace(LETTER, "");
    let wrong = signature.replace("d=shop.example", "d=other.example");
    // The good one stands behind more bad ones than are looked at.
    let raw = format!("{}{signature}{LETTER}", wrong.repeat(500));
    let verdict = examine(&channel, &raw, &from("192.0.2.66", "x@lists.example")).await;
    assert_eq!(verdict.dkim, Neutral);
}
