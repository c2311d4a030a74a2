//! The shell as a whole, on both databases: what is committed is carried out, once, also across a
//! death of the process.

use rozmova_base::id::{InteractionId, OfferId, QueueId, UserId};
use rozmova_base::time::MockClock;
use rozmova_base::{Clock, Timestamp};
use rozmova_queue::config::{AgentConfig, Medium, QueueConfig, Service};
use rozmova_queue::input::Arrival;
use rozmova_queue::view::ContactState;
use rozmova_queue::{EventKind, Rejected};

use super::*;
use crate::store::lease::{Lease, LeaseTimes};
use crate::store::{Db, Sql, StoreError};
use crate::{each_db, execute, fetch_all, fetch_one};

const QUEUE: QueueId = QueueId::from_u128(1);
const ANA: UserId = UserId::from_u128(2);
const BEGIN: Timestamp = Timestamp::from_seconds(1_800_000_000);

struct Centre {
    db: Db,
    clock: Arc<MockClock>,
    dispatch: Dispatch,
    committed: tokio::sync::Mutex<mpsc::Receiver<Committed>>,
}

impl Centre {
    async fn start(db: &Db, clock: Arc<MockClock>, snapshot_every_inputs: i64) -> Self {
        let options = DispatchOptions { snapshot_every_inputs, ..DispatchOptions::default() };
        Self::start_with(db, Lease::alone(), clock, options).await
    }

    async fn start_with(
        db: &Db,
        lease: Lease,
        clock: Arc<MockClock>,
        options: DispatchOptions,
    ) -> Self {
        let dyn_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let started = Dispatch::start(db.clone(), lease, dyn_clock, options).await;
        let (dispatch, committed) = started.expect("a queue");
        Self { db: db.clone(), clock, dispatch, committed: committed.into() }
    }

    async fn set_up(db: &Db) -> Self {
        Self::set_up_with(db, Lease::alone()).await
    }

    async fn set_up_with(db: &Db, lease: Lease) -> Self {
        let clock = Arc::new(MockClock::at(BEGIN));
        let centre = Self::start_with(db, lease, clock, DispatchOptions::default()).await;
        let mut ana = AgentConfig::new(ANA, "Ana");
        ana.serves.push(Service { queue: QUEUE, ring: 1 });
        for input in [
            Input::PutQueue(QueueConfig::new(QUEUE, "Cards")),
            Input::PutAgent(ana),
            Input::SignedIn { agent: ANA },
            Input::SetReady { agent: ANA },
        ] {
            centre.dispatch.submit(input).await.expect("taken");
        }
        centre
    }

    /// As a process that is killed: nothing more is done, nothing is said good-bye to.
    async fn die(self) -> Arc<MockClock> {
        for task in self.dispatch.0.tasks.lock().await.drain(..) {
            task.abort();
            let _ = task.await;
        }
        self.clock
    }

    async fn arrive(&self, number: u128) -> InteractionId {
        let interaction = InteractionId::from_u128(number);
        let mut turn = self.dispatch.journal().begin().await.expect("a turn");
        insert_interaction(&mut turn.sql(), interaction).await.expect("inserted");
        turn.append(Input::ContactArrived(Arrival::new(interaction, Medium::Email, QUEUE)));
        for verdict in turn.commit().await.expect("committed") {
            let applied = verdict.wait().await.expect("taken");
            self.dispatch.wait_until_shown(applied).await;
        }
        interaction
    }

    async fn engine_text(&self) -> String {
        self.dispatch
            .read(|engine| serde_json::to_string(engine).expect("JSON"))
            .await
            .expect("a running queue")
    }

    async fn state(&self, interaction: InteractionId) -> String {
        let mut connection = self.db.read().await.expect("a connection");
        let row = fetch_one!(
            &mut connection.sql(),
            (String,),
            "SELECT state FROM interaction WHERE id = $1",
            interaction
        );
        row.await.expect("a row").0
    }

    async fn events(&self) -> Vec<rozmova_queue::Event> {
        let mut connection = self.db.read().await.expect("a connection");
        store::events_after(&mut connection.sql(), 0, Timestamp(0)).await.expect("events")
    }

