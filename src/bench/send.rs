//! `rozmova bench send`: mail to a relay on this machine, composed, signed and handed over, with
//! its outcome in the store: everything that the outbox does with an answer.
//!
//! The relay is a task of this process that takes everything, so its share of the CPU is counted
//! too. The times are those of one mail at the relay, from its `MAIL FROM` to the end of its text.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use channel_email::EmailChannel;
use channel_email::config::{DkimConfig, EmailConfig};
use rozmova_base::Clock;
use rozmova_base::id::{IdMaker, InteractionId, MessageId, OutboxId, QueueId};
use rozmova_base::time::SystemClock;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{Latencies, Process, Report, Stopwatch};
use crate::app::SystemIds;
use crate::interaction::store::{self as interactions, NewInteraction};
use crate::media::{MediaConfig, MediaStore};
use crate::message::changes::Changes;
use crate::outbox::{self, Wake};
use crate::store::{Db, StoreOptions, migrate};

/// Mails written in one commit while the bench is prepared.
const WRITTEN_AT_ONCE: usize = 500;
/// Length of each text, in bytes: a long answer.
const TEXT_BYTES: usize = 4_000;
/// Longest wait for all mails to leave.
const PATIENCE: Duration = Duration::from_mins(10);
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// What to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many mails.
    pub mails: usize,
    /// A private key in PEM with which each is signed.
    pub key_file: std::path::PathBuf,
    /// Connections to the relay at once.
    pub connections: u32,
}

/// Sends and measures.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    anyhow::ensure!(options.mails > 0, "nothing to send: --mails must be 1 or more");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = SystemIds::new(Arc::clone(&clock));
    let folder = std::env::temp_dir().join(format!("rozmova-bench-send-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let taken = Taken::default();
    let relay = Relay::start(taken.clone()).await?;
    let db = open(&folder).await?;
    write(&db, &ids, clock.as_ref(), options.mails).await?;
    let media =
        MediaConfig { url: folder.join("media").display().to_string(), ..Default::default() };
    let parts = outbox::Parts {
        db: db.clone(),
        media: MediaStore::open(&media, db.clone())?,
        clock,
        channel: Arc::new(EmailChannel::new(config(relay.address, options), b"a bench's secret")),
        changes: Changes::new().0,
        health: Arc::new(|_| {}),
        wake: Wake::default(),
    };
    let process = Process::start();
    let stop = CancellationToken::new();
    let worker = tokio::spawn(outbox::run(parts, stop.clone()));
    let wanted = options.mails as u64;
    let all = async {
        while taken.count() < wanted || waiting(&db).await? > 0 {
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, all).await.context("the mails did not leave in time")??;
    let (seconds, cpu_seconds) = (process.elapsed().as_secs_f64(), process.cpu_seconds());
    stop.cancel();
    worker.await?;
    let sent = taken.count();
    db.close().await;
    std::fs::remove_dir_all(&folder)?;
    Ok(Report {
        name: "send",
        unit: "signed mails handed to a relay",
        rate_per_s: sent as f64 / seconds,
        cpu_ms_each: cpu_seconds * 1_000.0 / sent as f64,
        p50_ms: taken.permille_ms(500),
        p99_ms: taken.permille_ms(990),
        rss_mb: Process::rss_mb(),
        failures: sent.abs_diff(wanted),
        seconds,
        cores: cpu_seconds / seconds,
        details: json!({ "mails": sent, "connections": options.connections }),
    })
}

fn config(relay: SocketAddr, options: &Options) -> EmailConfig {
    let mut config = EmailConfig::default();
    config.relay.host = relay.ip().to_string();
    config.relay.port = relay.port();
    config.relay.pool_size = options.connections;
    "bounces@bank.example".clone_into(&mut config.bounce_address);
    config.dkim = vec![DkimConfig {
        domain: "bank.example".to_owned(),
        selector: "bench".to_owned(),
        key_file: options.key_file.clone(),
    }];
    config
}

async fn open(folder: &Path) -> anyhow::Result<Db> {
    let url = format!("sqlite:{}", folder.join("bench.db").display());
    let db =
        Db::open(&StoreOptions { url, connections_max: 4, acquire_timeout_ms: 10_000 }).await?;
    migrate::run(&db).await?;
    Ok(db)
}

async fn waiting(db: &Db) -> anyhow::Result<i64> {
    let mut connection = db.read().await?;
    Ok(outbox::store::state(&mut connection.sql()).await?.waiting)
}

/// One contact with so many answers in it, all of them due.
async fn write(db: &Db, ids: &dyn IdMaker, clock: &dyn Clock, mails: usize) -> anyhow::Result<()> {
    let interaction = InteractionId::make(ids);
    let at = clock.now();
    let mut tx = db.begin().await?;
    let new = NewInteraction {
        id: interaction,
        number: 1,
        medium: "email",
        direction: "inbound",
        state: "active",
        subject: "Card",
        from_name: "Olena",
        from_address: "olena@example.ua",
        queue: QueueId::make(ids),
        at,
    };
    interactions::insert(&mut tx.sql(), &new).await?;
    tx.commit().await?;
    let from = channel_contract::Party {
        name: "Bank Example".to_owned(),
        address: "info@bank.example".to_owned(),
    };
    let text = "Добрий день! Ваша картка готова. ".repeat(TEXT_BYTES / 58);
    let numbers: Vec<usize> = (0..mails).collect();
    for chunk in numbers.chunks(WRITTEN_AT_ONCE) {
        let mut tx = db.begin().await?;
        for number in chunk {
            let to = format!("client{number}@example.ua");
            let row = outbox::store::NewOutgoing {
                id: MessageId::make(ids),
                outbox: OutboxId::make(ids),
                interaction,
                kind: "message",
                author: None,
                from: &from,
                recipients: json!({ "to": [{ "name": "Olena", "address": to }] }).to_string(),
                subject: "Re: Card [#1]",
                text: &text,
                references: r#"["question@example.ua"]"#.to_owned(),
                automatic: false,
                not_before: at,
                schedule: None,
                at,
            };
            outbox::store::insert(&mut tx.sql(), &row).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// How long each mail took that the relay has.
#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Latencies>>);

impl Taken {
    fn latencies(&self) -> std::sync::MutexGuard<'_, Latencies> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, begun: Stopwatch) {
        self.latencies().add_micros(begun.micros());
    }

    fn count(&self) -> u64 {
        self.latencies().count() as u64
    }

    fn permille_ms(&self, permille: usize) -> f64 {
        self.latencies().permille_ms(permille)
    }
}

/// A mail server that takes everything and keeps nothing. RFC 5321, as much as is needed.
struct Relay {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Relay {
    async fn start(taken: Taken) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, taken.clone()));
            }
        });
        Ok(Self { address, task })
    }
}

async fn converse(stream: TcpStream, taken: Taken) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    writer.write_all(b"220 bench ESMTP\r\n").await?;
    let (mut line, mut in_data, mut begun) = (Vec::new(), false, Stopwatch::start());
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        if in_data && line != b".\r\n" {
            continue;
        }
        let reply: &[u8] = if in_data {
            in_data = false;
            taken.add(begun);
            b"250 2.0.0 taken\r\n"
        } else if line.starts_with(b"DATA") {
            in_data = true;
            b"354 go on\r\n"
        } else {
            if line.starts_with(b"MAIL") {
                begun = Stopwatch::start();
            }
            b"250 ok\r\n"
        };
        writer.write_all(reply).await?;
    }
}
