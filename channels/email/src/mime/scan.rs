//! One linear look at the raw bytes before the parser sees them.
//!
//! The MIME parser is linear but has no limits of its own: half a million parts or twenty thousand
//! nested messages cost memory in proportion. What goes over a limit here is kept raw and shown as
//! "could not be read". Invariant: time in proportion to the size, memory in proportion to the
//! depth, which is itself limited.

use channel_contract::Defect;
use memchr::memchr;

use crate::config::ReadingLimits;

/// Header fields of all parts together, for each part that is allowed.
const HEADERS_PER_PART: usize = 10;
/// Largest mail that may hold an attached message in an encoding that RFC 2046 §5.2.1 forbids:
/// what is inside cannot be counted without decoding it.
const MAX_ENCODED_NESTED_BYTES: usize = 1024 * 1024;
/// A boundary has at most 70 characters (RFC 2046 §5.1.1); some writers exceed that.
const MAX_BOUNDARY_BYTES: usize = 256;

/// What the look found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Where the header block of the mail ends.
    pub header_end: usize,
    /// The limit that was exceeded, if one was.
    pub over_limit: Option<Defect>,
    /// `Received` fields of the mail: its hops.
    pub received: usize,
    /// There are bytes over 127 in the header block.
    pub raw_8bit_headers: bool,
    /// A NUL byte is in the mail.
    pub has_nul: bool,
    /// What is wrong with a multipart, if anything.
    pub bad_multipart: Option<&'static str>,
}

/// An open multipart, or an attached message (without a boundary of its own).
struct Level<'a> {
    boundary: Option<&'a [u8]>,
}

#[derive(Default)]
struct PartHeader<'a> {
    boundary: Option<&'a [u8]>,
    is_multipart: bool,
    is_message: bool,
    is_encoded: bool,
}

struct Scanner<'a> {
    limits: &'a ReadingLimits,
    scan: Scan,
    levels: Vec<Level<'a>>,
    header: PartHeader<'a>,
    in_headers: bool,
    parts: usize,
    headers: usize,
    part_headers: usize,
    field_bytes: usize,
    field: Field,
    nested: usize,
    encoded_nested: bool,
}

/// Which header field a continuation line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    ContentType,
    Encoding,
    Other,
}

/// Looks at a mail.
pub(super) fn scan(raw: &[u8], limits: &ReadingLimits) -> Scan {
    let mut scanner = Scanner {
        limits,
        scan: Scan::default(),
        levels: Vec::new(),
        header: PartHeader::default(),
        in_headers: true,
        parts: 1,
        headers: 0,
        part_headers: 0,
        field_bytes: 0,
        field: Field::Other,
        nested: 0,
        encoded_nested: false,
    };
    if raw.len() > limits.message_bytes {
        scanner.over("too_large", &format!("more than {} bytes", limits.message_bytes));
    }
    let mut at = 0;
    while at < raw.len() {
        let length = memchr(b'\n', &raw[at..]).map_or(raw.len() - at, |end| end + 1);
        let line = raw[at..at + length].trim_ascii_end();
        at += length;
        if scanner.in_headers {
            scanner.header_line(line, at);
        } else if line.starts_with(b"--") {
            scanner.boundary_line(line);
        }
        if scanner.scan.over_limit.is_some() && scanner.scan.header_end != 0 {
            break;
        }
    }
    if scanner.scan.header_end == 0 {
        scanner.scan.header_end = raw.len();
    }
    if scanner.encoded_nested && raw.len() > MAX_ENCODED_NESTED_BYTES {
        scanner.over("nested_encoded", "an attached message is encoded (RFC 2046 §5.2.1)");
    }
    if scanner.levels.iter().any(|level| level.boundary.is_some()) {
        scanner.scan.bad_multipart =
            Some("A multipart is not closed: the mail may have been cut off.");
    }
    scanner.scan.raw_8bit_headers = !raw[..scanner.scan.header_end].is_ascii();
    scanner.scan.has_nul = memchr(0, raw).is_some();
    scanner.scan
}

impl<'a> Scanner<'a> {
    fn header_line(&mut self, line: &'a [u8], end: usize) {
        if line.is_empty() {
            self.end_of_headers(end);
            return;
        }
        if line.first().is_some_and(|&byte| byte == b' ' || byte == b'\t') {
            self.field_bytes += line.len();
        } else {
            if line.starts_with(b"--") && self.is_known_boundary(line) {
                // A part whose header block was never closed.
                self.boundary_line(line);
                return;
            }
            self.field_bytes = line.len();
            self.start_field(line);
        }
        let most = self.limits.header_bytes;
        if self.field_bytes > most {
            self.over("header_too_long", &format!("a header over {most} bytes"));
        }
        match self.field {
            Field::ContentType => self.content_type(line),
            Field::Encoding => {
                self.header.is_encoded |=
                    contains(line, b"base64") || contains(line, b"quoted-printable");
            }
            Field::Other => {}
        }
    }

