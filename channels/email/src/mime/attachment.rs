//! Files that came with a mail: safe names, decoded content, digests.

use std::borrow::Cow;
use std::collections::BTreeSet;

use channel_contract::{AttachmentInfo, Defect, PartContent};
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, GetHeader, HeaderName, Message, MessagePart, MimeHeaders, PartType};
use sha2::{Digest, Sha256};

use super::tnef::Tnef;
use super::{charset, embedded, uuencode};

/// A file name is kept to this many bytes, its extension included: file systems take 255.
const MAX_NAME_BYTES: usize = 180;

/// Extensions that a double click runs, or that carry macros.
const DANGEROUS: [&str; 39] = [
    "exe", "com", "scr", "pif", "bat", "cmd", "msi", "msp", "dll", "cpl", "jar", "js", "jse",
    "vbs", "vbe", "wsf", "wsh", "ps1", "psm1", "hta", "lnk", "reg", "chm", "scf", "url", "iso",
    "img", "vhd", "vhdx", "one", "docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "potm", "ppam",
    "apk",
];

/// The files of a mail. `html`: where inline pictures are referred to.
pub(super) fn attachments(
    message: &Message<'_>,
    raw: &[u8],
    html: Option<&str>,
    defects: &mut Vec<Defect>,
) -> Vec<AttachmentInfo> {
    if message.attachments.is_empty() {
        return Vec::new();
    }
    let referred = html.map(referred_content_ids).unwrap_or_default();
    let mut ids = message.attachments.clone();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(part) = message.parts.get(id as usize) else { continue };
        if let Some(tnef) = embedded::container(part, raw, id) {
            note_container(&tnef, defects);
            if !tnef.files.is_empty() || tnef.text.is_some() || tnef.html.is_some() {
                let mut files = embedded::container_files(id, tnef);
                for file in &mut files {
                    file.inline = file.content_id.as_ref().is_some_and(|id| referred.contains(id));
                    note_dangers(&file.name, false, defects);
                }
                found.append(&mut files);
                continue;
            }
        }
        let content = content_of(part, raw);
        let (name, odd_name) = name_of(part, raw, id);
        let content_id = part.content_id().map(super::clean_id).filter(|id| !id.is_empty());
        let inline = content_id.as_deref().is_some_and(|id| referred.contains(id));
        note_dangers(&name, odd_name, defects);
        found.push(AttachmentInfo {
            part: id,
            name,
            media_type: media_type(part),
            size_bytes: content.len() as u64,
            sha256: hex(&Sha256::digest(&content)),
            content_id,
            inline,
        });
    }
    found
}

/// One part with its content, by its number.
pub(super) fn open_part(message: &Message<'_>, raw: &[u8], id: u32) -> Option<PartContent> {
    if embedded::is_embedded(id) {
        return embedded::open(message, raw, id);
    }
    let part = message.parts.get(id as usize)?;
    if part.is_multipart() && !message.attachments.contains(&id) {
        return None;
    }
    Some(PartContent {
        name: name_of(part, raw, id).0,
        media_type: media_type(part),
        content: content_of(part, raw).into_owned().into(),
    })
}

/// The content as it was before it was encoded for transport. The parser turns texts into UTF-8;
/// a file must keep its own encoding.
pub(super) fn content_of<'a>(part: &'a MessagePart<'_>, raw: &'a [u8]) -> Cow<'a, [u8]> {
    if part.encoding == Encoding::None
        && part.content_transfer_encoding().is_some_and(uuencode::is_named)
    {
        let (start, end) = (part.offset_body as usize, part.offset_end as usize);
        let body = raw.get(start..end.max(start)).unwrap_or_default();
        return uuencode::decode(body).map_or(Cow::Borrowed(body), Cow::Owned);
    }
    match &part.body {
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Cow::Borrowed(bytes),
        PartType::Message(message) if part.encoding != Encoding::None => {
            Cow::Borrowed(message.raw_message.as_ref())
        }
        PartType::Text(_) | PartType::Html(_) | PartType::Message(_) => {
            let (start, end) = (part.offset_body as usize, part.offset_end as usize);
            let body = raw.get(start..end.max(start)).unwrap_or_default();
            match part.encoding {
                Encoding::None => Cow::Borrowed(body),
                Encoding::Base64 => {
                    base64_decode(body).map_or(Cow::Borrowed(part.contents()), Cow::Owned)
                }
                Encoding::QuotedPrintable => {
                    quoted_printable_decode(body).map_or(Cow::Borrowed(part.contents()), Cow::Owned)
                }
            }
        }
        // An attached message that ends with its header, or before its end.
        PartType::Multipart(_) => {
            let (start, end) = (part.offset_body as usize, part.offset_end as usize);
            let end = if end > start { end } else { raw.len() };
            Cow::Borrowed(raw.get(start..end).unwrap_or_default())
        }
    }
}

