//! Puts together what the parser, the rules and the thread keys say of one mail.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use channel_contract::base::Timestamp;
use channel_contract::{
    Authentication, ChannelName, Defect, Envelope, InboundMessage, MessageKind, Origin, ThreadKeys,
};
use sha2::{Digest, Sha256};

use crate::filter::{self, Policy};
use crate::mime::{self, Mail, hex};
use crate::thread;

/// Header fields that differ between two arrivals of one mail.
const TRACE_FIELDS: [&[u8]; 5] =
    [b"received:", b"return-path:", b"delivered-to:", b"x-original-to:", b"envelope-to:"];

/// Enough that two mails do not share it by chance or by design: 96 bits.
const REUSE_DIGEST_BYTES: usize = 12;

/// A mail as the transport has it.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Through which channel it came.
    pub channel: ChannelName,
    /// When it was complete.
    pub received_at: Timestamp,
    /// What the transport said.
    pub envelope: Envelope,
    /// Where it lay before, and how it is to be taken.
    pub origin: Origin,
    /// Every byte.
    pub raw: Bytes,
    /// The size of the whole mail when `raw` is only its beginning: it was too large to be taken.
    pub cut_from_bytes: Option<u64>,
}

/// Reads a mail into what the server takes. Never fails; see [`mime::read`].
///
/// Takes CPU time in proportion to the size: about 0.1 ms for 8 KB. Large mails are to be read
/// off the asynchronous threads.
pub fn read(arrival: Arrival, policy: &Policy) -> InboundMessage {
    let spare = arrival.clone();
    // The last guard: a fault in a rule costs the reading of one mail.
    catch_unwind(AssertUnwindSafe(|| read_unguarded(arrival, policy))).unwrap_or_else(|_| {
        unread(spare, "reader_failed", "Not opened: reading it failed. It is kept raw.")
    })
}

/// A mail of which nothing is known but its bytes, with the defect that says why.
pub(crate) fn unread(arrival: Arrival, code: &str, detail: &str) -> InboundMessage {
    let digest: [u8; 32] = Sha256::digest(&arrival.raw).into();
    InboundMessage {
        channel: arrival.channel,
        external_id: format!("sha256:{}", hex(&digest)),
        received_at: arrival.received_at,
        raw: arrival.raw,
        raw_sha256: digest,
        envelope: arrival.envelope,
        origin: arrival.origin,
        from: None,
        reply_to: Vec::new(),
        to: Vec::new(),
        cc: Vec::new(),
        subject: String::new(),
        date: None,
        thread: ThreadKeys::default(),
        text: String::new(),
        reply_text: String::new(),
        has_html: false,
        attachments: Vec::new(),
        kind: MessageKind::Message,
        reports: Vec::new(),
        unanswerable: Some("unreadable".to_owned()),
        authentication: Authentication::default(),
        defects: vec![Defect { code: code.to_owned(), detail: detail.to_owned() }],
        readable: false,
    }
}

fn read_unguarded(arrival: Arrival, policy: &Policy) -> InboundMessage {
    let Arrival { channel, received_at, envelope, origin, raw, cut_from_bytes } = arrival;
    let mail = match cut_from_bytes {
        None => mime::read_within(&raw, &policy.reading),
        Some(bytes) => mime::read_cut(&raw, bytes, &policy.reading),
    };
    let verdict = filter::examine(&mail, &envelope, policy);
    let authentication = filter::authenticate(&mail, policy);
    let external_id = external_id(&mail, &raw);
    let raw_sha256 = Sha256::digest(&raw).into();
    let mut mail = mail;
    let thread = thread::thread_keys(
        &policy.signer,
        mail.message_id.take(),
        std::mem::take(&mut mail.in_reply_to),
        std::mem::take(&mut mail.references),
        &mail.subject,
        envelope
            .recipients
            .iter()
            .map(String::as_str)
            .chain(mail.to.iter().chain(&mail.cc).map(|party| party.address.as_str())),
    );
    let mut defects = mail.defects;
    defects.extend(verdict.defects);
    InboundMessage {
        channel,
        external_id,
        received_at,
        raw_sha256,
        envelope,
        origin,
        from: mail.from,
        reply_to: mail.reply_to,
        to: mail.to,
        cc: mail.cc,
        subject: mail.subject,
        date: mail.date,
        thread,
        text: mail.text,
        reply_text: mail.reply_text,
        has_html: mail.has_html,
        attachments: mail.attachments,
        kind: verdict.kind.unwrap_or(MessageKind::Message),
        reports: verdict.reports,
        unanswerable: verdict.unanswerable.map(str::to_owned),
        authentication,
        defects,
        readable: mail.readable,
        raw: raw.clone(),
    }
}

