//! URIs: `sip:`, `sips:`, `tel:`, and any other as it was written. RFC 3261 §19.1, RFC 3966 §3.

use serde::Serialize;

use super::MAX_URI_BYTES;
use super::host::{Host, HostPort};
use super::parameters::Parameters;
use super::scan::{self, FieldError};

/// A URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uri {
    /// `sip:` or `sips:`.
    Sip(Box<SipUri>),
    /// `tel:`.
    Tel(TelUri),
    /// Another scheme, such as `urn:service:sos`, as it was written.
    Other(String),
}

/// `sip:olena@example.com:5060;transport=tcp`. RFC 3261 §19.1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipUri {
    /// `sips:`.
    pub is_secure: bool,
    /// What stands before the `@`, without the password, still escaped.
    pub user: Option<String>,
    /// The password, never to be used; kept to be recognised. RFC 3261 §19.1.1.
    pub password: Option<String>,
    /// Where.
    pub place: HostPort,
    /// What stands behind semicolons.
    pub parameters: Parameters,
    /// What stands behind the question mark, still escaped.
    pub headers: Option<String>,
}

/// `tel:+380441234567`. RFC 3966 §3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelUri {
    /// The number as written: digits, visual separators, a leading `+`.
    pub number: String,
    /// `phone-context`, `isub`, …
    pub parameters: Parameters,
}

impl Uri {
    /// Takes a URI without brackets round it.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        if text.len() > MAX_URI_BYTES {
            return Err(FieldError("the URI is too long"));
        }
        if text
            .contains(|character: char| character.is_ascii_control() || " <>\"".contains(character))
        {
            return Err(FieldError("a URI has no spaces, quotes or brackets"));
        }
        let (scheme, rest) = text.split_once(':').ok_or(FieldError("a URI has no scheme"))?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        if !is_scheme {
            return Err(FieldError("a URI has no scheme"));
        }
        if scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips") {
            let is_secure = scheme.len() == "sips".len();
            return SipUri::parse(rest, is_secure).map(Box::new).map(Self::Sip);
        }
        if scheme.eq_ignore_ascii_case("tel") {
            return TelUri::parse(rest).map(Self::Tel);
        }
        Ok(Self::Other(text.to_owned()))
    }

    /// The SIP URI, when it is one.
    pub fn as_sip(&self) -> Option<&SipUri> {
        match self {
            Self::Sip(uri) => Some(uri),
            Self::Tel(_) | Self::Other(_) => None,
        }
    }

    /// Who is meant: the user of a SIP URI without escapes, the number of a `tel:` URI.
    pub fn user(&self) -> Option<String> {
        match self {
            Self::Sip(uri) => uri.user.as_deref().map(unescape),
            Self::Tel(uri) => Some(uri.number.clone()),
            Self::Other(_) => None,
        }
    }
}

impl SipUri {
    /// A URI of a user at a place.
    pub fn new(user: Option<&str>, place: HostPort) -> Self {
        Self {
            is_secure: false,
            user: user.map(escape_user),
            password: None,
            place,
            parameters: Parameters::default(),
            headers: None,
        }
    }

    fn parse(rest: &str, is_secure: bool) -> Result<Self, FieldError> {
        // The user may hold `;`, `?` and `/`; nothing that follows him may hold an `@`.
        let (user, rest) = match rest.split_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, Some(headers.to_owned())),
            None => (rest, None),
        };
        let (place, parameters) = match rest.split_once(';') {
            Some((place, parameters)) => (place, Parameters::parse(parameters)?),
            None => (rest, Parameters::default()),
        };
        let (user, password) = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
            None => (None, None),
            Some(("", _)) => return Err(FieldError("nothing stands before the @ of a URI")),
            Some((user, password)) => {
                let has_password = !password.is_empty();
                (Some(checked(user)?), if has_password { Some(checked(password)?) } else { None })
            }
        };
        Ok(Self { is_secure, user, password, place: HostPort::parse(place)?, parameters, headers })
    }

    /// Whether both name the same resource. RFC 3261 §19.1.4.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        let decoded = |text: &Option<String>| text.as_deref().map(unescape);
        // These mean something even when only one of the two has them.
        let weighty = ["user", "ttl", "method", "maddr", "transport"];
        let agree = |name: &str| match (self.parameters.get(name), other.parameters.get(name)) {
            (Some(one), Some(another)) => one.eq_ignore_ascii_case(another),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => !weighty.contains(&name),
        };
        self.is_secure == other.is_secure
            && decoded(&self.user) == decoded(&other.user)
            && decoded(&self.password) == decoded(&other.password)
            && self.place == other.place
            && weighty.iter().all(|name| agree(name))
            && self.parameters.iter().all(|(name, _)| agree(&name.to_ascii_lowercase()))
            && self.headers == other.headers
    }
}

impl TelUri {
    fn parse(rest: &str) -> Result<Self, FieldError> {
        let (number, parameters) = match rest.split_once(';') {
            Some((number, parameters)) => (number, Parameters::parse(parameters)?),
            None => (rest, Parameters::default()),
        };
        let is_dialled = |c: char| c.is_ascii_hexdigit() || "+-.()*#".contains(c);
        if !number.contains(|c: char| c.is_ascii_hexdigit() || c == '*' || c == '#')
            || !number.chars().all(is_dialled)
        {
            return Err(FieldError("a tel: URI has no number"));
        }
        Ok(Self { number: number.to_owned(), parameters })
    }
}

