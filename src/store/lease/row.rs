//! The row of `store_lease`, where the operating system cannot help.

use std::time::Duration;

use tokio::time::Instant;

use super::place::{self, Place};
use super::{Db, LeaseError, LeaseTimes, Signals, Sql, StoreError};
use crate::{execute, fetch_optional};

/// Between two looks of one who waits.
const LOOK_PAUSE: Duration = Duration::from_millis(200);

/// What is known of the holder.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
struct Row {
    token: i64,
    renewals: i64,
    is_held: i16,
    holder: String,
    place: String,
}

impl Row {
    /// Whether it can be had without waiting.
    fn is_free(&self) -> bool {
        let is_gone = || serde_json::from_str::<Place>(&self.place).is_ok_and(|it| it.is_gone());
        self.is_held == 0 || is_gone()
    }
}

/// Waits for the row and takes it; gives the token.
pub(super) async fn take(db: &Db, times: LeaseTimes) -> Result<i64, LeaseError> {
    let mut watched: Option<(Row, Instant)> = None;
    loop {
        let row = {
            let mut connection = db.read().await?;
            load(&mut connection.sql()).await?
        };
        let can_have = match (&row, &watched) {
            (None, _) => true,
            (Some(row), _) if row.is_free() => true,
            (Some(row), Some((before, since))) if row == before => since.elapsed() >= times.expiry,
            (Some(row), Some(_)) => return Err(LeaseError::InUse { holder: row.holder.clone() }),
            (Some(_), None) => false,
        };
        if can_have {
            if let Some(token) = replace(db, row.as_ref()).await? {
                return Ok(token);
            }
            // Somebody was faster: look at him.
            watched = None;
            continue;
        }
        if let (Some(row), None) = (row, &watched) {
            let wait_s = times.expiry.as_secs();
            tracing::warn!("The store is in use by {}: waiting {wait_s} s at most", row.holder);
            watched = Some((row, Instant::now()));
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

async fn load(sql: &mut Sql<'_>) -> Result<Option<Row>, StoreError> {
    let text = "SELECT token, renewals, is_held, holder, place FROM store_lease WHERE id = 1";
    fetch_optional!(sql, Row, text).await
}

/// Takes the row if it is still as it was seen.
async fn replace(db: &Db, seen: Option<&Row>) -> Result<Option<i64>, StoreError> {
    let place = serde_json::to_string(&Place::here())
        .map_err(|error| StoreError::Fault(error.to_string()))?;
    let token = seen.map_or(1, |row| row.token + 1);
    let mut tx = db.begin().await?;
    let sql = &mut tx.sql();
    let taken = match seen {
        None => {
            execute!(
                sql,
                "INSERT INTO store_lease (id, token, renewals, is_held, holder, place)
                 VALUES (1, $1, 0, 1, $2, $3) ON CONFLICT DO NOTHING",
                token,
                place::holder(),
                place.as_str()
            )
            .await?
        }
        Some(row) => {
            execute!(
                sql,
                "UPDATE store_lease
                 SET token = $1, renewals = 0, is_held = 1, holder = $2, place = $3
                 WHERE id = 1 AND token = $4 AND renewals = $5",
                token,
                place::holder(),
                place.as_str(),
                row.token,
                row.renewals
            )
            .await?
        }
    };
    tx.commit().await?;
    Ok((taken == 1).then_some(token))
}

/// A sign of life; `false`: the row is another's.
pub(super) async fn confirm(sql: &mut Sql<'_>, token: i64) -> Result<bool, StoreError> {
    let text = "UPDATE store_lease SET renewals = renewals + 1
                WHERE id = 1 AND token = $1 AND is_held = 1";
    Ok(execute!(sql, text, token).await? == 1)
}

/// Gives signs of life until the lease is given back or lost.
pub(super) async fn renew(db: Db, token: i64, signals: Signals, times: LeaseTimes) {
    loop {
        tokio::select! {
            () = signals.stop.cancelled() => return,
            () = signals.suspect.notified() => {}
            () = tokio::time::sleep(times.renew) => {}
        }
        match renew_once(&db, token).await {
            Ok(true) => {}
            Ok(false) if signals.stop.is_cancelled() => return,
            Ok(false) => {
                tracing::error!("Another server has taken the store over: this one stops");
                signals.lost.cancel();
                return;
            }
            Err(error) => tracing::warn!(%error, "No sign of life could be left in the store"),
        }
    }
}

async fn renew_once(db: &Db, token: i64) -> Result<bool, StoreError> {
    let mut tx = db.begin().await?;
    let is_ours = confirm(&mut tx.sql(), token).await?;
    tx.commit().await?;
    Ok(is_ours)
}

/// Gives the row back, if it is still ours.
pub(super) async fn release(db: &Db, token: i64) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let text = "UPDATE store_lease SET is_held = 0 WHERE id = 1 AND token = $1";
    execute!(&mut tx.sql(), text, token).await?;
    tx.commit().await
}
