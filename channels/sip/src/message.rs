//! SIP messages as values, and the codec between them and bytes. RFC 3261 §7, §25.
//!
//! 1. [`parse::parse`] takes any bytes and never panics; what it refuses says with which status.
//! 2. A header keeps its raw bytes: they need not be UTF-8, and what is copied from a request into
//!    its response is the same to the byte. Folded lines are joined, compact names are spelt out.
//! 3. Typed values ([`Uri`], [`NameAddr`], [`Via`], …) are made from a header when somebody asks;
//!    [`essentials`] asks for those without which no message can be worked with.
//! 4. Writing what was parsed gives a message that parses to the same value.
//!
//! Absent: sockets, time, and any knowledge of transactions.

pub mod address;
pub mod authorization;
pub mod essentials;
pub mod fields;
pub mod framing;
pub mod header;
pub mod host;
pub mod multipart;
pub mod parameters;
pub mod parse;
pub(crate) mod scan;
pub mod screening;
pub mod uri;
pub mod via;
pub mod write;

use bytes::Bytes;
use serde::Serialize;

pub use self::address::NameAddr;
pub use self::header::{HeaderName, Headers};
pub use self::host::{Host, HostPort};
pub use self::parameters::Parameters;
pub use self::scan::FieldError;
pub use self::uri::{SipUri, TelUri, Uri};
pub use self::via::Via;

/// A whole message may have so many bytes: what a UDP datagram can carry. RFC 3261 §18.1.1.
pub const MAX_MESSAGE_BYTES: usize = 65_535;
/// The start line and all headers together; a call with a long route fills a tenth of it.
pub const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Header lines in one message.
pub const MAX_HEADERS: usize = 256;
/// One header value, unfolded. Certificates in `Identity` are the longest seen, with some 2 kB.
pub const MAX_VALUE_BYTES: usize = 8 * 1024;
/// One URI; longer ones are answered 414.
pub const MAX_URI_BYTES: usize = 2 * 1024;
/// A method is a short word; longer ones are nobody's.
pub const MAX_METHOD_BYTES: usize = 64;

/// What a request asks for. RFC 3261 §7.1 and the extensions in use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Begins or changes a call.
    Invite,
    /// Confirms the final answer to an INVITE.
    Ack,
    /// Ends a call.
    Bye,
    /// Withdraws an INVITE.
    Cancel,
    /// Asks what the other side can do, or whether it is there.
    Options,
    /// Tells where a phone can be reached.
    Register,
    /// Confirms a provisional answer. RFC 3262.
    Prack,
    /// Changes a session before or after it is answered. RFC 3311.
    Update,
    /// Carries information within a call, such as a key press. RFC 6086.
    Info,
    /// Asks to call somebody else. RFC 3515.
    Refer,
    /// Tells of an event. RFC 6665.
    Notify,
    /// Asks to be told of events. RFC 6665.
    Subscribe,
    /// A text. RFC 3428.
    Message,
    /// Publishes a state. RFC 3903.
    Publish,
    /// Any other token.
    Other(String),
}

impl Method {
    /// Those that have a name here.
    const KNOWN: [Self; 14] = [
        Self::Invite,
        Self::Ack,
        Self::Bye,
        Self::Cancel,
        Self::Options,
        Self::Register,
        Self::Prack,
        Self::Update,
        Self::Info,
        Self::Refer,
        Self::Notify,
        Self::Subscribe,
        Self::Message,
        Self::Publish,
    ];

