//! The composition root: builds the parts, starts their tasks, stops them in reverse order.
//!
//! Here alone the machine is asked for chance (ids, tokens); time comes from
//! [`rozmova_base::time::SystemClock`]. Everything else takes them as arguments.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use channel_contract::{Channel, ChannelError};
use jiff::tz::TimeZone;
use rozmova_base::Clock;
use rozmova_base::id::{IdMaker, uuid_v7};
use rozmova_base::time::SystemClock;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::auth::{Passwords, RandomSource};
use crate::channels::{self, Channels};
use crate::config::Config;
use crate::dispatch::{Dispatch, DispatchOptions};
use crate::health::HealthBoard;
use crate::intake::Intake;
use crate::live::{Announcer, Hub, Presence, RightsChanges};
use crate::media::{MediaError, MediaStore};
use crate::message::changes::{Changes, ChangesReceiver};
use crate::message::live::Publisher;
use crate::message::pictures::Pictures;
use crate::message::viewers::Viewers;
use crate::routing::{self, RoutingNow};
use crate::rule::RulesNow;
use crate::rule::now::RulesError;
use crate::setup::Setup;
use crate::store::lease::{Lease, LeaseError, LeaseTimes};
use crate::store::{Db, StoreError, migrate};
use crate::telemetry;
use crate::wallboard::Floor;
use crate::{http, jobs, message};

/// How long a task may take to finish what it has begun when the server stops. Longer than any
/// commit, shorter than the 90 s after which systemd kills.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// Between two looks at whether the channels are open.
const OPENING_PAUSE: Duration = Duration::from_millis(5);

/// Everything that handlers and tasks share: the axum state is `Arc<App>`.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The store.
    pub db: Db,
    /// That it is this server's.
    pub lease: Lease,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdMaker>,
    /// Chance fit for secrets.
    pub random: Arc<dyn RandomSource>,
    /// Hashes.
    pub passwords: Passwords,
    /// Raw mails and files.
    pub media: MediaStore,
    /// The queue.
    pub dispatch: Dispatch,
    /// Ways in and out.
    pub channels: Channels,
    /// What messages refer to.
    pub pictures: Arc<Pictures>,
    /// Who looks at what.
    pub viewers: Arc<Viewers>,
    /// Takes what open screens should know.
    pub changes: Changes,
    /// How the parts fare.
    pub health: HealthBoard,
    /// Who gets what.
    pub routing: RoutingNow,
    /// What becomes of new contacts.
    pub rules: RulesNow,
    /// What goes on now.
    pub floor: Floor,
    /// Live events.
    pub hub: Hub,
    /// Which desks are open.
    pub presence: Presence,
    /// Tells them who may no longer listen.
    pub rights: RightsChanges,
    /// One comparison of the ledger at a time: it reads everything.
    pub reconciling: Arc<Semaphore>,
    /// The first steps of an empty installation.
    pub setup: Setup,
}

impl std::fmt::Debug for App {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("App").field("config", &self.config).finish_non_exhaustive()
    }
}

/// What the server takes from outside itself; tests give their own.
#[derive(Clone)]
pub struct Outside {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdMaker>,
    /// Chance fit for secrets.
    pub random: Arc<dyn RandomSource>,
}

