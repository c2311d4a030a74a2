//! The section `[channels.email]` of the configuration file.
//!
//! Every field has its unit in its name or its documentation, and a default; an unknown key is an
//! error. [`EmailConfig::problems`] finds what parsing alone cannot.

mod reading;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

pub use reading::ReadingLimits;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// E-mail: how it comes in, how it goes out, and which addresses are the bank's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmailConfig {
    /// Address and port of the SMTP listener; an empty text switches it off.
    #[serde(with = "address_or_off")]
    pub smtp_listen: Option<SocketAddr>,
    /// Address and port of the LMTP listener (RFC 2033); an empty text switches it off.
    #[serde(with = "address_or_off")]
    pub lmtp_listen: Option<SocketAddr>,
    /// The name with which the listeners greet and the sender introduces itself.
    pub host_name: String,
    /// What stands after the `@` in the Message-IDs that we make: a domain of the bank.
    pub message_id_domain: String,
    /// Key of the signatures in Message-IDs and return paths, at least 16 characters. Empty: the
    /// server makes one and keeps it. Changing it breaks the proof in answers to older mails.
    pub signing_secret: Secret,
    /// Where delivery reports go, `bounces@bank.example`: each mail leaves with a return path of
    /// its own made from it (`bounces+KEY@…`). Empty: the sender's address is the return path.
    pub bounce_address: String,
    /// Whose `Authentication-Results` headers are believed (RFC 8601 §2.5): the authserv-id of the
    /// bank's own mail server. Empty: nobody's.
    pub trusted_authserv_id: String,
    /// What is asked of the DNS about senders, after a mail is stored.
    pub authentication: AuthenticationConfig,
    /// PEM file with the listeners' certificate chain; with `tls_key` it switches STARTTLS on.
    #[serde(with = "path_or_off")]
    pub tls_certificate: Option<PathBuf>,
    /// PEM file with the private key of that certificate.
    #[serde(with = "path_or_off")]
    pub tls_key: Option<PathBuf>,
    /// What the listeners put up with.
    pub limits: ListenLimits,
    /// What is opened of a mail, whichever way it came.
    pub reading: ReadingLimits,
    /// The mail server through which everything is sent.
    pub relay: RelayConfig,
    /// Keys with which what is sent is signed (DKIM, RFC 6376).
    pub dkim: Vec<DkimConfig>,
    /// The bank's own addresses: mail for them is accepted, mail is sent from them.
    pub mailboxes: Vec<MailboxConfig>,
    /// Mailboxes that are fetched over IMAP.
    pub imap: Vec<ImapConfig>,
    /// Mailboxes that are fetched over POP3, where there is no IMAP.
    pub pop3: Vec<Pop3Config>,
}

impl Default for EmailConfig {
    fn default() -> Self {
        Self {
            smtp_listen: Some(SocketAddr::from(([127, 0, 0, 1], 2525))),
            lmtp_listen: Some(SocketAddr::from(([127, 0, 0, 1], 2424))),
            host_name: "localhost".to_owned(),
            message_id_domain: "localhost".to_owned(),
            signing_secret: Secret::default(),
            bounce_address: String::new(),
            trusted_authserv_id: String::new(),
            authentication: AuthenticationConfig::default(),
            tls_certificate: None,
            tls_key: None,
            limits: ListenLimits::default(),
            reading: ReadingLimits::default(),
            relay: RelayConfig::default(),
            dkim: Vec::new(),
            mailboxes: Vec::new(),
            imap: Vec::new(),
            pop3: Vec::new(),
        }
    }
}

/// What is asked of the DNS about senders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthenticationConfig {
    /// Whether DKIM signatures and DMARC are checked. Not done for mails with a verdict of
    /// `trusted_authserv_id`.
    pub check: bool,
    /// Whether SPF is checked too. Only right when mail for the bank's domains is delivered
    /// straight to the SMTP listener (its MX record names it): behind another server that one is
    /// judged.
    pub check_spf: bool,
    /// Name servers with ports, `192.0.2.53:53`; empty: those of the system.
    pub name_servers: Vec<SocketAddr>,
    /// Seconds for all questions about one mail; what is not known then counts as undecided and is
    /// asked again, five times within half a day.
    pub timeout_seconds: u64,
    /// Domains of the bank besides those of its mailboxes: senders whose domains look like one of
    /// them are flagged.
    pub own_domains: Vec<String>,
}

