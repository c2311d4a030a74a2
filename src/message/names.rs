//! Names and types of files, made safe to show, to save and to put into a header. Pure.

use std::fmt::Write;

/// Longest file name in bytes that common file systems take.
const NAME_MAX_BYTES: usize = 200;
/// Longest media type. RFC 6838 §4.2 allows 127 characters on each side of the slash.
const MEDIA_TYPE_MAX_BYTES: usize = 255;

/// A name without path, control and direction characters; `file` when nothing is left.
pub(super) fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_plain = |character: &char| {
        !character.is_control()
            // Characters that turn the reading direction hide what a name ends in.
            && !matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}')
    };
    let mut plain = String::new();
    for character in last.chars().filter(is_plain) {
        if plain.len() + character.len_utf8() > NAME_MAX_BYTES {
            break;
        }
        plain.push(character);
    }
    let plain = plain.trim().trim_matches('.').to_owned();
    if plain.is_empty() { "file".to_owned() } else { plain }
}

/// `type/subtype` without parameters, or the type of anything.
pub(super) fn media_type(text: &str) -> String {
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    // RFC 6838 §4.2.
    let is_token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    match essence.split_once('/') {
        Some((main, sub))
            if is_token(main) && is_token(sub) && essence.len() <= MEDIA_TYPE_MAX_BYTES =>
        {
            essence
        }
        Some(_) | None => "application/octet-stream".to_owned(),
    }
}

/// `%D0%B0` → `а` (RFC 3986 §2.1); what is no UTF-8 is replaced.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *first == b'%');
        let value = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(value) = value {
            bytes.push(value);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `Content-Disposition` of a download: plain ASCII for old programs, UTF-8 for all others.
/// RFC 6266 §4.3, RFC 8187 §3.2.
pub(super) fn disposition(name: &str) -> String {
    let ascii: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ' { c } else { '_' })
        .collect();
    let mut header = format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            header.push(char::from(byte));
        } else {
            let _ = write!(header, "%{byte:02X}");
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_could_deceive() {
        assert_eq!(safe("../../etc/passwd"), "passwd");
        assert_eq!(safe("C:\\x\\договір.pdf"), "договір.pdf");
        assert_eq!(safe("a\u{202e}fdp.exe\r\n"), "afdp.exe");
        assert_eq!(safe(" .. "), "file");
        assert!(safe(&"ї".repeat(500)).len() <= NAME_MAX_BYTES);
    }

    #[test]
    fn media_types_are_tokens() {
        assert_eq!(media_type("Text/HTML; charset=utf-8"), "text/html");
        for wrong in ["", "text", "text/", "te xt/x", "text/x\r\nSet-Cookie: a"] {
            assert_eq!(media_type(wrong), "application/octet-stream", "{wrong}");
        }
    }

    #[test]
    fn percent_encoding_goes_both_ways() {
        assert_eq!(percent_decoded("%D0%B4%D0%BE%D0%B3%20a%zz%"), "дог a%zz%");
        let header = disposition("дог \"1\".pdf");
        assert!(header.starts_with("attachment; filename=\"___ _1_.pdf\"; "), "{header}");
        assert!(header.ends_with("UTF-8''%D0%B4%D0%BE%D0%B3%20%221%22.pdf"), "{header}");
    }
}
