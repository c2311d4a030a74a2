//! Hosts and ports. RFC 3261 §25.1, with IPv6 references as in RFC 5954.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::scan::FieldError;

/// Longest host name. RFC 1035 §2.3.4.
const MAX_NAME_BYTES: usize = 253;

/// A host by name or address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A name, lower case.
    Name(String),
    /// An address; IPv6 is written in brackets.
    Address(IpAddr),
}

impl Host {
    /// Takes `example.com`, `192.0.2.1` or `[2001:db8::1]`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(FieldError("an IPv6 bracket is open"))?;
            // A zone says something on one machine only, and that is not ours.
            // The grammar of RFC 3261 lets people write `:::`. RFC 5118 §4.10.
            let repaired = inner.replacen(":::", "::", 1);
            let address: Ipv6Addr =
                repaired.parse().map_err(|_| FieldError("the brackets hold no IPv6 address"))?;
            return Ok(Self::Address(address.into()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        let is_name_byte =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if text.is_empty() || text.len() > MAX_NAME_BYTES || !text.bytes().all(is_name_byte) {
            return Err(FieldError("the host is neither a name nor an address"));
        }
        // `example.com.` is the same host. RFC 3261 §19.1.4 does not speak of it, DNS does.
        Ok(Self::Name(text.trim_end_matches('.').to_ascii_lowercase()))
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(formatter, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
        }
    }
}

impl Serialize for Host {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A host with the port that was written, if any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct HostPort {
    /// The host.
    pub host: Host,
    /// The port; `None` means that of the transport.
    pub port: Option<u16>,
}

impl HostPort {
    /// Takes `example.com:5061`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let colon = match text.rfind(']') {
            Some(bracket) => text[bracket..].find(':').map(|place| bracket + place),
            None => text.find(':'),
        };
        let Some(colon) = colon else {
            return Ok(Self { host: Host::parse(text)?, port: None });
        };
        // White space round the colon is allowed in `Via`.
        let (host, port) = (text[..colon].trim_end(), text[colon + 1..].trim_start());
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let number = port.parse().ok().filter(|number| is_number && *number != 0);
        let port = number.ok_or(FieldError("the port is not a number from 1 to 65535"))?;
        Ok(Self { host: Host::parse(host)?, port: Some(port) })
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_both_families_of_addresses_are_read_and_written() {
        for (text, written) in [
            ("Example.COM:5060", "example.com:5060"),
            ("example.com.", "example.com"),
            ("192.0.2.1", "192.0.2.1"),
            ("[2001:DB8::0:1]:5061", "[2001:db8::1]:5061"),
            ("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"),
            ("[2001:db8:::192.0.2.1]", "[2001:db8::c000:201]"),
        ] {
            assert_eq!(HostPort::parse(text).expect(text).to_string(), written);
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            ":5060",
            "a b",
            "2001:db8::1",
            "[::1",
            "[x]",
            "[::1]x",
            "a:",
            "a:0",
            "a:65536",
            "a:+1",
            "a:1:2",
            "a/b",
        ] {
            assert!(HostPort::parse(text).is_err(), "{text:?}");
        }
        assert!(Host::parse(&"a".repeat(MAX_NAME_BYTES)).is_ok());
        assert!(Host::parse(&"a".repeat(MAX_NAME_BYTES + 1)).is_err());
    }
}
