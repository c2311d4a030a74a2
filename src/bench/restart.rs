//! `rozmova bench restart`: how soon the queue is back, from real rows.
//!
//! First a year passes in a scratch store, through the same turns, journal and rows as in the
//! server. Then the whole journal is replayed, as after a crash without any snapshot; then the
//! server is started on the store some times, as after an orderly stop.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rozmova_base::id::{IdMaker, InteractionId, OfferId, QueueId, SkillId, UserId};
use rozmova_base::time::MockClock;
use rozmova_base::{Clock, Timestamp};
use rozmova_queue::config::{AgentConfig, Medium, QueueConfig, Service, SkillLevel};
use rozmova_queue::input::Arrival;
use rozmova_queue::{EventKind, Input};
use serde_json::json;
use tokio::sync::mpsc;

use super::{Latencies, Process, Report, Stopwatch, free_folder, scratch_config};
use crate::app::{self, Outside};
use crate::dispatch::{Committed, Dispatch, DispatchOptions, Turn};
use crate::interaction::store::{NewInteraction, insert};
use crate::store::Db;
use crate::store::lease::Lease;

const YEAR_MS: i64 = 365 * 86_400_000;
const AGENTS: u128 = 200;
const QUEUES: u128 = 20;
const SKILLS: u128 = 20;
/// Contacts that are open at once: one for each agent.
const CONTACTS_A_ROUND: u128 = AGENTS;
/// From arrival to closing, with the states of the agent.
const EVENTS_A_CONTACT: u64 = 10;
/// Starts of the server: what the first one brings into memory the others find there.
const STARTS: u32 = 5;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Events of the year, at least.
    pub events: u64,
}

