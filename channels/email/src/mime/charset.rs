//! Repair of text whose character set is missing, wrong or half there.
//!
//! Only what looks broken comes here: text with replacement characters, escape sequences, bytes
//! over 127 without a declaration, or Latin letters that are Cyrillic in disguise.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Bytes looked at to guess an encoding: enough for certainty, and bounded.
const MAX_GUESS_BYTES: usize = 64 * 1024;

/// Decodes bytes of unknown encoding: UTF-8 if they are UTF-8, otherwise the most likely one.
/// The guess leans towards Ukrainian, as the mail of a bank in Ukraine does.
pub(super) fn decode_unknown(bytes: &[u8]) -> (String, &'static Encoding) {
    if bytes.is_ascii() && memchr::memchr(0x1b, bytes).is_none() {
        return (String::from_utf8_lossy(bytes).into_owned(), UTF_8);
    }
    if memchr::memchr(0x1b, bytes).is_none()
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return (text.to_owned(), UTF_8);
    }
    let encoding = guess(bytes);
    (encoding.decode_without_bom_handling(bytes).0.into_owned(), encoding)
}

/// Decodes bytes as declared if they are that, else as what they are; the encoding when it was not
/// the declared one.
pub(super) fn decode(bytes: &[u8], declared: Option<&str>) -> (String, Option<&'static Encoding>) {
    let named = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    if let Some(encoding) = named
        && let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes)
    {
        return (text.into_owned(), None);
    }
    let (text, encoding) = decode_unknown(bytes);
    (text, (!bytes.is_ascii()).then_some(encoding))
}

/// The most likely encoding of the first [`MAX_GUESS_BYTES`].
pub(super) fn guess(bytes: &[u8]) -> &'static Encoding {
    let bytes = &bytes[..bytes.len().min(MAX_GUESS_BYTES)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let leaning = detector.guess(Some(b"ua"), Utf8Detection::Allow);
    if leaning.is_single_byte()
        && changes_case_within_words(&leaning.decode_without_bom_handling(bytes).0)
    {
        return detector.guess(None, Utf8Detection::Allow);
    }
    leaning
}

/// Two-byte characters read as Cyrillic letters: `ДъєГЈ¬Зл`.
fn changes_case_within_words(text: &str) -> bool {
    let (mut letters, mut changes, mut after_lower) = (0_usize, 0_usize, false);
    for character in text.chars().take(4_000).filter(|c| !c.is_ascii()) {
        if character.is_uppercase() && after_lower {
            changes += 1;
        }
        after_lower = character.is_lowercase();
        letters += usize::from(character.is_alphabetic());
    }
    changes * 8 > letters
}

/// The text that a body part should have had, if what the parser made of it looks wrong.
///
/// `declared`: the `charset` parameter. `bytes`: gives the undecoded content.
pub(super) fn repair_body<'a>(
    text: &str,
    declared: Option<&str>,
    bytes: impl FnOnce() -> Cow<'a, [u8]>,
) -> Option<(String, &'static Encoding)> {
    if !is_suspicious(text, declared) {
        return None;
    }
    let bytes = bytes();
    let named = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    // Declared as something else, but valid UTF-8 with many multi-byte characters cannot be chance.
    if named != Some(UTF_8)
        && let Ok(utf8) = std::str::from_utf8(&bytes)
        && utf8.bytes().filter(|byte| *byte >= 0x80).take(4).count() >= 2
    {
        return (utf8 != text).then(|| (utf8.to_owned(), UTF_8));
    }
    // A declaration that the parser does not know but that decodes cleanly is believed.
    if let Some(encoding) = named
        && encoding != WINDOWS_1252
        && encoding != UTF_8
        && let Some(decoded) = encoding.decode_without_bom_handling_and_without_replacement(&bytes)
    {
        return (decoded != text).then(|| (decoded.into_owned(), encoding));
    }
    let (decoded, encoding) = decode_unknown(&bytes);
    (decoded != text && broken(&decoded) < broken(text).max(1)).then_some((decoded, encoding))
}

fn broken(text: &str) -> usize {
    text.chars().filter(|c| *c == '\u{fffd}').count()
}