    fn start_field(&mut self, line: &[u8]) {
        if self.scan.header_end == 0 {
            self.headers += 1;
            if starts(line, b"received:") {
                self.scan.received += 1;
            }
        } else {
            self.part_headers += 1;
        }
        self.field = if starts(line, b"content-type:") {
            Field::ContentType
        } else if starts(line, b"content-transfer-encoding:") {
            Field::Encoding
        } else {
            Field::Other
        };
        let ReadingLimits { headers, parts, .. } = *self.limits;
        if self.headers > headers || self.part_headers / HEADERS_PER_PART > parts {
            self.over("too_many_headers", &format!("more than {headers} headers"));
        }
    }

    fn content_type(&mut self, line: &'a [u8]) {
        self.header.is_multipart |= contains(line, b"multipart/");
        self.header.is_message |=
            contains(line, b"message/rfc822") || contains(line, b"message/global");
        if self.header.boundary.is_none() {
            self.header.boundary = boundary_of(line);
        }
    }

    fn end_of_headers(&mut self, end: usize) {
        if self.scan.header_end == 0 {
            self.scan.header_end = end;
        }
        let header = std::mem::take(&mut self.header);
        self.field = Field::Other;
        self.in_headers = false;
        if header.is_multipart && header.boundary.is_none() {
            self.scan.bad_multipart = Some("A multipart names no boundary; shown as it came.");
        }
        if header.is_multipart && header.boundary.is_some() {
            self.push(Level { boundary: header.boundary });
        } else if header.is_message && header.is_encoded {
            self.encoded_nested = true;
        } else if header.is_message {
            self.nested += 1;
            self.parts += 1;
            self.push(Level { boundary: None });
            self.in_headers = true;
            let most = self.limits.nested_messages;
            if self.nested > most {
                self.over("too_deep", &format!("messages nested deeper than {most}"));
            }
        }
        self.check_parts();
    }

    fn push(&mut self, level: Level<'a>) {
        self.levels.push(level);
        let most = self.limits.depth;
        if self.levels.len() > most {
            self.over("too_deep", &format!("parts nested deeper than {most}"));
        }
    }

    fn check_parts(&mut self) {
        let most = self.limits.parts;
        if self.parts > most {
            self.over("too_many_parts", &format!("more than {most} parts"));
        }
    }

    fn is_known_boundary(&self, line: &[u8]) -> bool {
        self.position(line).is_some()
    }

    /// The open multipart to which a line starting with `--` belongs.
    fn position(&self, line: &[u8]) -> Option<usize> {
        let text = &line[2..];
        self.levels
            .iter()
            .rposition(|level| level.boundary.is_some_and(|boundary| text.starts_with(boundary)))
    }

    fn boundary_line(&mut self, line: &[u8]) {
        let Some(position) = self.position(line) else { return };
        let length = self.levels[position].boundary.map_or(0, <[u8]>::len);
        let closes = line[2 + length..].starts_with(b"--");
        let keep = if closes { position } else { position + 1 };
        for level in self.levels.drain(keep..) {
            if level.boundary.is_none() {
                self.nested = self.nested.saturating_sub(1);
            }
        }
        self.in_headers = !closes;
        self.header = PartHeader::default();
        self.field = Field::Other;
        self.field_bytes = 0;
        if !closes {
            self.parts += 1;
            self.check_parts();
        }
    }

    fn over(&mut self, code: &str, what: &str) {
        if self.scan.over_limit.is_none() {
            self.scan.over_limit = Some(Defect {
                code: code.to_owned(),
                detail: format!("Not opened: {what}. The mail is kept as it came."),
            });
        }
    }
}

/// The `boundary=` in a line of a `Content-Type` field.
fn boundary_of(line: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"boundary=";
    let start = line.windows(NAME.len()).position(|w| w.eq_ignore_ascii_case(NAME))? + NAME.len();
    let rest = &line[start..];
    let boundary = if let Some(quoted) = rest.strip_prefix(b"\"") {
        &quoted[..memchr(b'"', quoted).unwrap_or(quoted.len())]
    } else {
        let end = rest.iter().position(|&b| b == b';' || b.is_ascii_whitespace());
        &rest[..end.unwrap_or(rest.len())]
    };
    (1..=MAX_BOUNDARY_BYTES).contains(&boundary.len()).then_some(boundary)
}