pub(super) fn media_type(part: &MessagePart<'_>) -> String {
    let declared = part.content_type().map(|declared| {
        let subtype = declared.subtype().unwrap_or("");
        format!("{}/{subtype}", declared.ctype()).to_ascii_lowercase()
    });
    let fallback = match part.body {
        PartType::Message(_) => "message/rfc822",
        PartType::Text(_) => "text/plain",
        PartType::Html(_) => "text/html",
        PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Multipart(_) => {
            "application/octet-stream"
        }
    };
    declared
        .filter(|text| {
            text.len() <= 127
                && !text.starts_with('/')
                && !text.ends_with('/')
                && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>()@,;:\\[]?=".contains(&b))
        })
        .unwrap_or_else(|| fallback.to_owned())
}

/// A safe name, and whether the name as sent had something to hide.
pub(super) fn name_of(part: &MessagePart<'_>, raw: &[u8], id: u32) -> (String, bool) {
    let declared = part.attachment_name().map(|name| {
        if name.contains('\u{fffd}') || name.contains("=?") {
            Cow::Owned(repaired_name(part, raw).unwrap_or_else(|| name.to_owned()))
        } else {
            Cow::Borrowed(name)
        }
    });
    let odd = declared.as_deref().is_some_and(has_direction_characters);
    let name = declared.as_deref().map(safe_name).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| match &part.body {
        PartType::Message(message) => {
            let subject = safe_name(message.subject().unwrap_or_default());
            if subject.is_empty() { format!("message-{id}.eml") } else { format!("{subject}.eml") }
        }
        PartType::Text(_)
        | PartType::Html(_)
        | PartType::Binary(_)
        | PartType::InlineBinary(_)
        | PartType::Multipart(_) => format!("attachment-{id}{}", extension_for(&media_type(part))),
    });
    (name, odd)
}

/// A name in raw 8-bit characters, or in encoded words cut within a character.
fn repaired_name(part: &MessagePart<'_>, raw: &[u8]) -> Option<String> {
    for (header, attribute) in
        [(HeaderName::ContentDisposition, "filename"), (HeaderName::ContentType, "name")]
    {
        let Some(header) = part.headers.header(header) else { continue };
        let bytes = raw.get(header.offset_start as usize..header.offset_end as usize)?;
        let repaired = charset::repair_header(bytes, None);
        let value = mail_parser::parsers::MessageStream::new(repaired.as_bytes())
            .parse_content_type()
            .into_content_type();
        if let Some(name) = value.as_ref().and_then(|value| value.attribute(attribute)) {
            return Some(name.to_owned());
        }
    }
    None
}

fn extension_for(media_type: &str) -> &'static str {
    match media_type {
        "text/plain" | "message/delivery-status" | "message/feedback-report" => ".txt",
        "text/html" => ".html",
        "text/calendar" => ".ics",
        "text/csv" => ".csv",
        "image/jpeg" => ".jpg",
        "image/png" => ".png",
        "image/gif" => ".gif",
        "image/tiff" => ".tif",
        "application/pdf" => ".pdf",
        "message/rfc822" => ".eml",
        _ => "",
    }
}

/// A name to show and to save under: the last component of a path, without control characters and
/// characters that turn the direction of writing, not too long, extension kept.
pub(crate) fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .map(|c| if matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c })
        .collect();
    let clean = clean.trim_matches([' ', '.', '\u{a0}']);
    if clean.len() <= MAX_NAME_BYTES {
        return clean.to_owned();
    }
    let extension = clean.rfind('.').map_or("", |dot| &clean[dot..]);
    let extension = if extension.len() <= 20 { extension } else { "" };
    let mut end = MAX_NAME_BYTES - extension.len();
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", clean[..end].trim_end())
}

fn has_direction_characters(name: &str) -> bool {
    name.chars().any(is_direction)
}

const fn is_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}'
        | '\u{61c}')
}

