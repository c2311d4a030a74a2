//! A message of ours to MIME bytes.
//!
//! 1. The same command gives the same Message-ID, date and return path each time, so that a
//!    repeated attempt is recognisable as one mail.
//! 2. No control character reaches the library: it panics on line feeds in display names, and a
//!    name with a line feed would be a header of its own.

use std::time::{Duration, UNIX_EPOCH};

use channel_contract::{OutboundAttachment, OutboundMessage, Party};
use lettre::address::AddressError;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, address::Envelope};

use crate::mime::{clean_id, clean_line, safe_name};
use crate::thread::{Origin, Signer};

/// A display name is cut after this many characters, or its line grows past 998 (RFC 5322 §2.1.1).
const MAX_NAME_CHARS: usize = 200;
/// References written: the first, and the newest.
const MAX_REFERENCES: usize = 20;

/// Why a command makes no mail.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// An address that cannot be one.
    #[error("\"{address}\" is no address to which mail can be sent: {source}")]
    Address {
        /// As it was given.
        address: String,
        /// What is wrong with it.
        source: AddressError,
    },
    /// Nobody to send it to.
    #[error("the message has no recipient")]
    NoRecipient,
    /// The library refused it.
    #[error("the message cannot be built: {0}")]
    Build(String),
}

/// A mail ready to be sent.
#[derive(Debug)]
pub struct Composed {
    /// Return path and recipients.
    pub envelope: Envelope,
    /// Header and body.
    pub bytes: Vec<u8>,
    /// Its Message-ID without brackets.
    pub message_id: String,
}

/// Writes a mail. `bounce_address`: from which the return path is made, the sender's own if empty.
pub fn compose(
    message: &OutboundMessage,
    signer: &Signer,
    bounce_address: &str,
) -> Result<Composed, ComposeError> {
    let origin = Origin { message: message.message, interaction: message.interaction };
    let message_id = signer.message_id(origin);
    let recipients = recipients(message)?;
    let return_path = if message.automatic {
        None
    } else if bounce_address.is_empty() {
        Some(address(&message.from.address)?)
    } else {
        Some(address(&signer.return_path(bounce_address, message.message))?)
    };
    let envelope = Envelope::new(return_path, recipients).map_err(|_| ComposeError::NoRecipient)?;
    let built = body(headers(message, &message_id)?.envelope(envelope.clone()), message)?;
    Ok(Composed { envelope, bytes: built.formatted(), message_id })
}

/// Each once, and only those who have not got it yet.
fn recipients(message: &OutboundMessage) -> Result<Vec<Address>, ComposeError> {
    let is_due = |party: &&Party| {
        let wanted = &message.deliver_to;
        wanted.is_empty() || wanted.iter().any(|due| due.eq_ignore_ascii_case(&party.address))
    };
    let mut found: Vec<Address> = Vec::new();
    for party in message.to.iter().chain(&message.cc).chain(&message.bcc).filter(is_due) {
        let address = address(&party.address)?;
        if !found.contains(&address) {
            found.push(address);
        }
    }
    Ok(found)
}

fn headers(message: &OutboundMessage, message_id: &str) -> Result<MessageBuilder, ComposeError> {
    let seconds = u64::try_from(message.written_at.as_seconds()).unwrap_or(0);
    let mut builder = Message::builder()
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .from(mailbox(&message.from)?)
        .subject(clean_line(&message.subject))
        .message_id(Some(format!("<{message_id}>")));
    for party in &message.to {
        builder = builder.to(mailbox(party)?);
    }
    for party in &message.cc {
        builder = builder.cc(mailbox(party)?);
    }
    if let Some(id) = message.in_reply_to.as_deref().map(clean_id).filter(|id| !id.is_empty()) {
        builder = builder.in_reply_to(format!("<{id}>"));
    }
    let references = references(message);
    if !references.is_empty() {
        builder = builder.references(references);
    }
    if message.automatic {
        // RFC 3834 §3.1.7; the second is understood by Exchange.
        builder = raw(builder, "Auto-Submitted", "auto-replied");
        builder = raw(builder, "X-Auto-Response-Suppress", "All");
    }
    Ok(builder)
}

