use channel_contract::{Authentication, AuthenticationResult};
use rozmova_base::id::QueueId;

use super::model::ATTEMPTS_MAX;
use super::*;
use crate::intake::plan::QueueName;
use crate::intake::testing::{CountingIds, mail};
use crate::intake::{IntakeConfig, Mailbox, Mailboxes, Rules, Settings, store_batch};
use crate::routing::Routing;
use crate::rule::RuleSet;
use crate::store::Db;
use crate::{each_db, execute, fetch_all};

const AT: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// Stores mails as intake does; the first has this name.
async fn arrive(db: &Db, names: &[&str]) {
    let mailbox = Mailbox { address: "info@bank.example".to_owned(), ..Mailbox::default() };
    let mailboxes = Mailboxes::new(vec![mailbox], "");
    let settings = Settings::new(IntakeConfig::default(), mailboxes, "Bank", false);
    let queue = QueueName {
        id: QueueId::from_u128(1),
        name: "General".to_owned(),
        reopen_within_days: None,
    };
    let batch: Vec<_> = names.iter().map(|name| mail(name, "olena@example.ua")).collect();
    let mut tx = db.begin().await.expect("a transaction");
    let (sql, settings) = (&mut tx.sql(), settings.expect("templates"));
    let ids = CountingIds::from(1_000);
    let (set, routing) = (RuleSet::default(), Routing::default());
    let rules = Rules { set: &set, routing: &routing };
    store_batch(sql, &settings, &[queue], rules, &ids, AT, &batch).await.expect("stored");
    tx.commit().await.expect("committed");
}

async fn claim(db: &Db, now: Timestamp) -> Vec<Due> {
    let mut tx = db.begin().await.expect("a transaction");
    let due = store::claim(&mut tx.sql(), now, CLAIMED_MAX).await.expect("claimed");
    tx.commit().await.expect("committed");
    due
}

async fn restart(db: &Db) {
    let mut tx = db.begin().await.expect("a transaction");
    store::take_up_again(&mut tx.sql()).await.expect("taken up");
    tx.commit().await.expect("committed");
}

async fn states(db: &Db) -> Vec<String> {
    let mut connection = db.read().await.expect("a connection");
    let text = "SELECT state FROM examination ORDER BY message_id";
    let rows = fetch_all!(&mut connection.sql(), (String,), text).await.expect("read");
    rows.into_iter().map(|(state,)| state).collect()
}

each_db!(what_is_stored_is_due_once_with_what_a_look_needs, |db| {
    arrive(&db, &["one", "two"]).await;
    let due = claim(&db, AT).await;
    assert_eq!(due.iter().map(|due| due.attempts).collect::<Vec<_>>(), [1, 1]);
    let message = due[0].message();
    assert_eq!((message.from.as_str(), message.reply_text.as_str()), ("olena@example.ua", "Hello"));
    assert_eq!(message.envelope.mail_from.as_deref(), Some("olena@example.ua"));
    assert!(message.asks() && due[0].raw_sha256.is_some());
    assert!(claim(&db, AT).await.is_empty(), "nobody else gets them");
    assert_eq!(states(&db).await, ["running", "running"]);
});

each_db!(a_message_that_ends_the_process_again_and_again_is_left_alone, |db| {
    arrive(&db, &["bomb"]).await;
    for attempt in 1..=ATTEMPTS_MAX {
        assert_eq!(claim(&db, AT).await[0].attempts, attempt);
        restart(&db).await;
    }
    assert_eq!(states(&db).await, ["failed"]);
    assert!(claim(&db, AT).await.is_empty());
});

each_db!(what_was_not_answered_waits_for_its_time, |db| {
    arrive(&db, &["one"]).await;
    let due = claim(&db, AT).await.remove(0);
    let again_at = AT.plus_millis(60_000);
    let authentication =
        Authentication { dkim: AuthenticationResult::Neutral, ..Authentication::default() };
    let finding = Finding {
        message: due.message_id,
        language: Some("uk"),
        authentication: Some(&authentication),
        again_at: Some(again_at),
    };
    let mut tx = db.begin().await.expect("a transaction");
    store::note(&mut tx.sql(), &finding, AT).await.expect("noted");
    assert_eq!(store::next_due(&mut tx.sql()).await.expect("read"), Some(again_at));
    tx.commit().await.expect("committed");
    assert!(claim(&db, AT).await.is_empty());
    assert_eq!(claim(&db, again_at).await[0].attempts, 2);
    let done = Finding { again_at: None, ..finding };
    let mut tx = db.begin().await.expect("a transaction");
    store::note(&mut tx.sql(), &done, again_at).await.expect("noted");
    assert_eq!(store::next_due(&mut tx.sql()).await.expect("read"), None);
    tx.commit().await.expect("committed");
    assert_eq!(states(&db).await, ["done"]);
});

each_db!(a_file_is_proposed_for_the_sender_with_whom_the_contact_began, |db| {
    arrive(&db, &["one"]).await;
    let message = claim(&db, AT).await.remove(0).message_id;
    let mut tx = db.begin().await.expect("a transaction");
    let sql = &mut tx.sql();
    assert_eq!(store::proposed(sql, message).await.expect("read"), None, "a prospect is known");
    execute!(sql, "UPDATE interaction SET identified_by = 'proposed'").await.expect("proposed");
    let found = store::proposed(sql, message).await.expect("read");
    assert_eq!(found.map(|(_, address)| address).as_deref(), Some("olena@example.ua"));
    execute!(sql, "UPDATE message SET from_address = 'petro@example.ua'").await.expect("another");
    assert_eq!(store::proposed(sql, message).await.expect("read"), None);
});