impl Outside {
    /// The machine's clock and chance.
    pub fn system() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = Arc::new(SystemIds::new(Arc::clone(&clock)));
        Self { clock, ids, random: Arc::new(SystemRandom) }
    }
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Outside")
    }
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be opened or brought up to date.
    #[error("the store {url} cannot be opened: {source}; see store.url")]
    Store {
        /// Where, without password.
        url: String,
        /// What it said.
        source: StoreError,
    },
    /// The store belongs to another server.
    #[error("the store {url} cannot be used: {source}; see store.url")]
    Lease {
        /// Where, without password.
        url: String,
        /// Whose it is.
        source: LeaseError,
    },
    /// The place for raw mails and files cannot be used.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The queue cannot be restored.
    #[error("the queue cannot be restored: {source}")]
    Queue {
        /// What the store said.
        source: StoreError,
    },
    /// The rules for what comes in cannot be read.
    #[error("the rules for what comes in cannot be read: {0}")]
    Rules(#[from] RulesError),
    /// A channel cannot be opened.
    #[error("{0}; see the section [channels]")]
    Channel(#[from] ChannelError),
    /// The address is taken, not ours, or needs more rights.
    #[error("cannot listen on {address}: {source}; see http.listen")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A running server.
#[derive(Debug)]
pub struct Running {
    /// What its handlers and tasks share.
    pub app: Arc<App>,
    /// Where it answers HTTP.
    pub address: SocketAddr,
    tasks: Vec<Task>,
}

#[derive(Debug)]
struct Task {
    name: &'static str,
    stop: CancellationToken,
    handle: JoinHandle<()>,
}

/// Opens the store, brings its schema up to date and builds the parts; starts nothing.
async fn build(
    mut config: Config,
    outside: Outside,
) -> Result<(Arc<App>, ChangesReceiver), StartError> {
    let db = open_store(&config).await?;
    let url = config.store.shown_url();
    let setup = Setup::open(&db, outside.random.as_ref(), &mut config)
        .await
        .map_err(|source| StartError::Store { url, source })?;
    let lease = Lease::take(&db, LeaseTimes::default())
        .await
        .map_err(|source| StartError::Lease { url: config.store.shown_url(), source })?;
    let passwords = Passwords::new(config.auth.password_checks_at_once, outside.random.as_ref());
    let media = MediaStore::open(&config.media, db.clone())?;
    let channels = Channels::build(
        &db,
        outside.random.as_ref(),
        &config.channels,
        &config.intake,
        &config.centre.bank_name,
    )
    .await
    .map_err(|source| StartError::Store { url: config.store.shown_url(), source })?;
    let Outside { clock, ids, random } = outside;
    let viewers = Arc::new(Viewers::default());
    let queue = open_queue(&config, (&db, &lease), &clock, &ids, &viewers)
        .await
        .map_err(|source| StartError::Queue { source })?;
    let rules = RulesNow::default();
    let zone = TimeZone::get(&config.centre.time_zone).unwrap_or(TimeZone::UTC);
    rules.refresh(&db, &zone).await?;
    let (changes, changed) = Changes::new();
    let channel = Arc::clone(&channels.email) as Arc<dyn Channel>;
    let pictures = Arc::new(Pictures::new(db.clone(), media.clone(), channel));
    let app = Arc::new(App {
        db,
        lease,
        media,
        channels,
        pictures,
        viewers,
        changes,
        clock,
        ids,
        random,
        passwords,
        health: HealthBoard::default(),
        dispatch: queue.dispatch,
        routing: queue.routing,
        rules,
        floor: queue.floor,
        hub: queue.hub,
        presence: queue.presence,
        rights: RightsChanges::default(),
        reconciling: Arc::new(Semaphore::new(1)),
        setup,
        config,
    });
    Ok((app, changed))
}

struct Queue {
    dispatch: Dispatch,
    routing: RoutingNow,
    floor: Floor,
    hub: Hub,
    presence: Presence,
}

/// Restores the queue from its journal and starts what follows it: rows, figures, live events.
async fn open_queue(
    config: &Config,
    (db, lease): (&Db, &Lease),
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdMaker>,
    viewers: &Arc<Viewers>,
) -> Result<Queue, StoreError> {
    let hub = Hub::new(Arc::clone(clock), ids.next_uuid().to_string());
    let routing = RoutingNow::default();
    routing::store::refresh(db, &routing).await?;
    let options = DispatchOptions::default();
    let (dispatch, committed) =
        Dispatch::start(db.clone(), lease.clone(), Arc::clone(clock), options).await?;
    let zone = TimeZone::get(&config.centre.time_zone).unwrap_or(TimeZone::UTC);
    let floor =
        Floor::open(db.clone(), Arc::clone(clock), dispatch.clone(), routing.clone(), zone).await?;
    let announcer = Announcer {
        db: db.clone(),
        hub: hub.clone(),
        floor: floor.clone(),
        routing: routing.clone(),
        viewers: Arc::clone(viewers),
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
    };
    tokio::spawn(announcer.run(committed));
    let presence = Presence::start(dispatch.clone());
    Ok(Queue { dispatch, routing, floor, hub, presence })
}

/// Opens the store, creating an SQLite file and its folder, and runs the migrations.
pub async fn open_store(config: &Config) -> Result<Db, StartError> {
    let failed = |source| StartError::Store { url: config.store.shown_url(), source };
    if let Some(path) = config.store.url.strip_prefix("sqlite:") {
        let path = path.trim_start_matches("//").split('?').next().unwrap_or_default();
        if let Some(folder) = std::path::Path::new(path).parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| failed(StoreError::Unavailable(error.to_string())))?;
        }
    }
    let db = Db::open(&config.store.options()).await.map_err(failed)?;
    migrate::run(&db).await.map_err(failed)?;
    Ok(db)
}

/// Starts all tasks. When it returns, the address answers.
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    // Before the first counter is touched.
    telemetry::metrics();
    let (app, changed) = build(config, outside).await?;
    let listen = app.config.http.listen;
    let failed = |source| StartError::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let mut running = Running { app, address, tasks: Vec::new() };
    // Tasks in the order of their needs; they stop in the reverse of it.
    running.spawn("queue", stop_queue);
    let publisher = Publisher {
        db: running.app.db.clone(),
        hub: running.app.hub.clone(),
        routing: running.app.routing.clone(),
        pictures: Arc::clone(&running.app.pictures),
        viewers: Arc::clone(&running.app.viewers),
        clock: Arc::clone(&running.app.clock),
        ids: Arc::clone(&running.app.ids),
    };
    running.spawn("messages", |_, stop| message::live::run(publisher, changed, stop));
    running.spawn("jobs", jobs::run);
    running.spawn("examination", channels::examine);
    running.spawn("outbox", channels::send);
    running.receive().await?;
    running.spawn("http", |app, stop| http::serve(app, listener, stop));
    Ok(running)
}

