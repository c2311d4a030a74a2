//! `winmail.dat`: what Exchange and Outlook wrap text and files in when they write "rich text".
//! [MS-OXTNEF].
//!
//! Taken out: the files with their names, types and Content-IDs, the text and the HTML. Compressed
//! rich text is not unpacked: such mails carry their text in a part of its own.
//!
//! Invariant: never fails; reads to the last whole attribute. Time and memory in proportion to the
//! size: nothing is unpacked.

use encoding_rs::{Encoding, WINDOWS_1252};

use super::attachment::safe_name;

/// Files taken out of one container; more are left in it.
pub(super) const MAX_FILES: usize = 100;
/// Properties read of one attribute; real ones stay under two hundred.
const MAX_PROPERTIES: u32 = 1_000;
/// Values of one property; what is wanted has one.
const MAX_VALUES: u32 = 100;

const SIGNATURE: u32 = 0x223e_9f78;

// Identifiers of attributes, MS-OXTNEF §2.1.3.2.
const ATT_CODEPAGE: u32 = 0x0006_9007;
const ATT_BODY: u32 = 0x0002_800c;
const ATT_MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const ATT_RENDER_DATA: u32 = 0x0006_9002;
const ATT_TITLE: u32 = 0x0001_8010;
const ATT_DATA: u32 = 0x0006_800f;
const ATT_PROPERTIES: u32 = 0x0006_9005;

// Identifiers of properties, MS-OXPROPS.
const BODY: u16 = 0x1000;
const BODY_HTML: u16 = 0x1013;
const ATTACH_DATA: u16 = 0x3701;
const ATTACH_LONG_NAME: u16 = 0x3707;
const ATTACH_MIME_TAG: u16 = 0x370e;
const ATTACH_CONTENT_ID: u16 = 0x3712;

/// What was in a container.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tnef {
    /// The text, if it is there.
    pub(super) text: Option<String>,
    /// The HTML, if it is there.
    pub(super) html: Option<String>,
    /// The files, at most [`MAX_FILES`].
    pub(super) files: Vec<TnefFile>,
    /// Whether the container was cut off or wrong somewhere.
    pub(super) damaged: bool,
}

/// One file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TnefFile {
    /// The name, safe to save under; may be empty.
    pub(super) name: String,
    /// The media type; may be empty.
    pub(super) media_type: String,
    /// Without brackets.
    pub(super) content_id: Option<String>,
    /// Its content.
    pub(super) content: Vec<u8>,
}

/// Whether a part is such a container, by its media type or name.
pub(super) fn is_container(media_type: &str, name: &str) -> bool {
    matches!(media_type, "application/ms-tnef" | "application/vnd.ms-tnef")
        || name.eq_ignore_ascii_case("winmail.dat")
}

/// Opens a container; `None` when it is none.
pub(super) fn read(bytes: &[u8]) -> Option<Tnef> {
    let mut cursor = Cursor { bytes };
    (cursor.u32()? == SIGNATURE).then_some(())?;
    cursor.u16()?;
    let mut reader = Reader { encoding: WINDOWS_1252, tnef: Tnef::default() };
    while !cursor.bytes.is_empty() {
        if attribute(&mut cursor, &mut reader).is_none() {
            reader.tnef.damaged = true;
            break;
        }
    }
    reader.tnef.files.retain(|file| !(file.name.is_empty() && file.content.is_empty()));
    Some(reader.tnef)
}

/// One attribute: level, identifier, length, data, checksum. MS-OXTNEF §2.1.3.
fn attribute(cursor: &mut Cursor<'_>, reader: &mut Reader) -> Option<()> {
    let level = cursor.u8()?;
    let id = cursor.u32()?;
    let length = cursor.u32()? as usize;
    let data = cursor.take(length)?;
    let sum = data.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    if cursor.u16()? != sum {
        reader.tnef.damaged = true;
    }
    (level == 1 || level == 2).then_some(())?;
    reader.take(id, data);
    Some(())
}

struct Reader {
    encoding: &'static Encoding,
    tnef: Tnef,
}

impl Reader {
    fn take(&mut self, id: u32, data: &[u8]) {
        match id {
            ATT_CODEPAGE => {
                let codepage = Cursor { bytes: data }.u32().unwrap_or_default();
                self.encoding = encoding_of(codepage);
            }
            ATT_BODY => {
                let text = self.string8(data);
                self.tnef.text.get_or_insert(text);
            }
            ATT_MESSAGE_PROPERTIES => self.message_properties(data),
            ATT_RENDER_DATA if self.tnef.files.len() < MAX_FILES => {
                self.tnef.files.push(TnefFile::default());
            }
            ATT_TITLE => {
                let name = safe_name(&self.string8(data));
                if let Some(file) = self.tnef.files.last_mut()
                    && file.name.is_empty()
                {
                    file.name = name;
                }
            }
            ATT_DATA => {
                if let Some(file) = self.tnef.files.last_mut()
                    && file.content.is_empty()
                {
                    file.content = data.to_vec();
                }
            }
            ATT_PROPERTIES => self.file_properties(data),
            _ => {}
        }
    }

