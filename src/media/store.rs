//! The spool: raw bytes on their way to the media store, in the database because the
//! acknowledgement of a mail depends on one commit of everything.

use super::ContentHash;
use crate::store::{Sql, StoreError};
use crate::{execute, fetch_all, fetch_one, fetch_optional};
use rozmova_base::Timestamp;

/// Content that is still in the spool.
pub(super) async fn load(
    sql: &mut Sql<'_>,
    hash: &ContentHash,
) -> Result<Option<Vec<u8>>, StoreError> {
    let row = fetch_optional!(
        sql,
        (Vec<u8>,),
        "SELECT content FROM spool WHERE sha256 = $1",
        hash.as_slice()
    );
    Ok(row.await?.map(|(content,)| content))
}

/// Some hashes in the spool with their sizes in bytes, roughly oldest first, at most `limit`.
pub(super) async fn some(sql: &mut Sql<'_>, limit: i64) -> Result<Vec<(Vec<u8>, i64)>, StoreError> {
    fetch_all!(
        sql,
        (Vec<u8>, i64),
        "SELECT sha256, CAST(LENGTH(content) AS BIGINT) FROM spool LIMIT $1",
        limit
    )
    .await
}

/// Takes content out of the spool once it is safe elsewhere.
pub(super) async fn remove(sql: &mut Sql<'_>, hashes: &[ContentHash]) -> Result<(), StoreError> {
    for hash in hashes {
        execute!(sql, "DELETE FROM spool WHERE sha256 = $1", hash.as_slice()).await?;
    }
    Ok(())
}

/// Puts content in.
#[cfg(test)]
pub(super) async fn insert(
    sql: &mut Sql<'_>,
    hash: &ContentHash,
    content: &[u8],
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        sql,
        "INSERT INTO spool (sha256, content, stored_at) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING",
        hash.as_slice(),
        content,
        at
    )
    .await?;
    Ok(())
}

/// How much waits: count, bytes, and the time of the oldest.
pub(super) async fn backlog(
    sql: &mut Sql<'_>,
) -> Result<(i64, i64, Option<Timestamp>), StoreError> {
    let row = fetch_one!(
        sql,
        (i64, i64, Option<i64>),
        "SELECT COUNT(*), CAST(COALESCE(SUM(LENGTH(content)), 0) AS BIGINT), MIN(stored_at)
         FROM spool"
    );
    let (waiting, bytes, oldest) = row.await?;
    Ok((waiting, bytes, oldest.map(Timestamp)))
}
