//! What is refused before anybody asks what a request is about. RFC 3261 §8.2.
//!
//! The checks of §8.2 in its order, after those of the codec: what the message must have, whose it
//! is by scheme, what it demands of us, what its body is.

use super::essentials::{Essentials, essentials};
use super::fields::{self, MediaType};
use super::header::HeaderName;
use super::{Message, Method, NameAddr, Request, Status, Uri};

/// Extensions that `Require` may name. RFC 5626.
pub const SUPPORTED_EXTENSIONS: [&str; 1] = ["outbound"];
/// Bodies that are understood.
pub const ACCEPTED_BODIES: [&str; 4] =
    ["application/sdp", "multipart/mixed", "multipart/alternative", "multipart/related"];
/// What is written into `Accept`.
pub const ACCEPT: &str = "application/sdp, multipart/mixed";

/// Why a message is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {reason}", .status.code())]
pub struct Screened {
    /// The status of the answer; a response is dropped instead.
    pub status: Status,
    /// The reason phrase.
    pub reason: String,
    /// A header that the answer has besides: `Unsupported`, `Accept`.
    pub header: Option<(HeaderName, String)>,
}

impl Screened {
    fn new(status: Status, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), header: None }
    }
}

/// Reads what every message has, and refuses what cannot be worked on.
pub fn screen(message: &Message) -> Result<Essentials, Screened> {
    let essentials = essentials(message)
        .map_err(|error| Screened::new(Status::BAD_REQUEST, error.to_string()))?;
    check_lists(message)?;
    if let Message::Request(request) = message {
        // An ACK is never answered and a CANCEL never refused for what it demands.
        // RFC 3261 §8.2.2.3.
        if !matches!(request.method, Method::Ack | Method::Cancel) {
            check_scheme(request)?;
            check_extensions(request)?;
            check_body(request)?;
            check_accept(request)?;
        }
    }
    Ok(essentials)
}

/// Headers that are addresses can be read. A part that is about something else is not worth a
/// refusal: only what a user agent works with is looked at.
fn check_lists(message: &Message) -> Result<(), Screened> {
    let headers = message.headers();
    let wrong = |name: &HeaderName, error| {
        Screened::new(Status::BAD_REQUEST, format!("{}: {error}", name.as_str()))
    };
    for name in [HeaderName::Route, HeaderName::RecordRoute] {
        for line in headers.texts(&name) {
            NameAddr::parse_list(&line).map_err(|error| wrong(&name, error))?;
        }
    }
    for line in headers.texts(&HeaderName::Contact) {
        let contacts = fields::Contacts::parse(&line);
        contacts.map_err(|error| wrong(&HeaderName::Contact, error))?;
    }
    for name in [HeaderName::Expires, HeaderName::MinExpires, HeaderName::MinSe] {
        if let Some(text) = headers.text(&name) {
            fields::delta_seconds(&text).map_err(|error| wrong(&name, error))?;
        }
    }
    if let Some(text) = headers.text(&HeaderName::ContentType) {
        MediaType::parse(&text).map_err(|error| wrong(&HeaderName::ContentType, error))?;
    }
    Ok(())
}

/// RFC 3261 §8.2.2.1.
fn check_scheme(request: &Request) -> Result<(), Screened> {
    match request.uri {
        Uri::Sip(_) | Uri::Tel(_) => Ok(()),
        Uri::Other(_) => Err(Screened::new(
            Status::UNSUPPORTED_URI_SCHEME,
            Status::UNSUPPORTED_URI_SCHEME.phrase(),
        )),
    }
}

/// RFC 3261 §8.2.2.3. `Proxy-Require` is for proxies, and none of what it names is done here.
fn check_extensions(request: &Request) -> Result<(), Screened> {
    let named = request.headers.texts(&HeaderName::Require).flat_map(|line| fields::tokens(&line));
    let unknown: Vec<String> = named
        .filter(|word| !SUPPORTED_EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(word)))
        .chain(
            request.headers.texts(&HeaderName::ProxyRequire).flat_map(|line| fields::tokens(&line)),
        )
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let mut screened = Screened::new(Status::BAD_EXTENSION, Status::BAD_EXTENSION.phrase());
    screened.header = Some((HeaderName::Unsupported, unknown.join(", ")));
    Err(screened)
}

/// RFC 3261 §8.2.3. A body that may be ignored is no reason to refuse.
fn check_body(request: &Request) -> Result<(), Screened> {
    let is_optional = request
        .headers
        .text(&HeaderName::ContentDisposition)
        .is_some_and(|text| text.to_ascii_lowercase().contains("handling=optional"));
    // A MESSAGE or NOTIFY is judged by whoever takes it.
    let is_ours = matches!(request.method, Method::Invite | Method::Update | Method::Prack);
    if request.body.is_empty() || is_optional || !is_ours {
        return Ok(());
    }
    let encoding = request.headers.text(&HeaderName::ContentEncoding);
    let is_plain = encoding.is_none_or(|text| text.trim().eq_ignore_ascii_case("identity"));
    let media = request.headers.text(&HeaderName::ContentType);
    let media = media.and_then(|text| MediaType::parse(&text).ok());
    if is_plain && media.is_some_and(|media| ACCEPTED_BODIES.contains(&media.name.as_str())) {
        return Ok(());
    }
    let mut screened =
        Screened::new(Status::UNSUPPORTED_MEDIA_TYPE, Status::UNSUPPORTED_MEDIA_TYPE.phrase());
    screened.header = Some((HeaderName::Accept, ACCEPT.to_owned()));
    Err(screened)
}

/// An INVITE without an offer is answered with one, which its sender must be able to read.
/// RFC 3261 §20.1: no `Accept` means `application/sdp`.
fn check_accept(request: &Request) -> Result<(), Screened> {
    let lines: Vec<_> = request.headers.texts(&HeaderName::Accept).collect();
    let is_asked = request.method == Method::Invite && request.body.is_empty();
    let ranges = ["application/sdp", "application/*", "*/*"];
    let takes_sdp = lines
        .iter()
        .flat_map(|line| fields::tokens(line))
        .filter_map(|range| MediaType::parse(&range).ok())
        .any(|range| ranges.contains(&range.name.as_str()));
    if !is_asked || lines.is_empty() || takes_sdp {
        return Ok(());
    }
    Err(Screened::new(Status::NOT_ACCEPTABLE, Status::NOT_ACCEPTABLE.phrase()))
}