fn starts(line: &[u8], prefix: &[u8]) -> bool {
    line.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Whether a line holds a word in any case. Only called for the few lines of `Content-*` fields.
fn contains(line: &[u8], word: &[u8]) -> bool {
    line.len() >= word.len() && line.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(raw: &str) -> Option<String> {
        code_within(raw, &ReadingLimits::default())
    }

    fn code_within(raw: &str, limits: &ReadingLimits) -> Option<String> {
        scan(raw.as_bytes(), limits).over_limit.map(|defect| defect.code)
    }

    #[test]
    fn every_limit_can_be_set_and_holds_to_one() {
        let nested = "Content-Type: message/rfc822\n\n";
        let deep = "Content-Type: multipart/mixed; boundary=a\n\n--a\n\
                    Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--a--\n";
        let few = |set: &dyn Fn(&mut ReadingLimits)| {
            let mut limits = ReadingLimits::default();
            set(&mut limits);
            limits
        };
        for (raw, code, over, within) in [
            (
                "X: 1\n\n123\n".to_owned(),
                "too_large",
                few(&|limits| limits.message_bytes = 9),
                few(&|limits| limits.message_bytes = 10),
            ),
            (
                deep.to_owned(),
                "too_many_parts",
                few(&|limits| limits.parts = 2),
                few(&|limits| limits.parts = 3),
            ),
            (
                deep.to_owned(),
                "too_deep",
                few(&|limits| limits.depth = 1),
                few(&|limits| limits.depth = 2),
            ),
            (
                nested.repeat(3) + "X: y\n\n",
                "too_deep",
                few(&|limits| limits.nested_messages = 2),
                few(&|limits| limits.nested_messages = 3),
            ),
            (
                "X: y\nY: z\n\n".to_owned(),
                "too_many_headers",
                few(&|limits| limits.headers = 1),
                few(&|limits| limits.headers = 2),
            ),
            (
                "X: 456\n 89\n\n".to_owned(),
                "header_too_long",
                few(&|limits| limits.header_bytes = 8),
                few(&|limits| limits.header_bytes = 9),
            ),
        ] {
            assert_eq!(code_within(&raw, &over).as_deref(), Some(code), "{raw:?}");
            assert_eq!(code_within(&raw, &within), None, "{raw:?}");
        }
    }

    #[test]
    fn an_ordinary_mail_is_under_every_limit() {
        let raw = "Received: a\r\nReceived: b\r\nFrom: a@b\r\nContent-Type: multipart/mixed;\r\n \
                   boundary=\"x y\"\r\n\r\n--x y\r\n\r\ntext\r\n--\r\n--x y\r\nContent-Type: \
                   image/png\r\n\r\n\r\n--x y--\r\n";
        let scan = scan(raw.as_bytes(), &ReadingLimits::default());
        assert!(scan.over_limit.is_none());
        assert_eq!(scan.received, 2);
        assert_eq!(&raw[scan.header_end..scan.header_end + 5], "--x y");
    }

    #[test]
    fn half_a_million_parts_are_too_many() {
        let raw =
            format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\n".repeat(500_000));
        assert_eq!(code(&raw).as_deref(), Some("too_many_parts"));
    }

    #[test]
    fn text_that_looks_like_boundaries_is_not_counted() {
        let raw = format!("Content-Type: text/plain\n\n{}", "-- \n--b\n".repeat(10_000));
        assert_eq!(code(&raw), None);
    }

    #[test]
    fn sixty_forwarded_mails_are_not_deep() {
        let mut raw = "Content-Type: multipart/mixed; boundary=outer\n\n".to_owned();
        for number in 0..60 {
            let part = format!(
                "--outer\nContent-Type: message/rfc822\n\nSubject: {number}\nContent-Type: \
                 multipart/alternative; boundary=i{number}\n\n--i{number}\n\na\n--i{number}--\n"
            );
            raw.push_str(&part);
        }
        assert_eq!(code(&(raw + "--outer--\n")), None);
    }

    #[test]
    fn nesting_is_limited_for_multiparts_and_for_messages() {
        let mut raw = String::new();
        for number in 0..60 {
            let part =
                format!("Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n");
            raw.push_str(&part);
        }
        assert_eq!(code(&raw).as_deref(), Some("too_deep"));
        let raw = "Content-Type: message/rfc822\n\n".repeat(20_001);
        assert_eq!(code(&raw).as_deref(), Some("too_deep"));
    }

    #[test]
    fn headers_are_limited_in_number_and_length() {
        assert_eq!(code(&"X: y\n".repeat(1_000_000)).as_deref(), Some("too_many_headers"));
        let long = format!("X: y\n{}\nFrom: a@b\n\n", " z".repeat(40_000));
        assert_eq!(code(&long).as_deref(), Some("header_too_long"));
        let folded = format!("X: y\n{}From: a@b\n\n", " zzzzzzzz\n".repeat(10_000));
        assert_eq!(code(&folded).as_deref(), Some("header_too_long"));
    }

    #[test]
    fn mails_over_the_size_are_not_opened() {
        let large = "x".repeat(ReadingLimits::default().message_bytes);
        assert_eq!(code(&format!("\n{large}")).as_deref(), Some("too_large"));
    }

    #[test]
    fn large_encoded_messages_are_not_opened() {
        let raw = format!(
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{}",
            "QUFB\n".repeat(300_000)
        );
        assert_eq!(code(&raw).as_deref(), Some("nested_encoded"));
    }
}
