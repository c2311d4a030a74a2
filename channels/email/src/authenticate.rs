//! Who vouches for the sender, asked of the DNS: DKIM (RFC 6376), SPF (RFC 7208), DMARC (RFC 7489).
//!
//! 1. Asked after a mail is stored, never while its sender waits: name servers may take seconds.
//! 2. DKIM and DMARC always; SPF only when the peer that delivered the mail is known and our
//!    listener is what the outside world delivers to. A relay in between would be judged instead.
//! 3. Signatures over a part of the body (`l=`) prove nothing and count as none.
//! 4. Names that exist nowhere (`.example`, `.test`, RFC 6761) are not asked for.
//! 5. A name server that does not answer gives [`AuthenticationResult::Neutral`], never a pass, and
//!    the caller is told, so that it can ask again.
//! 6. What is vouched for is the sender who is shown: where the library finds another author in the
//!    same bytes, nobody is.

use std::net::{IpAddr, SocketAddr};

use channel_contract::{Authentication, AuthenticationResult, StoredMessage};
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts,
};
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, MessageAuthenticator, SpfOutput,
    SpfResult,
};

use crate::config::AuthenticationConfig;
use crate::filter::is_aligned;

/// Signatures checked of one mail. Each costs a question and a verification; real mails have one
/// or two. RFC 6376 §6.1 lets a verifier limit them.
const MAX_SIGNATURES: usize = 10;
/// Bytes of a mail that is checked: hashing more than the largest mail is of no use.
const MAX_BYTES: usize = 50 * 1024 * 1024;

/// Domains that are nobody's. RFC 2606 §2, RFC 6761, RFC 6762.
const NOBODYS: [&str; 7] =
    ["example", "test", "invalid", "localhost", "local", "internal", "home.arpa"];

/// What was found out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The verdict.
    pub(crate) authentication: Authentication,
    /// Somebody did not answer.
    pub(crate) unanswered: bool,
}

impl Checked {
    /// The time was over.
    pub(crate) fn no_answer() -> Self {
        let (dkim, dmarc) = (AuthenticationResult::Neutral, AuthenticationResult::Neutral);
        let authentication = Authentication { dkim, dmarc, ..Authentication::default() };
        Self { authentication, unanswered: true }
    }
}

/// Asks name servers who vouches for a sender.
pub(crate) struct Authenticator {
    resolver: MessageAuthenticator,
    check_spf: bool,
    /// Names that exist nowhere are asked for all the same: the name servers are our own.
    asks_for_all: bool,
    host_name: String,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Authenticator")
            .field("check_spf", &self.check_spf)
            .finish_non_exhaustive()
    }
}

impl Authenticator {
    /// `None` when the configuration switches it off; an error in words when the system names no
    /// name servers.
    pub(crate) fn new(
        config: &AuthenticationConfig,
        host_name: &str,
    ) -> Result<Option<Self>, String> {
        if !config.check {
            return Ok(None);
        }
        let resolver = if config.name_servers.is_empty() {
            MessageAuthenticator::new_system_conf()
        } else {
            let servers = config.name_servers.iter().map(|address| name_server(*address)).collect();
            let options = ResolverOpts::default();
            MessageAuthenticator::new(
                ResolverConfig::from_parts(None, Vec::new(), servers),
                options,
            )
        };
        Ok(Some(Self {
            resolver: resolver.map_err(|error| error.to_string())?,
            check_spf: config.check_spf,
            asks_for_all: !config.name_servers.is_empty(),
            host_name: host_name.to_owned(),
        }))
    }

    /// The verdict without warnings; `None` when the bytes are no mail. The caller limits the time.
    pub(crate) async fn check(&self, stored: &StoredMessage) -> Option<Checked> {
        let raw = &stored.raw[..stored.raw.len().min(MAX_BYTES)];
        let mut message = AuthenticatedMessage::parse(raw)?;
        message.dkim_headers.retain(|signature| self.may_ask(&signature.header.d));
        message.dkim_headers.truncate(MAX_SIGNATURES);
        message.errors.truncate(MAX_SIGNATURES);
        let dkim = self.resolver.verify_dkim(&message).await;
        let mail_from = stored.envelope.mail_from.as_deref().unwrap_or_default();
        let mail_from_domain = domain_of(mail_from);
        let spf = self.spf(stored.envelope.peer.as_deref(), mail_from).await;
        let author = domain_of(&stored.from);
        let is_shown = message.froms().iter().all(|from| same_domain(domain_of(from), author));
        let dmarc = if is_shown && self.may_ask(author) {
            let spf = spf.clone().unwrap_or_else(|| SpfOutput::new(mail_from_domain.to_owned()));
            let parameters = DmarcParameters::new(&message, &dkim, mail_from_domain, &spf);
            self.resolver.verify_dmarc(parameters).await.result()
        } else {
            DmarcResult::None
        };
        let spf = spf.map_or(SpfResult::None, |output| output.result());
        let vouching = dkim
            .iter()
            .filter(|signature| *signature.result() == DkimResult::Pass)
            .filter_map(|signature| Some(signature.signature()?.d.as_str()))
            .chain((spf == SpfResult::Pass).then_some(mail_from_domain));
        let authentication = Authentication {
            aligned: is_shown && { vouching }.any(|domain| is_aligned(domain, author)),
            spf: of_spf(spf),
            dkim: of_dkim(&dkim),
            dmarc: of_dmarc(&dmarc),
            warnings: Vec::new(),
        };
        let no_answer =
            |signature: &DkimOutput<'_>| matches!(signature.result(), DkimResult::TempError(_));
        let unanswered = dkim.iter().any(no_answer)
            || spf == SpfResult::TempError
            || matches!(dmarc, DmarcResult::TempError(_));
        Some(Checked { authentication, unanswered })
    }

