//! `rozmova bench intake`: mail by LMTP (RFC 2033), each acknowledged only when it is durable.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::{Latencies, Report, ScratchServer, ServerOptions, free_folder};
use crate::store::{Db, StoreOptions};

/// Where the mails go.
pub(super) const MAILBOX: &str = "info@bank.example";
/// Different senders: some write often, all are known after their first mail.
const SENDERS: u64 = 2_000;
/// Mails before the measurement begins: caches fill, threads start.
const WARM_UP: Duration = Duration::from_secs(2);
/// Different texts.
const TEXTS: u64 = 64;
/// Size of a mail in bytes: the mean of public corpora.
const MAIL_BYTES: usize = 8 * 1024;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// An LMTP listener that is not ours; `None`: a server of our own.
    pub against: Option<SocketAddr>,
    /// How long.
    pub seconds: u64,
    /// Connections at once.
    pub connections: usize,
    /// A PostgreSQL server for a server of our own; `None`: SQLite.
    pub postgres: Option<String>,
}

/// Measures.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let Some(against) = options.against else { return run_own(options).await };
    let load = Load::start(against, options.connections).await?;
    tokio::time::sleep(WARM_UP).await;
    load.reset();
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    let measured = load.finish().await;
    Ok(measured.report(0.0, 0.0, "unknown", options.connections))
}

async fn run_own(options: &Options) -> anyhow::Result<Report> {
    let server = ScratchServer::start(&ServerOptions {
        program: None,
        folder: free_folder(),
        postgres: options.postgres.clone(),
        mailbox: MAILBOX.to_owned(),
    })
    .await?;
    let load = Load::start(server.lmtp, options.connections).await?;
    tokio::time::sleep(WARM_UP).await;
    load.reset();
    let before_ms = server.cpu_ms()?;
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    let cpu_ms = server.cpu_ms()? - before_ms;
    let mut measured = load.finish().await;
    let memory_mb = server.peak_memory_mb()?;
    let stored = stored(&server.store_url).await?;
    if stored != measured.acknowledged {
        tracing::error!(
            stored,
            acknowledged = measured.acknowledged,
            "Mails are not where they should be"
        );
        measured.failures += stored.abs_diff(measured.acknowledged);
    }
    let store = if options.postgres.is_some() { "postgres" } else { "sqlite" };
    server.stop().await?;
    Ok(measured.report(cpu_ms, memory_mb, store, options.connections))
}

/// Mails that are in the store.
async fn stored(url: &str) -> anyhow::Result<u64> {
    let options =
        StoreOptions { url: url.to_owned(), connections_max: 1, acquire_timeout_ms: 5_000 };
    let db = Db::open(&options).await?;
    let mut connection = db.read().await?;
    let count = crate::intake::store::count_arrivals(&mut connection.sql()).await?;
    drop(connection);
    db.close().await;
    Ok(count)
}

struct Load {
    shared: Arc<Shared>,
    tasks: Vec<tokio::task::JoinHandle<Latencies>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    next: AtomicU64,
    acknowledged: AtomicU64,
    failures: AtomicU64,
    began: std::sync::Mutex<Option<Instant>>,
    texts: Vec<String>,
}

struct Measured {
    latencies: Latencies,
    acknowledged: u64,
    failures: u64,
    seconds: f64,
}

#[expect(clippy::disallowed_methods, reason = "measures")]
fn now() -> Instant {
    Instant::now()
}

impl Load {
    async fn start(address: SocketAddr, connections: usize) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared { texts: texts(), ..Shared::default() });
        let mut tasks = Vec::with_capacity(connections);
        for _ in 0..connections {
            let connection = Connection::open(address).await?;
            tasks.push(tokio::spawn(send_all(connection, Arc::clone(&shared))));
        }
        Ok(Self { shared, tasks })
    }

    /// The measurement begins.
    fn reset(&self) {
        *self.shared.began.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(now());
    }

    async fn finish(self) -> Measured {
        let began = *self.shared.began.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let seconds = began.map_or(0.0, |began| now().duration_since(began).as_secs_f64());
        self.shared.stop.store(true, Ordering::SeqCst);
        let mut latencies = Latencies::default();
        for task in self.tasks {
            latencies.extend(task.await.unwrap_or_default());
        }
        Measured {
            latencies,
            acknowledged: self.shared.acknowledged.load(Ordering::SeqCst),
            failures: self.shared.failures.load(Ordering::SeqCst),
            seconds,
        }
    }
}

impl Measured {
    fn report(
        mut self,
        cpu_ms: f64,
        memory_mb: f64,
        store: &'static str,
        connections: usize,
    ) -> Report {
        let count = self.latencies.count().max(1) as f64;
        let mails = self.acknowledged;
        Report {
            name: "intake",
            unit: "mails",
            rate_per_s: count / self.seconds.max(0.001),
            cpu_ms_each: cpu_ms / count,
            p50_ms: self.latencies.permille_ms(500),
            p99_ms: self.latencies.permille_ms(990),
            rss_mb: memory_mb,
            failures: self.failures,
            seconds: self.seconds,
            cores: cpu_ms / 1_000.0 / self.seconds.max(0.001),
            // Processor time and memory are the server's alone; 0 for one that is not ours.
            details: json!({ "store": store, "connections": connections, "mails": mails }),
        }
    }
}

