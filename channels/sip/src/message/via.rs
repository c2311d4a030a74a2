//! `Via`: the way that answers take. RFC 3261 §20.42, §18.2.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::host::{Host, HostPort};
use super::parameters::Parameters;
use super::scan::{self, FieldError};

/// What a branch made by RFC 3261 begins with. RFC 3261 §8.1.1.7.
pub const BRANCH_COOKIE: &str = "z9hG4bK";

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Via {
    /// `UDP`, `TCP`, `TLS`, `WS`, … in capitals.
    pub transport: String,
    /// Who sent it, as he says himself.
    pub sent_by: HostPort,
    /// `branch`, `received`, `rport`.
    pub parameters: Parameters,
}

impl Via {
    /// A hop of ours. Always asks for a symmetric answer. RFC 3581 §3.
    pub fn new(transport: &str, sent_by: HostPort, branch: &str) -> Self {
        let mut parameters = Parameters::default();
        parameters.set("branch", Some(branch));
        parameters.set("rport", None);
        Self { transport: transport.to_owned(), sent_by, parameters }
    }

    /// Takes one hop.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let (head, rest) = scan::cut(text, b';')?;
        let mut parts = head.splitn(3, '/').map(scan::trim);
        let (Some(name), Some(version), Some(rest_of_head)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(FieldError("Via does not begin with SIP/2.0/TRANSPORT"));
        };
        if !name.eq_ignore_ascii_case("SIP") || version != "2.0" {
            return Err(FieldError("Via is of another protocol"));
        }
        let (transport, sent_by) = rest_of_head
            .split_once([' ', '\t', '\r', '\n'])
            .ok_or(FieldError("Via names no sender"))?;
        if !scan::is_token(transport) {
            return Err(FieldError("Via names no transport"));
        }
        Ok(Self {
            transport: transport.to_ascii_uppercase(),
            sent_by: HostPort::parse(scan::trim(sent_by))?,
            parameters: Parameters::parse_rest(rest)?,
        })
    }

    /// Takes a comma list.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, FieldError> {
        scan::list(text)?.into_iter().map(Self::parse).collect()
    }

    /// The branch, when it was made as RFC 3261 says; one of RFC 2543 says nothing.
    pub fn branch(&self) -> Option<&str> {
        let branch = self.parameters.get("branch")?;
        let has_cookie = branch
            .get(..BRANCH_COOKIE.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(BRANCH_COOKIE));
        (has_cookie && branch.len() > BRANCH_COOKIE.len()).then_some(branch)
    }

    /// Notes where the request really came from. RFC 3261 §18.2.1, RFC 3581 §4.
    pub fn note_source(&mut self, source: SocketAddr) {
        // What the sender wrote there himself counts for nothing.
        self.parameters.remove("received");
        let is_asked = self.parameters.has("rport");
        if is_asked {
            self.parameters.set("rport", Some(&source.port().to_string()));
        }
        if is_asked || self.sent_by.host != Host::Address(source.ip()) {
            self.parameters.set("received", Some(&source.ip().to_string()));
        }
    }

    /// Where an answer goes when there is no connection to send it over; `None` when that is a
    /// name. RFC 3261 §18.2.2, RFC 3581 §4.
    pub fn answer_address(&self, default_port: u16) -> Option<SocketAddr> {
        let port = self.parameters.get("rport").and_then(|port| port.parse().ok());
        let port = port.or(self.sent_by.port).unwrap_or(default_port);
        let received = self.parameters.get("received");
        let bare = received.map(|text| text.trim_start_matches('[').trim_end_matches(']'));
        if let Some(address) = bare.and_then(|text| text.parse::<IpAddr>().ok()) {
            return Some(SocketAddr::new(address, port));
        }
        match self.sent_by.host {
            Host::Address(address) => Some(SocketAddr::new(address, port)),
            Host::Name(_) => None,
        }
    }
}

impl std::fmt::Display for Via {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parameters = String::new();
        self.parameters.write(&mut parameters);
        write!(formatter, "SIP/2.0/{} {}{parameters}", self.transport, self.sent_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_read_with_spaces_everywhere() {
        let via = Via::parse("SIP  / 2.0\t/ UDP  [2001:db8::9] : 5061 ; branch = z9hG4bKx ;rport");
        let via = via.expect("a hop");
        assert_eq!(via.to_string(), "SIP/2.0/UDP [2001:db8::9]:5061;branch=z9hG4bKx;rport");
        assert_eq!(via.branch(), Some("z9hG4bKx"));
        let both =
            Via::parse_list("SIP/2.0/TCP a;branch=z9hG4bK1, SIP/2.0/XYZ b;received=192.0.2.1");
        assert_eq!(both.expect("two hops").len(), 2);
    }

    #[test]
    fn what_is_no_hop_is_refused() {
        for text in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0 a",
            "HTTP/1.1/TCP a",
            "SIP/3.0/UDP a",
            "SIP/2.0/UDP a;;,",
            "SIP/2.0/UDP a b",
        ] {
            assert!(Via::parse_list(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn old_branches_say_nothing() {
        for text in ["SIP/2.0/UDP a", "SIP/2.0/UDP a;branch=7", "SIP/2.0/UDP a;branch=z9hG4bK"] {
            assert_eq!(Via::parse(text).expect(text).branch(), None, "{text}");
        }
    }

    #[test]
    fn answers_go_where_the_request_came_from() {
        let source: SocketAddr = "192.0.2.7:40000".parse().expect("an address");
        for (text, address) in [
            ("SIP/2.0/UDP 10.0.0.1:5070", "192.0.2.7:5070"),
            ("SIP/2.0/UDP 10.0.0.1:5070;rport", "192.0.2.7:40000"),
            ("SIP/2.0/UDP phone.invalid;rport", "192.0.2.7:40000"),
            ("SIP/2.0/UDP 192.0.2.7", "192.0.2.7:5060"),
            ("SIP/2.0/UDP 192.0.2.7;received=198.51.100.1;rport=1", "192.0.2.7:40000"),
            ("SIP/2.0/UDP 192.0.2.7;received=198.51.100.1", "192.0.2.7:5060"),
        ] {
            let mut via = Via::parse(text).expect(text);
            via.note_source(source);
            assert_eq!(via.answer_address(5060), address.parse().ok(), "{text}");
        }
        // One's own word is enough only for an address that is seen.
        let mut via = Via::parse("SIP/2.0/UDP 192.0.2.7").expect("a hop");
        via.note_source(source);
        assert!(!via.parameters.has("received"));
        assert_eq!(Via::parse("SIP/2.0/UDP name").expect("a hop").answer_address(5060), None);
    }
}