/// Store, queue and intake without listeners, senders, jobs and desk: for an import while no server
/// runs.
#[derive(Debug)]
pub struct Offline {
    /// What the parts share.
    pub app: Arc<App>,
    intake: Intake,
    batches: JoinHandle<()>,
}

impl Offline {
    /// Opens the store and restores the queue. The caller has made sure that no server runs: two
    /// would write into one journal.
    pub async fn open(config: Config, outside: Outside) -> Result<Self, StartError> {
        let (app, _) = build(config, outside).await?;
        let (intake, batches) = channels::start_intake(&app);
        Ok(Self { app, intake, batches })
    }

    /// Finishes what has been begun and closes the store.
    pub async fn close(self) {
        drop(self.intake);
        if let Err(error) = self.batches.await {
            tracing::error!(%error, "Intake ended badly");
        }
        self.app.dispatch.stop().await;
        self.app.lease.release().await;
        self.app.db.close().await;
    }
}

/// The queue has run since it was built; it stops when everything that uses it has stopped.
async fn stop_queue(app: Arc<App>, stop: CancellationToken) {
    stop.cancelled().await;
    app.dispatch.stop().await;
}

impl Running {
    /// Opens the channels; when it returns, they take mail.
    async fn receive(&mut self) -> Result<(), StartError> {
        let (opened, failure) = oneshot::channel();
        self.spawn("channels", |app, stop| async move {
            if let Err(error) = channels::receive(app, stop).await {
                let _ = opened.send(error);
            }
        });
        let config = &self.app.config.channels.email;
        let listeners =
            usize::from(config.smtp_listen.is_some()) + usize::from(config.lmtp_listen.is_some());
        let mut failure = pin!(failure);
        while self.app.channels.email.listening().len() < listeners {
            let looked = tokio::time::timeout(OPENING_PAUSE, failure.as_mut()).await;
            if let Ok(Ok(error)) = looked {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Starts one part. It ends soon after its token is cancelled.
    pub fn spawn<F>(
        &mut self,
        name: &'static str,
        part: impl FnOnce(Arc<App>, CancellationToken) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let handle = tokio::spawn(part(Arc::clone(&self.app), stop.clone()));
        self.tasks.push(Task { name, stop, handle });
    }

    /// Stops the parts, the last started first, and closes the store.
    pub async fn stop(self) {
        // Desks connect again when the server is back.
        self.app.hub.break_stream(self.app.ids.next_uuid().to_string());
        for task in self.tasks.into_iter().rev() {
            task.stop.cancel();
            match tokio::time::timeout(STOP_TIMEOUT, task.handle).await {
                Ok(Ok(())) => tracing::debug!("Stopped {}", task.name),
                Ok(Err(error)) => tracing::error!("{} ended badly: {error}", task.name),
                Err(_) => tracing::warn!("{} did not stop in time", task.name),
            }
        }
        self.app.lease.release().await;
        self.app.db.close().await;
    }
}

/// The operating system's chance.
#[derive(Clone, Copy, Debug)]
pub struct SystemRandom;

impl RandomSource for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system supplies randomness");
    }
}

/// Ids from the clock and chance, each greater than the one before within this process, so that
/// rows made in one millisecond keep their order. RFC 9562 §6.2 (method 2).
#[derive(Debug)]
pub struct SystemIds {
    clock: ClockBox,
    last: Mutex<u128>,
}

struct ClockBox(Arc<dyn Clock>);

impl std::fmt::Debug for ClockBox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Clock")
    }
}

/// The bits of the low part that may be counted up without touching version and variant.
const LOW_BITS: u128 = (1 << 62) - 1;

impl SystemIds {
    /// Ids of this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock: ClockBox(clock), last: Mutex::new(0) }
    }
}

impl IdMaker for SystemIds {
    fn next_uuid(&self) -> Uuid {
        let mut random = [0; 10];
        SystemRandom.fill(&mut random);
        let fresh = uuid_v7(self.clock.0.now(), random).as_u128();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let step = 1 + u128::from(u16::from_be_bytes([random[0], random[1]]));
        let next = if fresh > *last {
            fresh
        } else if (*last & LOW_BITS) + step <= LOW_BITS {
            *last + step
        } else {
            // Once in 2⁴⁵ ids: begin the next millisecond early.
            let low = fresh & ((1 << 80) - 1);
            (((*last >> 80) + 1) << 80) | low
        };
        *last = next;
        Uuid::from_u128(next)
    }
}

#[cfg(test)]
mod tests {
    use rozmova_base::Timestamp;
    use rozmova_base::time::MockClock;

    use super::*;

    #[test]
    fn ids_grow_while_the_clock_stands_still_or_goes_back() {
        let clock = Arc::new(MockClock::at(Timestamp::from_seconds(1_000)));
        let ids = SystemIds::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let mut last = ids.next_uuid();
        for round in 0..10_000 {
            if round == 5_000 {
                clock.advance_millis(-1);
            }
            let next = ids.next_uuid();
            assert!(next > last, "{next} after {last}");
            assert_eq!(next.get_version_num(), 7);
            last = next;
        }
    }
}
