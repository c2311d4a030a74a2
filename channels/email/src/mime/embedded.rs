//! Files that stand within a part: in the text (`uuencode`) or in Outlook's container (`tnef`).
//!
//! They have numbers like parts: the number of the part they stand in, and above it their own. So
//! one file can be opened again from the raw mail without knowing what else was in it.

use std::borrow::Cow;

use channel_contract::{AttachmentInfo, PartContent};
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};
use sha2::{Digest, Sha256};

use super::attachment::{content_of, hex, media_type, name_of};
use super::tnef::{self, Tnef};
use super::{Mail, charset, uuencode};

/// Bits of a number that name the part; `ReadingLimits::parts` fits into them.
const PART_BITS: u32 = 16;
const PART_MASK: u32 = (1 << PART_BITS) - 1;
/// Text in which embedded files are looked for, in bytes.
const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;

/// One file within a part.
struct File {
    name: String,
    media_type: String,
    content_id: Option<String>,
    content: Vec<u8>,
}

/// What a text part says, decoded as it should be, without the files that stand in it.
pub(super) struct PartText<'a> {
    /// The text.
    pub(super) text: Cow<'a, str>,
    /// The character set, when another than was declared.
    pub(super) repaired: Option<&'static str>,
    files: Vec<File>,
    incomplete: bool,
}

impl PartText<'_> {
    /// Lists the files that stood in the text.
    pub(super) fn list(&self, part: u32, mail: &mut Mail<'_>) {
        if self.files.is_empty() {
            return;
        }
        mail.defect("uuencoded", "Files stood in the text itself (uuencode) and were taken out.");
        if self.incomplete {
            mail.defect("uuencode_cut", "A file in the text (uuencode) has no end.");
        }
        let files = self.files.iter().zip(0..).map(|(file, index)| info(part, index, file));
        mail.attachments.extend(files);
    }
}

/// The text of a part.
pub(super) fn text_of<'a>(part: &'a MessagePart<'_>, raw: &'a [u8]) -> Option<PartText<'a>> {
    let PartType::Text(content) = &part.body else { return None };
    let declared = part.content_type().and_then(|kind| kind.attribute("charset"));
    let encoded = part.content_transfer_encoding().is_some_and(uuencode::is_named);
    if encoded && let Cow::Owned(bytes) = content_of(part, raw) {
        let (text, encoding) = charset::decode(&bytes, declared);
        let repaired = encoding.map(encoding_rs::Encoding::name);
        return Some(PartText {
            text: text.into(),
            repaired,
            files: Vec::new(),
            incomplete: false,
        });
    }
    let repaired = charset::repair_body(content, declared, || content_of(part, raw));
    let encoding = repaired.as_ref().map(|(_, encoding)| encoding.name());
    let text = repaired.map_or(Cow::Borrowed(content.as_ref()), |(text, _)| Cow::Owned(text));
    let looked_at = &text[..super::boundary_before(&text, MAX_TEXT_BYTES)];
    let Some((rest, files)) = uuencode::extract(looked_at) else {
        return Some(PartText { text, repaired: encoding, files: Vec::new(), incomplete: false });
    };
    let incomplete = files.iter().any(|file| !file.complete);
    let files = files.into_iter().map(|file| File {
        name: file.name,
        media_type: "application/octet-stream".to_owned(),
        content_id: None,
        content: file.content,
    });
    Some(PartText { text: rest.into(), repaired: encoding, files: files.collect(), incomplete })
}

/// Outlook's container in a part, opened.
pub(super) fn container(part: &MessagePart<'_>, raw: &[u8], id: u32) -> Option<Tnef> {
    let binary = matches!(part.body, PartType::Binary(_) | PartType::InlineBinary(_));
    if !binary || !tnef::is_container(&media_type(part), &name_of(part, raw, id).0) {
        return None;
    }
    tnef::read(&content_of(part, raw))
}

/// Text and HTML of the first container that has any.
pub(super) fn container_texts(
    message: &Message<'_>,
    raw: &[u8],
) -> (Option<String>, Option<String>) {
    message
        .attachments
        .iter()
        .filter_map(|id| container(message.parts.get(*id as usize)?, raw, *id))
        .map(|tnef| (tnef.text, tnef.html))
        .find(|(text, html)| text.is_some() || html.is_some())
        .unwrap_or_default()
}

/// The files of a container.
pub(super) fn container_files(part: u32, tnef: Tnef) -> Vec<AttachmentInfo> {
    let files = tnef.files.into_iter().map(File::from);
    files.zip(0..).map(|(file, index)| info(part, index, &file)).collect()
}

/// One file by its number; `None` when the number is that of a part.
pub(super) fn open(message: &Message<'_>, raw: &[u8], number: u32) -> Option<PartContent> {
    let (id, index) = (number & PART_MASK, (number >> PART_BITS).checked_sub(1)?);
    let part = message.parts.get(id as usize)?;
    let files = match container(part, raw, id) {
        Some(tnef) => tnef.files.into_iter().map(File::from).collect(),
        None => text_of(part, raw)?.files,
    };
    let file = files.into_iter().nth(index as usize)?;
    let name = file_name(number, &file);
    let content = file.content.into();
    Some(PartContent { name, media_type: file.media_type, content })
}

