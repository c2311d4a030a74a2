//! Live events on their way to many desks.
//!
//! Its own server: supervisors' desks over real WebSockets, and contacts that arrive through the
//! journal at a steady rate. What is measured is the time from the moment stamped into an event to
//! the moment at which a desk has it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use rozmova_base::id::{InteractionId, QueueId};
use rozmova_base::{Clock, Timestamp};
use rozmova_queue::Input;
use rozmova_queue::config::Medium;
use rozmova_queue::input::Arrival;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::{Latencies, Process, Report, free_folder, scratch_config};
use crate::app::{self, App, Outside, Running};
use crate::auth::users::{self, By, NewUser};
use crate::auth::{Role, Token};
use crate::interaction;
use crate::routing::{self, Author, RoutingDocument};

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Open desks.
    pub desks: usize,
    /// Contacts a second.
    pub events_per_s: u32,
    /// For so long.
    pub seconds: u64,
    /// `http://host:port` of a server that runs, and a supervisor's token for it; its own traffic
    /// is measured.
    pub against: Option<(String, String)>,
}

/// Measures.
pub async fn run(options: Options) -> anyhow::Result<Report> {
    let clock = Arc::new(rozmova_base::time::SystemClock) as Arc<dyn Clock>;
    if let Some((url, token)) = &options.against {
        let host = url.strip_prefix("http://").context("--against is http://host:port")?;
        return measure(&options, host.trim_end_matches('/'), token, &clock, None).await;
    }
    let scratch = Scratch::start().await?;
    let host = scratch.running.address.to_string();
    let report = measure(&options, &host, &scratch.token, &clock, Some(&scratch)).await;
    scratch.stop().await?;
    report
}

async fn measure(
    options: &Options,
    host: &str,
    token: &str,
    clock: &Arc<dyn Clock>,
    scratch: Option<&Scratch>,
) -> anyhow::Result<Report> {
    let (done, mut finished) = mpsc::channel(options.desks.max(1));
    let stop = tokio_util::sync::CancellationToken::new();
    let authorization = format!("Bearer {token}");
    for _ in 0..options.desks {
        let desk = Desk::open(host, &authorization).await?;
        let (clock, stop, done) = (Arc::clone(clock), stop.clone(), done.clone());
        tokio::spawn(async move {
            let _ = done.send(desk.listen(clock.as_ref(), stop).await).await;
        });
    }
    drop(done);
    let process = Process::start();
    let mut sent = 0;
    if let Some(scratch) = scratch {
        sent = scratch.send(options).await?;
        // What is under way arrives.
        tokio::time::sleep(Duration::from_secs(1)).await;
    } else {
        tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    }
    let (elapsed, cpu) = (process.elapsed().as_secs_f64(), process.cpu_seconds());
    stop.cancel();
    let mut latencies = Latencies::default();
    let mut interactions = 0;
    while let Some(heard) = finished.recv().await {
        interactions += heard.interactions;
        latencies.extend(heard.latencies);
    }
    let frames = latencies.count();
    let expected = sent * options.desks as u64;
    Ok(Report {
        name: "live",
        unit: "events delivered to a desk",
        rate_per_s: frames as f64 / elapsed,
        cpu_ms_each: cpu * 1_000.0 / (frames as f64).max(1.0),
        p50_ms: latencies.permille_ms(500),
        p99_ms: latencies.permille_ms(990),
        rss_mb: Process::rss_mb(),
        failures: expected.saturating_sub(interactions),
        seconds: elapsed,
        cores: cpu / elapsed,
        details: json!({
            "desks": options.desks, "contacts": sent, "contacts_per_s": options.events_per_s,
        }),
    })
}

/// An open desk.
pub(super) struct Desk {
    socket: tokio_tungstenite::WebSocketStream<
        tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>,
    >,
}

/// What a desk has heard.
struct Heard {
    latencies: Latencies,
    interactions: u64,
}

impl Desk {
    /// `authorization` is the header's value.
    pub(super) async fn open(host: &str, authorization: &str) -> anyhow::Result<Self> {
        let mut request = format!("ws://{host}/api/v1/live").into_client_request()?;
        let value = HeaderValue::from_str(authorization)?;
        request.headers_mut().insert("authorization", value);
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
        match socket.next().await {
            Some(Ok(Message::Text(hello))) if hello.contains("\"hello\"") => Ok(Self { socket }),
            other => bail!("no hello but {other:?}"),
        }
    }