/// Whether the result of decoding should be doubted. Cheap for text in ASCII and in good UTF-8.
fn is_suspicious(text: &str, declared: Option<&str>) -> bool {
    if text.is_ascii() {
        return text.contains('\u{1b}');
    }
    if text.contains('\u{fffd}') || text.contains('\u{1b}') {
        return true;
    }
    let utf8 = declared.is_some_and(|label| {
        label.eq_ignore_ascii_case("utf-8") || label.eq_ignore_ascii_case("utf8")
    });
    !utf8 && (looks_like_disguised_cyrillic(text) || looks_like_utf8_as_latin(text))
}

/// Windows-1251 read as Latin-1 is nearly all letters from À to ÿ; no Latin language is.
fn looks_like_disguised_cyrillic(text: &str) -> bool {
    let (mut high, mut letters) = (0_usize, 0_usize);
    for character in text.chars().take(4_000) {
        if ('\u{c0}'..='\u{ff}').contains(&character) {
            high += 1;
            letters += 1;
        } else if character.is_ascii_alphabetic() {
            letters += 1;
        }
    }
    high >= 4 && high * 2 > letters
}

/// UTF-8 read as a one-byte set: `Ð¿`, `Ã¤`, `â€™`, or the same through windows-1251: `Рї`.
fn looks_like_utf8_as_latin(text: &str) -> bool {
    let mut previous = ' ';
    let mut pairs = 0;
    for character in text.chars().take(4_000) {
        let lead = matches!(previous, 'Ð' | 'Ñ' | 'Ã' | 'Â' | 'â' | 'Р' | 'С' | 'Т' | 'Г');
        let trail = ('\u{80}'..='\u{bf}').contains(&character)
            || ('\u{2010}'..='\u{203a}').contains(&character)
            || matches!(character, '€' | '™' | 'ѓ' | 'ќ' | 'џ' | 'љ' | 'њ' | 'ћ' | 'ў' | 'ї');
        if lead && trail {
            pairs += 1;
        }
        previous = character;
    }
    pairs >= 2
}

/// A header field as it should have been written: UTF-8, and encoded words that were cut in the
/// middle of a character put together again (RFC 2047 §5 forbids cutting there; many do).
///
/// `likely`: the encoding of the mail as a whole; a single field is often too short to tell.
pub(super) fn repair_header(raw: &[u8], likely: Option<&'static Encoding>) -> String {
    let by_mail = likely.filter(|_| std::str::from_utf8(raw).is_err()).and_then(|encoding| {
        encoding.decode_without_bom_handling_and_without_replacement(raw).map(Cow::into_owned)
    });
    let mut text = by_mail.unwrap_or_else(|| decode_unknown(raw).0);
    text = join_encoded_words(&text);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// One encoded word, `=?charset?B?text?=`. RFC 2047 §2.
struct EncodedWord<'a> {
    charset: &'a str,
    method: u8,
    content: &'a str,
    end: usize,
}

fn encoded_word_at(text: &str, start: usize) -> Option<EncodedWord<'_>> {
    /// RFC 2047 §2 allows 75; writers exceed it.
    const MAX_WORD_BYTES: usize = 4_096;
    let rest = text.get(start..)?.strip_prefix("=?")?;
    let (charset, rest) = rest.split_once('?')?;
    let (method, rest) = rest.split_once('?')?;
    let (content, _) = rest.split_once("?=")?;
    if charset.len() > 40
        || method.len() != 1
        || content.len() > MAX_WORD_BYTES
        || content.contains('?')
    {
        return None;
    }
    let end = start + 2 + charset.len() + 1 + method.len() + 1 + content.len() + 2;
    Some(EncodedWord { charset, method: method.as_bytes()[0].to_ascii_uppercase(), content, end })
}

/// Replaces runs of encoded words of one character set by their decoded text.
fn join_encoded_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(offset) = text[at..].find("=?") {
        let start = at + offset;
        let Some(mut word) = encoded_word_at(text, start) else {
            out.push_str(&text[at..start + 2]);
            at = start + 2;
            continue;
        };
        out.push_str(&text[at..start]);
        let charset = word.charset;
        let mut bytes = Vec::new();
        loop {
            decode_word(&word, &mut bytes);
            at = word.end;
            let rest = &text[at..];
            let gap = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            match encoded_word_at(text, at + gap) {
                Some(next) if next.charset.eq_ignore_ascii_case(charset) => word = next,
                Some(_) | None => break,
            }
        }
        let label = charset.split('*').next().unwrap_or(charset);
        let decoded = match Encoding::for_label(label.as_bytes()) {
            Some(encoding) => encoding
                .decode_without_bom_handling_and_without_replacement(&bytes)
                .map_or_else(|| decode_unknown(&bytes).0, Cow::into_owned),
            None => decode_unknown(&bytes).0,
        };
        // Encoded again, so that a comma or a quotation mark in it stays text (RFC 2047 §6.2).
        out.push_str("=?utf-8?B?");
        out.push_str(&base64_text(&decoded));
        out.push_str("?=");
    }
    out.push_str(&text[at..]);
    out
}

