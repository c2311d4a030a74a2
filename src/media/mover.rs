//! Moves content from the spool to the object store.
//!
//! Crash-safe by order: an object is durable before its spool row goes, and writing an object a
//! second time changes nothing. One content is in memory at a time.

use super::{ContentHash, MediaError, MediaStore, store};

/// Contents moved before the spool is emptied in one transaction. With a pause between batches
/// (`jobs`), the rate stays near 200 a second, or 17 million a day: it must not compete with
/// intake for the disk.
pub const BATCH_COUNT: i64 = 32;
/// A batch ends early when it has moved so many bytes.
const BATCH_BYTES: i64 = 32 * 1024 * 1024;

/// Moves one batch; gives how many contents it moved.
pub async fn move_batch(media: &MediaStore) -> Result<usize, MediaError> {
    let waiting = {
        let mut connection = media.db.read().await?;
        store::some(&mut connection.sql(), BATCH_COUNT).await?
    };
    let mut moved = Vec::with_capacity(waiting.len());
    let mut bytes = 0;
    for (hash, size_bytes) in waiting {
        let Some(hash) = ContentHash::from_slice(&hash) else {
            tracing::error!("A spool row has a key that is no SHA-256");
            continue;
        };
        if let Some(content) = media.load_spooled(&hash).await? {
            media.put(&hash, content).await?;
            moved.push(hash);
        }
        bytes += size_bytes;
        if bytes >= BATCH_BYTES {
            break;
        }
    }
    if !moved.is_empty() {
        let mut tx = media.db.begin().await?;
        store::remove(&mut tx.sql(), &moved).await?;
        tx.commit().await?;
    }
    Ok(moved.len())
}

/// What waits in the spool, for the health page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// How many contents.
    pub waiting: i64,
    /// Their size.
    pub bytes: i64,
    /// When the oldest came.
    pub oldest_at: Option<rozmova_base::Timestamp>,
}

/// Counts what waits.
pub async fn backlog(media: &MediaStore) -> Result<Backlog, MediaError> {
    let mut connection = media.db.read().await?;
    let (waiting, bytes, oldest_at) = store::backlog(&mut connection.sql()).await?;
    Ok(Backlog { waiting, bytes, oldest_at })
}
