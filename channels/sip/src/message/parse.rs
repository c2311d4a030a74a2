//! Bytes of one whole message → [`Message`]. RFC 3261 §7.

use bytes::{Bytes, BytesMut};

use super::header::{HeaderName, Headers};
use super::scan::is_token_byte;
use super::{
    MAX_HEAD_BYTES, MAX_HEADERS, MAX_MESSAGE_BYTES, MAX_METHOD_BYTES, MAX_URI_BYTES,
    MAX_VALUE_BYTES, Message, Method, Request, Response, Status, Uri,
};

/// What a datagram or frame holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A message, with what was wrong and harmless.
    Message(Message, Vec<Defect>),
    /// Nothing but line ends: a sign of life. RFC 5626 §4.4.1.
    KeepAlive,
}

/// Something wrong that did not hinder reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Defect {
    /// Bytes behind the body, as `Content-Length` counts it, were dropped. RFC 3261 §18.3.
    TrailingBytes,
    /// Lines end with a line feed alone.
    BareLineFeed,
    /// No empty line ends the headers.
    NoEmptyLine,
    /// A header holds bytes that are not UTF-8.
    NotUtf8,
    /// `Date` is not in the one form allowed; nobody needs it. RFC 3261 §20.17.
    BadDate,
}

/// Why bytes are not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// With which status a request like this is answered; a response like this is dropped.
    pub status: Status,
    /// What is wrong, as the reason phrase.
    pub reason: &'static str,
    /// Whether it looks like a response, which nobody answers.
    pub is_response: bool,
    /// What could be read of the headers, so that an answer finds its way; `None`: do not answer.
    pub headers: Option<Headers>,
}

impl Refusal {
    const fn bare(status: Status, reason: &'static str) -> Self {
        Self { status, reason, is_response: false, headers: None }
    }
}

/// Reads one datagram or frame, or what [`super::framing`] cut out of a stream.
pub fn parse(bytes: &Bytes) -> Result<Parsed, Refusal> {
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
    let Some(start) = start else { return Ok(Parsed::KeepAlive) };
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(Refusal::bare(Status::MESSAGE_TOO_LARGE, "The message is too large"));
    }
    let mut reader = Reader { rest: bytes.slice(start..), defects: Vec::new(), read_bytes: 0 };
    let line = reader.line().unwrap_or_default();
    let start_line = start_line(&line);
    let headers = reader.headers();
    let (start_line, headers) = match (start_line, headers) {
        (Ok(start_line), Ok(headers)) => (start_line, headers),
        (Err(refusal), headers) => {
            return Err(Refusal { headers: headers.ok(), ..refusal });
        }
        (Ok(start_line), Err(refusal)) => {
            let is_response = matches!(start_line, StartLine::Response(..));
            return Err(Refusal { is_response, ..refusal });
        }
    };
    let is_response = matches!(start_line, StartLine::Response(..));
    let (headers, body) = match reader.body(headers) {
        Ok(parts) => parts,
        Err((reason, headers)) => {
            let refusal = Refusal::bare(Status::BAD_REQUEST, reason);
            return Err(Refusal { is_response, headers: Some(headers), ..refusal });
        }
    };
    if headers.text(&HeaderName::Date).is_some_and(|date| !date.trim_end().ends_with("GMT")) {
        reader.defects.push(Defect::BadDate);
    }
    let message = match start_line {
        StartLine::Request(method, uri) => Message::Request(Request { method, uri, headers, body }),
        StartLine::Response(status, reason) => {
            Message::Response(Response { status, reason, headers, body })
        }
    };
    Ok(Parsed::Message(message, reader.defects))
}

enum StartLine {
    Request(Method, Uri),
    Response(Status, Bytes),
}

/// RFC 3261 §7.1, §7.2. Single spaces, nothing before and nothing behind.
fn start_line(line: &Bytes) -> Result<StartLine, Refusal> {
    let wrong = |reason| Refusal::bare(Status::BAD_REQUEST, reason);
    if line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/")) {
        return status_line(line).map_err(|refusal| Refusal { is_response: true, ..refusal });
    }
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(uri), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(wrong("The request line is not three words"));
    };
    if method.is_empty()
        || method.len() > MAX_METHOD_BYTES
        || !method.iter().all(|b| is_token_byte(*b))
    {
        return Err(wrong("The method is not a token"));
    }
    let is_sip = version.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"SIP/"));
    if is_sip && version.get(4..) != Some(b"2.0") {
        return Err(Refusal::bare(Status::VERSION_NOT_SUPPORTED, "Only SIP/2.0 is spoken here"));
    }
    if !is_sip {
        return Err(wrong("The request line does not end with SIP/2.0"));
    }
    if uri.len() > MAX_URI_BYTES {
        return Err(Refusal::bare(Status::URI_TOO_LONG, "The Request-URI is too long"));
    }
    let uri = std::str::from_utf8(uri).ok().and_then(|uri| Uri::parse(uri).ok());
    let uri = uri.ok_or_else(|| wrong("The Request-URI cannot be read"))?;
    if uri.as_sip().is_some_and(|uri| uri.headers.is_some()) {
        return Err(wrong("A Request-URI has no headers"));
    }
    let method = String::from_utf8_lossy(method);
    let method = Method::parse(&method).map_err(|_| wrong("The method is not a token"))?;
    Ok(StartLine::Request(method, uri))
}

