//! Mails made to break readers: each costs little time and is delivered with a defect.

use std::time::Duration;

use channel_email::config::ReadingLimits;
use channel_email::inspect::{Inspection, inspect};

/// Far more than any of these takes on a busy machine in a build without optimisation; without the
/// limits some never end.
const PATIENCE: Duration = Duration::from_mins(3);

#[track_caller]
fn read(raw: Vec<u8>) -> Inspection {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || send.send(Box::new(inspect(&raw, &super::policy()))));
    *receive.recv_timeout(PATIENCE).expect("the reader hangs")
}

#[track_caller]
fn check_unopened(raw: Vec<u8>, code: &str) {
    let inspection = read(raw);
    assert!(!inspection.readable);
    assert_eq!(inspection.defects[0].code, code);
    assert_eq!(inspection.unanswerable.as_deref(), Some("unreadable"));
}

const HEAD: &str = "From: a@b.example\r\nDate: Mon, 23 Nov 2026 10:15:00 +0200\r\nMessage-ID: \
                    <h@b.example>\r\nSubject: bomb\r\n";

#[test]
fn bombs_of_structure_are_not_opened_but_their_headers_are_read() {
    let parts = format!("{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    let parts = [parts.as_bytes(), "--b\r\n\r\n".repeat(100_000).as_bytes()].concat();
    let inspection = read(parts);
    assert_eq!(inspection.subject, "bomb");
    assert_eq!(inspection.from.expect("a sender").address, "a@b.example");
    assert_eq!(inspection.defects[0].code, "too_many_parts");

    let nested = format!("{HEAD}{}", "Content-Type: message/rfc822\r\n\r\n".repeat(20_001));
    check_unopened(nested.into_bytes(), "too_deep");
    let headers = format!("{HEAD}{}\r\ntext", "X-A: b\r\n".repeat(100_000));
    check_unopened(headers.into_bytes(), "too_many_headers");
    let long = format!("{HEAD}X-A: {}\r\n\r\ntext", "b".repeat(200_000));
    check_unopened(long.into_bytes(), "header_too_long");
}

#[test]
fn bombs_of_html_are_text_only() {
    for bomb in ["<ul><li>".repeat(40_000), "<div>".repeat(40_000), "<b a='1'".repeat(40_000)] {
        let raw = format!("{HEAD}Content-Type: text/html\r\n\r\nhello {bomb}");
        let inspection = read(raw.into_bytes());
        assert_eq!(inspection.html, None);
        assert!(inspection.text.starts_with("hello"));
        assert!(inspection.readable);
    }
}

#[test]
fn bombs_of_text_stay_linear() {
    for text in [
        "> ".repeat(100_000),
        "On 1.2.2026 a@b.example\r\n".repeat(8_000),
        "=?utf-8?Q?".repeat(20_000),
        "From: a\r\nSent: b\r\n".repeat(10_000),
        "-- \r\n".repeat(40_000),
        "&".repeat(300_000),
        "<".repeat(100_000),
        "\u{fffd}\u{1b}$B".repeat(40_000),
    ] {
        for kind in ["text/plain; charset=utf-8", "text/html; charset=utf-8"] {
            let raw = format!("{HEAD}Content-Type: {kind}\r\n\r\n{text}");
            let inspection = read(raw.into_bytes());
            assert!(inspection.text.len() <= channel_email::mime::MAX_TEXT_BYTES);
        }
    }
}

#[test]
fn bombs_of_addresses_and_references_are_cut() {
    let raw = format!(
        "{HEAD}To: {}\r\nReferences: {}\r\n\r\ntext",
        "a@b.example,\r\n ".repeat(4_000),
        "<a@b>\r\n ".repeat(5_000)
    );
    let inspection = read(raw.into_bytes());
    assert_eq!(inspection.to.len(), ReadingLimits::default().recipients);
    assert_eq!(inspection.references.len(), channel_email::thread::MAX_REFERENCES);
    assert!(inspection.defects.iter().any(|defect| defect.code == "many_recipients"));
}

#[test]
fn a_message_encoded_within_a_message_is_opened_only_a_few_times() {
    use base64::Engine as _;
    let mut raw = format!("{HEAD}\r\ninnermost");
    for _ in 0..8 {
        let inner = base64::engine::general_purpose::STANDARD.encode(&raw);
        raw = format!(
            "{HEAD}Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{inner}"
        );
    }
    assert!(read(raw.into_bytes()).readable);
}