    /// Takes a token; methods are case-sensitive. RFC 3261 §7.1.
    pub fn parse(token: &str) -> Result<Self, FieldError> {
        if token.len() > MAX_METHOD_BYTES || !scan::is_token(token) {
            return Err(FieldError("the method is not a token"));
        }
        let known = Self::KNOWN.into_iter().find(|method| method.as_str() == token);
        Ok(known.unwrap_or_else(|| Self::Other(token.to_owned())))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Options => "OPTIONS",
            Self::Register => "REGISTER",
            Self::Prack => "PRACK",
            Self::Update => "UPDATE",
            Self::Info => "INFO",
            Self::Refer => "REFER",
            Self::Notify => "NOTIFY",
            Self::Subscribe => "SUBSCRIBE",
            Self::Message => "MESSAGE",
            Self::Publish => "PUBLISH",
            Self::Other(token) => token,
        }
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Method {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A status, 100 to 699. RFC 3261 §7.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Status(u16);

impl Status {
    /// RFC 3261 §21.1.1.
    pub const TRYING: Self = Self(100);
    /// RFC 3261 §21.1.2.
    pub const RINGING: Self = Self(180);
    /// RFC 3261 §21.2.1.
    pub const OK: Self = Self(200);
    /// RFC 3261 §21.4.1.
    pub const BAD_REQUEST: Self = Self(400);
    /// RFC 3261 §21.4.2.
    pub const UNAUTHORIZED: Self = Self(401);
    /// RFC 3261 §21.4.4.
    pub const FORBIDDEN: Self = Self(403);
    /// RFC 3261 §21.4.5.
    pub const NOT_FOUND: Self = Self(404);
    /// RFC 3261 §21.4.6.
    pub const METHOD_NOT_ALLOWED: Self = Self(405);
    /// RFC 3261 §21.4.7.
    pub const NOT_ACCEPTABLE: Self = Self(406);
    /// RFC 3261 §21.4.9.
    pub const REQUEST_TIMEOUT: Self = Self(408);
    /// RFC 3261 §21.4.12.
    pub const URI_TOO_LONG: Self = Self(414);
    /// RFC 3261 §21.4.13.
    pub const UNSUPPORTED_MEDIA_TYPE: Self = Self(415);
    /// RFC 3261 §21.4.14.
    pub const UNSUPPORTED_URI_SCHEME: Self = Self(416);
    /// RFC 3261 §21.4.15.
    pub const BAD_EXTENSION: Self = Self(420);
    /// RFC 4028 §6.
    pub const INTERVAL_TOO_SMALL: Self = Self(422);
    /// RFC 3261 §21.4.17.
    pub const INTERVAL_TOO_BRIEF: Self = Self(423);
    /// RFC 3261 §21.4.18.
    pub const TEMPORARILY_UNAVAILABLE: Self = Self(480);
    /// RFC 3261 §21.4.19.
    pub const NO_SUCH_CALL: Self = Self(481);
    /// RFC 3261 §21.4.24.
    pub const BUSY_HERE: Self = Self(486);
    /// RFC 3261 §21.4.25.
    pub const REQUEST_TERMINATED: Self = Self(487);
    /// RFC 3261 §21.4.26.
    pub const NOT_ACCEPTABLE_HERE: Self = Self(488);
    /// RFC 3261 §21.4.27.
    pub const REQUEST_PENDING: Self = Self(491);
    /// RFC 3261 §21.5.1.
    pub const SERVER_ERROR: Self = Self(500);
    /// RFC 3261 §21.5.2.
    pub const NOT_IMPLEMENTED: Self = Self(501);
    /// RFC 3261 §21.5.4.
    pub const SERVICE_UNAVAILABLE: Self = Self(503);
    /// RFC 3261 §21.5.6.
    pub const VERSION_NOT_SUPPORTED: Self = Self(505);
    /// RFC 3261 §21.5.7.
    pub const MESSAGE_TOO_LARGE: Self = Self(513);
    /// RFC 3261 §21.6.2.
    pub const DECLINE: Self = Self(603);

    /// `None` outside of 100 to 699.
    pub fn new(code: u16) -> Option<Self> {
        (100..700).contains(&code).then_some(Self(code))
    }

    /// The number.
    pub const fn code(self) -> u16 {
        self.0
    }

    /// 1xx: not the last answer.
    pub const fn is_provisional(self) -> bool {
        self.0 < 200
    }

    /// 2xx.
    pub const fn is_success(self) -> bool {
        self.0 >= 200 && self.0 < 300
    }

    /// The usual phrase; empty for a status without one here.
    pub const fn phrase(self) -> &'static str {
        match self.0 {
            100 => "Trying",
            180 => "Ringing",
            181 => "Call Is Being Forwarded",
            182 => "Queued",
            183 => "Session Progress",
            200 => "OK",
            202 => "Accepted",
            302 => "Moved Temporarily",
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            406 => "Not Acceptable",
            407 => "Proxy Authentication Required",
            408 => "Request Timeout",
            413 => "Request Entity Too Large",
            414 => "Request-URI Too Long",
            415 => "Unsupported Media Type",
            416 => "Unsupported URI Scheme",
            420 => "Bad Extension",
            422 => "Session Interval Too Small",
            423 => "Interval Too Brief",
            480 => "Temporarily Unavailable",
            481 => "Call/Transaction Does Not Exist",
            482 => "Loop Detected",
            483 => "Too Many Hops",
            486 => "Busy Here",
            487 => "Request Terminated",
            488 => "Not Acceptable Here",
            489 => "Bad Event",
            491 => "Request Pending",
            500 => "Server Internal Error",
            501 => "Not Implemented",
            503 => "Service Unavailable",
            504 => "Server Time-out",
            505 => "Version Not Supported",
            513 => "Message Too Large",
            600 => "Busy Everywhere",
            603 => "Decline",
            _ => "",
        }
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// Of whom.
    pub uri: Uri,
    /// All headers in order, without `Content-Length`.
    pub headers: Headers,
    /// The body, any bytes.
    pub body: Bytes,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its number.
    pub status: Status,
    /// Its phrase as it came, any bytes.
    pub reason: Bytes,
    /// All headers in order, without `Content-Length`.
    pub headers: Headers,
    /// The body, any bytes.
    pub body: Bytes,
}

impl Response {
    /// An answer to a request: `Via`, `From`, `To`, `Call-ID`, `CSeq` copied byte for byte
    /// (RFC 3261 §8.2.6.2), and `Record-Route`, which only an answer that makes a dialog needs and
    /// no other is harmed by. The tag of `To` is the caller's business.
    pub fn to(request: &Request, status: Status) -> Self {
        let copied = [
            HeaderName::Via,
            HeaderName::From,
            HeaderName::To,
            HeaderName::CallId,
            HeaderName::CSeq,
            HeaderName::RecordRoute,
        ];
        let mut headers = Headers::default();
        for (name, value) in request.headers.iter().filter(|(name, _)| copied.contains(name)) {
            headers.push(name.clone(), value.clone());
        }
        let reason = Bytes::from_static(status.phrase().as_bytes());
        Self { status, reason, headers, body: Bytes::new() }
    }
}

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Asks.
    Request(Request),
    /// Answers.
    Response(Response),
}

impl Message {
    /// The headers of either.
    pub const fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }

    /// The body of either.
    pub const fn body(&self) -> &Bytes {
        match self {
            Self::Request(request) => &request.body,
            Self::Response(response) => &response.body,
        }
    }
}

#[cfg(test)]
mod tests;