impl Default for AuthenticationConfig {
    fn default() -> Self {
        Self {
            check: true,
            check_spf: false,
            name_servers: Vec::new(),
            timeout_seconds: 15,
            own_domains: Vec::new(),
        }
    }
}

/// What the listeners put up with from one peer and from all together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenLimits {
    /// Largest mail in bytes, announced as `SIZE` (RFC 1870). 50 MiB.
    pub message_bytes: usize,
    /// Recipients of one mail; RFC 5321 §4.5.3.1.8 demands at least 100.
    pub recipients: usize,
    /// Connections at once, each listener.
    pub connections: usize,
    /// Connections at once from one address.
    pub connections_per_address: usize,
    /// Seconds to wait for a command. RFC 5321 §4.5.3.2.7: at least 300.
    pub command_timeout_seconds: u64,
    /// Seconds for the whole content of one mail.
    pub data_timeout_seconds: u64,
    /// Refused or senseless commands after which a connection is closed.
    pub errors: u32,
    /// New connections in a minute from one address; 0: without limit.
    pub connections_per_minute_per_address: u32,
    /// Recipients in a minute from one address, all mails together; 0: without limit.
    pub recipients_per_minute_per_address: u32,
    /// Refused or senseless commands in a minute from one address, all connections together: beyond
    /// it the address hears 421 for a while; 0: without limit.
    pub errors_per_minute_per_address: u32,
    /// Addresses to which the limits per minute do not apply: one's own mail servers.
    pub trusted_peers: Vec<IpAddr>,
    /// Memory in bytes for mails over 256 KiB that are on their way in, all together: others wait.
    /// At least `message_bytes`.
    pub large_mail_memory_bytes: usize,
}

impl Default for ListenLimits {
    fn default() -> Self {
        Self {
            message_bytes: 50 * 1024 * 1024,
            recipients: 100,
            connections: 200,
            connections_per_address: 64,
            command_timeout_seconds: 300,
            data_timeout_seconds: 600,
            errors: 20,
            connections_per_minute_per_address: 120,
            recipients_per_minute_per_address: 600,
            errors_per_minute_per_address: 100,
            trusted_peers: vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
            large_mail_memory_bytes: 64 * 1024 * 1024,
        }
    }
}

/// How a connection is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// Not at all: loopback and trusted networks only.
    #[default]
    None,
    /// By `STARTTLS`; refused when the peer does not offer it.
    Starttls,
    /// From the first byte.
    Implicit,
}

/// The mail server through which everything is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelayConfig {
    /// Name or address of the server; empty: nothing can be sent.
    pub host: String,
    /// Port: 25 (relay), 587 (submission), 465 (submission with implicit TLS).
    pub port: u16,
    /// `none`, `starttls` or `implicit`.
    pub tls: TlsMode,
    /// PEM file with a certificate authority to be believed beside the machine's own.
    #[serde(with = "path_or_off")]
    pub ca_file: Option<PathBuf>,
    /// User name; empty: no log-in.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// Connections kept open at most.
    pub pool_size: u32,
    /// Seconds for sending one mail, from connecting to the last answer.
    pub timeout_seconds: u64,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 25,
            tls: TlsMode::None,
            ca_file: None,
            user: String::new(),
            password: Secret::default(),
            pool_size: 16,
            timeout_seconds: 60,
        }
    }
}

/// A key with which mail of one domain is signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DkimConfig {
    /// The domain whose mail is signed, mail of its subdomains included: `bank.example`.
    pub domain: String,
    /// The name of the key within the domain: `mail2026`. `rozmova dkim` prints the DNS record.
    pub selector: String,
    /// PEM file with the private key: RSA of 2048 bits or more, or Ed25519.
    pub key_file: PathBuf,
}

