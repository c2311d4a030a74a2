//! The journal: inputs of the engine in the order in which it takes them, written before any
//! effect.
//!
//! 1. One [`Turn`] at a time: the order of turns is the order of commits and of the engine.
//! 2. Rows that belong to an input are written in its turn: all of it becomes durable, or nothing.
//! 3. Sequence numbers count from 1 without a gap. A turn that is rolled back uses none up.
//! 4. Once a commit has begun it is carried to its end, whatever becomes of the caller's future.
//! 5. The next number is the fence between servers: a start writes an entry of its own
//!    ([`open_run`]), so whoever wrote before and does not know of it yet takes a number that is
//!    taken, and his turn comes to nothing. That costs no statement. A turn without inputs asks the
//!    lease.
//! 6. A commit whose outcome is unknown (connection lost) is looked up before the next turn begins;
//!    its inputs reach the engine if, and only if, they are in the table.
//!
//! Whoever holds a turn must not wait for [`super::Dispatch::submit`], which needs one too; and on
//! SQLite whoever holds a write transaction must not wait for a turn: both need the one writer.

use std::sync::Arc;

use rozmova_base::{Clock, Timestamp};
use rozmova_queue::{Engine, Input, Rejected};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};

use super::gate::TimeGate;
use super::{SubmitError, Work};
use crate::store::lease::Lease;
use crate::store::{Db, Sql, StoreError, Tx};
use crate::{execute, fetch_all, fetch_one, fetch_optional, insert_rows};

/// Entries read at once when the journal is replayed: a few hundred kilobytes.
const REPLAY_CHUNK: i64 = 1_000;
/// Snapshots kept. One would do; the others are for the case that it cannot be read.
const SNAPSHOTS_KEPT: i64 = 3;

/// Gives turns. Cheap to clone.
#[derive(Clone)]
pub struct Journal(Arc<Shared>);

struct Shared {
    db: Db,
    lease: Lease,
    clock: Arc<dyn Clock>,
    gate: Arc<TimeGate>,
    work: mpsc::Sender<Work>,
    tail: Arc<Mutex<Tail>>,
}

/// The end of the journal.
struct Tail {
    last_sequence: i64,
    /// Entries of a commit whose outcome is not known yet.
    unknown: Option<(Vec<Entry>, OnTheWay)>,
}

/// One input on its way to the engine.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) sequence: i64,
    pub(super) at: Timestamp,
    pub(super) input: Input,
    pub(super) verdict: oneshot::Sender<Result<Applied, Rejected>>,
}

/// That the engine took an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Number of the last event that the engine has said since; see
    /// [`super::Dispatch::wait_until_shown`].
    pub event_sequence: u64,
}

/// What the engine says of one input: to be waited for.
#[derive(Debug)]
pub struct Verdict(oneshot::Receiver<Result<Applied, Rejected>>);

impl Verdict {
    /// Waits for the engine.
    pub async fn wait(self) -> Result<Applied, SubmitError> {
        match self.0.await {
            Ok(Ok(applied)) => Ok(applied),
            Ok(Err(rejected)) => Err(SubmitError::Rejected(rejected)),
            Err(_) => Err(SubmitError::Stopped),
        }
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Journal").finish_non_exhaustive()
    }
}

impl Journal {
    pub(super) fn new(
        (db, lease): (Db, Lease),
        clock: Arc<dyn Clock>,
        gate: Arc<TimeGate>,
        work: mpsc::Sender<Work>,
        last_sequence: i64,
    ) -> Self {
        let tail = Arc::new(Mutex::new(Tail { last_sequence, unknown: None }));
        Self(Arc::new(Shared { db, lease, clock, gate, work, tail }))
    }

    /// Waits for its turn and begins a write transaction.
    pub async fn begin(&self) -> Result<Turn, StoreError> {
        let shared = Arc::clone(&self.0);
        let mut tail = Arc::clone(&shared.tail).lock_owned().await;
        if shared.work.is_closed() {
            return Err(StoreError::Unavailable("the queue has stopped".to_owned()));
        }
        shared.lease.unless_lost()?;
        shared.look_up(&mut tail).await?;
        let tx = shared.db.begin().await?;
        let at = shared.gate.enter(shared.clock.now());
        let on_the_way = OnTheWay(Some(Arc::clone(&shared.gate)));
        Ok(Turn { tx, at, inputs: Vec::new(), on_the_way, tail, shared })
    }
}

