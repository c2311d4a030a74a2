//! The e-mail channel: SMTP and LMTP listeners, IMAP and POP3 mailboxes, reading, threading,
//! composing, sending.
//!
//! Bytes come in through `io`, are read by [`mime`], judged by [`filter`], placed by [`thread`] and
//! handed to the host as one [`channel_contract::InboundMessage`] ([`reader`]). A command to send
//! becomes bytes in [`compose`] and leaves through `io`.
//!
//! Invariants: everything outside `io` and this file is pure; only `io` and this file name tokio.
//! No input panics, and one bad mail never stops the others.

mod authenticate;
pub mod compose;
pub mod config;
pub mod dkim;
pub mod filter;
#[cfg(feature = "fuzz")]
pub mod fuzz;
pub mod html;
pub mod inspect;
mod io;
pub mod language;
pub mod mime;
pub mod rate;
pub mod reader;
pub mod session;
pub mod thread;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use channel_contract::{
    Authentication, Channel, ChannelError, ChannelName, DeliverError, Examination, Host,
    InboundMessage, Outbound, PartContent, PerformError, Performed, RenderedHtml, Reserved,
    StoredMessage, Survey,
};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::authenticate::{Authenticator, Checked};
use crate::config::EmailConfig;
use crate::dkim::Dkim;
use crate::filter::Policy;
use crate::inspect::Inspection;
use crate::io::smtp_in::{Common, Listener, memory_budget, room};
use crate::io::smtp_out::Relay;
use crate::reader::Arrival;
use crate::session::{LARGE_BYTES, Protocol};
use crate::thread::Signer;

/// E-mail as one channel.
#[derive(Debug)]
pub struct EmailChannel {
    name: ChannelName,
    config: EmailConfig,
    policy: Arc<Policy>,
    relay: Relay,
    dkim: Result<Dkim, String>,
    /// Made when first needed; `None` when it is switched off or there are no name servers.
    authenticator: OnceLock<Option<Arc<Authenticator>>>,
    listening: Mutex<Vec<(ChannelName, SocketAddr)>>,
    /// For large mails, whether they come in or are looked at afterwards.
    memory: Arc<Semaphore>,
}

impl EmailChannel {
    /// `secret`: the key of signatures for a configuration that names none.
    pub fn new(config: EmailConfig, secret: &[u8]) -> Self {
        let policy = policy(&config, secret);
        let relay = Relay::new(config.relay.clone(), config.host_name.clone());
        Self {
            name: ChannelName("email".to_owned()),
            policy: Arc::new(policy),
            relay,
            dkim: load_keys(&config),
            authenticator: OnceLock::new(),
            listening: Mutex::default(),
            memory: memory_budget(&config.limits),
            config,
        }
    }

    /// Reads a mail as intake would.
    pub fn inspect(&self, raw: &[u8]) -> Inspection {
        inspect::inspect(raw, &self.policy)
    }

    /// Reads a mail that came by a way of the server's own: the HTTP API, the list of what could
    /// not be read. Off the calling thread and in the time that is set for one reading; an error
    /// only when the program ends.
    pub async fn read_in_time(&self, arrival: Arrival) -> Result<InboundMessage, DeliverError> {
        io::deliver::read(&self.policy, arrival, ()).await
    }

    /// Reads a mail of an import. Never fails; takes CPU time in proportion to the size.
    pub fn read(&self, arrival: Arrival) -> InboundMessage {
        reader::read(arrival, &self.policy)
    }

    /// Whether the relay can be reached and lets us in; sends nothing. The reason when not.
    pub async fn try_relay(&self) -> Result<(), String> {
        self.relay.try_out().await
    }

    /// The keys that sign; the reason when one of them cannot be used.
    pub const fn dkim(&self) -> Result<&Dkim, &String> {
        self.dkim.as_ref()
    }

    /// Where its listeners are open, with the ports that the system chose for port 0; empty until
    /// [`Channel::run`] has opened them.
    pub fn listening(&self) -> Vec<(ChannelName, SocketAddr)> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn authenticator(&self) -> Option<Arc<Authenticator>> {
        let make = || {
            let config = &self.config.authentication;
            let made = Authenticator::new(config, &self.config.host_name);
            let authenticator = made.unwrap_or_else(|error| {
                tracing::warn!(error, "Senders are not authenticated: no name server is known");
                None
            });
            authenticator.map(Arc::new)
        };
        self.authenticator.get_or_init(make).clone()
    }

    async fn open_listeners(
        &self,
        host: &Arc<dyn Host>,
        stop: &CancellationToken,
    ) -> Result<Vec<Listener>, ChannelError> {
        let tls = match (&self.config.tls_certificate, &self.config.tls_key) {
            (Some(certificate), Some(key)) => {
                Some(io::tls::acceptor(&self.name, certificate, key)?)
            }
            (None, _) | (_, None) => None,
        };
        let common = Common {
            host_name: self.config.host_name.clone(),
            limits: self.config.limits.clone(),
            tls,
            policy: Arc::clone(&self.policy),
            host: Arc::clone(host),
            stop: stop.clone(),
            memory: Arc::clone(&self.memory),
        };
        let mut listeners = Vec::new();
        let mut listening = Vec::new();
        for (name, protocol, address) in [
            ("smtp", Protocol::Smtp, self.config.smtp_listen),
            ("lmtp", Protocol::Lmtp, self.config.lmtp_listen),
        ] {
            let Some(address) = address else { continue };
            let channel = ChannelName(name.to_owned());
            let listener =
                Listener::open(channel.clone(), protocol, address, common.clone()).await?;
            listening.push((channel, listener.address().unwrap_or(address)));
            listeners.push(listener);
        }
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = listening;
        Ok(listeners)
    }
}

