//! Cuts header values at the characters that mean something outside of quoted strings and angle
//! brackets. RFC 3261 §25.1.

/// What is wrong with a header value, for the reason phrase of a 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FieldError(pub &'static str);

pub(crate) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// Space, tab and line ends (a folded line may have left them).
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// Cuts at each `separator` outside of quoted strings and `<>`. Pieces are trimmed and may be
/// empty: whether that is wrong depends on the header.
pub(crate) fn split(text: &str, separator: u8) -> Result<Vec<&str>, FieldError> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut outside = Outside::default();
    for (place, byte) in text.bytes().enumerate() {
        if outside.step(byte)? && byte == separator {
            pieces.push(trim(&text[start..place]));
            start = place + 1;
        }
    }
    outside.end()?;
    pieces.push(trim(&text[start..]));
    Ok(pieces)
}

/// A comma list, in which empty pieces are wrong. RFC 3261 §7.3.1.
pub(crate) fn list(text: &str) -> Result<Vec<&str>, FieldError> {
    let pieces = split(text, b',')?;
    if pieces.iter().any(|piece| piece.is_empty()) {
        return Err(FieldError("a list has an empty element"));
    }
    Ok(pieces)
}

/// What stands before the first `separator` outside of quotes and brackets, and what behind it.
pub(crate) fn cut(text: &str, separator: u8) -> Result<(&str, Option<&str>), FieldError> {
    let mut outside = Outside::default();
    for (place, byte) in text.bytes().enumerate() {
        if outside.step(byte)? && byte == separator {
            return Ok((trim(&text[..place]), Some(trim(&text[place + 1..]))));
        }
    }
    outside.end()?;
    Ok((trim(text), None))
}

/// The first `<` outside of quoted strings.
pub(crate) fn find_bracket(text: &str) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.bytes().position(|byte| {
        let is_bracket = byte == b'<' && !is_quoted;
        is_quoted ^= byte == b'"' && !is_escaped;
        is_escaped = is_quoted && byte == b'\\' && !is_escaped;
        is_bracket
    })
}

/// Where in a value one is.
#[derive(Clone, Copy, Debug, Default)]
struct Outside {
    quoted: bool,
    escaped: bool,
    bracketed: bool,
}

impl Outside {
    /// Takes one byte; whether it stands outside and is itself neither quote nor bracket.
    fn step(&mut self, byte: u8) -> Result<bool, FieldError> {
        if self.quoted {
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.quoted = false;
            }
            return Ok(false);
        }
        match byte {
            b'"' => self.quoted = true,
            b'<' if self.bracketed => return Err(FieldError("an angle bracket within another")),
            b'<' => self.bracketed = true,
            b'>' if !self.bracketed => return Err(FieldError("a closing angle bracket too many")),
            b'>' => self.bracketed = false,
            _ => return Ok(!self.bracketed),
        }
        Ok(false)
    }

    const fn end(self) -> Result<(), FieldError> {
        if self.quoted {
            return Err(FieldError("a quoted string has no end"));
        }
        if self.bracketed {
            return Err(FieldError("an angle bracket is not closed"));
        }
        Ok(())
    }
}

/// The content of a quoted string that begins the text, and what stands behind it; `None` when the
/// text begins otherwise.
pub(crate) fn quoted(text: &str) -> Result<Option<(String, &str)>, FieldError> {
    let Some(rest) = text.strip_prefix('"') else { return Ok(None) };
    let mut content = String::new();
    let mut characters = rest.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return Ok(Some((content, &rest[place + 1..]))),
            '\\' => {
                let (_, escaped) =
                    characters.next().ok_or(FieldError("a quoted string has no end"))?;
                content.push(escaped);
            }
            _ => content.push(character),
        }
    }
    Err(FieldError("a quoted string has no end"))
}

/// Writes a quoted string. Control characters are left out: no value may end a line.
pub(crate) fn write_quoted(out: &mut String, content: &str) {
    out.push('"');
    for character in content.chars().filter(|character| !character.is_control()) {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_in_quotes_and_brackets_are_text() {
        let text = r#""a, \" b" <sip:a,b@c>;x="1,2" , <sip:d>"#;
        assert_eq!(
            split(text, b',').expect("balanced"),
            [r#""a, \" b" <sip:a,b@c>;x="1,2""#, "<sip:d>"]
        );
        assert_eq!(cut("a;b;c", b';').expect("balanced"), ("a", Some("b;c")));
        assert!(split("\"a", b',').is_err());
        assert!(split("<a", b',').is_err());
        assert!(split("a>", b',').is_err());
        assert!(list("a,,b").is_err());
    }

    #[test]
    fn quoted_strings_are_unescaped_and_written_again() {
        let (content, rest) = quoted(r#""a \"b\" \\" x"#).expect("well formed").expect("quoted");
        assert_eq!((content.as_str(), rest), (r#"a "b" \"#, " x"));
        let mut out = String::new();
        write_quoted(&mut out, "a \"b\" \\\r\nVia: x");
        assert_eq!(out, r#""a \"b\" \\Via: x""#);
    }
}