    async fn open_offer(&self) -> OfferId {
        let mut connection = self.db.read().await.expect("a connection");
        let rows = fetch_all!(
            &mut connection.sql(),
            (OfferId,),
            "SELECT id FROM offer WHERE outcome IS NULL"
        )
        .await
        .expect("offers");
        assert_eq!(rows.len(), 1, "one offer is open");
        rows[0].0
    }
}

async fn insert_interaction(sql: &mut Sql<'_>, id: InteractionId) -> Result<(), StoreError> {
    let number = i64::try_from(id.0.as_u128()).expect("small ids in tests");
    execute!(
        sql,
        "INSERT INTO interaction (id, number, medium, direction, state, subject, identified_by,
           candidates, from_name, from_address, from_key, mailbox, queue_id, priority, received_at,
           last_message_at, unread, readable, disposition_note, event_sequence)
         VALUES ($1, $2, 'email', 'inbound', 'queued', '', 'none', 0, '', '', '', '', $3, 0, $4,
           $4, 0, 1, '', 0)",
        id,
        number,
        QUEUE,
        BEGIN
    )
    .await
    .map(drop)
}

/// Numbers of events count from 1 without a gap: nothing left out, nothing doubled.
fn assert_gapless(events: &[rozmova_queue::Event]) {
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event.seq, index as u64 + 1, "{:?}", event.kind);
    }
}

each_db!(a_contact_goes_from_arrival_to_its_end, |db| {
    let centre = Centre::set_up(&db).await;
    let interaction = centre.arrive(10).await;
    assert_eq!(centre.state(interaction).await, "offered");
    let offer = centre.open_offer().await;
    centre.dispatch.submit(Input::OfferAccepted { offer }).await.expect("accepted");
    assert_eq!(centre.state(interaction).await, "active");
    let again = centre.dispatch.submit(Input::OfferAccepted { offer }).await;
    assert!(matches!(again, Err(SubmitError::Rejected(Rejected::OfferOver(_)))));
    centre.dispatch.submit(Input::ContactEnded { interaction }).await.expect("ended");
    assert_eq!(centre.state(interaction).await, "closed");
    assert_gapless(&centre.events().await);
    let told = centre.committed.lock().await.recv().await.expect("told");
    assert_eq!(told.events[0].seq, 1);
    centre.dispatch.stop().await;
    assert!(centre.dispatch.journal().begin().await.is_err(), "stopped");
});

each_db!(a_killed_queue_comes_back_exactly, |db| {
    let centre = Centre::set_up(&db).await;
    for number in 10..40 {
        centre.arrive(number).await;
    }
    let offer = centre.open_offer().await;
    centre.dispatch.submit(Input::OfferAccepted { offer }).await.expect("accepted");
    let before = centre.engine_text().await;
    let events = centre.events().await;
    let clock = centre.die().await;

    let centre = Centre::start(&db, clock, 1_000_000).await;
    assert_eq!(centre.engine_text().await, before);
    assert_eq!(centre.events().await, events);
    let interaction = centre.arrive(50).await;
    assert_eq!(
        centre
            .dispatch
            .read(move |engine| {
                engine.interaction(interaction).map(|contact| contact.state).expect("known")
            })
            .await
            .expect("running"),
        ContactState::Queued
    );
    assert_gapless(&centre.events().await);
    centre.dispatch.stop().await;
});

each_db!(rows_that_were_not_written_are_written_at_the_next_start, |db| {
    let centre = Centre::set_up(&db).await;
    let interaction = centre.arrive(10).await;
    let events = centre.events().await;
    let clock = centre.die().await;
    let mut tx = db.begin().await.expect("a transaction");
    execute!(&mut tx.sql(), "DELETE FROM event WHERE sequence > 4").await.expect("deleted");
    execute!(&mut tx.sql(), "DELETE FROM offer").await.expect("deleted");
    execute!(&mut tx.sql(), "UPDATE interaction SET state = 'queued'").await.expect("updated");
    tx.commit().await.expect("committed");

    let centre = Centre::start(&db, clock, 1_000_000).await;
    centre.arrive(11).await;
    assert_eq!(centre.events().await[..events.len()], events);
    assert_eq!(centre.state(interaction).await, "offered");
    centre.open_offer().await;
    centre.dispatch.stop().await;
});

