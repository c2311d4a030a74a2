//! Bytes to a [`Mail`]: never fails, never panics, never hangs.
//!
//! 1. A linear look at the raw bytes comes first (`scan`); what is over a limit is not opened, only
//!    its headers are read, and the mail is marked unreadable with a defect that says why.
//! 2. Whatever else is wrong becomes a [`Defect`] and is repaired as well as can be.
//! 3. Texts that leave here hold no control characters but line feeds and tabs; names and subjects
//!    hold none at all. (The composer's library panics on them, PostgreSQL refuses NUL.)
//! 4. A panic in the parsing library costs the reading of that mail and nothing else.
//!
//! Invariant: no clock, no chance, no input or output.

mod attachment;
mod calendar;
mod charset;
mod embedded;
#[cfg(feature = "fuzz")]
pub(crate) mod fuzz;
mod header;
mod html_text;
mod quote;
mod scan;
mod tnef;
mod uuencode;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use channel_contract::base::Timestamp;
use channel_contract::{AttachmentInfo, Defect, PartContent, Party};
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

use crate::config::ReadingLimits;
use scan::Scan;

pub(crate) use attachment::{hex, safe_name};
pub(crate) use header::{clean_id, clean_line};

/// Text kept of one mail, in bytes: some two hundred pages. The raw mail keeps the rest.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;
/// HTML looked at for text; more is not shown as text.
const MAX_HTML_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of header read from a mail that is not opened.
const MAX_UNOPENED_HEADER_BYTES: usize = 256 * 1024;

/// A mail, read as well as it can be read.
#[derive(Debug, Default)]
pub struct Mail<'a> {
    /// Who wrote it: the first address of `From`.
    pub from: Option<Party>,
    /// How many addresses `From` named.
    pub from_count: usize,
    /// Where answers should go.
    pub reply_to: Vec<Party>,
    /// To whom, at most as many as [`ReadingLimits::recipients`].
    pub to: Vec<Party>,
    /// And to whom else, at most as many as [`ReadingLimits::recipients`].
    pub cc: Vec<Party>,
    /// One line.
    pub subject: String,
    /// When the sender says it was written.
    pub date: Option<Timestamp>,
    /// `Message-ID` without brackets and white space.
    pub message_id: Option<String>,
    /// `In-Reply-To`, likewise.
    pub in_reply_to: Vec<String>,
    /// `References`, likewise, oldest first.
    pub references: Vec<String>,
    /// The whole text.
    pub text: String,
    /// The text without quotation and signature.
    pub reply_text: String,
    /// Whether there is HTML.
    pub has_html: bool,
    /// Files that came with it.
    pub attachments: Vec<AttachmentInfo>,
    /// What was wrong.
    pub defects: Vec<Defect>,
    /// `false`: not opened.
    pub readable: bool,
    /// `Received` fields: the hops it made.
    pub hops: usize,
    /// What the library made of it, for the filters.
    message: Option<Message<'a>>,
}

impl Mail<'_> {
    /// The first header field of this name as text on one line, trimmed; names in any case.
    pub(crate) fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers(name).next()
    }

    /// All header fields of this name, topmost first.
    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = Cow<'_, str>> {
        header::values(self.message.as_ref(), name)
    }

    /// What the library made of it; `None` when it could not be opened.
    pub(crate) const fn message(&self) -> Option<&Message<'_>> {
        self.message.as_ref()
    }

    fn defect(&mut self, code: &str, detail: impl Into<String>) {
        self.defects.push(Defect { code: code.to_owned(), detail: detail.into() });
    }
}

/// Reads a mail within the limits that hold when nothing else is configured.
pub fn read(raw: &[u8]) -> Mail<'_> {
    read_within(raw, &ReadingLimits::default())
}

/// Reads a mail.
pub fn read_within<'a>(raw: &'a [u8], limits: &ReadingLimits) -> Mail<'a> {
    let scan = scan::scan(raw, limits);
    read_scanned(raw, scan, limits)
}

/// Reads the header of a mail of which only the beginning is there; `bytes` is its whole size.
pub(crate) fn read_cut<'a>(raw: &'a [u8], bytes: u64, limits: &ReadingLimits) -> Mail<'a> {
    let mut scan = scan::scan(raw, limits);
    scan.over_limit = Some(Defect {
        code: "too_large".to_owned(),
        detail: format!(
            "Not opened: it has {bytes} bytes, more than {}. Only its beginning was taken; the \
             rest is in the mailbox.",
            limits.message_bytes
        ),
    });
    read_scanned(raw, scan, limits)
}