/// The right to write to the journal, and a write transaction. Dropped without [`Turn::commit`],
/// nothing has happened.
pub struct Turn {
    // Dropped in this order: the transaction ends before the next turn can begin.
    tx: Tx,
    at: Timestamp,
    inputs: Vec<Input>,
    on_the_way: OnTheWay,
    tail: OwnedMutexGuard<Tail>,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Turn").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Turn {
    /// For rows that are to become durable with the inputs.
    pub fn sql(&mut self) -> Sql<'_> {
        self.tx.sql()
    }

    /// The time of this turn and of all its inputs. Never before that of an earlier turn.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Adds an input.
    pub fn append(&mut self, input: Input) {
        self.inputs.push(input);
    }

    /// Adds inputs if the engine will take them all; else none, and says why not. Rows that belong
    /// to them can be written after it: they will not have to be taken back.
    pub async fn append_all(&mut self, inputs: Vec<Input>) -> Result<(), SubmitError> {
        let tried = inputs.clone();
        self.rehearse(move |engine, at| {
            tried.into_iter().try_for_each(|input| engine.handle(input, at))
        })
        .await??;
        self.inputs.extend(inputs);
        Ok(())
    }

    /// Gives a copy of the engine, and the time of this turn: what an input does to the copy it
    /// will do at the commit, since nothing can come in between. Must be called before the first
    /// input is added and before rows are locked; costs the queue a copy of itself, so it is for
    /// what people do, not for what comes in.
    pub async fn rehearse<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Engine, Timestamp) -> T + Send + 'static,
    ) -> Result<T, SubmitError> {
        let (answer, receiver) = oneshot::channel();
        let at = self.at;
        let work = Work::Read(Box::new(move |engine: &Engine| {
            let _ = answer.send(act(&mut engine.clone(), at));
        }));
        self.shared.work.send(work).await.map_err(|_| SubmitError::Stopped)?;
        receiver.await.map_err(|_| SubmitError::Stopped)
    }

    /// Makes rows and inputs durable, then hands the inputs to the engine; gives what the engine
    /// says of each, in order. An error means that nothing has happened, unless the store went away
    /// in the very moment: then it is found out as soon as the store answers again.
    pub async fn commit(self) -> Result<Vec<Verdict>, StoreError> {
        tokio::spawn(self.commit_to_the_end())
            .await
            .unwrap_or_else(|error| Err(StoreError::Fault(error.to_string())))
    }

    async fn commit_to_the_end(mut self) -> Result<Vec<Verdict>, StoreError> {
        let (entries, verdicts) = self.number_inputs();
        if entries.is_empty() {
            self.shared.lease.check(&mut self.tx.sql()).await?;
        } else if let Err(error) = insert(&mut self.tx.sql(), &entries).await {
            self.shared.lease.suspect();
            return Err(error);
        }
        let Self { tx, on_the_way, mut tail, shared, .. } = self;
        match tx.commit().await {
            Ok(()) => {
                shared.hand_over(&mut tail, entries, on_the_way).await;
                Ok(verdicts)
            }
            Err(error) if entries.is_empty() => Err(error),
            Err(error) => {
                tail.unknown = Some((entries, on_the_way));
                match shared.look_up(&mut tail).await {
                    Ok(true) => Ok(verdicts),
                    Ok(false) | Err(_) => Err(error),
                }
            }
        }
    }

    fn number_inputs(&mut self) -> (Vec<Entry>, Vec<Verdict>) {
        let at = self.at;
        let mut sequence = self.tail.last_sequence;
        std::mem::take(&mut self.inputs)
            .into_iter()
            .map(|input| {
                sequence += 1;
                let (verdict, receiver) = oneshot::channel();
                (Entry { sequence, at, input, verdict }, Verdict(receiver))
            })
            .unzip()
    }
}

impl Shared {
    async fn hand_over(&self, tail: &mut Tail, entries: Vec<Entry>, on_the_way: OnTheWay) {
        let Some(last) = entries.last() else { return };
        tail.last_sequence = last.sequence;
        on_the_way.handed_over();
        // A stopped engine gets the inputs from the journal when it starts again.
        let _ = self.work.send(Work::Inputs(entries)).await;
    }