/// Measures. Making the year takes some minutes for a million events.
pub async fn run(options: Options) -> anyhow::Result<Report> {
    let folder = free_folder();
    std::fs::create_dir_all(&folder)?;
    let measured = measure(options, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measure(options: Options, folder: &Path) -> anyhow::Result<Report> {
    let config = scratch_config(folder);
    let outside = Outside::system();
    let db = app::open_store(&config).await?;
    let clock = Arc::new(MockClock::at(outside.clock.now().plus_millis(-YEAR_MS)));
    let making = Stopwatch::start();
    let mut year = Year::begin(&db, &clock, outside.ids.as_ref()).await?;
    year.pass(options.events).await?;
    year.dispatch.stop().await;
    let (events, made_s) = (year.events, making.elapsed().as_secs_f64());
    drop(year);

    let process = Process::start();
    let whole = DispatchOptions { starts_from_snapshot: false, ..DispatchOptions::default() };
    let (dispatch, _committed) =
        Dispatch::start(db.clone(), Lease::alone(), Arc::clone(&clock) as Arc<dyn Clock>, whole)
            .await?;
    let (replay_s, cpu_s) = (process.elapsed().as_secs_f64(), process.cpu_seconds());
    let replayed = dispatch.read(|engine| (engine.last_seq(), engine.totals().closed)).await?;
    let rss_mb = Process::rss_mb();
    dispatch.stop().await;
    db.close().await;

    let mut starts = Latencies::default();
    for _ in 0..STARTS {
        let watch = Stopwatch::start();
        let running = app::start(config.clone(), Outside::system()).await?;
        starts.add_micros(watch.micros());
        running.stop().await;
    }
    Ok(Report {
        name: "restart",
        unit: "events replayed",
        rate_per_s: replayed.0 as f64 / replay_s,
        cpu_ms_each: cpu_s * 1_000.0 / (replayed.0 as f64).max(1.0),
        p50_ms: starts.permille_ms(500),
        p99_ms: starts.permille_ms(990),
        rss_mb,
        failures: events.abs_diff(replayed.0),
        seconds: replay_s,
        cores: cpu_s / replay_s,
        // `p50_ms` and `p99_ms` are of starts of the server.
        details: json!({
            "replay_s": replay_s, "events": replayed.0, "contacts": replayed.1,
            "starts": STARTS, "history_made_in_s": made_s,
        }),
    })
}

/// A centre that works through a year.
struct Year<'a> {
    dispatch: Dispatch,
    committed: mpsc::Receiver<Committed>,
    clock: Arc<MockClock>,
    ids: &'a dyn IdMaker,
    contacts: u128,
    /// Number of the last event.
    events: u64,
    offers: Vec<OfferId>,
    in_hand: Vec<InteractionId>,
}

impl<'a> Year<'a> {
    async fn begin(db: &Db, clock: &Arc<MockClock>, ids: &'a dyn IdMaker) -> anyhow::Result<Self> {
        let options = DispatchOptions::default();
        let dyn_clock = Arc::clone(clock) as Arc<dyn Clock>;
        let (dispatch, committed) =
            Dispatch::start(db.clone(), Lease::alone(), dyn_clock, options).await?;
        let clock = Arc::clone(clock);
        let (offers, in_hand) = (Vec::new(), Vec::new());
        let mut year =
            Self { dispatch, committed, clock, ids, contacts: 0, events: 0, offers, in_hand };
        let mut turn = year.dispatch.journal().begin().await?;
        for input in centre() {
            turn.append(input);
        }
        year.take(turn).await?;
        Ok(year)
    }

    async fn pass(&mut self, events: u64) -> anyhow::Result<()> {
        let rounds = events.div_ceil(CONTACTS_A_ROUND as u64 * EVENTS_A_CONTACT).max(1);
        let pause_ms = YEAR_MS / i64::try_from(rounds)?;
        while self.events < events {
            self.round().await?;
            self.clock.advance_millis(pause_ms);
        }
        Ok(())
    }

    /// A contact for every agent, from its arrival to its end.
    async fn round(&mut self) -> anyhow::Result<()> {
        let mut turn = self.dispatch.journal().begin().await?;
        for _ in 0..CONTACTS_A_ROUND {
            self.contacts += 1;
            arrive(&mut turn, InteractionId::make(self.ids), self.contacts).await?;
        }
        self.take(turn).await?;
        // An agent is asked about one mail after the other.
        while !self.offers.is_empty() || !self.in_hand.is_empty() {
            let mut turn = self.dispatch.journal().begin().await?;
            for interaction in self.in_hand.drain(..) {
                turn.append(Input::ContactEnded { interaction });
            }
            for offer in self.offers.drain(..) {
                turn.append(Input::OfferAccepted { offer });
            }
            self.take(turn).await?;
        }
        Ok(())
    }

    /// Commits and waits for the rows; notes what they say is to be done.
    async fn take(&mut self, turn: Turn) -> anyhow::Result<()> {
        let verdicts = turn.commit().await?;
        let mut last = 0;
        for verdict in verdicts {
            last = verdict.wait().await?.event_sequence;
        }
        while self.events < last {
            let group = self.committed.recv().await.context("the queue has stopped")?;
            for event in group.events {
                self.events = event.seq;
                if let EventKind::Offered { .. } = event.kind {
                    self.offers.extend(event.offer);
                } else if let EventKind::Connected { .. } = event.kind {
                    self.in_hand.extend(event.interaction);
                }
            }
        }
        Ok(())
    }
}

fn centre() -> Vec<Input> {
    let queue = |number| QueueId::from_u128(number % QUEUES + 1);
    let queues = (0..QUEUES)
        .map(|number| Input::PutQueue(QueueConfig::new(queue(number), format!("Queue {number}"))));
    let agents = (0..AGENTS).flat_map(|number| {
        let agent = UserId::from_u128(number + 1);
        let mut config = AgentConfig::new(agent, format!("Agent {number}"));
        for step in 0..5 {
            config.serves.push(Service { queue: queue(number + step * 7), ring: 1 });
            let skill = SkillId::from_u128((number + step * 3) % SKILLS + 1);
            config.skills.push(SkillLevel { skill, level: 60 });
        }
        [Input::PutAgent(config), Input::SignedIn { agent }, Input::SetReady { agent }]
    });
    queues.chain(agents).collect()
}

async fn arrive(turn: &mut Turn, id: InteractionId, number: u128) -> anyhow::Result<()> {
    let queue = QueueId::from_u128(number % QUEUES + 1);
    let at: Timestamp = turn.at();
    let new = NewInteraction {
        id,
        number: i64::try_from(number)?,
        medium: "email",
        direction: "inbound",
        state: "queued",
        subject: "How do I change the limit of my card?",
        from_name: "Olena Koval",
        from_address: "olena.koval@example.ua",
        queue,
        at,
    };
    insert(&mut turn.sql(), &new).await?;
    turn.append(Input::ContactArrived(Arrival::new(id, Medium::Email, queue)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_year_is_made_replayed_and_started_on() {
        let report = run(Options { events: 3_000 }).await.expect("measured");
        assert_eq!(report.failures, 0, "every event comes again");
        assert!(report.details["contacts"].as_u64().expect("a number") >= 200);
    }
}
