//! Session descriptions: what a call is made of, offered and answered. RFC 8866, RFC 3264.
//!
//! 1. [`SessionDescription::parse`] takes any bytes and never panics; limits hold.
//! 2. [`negotiate::answer`] answers an offer line by line: what is not ours is refused with port 0,
//!    so that both sides go on counting the same lines. RFC 3264 §6.
//! 3. The version of a description grows with each change and with nothing else. RFC 3264 §8.
//!
//! Absent: packets, ports being opened, and what a codec sounds like.

pub mod negotiate;

use std::net::IpAddr;

use crate::message::scan::FieldError;

/// A description with three streams, candidates and keys has some 3 kB.
pub const MAX_SDP_BYTES: usize = 16 * 1024;
/// Streams of one call: sound, picture, slides, and then some.
pub const MAX_MEDIA: usize = 16;
/// Payload types of one stream; there are 128.
const MAX_FORMATS: usize = 64;
/// Attribute lines of one stream. A browser sends some forty.
const MAX_ATTRIBUTES: usize = 256;

/// A whole description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDescription {
    /// `o=`: session and version, as numbers that are only compared.
    pub session_id: u64,
    /// Grows with each change.
    pub version: u64,
    /// `c=` of the whole; a name is `None`, like nothing.
    pub connection: Option<IpAddr>,
    /// The direction of streams that do not say.
    pub direction: Direction,
    /// The streams in order.
    pub media: Vec<Media>,
}

/// One stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, `image`.
    pub kind: String,
    /// Where it is received; 0: refused or ended.
    pub port: u16,
    /// `RTP/AVP`, `udptl`, …
    pub protocol: String,
    /// Payload types, or `t38`; most wanted first.
    pub formats: Vec<String>,
    /// `c=` of this stream.
    pub connection: Option<IpAddr>,
    /// Which way it flows, as its sender sees it.
    pub direction: Option<Direction>,
    /// Other attributes in order: `rtpmap:0 PCMU/8000`.
    pub attributes: Vec<String>,
}

/// Which way a stream flows, as the one sees it who says so. RFC 3264 §5.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendReceive,
    /// Away only: the other side is on hold.
    SendOnly,
    /// To here only: one is on hold oneself.
    ReceiveOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    const ALL: [Self; 4] = [Self::SendReceive, Self::SendOnly, Self::ReceiveOnly, Self::Inactive];

    /// As an attribute.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendReceive => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::ReceiveOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The same as the other side sees it.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::SendOnly => Self::ReceiveOnly,
            Self::ReceiveOnly => Self::SendOnly,
            Self::SendReceive | Self::Inactive => self,
        }
    }

    /// Whether who says so sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendReceive | Self::SendOnly)
    }

    /// Whether who says so listens.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendReceive | Self::ReceiveOnly)
    }

    /// What remains when both must agree.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        let sends = self.sends() && other.sends();
        match (sends, self.receives() && other.receives()) {
            (true, true) => Self::SendReceive,
            (true, false) => Self::SendOnly,
            (false, true) => Self::ReceiveOnly,
            (false, false) => Self::Inactive,
        }
    }
}

impl SessionDescription {
    /// Reads a body. Lines of which nothing is known are left out.
    pub fn parse(body: &[u8]) -> Result<Self, FieldError> {
        if body.len() > MAX_SDP_BYTES {
            return Err(FieldError("the session description is too large"));
        }
        let text = String::from_utf8_lossy(body);
        let mut lines = text.lines().map(|line| line.trim_end_matches('\r'));
        if lines.next() != Some("v=0") {
            return Err(FieldError("a session description begins with v=0"));
        }
        let mut read = Self {
            session_id: 0,
            version: 0,
            connection: None,
            direction: Direction::default(),
            media: Vec::new(),
        };
        let mut has_origin = false;
        for line in lines.filter(|line| !line.is_empty()) {
            let (kind, value) = line.split_once('=').ok_or(FieldError("a line has no ="))?;
            match kind {
                "o" => {
                    (read.session_id, read.version) = origin(value)?;
                    has_origin = true;
                }
                "c" => match read.media.last_mut() {
                    Some(media) => media.connection = connection(value)?,
                    None => read.connection = connection(value)?,
                },
                "m" if read.media.len() == MAX_MEDIA => {
                    return Err(FieldError("too many streams"));
                }
                "m" => read.media.push(Media::parse(value)?),
                "a" => read.attribute(value)?,
                _ => {}
            }
        }
        if has_origin { Ok(read) } else { Err(FieldError("a session description has an o= line")) }
    }