fn read_scanned<'a>(raw: &'a [u8], scan: Scan, limits: &ReadingLimits) -> Mail<'a> {
    match catch_unwind(AssertUnwindSafe(|| read_unguarded(raw, scan, limits))) {
        Ok(mail) => mail,
        Err(_) => unreadable("reader_failed", "Not opened: reading it failed. It is kept raw."),
    }
}

/// The HTML of a mail, as it came; `None` when it has none or is not opened.
pub(crate) fn html(raw: &[u8], limits: &ReadingLimits) -> Option<String> {
    guarded(raw, limits, |message| html_of(message, raw).map(|(html, _)| html.into_owned()))
}

/// One part of a mail by its number.
pub(crate) fn open_part(raw: &[u8], part: u32, limits: &ReadingLimits) -> Option<PartContent> {
    guarded(raw, limits, |message| attachment::open_part(message, raw, part))
}

fn guarded<T>(
    raw: &[u8],
    limits: &ReadingLimits,
    work: impl FnOnce(&Message<'_>) -> Option<T>,
) -> Option<T> {
    catch_unwind(AssertUnwindSafe(|| {
        if scan::scan(raw, limits).over_limit.is_some() {
            return None;
        }
        work(&MessageParser::new().parse(raw)?)
    }))
    .ok()
    .flatten()
}

fn unreadable(code: &str, detail: &str) -> Mail<'static> {
    let mut mail = Mail::default();
    mail.defect(code, detail);
    mail
}

fn read_unguarded<'a>(raw: &'a [u8], scan: Scan, limits: &ReadingLimits) -> Mail<'a> {
    if let Some(over_limit) = scan.over_limit {
        let head = &raw[..scan.header_end.min(MAX_UNOPENED_HEADER_BYTES)];
        let mut mail = Mail::default();
        if let Some(message) = MessageParser::new().parse_headers(head) {
            header::read(&message, head, scan.raw_8bit_headers, limits.recipients, &mut mail);
            mail.message = Some(message);
        }
        mail.hops = scan.received;
        mail.defects.insert(0, over_limit);
        return mail;
    }
    let Some(message) = MessageParser::new().parse(raw) else {
        return unreadable("no_headers", "Not opened: this has no header and is no mail.");
    };
    let mut mail = Mail { readable: true, hops: scan.received, ..Mail::default() };
    if scan.has_nul {
        mail.defect("nul_bytes", "NUL bytes were left out.");
    }
    if let Some(what) = scan.bad_multipart {
        mail.defect("bad_multipart", what);
    }
    header::read(&message, raw, scan.raw_8bit_headers, limits.recipients, &mut mail);
    read_body(&message, raw, &mut mail);
    mail.message = Some(message);
    mail
}

fn read_body(message: &Message<'_>, raw: &[u8], mail: &mut Mail<'_>) {
    let html = html_of(message, raw);
    mail.has_html = html.is_some();
    if let Some((_, Some(charset))) = &html {
        mail.defect("bad_charset", format!("The HTML was read as {charset}."));
    }
    let mut text = plain_text(message, raw, mail);
    if text.trim().is_empty() {
        text = substitute_text(message, raw, html.as_ref().map(|(html, _)| html.as_ref()), mail);
    }
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(boundary_before(&text, MAX_TEXT_BYTES));
        mail.defect("text_cut", format!("Only the first {MAX_TEXT_BYTES} bytes are shown."));
    }
    if message.parts.iter().any(|part| part.is_encoding_problem) {
        mail.defect("bad_encoding", "A part was not encoded as it says; shown as it came.");
    }
    mail.reply_text = quote::reply_text(&text);
    mail.text = text;
    let html = html.as_ref().map(|(html, _)| html.as_ref());
    let mut defects = std::mem::take(&mut mail.defects);
    for file in &mail.attachments {
        attachment::note_dangers(&file.name, false, &mut defects);
    }
    mail.attachments.extend(attachment::attachments(message, raw, html, &mut defects));
    mail.defects = defects;
}