fn status_line(line: &Bytes) -> Result<StartLine, Refusal> {
    let wrong = |reason| Refusal::bare(Status::BAD_REQUEST, reason);
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let (version, code) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if version.get(4..) != Some(b"2.0") {
        return Err(Refusal::bare(Status::VERSION_NOT_SUPPORTED, "Only SIP/2.0 is spoken here"));
    }
    let code = std::str::from_utf8(code).ok().filter(|code| code.len() == 3);
    let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    let status = code.and_then(|code| code.parse().ok()).and_then(Status::new);
    let status = status.ok_or_else(|| wrong("The status is not a number from 100 to 699"))?;
    let reason = words.next().map_or_else(Bytes::new, |reason| line.slice_ref(reason));
    Ok(StartLine::Response(status, reason))
}

/// Takes lines off the front.
struct Reader {
    rest: Bytes,
    defects: Vec<Defect>,
    read_bytes: usize,
}

impl Reader {
    /// The next line without its end; `None` at the end of the bytes.
    fn line(&mut self) -> Option<Bytes> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let mut line = match end {
            Some(end) => self.rest.split_to(end + 1),
            None => self.rest.split_to(self.rest.len()),
        };
        self.read_bytes += line.len();
        if line.ends_with(b"\r\n") {
            line.truncate(line.len() - 2);
        } else if line.ends_with(b"\n") {
            line.truncate(line.len() - 1);
            self.note(Defect::BareLineFeed);
        }
        Some(line)
    }

    fn note(&mut self, defect: Defect) {
        if !self.defects.contains(&defect) {
            self.defects.push(defect);
        }
    }

    fn headers(&mut self) -> Result<Headers, Refusal> {
        let mut headers = Headers::default();
        let mut open: Option<(HeaderName, Folded)> = None;
        loop {
            let line = self.line();
            if self.read_bytes > MAX_HEAD_BYTES {
                let reason = "The headers are too large";
                return Err(Refusal::bare(Status::MESSAGE_TOO_LARGE, reason));
            }
            let is_folded = line.as_ref().is_some_and(starts_with_blank);
            if let (true, Some(line), Some((_, folded))) = (is_folded, &line, &mut open) {
                folded.join(line);
                continue;
            }
            if let Some((name, folded)) = open.take() {
                self.close(&mut headers, name, &folded)?;
            }
            match line {
                None => {
                    self.note(Defect::NoEmptyLine);
                    return Ok(headers);
                }
                Some(line) if line.is_empty() => return Ok(headers),
                Some(line) => open = Some(header_line(&line)?),
            }
        }
    }

    fn close(
        &mut self,
        headers: &mut Headers,
        name: HeaderName,
        folded: &Folded,
    ) -> Result<(), Refusal> {
        let value = trimmed(&folded.0);
        if value.len() > MAX_VALUE_BYTES {
            return Err(Refusal::bare(Status::MESSAGE_TOO_LARGE, "A header is too large"));
        }
        if headers.len() == MAX_HEADERS {
            return Err(Refusal::bare(Status::MESSAGE_TOO_LARGE, "There are too many headers"));
        }
        if std::str::from_utf8(&value).is_err() {
            self.note(Defect::NotUtf8);
        }
        headers.push(name, value);
        Ok(())
    }

    /// The body by `Content-Length`, which is then no header any more. RFC 3261 §18.3.
    fn body(&mut self, mut headers: Headers) -> Result<(Headers, Bytes), (&'static str, Headers)> {
        let length = match content_length(&headers) {
            Ok(length) => length.unwrap_or(self.rest.len()),
            Err(reason) => return Err((reason, headers)),
        };
        if length > self.rest.len() {
            return Err(("The body is shorter than Content-Length says", headers));
        }
        if length < self.rest.len() {
            self.note(Defect::TrailingBytes);
        }
        headers.remove(&HeaderName::ContentLength);
        Ok((headers, self.rest.split_to(length)))
    }
}

/// What `Content-Length` says; `None` when there is none.
pub(crate) fn content_length(headers: &Headers) -> Result<Option<usize>, &'static str> {
    let mut found: Option<usize> = None;
    for value in headers.texts(&HeaderName::ContentLength) {
        let length = super::fields::whole(value.trim()).and_then(|n| usize::try_from(n).ok());
        let length = length.ok_or("Content-Length is not a number")?;
        // Two that differ are how one message is smuggled into another.
        if found.is_some_and(|known| known != length) {
            return Err("Content-Length stands there twice");
        }
        found = Some(length);
    }
    Ok(found)
}

/// A value that may go on in the next line; copied only when it does.
struct Folded(Bytes);

impl Folded {
    fn join(&mut self, line: &Bytes) {
        let more = trimmed(line);
        let mut joined = BytesMut::with_capacity(self.0.len() + 1 + more.len());
        joined.extend_from_slice(&trimmed(&self.0));
        joined.extend_from_slice(b" ");
        joined.extend_from_slice(&more);
        self.0 = joined.freeze();
    }
}

fn header_line(line: &Bytes) -> Result<(HeaderName, Folded), Refusal> {
    let wrong = |reason| Refusal::bare(Status::BAD_REQUEST, reason);
    let colon = line.iter().position(|byte| *byte == b':');
    let colon = colon.ok_or_else(|| wrong("A header line has no colon"))?;
    let name = line[..colon].trim_ascii_end();
    if name.is_empty() || !name.iter().all(|byte| is_token_byte(*byte)) {
        return Err(wrong("A header name is not a token"));
    }
    let name = HeaderName::from_text(&String::from_utf8_lossy(name));
    Ok((name, Folded(line.slice(colon + 1..))))
}

fn trimmed(bytes: &Bytes) -> Bytes {
    bytes.slice_ref(bytes.trim_ascii())
}

fn starts_with_blank(line: &Bytes) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}