/// One of the bank's own addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailboxConfig {
    /// The address: `info@bank.example`.
    pub address: String,
    /// The name shown to clients: `Bank Example`.
    pub display_name: String,
    /// Name of the queue to which its mail goes; empty: the first queue.
    pub queue: String,
    /// Template of the signature under answers from this address.
    pub signature: String,
}

/// A mailbox that is fetched over IMAP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImapConfig {
    /// A short word for the health page and the logs, unique: `info`.
    pub name: String,
    /// Name or address of the server.
    pub host: String,
    /// Port: 143 (with `starttls` or `none`), 993 (`implicit`).
    pub port: u16,
    /// `none`, `starttls` or `implicit`.
    pub tls: TlsMode,
    /// PEM file with a certificate authority to be believed beside the machine's own.
    #[serde(with = "path_or_off")]
    pub ca_file: Option<PathBuf>,
    /// User name.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// A program with its arguments that prints an access token, in place of a password: the log-in
    /// is XOAUTH2 then, as Gmail and Exchange Online want it. It is run at each log-in, without a
    /// shell, and prints the token as its first line within 30 s; your provider's own tool knows
    /// how to get and renew one. Empty: the password is used.
    pub token_command: Vec<String>,
    /// Folder that is watched.
    pub folder: String,
    /// More folders of the same mailbox, each watched over a connection of its own.
    pub folders: Vec<String>,
    /// Seconds between looks when the server has no IDLE (RFC 2177), and the longest time between
    /// two looks when it has.
    pub poll_seconds: u64,
    /// What becomes of a mail after it has been stored: `seen` marks it, `move` moves it.
    pub after: AfterFetch,
    /// The folder for `move`.
    pub move_to: String,
}

impl Default for ImapConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            host: String::new(),
            port: 993,
            tls: TlsMode::Implicit,
            ca_file: None,
            user: String::new(),
            password: Secret::default(),
            token_command: Vec::new(),
            folder: "INBOX".to_owned(),
            folders: Vec::new(),
            poll_seconds: 60,
            after: AfterFetch::Seen,
            move_to: String::new(),
        }
    }
}

/// A mailbox that is fetched over POP3 (RFC 1939).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pop3Config {
    /// A short word for the health page and the logs, unique: `info`.
    pub name: String,
    /// Name or address of the server.
    pub host: String,
    /// Port: 110 (with `starttls` or `none`), 995 (`implicit`).
    pub port: u16,
    /// `none`, `starttls` (the command STLS, RFC 2595) or `implicit`.
    pub tls: TlsMode,
    /// PEM file with a certificate authority to be believed beside the machine's own.
    #[serde(with = "path_or_off")]
    pub ca_file: Option<PathBuf>,
    /// User name.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// As [`ImapConfig::token_command`].
    pub token_command: Vec<String>,
    /// Seconds between two looks.
    pub poll_seconds: u64,
    /// Whether a mail is deleted there after it has been stored. Else it stays, and is known by its
    /// unique id; a mailbox that only grows becomes slow to look into.
    pub delete: bool,
}

impl Default for Pop3Config {
    fn default() -> Self {
        Self {
            name: String::new(),
            host: String::new(),
            port: 995,
            tls: TlsMode::Implicit,
            ca_file: None,
            user: String::new(),
            password: Secret::default(),
            token_command: Vec::new(),
            poll_seconds: 60,
            delete: false,
        }
    }
}

impl Pop3Config {
    fn problems(&self, index: usize, say: &mut impl FnMut(&str, String)) {
        for (field, value) in [("name", &self.name), ("host", &self.host), ("user", &self.user)] {
            if value.is_empty() {
                say(&format!("pop3[{index}].{field}"), "must not be empty".to_owned());
            }
        }
        if self.poll_seconds == 0 {
            say(&format!("pop3[{index}].poll_seconds"), "must be 1 or more".to_owned());
        }
    }
}

/// What becomes of a fetched mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterFetch {
    /// Marked `\Seen`.
    #[default]
    Seen,
    /// Moved to [`ImapConfig::move_to`] (RFC 6851).
    Move,
}

/// A text that never appears in logs.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.0.is_empty() { "(empty)" } else { "(hidden)" })
    }
}