/// The chain with the answered mail at its end. RFC 5322 §3.6.4.
fn references(message: &OutboundMessage) -> String {
    let mut chain: Vec<String> = message.references.iter().map(|id| clean_id(id)).collect();
    if let Some(parent) = message.in_reply_to.as_deref().map(clean_id)
        && !chain.contains(&parent)
    {
        chain.push(parent);
    }
    chain.retain(|id| !id.is_empty());
    if chain.len() > MAX_REFERENCES {
        let surplus = chain.len() - MAX_REFERENCES;
        chain.drain(1..=surplus);
    }
    let chain: Vec<String> = chain.into_iter().map(|id| format!("<{id}>")).collect();
    chain.join(" ")
}

fn raw(builder: MessageBuilder, name: &'static str, value: &str) -> MessageBuilder {
    builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()))
}

fn body(builder: MessageBuilder, message: &OutboundMessage) -> Result<Message, ComposeError> {
    let text = SinglePart::plain(clean_text(&message.text));
    let built = if message.attachments.is_empty() {
        builder.singlepart(text)
    } else {
        let mut parts = MultiPart::mixed().singlepart(text);
        for attachment in &message.attachments {
            parts = parts.singlepart(attached(attachment));
        }
        builder.multipart(parts)
    };
    built.map_err(|error| ComposeError::Build(error.to_string()))
}

fn attached(attachment: &OutboundAttachment) -> SinglePart {
    let binary = ContentType::parse("application/octet-stream").unwrap_or(ContentType::TEXT_PLAIN);
    // RFC 2046 §5.2.1 and §5.1 forbid encodings for these, and the library would choose one.
    let media_type = attachment.media_type.to_ascii_lowercase();
    let composite = media_type.starts_with("message/") || media_type.starts_with("multipart/");
    let content_type = if composite || media_type.contains(|c: char| c.is_control()) {
        binary
    } else {
        ContentType::parse(&media_type).unwrap_or(binary)
    };
    let name = safe_name(&attachment.name);
    let name = if name.is_empty() { "attachment".to_owned() } else { name };
    Attachment::new(name).body(attachment.content.to_vec(), content_type)
}

fn mailbox(party: &Party) -> Result<Mailbox, ComposeError> {
    let name: String = clean_line(&party.name).chars().take(MAX_NAME_CHARS).collect();
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address(&party.address)?))
}

fn address(text: &str) -> Result<Address, ComposeError> {
    text.trim()
        .parse()
        .map_err(|source| ComposeError::Address { address: clean_line(text), source })
}