/// The Message-ID with a digest of sender and body; without a Message-ID, a digest of everything
/// but the trace fields. The same mail through two doors has the same one, and another mail with
/// a used Message-ID (a faulty program, a forger) is not taken for a repetition and lost. Other
/// fields are left out beside a Message-ID, because filters on the way add theirs.
fn external_id(mail: &Mail<'_>, raw: &[u8]) -> String {
    let Some(id) = &mail.message_id else {
        return format!("sha256:{}", hex(&digest_without_trace(raw)));
    };
    let mut digest = Sha256::new();
    if let Some(from) = &mail.from {
        digest.update(from.address.as_bytes());
    }
    digest.update([0]);
    digest_body(&mut digest, body(raw));
    format!("{id} {}", hex(&digest.finalize()[..REUSE_DIGEST_BYTES]))
}

/// What follows the first empty line.
fn body(raw: &[u8]) -> &[u8] {
    let mut rest = raw;
    while !rest.is_empty() {
        let (line, tail) = split_line(rest);
        if line.trim_ascii().is_empty() {
            break;
        }
        rest = tail;
    }
    rest
}

fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let length = memchr::memchr(b'\n', text).map_or(text.len(), |end| end + 1);
    text.split_at(length)
}

/// Empty lines at the end do not count: programs on the way add and take them (RFC 6376 §3.4.3).
fn digest_body(digest: &mut Sha256, body: &[u8]) {
    let end =
        body.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    let mut rest = &body[..end];
    while !rest.is_empty() {
        let (line, tail) = split_line(rest);
        digest_line(digest, line);
        rest = tail;
    }
    digest.update(b"\r\n");
}

/// Line ends count as `CRLF`, whichever they are: a mail out of a file has others than over a line.
fn digest_line(digest: &mut Sha256, line: &[u8]) {
    match line.strip_suffix(b"\n") {
        Some(text) => {
            digest.update(text.strip_suffix(b"\r").unwrap_or(text));
            digest.update(b"\r\n");
        }
        None => digest.update(line),
    }
}

fn digest_without_trace(raw: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut rest = raw;
    let mut in_trace = false;
    while !rest.is_empty() {
        let (line, tail) = split_line(rest);
        if line.trim_ascii().is_empty() {
            break;
        }
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            in_trace = TRACE_FIELDS.iter().any(|field| {
                line.get(..field.len()).is_some_and(|name| name.eq_ignore_ascii_case(field))
            });
        }
        if !in_trace {
            digest_line(&mut digest, line);
        }
        rest = tail;
    }
    digest_body(&mut digest, rest);
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::testing::policy;

    fn arrive(raw: &str) -> InboundMessage {
        read(
            Arrival {
                channel: ChannelName("lmtp".to_owned()),
                received_at: Timestamp(1),
                envelope: Envelope::default(),
                origin: Origin::default(),
                raw: Bytes::copy_from_slice(raw.as_bytes()),
                cut_from_bytes: None,
            },
            &policy(),
        )
    }

    #[test]
    fn the_same_mail_through_two_doors_is_the_same() {
        let body = "From: a@b.example\r\nSubject: x\r\n\r\ntext\r\n";
        let one = arrive(&format!("Received: one\r\n two\r\n{body}"));
        let two = arrive(&format!("Return-Path: <a@b>\r\nReceived: three\r\n{body}"));
        assert_eq!(one.external_id, two.external_id);
        assert_eq!(one.external_id, arrive(&body.replace("\r\n", "\n")).external_id, "a file");
        let named = format!("Message-ID: <1@c>\r\n{body}");
        let filed = arrive(&named.replace("\r\n", "\n")).external_id;
        assert_eq!(arrive(&named).external_id, filed, "whatever the line ends are");
        let longer = arrive(&format!("{named}\r\n\r\n")).external_id;
        assert_eq!(arrive(&named).external_id, longer, "and however many empty lines follow");
        assert!(one.external_id.starts_with("sha256:"));
        assert_ne!(one.external_id, arrive(&body.replace("text", "other")).external_id);
        let named = arrive("Message-ID: <a.b\r\n @c.example>\r\nFrom: a@b.example\r\n\r\n");
        assert!(named.external_id.starts_with("a.b@c.example "), "folding is not part of it");
    }

    #[test]
    fn a_message_id_used_again_does_not_hide_another_mail() {
        let mail = |from: &str, text: &str| {
            arrive(&format!("Message-ID: <1@c>\r\nFrom: {from}\r\n\r\n{text}\r\n")).external_id
        };
        let one = mail("a@b.example", "text");
        assert_eq!(one, mail("a@b.example", "text"));
        assert_ne!(one, mail("a@b.example", "other"));
        assert_ne!(one, mail("x@b.example", "text"));
        let filtered = "X-Spam: no\r\nMessage-ID: <1@c>\r\nFrom: a@b.example\r\n\r\ntext\r\n";
        assert_eq!(one, arrive(filtered).external_id, "fields added on the way do not count");
    }

    #[test]
    fn garbage_is_delivered_with_its_defects() {
        for raw in ["", "\0\0\0", "no header at all", "\r\n\r\n\r\n", "From"] {
            let message = arrive(raw);
            assert_eq!(message.raw.as_ref(), raw.as_bytes());
            assert!(!message.defects.is_empty(), "{raw:?}");
            assert!(message.unanswerable.is_some(), "{raw:?}");
        }
    }
}
