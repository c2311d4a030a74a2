//! Brings an engine to the end of the journal, and begins this server's run of it.
//!
//! 1. The same rules replay the same decisions: nothing is looked at twice.
//! 2. Other rules ([`rozmova_queue::RULES`]) may decide otherwise, and what was decided then is in
//!    rows and in people's hands. So each replayed event that has a row must be that row; else the
//!    start is refused and says which version can go on. An orderly stop leaves nothing to replay,
//!    so this concerns only a change of version after a crash.
//! 3. What has no row yet nobody has seen: the new rules decide it.

use std::collections::VecDeque;
use std::sync::Arc;

use rozmova_base::{Clock, Timestamp};
use rozmova_queue::{Engine, Event, Input, Output, RULES};
use tokio::sync::mpsc;

use super::driver::drain;
use super::gate::TimeGate;
use super::journal::{self, Run};
use super::projector::Said;
use super::store;
use crate::store::lease::Lease;
use crate::store::{Db, StoreError};

/// The version that starts are noted with.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

pub(super) struct Replay<'a> {
    pub(super) db: &'a Db,
    pub(super) lease: &'a Lease,
    pub(super) clock: &'a dyn Clock,
    pub(super) said: &'a mpsc::Sender<Said>,
    /// Last event that has a row.
    pub(super) watermark: u64,
    /// The latest time that anything is recorded for.
    pub(super) latest: Timestamp,
}

impl Replay<'_> {
    /// Gives the engine, the last entry it has taken, and the gate from which time goes on.
    pub(super) async fn run(
        self,
        mut engine: Engine,
        snapshot_sequence: i64,
    ) -> Result<(Engine, i64, Arc<TimeGate>), StoreError> {
        let mut proof = self.proof(&engine, snapshot_sequence).await?;
        let mut sequence = snapshot_sequence;
        loop {
            sequence = self.catch_up(&mut engine, sequence, &mut proof).await?;
            let gate = Arc::new(TimeGate::starting_at(self.latest.max(engine.now())));
            let at = gate.enter(self.clock.now());
            if let Some(proof) = &proof {
                proof.clone().finish(engine.clone(), at)?;
            }
            let run = Run { rules: RULES, program: PROGRAM.to_owned() };
            // Refused when the server before this one had one more turn on its way.
            if journal::open_run(self.db, self.lease, (sequence + 1, at), &run).await? {
                let outputs = step(&mut engine, Input::Tick, at);
                self.say(outputs).await;
                gate.taken();
                let replayed = sequence - snapshot_sequence;
                tracing::info!(snapshot = snapshot_sequence, replayed, "The queue is restored");
                return Ok((engine, sequence + 1, gate));
            }
        }
    }

    async fn catch_up(
        &self,
        engine: &mut Engine,
        mut sequence: i64,
        proof: &mut Option<Proof>,
    ) -> Result<i64, StoreError> {
        loop {
            let mut connection = self.db.read().await?;
            let entries = journal::read_after(&mut connection.sql(), sequence).await?;
            drop(connection);
            let Some(last) = entries.last() else { return Ok(sequence) };
            sequence = last.sequence;
            for entry in entries {
                let outputs = step(engine, entry.input, entry.at);
                if let Some(proof) = proof {
                    proof.compare(&outputs)?;
                }
                self.say(outputs).await;
            }
        }
    }

    async fn say(&self, outputs: Vec<Output>) {
        if !outputs.is_empty() {
            let _ = self.said.send(Said { outputs }).await;
        }
    }

    /// What the replay must agree with; `None` when the same rules wrote all of it.
    async fn proof(&self, engine: &Engine, after: i64) -> Result<Option<Proof>, StoreError> {
        let mut connection = self.db.read().await?;
        let sql = &mut connection.sql();
        let runs = journal::runs_after(sql, after).await?;
        let Some(run) = runs.into_iter().find(|run| run.rules != RULES) else { return Ok(None) };
        tracing::warn!(program = run.program, "The journal's end was written by other rules");
        let mut stored = VecDeque::new();
        let mut last = engine.last_seq();
        while last < self.watermark {
            let chunk = store::events_after(sql, last, Timestamp(i64::MIN)).await?;
            let Some(newest) = chunk.last() else { break };
            last = newest.seq;
            stored.extend(chunk);
        }
        Ok(Some(Proof { stored, run }))
    }
}

/// Events that were decided by other rules.
#[derive(Clone)]
struct Proof {
    stored: VecDeque<Event>,
    run: Run,
}

impl Proof {
    fn compare(&mut self, outputs: &[Output]) -> Result<(), StoreError> {
        for output in outputs {
            let Output::Event(event) = output else { continue };
            let Some(stored) = self.stored.pop_front() else { return Ok(()) };
            if stored != *event {
                return Err(self.refusal(stored.seq));
            }
        }
        Ok(())
    }

    /// Time-outs since the last entry have rows, too: all of them are due by now.
    fn finish(mut self, mut engine: Engine, now: Timestamp) -> Result<(), StoreError> {
        self.compare(&step(&mut engine, Input::Tick, now))?;
        match self.stored.front() {
            Some(event) => Err(self.refusal(event.seq)),
            None => Ok(()),
        }
    }

    fn refusal(&self, event: u64) -> StoreError {
        let Run { rules, program } = &self.run;
        StoreError::Fault(format!(
            "the server was not stopped in order, and this version ({PROGRAM}, rules {RULES}) \
             would decide event {event} otherwise than version {program} (rules {rules}) did; \
             start version {program} once, stop it in order (SIGTERM), then start this one"
        ))
    }
}

fn step(engine: &mut Engine, input: Input, at: Timestamp) -> Vec<Output> {
    // What was refused then is refused now.
    let _ = engine.handle(input, at);
    let mut outputs = Vec::new();
    drain(engine, &mut outputs);
    outputs
}