/// Refuses characters that a user or password cannot have, and escapes that are none.
fn checked(text: &str) -> Result<String, FieldError> {
    let bytes = text.as_bytes();
    for (place, byte) in bytes.iter().enumerate() {
        let is_hex = |ahead: usize| bytes.get(place + ahead).is_some_and(u8::is_ascii_hexdigit);
        if *byte == b'%' && !(is_hex(1) && is_hex(2)) {
            return Err(FieldError("a percent sign in a URI is followed by two digits"));
        }
        if !byte.is_ascii() || matches!(byte, b'[' | b']' | b'\\' | b'^' | b'{' | b'}' | b'|') {
            return Err(FieldError("a URI holds a character that must be escaped"));
        }
    }
    Ok(text.to_owned())
}

/// `%41` becomes `A`; what is not UTF-8 then becomes U+FFFD.
pub fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        let digits = bytes.get(place + 1..place + 3).and_then(|two| std::str::from_utf8(two).ok());
        let decoded =
            digits.filter(|_| byte == b'%').and_then(|two| u8::from_str_radix(two, 16).ok());
        out.push(decoded.unwrap_or(byte));
        place += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Escapes everything that a user part may not hold as it is. RFC 3261 §25.1, `user`.
fn escape_user(user: &str) -> String {
    let mut out = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            const DIGITS: [char; 16] =
                ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
            out.push('%');
            out.push(DIGITS[usize::from(byte >> 4)]);
            out.push(DIGITS[usize::from(byte & 15)]);
        }
    }
    out
}

impl std::fmt::Display for Uri {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sip(uri) => write!(formatter, "{uri}"),
            Self::Tel(uri) => {
                let mut parameters = String::new();
                uri.parameters.write(&mut parameters);
                write!(formatter, "tel:{}{parameters}", uri.number)
            }
            Self::Other(text) => formatter.write_str(text),
        }
    }
}

impl std::fmt::Display for SipUri {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::from(if self.is_secure { "sips:" } else { "sip:" });
        if let Some(user) = &self.user {
            out.push_str(user);
            if let Some(password) = &self.password {
                out.push(':');
                out.push_str(password);
            }
            out.push('@');
        }
        out.push_str(&self.place.to_string());
        self.parameters.write(&mut out);
        if let Some(headers) = &self.headers {
            out.push('?');
            out.push_str(headers);
        }
        formatter.write_str(&out)
    }
}

impl From<SipUri> for Uri {
    fn from(uri: SipUri) -> Self {
        Self::Sip(Box::new(uri))
    }
}

/// As text with its parts; a password is never shown.
impl Serialize for Uri {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Sip(uri) => {
                map.serialize_entry("scheme", if uri.is_secure { "sips" } else { "sip" })?;
                map.serialize_entry("user", &self.user())?;
                map.serialize_entry("host", &uri.place.host)?;
                map.serialize_entry("port", &uri.place.port)?;
                map.serialize_entry("parameters", &uri.parameters)?;
                map.serialize_entry("headers", &uri.headers)?;
            }
            Self::Tel(uri) => {
                map.serialize_entry("scheme", "tel")?;
                map.serialize_entry("number", &uri.number)?;
                map.serialize_entry("parameters", &uri.parameters)?;
            }
            Self::Other(text) => {
                let scheme = scan::trim(text).split(':').next().unwrap_or_default();
                map.serialize_entry("scheme", &scheme.to_ascii_lowercase())?;
                map.serialize_entry("text", text)?;
            }
        }
        map.end()
    }
}

/// A URI of an address without a user: `sip:192.0.2.1:5060`.
impl From<std::net::SocketAddr> for HostPort {
    fn from(address: std::net::SocketAddr) -> Self {
        Self { host: Host::Address(address.ip()), port: Some(address.port()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sip(text: &str) -> SipUri {
        Uri::parse(text).expect(text).as_sip().expect("a SIP URI").clone()
    }

    #[test]
    fn uris_are_written_as_they_were_read() {
        for text in [
            "sip:alice@example.com",
            "sips:alice:secret@[2001:db8::10]:5061;transport=tcp?Subject=x",
            "sip:user;par=u%40example.net@example.com",
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
            "tel:+4312",
            "tel:7042;phone-context=example.com",
            "urn:service:sos",
            "sip:192.0.2.1;lr",
        ] {
            assert_eq!(Uri::parse(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for text in [
            "",
            "alice",
            "sip:",
            "sip:@example.com",
            "sip:a@",
            "sip:a b@c",
            "<sip:a@b>",
            "sip:a%4@b",
            "sip:a@b:port",
            "sip:a@[::1",
            "tel:",
            "tel:+",
            "tel:abc xyz",
            ":x",
            "sip:a@b;;lr",
        ] {
            assert!(Uri::parse(text).is_err(), "{text:?}");
        }
        assert!(Uri::parse(&format!("sip:{}@b", "a".repeat(MAX_URI_BYTES))).is_err());
    }

    #[test]
    fn uris_compare_as_the_standard_says() {
        // The examples of RFC 3261 §19.1.4.
        for (one, another) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
        ] {
            assert!(sip(one).is_equivalent(&sip(another)), "{one} {another}");
            assert!(sip(another).is_equivalent(&sip(one)), "{another} {one}");
        }
        for (one, another) in [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a@b", "sips:a@b"),
        ] {
            assert!(!sip(one).is_equivalent(&sip(another)), "{one} {another}");
        }
    }

    #[test]
    fn users_are_escaped_and_unescaped() {
        let place = HostPort::parse("example.com").expect("a place");
        let uri = SipUri::new(Some("оля @x"), place);
        assert_eq!(uri.to_string(), "sip:%D0%BE%D0%BB%D1%8F%20%40x@example.com");
        assert_eq!(Uri::from(uri).user().as_deref(), Some("оля @x"));
        assert_eq!(unescape("100%"), "100%");
    }
}