each_db!(a_snapshot_saves_reading_the_journal, |db| {
    let centre = Centre::set_up(&db).await;
    let interaction = centre.arrive(10).await;
    let before = centre.engine_text().await;
    let clock = Arc::clone(&centre.clock);
    centre.dispatch.stop().await;
    let mut tx = db.begin().await.expect("a transaction");
    execute!(&mut tx.sql(), "UPDATE journal SET input = '{}' WHERE sequence < 3")
        .await
        .expect("made unreadable");
    tx.commit().await.expect("committed");

    let centre = Centre::start(&db, clock, 2).await;
    assert_eq!(centre.engine_text().await, before);
    for number in 20..30 {
        centre.arrive(number).await;
    }
    assert_eq!(centre.state(interaction).await, "offered");
    centre.dispatch.stop().await;
    let mut connection = db.read().await.expect("a connection");
    let (count,) =
        fetch_one!(&mut connection.sql(), (i64,), "SELECT COUNT(*) FROM engine_snapshot")
            .await
            .expect("counted");
    assert!((1..=3).contains(&count), "{count} snapshots are kept");
});

each_db!(a_snapshot_and_the_entries_after_it_are_worth_the_whole_journal, |db| {
    let centre = Centre::set_up(&db).await;
    let clock = Arc::clone(&centre.clock);
    for number in 10..14 {
        centre.arrive(number).await;
    }
    centre.dispatch.stop().await;

    let centre = Centre::start(&db, Arc::clone(&clock), 1_000_000).await;
    let offer = centre.open_offer().await;
    clock.advance_millis(1_000);
    centre.dispatch.submit(Input::OfferAccepted { offer }).await.expect("accepted");
    centre.arrive(20).await;
    let before = centre.engine_text().await;
    centre.die().await;

    // A replay adds an entry of its own, which changes nothing but the time.
    let whole = DispatchOptions { starts_from_snapshot: false, ..DispatchOptions::default() };
    for options in [DispatchOptions::default(), whole] {
        let centre = Centre::start_with(&db, Lease::alone(), Arc::clone(&clock), options).await;
        assert_eq!(centre.engine_text().await, before, "{options:?}");
        centre.die().await;
    }
});

each_db!(a_damaged_snapshot_is_passed_over, |db| {
    let centre = Centre::set_up(&db).await;
    let clock = Arc::clone(&centre.clock);
    centre.arrive(10).await;
    let before = centre.engine_text().await;
    centre.dispatch.stop().await;
    let mut connection = db.read().await.expect("a connection");
    let (state,) = fetch_one!(
        &mut connection.sql(),
        (Vec<u8>,),
        "SELECT state FROM engine_snapshot ORDER BY sequence DESC LIMIT 1"
    )
    .await
    .expect("a snapshot");
    drop(connection);
    // The place of a contact in the queue, as a bit that tipped over on the disk would change it.
    let key = b"\"key_ms\":1";
    let found = state.windows(key.len()).position(|window| window == key).expect("a contact");
    let mut damaged = state;
    damaged[found + key.len() - 1] = b'2';
    let mut tx = db.begin().await.expect("a transaction");
    execute!(&mut tx.sql(), "UPDATE engine_snapshot SET state = $1", damaged.as_slice())
        .await
        .expect("updated");
    tx.commit().await.expect("committed");

    let centre = Centre::start(&db, clock, 1_000_000).await;
    assert_eq!(centre.engine_text().await, before, "from the journal alone");
    centre.dispatch.stop().await;
});

each_db!(a_gap_in_the_journal_is_told_and_not_passed_over, |db| {
    let centre = Centre::set_up(&db).await;
    let clock = centre.die().await;
    let mut tx = db.begin().await.expect("a transaction");
    execute!(&mut tx.sql(), "DELETE FROM journal WHERE sequence = 2").await.expect("deleted");
    tx.commit().await.expect("committed");
    let started =
        Dispatch::start(db.clone(), Lease::alone(), clock, DispatchOptions::default()).await;
    let error = started.expect_err("refused").to_string();
    assert!(error.contains("journal entry 2 is missing"), "{error}");
});

each_db!(a_turn_that_is_dropped_uses_no_number_up, |db| {
    let centre = Centre::set_up(&db).await;
    let mut turn = centre.dispatch.journal().begin().await.expect("a turn");
    turn.append(Input::Tick);
    drop(turn);
    centre.dispatch.submit(Input::Tick).await.expect("taken");
    let mut connection = db.read().await.expect("a connection");
    let entries = read_after(&mut connection.sql(), 0).await.expect("no gap");
    assert_eq!(entries.len(), 6, "one of them is the start");
    centre.dispatch.stop().await;
});