    /// Finds out what became of a commit that ended in an error, and hands its inputs over if they
    /// are there. Gives whether they were.
    async fn look_up(&self, tail: &mut Tail) -> Result<bool, StoreError> {
        let Some((entries, _)) = tail.unknown.as_ref() else { return Ok(false) };
        let mut tx = self.db.begin().await?;
        // Inserting waits for the other transaction if the server is still busy with it; reading
        // alone would see the time before it.
        let committed = insert_one_unless_there(&mut tx.sql(), &entries[0]).await? == 0;
        // Only while the store is ours is that entry ours too.
        self.lease.check(&mut tx.sql()).await?;
        drop(tx);
        if let Some((entries, on_the_way)) = tail.unknown.take()
            && committed
        {
            self.hand_over(tail, entries, on_the_way).await;
        }
        Ok(committed)
    }
}

/// Keeps the engine's time back until the turn is handed over or dropped.
struct OnTheWay(Option<Arc<TimeGate>>);

impl OnTheWay {
    fn handed_over(mut self) {
        self.0 = None;
    }
}

impl Drop for OnTheWay {
    fn drop(&mut self) {
        if let Some(gate) = self.0.take() {
            gate.cancel();
        }
    }
}

fn encode(input: &Input) -> Result<String, StoreError> {
    serde_json::to_string(input).map_err(|error| StoreError::Fault(error.to_string()))
}

async fn insert(sql: &mut Sql<'_>, entries: &[Entry]) -> Result<(), StoreError> {
    let rows = entries
        .iter()
        .map(|entry| Ok((entry.sequence, entry.at, encode(&entry.input)?)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    insert_rows!(sql, "INSERT INTO journal (sequence, at, input) VALUES", 3, "", rows.as_slice(),
        row => row.0, row.1, row.2.as_str())
    .await
    .map(drop)
    .map_err(|error| match error {
        StoreError::Duplicate(text) => {
            StoreError::Fault(format!("another server writes to the journal of this store: {text}"))
        }
        StoreError::Url
        | StoreError::Unavailable(_)
        | StoreError::Collision(_)
        | StoreError::Reference(_)
        | StoreError::Missing
        | StoreError::Fault(_) => error,
    })
}

async fn insert_one_unless_there(sql: &mut Sql<'_>, entry: &Entry) -> Result<u64, StoreError> {
    let input = encode(&entry.input)?;
    execute!(
        sql,
        "INSERT INTO journal (sequence, at, input) VALUES ($1, $2, $3)
         ON CONFLICT (sequence) DO NOTHING",
        entry.sequence,
        entry.at,
        input.as_str()
    )
    .await
}

/// What a server writes when it begins: the number of its first entry, and under which rules the
/// entries from there on are taken. `false`: the number is taken, the server before this one has
/// written once more.
pub(super) async fn open_run(
    db: &Db,
    lease: &Lease,
    first: (i64, Timestamp),
    run: &Run,
) -> Result<bool, StoreError> {
    let (sequence, at) = first;
    let mut tx = db.begin().await?;
    let sql = &mut tx.sql();
    let input = encode(&Input::Tick)?;
    let inserted = execute!(
        sql,
        "INSERT INTO journal (sequence, at, input) VALUES ($1, $2, $3)
         ON CONFLICT (sequence) DO NOTHING",
        sequence,
        at,
        input.as_str()
    );
    if inserted.await? == 0 {
        return Ok(false);
    }
    execute!(
        sql,
        "INSERT INTO journal_run (first_sequence, at, rules, program) VALUES ($1, $2, $3, $4)",
        sequence,
        at,
        run.rules,
        run.program.as_str()
    )
    .await?;
    lease.check(sql).await?;
    tx.commit().await?;
    Ok(true)
}

/// Under which rules a part of the journal was written.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Run {
    /// [`rozmova_queue::RULES`] of then.
    pub(super) rules: i64,
    /// Version of the program.
    pub(super) program: String,
}

/// The runs that wrote entries behind this one, in order.
pub(super) async fn runs_after(sql: &mut Sql<'_>, sequence: i64) -> Result<Vec<Run>, StoreError> {
    fetch_all!(
        sql,
        Run,
        "SELECT rules, program FROM journal_run
         WHERE EXISTS (SELECT 1 FROM journal WHERE sequence > $1)
            AND (first_sequence > $1
                OR first_sequence = (SELECT MAX(first_sequence) FROM journal_run
                    WHERE first_sequence <= $1 + 1))
         ORDER BY first_sequence",
        sequence
    )
    .await
}

/// An entry as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredInput {
    /// Its number.
    pub sequence: i64,
    /// Its time.
    pub at: Timestamp,
    /// What happened.
    pub input: Input,
}