    /// The next frame; none: the server has closed. Whoever never answers a ping is taken for gone.
    pub(super) async fn next_text(&mut self) -> Option<Utf8Bytes> {
        loop {
            let Message::Text(text) = self.socket.next().await?.ok()? else { continue };
            if !text.starts_with("{\"type\":\"ping\"") {
                return Some(text);
            }
            self.socket.send(Message::text("{\"type\":\"pong\"}")).await.ok()?;
        }
    }

    async fn listen(
        mut self,
        clock: &dyn Clock,
        stop: tokio_util::sync::CancellationToken,
    ) -> Heard {
        let mut heard = Heard { latencies: Latencies::default(), interactions: 0 };
        loop {
            let text = tokio::select! {
                () = stop.cancelled() => return heard,
                text = self.next_text() => text,
            };
            let Some(text) = text else { return heard };
            if let Some((at, name)) = stamp(&text) {
                heard.latencies.add(at, clock.now());
                heard.interactions += u64::from(name == "interaction.changed");
            }
        }
    }
}

/// Time and name of an event, without reading all of it: `{"seq":1,"at":2,"type":"…`.
fn stamp(frame: &str) -> Option<(Timestamp, &str)> {
    let rest = frame.strip_prefix("{\"seq\":")?.split_once("\"at\":")?.1;
    let (at, rest) = rest.split_once(',')?;
    let name = rest.strip_prefix("\"type\":\"")?.split_once('"')?.0;
    Some((Timestamp(at.parse().ok()?), name))
}

/// A server of our own.
struct Scratch {
    running: Running,
    folder: PathBuf,
    token: String,
    queue: QueueId,
}

impl Scratch {
    async fn start() -> anyhow::Result<Self> {
        let folder = free_folder();
        std::fs::create_dir_all(&folder)?;
        let running = app::start(scratch_config(&folder), Outside::system()).await?;
        let app = &running.app;
        let now = app.clock.now();
        let by = By { actor: None, peer: "bench", now, ids: app.ids.as_ref() };
        let new = NewUser {
            login: "bench".to_owned(),
            name: "Bench".to_owned(),
            role: Role::Supervisor,
            language: "en".to_owned(),
        };
        let user = users::add(&app.db, &by, new, None).await?;
        let secret = Token::api(app.random.as_ref());
        users::add_token(&app.db, &by, user.id, "bench", None, &secret).await?;
        let queue = write_routing(app).await?;
        Ok(Self { folder, token: secret.text.clone(), queue, running })
    }

    /// Contacts come in at a steady rate. Gives how many.
    async fn send(&self, options: &Options) -> anyhow::Result<u64> {
        let total = u64::from(options.events_per_s) * options.seconds;
        let every = Duration::from_secs(1) / options.events_per_s.max(1);
        let mut tick = tokio::time::interval(every);
        for number in 1..=total {
            tick.tick().await;
            self.arrive(number).await?;
        }
        Ok(total)
    }

    async fn arrive(&self, number: u64) -> anyhow::Result<()> {
        let app = &self.running.app;
        let id = InteractionId::make(app.ids.as_ref());
        let mut turn = app.dispatch.journal().begin().await?;
        let at = turn.at();
        let new = interaction::store::NewInteraction {
            id,
            number: number.cast_signed(),
            medium: "email",
            direction: "inbound",
            state: "queued",
            subject: "How do I change the limit of my card?",
            from_name: "Olena Koval",
            from_address: "olena.koval@example.ua",
            queue: self.queue,
            at,
        };
        interaction::store::insert(&mut turn.sql(), &new).await?;
        turn.append(Input::ContactArrived(Arrival::new(id, Medium::Email, self.queue)));
        turn.commit().await?;
        Ok(())
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.running.stop().await;
        std::fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}

async fn write_routing(app: &App) -> anyhow::Result<QueueId> {
    let document = RoutingDocument::from_toml("[[queue]]\nname = \"Cards\"")?;
    let author = Author { user: None, peer: "bench".to_owned() };
    let written =
        routing::apply(&app.dispatch, &app.routing, app.ids.as_ref(), &document, author).await?;
    written.queues.first().and_then(|queue| queue.id).context("a queue")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_read_from_the_beginning_of_a_frame() {
        let frame = r#"{"seq":12,"at":345,"type":"queue.changed","data":{"at":1}}"#;
        assert_eq!(stamp(frame), Some((Timestamp(345), "queue.changed")));
        assert_eq!(stamp(r#"{"type":"ping","at":1}"#), None);
    }
}
