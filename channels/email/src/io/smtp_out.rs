//! Sending through the bank's mail server.
//!
//! The library's own time-out covers connecting only, so each send is timed as a whole; what hangs
//! is dropped with its connection. Every error is one of two: try again later, or never.
//!
//! A mail goes to all its recipients at once. When the server refuses one of them nothing has been
//! handed over; then each gets a transaction of its own, so that one wrong address keeps nobody
//! else waiting.

use std::sync::OnceLock;
use std::time::Duration;

use channel_contract::{PerformError, RecipientOutcome, RecipientState};
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::config::{RelayConfig, TlsMode};

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Connections idle for longer are closed: servers close them after five minutes at the latest.
const IDLE_SECONDS: u64 = 60;

/// The way out.
pub(crate) struct Relay {
    config: RelayConfig,
    host_name: String,
    /// Made at the first send, since the pool needs the runtime.
    transport: OnceLock<Result<Transport, String>>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Relay").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Relay {
    pub(crate) const fn new(config: RelayConfig, host_name: String) -> Self {
        Self { config, host_name, transport: OnceLock::new() }
    }

    /// Sends one mail and gives back what the server said.
    pub(crate) async fn send(
        &self,
        envelope: &Envelope,
        mail: &[u8],
    ) -> Result<Sent, PerformError> {
        if self.config.host.is_empty() {
            let what = "no relay is configured (channels.email.relay.host)".to_owned();
            return Err(PerformError::Temporary(what));
        }
        let transport =
            self.transport().map_err(|reason| PerformError::Temporary(reason.to_owned()))?;
        match self.attempt(transport, envelope, mail).await {
            Ok(receipt) => Ok(Sent { receipt, recipients: Vec::new() }),
            Err(Attempt { error, answered: true }) if envelope.to().len() > 1 => {
                tracing::debug!(%error, "A mail goes to its recipients one by one");
                self.one_by_one(transport, envelope, mail).await
            }
            Err(Attempt { error, .. }) => Err(error),
        }
    }

    /// Connects and logs in.
    pub(crate) async fn try_out(&self) -> Result<(), String> {
        let limit = Duration::from_secs(self.config.timeout_seconds.max(1));
        let transport = self.transport()?;
        match tokio::time::timeout(limit, transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(format!("{} closed the connection", self.config.host)),
            Ok(Err(error)) => Err(self.reason(&error)),
            Err(_) => Err(self.silence()),
        }
    }

    fn transport(&self) -> Result<&Transport, &str> {
        let made = self.transport.get_or_init(|| transport(&self.config, &self.host_name));
        made.as_ref().map_err(String::as_str)
    }

    fn silence(&self) -> String {
        format!("{} did not answer within {} s", self.config.host, self.config.timeout_seconds)
    }

    async fn one_by_one(
        &self,
        transport: &Transport,
        envelope: &Envelope,
        mail: &[u8],
    ) -> Result<Sent, PerformError> {
        let mut sent = Sent::default();
        let mut gone: Option<String> = None;
        for recipient in envelope.to() {
            if let Some(reason) = &gone {
                // A server that fell silent would cost a time-out for each of the others.
                sent.recipients.push(RecipientOutcome {
                    address: recipient.to_string(),
                    state: RecipientState::PutOff,
                    detail: reason.clone(),
                });
                continue;
            }
            let single = Envelope::new(envelope.from().cloned(), vec![recipient.clone()])
                .map_err(|error| PerformError::Permanent(error.to_string()))?;
            let (state, detail) = match self.attempt(transport, &single, mail).await {
                Ok(receipt) => {
                    sent.receipt.clone_from(&receipt);
                    (RecipientState::Accepted, receipt)
                }
                Err(Attempt { error: PerformError::Temporary(text), answered }) => {
                    gone = (!answered).then(|| text.clone());
                    (RecipientState::PutOff, text)
                }
                Err(Attempt { error: PerformError::Permanent(text), .. }) => {
                    (RecipientState::Refused, text)
                }
            };
            sent.recipients.push(RecipientOutcome {
                address: recipient.to_string(),
                state,
                detail,
            });
        }
        Ok(sent)
    }

    /// One transaction.
    async fn attempt(
        &self,
        transport: &Transport,
        envelope: &Envelope,
        mail: &[u8],
    ) -> Result<String, Attempt> {
        let limit = Duration::from_secs(self.config.timeout_seconds.max(1));
        match tokio::time::timeout(limit, transport.send_raw(envelope, mail)).await {
            Ok(Ok(response)) => {
                let text: Vec<&str> = response.message().collect();
                Ok(format!("{} {}", response.code(), text.join(" ")).trim().to_owned())
            }
            Ok(Err(error)) => {
                Err(Attempt { answered: error.status().is_some(), error: self.failure(&error) })
            }
            Err(_) => {
                Err(Attempt { error: PerformError::Temporary(self.silence()), answered: false })
            }
        }
    }

    /// What went wrong, with its causes.
    fn reason(&self, error: &Error) -> String {
        let mut text = format!("{}:{}: {error}", self.config.host, self.config.port);
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        text
    }

    fn failure(&self, error: &Error) -> PerformError {
        let text = self.reason(error);
        // RFC 5321 §4.2.1: 5yz is final. Refused log-ins (RFC 4954 §6: 530, 534, 535, 538) are our
        // configuration's fault, not the message's: it is kept until somebody mends that.
        let ours = error.status().is_some_and(|code| {
            let number = code.to_string();
            number.starts_with("53")
        });
        if error.is_permanent() && !ours {
            PerformError::Permanent(text)
        } else {
            PerformError::Temporary(text)
        }
    }
}

/// What the server said.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Of the mail as a whole.
    pub(crate) receipt: String,
    /// Of single recipients, when it did not say the same of all.
    pub(crate) recipients: Vec<RecipientOutcome>,
}

/// A transaction that failed.
struct Attempt {
    error: PerformError,
    /// The server spoke: nothing was handed over.
    answered: bool,
}

fn transport(config: &RelayConfig, host_name: &str) -> Result<Transport, String> {
    let tls = match config.tls {
        TlsMode::None => Tls::None,
        TlsMode::Starttls => Tls::Required(tls_parameters(config)?),
        TlsMode::Implicit => Tls::Wrapper(tls_parameters(config)?),
    };
    let mut builder = Transport::builder_dangerous(config.host.clone())
        .port(config.port)
        .tls(tls)
        .hello_name(ClientId::Domain(host_name.to_owned()))
        .timeout(Some(Duration::from_secs(config.timeout_seconds.max(1))))
        .pool_config(
            PoolConfig::new()
                .max_size(config.pool_size.max(1))
                .idle_timeout(Duration::from_secs(IDLE_SECONDS)),
        );
    if !config.user.is_empty() {
        builder =
            builder.credentials(Credentials::new(config.user.clone(), config.password.0.clone()));
    }
    Ok(builder.build())
}

fn tls_parameters(config: &RelayConfig) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.ca_file {
        let pem = std::fs::read(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|error| format!("{} is no PEM certificate: {error}", path.display()))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| format!("cannot set up TLS: {error}"))
}
