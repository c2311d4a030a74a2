//! What rules look at: a contact as it came, by whatever medium. Pure.

use channel_contract::{Authentication, InboundMessage, MessageKind, Party};
use rozmova_base::Timestamp;
use rozmova_queue::config::Medium;

/// So much of a text is looked at: whoever sends a book does not make everybody wait.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// So much of a message is searched for header fields.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A contact as it came. What a medium does not have is empty.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// How it came.
    pub medium: Medium,
    /// By which channel.
    pub channel: &'a str,
    /// To which address of ours.
    pub mailbox: &'a str,
    /// Who wrote or called.
    pub from: Option<&'a Party>,
    /// Where answers should go.
    pub reply_to: &'a [Party],
    /// To whom.
    pub to: &'a [Party],
    /// And to whom else.
    pub cc: &'a [Party],
    /// To whom by the transport.
    pub recipients: &'a [String],
    /// Its subject.
    pub subject: &'a str,
    /// Its text.
    pub body: &'a str,
    /// The bytes that begin with its header (RFC 5322 §2.2).
    pub raw: &'a [u8],
    /// Names and media types of what came with it.
    pub attachments: Vec<(&'a str, &'a str)>,
    /// What sort of message.
    pub kind: MessageKind,
    /// Who vouches for the sender.
    pub authentication: &'a Authentication,
    /// Whose address it is.
    pub sender: Sender<'a>,
    /// When it came.
    pub received_at: Timestamp,
    /// How large it is.
    pub size_bytes: u64,
    /// Whether it could be read: what could not is never discarded.
    pub readable: bool,
}

/// Whose address a contact came from, by the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sender<'a> {
    /// How it stands to the bank.
    pub standing: Standing,
    /// Served before others.
    pub vip: bool,
    /// The client's segment.
    pub segment: &'a str,
}

/// How whoever wrote stands to the bank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has the address.
    #[default]
    Unknown,
    /// Several have it.
    Ambiguous,
    /// Somebody who is no client yet.
    Prospect,
    /// A client.
    Client,
}

impl Standing {
    /// As in rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ambiguous => "ambiguous",
            Self::Prospect => "prospect",
            Self::Client => "client",
        }
    }
}

impl<'a> Facts<'a> {
    /// Of a mail.
    pub fn of_mail(message: &'a InboundMessage, sender: Sender<'a>, mailbox: &'a str) -> Self {
        let attachments = message.attachments.iter();
        Self {
            medium: Medium::Email,
            channel: &message.channel.0,
            mailbox,
            from: message.from.as_ref(),
            reply_to: &message.reply_to,
            to: &message.to,
            cc: &message.cc,
            recipients: &message.envelope.recipients,
            subject: &message.subject,
            body: &message.text,
            raw: &message.raw,
            attachments: attachments
                .map(|file| (file.name.as_str(), file.media_type.as_str()))
                .collect(),
            kind: message.kind,
            authentication: &message.authentication,
            sender,
            received_at: message.received_at,
            size_bytes: message.raw.len() as u64,
            readable: message.readable,
        }
    }

    /// The text as far as it is looked at.
    pub fn beginning(&self) -> &'a str {
        let end = (0..=BODY_BYTES_MAX.min(self.body.len()))
            .rev()
            .find(|end| self.body.is_char_boundary(*end));
        &self.body[..end.unwrap_or(0)]
    }

    /// Values of a header field in their order, unfolded and otherwise as they were sent.
    pub fn header(&self, name: &str) -> Vec<String> {
        let mut values: Vec<String> = Vec::new();
        let mut is_wanted = false;
        let head = &self.raw[..self.raw.len().min(HEAD_BYTES_MAX)];
        for line in head.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            let is_continued = line.starts_with(b" ") || line.starts_with(b"\t");
            if !is_continued {
                let (field, _) = line.split_at(line.len().min(name.len()));
                let is_named = field.eq_ignore_ascii_case(name.as_bytes());
                is_wanted = is_named && line.get(name.len()) == Some(&b':');
            }
            if !is_wanted {
                continue;
            }
            match values.last_mut().filter(|_| is_continued) {
                Some(value) => value.push_str(&String::from_utf8_lossy(line)),
                None => values.push(String::from_utf8_lossy(&line[name.len() + 1..]).into_owned()),
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::testing::mail;

    #[test]
    fn header_fields_are_found_by_name_and_unfolded() {
        let mut message = mail("m1", "olena@example.ua");
        message.raw = "X-Spam: no\r\nx-spam-flag: Yes,\r\n\tvery\r\nX-SPAM-FLAG:2\r\n\r\n\
                       X-Spam-Flag: not in the header\r\n"
            .into();
        let facts = Facts::of_mail(&message, Sender::default(), "");
        assert_eq!(facts.header("X-Spam-Flag"), [" Yes,\tvery", "2"]);
        assert_eq!(facts.header("X-Spam"), [" no"]);
        assert!(facts.header("Spam").is_empty());
        message.raw = "no header".into();
        assert!(Facts::of_mail(&message, Sender::default(), "").header("no header").is_empty());
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_looked_at() {
        let mut message = mail("m1", "olena@example.ua");
        message.text = format!("x{}", "ї".repeat(BODY_BYTES_MAX));
        let facts = Facts::of_mail(&message, Sender::default(), "");
        assert_eq!(facts.beginning().len(), BODY_BYTES_MAX - 1);
        message.text = "ї".to_owned();
        assert_eq!(Facts::of_mail(&message, Sender::default(), "").beginning(), "ї");
    }
}