/// The next entries after `sequence`, at most a thousand. They must follow without a gap.
pub async fn read_after(sql: &mut Sql<'_>, sequence: i64) -> Result<Vec<StoredInput>, StoreError> {
    let rows = fetch_all!(
        sql,
        (i64, Timestamp, String),
        "SELECT sequence, at, input FROM journal WHERE sequence > $1 ORDER BY sequence LIMIT $2",
        sequence,
        REPLAY_CHUNK
    )
    .await?;
    let mut expected = sequence;
    rows.into_iter()
        .map(|(sequence, at, text)| {
            expected += 1;
            if sequence != expected {
                return Err(StoreError::Fault(format!("journal entry {expected} is missing")));
            }
            let input = serde_json::from_str(&text).map_err(|error| {
                StoreError::Fault(format!("journal entry {sequence} cannot be read: {error}"))
            })?;
            Ok(StoredInput { sequence, at, input })
        })
        .collect()
}

/// The engine's state after a journal entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) sequence: i64,
    pub(super) at: Timestamp,
    pub(super) state: Vec<u8>,
}

/// Snapshots of one format, newest first.
pub(super) async fn snapshots(sql: &mut Sql<'_>, format: i64) -> Result<Vec<Snapshot>, StoreError> {
    let rows = fetch_all!(
        sql,
        (i64, Timestamp, Vec<u8>),
        "SELECT sequence, at, state FROM engine_snapshot WHERE format = $1
         ORDER BY sequence DESC LIMIT $2",
        format,
        SNAPSHOTS_KEPT
    )
    .await?;
    Ok(rows.into_iter().map(|(sequence, at, state)| Snapshot { sequence, at, state }).collect())
}

/// Writes a snapshot and removes those that are no longer needed.
pub(super) async fn save_snapshot(
    sql: &mut Sql<'_>,
    format: i64,
    snapshot: &Snapshot,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO engine_snapshot (sequence, at, format, state) VALUES ($1, $2, $3, $4)
         ON CONFLICT (sequence) DO UPDATE
         SET at = excluded.at, format = excluded.format, state = excluded.state",
        snapshot.sequence,
        snapshot.at,
        format,
        snapshot.state.as_slice()
    )
    .await?;
    let oldest_kept = fetch_optional!(
        sql,
        (i64,),
        "SELECT sequence FROM engine_snapshot ORDER BY sequence DESC LIMIT 1 OFFSET $1",
        SNAPSHOTS_KEPT - 1
    )
    .await?;
    if let Some((oldest_kept,)) = oldest_kept {
        execute!(sql, "DELETE FROM engine_snapshot WHERE sequence < $1", oldest_kept).await?;
    }
    Ok(())
}

/// The last entry; 0 when there is none.
pub(super) async fn last_sequence(sql: &mut Sql<'_>) -> Result<i64, StoreError> {
    let (last,) = fetch_one!(sql, (Option<i64>,), "SELECT MAX(sequence) FROM journal").await?;
    Ok(last.unwrap_or(0))
}

/// The latest time that anything was recorded for: a clock that was set back must not bring it
/// back.
pub(super) async fn latest_time(sql: &mut Sql<'_>) -> Result<Timestamp, StoreError> {
    let (journal,) = fetch_one!(
        sql,
        (Option<i64>,),
        "SELECT (SELECT at FROM journal ORDER BY sequence DESC LIMIT 1)"
    )
    .await?;
    let (event,) = fetch_one!(
        sql,
        (Option<i64>,),
        "SELECT (SELECT at FROM event ORDER BY sequence DESC LIMIT 1)"
    )
    .await?;
    Ok(Timestamp(journal.unwrap_or(0).max(event.unwrap_or(0))))
}

#[cfg(test)]
impl Journal {
    /// As after a commit that ended in an error: `is_there` is what the store knows of it.
    pub(super) async fn pretend_unknown_commit(&self, input: Input, is_there: bool) -> Verdict {
        let mut turn = self.begin().await.expect("a turn");
        turn.append(input);
        let (entries, mut verdicts) = turn.number_inputs();
        insert(&mut turn.tx.sql(), &entries).await.expect("inserted");
        let Turn { tx, on_the_way, mut tail, .. } = turn;
        if is_there {
            tx.commit().await.expect("committed");
        } else {
            drop(tx);
        }
        tail.unknown = Some((entries, on_the_way));
        verdicts.pop().expect("one verdict")
    }
}
