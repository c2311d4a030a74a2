//! Names and values of headers. RFC 3261 §7.3.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;

/// One list for the names, how they are written, and their compact form (RFC 3261 §7.3.3).
macro_rules! header_names {
    ($($name:ident $text:literal $($compact:literal)?;)*) => {
        /// A header name; case means nothing.
        #[derive(Clone, Debug, Eq, PartialOrd, Ord)]
        pub enum HeaderName {
            $(#[doc = $text] $name,)*
            /// A name that has no meaning here, as it was written.
            Other(String),
        }

        impl HeaderName {
            const KNOWN: &[(Self, &'static str)] = &[$((Self::$name, $text),)*];

            /// The long form.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(text) => text,
                }
            }

            fn from_compact(letter: u8) -> Option<Self> {
                match letter {
                    $($($compact => Some(Self::$name),)?)*
                    _ => None,
                }
            }
        }
    };
}

header_names! {
    Accept "Accept";
    AcceptContact "Accept-Contact" b'a';
    Alert "Alert-Info";
    Allow "Allow";
    AllowEvents "Allow-Events" b'u';
    Authorization "Authorization";
    AuthenticationInfo "Authentication-Info";
    CallId "Call-ID" b'i';
    Contact "Contact" b'm';
    ContentDisposition "Content-Disposition";
    ContentEncoding "Content-Encoding" b'e';
    ContentLength "Content-Length" b'l';
    ContentType "Content-Type" b'c';
    CSeq "CSeq";
    Date "Date";
    Diversion "Diversion";
    Event "Event" b'o';
    Expires "Expires";
    FlowTimer "Flow-Timer";
    From "From" b'f';
    Identity "Identity" b'y';
    MaxForwards "Max-Forwards";
    MinExpires "Min-Expires";
    MinSe "Min-SE";
    PAssertedIdentity "P-Asserted-Identity";
    Path "Path";
    PPreferredIdentity "P-Preferred-Identity";
    Privacy "Privacy";
    ProxyAuthenticate "Proxy-Authenticate";
    ProxyAuthorization "Proxy-Authorization";
    ProxyRequire "Proxy-Require";
    RAck "RAck";
    Reason "Reason";
    RecordRoute "Record-Route";
    ReferredBy "Referred-By" b'b';
    ReferTo "Refer-To" b'r';
    RemotePartyId "Remote-Party-ID";
    Replaces "Replaces";
    RequestDisposition "Request-Disposition" b'd';
    Require "Require";
    RetryAfter "Retry-After";
    Route "Route";
    RSeq "RSeq";
    Server "Server";
    ServiceRoute "Service-Route";
    SessionExpires "Session-Expires" b'x';
    Subject "Subject" b's';
    SubscriptionState "Subscription-State";
    Supported "Supported" b'k';
    Timestamp "Timestamp";
    To "To" b't';
    Unsupported "Unsupported";
    UserAgent "User-Agent";
    Via "Via" b'v';
    Warning "Warning";
    WwwAuthenticate "WWW-Authenticate";
}

impl HeaderName {
    /// The name that is written so, in any case, short or long. The text is taken to be a token.
    pub fn from_text(text: &str) -> Self {
        if let [letter] = text.as_bytes()
            && let Some(name) = Self::from_compact(letter.to_ascii_lowercase())
        {
            return name;
        }
        let is_it = |(_, known): &&(Self, &str)| known.eq_ignore_ascii_case(text);
        let known = Self::KNOWN.iter().find(is_it);
        known.map_or_else(|| Self::Other(text.to_owned()), |(name, _)| name.clone())
    }

    /// Whether a message may have it once only. RFC 3261 §7.3.1: two of them have no meaning.
    pub const fn is_single(&self) -> bool {
        matches!(
            self,
            Self::CallId
                | Self::CSeq
                | Self::ContentLength
                | Self::ContentType
                | Self::Expires
                | Self::From
                | Self::MaxForwards
                | Self::RAck
                | Self::ReferTo
                | Self::Replaces
                | Self::RSeq
                | Self::SessionExpires
                | Self::To
        )
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        if let (Self::Other(one), Self::Other(another)) = (self, other) {
            return one.eq_ignore_ascii_case(another);
        }
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl Serialize for HeaderName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The headers of a message in order. A value is raw: unfolded, trimmed, not decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(HeaderName, Bytes)>);

impl Headers {
    /// Adds a header at the end.
    pub fn push(&mut self, name: HeaderName, value: impl Into<Bytes>) {
        self.0.push((name, value.into()));
    }

    /// Adds a header before all others: the topmost `Via`.
    pub fn push_front(&mut self, name: HeaderName, value: impl Into<Bytes>) {
        self.0.insert(0, (name, value.into()));
    }

    /// Replaces all of this name by one, in the place of the first.
    pub fn set(&mut self, name: HeaderName, value: impl Into<Bytes>) {
        let place = self.0.iter().position(|(known, _)| *known == name);
        self.remove(&name);
        self.0.insert(place.unwrap_or(self.0.len()), (name, value.into()));
    }

    /// Replaces the value of the first of this name; the others stay. Nothing when there is none.
    pub fn replace_first(&mut self, name: &HeaderName, value: impl Into<Bytes>) {
        if let Some((_, first)) = self.0.iter_mut().find(|(known, _)| known == name) {
            *first = value.into();
        }
    }

    /// Removes all of this name.
    pub fn remove(&mut self, name: &HeaderName) {
        self.0.retain(|(known, _)| known != name);
    }

    /// All in order.
    pub fn iter(&self) -> impl Iterator<Item = &(HeaderName, Bytes)> {
        self.0.iter()
    }

    /// How many lines.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many lines have this name.
    pub fn count(&self, name: &HeaderName) -> usize {
        self.0.iter().filter(|(known, _)| known == name).count()
    }

    /// The raw value of the first of this name.
    pub fn raw(&self, name: &HeaderName) -> Option<&Bytes> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The first of this name as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        self.raw(name).map(|value| String::from_utf8_lossy(value))
    }

    /// Every one of this name as text, in order.
    pub fn texts<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = Cow<'a, str>> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| String::from_utf8_lossy(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_case_and_in_both_lengths() {
        for (text, name) in [
            ("v", HeaderName::Via),
            ("VIA", HeaderName::Via),
            ("cSeQ", HeaderName::CSeq),
            ("x", HeaderName::SessionExpires),
            ("X-Own", HeaderName::Other("x-oWN".to_owned())),
        ] {
            assert_eq!(HeaderName::from_text(text), name, "{text}");
        }
        // Not every letter is a compact form.
        assert_eq!(HeaderName::from_text("z").as_str(), "z");
    }

    #[test]
    fn setting_keeps_the_place() {
        let mut headers = Headers::default();
        for (name, value) in [("Via", "1"), ("To", "2"), ("Via", "3"), ("From", "4")] {
            headers.push(HeaderName::from_text(name), value);
        }
        headers.set(HeaderName::Via, "5");
        let values: Vec<_> = headers.iter().map(|(_, value)| value.clone()).collect();
        assert_eq!(values, ["5", "2", "4"]);
        headers.set(HeaderName::Contact, "6");
        assert_eq!(headers.len(), 4);
        assert_eq!(headers.text(&HeaderName::Contact).as_deref(), Some("6"));
    }
}