/// The text of a mail without a text part: from the HTML, Outlook's container or a calendar.
fn substitute_text(
    message: &Message<'_>,
    raw: &[u8],
    html: Option<&str>,
    mail: &mut Mail<'_>,
) -> String {
    let contained = || embedded::container_texts(message, raw).0.filter(|text| !text.is_empty());
    if let Some(text) = contained() {
        return clean_text(&text[..boundary_before(&text, MAX_TEXT_BYTES * 2)]);
    }
    if let Some(html) = html {
        if html.len() > MAX_HTML_BYTES {
            mail.defect("html_too_large", "The HTML is too large to be read as text.");
            return String::new();
        }
        return clean_text(&html_text::html_to_text(html, MAX_TEXT_BYTES));
    }
    let calendar = message.parts.iter().find(|part| part.is_content_type("text", "calendar"));
    let event = calendar.and_then(|part| calendar::describe(part.text_contents()?));
    event.map(|text| clean_text(&text)).unwrap_or_default()
}

/// The text parts one under the other, up to a little over [`MAX_TEXT_BYTES`].
fn plain_text(message: &Message<'_>, raw: &[u8], mail: &mut Mail<'_>) -> String {
    let mut text = String::new();
    for id in &message.text_body {
        let Some(part) = message.parts.get(*id as usize) else { continue };
        if part.is_content_type("text", "calendar") {
            continue;
        }
        let Some(content) = embedded::text_of(part, raw) else { continue };
        if let Some(encoding) = content.repaired {
            mail.defect("bad_charset", format!("The text was read as {encoding}."));
        }
        content.list(*id, mail);
        let flowed = part.content_type().is_some_and(|kind| {
            kind.attribute("format").is_some_and(|format| format.eq_ignore_ascii_case("flowed"))
        });
        let content = content.text.as_ref();
        let mut clean = clean_text(&content[..boundary_before(content, MAX_TEXT_BYTES * 2)]);
        if flowed {
            clean = unflowed(&clean);
        }
        if !text.is_empty() && !clean.trim().is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(clean.trim_end());
        if text.len() > MAX_TEXT_BYTES {
            break;
        }
    }
    text
}

/// The first HTML part, and the character set that it turned out to have.
fn html_of<'a>(
    message: &'a Message<'_>,
    raw: &[u8],
) -> Option<(Cow<'a, str>, Option<&'static str>)> {
    let found = message.html_body.iter().find_map(|id| {
        let part = message.parts.get(*id as usize)?;
        match &part.body {
            PartType::Html(html) => Some((part, html)),
            PartType::Text(_)
            | PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Message(_)
            | PartType::Multipart(_) => None,
        }
    });
    let Some((part, html)) = found else {
        let html = embedded::container_texts(message, raw).1?;
        return Some((Cow::Owned(html), None));
    };
    let declared = part.content_type().and_then(|kind| kind.attribute("charset"));
    match charset::repair_body(html, declared, || attachment::content_of(part, raw)) {
        Some((repaired, encoding)) => Some((Cow::Owned(repaired), Some(encoding.name()))),
        None => Some((Cow::Borrowed(html), None)),
    }
}

/// The last character boundary at or before `at`.
pub(crate) fn boundary_before(text: &str, at: usize) -> usize {
    let mut end = at.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// Line ends as `\n`, no other control characters but tabs.
fn clean_text(text: &str) -> String {
    let ascii_fine = text.bytes().all(|b| (b >= b' ' && b != 0x7f) || b == b'\n' || b == b'\t');
    // U+0080 to U+009F are two bytes that begin with C2.
    let has_c1 = || {
        memchr::memchr_iter(0xc2, text.as_bytes())
            .any(|at| matches!(text.as_bytes().get(at + 1), Some(0x80..=0x9f)))
    };
    if ascii_fine && !has_c1() && !text.contains(['\u{feff}', '\u{2028}', '\u{2029}']) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                if characters.peek() != Some(&'\n') {
                    clean.push('\n');
                }
            }
            '\n' | '\t' => clean.push(character),
            '\u{2028}' | '\u{2029}' | '\u{85}' => clean.push('\n'),
            '\u{feff}' => {}
            _ if character.is_control() => {}
            _ => clean.push(character),
        }
    }
    clean
}

/// Lines that end in a space go on in the next one. RFC 3676 §4.
fn unflowed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.split('\n') {
        let content = line.trim_start_matches('>');
        let depth = line.len() - content.len();
        let stuffed = content.strip_prefix(' ').unwrap_or(content);
        if open == Some(depth) {
            out.push_str(stuffed);
        } else {
            if !out.is_empty() || open.is_some() {
                if out.ends_with(' ') {
                    out.truncate(out.len() - 1);
                }
                out.push('\n');
            }
            out.push_str(&line[..depth]);
            out.push_str(if depth > 0 { content } else { stuffed });
        }
        open = (content.ends_with(' ') && content != "-- ").then_some(depth);
    }
    out
}
