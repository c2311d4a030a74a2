//! The header fields that everybody needs, repaired and cleaned.

use std::borrow::Cow;
use std::cell::OnceCell;

use channel_contract::Party;
use channel_contract::base::Timestamp;
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address, Header, HeaderName, HeaderValue, Message, MimeHeaders};

use super::{Mail, charset};
use crate::thread::MAX_REFERENCES;

use super::attachment::is_invisible;

/// A display name, subject or file name is cut after this many characters.
const MAX_LINE_CHARS: usize = 1_000;
/// An address or Message-ID is longer only in an attack. RFC 5322 §2.1.1 limits a line to 998.
const MAX_ID_BYTES: usize = 998;

/// Reads the fields of `message` into `mail`; of each list of parties `parties_max`.
#[expect(clippy::wildcard_enum_match_arm, reason = "a hundred fields that nobody asks for")]
pub(super) fn read(
    message: &Message<'_>,
    raw: &[u8],
    raw_8bit: bool,
    parties_max: usize,
    mail: &mut Mail<'_>,
) {
    let mut reader = FieldReader {
        message,
        raw,
        raw_8bit,
        parties_max,
        repaired: false,
        mended: false,
        likely: OnceCell::new(),
    };
    for field in message.headers() {
        match field.name {
            HeaderName::From => {
                let mut parties = reader.parties(field);
                mail.from_count += parties.len();
                if mail.from.is_none() && !parties.is_empty() {
                    mail.from = Some(parties.swap_remove(0));
                }
            }
            HeaderName::ReplyTo => reader.add_parties(field, &mut mail.reply_to),
            HeaderName::To => reader.add_parties(field, &mut mail.to),
            HeaderName::Cc => reader.add_parties(field, &mut mail.cc),
            HeaderName::Subject if mail.subject.is_empty() => {
                mail.subject = reader.subject(field);
            }
            HeaderName::Date if mail.date.is_none() => mail.date = date(&field.value),
            HeaderName::MessageId if mail.message_id.is_none() => {
                mail.message_id = ids(&field.value).next();
            }
            HeaderName::InReplyTo => mail.in_reply_to.extend(ids(&field.value)),
            HeaderName::References => mail.references.extend(ids(&field.value)),
            _ => {}
        }
    }
    if reader.mended {
        mail.defect("bad_addresses", "Addresses were not written as they should be; mended.");
    }
    if mail.to.len() > parties_max || mail.cc.len() > parties_max {
        mail.to.truncate(parties_max);
        mail.cc.truncate(parties_max);
        mail.defect("many_recipients", format!("Only the first {parties_max} are shown."));
    }
    finish(message, reader.repaired, mail);
}

fn finish(message: &Message<'_>, repaired: bool, mail: &mut Mail<'_>) {
    if repaired {
        mail.defect("bad_header_charset", "Headers in an undeclared character set were repaired.");
    }
    if mail.from.is_none() {
        mail.from = message
            .headers()
            .iter()
            .find(|field| field.name == HeaderName::Sender)
            .and_then(|field| field.value.as_address()?.first().map(party))
            .filter(|party| !party.address.is_empty());
        mail.defect("no_from", "There is no From address.");
    }
    if mail.date.is_none() {
        mail.defect("no_date", "There is no Date that can be read.");
    }
    if mail.message_id.is_none() {
        mail.defect("no_message_id", "There is no Message-ID.");
    }
    mail.in_reply_to.truncate(MAX_REFERENCES);
    if mail.references.len() > MAX_REFERENCES {
        // The newest prove the most.
        let surplus = mail.references.len() - MAX_REFERENCES;
        mail.references.drain(..surplus);
    }
}

/// All fields of one name as text on one line.
pub(super) fn values<'a, 'n>(
    message: Option<&'a Message<'_>>,
    name: &'n str,
) -> impl Iterator<Item = Cow<'a, str>> + use<'a, 'n> {
    let (raw, headers) = match message {
        Some(message) => (message.raw_message.as_ref(), message.headers()),
        None => (&[][..], &[][..]),
    };
    headers.iter().filter(move |field| field.name.as_str().eq_ignore_ascii_case(name)).map(
        move |field| {
            let bytes = raw
                .get(field.offset_start as usize..field.offset_end as usize)
                .unwrap_or_default()
                .trim_ascii();
            match std::str::from_utf8(bytes) {
                Ok(text) if !text.contains(['\r', '\n']) => Cow::Borrowed(text),
                Ok(_) | Err(_) => Cow::Owned(clean_line(&String::from_utf8_lossy(bytes))),
            }
        },
    )
}

