use std::time::Duration;

use super::*;
use crate::store::testing;
use crate::{each_db, execute};

/// Signs of life that never come.
const SILENT: LeaseTimes =
    LeaseTimes { renew: Duration::from_hours(1), expiry: Duration::from_hours(1) };

async fn confirm(lease: &Lease, db: &Db) -> Result<(), StoreError> {
    let mut tx = db.begin().await.expect("a transaction");
    lease.check(&mut tx.sql()).await?;
    tx.commit().await
}

each_db!(what_was_given_back_is_had_at_once, |db| {
    let first = Lease::take_row(&db, SILENT).await.expect("free");
    confirm(&first, &db).await.expect("ours");
    first.release().await;
    let second = Lease::take_row(&db, SILENT).await.expect("free again");
    confirm(&second, &db).await.expect("ours");
    confirm(&first, &db).await.expect_err("given back");
    assert!(first.is_lost() && !second.is_lost());
});

each_db!(a_holder_who_lives_is_named_and_left_alone, |db| {
    let times = LeaseTimes { renew: Duration::from_millis(50), ..SILENT };
    let first = Lease::take_row(&db, times).await.expect("free");
    let error = Lease::take_row(&db, SILENT).await.expect_err("in use").to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    assert!(error.contains("stop that one"), "{error}");
    confirm(&first, &db).await.expect("still ours");
});

each_db!(a_silent_holder_is_followed_and_can_write_no_more, |db| {
    let first = Lease::take_row(&db, SILENT).await.expect("free");
    let soon = LeaseTimes { expiry: Duration::from_millis(300), ..SILENT };
    let second = Lease::take_row(&db, soon).await.expect("taken over");
    confirm(&second, &db).await.expect("ours");
    let refused = confirm(&first, &db).await.expect_err("lost");
    assert!(refused.is_temporary() && refused.to_string().contains("another server"));
    first.lost().await;
    // Its going must not take the store from the one that has it now.
    first.release().await;
    confirm(&second, &db).await.expect("ours");
});

each_db!(a_holder_who_looks_finds_out_by_himself, |db| {
    let first = Lease::take_row(&db, SILENT).await.expect("free");
    let mut tx = db.begin().await.expect("a transaction");
    execute!(&mut tx.sql(), "UPDATE store_lease SET token = 99").await.expect("updated");
    tx.commit().await.expect("committed");
    assert!(!first.is_lost());
    first.suspect();
    let lost = tokio::time::timeout(Duration::from_secs(20), first.lost()).await;
    lost.expect("found out");
});

#[cfg(target_os = "linux")]
each_db!(a_holder_whose_process_is_gone_is_followed_at_once, |db| {
    let first = Lease::take_row(&db, SILENT).await.expect("free");
    // As if an earlier process of this number had held it.
    let mut place = serde_json::to_value(place::Place::here()).expect("JSON");
    place["started"] = 1.into();
    let mut tx = db.begin().await.expect("a transaction");
    let text = "UPDATE store_lease SET place = $1";
    execute!(&mut tx.sql(), text, place.to_string()).await.expect("updated");
    tx.commit().await.expect("committed");
    let second = Lease::take_row(&db, SILENT).await.expect("at once");
    confirm(&second, &db).await.expect("ours");
    confirm(&first, &db).await.expect_err("lost");
});

#[tokio::test]
async fn an_sqlite_file_is_locked_until_it_is_given_back() {
    let (db, folder) = testing::sqlite().await.expect("a store");
    let first = Lease::take(&db, LeaseTimes::default()).await.expect("free");
    let error = Lease::take(&db, LeaseTimes::default()).await.expect_err("in use").to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    confirm(&first, &db).await.expect("ours");
    first.release().await;
    drop(Lease::take(&db, LeaseTimes::default()).await.expect("given back"));
    Lease::take(&db, LeaseTimes::default()).await.expect("gone with its holder");
    db.close().await;
    std::fs::remove_dir_all(folder).expect("the scratch folder");
}