/// Reads the configured keys.
fn load_keys(config: &EmailConfig) -> Result<Dkim, String> {
    let mut dkim = Dkim::default();
    for key in &config.dkim {
        let pem = std::fs::read(&key.key_file)
            .map_err(|error| format!("cannot read {}: {error}", key.key_file.display()))?;
        dkim.add(&key.domain, &key.selector, &pem)
            .map_err(|error| format!("{}: {error}", key.key_file.display()))?;
    }
    Ok(dkim)
}

/// What the rules need to know, out of the configuration. `secret` is taken when it names none.
pub fn policy(config: &EmailConfig, secret: &[u8]) -> Policy {
    let own = &config.signing_secret.0;
    let secret = if own.is_empty() { secret } else { own.as_bytes() };
    let mut own_addresses: std::collections::BTreeSet<String> =
        config.mailboxes.iter().map(|mailbox| mailbox.address.trim().to_lowercase()).collect();
    if !config.bounce_address.is_empty() {
        own_addresses.insert(config.bounce_address.trim().to_lowercase());
    }
    Policy {
        signer: Signer::new(secret, &config.message_id_domain),
        own_addresses,
        more_own_domains: config
            .authentication
            .own_domains
            .iter()
            .map(|domain| domain.to_lowercase())
            .collect(),
        trusted_authserv_id: config.trusted_authserv_id.clone(),
        reading: config.reading.clone(),
    }
}

#[async_trait]
impl Channel for EmailChannel {
    fn name(&self) -> &ChannelName {
        &self.name
    }

    async fn run(&self, host: Arc<dyn Host>, stop: CancellationToken) -> Result<(), ChannelError> {
        if let Err(reason) = &self.dkim {
            let reason = reason.clone();
            return Err(ChannelError::Key { channel: self.name.clone(), reason });
        }
        let mut tasks = JoinSet::new();
        for listener in self.open_listeners(&host, &stop).await? {
            tasks.spawn(listener.run());
        }
        for mailbox in &self.config.imap {
            for (channel, folder) in mailbox.watched() {
                tasks.spawn(io::imap::run(
                    ChannelName(channel),
                    folder,
                    mailbox.clone(),
                    Arc::clone(&self.policy),
                    Arc::clone(&host),
                    stop.clone(),
                ));
            }
        }
        for mailbox in &self.config.pop3 {
            tasks.spawn(io::pop3::run(
                mailbox.clone(),
                Arc::clone(&self.policy),
                Arc::clone(&host),
                stop.clone(),
            ));
        }
        // With nothing to receive, the channel still sends.
        stop.cancelled().await;
        while tasks.join_next().await.is_some() {}
        Ok(())
    }

    async fn perform(&self, command: &Outbound) -> Result<Performed, PerformError> {
        let Outbound::SendMessage(message) = command;
        let composed = compose::compose(message, &self.policy.signer, &self.config.bounce_address)
            .map_err(|error| PerformError::Permanent(error.to_string()))?;
        // A mail that should be signed does not leave without its signature.
        let dkim = self.dkim.as_ref().map_err(|reason| PerformError::Temporary(reason.clone()))?;
        let bytes = dkim
            .sign(&message.from.address, composed.bytes)
            .map_err(|error| PerformError::Temporary(error.to_string()))?;
        let sent = self.relay.send(&composed.envelope, &bytes).await?;
        Ok(Performed {
            external_id: composed.message_id,
            receipt: sent.receipt,
            recipients: sent.recipients,
        })
    }

    async fn survey(&self, host: Arc<dyn Host>) -> Vec<Survey> {
        let mut surveys = Vec::new();
        for mailbox in &self.config.imap {
            for (channel, folder) in mailbox.watched() {
                let channel = ChannelName(channel);
                surveys.push(io::imap::survey(channel, &folder, mailbox, &*host).await);
            }
        }
        surveys
    }

    fn render_html(&self, raw: &[u8]) -> Option<RenderedHtml> {
        inspect::render_html(raw, &self.config.reading)
    }

    async fn reserve(&self, size_bytes: usize) -> Reserved {
        // What came in through another door may be larger than the whole budget.
        let bytes = size_bytes.min(self.config.limits.message_bytes);
        if size_bytes <= LARGE_BYTES {
            return Reserved::default();
        }
        room(&self.memory, bytes).await.map_or_else(Reserved::default, Reserved::holding)
    }

    async fn examine(&self, message: StoredMessage) -> Option<Examination> {
        let authenticator = if message.asks() { self.authenticator() } else { None };
        let limit = Duration::from_secs(self.config.authentication.timeout_seconds);
        let runtime = tokio::runtime::Handle::current();
        // Checking signatures is computing: the questions to name servers wait on this thread too.
        let look = move || {
            let language = language::detect(&message.reply_text).map(str::to_owned);
            let checked = authenticator.map(|authenticator| {
                let check =
                    async { tokio::time::timeout(limit, authenticator.check(&message)).await };
                runtime.block_on(check).unwrap_or_else(|_| Some(Checked::no_answer()))
            });
            let mut found = Examination { language, ..Examination::default() };
            found.authentication = message.authentication;
            if let Some(Some(Checked { authentication, unanswered })) = checked {
                let warnings = std::mem::take(&mut found.authentication.warnings);
                found.authentication = Authentication { warnings, ..authentication };
                found.unanswered = unanswered;
                filter::note_disowned(&mut found.authentication);
            }
            found
        };
        // A panic in a library costs the verdict on one mail.
        tokio::task::spawn_blocking(look).await.ok()
    }

    fn open_part(&self, raw: &[u8], part: u32) -> Option<PartContent> {
        mime::open_part(raw, part, &self.config.reading)
    }
}