fn decode_word(word: &EncodedWord<'_>, bytes: &mut Vec<u8>) {
    if word.method == b'B' {
        if let Some(decoded) = mail_parser::decoders::base64::base64_decode(word.content.as_bytes())
        {
            bytes.extend(decoded);
        }
        return;
    }
    let source = word.content.as_bytes();
    let mut at = 0;
    while let Some(&byte) = source.get(at) {
        let hex = |offset: usize| source.get(at + offset).and_then(|d| char::from(*d).to_digit(16));
        match (byte, hex(1), hex(2)) {
            (b'=', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            (b'_', _, _) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
        at += 1;
    }
}

fn base64_text(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "Добрий день! Прошу надіслати виписку за рахунком за минулий місяць.";

    fn encoded(encoding: &'static Encoding) -> Vec<u8> {
        encoding.encode(LONG).0.into_owned()
    }

    #[test]
    fn cyrillic_encodings_are_recognised() {
        for encoding in [encoding_rs::WINDOWS_1251, encoding_rs::KOI8_U, UTF_8] {
            assert_eq!(decode_unknown(&encoded(encoding)).0, LONG, "{}", encoding.name());
        }
    }

    #[test]
    fn far_eastern_encodings_are_recognised() {
        for (encoding, text) in [
            (encoding_rs::GBK, "您好，请把上个月的对账单发给我，谢谢您的帮助。"),
            (encoding_rs::SHIFT_JIS, "こんにちは。先月の取引明細書を送ってください。"),
            (encoding_rs::ISO_2022_JP, "こんにちは。先月の取引明細書を送ってください。"),
        ] {
            let bytes = encoding.encode(text).0;
            assert_eq!(decode_unknown(&bytes).0, text, "{}", encoding.name());
        }
    }

    #[test]
    fn a_mislabelled_body_is_read_as_what_it_is() {
        let cp1251 = encoded(encoding_rs::WINDOWS_1251);
        for label in [Some("iso-8859-1"), Some("us-ascii"), None, Some("utf-8"), Some("x-odd")] {
            let seen = if label == Some("utf-8") {
                String::from_utf8_lossy(&cp1251).into_owned()
            } else {
                WINDOWS_1252.decode_without_bom_handling(&cp1251).0.into_owned()
            };
            let repaired = repair_body(&seen, label, || Cow::Borrowed(&cp1251));
            assert_eq!(repaired.expect("repaired").0, LONG, "{label:?}");
        }
        for (encoding, label) in
            [(WINDOWS_1252, "iso-8859-1"), (encoding_rs::WINDOWS_1251, "windows-1251")]
        {
            let seen = encoding.decode_without_bom_handling(LONG.as_bytes()).0;
            let repaired = repair_body(&seen, Some(label), || Cow::Borrowed(LONG.as_bytes()));
            assert_eq!(repaired.expect("repaired").0, LONG, "UTF-8 that says it is {label}");
        }
    }

    #[test]
    fn what_is_right_is_left_alone() {
        let french = "Veuillez m'envoyer le relevé du mois passé, s'il vous plaît. À bientôt.";
        let bytes = WINDOWS_1252.encode(french).0;
        assert!(repair_body(french, Some("iso-8859-1"), || bytes).is_none());
        assert!(repair_body(LONG, Some("windows-1251"), || unreachable!()).is_none());
    }

    #[test]
    fn words_cut_within_a_character_are_joined() {
        let (one, two) = LONG.as_bytes().split_at(15);
        let word = |bytes: &[u8]| {
            use base64::Engine as _;
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            format!("=?UTF-8?B?{text}?=")
        };
        let raw = format!(" {}\r\n {}\r\n", word(one), word(two));
        let repaired = repair_header(raw.as_bytes(), None);
        assert_eq!(repaired.trim(), word(LONG.as_bytes()).replace("UTF-8", "utf-8"));
    }
}