/// Characters that change how others look, or that nobody sees.
pub(super) const fn is_invisible(character: char) -> bool {
    is_direction(character)
        || matches!(character, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
        || matches!(character, '\u{fff9}'..='\u{fffb}')
}

fn note_container(tnef: &Tnef, defects: &mut Vec<Defect>) {
    let mut say = |code: &str, detail: &str| {
        defects.push(Defect { code: code.to_owned(), detail: detail.to_owned() });
    };
    say("tnef", "Text and files were wrapped in a container of Outlook's (TNEF) and taken out.");
    if tnef.damaged {
        say(
            "tnef_damaged",
            "The container of Outlook's (TNEF) is damaged; what was whole is shown.",
        );
    }
}

pub(super) fn note_dangers(name: &str, odd_name: bool, defects: &mut Vec<Defect>) {
    let lower = name.to_lowercase();
    let mut extensions = lower.rsplit('.');
    let last = extensions.next().unwrap_or_default();
    let mut say = |code: &str, detail: String| {
        defects.push(Defect { code: code.to_owned(), detail });
    };
    if odd_name {
        say("direction_in_name", format!("The name of \"{name}\" held direction characters."));
    }
    if lower.contains('.') && DANGEROUS.contains(&last) {
        let before = extensions.next().unwrap_or_default();
        let double = extensions.next().is_some() && (2..=4).contains(&before.len());
        let code = if double { "double_extension" } else { "dangerous_attachment" };
        say(code, format!("\"{name}\" is a program or carries macros: do not open it."));
    }
}

/// Content-IDs to which `cid:` in the HTML refers. RFC 2392.
fn referred_content_ids(html: &str) -> BTreeSet<String> {
    /// More pictures than this are attachments like others.
    const MAX_IDS: usize = 1_000;
    let mut ids = BTreeSet::new();
    for start in memchr::memmem::find_iter(html.as_bytes(), b"cid:").take(MAX_IDS) {
        let rest = &html.as_bytes()[start + 4..];
        let end = rest
            .iter()
            .take(256)
            .position(|b| matches!(b, b'"' | b'\'' | b'>' | b' ' | b')' | b'\r' | b'\n' | b'&'));
        if let Some(id) = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok()) {
            ids.insert(percent_decoded(id));
        }
    }
    ids
}

/// `cid:` addresses are URLs: `%40` stands for `@`.
fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let source = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = source.get(at) {
        let digit =
            |offset: usize| source.get(at + offset).and_then(|d| char::from(*d).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (byte, digit(1), digit(2)) {
            bytes.push((high * 16 + low) as u8);
            at += 3;
        } else {
            bytes.push(byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ReadingLimits;

    #[test]
    fn names_are_safe_to_save_under() {
        for (name, safe) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\звіт.pdf", "звіт.pdf"),
            ("a\r\nb\0.txt", "ab.txt"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("...", ""),
            ("what?.doc", "what_.doc"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
        let long = safe_name(&format!("{}.pdf", "ї".repeat(300)));
        assert!(long.len() <= MAX_NAME_BYTES && long.ends_with("ї.pdf"), "{long}");
    }

    #[test]
    fn dangerous_names_are_noted() {
        for (name, odd, code) in [
            ("invoice.pdf.exe", false, Some("double_extension")),
            ("setup.exe", false, Some("dangerous_attachment")),
            ("macro.xlsm", false, Some("dangerous_attachment")),
            ("a.txt", true, Some("direction_in_name")),
            ("report.2026.pdf", false, None),
            ("exe", false, None),
        ] {
            let mut defects = Vec::new();
            note_dangers(name, odd, &mut defects);
            assert_eq!(defects.first().map(|defect| defect.code.as_str()), code, "{name}");
        }
    }

    #[test]
    fn an_attached_message_that_was_cut_off_can_be_opened() {
        for rest in ["", "Subject: inner", "Subject: inner\r\n"] {
            let raw = format!("From: a@b\r\nContent-Type: message/rfc822\r\n\r\n{rest}");
            let mail = crate::mime::read(raw.as_bytes());
            for file in &mail.attachments {
                let opened =
                    crate::mime::open_part(raw.as_bytes(), file.part, &ReadingLimits::default());
                assert_eq!(opened.expect("opened").content.as_ref(), rest.as_bytes(), "{rest:?}");
            }
        }
    }

    #[test]
    fn content_ids_in_html() {
        let ids = referred_content_ids(r#"<img src="cid:a%40b"><img src='cid:c@d'>"#);
        assert!(ids.contains("a@b") && ids.contains("c@d"));
    }
}