    fn attribute(&mut self, value: &str) -> Result<(), FieldError> {
        let direction = Direction::ALL.into_iter().find(|known| known.as_str() == value);
        match (self.media.last_mut(), direction) {
            (Some(media), Some(direction)) => media.direction = Some(direction),
            (None, Some(direction)) => self.direction = direction,
            (Some(media), None) if media.attributes.len() < MAX_ATTRIBUTES => {
                media.attributes.push(value.to_owned());
            }
            (Some(_), None) => return Err(FieldError("too many attributes")),
            (None, None) => {}
        }
        Ok(())
    }

    /// Where a stream is received; `None` when that is a name or nothing.
    pub fn address_of(&self, media: &Media) -> Option<IpAddr> {
        media.connection.or(self.connection)
    }

    /// Which way a stream flows, as its sender sees it. The address 0.0.0.0 is how hold was said
    /// before directions were. RFC 3264 §8.4.
    pub fn direction_of(&self, media: &Media) -> Direction {
        let direction = media.direction.unwrap_or(self.direction);
        match self.address_of(media) {
            Some(address) if address.is_unspecified() => direction.and(Direction::SendOnly),
            Some(_) | None => direction,
        }
    }
}

/// `- 20518 0 IN IP4 203.0.113.1`. Some send numbers beyond 64 bits: what is compared is then their
/// end. RFC 8866 §5.2.
fn origin(value: &str) -> Result<(u64, u64), FieldError> {
    let mut words = value.split_ascii_whitespace();
    let number = |word: Option<&str>| {
        let digits = word.filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()))?;
        let end = &digits[digits.len().saturating_sub(19)..];
        end.parse().ok()
    };
    let _name = words.next();
    let wrong = FieldError("the o= line names no session and version");
    Ok((number(words.next()).ok_or(wrong)?, number(words.next()).ok_or(wrong)?))
}

/// `IN IP4 203.0.113.1/127`; a name is `None`.
fn connection(value: &str) -> Result<Option<IpAddr>, FieldError> {
    let mut words = value.split_ascii_whitespace();
    let (Some("IN"), Some("IP4" | "IP6"), Some(address)) =
        (words.next(), words.next(), words.next())
    else {
        return Err(FieldError("the c= line is not IN, IP4 or IP6, and an address"));
    };
    let address = address.split('/').next().unwrap_or_default();
    Ok(address.parse().ok())
}

impl Media {
    fn parse(value: &str) -> Result<Self, FieldError> {
        let mut words = value.split_ascii_whitespace();
        let (Some(kind), Some(port), Some(protocol)) = (words.next(), words.next(), words.next())
        else {
            return Err(FieldError("an m= line has a kind, a port and a protocol"));
        };
        let port = port.split('/').next().unwrap_or_default();
        let port = port.parse().map_err(|_| FieldError("the port of a stream is no number"))?;
        let formats: Vec<String> = words.map(str::to_owned).collect();
        if formats.is_empty() || formats.len() > MAX_FORMATS {
            return Err(FieldError("a stream has 1 to 64 formats"));
        }
        Ok(Self {
            kind: kind.to_ascii_lowercase(),
            port,
            protocol: protocol.to_owned(),
            formats,
            connection: None,
            direction: None,
            attributes: Vec::new(),
        })
    }

    /// Values of attributes of this name: those of `rtpmap` for `rtpmap:0 PCMU/8000`.
    pub fn attribute_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.attributes.iter().filter_map(|attribute| attribute.split_once(':'));
        named.filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Whether it is fax over IP, which is answered by somebody else. ITU-T T.38 annex D.
    pub fn is_t38(&self) -> bool {
        self.kind == "image" && self.formats.iter().any(|one| one.eq_ignore_ascii_case("t38"))
    }
}

