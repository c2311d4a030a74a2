//! Small values that belong to the installation and not to its configuration file: secrets made on
//! first start, cursors of channels.

use super::{Sql, StoreError};
use crate::{execute, fetch_optional};

/// Reads one value.
pub async fn load(sql: &mut Sql<'_>, key: &str) -> Result<Option<String>, StoreError> {
    let row = fetch_optional!(sql, (String,), "SELECT value FROM setting WHERE key = $1", key);
    Ok(row.await?.map(|(value,)| value))
}

/// Writes one value.
pub async fn save(sql: &mut Sql<'_>, key: &str, value: &str) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO setting (key, value) VALUES ($1, $2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        key,
        value
    )
    .await?;
    Ok(())
}
