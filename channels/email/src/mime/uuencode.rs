//! Files in the text itself, between `begin 644 name` and `end`, as programs sent them before MIME
//! and some still do; and the same as a transfer encoding (`x-uuencode`). POSIX `uuencode`.
//!
//! Invariant: linear in the size of the text; what does not decode stays text.

use super::attachment::safe_name;

/// Files taken out of one text; more stay text.
pub(super) const MAX_FILES: usize = 100;
/// A line holds at most 45 bytes, 60 characters and its length; writers add a checksum character.
const MAX_LINE_CHARS: usize = 63;

/// A file that stood in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UuFile {
    /// The name, safe to save under; may be empty.
    pub(super) name: String,
    /// Its content.
    pub(super) content: Vec<u8>,
    /// Whether `end` was there.
    pub(super) complete: bool,
}

/// The text without the files, and the files.
pub(super) fn extract(text: &str) -> Option<(String, Vec<UuFile>)> {
    if !(text.starts_with("begin ") || text.contains("\nbegin ")) {
        return None;
    }
    let mut files = Vec::new();
    let mut rest_of_text = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        let name = begin_line(line).filter(|_| files.len() < MAX_FILES);
        if let Some((file, behind)) = name.and_then(|name| read_file(name, after)) {
            files.push(file);
            rest = behind;
            continue;
        }
        rest_of_text.push_str(&rest[..rest.len() - after.len()]);
        rest = after;
    }
    (!files.is_empty()).then_some((rest_of_text, files))
}

/// The content of a part whose transfer encoding is uuencode; `None` when it is none.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(bytes);
    extract(&text).and_then(|(_, files)| files.into_iter().next()).map(|file| file.content)
}

/// Whether a `Content-Transfer-Encoding` names it.
pub(super) fn is_named(encoding: &str) -> bool {
    let encoding = encoding.trim();
    ["x-uuencode", "uuencode", "x-uue", "uue"]
        .iter()
        .any(|name| encoding.eq_ignore_ascii_case(name))
}

fn split_line(text: &str) -> (&str, &str) {
    let length = memchr::memchr(b'\n', text.as_bytes()).map_or(text.len(), |end| end + 1);
    let (line, rest) = text.split_at(length);
    (line.trim_end_matches(['\r', '\n']), rest)
}

/// The name in `begin 644 name`.
fn begin_line(line: &str) -> Option<&str> {
    let (mode, name) = line.strip_prefix("begin ")?.trim_start().split_once(' ')?;
    let is_mode = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    (is_mode && !name.trim().is_empty()).then_some(name.trim())
}

/// The file that begins after its `begin` line, and what follows it. At least one line must decode:
/// "begin 100 things" is a sentence.
fn read_file<'a>(name: &str, mut rest: &'a str) -> Option<(UuFile, &'a str)> {
    let mut content = Vec::new();
    let mut lines = 0_usize;
    let mut complete = false;
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        if line.trim_end() == "end" {
            complete = true;
            rest = after;
            break;
        }
        let is_padding = matches!(line.trim_end(), "" | "`");
        if !is_padding && !decode_line(line.as_bytes(), &mut content) {
            break;
        }
        lines += 1;
        rest = after;
    }
    let file = UuFile { name: safe_name(name), content, complete };
    (lines > 0 && !file.content.is_empty()).then_some((file, rest))
}

/// Decodes one line; `false` when it is none.
fn decode_line(line: &[u8], content: &mut Vec<u8>) -> bool {
    let value = |byte: u8| (b' '..=b'`').contains(&byte).then(|| (byte - b' ') & 0x3f);
    let Some(length) = line.first().and_then(|&byte| value(byte)).map(usize::from) else {
        return false;
    };
    let wanted = length.div_ceil(3) * 4;
    // Trailing spaces are lost on the way, and stand for zeros.
    if length == 0 || line.len() > MAX_LINE_CHARS || line.len() + 4 < wanted.min(60) {
        return false;
    }
    let characters = &line[1..line.len().min(1 + wanted)];
    if !characters.iter().all(|&byte| value(byte).is_some()) {
        return false;
    }
    let start = content.len();
    for group in 0..length.div_ceil(3) {
        let bits = (0..4).fold(0_u32, |bits, index| {
            let byte = characters.get(group * 4 + index).copied().unwrap_or(b' ');
            bits << 6 | u32::from(value(byte).unwrap_or_default())
        });
        content.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    content.truncate(start + length);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAT: &str = "begin 644 cat.txt\n#0V%T\n`\nend\n";

    #[test]
    fn files_are_taken_out_of_the_text() {
        let (text, files) = extract(&format!("Hello\n{CAT}Bye\n")).expect("a file");
        assert_eq!(text, "Hello\nBye\n");
        assert_eq!(
            files,
            [UuFile { name: "cat.txt".to_owned(), content: b"Cat".to_vec(), complete: true }]
        );
        let (text, files) = extract(&CAT.replace("`\nend\n", "")).expect("a file");
        assert_eq!((text.as_str(), files[0].complete), ("", false), "the end was cut off");
        let (_, files) = extract(&CAT.repeat(2).replace('\n', "\r\n")).expect("two files");
        assert_eq!(files.len(), 2);
    }

    #[test]
    fn sentences_stay_sentences() {
        for text in ["begin 100 things\nand end them\n", "begin 644 x\n", "we begin 644 x\n#0V%T\n"]
        {
            assert_eq!(extract(text), None, "{text}");
        }
    }

    #[test]
    fn every_length_comes_back() {
        let encode = |bytes: &[u8]| {
            let six = |bits: u32| {
                char::from(if bits.is_multiple_of(64) { b'`' } else { (bits & 63) as u8 + 32 })
            };
            let mut line = String::from(six(bytes.len() as u32));
            for group in bytes.chunks(3) {
                let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
                let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
                line.extend([18, 12, 6, 0].map(|shift| six(bits >> shift)));
            }
            line
        };
        for length in 1..=45_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            let raw = format!("begin 600 x\n{}\n`\nend\n", encode(&bytes));
            assert_eq!(decode(raw.as_bytes()).as_deref(), Some(&bytes[..]), "{length}");
        }
    }

    #[test]
    fn a_flood_of_begins_costs_nothing() {
        assert_eq!(extract(&"begin 644 x\n".repeat(50_000)), None);
        let (_, files) = extract(&CAT.repeat(1_000)).expect("files");
        assert_eq!(files.len(), MAX_FILES);
    }
}