/// A setting that cannot work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The key below `channels.email`: `relay.port`.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Shortest signing secret: as many characters as an 80-bit signature needs at 5 bits each.
const MIN_SECRET_CHARS: usize = 16;

impl EmailConfig {
    /// What cannot work, in the order of the file; empty when all is well.
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let mut found = Vec::new();
        let mut say = |key: &str, message: String| {
            found.push(ConfigProblem { key: key.to_owned(), message });
        };
        for (key, domain) in
            [("host_name", &self.host_name), ("message_id_domain", &self.message_id_domain)]
        {
            if !is_domain(domain) {
                say(key, format!("\"{domain}\" is no domain name; write for example bank.example"));
            }
        }
        let secret = self.signing_secret.0.chars().count();
        if secret != 0 && secret < MIN_SECRET_CHARS {
            say("signing_secret", format!("{secret} characters; take {MIN_SECRET_CHARS} or more"));
        }
        if !self.bounce_address.is_empty() && !is_address(&self.bounce_address) {
            say("bounce_address", format!("\"{}\" is no address", self.bounce_address));
        }
        if self.authentication.timeout_seconds == 0 {
            say("authentication.timeout_seconds", "must be 1 or more".to_owned());
        }
        for domain in self.authentication.own_domains.iter().filter(|domain| !is_domain(domain)) {
            say("authentication.own_domains", format!("\"{domain}\" is no domain name"));
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            say(
                "tls_key",
                "STARTTLS needs both tls_certificate and tls_key, or neither".to_owned(),
            );
        }
        self.limits.problems(&mut say);
        self.reading.problems(&mut say);
        for (index, key) in self.dkim.iter().enumerate() {
            for (field, name) in [("domain", &key.domain), ("selector", &key.selector)] {
                if !is_domain(name) {
                    say(&format!("dkim[{index}].{field}"), format!("\"{name}\" is no domain name"));
                }
            }
            if key.key_file.as_os_str().is_empty() {
                say(&format!("dkim[{index}].key_file"), "name the file with the key".to_owned());
            }
        }
        for (index, mailbox) in self.mailboxes.iter().enumerate() {
            if !is_address(&mailbox.address) {
                let key = format!("mailboxes[{index}].address");
                say(&key, format!("\"{}\" is no address like name@domain", mailbox.address));
            }
        }
        for (index, imap) in self.imap.iter().enumerate() {
            imap.problems(index, &mut say);
            if self.imap[..index].iter().any(|earlier| earlier.name == imap.name) {
                say(&format!("imap[{index}].name"), format!("\"{}\" occurs twice", imap.name));
            }
        }
        for (index, pop3) in self.pop3.iter().enumerate() {
            pop3.problems(index, &mut say);
            if self.pop3[..index].iter().any(|earlier| earlier.name == pop3.name) {
                say(&format!("pop3[{index}].name"), format!("\"{}\" occurs twice", pop3.name));
            }
        }
        found
    }
}

impl ListenLimits {
    fn problems(&self, say: &mut impl FnMut(&str, String)) {
        if self.message_bytes < 64 * 1024 {
            // RFC 5321 §4.5.3.1.7 demands at least 64 KiB.
            say("limits.message_bytes", "at least 65536 bytes".to_owned());
        }
        if self.large_mail_memory_bytes < self.message_bytes {
            say(
                "limits.large_mail_memory_bytes",
                format!("at least message_bytes ({}), or no large mail fits", self.message_bytes),
            );
        }
        if self.recipients == 0 || self.connections == 0 || self.connections_per_address == 0 {
            say("limits", "recipients and connections must be 1 or more".to_owned());
        }
        if self.command_timeout_seconds == 0 || self.data_timeout_seconds == 0 {
            say("limits", "time-outs must be 1 second or more".to_owned());
        }
    }
}

impl ImapConfig {
    /// Each folder with the name of its channel: `imap:info`, `imap:info/Archive`.
    pub fn watched(&self) -> Vec<(String, String)> {
        let first = (format!("imap:{}", self.name), self.folder.clone());
        let more = self.folders.iter();
        let more = more.map(|folder| (format!("imap:{}/{folder}", self.name), folder.clone()));
        std::iter::once(first).chain(more).collect()
    }

