use channel_contract::{ChannelName, InboundMessage, MessageKind, Origin, Survey};
use rozmova_base::Timestamp;
use rozmova_base::id::QueueId;

use super::Report;
use super::reconcile::reconcile;
use crate::intake::plan::QueueName;
use crate::intake::testing::{CountingIds, mail};
use crate::intake::{IntakeConfig, Mailbox, Mailboxes, Rules, Settings, store_batch};
use crate::media::{MediaConfig, MediaStore, mover};
use crate::routing::Routing;
use crate::rule::RuleSet;
use crate::store::Db;
use crate::{each_db, execute};

const AT: Timestamp = Timestamp::from_seconds(1_700_000_000);

struct Scene {
    db: Db,
    media: MediaStore,
    ids: CountingIds,
    folder: std::path::PathBuf,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Scene {
    fn new(db: &Db) -> Self {
        let ids = CountingIds::from(1_000);
        let name =
            format!("rozmova-ledger-{}-{:?}", std::process::id(), std::thread::current().id());
        let folder = std::env::temp_dir().join(name);
        let config = MediaConfig { url: folder.display().to_string(), ..MediaConfig::default() };
        let media = MediaStore::open(&config, db.clone()).expect("a media store");
        Self { db: db.clone(), media, ids, folder }
    }

    async fn take(&self, batch: &[InboundMessage]) {
        let mailbox = Mailbox { address: "info@bank.example".to_owned(), ..Mailbox::default() };
        let mailboxes = Mailboxes::new(vec![mailbox], "");
        let settings = Settings::new(IntakeConfig::default(), mailboxes, "Bank", false);
        let queues = [QueueName {
            id: QueueId::from_u128(1),
            name: "General".to_owned(),
            reopen_within_days: None,
        }];
        let mut tx = self.db.begin().await.expect("a transaction");
        let settings = settings.expect("templates");
        let (set, routing) = (RuleSet::default(), Routing::default());
        let rules = Rules { set: &set, routing: &routing };
        let ids = &self.ids;
        let stored = store_batch(&mut tx.sql(), &settings, &queues, rules, ids, AT, batch).await;
        drop(stored.expect("stored"));
        tx.commit().await.expect("committed");
    }

    async fn reconcile(&self, contents: bool, surveys: Vec<Survey>) -> Report {
        reconcile(&self.db, &self.media, contents, surveys).await.expect("compared")
    }
}

fn placed(id: &str, place: &str) -> InboundMessage {
    let origin = Origin { place: place.to_owned(), ..Origin::default() };
    let channel = ChannelName("imap:info".to_owned());
    InboundMessage { origin, channel, ..mail(id, "a@example.ua") }
}

fn codes(report: &Report) -> Vec<&str> {
    report.differences.iter().map(|difference| difference.code.as_str()).collect()
}

each_db!(every_mail_is_in_one_place_and_every_arrival_is_counted, |db| {
    let scene = Scene::new(&db);
    let mut batch: Vec<InboundMessage> =
        (0..700).map(|number| mail(&format!("m{number}"), "a@example.ua")).collect();
    batch[0].kind = MessageKind::AutoReply;
    batch[1].kind = MessageKind::Bounce;
    batch[2].readable = false;
    scene.take(&batch).await;
    // Again over a connection, twice; and out of a mailbox, where one place is one arrival.
    scene.take(&[mail("m5", "a@example.ua")]).await;
    scene.take(&[mail("m5", "a@example.ua"), placed("m5", "INBOX/7/1")]).await;
    scene.take(&[placed("m5", "INBOX/7/1")]).await;
    for moved in [false, true] {
        if moved {
            while mover::move_batch(&scene.media).await.expect("moved") > 0 {}
        }
        let report = scene.reconcile(moved, Vec::new()).await;
        assert_eq!(codes(&report), [""; 0]);
        assert_eq!((report.received, report.mails, report.repeated), (703, 700, 3));
        let places: Vec<(&str, u64)> =
            report.places.iter().map(|(place, count)| (place.as_str(), *count)).collect();
        let expected =
            [("interaction", 697), ("machine_note", 1), ("report", 1), ("unreadable", 1)];
        assert_eq!(places, expected);
        assert!(report.agrees());
    }
});

each_db!(what_is_lost_is_named_one_by_one, |db| {
    let scene = Scene::new(&db);
    let batch: Vec<InboundMessage> =
        (0..4).map(|number| mail(&format!("m{number}"), "a@example.ua")).collect();
    scene.take(&batch).await;
    while mover::move_batch(&scene.media).await.expect("moved") > 0 {}
    let mut tx = scene.db.begin().await.expect("a transaction");
    let sql = &mut tx.sql();
    let by_subject = "UPDATE message SET kind = 'bounce' WHERE subject = 'About m1'";
    execute!(sql, by_subject).await.expect("changed");
    let unlisted = "DELETE FROM reception WHERE external_id = 'm2@example.ua'";
    execute!(sql, unlisted).await.expect("removed");
    tx.commit().await.expect("committed");
    let hash = crate::media::ContentHash(batch[3].raw_sha256).to_string();
    let path = scene.folder.join("sha256").join(&hash[..2]).join(&hash);
    std::fs::write(&path, "something else").expect("damaged");
    assert_eq!(
        codes(&scene.reconcile(false, Vec::new()).await),
        ["outcome_differs", "not_in_ledger"]
    );
    let deep = scene.reconcile(true, Vec::new()).await;
    assert_eq!(codes(&deep), ["outcome_differs", "content_damaged", "not_in_ledger"]);
    std::fs::remove_file(&path).expect("removed");
    let report = scene.reconcile(false, Vec::new()).await;
    assert_eq!(codes(&report), ["outcome_differs", "content_missing", "not_in_ledger"]);
    assert!(!report.agrees());
});

each_db!(mailboxes_are_compared_by_place, |db| {
    let scene = Scene::new(&db);
    scene.take(&[placed("m1", "INBOX/7/1")]).await;
    let survey = |expected: &[&str], fault: Option<&str>| Survey {
        channel: ChannelName("imap:info".to_owned()),
        expected: expected.iter().map(|place| (*place).to_owned()).collect(),
        waiting: 2,
        fault: fault.map(str::to_owned),
    };
    let report = scene.reconcile(false, vec![survey(&["INBOX/7/1"], None)]).await;
    assert!(report.agrees());
    assert_eq!((report.mailboxes[0].found, report.mailboxes[0].waiting), (1, 2));
    let report = scene.reconcile(false, vec![survey(&["INBOX/7/1", "INBOX/7/2"], None)]).await;
    assert_eq!(codes(&report), ["not_fetched"]);
    assert_eq!(report.differences[0].subject, "INBOX/7/2");
    let report = scene.reconcile(false, vec![survey(&[], Some("no answer"))]).await;
    assert!(!report.agrees(), "a mailbox that nobody looked at proves nothing");
    let other =
        Survey { channel: ChannelName("imap:x".to_owned()), ..survey(&["INBOX/7/1"], None) };
    assert_eq!(codes(&scene.reconcile(false, vec![other]).await), ["not_fetched"]);
});

each_db!(the_past_is_kept_closed_with_its_own_date, |db| {
    let scene = Scene::new(&db);
    let history = |id: &str| InboundMessage {
        origin: Origin { is_history: true, ..Origin::default() },
        received_at: Timestamp::from_seconds(1_000_000_000),
        ..mail(id, "a@example.ua")
    };
    let mut answer = history("m2");
    answer.thread.in_reply_to = vec!["m1@example.ua".to_owned()];
    scene.take(&[history("m1"), answer]).await;
    let mut connection = scene.db.read().await.expect("a connection");
    let rows = crate::fetch_all!(
        &mut connection.sql(),
        (String, i64, i64, Timestamp, Option<Timestamp>),
        "SELECT i.state, i.unread, (SELECT COUNT(*) FROM message m WHERE m.interaction_id = i.id),
            i.received_at, i.closed_at FROM interaction i"
    );
    let old = Timestamp::from_seconds(1_000_000_000);
    let rows = rows.await.expect("read");
    assert_eq!(rows, [("closed".to_owned(), 0, 2, old, Some(old))]);
    drop(connection);
    assert!(scene.reconcile(false, Vec::new()).await.agrees());
});