impl std::fmt::Display for SessionDescription {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let address = |address: &IpAddr| {
            let family = if address.is_ipv4() { "IP4" } else { "IP6" };
            format!("IN {family} {address}")
        };
        let fallback = IpAddr::from([0, 0, 0, 0]);
        let own = address(self.connection.as_ref().unwrap_or(&fallback));
        write!(formatter, "v=0\r\no=- {} {} {own}\r\ns=-\r\n", self.session_id, self.version)?;
        if self.connection.is_some() {
            write!(formatter, "c={own}\r\n")?;
        }
        formatter.write_str("t=0 0\r\n")?;
        if self.direction != Direction::default() {
            write!(formatter, "a={}\r\n", self.direction.as_str())?;
        }
        for media in &self.media {
            let formats = media.formats.join(" ");
            write!(formatter, "m={} {} {} {formats}\r\n", media.kind, media.port, media.protocol)?;
            if let Some(connection) = &media.connection {
                write!(formatter, "c={}\r\n", address(connection))?;
            }
            for attribute in &media.attributes {
                write!(formatter, "a={attribute}\r\n")?;
            }
            if let Some(direction) = media.direction {
                write!(formatter, "a={}\r\n", direction.as_str())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PHONE: &str = "v=0\r\no=- 8 2 IN IP4 192.0.2.9\r\ns=call\r\nc=IN IP4 192.0.2.9\r\n\
        t=0 0\r\na=sendonly\r\nm=audio 4000 RTP/AVP 8 0 101\r\n\
        a=rtpmap:101 telephone-event/8000\r\n\
        m=image 4002 udptl t38\r\nc=IN IP6 2001:db8::1\r\na=inactive\r\n";

    #[test]
    fn a_description_is_read_and_written_again() {
        let read = SessionDescription::parse(PHONE.as_bytes()).expect("a description");
        assert_eq!((read.session_id, read.version, read.media.len()), (8, 2, 2));
        let (audio, image) = (&read.media[0], &read.media[1]);
        assert_eq!(read.direction_of(audio), Direction::SendOnly);
        assert_eq!(read.direction_of(image), Direction::Inactive);
        assert_eq!(read.address_of(image), "2001:db8::1".parse().ok());
        assert!(image.is_t38() && !audio.is_t38());
        assert_eq!(audio.attribute_values("rtpmap").next(), Some("101 telephone-event/8000"));
        let again = SessionDescription::parse(read.to_string().as_bytes()).expect("the same");
        assert_eq!(again, read);
    }

    #[test]
    fn the_address_of_nobody_means_hold() {
        let held = PHONE.replace("IN IP4 192.0.2.9\r\nt=", "IN IP4 0.0.0.0\r\nt=");
        let held = held.replace("a=sendonly\r\n", "");
        let read = SessionDescription::parse(held.as_bytes()).expect("a description");
        assert_eq!(read.direction_of(&read.media[0]), Direction::SendOnly);
    }

    #[test]
    fn what_is_no_description_is_refused() {
        for text in [
            "",
            "v=1\r\n",
            "v=0\r\n",
            "v=0\r\no=- x 1 IN IP4 h\r\n",
            "v=0\r\no=- 1 1 x\r\nm=audio\r\n",
            "v=0\r\no=- 1 1 x\r\nm=audio 70000 RTP/AVP 0\r\n",
            "v=0\r\no=- 1 1 x\r\nc=IN IP5 1\r\n",
            "v=0\r\no=- 1 1 x\r\nnothing\r\n",
            "v=0\r\no=- 1 1 x\r\nm=audio 1 RTP/AVP\r\n",
        ] {
            assert!(SessionDescription::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn limits_hold() {
        let with = |media: usize| {
            format!("v=0\r\no=- 1 1 x\r\n{}", "m=audio 1 RTP/AVP 0\r\n".repeat(media))
        };
        assert!(SessionDescription::parse(with(MAX_MEDIA).as_bytes()).is_ok());
        assert!(SessionDescription::parse(with(MAX_MEDIA + 1).as_bytes()).is_err());
        let attributes = |count: usize| format!("{}{}", with(1), "a=x:y\r\n".repeat(count));
        assert!(SessionDescription::parse(attributes(MAX_ATTRIBUTES).as_bytes()).is_ok());
        assert!(SessionDescription::parse(attributes(MAX_ATTRIBUTES + 1).as_bytes()).is_err());
        let large = format!("v=0\r\n{}", "x".repeat(MAX_SDP_BYTES));
        assert!(SessionDescription::parse(large.as_bytes()).is_err());
    }

    #[test]
    fn directions_agree_and_mirror() {
        use Direction::{Inactive, ReceiveOnly, SendOnly, SendReceive};
        for (one, another, both) in [
            (SendReceive, SendOnly, SendOnly),
            (SendOnly, ReceiveOnly, Inactive),
            (ReceiveOnly, SendReceive, ReceiveOnly),
            (Inactive, SendReceive, Inactive),
        ] {
            assert_eq!((one.and(another), another.and(one)), (both, both));
            assert_eq!(both.mirrored().mirrored(), both);
        }
    }

    proptest! {
        #[test]
        fn any_lines_are_read_without_panic(
            text in "(v=0\r\n)?(o=- 1 1 x\r\n)?([a-z]=[ -~]{0,20}\r?\n){0,12}",
        ) {
            if let Ok(read) = SessionDescription::parse(text.as_bytes()) {
                let again = SessionDescription::parse(read.to_string().as_bytes());
                prop_assert_eq!(again.map(|again| again.media.len()), Ok(read.media.len()));
            }
        }
    }
}