    fn problems(&self, index: usize, say: &mut impl FnMut(&str, String)) {
        for (field, value) in [
            ("name", &self.name),
            ("host", &self.host),
            ("user", &self.user),
            ("folder", &self.folder),
        ] {
            if value.is_empty() {
                say(&format!("imap[{index}].{field}"), "must not be empty".to_owned());
            }
        }
        let watched = self.watched();
        for (place, (_, folder)) in watched.iter().enumerate() {
            if watched[..place].iter().any(|(_, earlier)| earlier == folder) {
                say(&format!("imap[{index}].folders"), format!("\"{folder}\" occurs twice"));
            } else if self.after == AfterFetch::Move && *folder == self.move_to {
                let message = format!("\"{folder}\" is watched: its mails would never leave it");
                say(&format!("imap[{index}].move_to"), message);
            }
        }
        if self.after == AfterFetch::Move && self.move_to.is_empty() {
            say(&format!("imap[{index}].move_to"), "name the folder to move to".to_owned());
        }
        if self.poll_seconds == 0 {
            say(&format!("imap[{index}].poll_seconds"), "must be 1 or more".to_owned());
        }
    }
}

fn is_domain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

fn is_address(text: &str) -> bool {
    channel_contract::base::address::EmailAddress::parse(text).is_ok()
}

/// An address and port, or nothing for an empty text.
mod address_or_off {
    use super::{Deserialize, Deserializer, Serializer, SocketAddr};

    #[expect(clippy::ref_option, reason = "the shape that serde asks for")]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<SocketAddr>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.map(|address| address.to_string()).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SocketAddr>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| {
            serde::de::Error::custom(format!(
                "\"{text}\" is no address with a port, such as 127.0.0.1:2525 (empty: off)"
            ))
        })
    }
}

/// A path, or nothing for an empty text.
mod path_or_off {
    use super::{Deserialize, Deserializer, PathBuf, Serializer};

    #[expect(clippy::ref_option, reason = "the shape that serde asks for")]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<PathBuf>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.as_deref().map(|p| p.to_string_lossy()).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok((!text.is_empty()).then(|| PathBuf::from(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_work_and_survive_a_round_trip() {
        let config = EmailConfig::default();
        assert_eq!(config.problems(), []);
        let json = serde_json::to_string(&config).expect("serialises");
        assert_eq!(serde_json::from_str::<EmailConfig>(&json).expect("parses"), config);
    }

    #[test]
    fn unknown_keys_and_bad_addresses_are_named() {
        let error = serde_json::from_str::<EmailConfig>(r#"{"smtp_lisen": ""}"#).unwrap_err();
        assert!(error.to_string().contains("smtp_lisen"), "{error}");
        let error = serde_json::from_str::<EmailConfig>(r#"{"smtp_listen": "25"}"#).unwrap_err();
        assert!(error.to_string().contains("127.0.0.1:2525"), "{error}");
    }

    #[test]
    fn what_cannot_work_is_found() {
        let reading = ReadingLimits { parts: 70_000, seconds: 0, ..ReadingLimits::default() };
        let config = EmailConfig {
            reading,
            signing_secret: Secret("short".to_owned()),
            tls_key: Some(PathBuf::from("key.pem")),
            dkim: vec![DkimConfig { domain: "bank example".to_owned(), ..Default::default() }],
            mailboxes: vec![MailboxConfig { address: "bank".to_owned(), ..Default::default() }],
            imap: vec![ImapConfig { after: AfterFetch::Move, ..Default::default() }],
            ..Default::default()
        };
        let keys: Vec<String> = config.problems().into_iter().map(|p| p.key).collect();
        assert_eq!(
            keys,
            [
                "signing_secret",
                "tls_key",
                "reading.parts",
                "reading.seconds",
                "dkim[0].domain",
                "dkim[0].selector",
                "dkim[0].key_file",
                "mailboxes[0].address",
                "imap[0].name",
                "imap[0].host",
                "imap[0].user",
                "imap[0].move_to"
            ]
        );
    }

    #[test]
    fn secrets_do_not_show() {
        let config = RelayConfig { password: Secret("hunter2".to_owned()), ..Default::default() };
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
