//! Every store test runs on both databases.
//!
//! `each_db!(name, |db| { … })` makes a module with two tests. PostgreSQL's needs
//! `ROZMOVA_TEST_POSTGRES_URL` (a server on which databases may be created; `make test` starts a
//! throw-away cluster). Without it that half says so and checks nothing, unless
//! `ROZMOVA_TEST_REQUIRE_POSTGRES` is set, as it is in `make test`: then it fails.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::AssertSqlSafe;

use super::{Db, StoreError, StoreOptions, migrate};

static NEXT: AtomicU32 = AtomicU32::new(0);

fn options(url: String) -> StoreOptions {
    StoreOptions { url, connections_max: 4, acquire_timeout_ms: 10_000 }
}

/// A migrated SQLite store in a scratch folder, with its path so that the caller can remove it.
pub async fn sqlite() -> Result<(Db, std::path::PathBuf), StoreError> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder =
        std::env::temp_dir().join(format!("rozmova-store-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let url = format!("sqlite:{}", folder.join("test.db").display());
    let db = Db::open(&options(url)).await?;
    migrate::run(&db).await?;
    Ok((db, folder))
}

/// The server on which test databases may be made, if there is one.
pub fn postgres_url() -> Option<String> {
    std::env::var("ROZMOVA_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
}

/// A new, migrated PostgreSQL database on the test server.
pub async fn postgres(server_url: &str) -> Result<Db, StoreError> {
    let url = postgres_database(server_url).await?;
    let db = Db::open(&options(url)).await?;
    migrate::run(&db).await?;
    Ok(db)
}

/// A new, empty database on the test server; gives its URL.
pub async fn postgres_database(server_url: &str) -> Result<String, StoreError> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("rozmova_test_{}_{number}", std::process::id());
    let Db::Postgres(pool) = Db::open(&options(server_url.to_owned())).await? else {
        return Err(StoreError::Url);
    };
    for text in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
        sqlx::query(AssertSqlSafe(text)).execute(&pool).await?;
    }
    pool.close().await;
    let (before, _) = server_url.rsplit_once('/').ok_or(StoreError::Url)?;
    Ok(format!("{before}/{name}"))
}

/// See the module's text.
#[macro_export]
macro_rules! each_db {
    ($name:ident, |$db:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "a body may need none")]
            use super::*;

            async fn check($db: $crate::store::Db) $body

            #[tokio::test]
            async fn sqlite() {
                let (db, folder) = $crate::store::testing::sqlite().await.expect("a store");
                check(db.clone()).await;
                db.close().await;
                std::fs::remove_dir_all(folder).expect("the scratch folder");
            }

            #[tokio::test]
            async fn postgres() {
                let Some(url) = $crate::store::testing::postgres_url() else {
                    assert!(
                        std::env::var_os("ROZMOVA_TEST_REQUIRE_POSTGRES").is_none(),
                        "ROZMOVA_TEST_POSTGRES_URL is not set"
                    );
                    eprintln!("skipped: ROZMOVA_TEST_POSTGRES_URL names no PostgreSQL server");
                    return;
                };
                let db = $crate::store::testing::postgres(&url).await.expect("a store");
                check(db.clone()).await;
                db.close().await;
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::{fetch_all, fetch_in, insert_rows, store::setting};

    each_db!(a_setting_is_replaced, |db| {
        let mut tx = db.begin().await.expect("a transaction");
        setting::save(&mut tx.sql(), "k", "1").await.expect("saved");
        setting::save(&mut tx.sql(), "k", "2").await.expect("saved again");
        tx.commit().await.expect("committed");
        let mut connection = db.read().await.expect("a connection");
        let value = setting::load(&mut connection.sql(), "k").await.expect("loaded");
        assert_eq!(value.as_deref(), Some("2"));
    });

    each_db!(what_is_not_committed_is_gone, |db| {
        let mut tx = db.begin().await.expect("a transaction");
        setting::save(&mut tx.sql(), "k", "1").await.expect("saved");
        drop(tx);
        let mut connection = db.read().await.expect("a connection");
        assert_eq!(setting::load(&mut connection.sql(), "k").await.expect("loaded"), None);
    });

    each_db!(many_rows_arrive_in_few_statements, |db| {
        let rows: Vec<(String, String)> =
            (0..1_000).map(|n| (format!("k{n:04}"), n.to_string())).collect();
        let mut tx = db.begin().await.expect("a transaction");
        let inserted = insert_rows!(
            &mut tx.sql(), "INSERT INTO setting (key, value) VALUES", 2,
            "ON CONFLICT DO NOTHING", rows.as_slice(), row => &row.0, &row.1);
        assert_eq!(inserted.await.expect("inserted"), 1_000);
        let all = fetch_all!(
            &mut tx.sql(),
            (String, String),
            "SELECT key, value FROM setting ORDER BY key"
        );
        assert_eq!(all.await.expect("read"), rows);
        let keys: Vec<&str> = rows.iter().step_by(3).map(|(key, _)| key.as_str()).collect();
        let found = fetch_in!(
            &mut tx.sql(), (String,), "SELECT value FROM setting WHERE key IN", "ORDER BY key",
            keys.as_slice(), key => *key);
        assert_eq!(found.await.expect("found").len(), keys.len());
    });
}