/// Reads single fields, repairing those that the parser cannot have understood.
struct FieldReader<'a> {
    message: &'a Message<'a>,
    raw: &'a [u8],
    raw_8bit: bool,
    parties_max: usize,
    repaired: bool,
    /// An address was not written as it should be.
    mended: bool,
    /// The character set of the mail as a whole, found out when first needed.
    likely: OnceCell<&'static Encoding>,
}

impl<'a> FieldReader<'a> {
    /// Adds the parties of one field, up to a few more than are kept.
    fn add_parties(&mut self, field: &Header<'_>, all: &mut Vec<Party>) {
        let more = self.parties(field);
        if all.len() <= self.parties_max {
            all.extend(more);
        }
    }

    fn parties(&mut self, field: &Header<'_>) -> Vec<Party> {
        let mut mended = false;
        let most = self.parties_max;
        let mut collect = |address: &Address<'_>| {
            with_commas_joined(address.iter().map(party), most, &mut mended)
        };
        if let Some(text) = self.repair(field)
            && let HeaderValue::Address(address) =
                MessageStream::new(text.as_bytes()).parse_address()
        {
            let parties = collect(&address);
            self.repaired = true;
            self.mended |= mended;
            return parties;
        }
        let parties = field.value.as_address().map(collect).unwrap_or_default();
        self.mended |= mended || parties.iter().any(|party| !party.address.contains('@'));
        parties
    }

    fn subject(&mut self, field: &Header<'_>) -> String {
        if let Some(text) = self.repair(field)
            && let HeaderValue::Text(subject) =
                MessageStream::new(text.as_bytes()).parse_unstructured()
        {
            self.repaired = true;
            return clean_line(&subject);
        }
        field.value.as_text().map(clean_line).unwrap_or_default()
    }

    /// The field as it should have been written, if the parser cannot have understood it.
    fn repair(&self, field: &Header<'_>) -> Option<String> {
        let bytes = self.bytes_of(field);
        let escaped = memchr::memchr(0x1b, bytes).is_some();
        let undeclared = self.raw_8bit && !bytes.is_ascii() && std::str::from_utf8(bytes).is_err();
        // Encoded words cut within a character come out with replacement characters.
        let cut = || memchr::memmem::find(bytes, b"=?").is_some() && has_replacement(&field.value);
        (escaped || undeclared || cut())
            .then(|| charset::repair_header(bytes, undeclared.then(|| self.likely())))
    }

    fn bytes_of(&self, field: &Header<'_>) -> &'a [u8] {
        self.raw.get(field.offset_start as usize..field.offset_end as usize).unwrap_or_default()
    }

    fn likely(&self) -> &'static Encoding {
        self.likely.get_or_init(|| {
            let text = self.message.text_body.first().or(self.message.html_body.first());
            let part = text.and_then(|id| self.message.parts.get(*id as usize));
            let declared = part
                .and_then(|part| part.content_type()?.attribute("charset"))
                .and_then(|label| Encoding::for_label(label.trim().as_bytes()))
                .filter(|encoding| *encoding != UTF_8 && *encoding != WINDOWS_1252);
            declared.unwrap_or_else(|| charset::guess(self.raw))
        })
    }
}

fn has_replacement(value: &HeaderValue<'_>) -> bool {
    const REPLACEMENT: char = '\u{fffd}';
    let in_name = |one: &Addr<'_>| one.name().is_some_and(|name| name.contains(REPLACEMENT));
    value.as_text().is_some_and(|text| text.contains(REPLACEMENT))
        || value.as_address().is_some_and(|address| address.iter().any(in_name))
}

/// Parties without the empty ones, and names cut at an unquoted comma put together again:
/// `Koval, Olena <olena@shop.example>` is one person.
fn with_commas_joined(
    parties: impl Iterator<Item = Party>,
    most: usize,
    mended: &mut bool,
) -> Vec<Party> {
    let mut joined: Vec<Party> = Vec::new();
    let parties = parties.filter(|party| !(party.name.is_empty() && party.address.is_empty()));
    for mut party in parties.take(most.saturating_mul(2)) {
        if !party.name.is_empty()
            && let Some(half) = joined.pop_if(|last| !last.address.contains('@'))
        {
            let start = if half.name.is_empty() { half.address } else { half.name };
            party.name = format!("{start}, {}", party.name);
            *mended = true;
        }
        joined.push(party);
        if joined.len() > most {
            break;
        }
    }
    joined
}

