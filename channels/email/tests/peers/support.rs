//! A host that remembers, and the way to start other people's programs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use channel_contract::base::Clock;
use channel_contract::base::time::SystemClock;
use channel_contract::{
    Channel, ChannelName, DeliverError, Delivered, Health, Host, Inbound, InboundMessage,
};
use channel_email::EmailChannel;
use channel_email::config::EmailConfig;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Keeps what is delivered, and can be out of order.
#[derive(Default)]
pub(crate) struct FakeHost {
    pub(crate) messages: Mutex<Vec<InboundMessage>>,
    pub(crate) state: Mutex<BTreeMap<String, String>>,
    pub(crate) health: Mutex<BTreeMap<String, Health>>,
    pub(crate) broken: AtomicBool,
}

impl FakeHost {
    pub(crate) fn messages(&self) -> Vec<InboundMessage> {
        self.messages.lock().unwrap().clone()
    }

    /// Waits until so many messages have come.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<InboundMessage> {
        wait_until(&format!("{count} messages"), || self.messages().len() >= count).await;
        self.messages()
    }
}

/// Waits until something is so, or panics with its name.
pub(crate) async fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let came = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
    assert!(came, "waited {PATIENCE:?} in vain for {what}");
}

#[async_trait]
impl Host for FakeHost {
    async fn deliver(&self, inbound: Inbound) -> Result<Delivered, DeliverError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(DeliverError::Unavailable("the disk is full".to_owned()));
        }
        let Inbound::Message(message) = inbound;
        let mut messages = self.messages.lock().unwrap();
        let repeated = messages.iter().any(|known| known.external_id == message.external_id);
        messages.push(*message);
        Ok(if repeated { Delivered::Repeated } else { Delivered::Stored })
    }

    async fn accepts_recipient(&self, address: &str) -> Result<bool, DeliverError> {
        Ok(address.ends_with("@bank.example"))
    }

    fn report_health(&self, channel: &ChannelName, health: Health) {
        self.health.lock().unwrap().insert(channel.0.clone(), health);
    }

    async fn load_state(&self, key: &str) -> Result<Option<String>, DeliverError> {
        Ok(self.state.lock().unwrap().get(key).cloned())
    }

    async fn save_state(&self, key: &str, value: &str) -> Result<(), DeliverError> {
        self.state.lock().unwrap().insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    fn clock(&self) -> &dyn Clock {
        &SystemClock
    }
}

/// A channel that runs until it is stopped.
pub(crate) struct Running {
    pub(crate) channel: Arc<EmailChannel>,
    pub(crate) host: Arc<FakeHost>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(config: EmailConfig) -> Self {
        Self::start_with(config, Arc::default()).await
    }

    pub(crate) async fn start_with(config: EmailConfig, host: Arc<FakeHost>) -> Self {
        let listeners =
            usize::from(config.smtp_listen.is_some()) + usize::from(config.lmtp_listen.is_some());
        let channel = Arc::new(EmailChannel::new(config, b"a secret for tests"));
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let (channel, host, stop) = (Arc::clone(&channel), Arc::clone(&host), stop.clone());
            async move { channel.run(host, stop).await.unwrap() }
        });
        wait_until("the listeners", || channel.listening().len() == listeners).await;
        Self { channel, host, stop, task }
    }

    pub(crate) fn address(&self, name: &str) -> SocketAddr {
        let listening = self.channel.listening();
        listening.iter().find(|(channel, _)| channel.0 == name).unwrap().1
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

/// Listeners on ports that the system chooses.
pub(crate) fn config() -> EmailConfig {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    EmailConfig {
        smtp_listen: Some(any),
        lmtp_listen: Some(any),
        host_name: "mx.bank.example".to_owned(),
        message_id_domain: "bank.example".to_owned(),
        ..EmailConfig::default()
    }
}

/// Runs a program to its end; says which Debian package brings it when it is missing.
pub(crate) async fn run(package: &str, program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    output.unwrap_or_else(|error| {
        panic!("cannot run {program} ({error}); install the Debian package {package}")
    })
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A folder that is removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("rozmova-{name}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A certificate for `localhost` and its key, in a folder.
pub(crate) async fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let (out, keyout) = (certificate.display().to_string(), key.display().to_string());
    let mut arguments = vec!["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"];
    arguments.extend(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
    arguments.extend(["-addext", "basicConstraints=CA:FALSE", "-keyout", &keyout, "-out", &out]);
    let made = run("openssl", "openssl", &arguments).await;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (certificate, key)
}