    async fn spf(&self, peer: Option<&str>, mail_from: &str) -> Option<SpfOutput> {
        let peer: IpAddr = peer?.parse().ok()?;
        let domain = domain_of(mail_from);
        // A null return path has no domain, and what the peer called itself is not kept.
        if !self.check_spf || domain.is_empty() || !self.may_ask(domain) || !is_outside(peer) {
            return None;
        }
        let parameters = SpfParameters::verify_mail_from(peer, domain, &self.host_name, mail_from);
        Some(self.resolver.verify_spf(parameters).await)
    }

    fn may_ask(&self, domain: &str) -> bool {
        let lower = domain.trim_end_matches('.').to_ascii_lowercase();
        let nobodys = NOBODYS.iter().any(|name| {
            lower.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        !lower.is_empty() && (self.asks_for_all || !nobodys)
    }
}

/// Whether a peer can be the outside world. Loopback is: tests and a proxy on this machine that
/// passes addresses on are told apart by configuration, not here.
const fn is_outside(peer: IpAddr) -> bool {
    !peer.is_unspecified() && !peer.is_multicast()
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let with_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![with_port(ConnectionConfig::udp()), with_port(ConnectionConfig::tcp())];
    NameServerConfig::new(address.ip(), true, connections)
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

fn same_domain(one: &str, two: &str) -> bool {
    !one.is_empty() && one.to_lowercase() == two.to_lowercase()
}

/// One good signature is enough; others may be of forwarders. RFC 6376 §6.1.
fn of_dkim(signatures: &[DkimOutput<'_>]) -> AuthenticationResult {
    let mut verdict = AuthenticationResult::None;
    for signature in signatures {
        match signature.result() {
            DkimResult::Pass => return AuthenticationResult::Pass,
            // The body or a signed field is not what was signed.
            DkimResult::Fail(_) => verdict = AuthenticationResult::Fail,
            DkimResult::Neutral(_) if signature.signature().is_some() => {
                verdict = AuthenticationResult::Fail;
            }
            DkimResult::Neutral(_) | DkimResult::PermError(_) | DkimResult::TempError(_)
                if verdict == AuthenticationResult::None =>
            {
                verdict = AuthenticationResult::Neutral;
            }
            DkimResult::Neutral(_)
            | DkimResult::PermError(_)
            | DkimResult::TempError(_)
            | DkimResult::None => {}
        }
    }
    verdict
}

const fn of_spf(result: SpfResult) -> AuthenticationResult {
    match result {
        SpfResult::Pass => AuthenticationResult::Pass,
        SpfResult::Fail | SpfResult::SoftFail => AuthenticationResult::Fail,
        SpfResult::Neutral | SpfResult::TempError | SpfResult::PermError => {
            AuthenticationResult::Neutral
        }
        SpfResult::None => AuthenticationResult::None,
    }
}

const fn of_dmarc(result: &DmarcResult) -> AuthenticationResult {
    match result {
        DmarcResult::Pass => AuthenticationResult::Pass,
        DmarcResult::Fail(_) => AuthenticationResult::Fail,
        DmarcResult::TempError(_) | DmarcResult::PermError(_) => AuthenticationResult::Neutral,
        DmarcResult::None => AuthenticationResult::None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use channel_contract::Envelope;

    use super::*;

    fn authenticator(name_servers: Vec<SocketAddr>) -> Authenticator {
        let config = AuthenticationConfig { name_servers, ..AuthenticationConfig::default() };
        Authenticator::new(&config, "mx.bank.example").expect("name servers").expect("switched on")
    }

    #[tokio::test]
    async fn names_that_exist_nowhere_are_not_asked_for() {
        // Port 9 of loopback answers nothing: a question would wait for its time-out.
        let mut authenticator = authenticator(vec![SocketAddr::from(([127, 0, 0, 1], 9))]);
        authenticator.asks_for_all = false;
        for domain in ["shop.example", "EXAMPLE", "a.test.", "localhost", "x.home.arpa", ""] {
            assert!(!authenticator.may_ask(domain), "{domain}");
        }
        assert!(authenticator.may_ask("contest") && authenticator.may_ask("bank.ua"));
        let raw =
            b"From: a@shop.example\r\nDKIM-Signature: v=1; a=rsa-sha256; d=shop.example; s=a; \
                    h=from; bh=AAAA; b=AAAA\r\n\r\nx\r\n";
        let stored = StoredMessage {
            raw: Bytes::from_static(raw),
            envelope: Envelope {
                mail_from: Some("a@shop.example".to_owned()),
                peer: Some("192.0.2.1".to_owned()),
                ..Envelope::default()
            },
            from: "a@shop.example".to_owned(),
            ..StoredMessage::default()
        };
        let checked = authenticator.check(&stored).await.expect("a verdict");
        let nothing = Checked { authentication: Authentication::default(), unanswered: false };
        assert_eq!(checked, nothing);
        assert!(authenticator.check(&StoredMessage::default()).await.is_none());
    }

    #[test]
    fn it_can_be_switched_off() {
        let config = AuthenticationConfig { check: false, ..AuthenticationConfig::default() };
        assert!(Authenticator::new(&config, "mx.bank.example").expect("no fault").is_none());
    }
}