/// Line ends as CRLF, no control characters but tabs.
fn clean_text(text: &str) -> String {
    let mut clean = String::with_capacity(text.len() + text.len() / 32);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            clean.push_str("\r\n");
        }
        clean.extend(line.chars().filter(|c| !c.is_control() || *c == '\t'));
    }
    if !clean.ends_with("\r\n") {
        clean.push_str("\r\n");
    }
    clean
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use channel_contract::base::Timestamp;
    use channel_contract::base::id::{InteractionId, MessageId};

    use super::*;
    use crate::config::ReadingLimits;

    fn signer() -> Signer {
        Signer::new(b"a secret of the bank", "bank.example")
    }

    fn party(name: &str, address: &str) -> Party {
        Party { name: name.to_owned(), address: address.to_owned() }
    }

    fn message() -> OutboundMessage {
        OutboundMessage {
            message: MessageId::from_u128(1),
            interaction: InteractionId::from_u128(2),
            written_at: Timestamp::from_seconds(1_795_428_000),
            from: party("Банк Приклад", "info@bank.example"),
            to: vec![party("Коваль, Олена", "olena@shop.example")],
            cc: vec![],
            bcc: vec![party("", "archive@bank.example")],
            deliver_to: vec![],
            subject: "Re: Картка [#123456]".to_owned(),
            text: "Добрий день!\n\n.\nFrom here on\n".to_owned(),
            in_reply_to: Some("q@shop.example".to_owned()),
            references: vec!["p@shop.example".to_owned()],
            attachments: vec![],
            automatic: false,
        }
    }

    fn composed(message: &OutboundMessage) -> (Composed, String) {
        let composed = compose(message, &signer(), "bounces@bank.example").expect("composed");
        let text = String::from_utf8(composed.bytes.clone()).expect("ASCII");
        (composed, text)
    }

    #[test]
    fn what_we_write_we_can_read() {
        let (sent, _) = composed(&message());
        let mail = crate::mime::read(&sent.bytes);
        assert_eq!(mail.from, Some(message().from));
        assert_eq!(mail.to, message().to);
        assert_eq!(mail.subject, message().subject);
        assert_eq!(mail.date, Some(message().written_at));
        assert_eq!(mail.message_id.as_deref(), Some(sent.message_id.as_str()));
        assert_eq!(mail.in_reply_to, ["q@shop.example"]);
        assert_eq!(mail.references, ["p@shop.example", "q@shop.example"]);
        assert_eq!(mail.text.trim(), message().text.trim());
        assert_eq!(mail.defects, []);
    }

    #[test]
    fn a_repeated_attempt_is_the_same_mail_with_its_own_return_path() {
        let (one, text) = composed(&message());
        let (two, _) = composed(&message());
        assert_eq!(one.bytes, two.bytes);
        assert!(!text.contains("archive@bank.example"), "bcc is not shown");
        assert_eq!(one.envelope.to().len(), 2);
        let path = one.envelope.from().expect("a return path").to_string();
        assert_eq!(signer().verify_return_path(&path), Some(message().message));
    }

    #[test]
    fn an_automatic_answer_cannot_start_a_loop() {
        let (sent, text) = composed(&OutboundMessage { automatic: true, ..message() });
        assert_eq!(sent.envelope.from(), None);
        assert!(text.contains("Auto-Submitted: auto-replied\r\n"));
    }

    #[test]
    fn control_characters_in_names_and_subjects_neither_panic_nor_add_headers() {
        let evil = "Evil\r\nBcc: q@q.example\0";
        let hostile = OutboundMessage {
            from: party(evil, "info@bank.example"),
            to: vec![party(evil, "a@b.example"), party(&"n".repeat(2_000), "c@d.example")],
            subject: evil.to_owned(),
            in_reply_to: Some("a\r\nBcc: q@q.example".to_owned()),
            references: vec![evil.to_owned()],
            text: evil.to_owned(),
            attachments: vec![OutboundAttachment {
                name: format!("{evil}.pdf"),
                media_type: "application/pdf\r\nBcc: q@q.example".to_owned(),
                content: Bytes::from_static(b"%PDF"),
            }],
            ..message()
        };
        let (_, text) = composed(&hostile);
        let (head, _) = text.split_once("\r\n\r\n").expect("a header");
        assert!(!head.lines().any(|line| line.starts_with("Bcc:")), "{head}");
        assert!(text.lines().all(|line| line.len() <= 998));
    }

    #[test]
    fn attachments_keep_their_names_and_bytes() {
        let content: Vec<u8> = (0..=255).collect();
        let with = OutboundMessage {
            attachments: vec![OutboundAttachment {
                name: "Виписка за листопад 2026 року для клієнта.pdf".to_owned(),
                media_type: "application/pdf".to_owned(),
                content: content.clone().into(),
            }],
            ..message()
        };
        let (sent, _) = composed(&with);
        let mail = crate::mime::read(&sent.bytes);
        let [file] = mail.attachments.as_slice() else { panic!("{:?}", mail.attachments) };
        assert_eq!(file.name, with.attachments[0].name);
        assert_eq!(file.media_type, "application/pdf");
        let opened = crate::mime::open_part(&sent.bytes, file.part, &ReadingLimits::default())
            .expect("opened");
        assert_eq!(opened.content.as_ref(), content);
    }

    #[test]
    fn who_has_got_it_does_not_get_it_again() {
        let twice = OutboundMessage { cc: vec![party("", "olena@shop.example")], ..message() };
        assert_eq!(composed(&twice).0.envelope.to().len(), 2, "each recipient once");
        let rest = OutboundMessage { deliver_to: vec!["Archive@bank.example".to_owned()], ..twice };
        let (sent, text) = composed(&rest);
        let due: Vec<String> = sent.envelope.to().iter().map(ToString::to_string).collect();
        assert_eq!(due, ["archive@bank.example"]);
        assert!(text.contains("olena@shop.example"), "the header names everybody");
    }

    #[test]
    fn bad_addresses_are_named() {
        let bad = OutboundMessage { to: vec![party("", "no address")], ..message() };
        let error = compose(&bad, &signer(), "").unwrap_err().to_string();
        assert!(error.contains("no address"), "{error}");
        let nobody = OutboundMessage { to: vec![], bcc: vec![], ..message() };
        assert!(matches!(compose(&nobody, &signer(), ""), Err(ComposeError::NoRecipient)));
    }
}
