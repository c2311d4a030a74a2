use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use channel_contract::{
    ChannelError, ChannelName, Host, PartContent, RecipientOutcome, RenderedHtml,
};
use rozmova_base::id::{InteractionId, OutboxId, QueueId};
use rozmova_base::time::MockClock;

use super::*;
use crate::media::MediaConfig;
use crate::{each_db, execute, fetch_one};

/// Answers what it was told to, in order, then that all is well; remembers what it was asked.
struct Scripted {
    name: ChannelName,
    answers: Mutex<VecDeque<Result<Vec<RecipientOutcome>, PerformError>>>,
    seen: Mutex<Vec<OutboundMessage>>,
}

#[async_trait]
impl Channel for Scripted {
    fn name(&self) -> &ChannelName {
        &self.name
    }

    async fn run(&self, _: Arc<dyn Host>, _: CancellationToken) -> Result<(), ChannelError> {
        Ok(())
    }

    async fn perform(&self, command: &Outbound) -> Result<Performed, PerformError> {
        let Outbound::SendMessage(message) = command;
        self.seen.lock().expect("no panic").push(message.as_ref().clone());
        match self.answers.lock().expect("no panic").pop_front() {
            Some(Err(error)) => Err(error),
            answer => Ok(Performed {
                external_id: format!("{}@bank.example", message.message),
                receipt: "250 queued".to_owned(),
                recipients: answer.and_then(Result::ok).unwrap_or_default(),
            }),
        }
    }

    fn render_html(&self, _: &[u8]) -> Option<RenderedHtml> {
        None
    }

    fn open_part(&self, _: &[u8], _: u32) -> Option<PartContent> {
        None
    }
}

