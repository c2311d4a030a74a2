use super::testing::{CountingIds, answer, mail};
use super::*;
use crate::store::Db;
use crate::{each_db, fetch_all, fetch_one};

const AT: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn settings() -> Settings {
    let mailbox = Mailbox {
        address: "info@bank.example".to_owned(),
        display_name: "Bank".to_owned(),
        ..Mailbox::default()
    };
    let mailboxes = Mailboxes::new(vec![mailbox], "");
    Settings::new(IntakeConfig::default(), mailboxes, "Bank", true).expect("templates")
}

fn queues() -> Vec<QueueName> {
    let id = rozmova_base::id::QueueId::from_u128(1);
    vec![QueueName { id, name: "General".to_owned(), reopen_within_days: None }]
}

/// Stores a batch; gives how many inputs the queue would get.
async fn take(db: &Db, ids: &CountingIds, batch: &[InboundMessage]) -> Vec<bool> {
    let mut tx = db.begin().await.expect("a transaction");
    let (set, routing) = (RuleSet::default(), Routing::default());
    let rules = Rules { set: &set, routing: &routing };
    let plan = store_batch(&mut tx.sql(), &settings(), &queues(), rules, ids, AT, batch).await;
    let plan = plan.expect("stored");
    let repeated = plan.is_repeated.clone();
    tx.commit().await.expect("committed");
    repeated
}

async fn count(db: &Db, table: &'static str) -> i64 {
    let mut connection = db.read().await.expect("a connection");
    let text = match table {
        "client" => "SELECT COUNT(*) FROM client",
        "contact_point" => "SELECT COUNT(*) FROM contact_point",
        "interaction" => "SELECT COUNT(*) FROM interaction",
        "spool" => "SELECT COUNT(*) FROM spool",
        "outbox" => "SELECT COUNT(*) FROM outbox",
        "attachment" => "SELECT COUNT(*) FROM attachment",
        _ => "SELECT COUNT(*) FROM message",
    };
    fetch_one!(&mut connection.sql(), (i64,), text).await.expect("counted").0
}

each_db!(a_batch_is_stored_once_with_one_prospect_for_each_sender, |db| {
    let ids = CountingIds::from(1_000);
    let mut batch: Vec<InboundMessage> = (0..40)
        .map(|number| mail(&format!("m{number}"), &format!("sender{}@example.ua", number % 8)))
        .collect();
    batch.push(answer("again", "sender0@example.ua", "m0"));
    let repeated = take(&db, &ids, &batch).await;
    assert!(repeated.iter().all(|repeated| !repeated));
    assert_eq!(count(&db, "client").await, 8);
    assert_eq!(count(&db, "contact_point").await, 8);
    assert_eq!(count(&db, "interaction").await, 40);
    assert_eq!(count(&db, "spool").await, 41);
    assert_eq!(count(&db, "message").await, 41 + 8, "eight acknowledgements");
    assert_eq!(count(&db, "outbox").await, 8);
    let repeated = take(&db, &ids, &batch).await;
    assert!(repeated.iter().all(|repeated| *repeated));
    assert_eq!(count(&db, "interaction").await, 40);
    let mut connection = db.read().await.expect("a connection");
    let arrivals = fetch_all!(
        &mut connection.sql(),
        (i64, i64),
        "SELECT arrivals, COUNT(*) FROM arrival GROUP BY arrivals"
    );
    assert_eq!(arrivals.await.expect("read"), [(2, 41)]);
});

each_db!(a_later_answer_joins_and_a_stranger_does_not, |db| {
    let ids = CountingIds::from(1_000);
    take(&db, &ids, &[mail("question", "olena@example.ua")]).await;
    take(&db, &ids, &[answer("more", "OLENA@example.ua", "question")]).await;
    assert_eq!(count(&db, "interaction").await, 1);
    take(&db, &ids, &[answer("spy", "spy@example.net", "question")]).await;
    assert_eq!(count(&db, "interaction").await, 2);
    let mut by_number = mail("number", "spy@example.net");
    by_number.thread.subject_number = Some(1);
    take(&db, &ids, &[by_number]).await;
    assert_eq!(count(&db, "interaction").await, 3);
    let mut connection = db.read().await.expect("a connection");
    let hints = fetch_all!(
        &mut connection.sql(),
        (String,),
        "SELECT h.reason FROM interaction_hint h JOIN interaction i ON i.id = h.may_belong_to_id
         WHERE i.number = 1 ORDER BY h.reason"
    );
    let hints = hints.await.expect("read");
    assert_eq!(hints, [("references".to_owned(),), ("subject_number".to_owned(),)]);
    let first = fetch_one!(
        &mut connection.sql(),
        (i64, String),
        "SELECT unread, state FROM interaction WHERE number = 1"
    );
    assert_eq!(first.await.expect("read"), (2, "queued".to_owned()));
});

each_db!(a_text_with_nul_and_an_attachment_is_stored, |db| {
    let mut message = mail("nul", "olena@example.ua");
    message.subject = "a\0b".to_owned();
    message.text = "before\0after".to_owned();
    message.reply_text = "after".to_owned();
    message.attachments = vec![channel_contract::AttachmentInfo {
        part: 2,
        name: "file\0.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        size_bytes: 3,
        sha256: crate::media::ContentHash::of(b"abc").to_string(),
        content_id: None,
        inline: false,
    }];
    take(&db, &CountingIds::from(1), &[message]).await;
    assert_eq!(count(&db, "attachment").await, 1);
    let mut connection = db.read().await.expect("a connection");
    let row = fetch_one!(
        &mut connection.sql(),
        (String, Option<i64>, Option<String>),
        "SELECT body, reply_length_bytes, reply FROM message WHERE direction = 'inbound'"
    );
    let expected = ("before\u{fffd}after".to_owned(), None, Some("after".to_owned()));
    assert_eq!(row.await.expect("read"), expected);
});

each_db!(without_a_queue_mail_waits_outside, |db| {
    let mut tx = db.begin().await.expect("a transaction");
    let batch = [mail("a", "olena@example.ua")];
    let ids = CountingIds::from(1);
    let (set, routing) = (RuleSet::default(), Routing::default());
    let rules = Rules { set: &set, routing: &routing };
    let error = store_batch(&mut tx.sql(), &settings(), &[], rules, &ids, AT, &batch).await;
    assert!(error.expect_err("no queue").is_temporary());
});
