//! The one part of a body that is asked for: SDP within `multipart/mixed`. RFC 5621 §3, RFC 2046.

use bytes::Bytes;

use super::fields::MediaType;
use super::header::{HeaderName, Headers};

/// Parts of one body; carriers send three at most.
const MAX_PARTS: usize = 16;

/// The part of this media type: the whole body when it is of that type itself.
pub fn part(headers: &Headers, body: &Bytes, wanted: &str) -> Option<Bytes> {
    let media = MediaType::parse(&headers.text(&HeaderName::ContentType)?).ok()?;
    if media.name == wanted {
        return (!body.is_empty()).then(|| body.clone());
    }
    if !media.name.starts_with("multipart/") {
        return None;
    }
    let boundary = format!("--{}", media.parameters.get("boundary").filter(|b| !b.is_empty())?);
    let starts = delimiters(body, boundary.as_bytes());
    let pairs = starts.iter().zip(starts.iter().skip(1));
    for (start, end) in pairs.take(MAX_PARTS) {
        let inner = body.slice(start + boundary.len()..*end);
        if let Some(found) = matching(&inner, wanted) {
            return Some(found);
        }
    }
    None
}

/// Where lines begin with the delimiter.
fn delimiters(body: &Bytes, delimiter: &[u8]) -> Vec<usize> {
    let found = body.windows(delimiter.len()).enumerate().filter(|(place, window)| {
        let is_line = *place == 0 || body.get(place - 1) == Some(&b'\n');
        is_line && *window == delimiter
    });
    found.map(|(place, _)| place).take(MAX_PARTS + 1).collect()
}

/// The content of a part, when its own headers name that type.
fn matching(part: &Bytes, wanted: &str) -> Option<Bytes> {
    let end = part.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&part[..end]).into_owned();
    let is_wanted = head.lines().any(|line| {
        let Some((name, value)) = line.split_once(':') else { return false };
        let is_type = HeaderName::from_text(name.trim()) == HeaderName::ContentType;
        is_type && MediaType::parse(value).is_ok_and(|media| media.name == wanted)
    });
    let content = part.slice(end + 4..);
    let length = content.strip_suffix(b"\r\n").unwrap_or(&content).len();
    is_wanted.then(|| content.slice(..length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(content_type: &str) -> Headers {
        let mut headers = Headers::default();
        headers.push(HeaderName::ContentType, content_type.to_owned());
        headers
    }

    #[test]
    fn the_offer_is_found_beside_what_a_carrier_adds() {
        let body = Bytes::from_static(
            b"preamble\r\n--b\r\nContent-Type: application/ISUP\r\n\r\n\x01\xff--b\r\n\
              --b\r\nc: application/SDP\r\nContent-Disposition: session\r\n\r\n\
              v=0\r\ns=-\r\n\r\n--b--\r\n",
        );
        let found = part(&headers("multipart/mixed;boundary=b"), &body, "application/sdp");
        assert_eq!(found.as_deref(), Some(&b"v=0\r\ns=-\r\n"[..]));
        assert_eq!(part(&headers("multipart/mixed"), &body, "application/sdp"), None);
        assert_eq!(part(&headers("text/plain"), &body, "application/sdp"), None);
    }

    #[test]
    fn a_body_of_that_type_is_taken_whole() {
        let body = Bytes::from_static(b"v=0\r\n");
        assert_eq!(part(&headers("application/sdp"), &body, "application/sdp"), Some(body));
        assert_eq!(part(&headers("application/sdp"), &Bytes::new(), "application/sdp"), None);
    }
}