/// Sends one mail after the other; gives the times of those begun within the measurement.
async fn send_all(mut connection: Connection, shared: Arc<Shared>) -> Latencies {
    let mut latencies = Latencies::default();
    while !shared.stop.load(Ordering::Relaxed) {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let mail = mail(number, &shared.texts);
        let sender = sender(number);
        let is_measured =
            shared.began.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_some();
        let began = now();
        match connection.send(&sender, &mail).await {
            Ok(()) => {
                shared.acknowledged.fetch_add(1, Ordering::SeqCst);
                if is_measured && !shared.stop.load(Ordering::Relaxed) {
                    let micros = now().duration_since(began).as_micros();
                    latencies.add_micros(i64::try_from(micros).unwrap_or(i64::MAX));
                }
            }
            Err(error) => {
                shared.failures.fetch_add(1, Ordering::SeqCst);
                tracing::error!("A mail was not taken: {error:#}");
                return latencies;
            }
        }
    }
    latencies
}

/// A connection to a listener.
pub(super) struct Connection {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    line: String,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("connecting to the listener")?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let mut connection =
            Self { reader: BufReader::new(reader), writer, line: String::with_capacity(512) };
        connection.expect("220").await?;
        connection.writer.write_all(b"LHLO bench.example\r\n").await?;
        connection.expect("250").await?;
        Ok(connection)
    }

    /// One mail; commands are sent together (RFC 2920).
    pub(super) async fn send(&mut self, sender: &str, mail: &str) -> anyhow::Result<()> {
        let commands = format!("MAIL FROM:<{sender}>\r\nRCPT TO:<{MAILBOX}>\r\nDATA\r\n");
        self.writer.write_all(commands.as_bytes()).await?;
        for code in ["250", "250", "354"] {
            self.expect(code).await?;
        }
        self.writer.write_all(mail.as_bytes()).await?;
        self.expect("250").await
    }

    /// The last line of the next reply begins with this code.
    async fn expect(&mut self, code: &str) -> anyhow::Result<()> {
        loop {
            self.line.clear();
            if self.reader.read_line(&mut self.line).await? == 0 {
                bail!("the server closed the connection");
            }
            if self.line.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
        if !self.line.starts_with(code) {
            bail!("{} instead of {code}", self.line.trim_end());
        }
        Ok(())
    }
}

pub(super) fn sender(number: u64) -> String {
    format!("client{}@mail.example", mix(number) % SENDERS)
}

/// One mail as it goes over the line, ended by a dot.
pub(super) fn mail(number: u64, texts: &[String]) -> String {
    let sender = sender(number);
    let text = &texts[usize::try_from(number % TEXTS).unwrap_or(0)];
    format!(
        "From: Client <{sender}>\r\nTo: {MAILBOX}\r\nSubject: Question {number}\r\n\
         Message-ID: <{number}.{:x}@mail.example>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0200\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"b\"\r\n\r\n\
         {text}\r\n.\r\n",
        mix(number)
    )
}

/// The texts of mails.
pub(super) fn texts() -> Vec<String> {
    (0..TEXTS).map(text).collect()
}

/// Text and HTML of one mail, the same for the same seed.
fn text(seed: u64) -> String {
    const WORDS: [&str; 16] = [
        "рахунок",
        "картка",
        "переказ",
        "кредит",
        "депозит",
        "виписка",
        "дякую",
        "будь",
        "ласка",
        "номер",
        "оплата",
        "account",
        "please",
        "card",
        "transfer",
        "answer",
    ];
    let mut words = String::new();
    let mut state = seed.wrapping_add(1);
    let mut column = 0;
    while words.len() < MAIL_BYTES * 45 / 100 {
        state = mix(state);
        let word = WORDS[usize::try_from(state % 16).unwrap_or(0)];
        words.push_str(word);
        column += word.len() + 1;
        words.push_str(if column > 90 { "\r\n" } else { " " });
        column = if column > 90 { 0 } else { column };
    }
    let html = words.replace("\r\n", "<br>\r\n");
    format!(
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         {words}\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n<html><body><p>{html}</p></body></html>\r\n--b--"
    )
}

/// SplitMix64: a number that looks like chance.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_are_unique_repeatable_and_of_the_size_they_should_have() {
        let texts = texts();
        let first = mail(1, &texts);
        assert_eq!(first, mail(1, &texts));
        assert_ne!(first, mail(1 + TEXTS, &texts));
        assert!((7_500..9_000).contains(&first.len()), "{} bytes", first.len());
        assert!(!first[..first.len() - 5].contains("\r\n."), "no dot to be doubled");
    }
}