fn party(address: &Addr<'_>) -> Party {
    let mut name = address.name().map(clean_line).unwrap_or_default();
    let mut found = address.address().map(clean_address).unwrap_or_default();
    if found.is_empty() && name.contains('@') && !name.contains(' ') {
        // `From: "a@b.example"` and other addresses that lost their brackets.
        found = clean_address(&name);
        name.clear();
    }
    if name == found {
        name.clear();
    }
    Party { name, address: found }
}

fn date(value: &HeaderValue<'_>) -> Option<Timestamp> {
    let date = value.as_datetime().filter(|date| date.is_valid())?;
    Some(Timestamp::from_seconds(date.to_timestamp()))
}

fn ids<'a>(value: &'a HeaderValue<'_>) -> impl Iterator<Item = String> + use<'a> {
    let list = value.as_text_list().unwrap_or_default();
    list.iter().map(|id| clean_id(id)).filter(|id| !id.is_empty())
}

/// A Message-ID or Content-ID without brackets, white space and control characters: a folded one
/// must compare equal to an unfolded one.
pub(crate) fn clean_id(id: &str) -> String {
    let mut clean: String = id
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>'))
        .collect();
    clean.truncate(super::boundary_before(&clean, MAX_ID_BYTES));
    clean
}

fn clean_address(address: &str) -> String {
    let mut clean: String = address
        .trim()
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c) && !matches!(c, '<' | '>'))
        .collect();
    clean.truncate(super::boundary_before(&clean, MAX_ID_BYTES));
    clean.trim().to_owned()
}

/// One line: white space and control characters become single spaces, what nobody sees goes.
pub(crate) fn clean_line(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(4 * MAX_LINE_CHARS));
    let mut space = false;
    for character in text.chars().take(4 * MAX_LINE_CHARS) {
        if character.is_whitespace() || character.is_control() {
            space = true;
        } else if !is_invisible(character) {
            if space && !clean.is_empty() {
                clean.push(' ');
            }
            space = false;
            clean.push(character);
        }
    }
    if let Some((end, _)) = clean.char_indices().nth(MAX_LINE_CHARS) {
        clean.truncate(end);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(value: &str) -> Vec<(String, String)> {
        let raw = format!("To: {value}\r\nFrom: x@y.example\r\n\r\n");
        let mail = crate::mime::read(raw.as_bytes());
        mail.to.into_iter().map(|party| (party.name, party.address)).collect()
    }

    fn pair(name: &str, address: &str) -> (String, String) {
        (name.to_owned(), address.to_owned())
    }

    #[test]
    fn broken_addresses_are_read_as_they_were_meant() {
        for (value, expected) in [
            ("Koval, Olena <olena@shop.example>", vec![pair("Koval, Olena", "olena@shop.example")]),
            (
                "a@b.example, Koval, O. <o@s.example>, c@d.example",
                vec![
                    pair("", "a@b.example"),
                    pair("Koval, O.", "o@s.example"),
                    pair("", "c@d.example"),
                ],
            ),
            ("\"olena@shop.example\"", vec![pair("", "olena@shop.example")]),
            ("olena@shop.example <olena@shop.example>", vec![pair("", "olena@shop.example")]),
            ("<olena@shop.example", vec![pair("", "olena@shop.example")]),
            ("undisclosed-recipients:;", vec![]),
        ] {
            assert_eq!(from(value), expected, "{value}");
            let raw = format!("To: {value}\r\nFrom: x@y.example\r\n\r\n");
            let mail = crate::mime::read(raw.as_bytes());
            let noted = mail.defects.iter().any(|defect| defect.code == "bad_addresses");
            assert_eq!(noted, value.starts_with("Koval") || value.starts_with("a@b"), "{value}");
        }
    }

    #[test]
    fn lines_hold_nothing_that_is_not_seen() {
        assert_eq!(clean_line(" a\r\n\tb\u{202e}\0 c\u{200b} "), "a b c");
        assert_eq!(clean_id(" <a\r\n b@c> "), "ab@c");
        assert_eq!(clean_line(&"я".repeat(5_000)).chars().count(), MAX_LINE_CHARS);
    }
}