struct Bench {
    parts: Parts,
    channel: Arc<Scripted>,
    clock: Arc<MockClock>,
    folder: std::path::PathBuf,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const START: Timestamp = Timestamp::from_seconds(1_700_000_000);
const MESSAGE: MessageId = MessageId::from_u128(3);

fn bench(db: &Db, answers: Vec<Result<Vec<RecipientOutcome>, PerformError>>) -> Bench {
    let name = format!("rozmova-outbox-{}-{:?}", std::process::id(), std::thread::current().id());
    let folder = std::env::temp_dir().join(name);
    let config = MediaConfig { url: folder.display().to_string(), ..MediaConfig::default() };
    let channel = Arc::new(Scripted {
        name: ChannelName("test".to_owned()),
        answers: Mutex::new(answers.into()),
        seen: Mutex::default(),
    });
    let clock = Arc::new(MockClock::at(START));
    let parts = Parts {
        db: db.clone(),
        media: MediaStore::open(&config, db.clone()).expect("a media store"),
        clock: clock.clone(),
        channel: channel.clone(),
        changes: Changes::new().0,
        health: Arc::new(|_| {}),
        wake: Wake::default(),
    };
    Bench { parts, channel, clock, folder }
}

async fn write_reply(db: &Db) {
    write_to(db, r#"{"to":[{"name":"","address":"olena@example.ua"}]}"#).await;
}

async fn write_to(db: &Db, recipients: &str) {
    let interaction = InteractionId::from_u128(1);
    let mut tx = db.begin().await.expect("a transaction");
    execute!(
        &mut tx.sql(),
        "INSERT INTO interaction (id, number, medium, direction, state, subject, identified_by,
            candidates, from_name, from_address, from_key, mailbox, queue_id, priority,
            received_at, last_message_at, unread, readable, disposition_note, event_sequence)
         VALUES ($1, 1, 'email', 'inbound', 'active', '', 'none', 0, '', '', '', '', $2, 0, 0, 0,
            0, 1, '', 0)",
        interaction,
        QueueId::from_u128(2)
    )
    .await
    .expect("an interaction");
    let from = Party { name: "Bank".to_owned(), address: "info@bank.example".to_owned() };
    let row = store::NewOutgoing {
        id: MESSAGE,
        outbox: OutboxId::from_u128(4),
        interaction,
        kind: "message",
        author: None,
        from: &from,
        recipients: recipients.to_owned(),
        subject: "Re: card",
        text: "Done.",
        references: r#"["a@x","b@x"]"#.to_owned(),
        automatic: false,
        not_before: START.plus_millis(UNDO_MS),
        schedule: None,
        at: START,
    };
    store::insert(&mut tx.sql(), &row).await.expect("written");
    tx.commit().await.expect("committed");
}

async fn row(db: &Db) -> (String, i64, String) {
    let mut connection = db.read().await.expect("a connection");
    fetch_one!(
        &mut connection.sql(),
        (String, i64, String),
        "SELECT state, attempts, detail FROM outbox"
    )
    .await
    .expect("a row")
}

each_db!(a_reply_leaves_after_its_undo_time, |db| {
    write_reply(&db).await;
    let bench = bench(&db, vec![]);
    let pause = send_due(&bench.parts).await.expect("looked");
    assert!(pause > Duration::from_secs(9) && pause <= Duration::from_secs(11), "{pause:?}");
    assert_eq!(row(&db).await.0, "queued");
    bench.clock.advance_millis(UNDO_MS);
    send_due(&bench.parts).await.expect("sent");
    assert_eq!(row(&db).await, ("sent".to_owned(), 1, "250 queued".to_owned()));
    let seen = bench.channel.seen.lock().expect("no panic").clone();
    assert_eq!(seen[0].to[0].address, "olena@example.ua");
    assert_eq!(seen[0].in_reply_to.as_deref(), Some("b@x"));
    assert_eq!(seen[0].written_at, START);
    let mut connection = db.read().await.expect("a connection");
    let stored = fetch_one!(&mut connection.sql(), (String,), "SELECT message_id FROM message");
    assert_eq!(stored.await.expect("read").0, format!("{MESSAGE}@bank.example"));
});

each_db!(a_reply_can_be_taken_back_until_it_leaves, |db| {
    write_reply(&db).await;
    let mut tx = db.begin().await.expect("a transaction");
    let late = store::withdraw(&mut tx.sql(), MESSAGE, START.plus_millis(UNDO_MS)).await;
    assert!(!late.expect("asked"), "too late");
    let in_time = store::withdraw(&mut tx.sql(), MESSAGE, START.plus_millis(UNDO_MS - 1)).await;
    assert!(in_time.expect("asked"), "in time");
});

each_db!(a_relay_that_is_down_is_tried_again_and_a_refusal_is_not, |db| {
    write_reply(&db).await;
    let down = || Err(PerformError::Temporary("connection refused".to_owned()));
    let bench = bench(&db, vec![down(), down(), Err(PerformError::Permanent("550".to_owned()))]);
    bench.clock.advance_millis(UNDO_MS);
    for (attempt, wait_ms) in [(1, 30_000), (2, 60_000)] {
        send_due(&bench.parts).await.expect("tried");
        let (state, attempts, detail) = row(&db).await;
        assert_eq!((state.as_str(), attempts), ("queued", attempt));
        assert!(detail.contains("connection refused"), "{detail}");
        let pause = send_due(&bench.parts).await.expect("looked");
        assert!(pause > Duration::from_secs(20), "{pause:?}");
        bench.clock.advance_millis(wait_ms);
    }
    send_due(&bench.parts).await.expect("tried");
    let (state, attempts, detail) = row(&db).await;
    assert_eq!((state.as_str(), attempts, detail.as_str()), ("failed", 3, "not sent: 550"));
});

each_db!(what_was_being_sent_is_sent_again_after_a_crash, |db| {
    write_reply(&db).await;
    let bench = bench(&db, vec![]);
    bench.clock.advance_millis(UNDO_MS);
    let mut tx = db.begin().await.expect("a transaction");
    let due = store::claim(&mut tx.sql(), bench.clock.now(), 4).await.expect("claimed");
    tx.commit().await.expect("committed");
    assert_eq!(due.len(), 1);
    assert_eq!(row(&db).await.0, "sending");
    take_up_again(&bench.parts).await.expect("taken up");
    send_due(&bench.parts).await.expect("sent");
    assert_eq!((row(&db).await.0.as_str(), row(&db).await.1), ("sent", 2));
});

each_db!(after_two_days_a_message_is_given_up, |db| {
    write_reply(&db).await;
    let bench = bench(&db, vec![Err(PerformError::Temporary("down".to_owned()))]);
    bench.clock.advance_millis(retry::GIVE_UP_AFTER_MS);
    send_due(&bench.parts).await.expect("tried");
    assert_eq!(row(&db).await.0, "failed");
});

fn outcome(address: &str, state: RecipientState, detail: &str) -> RecipientOutcome {
    RecipientOutcome { address: address.to_owned(), state, detail: detail.to_owned() }
}

async fn recipients(db: &Db) -> Vec<(String, String)> {
    let mut connection = db.read().await.expect("a connection");
    let found = delivery::store::of_messages(&mut connection.sql(), &[MESSAGE]).await;
    let found = found.expect("read").remove(&MESSAGE).unwrap_or_default();
    found.into_iter().map(|one| (one.address, one.state)).collect()
}

async fn failure(db: &Db, address: &str) -> Option<(i64, i64, i64)> {
    let mut connection = db.read().await.expect("a connection");
    let keys = [address.to_owned()];
    let found = delivery::store::failures(&mut connection.sql(), &keys).await.expect("read");
    found.first().map(|one| (one.hard, one.soft, one.complaints))
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

const THREE: &str = r#"{"to":[{"name":"","address":"Olena@example.ua"}],
    "cc":[{"name":"","address":"petro@example.ua"},{"name":"","address":"gone@example.ua"}]}"#;

each_db!(who_was_put_off_is_tried_again_and_nobody_gets_it_twice, |db| {
    write_to(&db, THREE).await;
    let first = vec![
        outcome("olena@example.ua", RecipientState::Accepted, "250 taken"),
        outcome("petro@example.ua", RecipientState::PutOff, "451 4.7.1 greylisted"),
        outcome("gone@example.ua", RecipientState::Refused, "550 5.1.1 no such user"),
    ];
    let bench = bench(&db, vec![Ok(first)]);
    bench.clock.advance_millis(UNDO_MS);
    send_due(&bench.parts).await.expect("tried");
    assert_eq!(row(&db).await.0, "queued");
    let expected = [
        ("olena@example.ua", "sent"),
        ("petro@example.ua", "delayed"),
        ("gone@example.ua", "failed"),
    ];
    assert_eq!(recipients(&db).await, pairs(&expected));
    assert_eq!(failure(&db, "gone@example.ua").await, Some((1, 0, 0)), "the address is to blame");
    assert_eq!(failure(&db, "petro@example.ua").await, None);
    bench.clock.advance_millis(30_000);
    send_due(&bench.parts).await.expect("tried again");
    let seen = bench.channel.seen.lock().expect("no panic").clone();
    assert_eq!(seen[0].deliver_to.len(), 3);
    assert_eq!(seen[1].deliver_to, ["petro@example.ua"]);
    assert_eq!(seen[1].to.len() + seen[1].cc.len(), 3, "the header names everybody");
    let expected =
        [("olena@example.ua", "sent"), ("petro@example.ua", "sent"), ("gone@example.ua", "failed")];
    assert_eq!(recipients(&db).await, pairs(&expected));
});

fn report(address: &str, state: State, status: &str) -> delivery::RecipientReport {
    delivery::RecipientReport {
        address: address.to_owned(),
        state,
        status: status.to_owned(),
        detail: "they said so".to_owned(),
        is_hard: status.starts_with("5.1."),
    }
}

each_db!(reports_move_forward_and_count_on_the_address_they_are_about, |db| {
    write_to(&db, THREE).await;
    let bench = bench(&db, vec![]);
    bench.clock.advance_millis(UNDO_MS);
    send_due(&bench.parts).await.expect("sent");
    let mut tx = db.begin().await.expect("a transaction");
    for (address, state, status) in [
        ("olena@example.ua", State::Delivered, "2.0.0"),
        ("olena@example.ua", State::Delayed, "4.4.1"),
        ("petro@example.ua", State::Failed, "5.2.2"),
        ("petro@example.ua", State::Delivered, "2.0.0"),
        ("alias@behind.example", State::Failed, "5.1.1"),
        ("", State::Failed, "5.1.1"),
    ] {
        let report = report(address, state, status);
        store::note_report(&mut tx.sql(), MESSAGE, &report, START).await.expect("noted");
    }
    delivery::store::note_complaint(&mut tx.sql(), MESSAGE, "Olena@example.ua", "abuse", START)
        .await
        .expect("noted");
    delivery::store::note_complaint(&mut tx.sql(), MESSAGE, "nobody@here", "abuse", START)
        .await
        .expect("noted");
    tx.commit().await.expect("committed");
    let expected = [
        ("olena@example.ua", "delivered"),
        ("petro@example.ua", "failed"),
        ("gone@example.ua", "sent"),
        ("alias@behind.example", "failed"),
    ];
    assert_eq!(recipients(&db).await, pairs(&expected));
    assert_eq!(row(&db).await.0, "failed", "one failure is enough to be shown");
    assert_eq!(failure(&db, "olena@example.ua").await, Some((0, 0, 1)));
    assert_eq!(failure(&db, "alias@behind.example").await, None, "we never wrote to it");
    assert_eq!(failure(&db, "nobody@here").await, None);
});

each_db!(a_report_that_names_nobody_means_the_only_recipient, |db| {
    write_reply(&db).await;
    let bench = bench(&db, vec![]);
    bench.clock.advance_millis(UNDO_MS);
    send_due(&bench.parts).await.expect("sent");
    let mut tx = db.begin().await.expect("a transaction");
    let came_back = report("", State::Failed, "5.1.1");
    store::note_report(&mut tx.sql(), MESSAGE, &came_back, START).await.expect("noted");
    tx.commit().await.expect("committed");
    assert_eq!(recipients(&db).await, pairs(&[("olena@example.ua", "failed")]));
    assert_eq!(failure(&db, "olena@example.ua").await, Some((1, 0, 0)));
});
