use std::time::Duration;

use rozmova_base::id::ClientId;

use crate::app::App;
use crate::client;
use crate::store::{StoreError, setting};

/// Grows when a version of the program writes other words for the same record.
const VERSION: &str = "2";
const KEY: &str = "client_words";
/// Clients in one transaction: the writer is held for some ten milliseconds.
const PIECE: i64 = 50;
const PAUSE: Duration = Duration::from_millis(20);
/// Nothing is left to be done until the next start.
const DONE: Duration = Duration::from_hours(24);

/// Writes the words by which clients are found anew after an upgrade that changed them, a piece at
/// a time; a restart goes on where it stood.
pub(super) async fn bring_up_to_date(app: &App) -> Result<Duration, StoreError> {
    let mut connection = app.db.read().await?;
    let stored = setting::load(&mut connection.sql(), KEY).await?.unwrap_or_default();
    drop(connection);
    if stored == VERSION {
        return Ok(DONE);
    }
    // `2 after 0192…`: how far it is.
    let after = stored.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix(" after "));
    let after = after.and_then(|id| id.parse().ok()).unwrap_or(ClientId::from_u128(0));
    let mut tx = app.db.begin().await?;
    let last = client::store::reindex_behind(&mut tx.sql(), after, PIECE).await?;
    let state = last.map_or(VERSION.to_owned(), |last| format!("{VERSION} after {last}"));
    setting::save(&mut tx.sql(), KEY, &state).await?;
    tx.commit().await?;
    Ok(if last.is_some() { PAUSE } else { DONE })
}