    fn message_properties(&mut self, data: &[u8]) {
        for (id, value) in self.properties(data) {
            match id {
                BODY => self.tnef.text = Some(value.text(self.encoding)),
                BODY_HTML => self.tnef.html = Some(value.text(self.encoding)),
                _ => {}
            }
        }
    }

    fn file_properties(&mut self, data: &[u8]) {
        let values = self.properties(data);
        let encoding = self.encoding;
        let Some(file) = self.tnef.files.last_mut() else { return };
        for (id, value) in values {
            match id {
                ATTACH_LONG_NAME => file.name = safe_name(&value.text(encoding)),
                ATTACH_MIME_TAG => file.media_type = value.text(encoding).to_ascii_lowercase(),
                ATTACH_CONTENT_ID => {
                    let id = super::clean_id(&value.text(encoding));
                    file.content_id = (!id.is_empty()).then_some(id);
                }
                ATTACH_DATA if file.content.is_empty() => {
                    // An object begins with the 16 bytes of its interface; a container within is
                    // kept as a file.
                    let bytes = value.bytes;
                    file.content =
                        bytes.get(16..).filter(|_| value.is_object).unwrap_or(bytes).to_vec();
                }
                _ => {}
            }
        }
    }

    /// The properties that can be read, up to the first that cannot. MS-OXTNEF §2.1.3.4.
    fn properties<'a>(&mut self, data: &'a [u8]) -> Vec<(u16, Value<'a>)> {
        let mut cursor = Cursor { bytes: data };
        let count = cursor.u32().unwrap_or_default();
        let mut found = Vec::new();
        for _ in 0..count.min(MAX_PROPERTIES) {
            let Some((id, value)) = property(&mut cursor) else {
                self.tnef.damaged = true;
                break;
            };
            if let Some(value) = value {
                found.push((id, value));
            }
        }
        found
    }

    fn string8(&self, data: &[u8]) -> String {
        Value { bytes: data, is_unicode: false, is_object: false }.text(self.encoding)
    }
}

/// The value of a property that is text or bytes.
#[derive(Clone, Copy)]
struct Value<'a> {
    bytes: &'a [u8],
    is_unicode: bool,
    is_object: bool,
}

impl Value<'_> {
    fn text(self, encoding: &'static Encoding) -> String {
        let encoding = if self.is_unicode { encoding_rs::UTF_16LE } else { encoding };
        let text = encoding.decode_without_bom_handling(self.bytes).0;
        text.trim_end_matches('\0').to_owned()
    }
}

/// One property: type, identifier, name if it has one, value. `None` at its end or when it is
/// wrong; a value of a type that nobody wants is stepped over.
fn property<'a>(cursor: &mut Cursor<'a>) -> Option<(u16, Option<Value<'a>>)> {
    let kind = cursor.u16()?;
    let id = cursor.u16()?;
    if id >= 0x8000 {
        // A named property: GUID, kind of name, number or text.
        cursor.take(16)?;
        if cursor.u32()? == 0 {
            cursor.u32()?;
        } else {
            let length = cursor.u32()? as usize;
            cursor.padded(length)?;
        }
    }
    let multiple = kind & 0x1000 != 0;
    let kind = kind & !0x1000;
    let width: usize = match kind {
        0x0002 | 0x0003 | 0x0004 | 0x000a | 0x000b => 4,
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => 8,
        0x0048 => 16,
        0x000d | 0x001e | 0x001f | 0x0102 => 0,
        _ => return None,
    };
    // What has no fixed width is counted even when it is single.
    let count = if multiple || width == 0 { cursor.u32()? } else { 1 };
    if count > MAX_VALUES && width == 0 {
        return None;
    }
    if width > 0 {
        cursor.take(width.checked_mul(count as usize)?)?;
        return Some((id, None));
    }
    let mut first = None;
    for _ in 0..count {
        let length = cursor.u32()? as usize;
        let bytes = cursor.padded(length)?;
        first.get_or_insert(bytes);
    }
    let value =
        first.map(|bytes| Value { bytes, is_unicode: kind == 0x001f, is_object: kind == 0x000d });
    Some((id, value))
}

/// Windows code pages by number.
fn encoding_of(codepage: u32) -> &'static Encoding {
    let label = match codepage {
        874 => "windows-874".to_owned(),
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        1250..=1258 => format!("windows-{codepage}"),
        20866 => "koi8-r".to_owned(),
        21866 => "koi8-u".to_owned(),
        65001 => "utf-8".to_owned(),
        _ => return WINDOWS_1252,
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}

struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    /// `length` bytes and what pads them to a multiple of four (absent at the very end).
    fn padded(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.take(length)?;
        let padding = (4 - length % 4) % 4;
        self.bytes = self.bytes.get(padding..).unwrap_or_default();
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn attribute_bytes(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
        let sum = data.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
        let mut bytes = vec![level];
        bytes.extend(id.to_le_bytes());
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    fn property_bytes(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = [kind.to_le_bytes(), id.to_le_bytes()].concat();
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend((value.len() as u32).to_le_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    /// A container with a text, one file with a short and a long name, and one without a name.
    pub(in super::super) fn container() -> Vec<u8> {
        let mut bytes = SIGNATURE.to_le_bytes().to_vec();
        bytes.extend([1, 0]);
        bytes.extend(attribute_bytes(1, ATT_CODEPAGE, &[0xe3, 4, 0, 0, 0, 0, 0, 0]));
        let utf16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let mut properties = 3_u32.to_le_bytes().to_vec();
        properties.extend([3, 0, 0x17, 0, 1, 0, 0, 0]);
        properties.extend(property_bytes(0x1f, BODY, &utf16("Добрий день\0")));
        properties.extend(property_bytes(0x102, BODY_HTML, b"<p>\xc4\xee\xe1\xf0\xe8\xe9</p>"));
        bytes.extend(attribute_bytes(1, ATT_MESSAGE_PROPERTIES, &properties));
        bytes.extend(attribute_bytes(2, ATT_RENDER_DATA, &[0; 14]));
        bytes.extend(attribute_bytes(2, ATT_TITLE, b"\xc7\xc2\xb2\xd2~1.PDF\0"));
        bytes.extend(attribute_bytes(2, ATT_DATA, b"%PDF-1.4 file"));
        let mut properties = 3_u32.to_le_bytes().to_vec();
        properties.extend(property_bytes(0x1f, ATTACH_LONG_NAME, &utf16("../Звіт за рік.pdf\0")));
        properties.extend(property_bytes(0x1e, ATTACH_MIME_TAG, b"application/PDF\0"));
        properties.extend(property_bytes(0x1e, ATTACH_CONTENT_ID, b"<a@b>\0"));
        bytes.extend(attribute_bytes(2, ATT_PROPERTIES, &properties));
        bytes.extend(attribute_bytes(2, ATT_RENDER_DATA, &[0; 14]));
        let object = [&[7; 16][..], b"inner"].concat();
        let mut properties = 1_u32.to_le_bytes().to_vec();
        properties.extend(property_bytes(0x0d, ATTACH_DATA, &object));
        bytes.extend(attribute_bytes(2, ATT_PROPERTIES, &properties));
        bytes
    }

    #[test]
    fn text_and_files_come_out() {
        let tnef = read(&container()).expect("a container");
        assert_eq!(tnef.text.as_deref(), Some("Добрий день"));
        assert_eq!(tnef.html.as_deref(), Some("<p>Добрий</p>"), "in the code page that it names");
        let [file, inner] = tnef.files.as_slice() else { panic!("{:?}", tnef.files) };
        assert_eq!(file.name, "Звіт за рік.pdf", "the long name, without its path");
        assert_eq!(
            (file.media_type.as_str(), file.content_id.as_deref()),
            ("application/pdf", Some("a@b"))
        );
        assert_eq!(file.content, b"%PDF-1.4 file");
        assert_eq!(inner.content, b"inner");
        assert!(!tnef.damaged);
    }

    #[test]
    fn what_was_cut_off_is_read_to_the_last_whole_attribute() {
        let whole = container();
        for length in 0..whole.len() {
            let cut = read(&whole[..length]);
            assert_eq!(cut.is_some(), length >= 6, "{length}");
        }
        let mut wrong = whole.clone();
        let last = wrong.len() - 1;
        wrong[last] ^= 1;
        assert!(read(&wrong).expect("a container").damaged, "the checksum is wrong");
        assert_eq!(read(b"PK\x03\x04 no container"), None);
    }

    #[test]
    fn a_flood_of_files_and_lengths_is_bounded() {
        let mut bytes = SIGNATURE.to_le_bytes().to_vec();
        bytes.extend([1, 0]);
        for _ in 0..1_000 {
            bytes.extend(attribute_bytes(2, ATT_RENDER_DATA, &[0; 14]));
            bytes.extend(attribute_bytes(2, ATT_DATA, b"x"));
        }
        assert_eq!(read(&bytes).expect("a container").files.len(), MAX_FILES);
        let huge = [&u32::MAX.to_le_bytes()[..], &[0x1e, 0x10, 0, 0x10], &[0xff; 40]].concat();
        let mut bytes = SIGNATURE.to_le_bytes().to_vec();
        bytes.extend([1, 0]);
        bytes.extend(attribute_bytes(1, ATT_MESSAGE_PROPERTIES, &huge));
        assert!(read(&bytes).expect("a container").damaged);
    }
}
