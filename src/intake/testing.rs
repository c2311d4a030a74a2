//! Messages for tests.

use bytes::Bytes;
use channel_contract::{
    Authentication, ChannelName, Envelope, InboundMessage, MessageKind, Origin, Party, ThreadKeys,
};
use rozmova_base::Timestamp;
use rozmova_base::id::IdMaker;
use uuid::Uuid;

use crate::media::ContentHash;

/// Counts from a start.
#[derive(Debug)]
pub(crate) struct CountingIds(std::sync::atomic::AtomicU64);

impl CountingIds {
    pub(crate) const fn from(start: u64) -> Self {
        Self(std::sync::atomic::AtomicU64::new(start))
    }
}

impl IdMaker for CountingIds {
    fn next_uuid(&self) -> Uuid {
        Uuid::from_u128(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed).into())
    }
}

pub(crate) fn party(name: &str, address: &str) -> Party {
    Party { name: name.to_owned(), address: address.to_owned() }
}

/// A mail to `info@bank.example` with the Message-ID `id@example.ua`.
pub(crate) fn mail(id: &str, from: &str) -> InboundMessage {
    let raw = format!("Message-ID: <{id}@example.ua>\r\nFrom: {from}\r\n\r\nHello\r\n");
    InboundMessage {
        channel: ChannelName("lmtp".to_owned()),
        external_id: format!("{id}@example.ua"),
        received_at: Timestamp::from_seconds(1_700_000_000),
        raw_sha256: ContentHash::of(raw.as_bytes()).0,
        raw: Bytes::from(raw),
        envelope: Envelope {
            mail_from: Some(from.to_owned()),
            recipients: vec!["info@bank.example".to_owned()],
            peer: None,
        },
        origin: Origin::default(),
        from: Some(party("Olena", from)),
        reply_to: Vec::new(),
        to: vec![party("", "info@bank.example")],
        cc: Vec::new(),
        subject: format!("About {id}"),
        date: None,
        thread: ThreadKeys {
            message_id: Some(format!("{id}@example.ua")),
            ..ThreadKeys::default()
        },
        text: "Hello\n\n> quoted".to_owned(),
        reply_text: "Hello".to_owned(),
        has_html: false,
        attachments: Vec::new(),
        kind: MessageKind::Message,
        reports: Vec::new(),
        unanswerable: None,
        authentication: Authentication::default(),
        defects: Vec::new(),
        readable: true,
    }
}

/// The same in answer to another.
pub(crate) fn answer(id: &str, from: &str, to_id: &str) -> InboundMessage {
    let mut message = mail(id, from);
    message.thread.in_reply_to = vec![format!("{to_id}@example.ua")];
    message
}