/// Whether a number names a file within a part.
pub(super) const fn is_embedded(number: u32) -> bool {
    number > PART_MASK
}

impl From<tnef::TnefFile> for File {
    fn from(file: tnef::TnefFile) -> Self {
        let is_type = file.media_type.split_once('/').is_some_and(|(kind, subtype)| {
            let word = |text: &str| {
                !text.is_empty()
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.+".contains(&b))
            };
            file.media_type.len() <= 127 && word(kind) && word(subtype)
        });
        let fallback = || "application/octet-stream".to_owned();
        Self {
            name: file.name,
            media_type: if is_type { file.media_type } else { fallback() },
            content_id: file.content_id,
            content: file.content,
        }
    }
}

fn info(part: u32, index: u32, file: &File) -> AttachmentInfo {
    let number = ((index + 1) << PART_BITS) | part;
    AttachmentInfo {
        part: number,
        name: file_name(number, file),
        media_type: file.media_type.clone(),
        size_bytes: file.content.len() as u64,
        sha256: hex(&Sha256::digest(&file.content)),
        content_id: file.content_id.clone(),
        inline: false,
    }
}

fn file_name(number: u32, file: &File) -> String {
    if file.name.is_empty() { format!("attachment-{number}") } else { file.name.clone() }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use channel_contract::PartContent;

    use super::super::{read, tnef};
    use crate::config::ReadingLimits;

    fn open_part(raw: &[u8], part: u32) -> Option<PartContent> {
        super::super::open_part(raw, part, &ReadingLimits::default())
    }

    #[test]
    fn a_container_gives_its_text_and_its_files() {
        let container = tnef::tests::container();
        let encoded = base64::engine::general_purpose::STANDARD.encode(container);
        let raw = format!(
            "From: a@b.example\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n"
        );
        let mail = read(raw.as_bytes());
        assert_eq!(mail.text, "Добрий день");
        assert!(mail.has_html);
        assert_eq!(
            super::super::html(raw.as_bytes(), &ReadingLimits::default()).as_deref(),
            Some("<p>Добрий</p>")
        );
        let names: Vec<&str> = mail.attachments.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names[0], "Звіт за рік.pdf");
        assert!(names[1].starts_with("attachment-"), "{names:?}");
        assert!(mail.defects.iter().any(|defect| defect.code == "tnef"));
        for file in &mail.attachments {
            let opened = open_part(raw.as_bytes(), file.part).expect("opened");
            assert_eq!(opened.content.len() as u64, file.size_bytes);
            assert_eq!(opened.name, file.name);
        }
        let beyond = mail.attachments.last().expect("a file").part + (1 << 16);
        assert!(open_part(raw.as_bytes(), beyond).is_none());
    }

    #[test]
    fn a_container_that_is_none_stays_a_file() {
        let raw = "From: a@b.example\r\nContent-Type: application/ms-tnef\r\n\r\nno container\r\n";
        let mail = read(raw.as_bytes());
        assert_eq!(mail.attachments.len(), 1);
        assert!(open_part(raw.as_bytes(), mail.attachments[0].part).is_some());
    }

    #[test]
    fn files_in_the_text_are_files() {
        let raw = "From: a@b.example\r\n\r\nHello\r\nbegin 644 setup.exe\r\n#0V%T\r\n`\r\nend\r\n";
        let mail = read(raw.as_bytes());
        assert_eq!(mail.text, "Hello");
        let codes: Vec<&str> = mail.defects.iter().map(|defect| defect.code.as_str()).collect();
        assert!(
            codes.contains(&"uuencoded") && codes.contains(&"dangerous_attachment"),
            "{codes:?}"
        );
        let [file] = mail.attachments.as_slice() else { panic!("{:?}", mail.attachments) };
        assert_eq!((file.name.as_str(), file.size_bytes), ("setup.exe", 3));
        let opened = open_part(raw.as_bytes(), file.part).expect("opened");
        assert_eq!(opened.content.as_ref(), b"Cat");
    }

    #[test]
    fn uuencode_is_known_as_a_transfer_encoding() {
        let body = "begin 644 cat\r\n#0V%T\r\n`\r\nend\r\n";
        let head = "From: a@b.example\r\nContent-Transfer-Encoding: X-UUencode\r\nContent-Type: ";
        let text = format!("{head}text/plain\r\n\r\n{body}");
        let mail = read(text.as_bytes());
        assert_eq!((mail.text.as_str(), mail.attachments.len()), ("Cat", 0));
        let file = format!("{head}application/pdf; name=cat.pdf\r\n\r\n{body}");
        let mail = read(file.as_bytes());
        let [attachment] = mail.attachments.as_slice() else { panic!("{:?}", mail.attachments) };
        assert_eq!((attachment.name.as_str(), attachment.size_bytes), ("cat.pdf", 3));
        let opened = open_part(file.as_bytes(), attachment.part).expect("opened");
        assert_eq!(opened.content.as_ref(), b"Cat");
    }
}