each_db!(an_offer_times_out_by_the_clock, |db| {
    let centre = Centre::set_up(&db).await;
    let interaction = centre.arrive(10).await;
    centre.clock.advance_millis(61_000);
    centre.dispatch.submit(Input::Tick).await.expect("taken");
    let events = centre.events().await;
    let timed_out = events.iter().find(|event| event.kind == EventKind::OfferTimedOut);
    let timed_out = timed_out.expect("an offer that timed out");
    assert_eq!(timed_out.at, BEGIN.plus_millis(60_000), "at its own time");
    assert_eq!(centre.state(interaction).await, "queued");
    centre.dispatch.stop().await;
});

each_db!(a_failed_commit_leaves_no_hole, |db| {
    let centre = Centre::set_up(&db).await;
    let mut turn = centre.dispatch.journal().begin().await.expect("a turn");
    // Another server wrote the next entry.
    execute!(&mut turn.sql(), "INSERT INTO journal (sequence, at, input) VALUES (6, 0, '{}')")
        .await
        .expect("inserted");
    turn.append(Input::Tick);
    let error = turn.commit().await.expect_err("refused").to_string();
    assert!(error.contains("another server"), "{error}");
    centre.dispatch.submit(Input::Tick).await.expect("taken afterwards");
    centre.dispatch.stop().await;
});

each_db!(a_commit_with_unknown_outcome_is_looked_up, |db| {
    let centre = Centre::set_up(&db).await;
    let journal = centre.dispatch.journal();
    let lost = journal.pretend_unknown_commit(Input::SignedOut { agent: ANA }, false).await;
    let kept = journal.pretend_unknown_commit(Input::Tick, true).await;
    centre.dispatch.submit(Input::Tick).await.expect("taken");
    assert!(matches!(lost.wait().await, Err(SubmitError::Stopped)), "it is not in the journal");
    kept.wait().await.expect("it is in the journal, so the engine took it");
    let is_signed_in = centre.dispatch.read(|engine| {
        engine
            .agent(ANA)
            .is_some_and(|agent| agent.state != rozmova_queue::view::AgentState::Offline)
    });
    assert!(is_signed_in.await.expect("running"));
    let mut connection = db.read().await.expect("a connection");
    assert_eq!(read_after(&mut connection.sql(), 0).await.expect("no gap").len(), 7);
    centre.dispatch.stop().await;
});

/// Signs of life that come only when asked for, and an absence of them that is soon noticed.
const QUIET: LeaseTimes =
    LeaseTimes { renew: Duration::from_hours(1), expiry: Duration::from_millis(300) };

each_db!(a_server_whose_store_was_taken_over_writes_nothing_more, |db| {
    let old_lease = Lease::take_row(&db, QUIET).await.expect("free");
    let old = Centre::set_up_with(&db, old_lease.clone()).await;
    let contact = old.arrive(10).await;
    // It is paused, and taken for dead.
    let lease = Lease::take_row(&db, QUIET).await.expect("taken over");
    let clock = Arc::clone(&old.clock);
    let new = Centre::start_with(&db, lease, clock, DispatchOptions::default()).await;
    assert!(!old_lease.is_lost(), "it does not know yet");
    let refused = old.dispatch.submit(Input::SignedOut { agent: ANA }).await;
    assert!(matches!(refused, Err(SubmitError::Store(_))), "{refused:?}");
    // The renewal that the refusal asked for tells it.
    tokio::time::timeout(Duration::from_secs(20), old_lease.lost()).await.expect("it knows");
    assert!(old.dispatch.journal().begin().await.is_err());
    new.clock.advance_millis(61_000);
    new.dispatch.submit(Input::Tick).await.expect("taken");
    assert_eq!(new.state(contact).await, "queued", "the offer timed out");
    assert_gapless(&new.events().await);
    let mut connection = db.read().await.expect("a connection");
    let entries = read_after(&mut connection.sql(), 0).await.expect("no gap");
    assert_eq!(entries.len(), 8, "two starts, four settings, a contact, a tick");
    drop(connection);
    new.dispatch.stop().await;
    old.dispatch.stop().await;
});

