//! The one task that owns the engine: takes work in order, sleeps until the next time-out.

use std::sync::Arc;
use std::time::Duration;

use rozmova_base::Clock;
use rozmova_queue::{Engine, Input, Output};
use tokio::sync::mpsc;

use super::gate::TimeGate;
use super::journal::{Applied, Entry};
use super::projector::Said;
use super::snapshot::SnapshotJob;
use super::{DispatchOptions, Work};

/// Longest sleep: a clock that was moved is noticed after it.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// A due time-out that must wait for an input on its way is looked at again after this.
const HELD_BACK: Duration = Duration::from_millis(2);

pub(super) struct Driver {
    pub(super) engine: Engine,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) gate: Arc<TimeGate>,
    pub(super) work: mpsc::Receiver<Work>,
    pub(super) said: mpsc::Sender<Said>,
    pub(super) snapshots: mpsc::Sender<SnapshotJob>,
    pub(super) options: DispatchOptions,
    /// Last journal entry that the engine has taken.
    pub(super) sequence: i64,
    pub(super) snapshot_sequence: i64,
}

impl Driver {
    pub(super) async fn run(mut self) {
        loop {
            let sleep = self.sleep();
            tokio::select! {
                biased;
                work = self.work.recv() => match work {
                    Some(Work::Inputs(entries)) => self.take(entries).await,
                    Some(Work::Read(look)) => look(&self.engine),
                    Some(Work::Stop) | None => break,
                },
                () = tokio::time::sleep(sleep) => self.tick().await,
            }
        }
        self.finish().await;
    }

    fn sleep(&self) -> Duration {
        let Some((due, _)) = self.engine.next_timeout() else { return SLEEP_MAX };
        let wait_micros = due.as_micros().saturating_sub(self.clock.now().as_micros());
        match u64::try_from(wait_micros) {
            Ok(wait_micros) if wait_micros > 0 => Duration::from_micros(wait_micros).min(SLEEP_MAX),
            Ok(_) | Err(_) => HELD_BACK,
        }
    }

    async fn take(&mut self, entries: Vec<Entry>) {
        let mut outputs = Vec::new();
        let mut verdicts = Vec::with_capacity(entries.len());
        for entry in entries {
            let result = self.engine.handle(entry.input, entry.at);
            drain(&mut self.engine, &mut outputs);
            self.sequence = entry.sequence;
            let applied = Applied { event_sequence: self.engine.last_seq() };
            if let Err(rejected) = &result {
                tracing::debug!(entry = entry.sequence, %rejected, "Refused an input");
            }
            verdicts.push((entry.verdict, result.map(|()| applied)));
        }
        self.gate.taken();
        self.say(outputs).await;
        for (verdict, result) in verdicts {
            let _ = verdict.send(result);
        }
        self.offer_snapshot();
    }

    async fn tick(&mut self) {
        let now = self.gate.advance(self.clock.now());
        let is_due = self.engine.next_timeout().is_some_and(|(due, _)| due <= now);
        if is_due {
            let mut outputs = Vec::new();
            // A tick asks for nothing that could be refused.
            let _ = self.engine.handle(Input::Tick, now);
            drain(&mut self.engine, &mut outputs);
            self.say(outputs).await;
        }
    }

    async fn say(&self, outputs: Vec<Output>) {
        if !outputs.is_empty() {
            // The projector ends after the driver; if it has failed, the rows follow at the next
            // start.
            let _ = self.said.send(Said { outputs }).await;
        }
    }

    /// A snapshot costs the driver a copy of the engine; writing is done elsewhere. When the last
    /// one is still being written, this one is left out.
    fn offer_snapshot(&mut self) {
        if self.sequence - self.snapshot_sequence < self.options.snapshot_every_inputs {
            return;
        }
        if let Ok(permit) = self.snapshots.try_reserve() {
            permit.send(self.snapshot());
        }
        self.snapshot_sequence = self.sequence;
    }

    fn snapshot(&self) -> SnapshotJob {
        SnapshotJob {
            sequence: self.sequence,
            at: self.engine.now(),
            event_sequence: self.engine.last_seq(),
            engine: self.engine.clone(),
        }
    }

    async fn finish(mut self) {
        self.work.close();
        while let Some(work) = self.work.recv().await {
            match work {
                Work::Inputs(entries) => self.take(entries).await,
                Work::Read(look) => look(&self.engine),
                Work::Stop => {}
            }
        }
        let _ = self.snapshots.send(self.snapshot()).await;
    }
}

pub(super) fn drain(engine: &mut Engine, outputs: &mut Vec<Output>) {
    while let Some(output) = engine.poll_output() {
        outputs.push(output);
    }
}
