//! Doors for the fuzz targets to the parsers that the reader keeps to itself. Each takes anything,
//! and asserts what its module promises.

use channel_contract::Envelope;

use crate::config::EmailConfig;
use crate::{filter, mime};

/// A container of Outlook's.
pub fn tnef(bytes: &[u8]) {
    mime::fuzz::tnef(bytes);
}

/// A text with files in it.
pub fn uuencode(text: &str) {
    mime::fuzz::uuencode(text);
}

/// An invitation.
pub fn calendar(text: &str) {
    mime::fuzz::calendar(text);
}

/// HTML read as text.
pub fn html_text(html: &str) {
    mime::fuzz::html_text(html);
}

/// A delivery report: in the form of RFC 3464, and in words.
pub fn bounce(report: &str) {
    let policy = crate::policy(&EmailConfig::default(), b"a secret for fuzzing");
    let structured = format!(
        "From: mailer-daemon@mx.example\r\nContent-Type: multipart/report; boundary=b; \
         report-type=delivery-status\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
         {report}\r\n--b--\r\n"
    );
    let in_words = format!(
        "From: mailer-daemon@mx.example\r\nSubject: Undeliverable\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{report}\r\n"
    );
    for raw in [structured, in_words] {
        let mail = mime::read(raw.as_bytes());
        let envelope = Envelope { mail_from: Some(String::new()), ..Envelope::default() };
        let verdict = filter::examine(&mail, &envelope, &policy);
        for report in verdict.reports {
            assert!(!report.recipient.chars().any(char::is_control));
            assert!(report.status.is_empty() || report.status.split('.').count() == 3);
        }
    }
}

/// What a POP3 server says, from its greeting on.
pub fn pop3(replies: &[u8]) {
    crate::io::pop3::fuzz::session(replies);
}