each_db!(a_commit_of_unknown_outcome_is_nobodys_after_a_take_over, |db| {
    let old_lease = Lease::take_row(&db, QUIET).await.expect("free");
    let old = Centre::set_up_with(&db, old_lease.clone()).await;
    let lost = old.dispatch.journal().pretend_unknown_commit(Input::Tick, false).await;
    let lease = Lease::take_row(&db, QUIET).await.expect("taken over");
    let clock = Arc::clone(&old.clock);
    // Its first entry has the number that the other's would have had.
    let new = Centre::start_with(&db, lease, clock, DispatchOptions::default()).await;
    assert!(old.dispatch.journal().begin().await.is_err(), "that entry is another's");
    old.dispatch.stop().await;
    drop(old);
    assert!(matches!(lost.wait().await, Err(SubmitError::Stopped)));
    new.dispatch.stop().await;
});

each_db!(a_turn_without_inputs_is_fenced_too, |db| {
    let old = Centre::set_up_with(&db, Lease::take_row(&db, QUIET).await.expect("free")).await;
    let lease = Lease::take_row(&db, QUIET).await.expect("taken over");
    let clock = Arc::clone(&old.clock);
    let new = Centre::start_with(&db, lease, clock, DispatchOptions::default()).await;
    let mut turn = old.dispatch.journal().begin().await.expect("a turn");
    insert_interaction(&mut turn.sql(), InteractionId::from_u128(77)).await.expect("inserted");
    turn.commit().await.expect_err("the store is another's");
    let mut connection = db.read().await.expect("a connection");
    let rows = fetch_one!(&mut connection.sql(), (i64,), "SELECT COUNT(*) FROM interaction");
    assert_eq!(rows.await.expect("counted"), (0,));
    drop(connection);
    old.dispatch.stop().await;
    new.dispatch.stop().await;
});

/// As if an older version had written all of the journal.
async fn pretend_older_rules(db: &Db) {
    let mut tx = db.begin().await.expect("a transaction");
    let text = "UPDATE journal_run SET rules = 0, program = '0.0.9'";
    execute!(&mut tx.sql(), text).await.expect("updated");
    tx.commit().await.expect("committed");
}

each_db!(newer_rules_go_on_where_they_decide_as_the_older_did, |db| {
    let centre = Centre::set_up(&db).await;
    let interaction = centre.arrive(10).await;
    centre.clock.advance_millis(61_000);
    centre.dispatch.submit(Input::Tick).await.expect("taken");
    let events = centre.events().await;
    let clock = centre.die().await;
    pretend_older_rules(&db).await;
    let centre = Centre::start(&db, clock, 1_000_000).await;
    assert_eq!(centre.events().await, events);
    assert_eq!(centre.state(interaction).await, "queued");
    centre.dispatch.stop().await;
});

each_db!(newer_rules_that_decide_otherwise_are_refused_until_an_orderly_stop, |db| {
    let centre = Centre::set_up(&db).await;
    centre.arrive(10).await;
    let clock = centre.die().await;
    pretend_older_rules(&db).await;
    let mut tx = db.begin().await.expect("a transaction");
    let text = "UPDATE event SET agent_id = NULL WHERE kind = 'offered'";
    assert_eq!(execute!(&mut tx.sql(), text).await.expect("updated"), 1);
    tx.commit().await.expect("committed");
    let options = DispatchOptions::default();
    let dyn_clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let started = Dispatch::start(db.clone(), Lease::alone(), dyn_clock, options).await;
    let error = started.expect_err("refused").to_string();
    assert!(error.contains("start version 0.0.9 once, stop it in order"), "{error}");
    // The older version, whose rules these are, stops in order: nothing is left to replay.
    let mut tx = db.begin().await.expect("a transaction");
    let text = "UPDATE journal_run SET rules = $1";
    execute!(&mut tx.sql(), text, rozmova_queue::RULES).await.expect("updated");
    tx.commit().await.expect("committed");
    Centre::start(&db, Arc::clone(&clock), 1_000_000).await.dispatch.stop().await;
    pretend_older_rules(&db).await;
    Centre::start(&db, clock, 1_000_000).await.dispatch.stop().await;
});
