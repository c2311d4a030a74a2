//! Whether a message refers to pictures elsewhere, which are shown only when asked for.
//!
//! Only the HTML as it would be shown tells, so the channel is asked; what it said is remembered,
//! since messages never change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use channel_contract::Channel;
use rozmova_base::id::MessageId;

use super::model::Message;
use super::store;
use crate::media::{ContentHash, MediaError, MediaStore};
use crate::store::Db;

/// Messages remembered: what some hundred agents look at in a day, in a megabyte.
const KNOWN_MAX: usize = 20_000;

/// Answers and remembers.
pub struct Pictures {
    db: Db,
    media: MediaStore,
    channel: Arc<dyn Channel>,
    known: Mutex<BTreeMap<MessageId, bool>>,
}

impl std::fmt::Debug for Pictures {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pictures").finish_non_exhaustive()
    }
}

impl Pictures {
    /// Knows nothing yet.
    pub fn new(db: Db, media: MediaStore, channel: Arc<dyn Channel>) -> Self {
        Self { db, media, channel, known: Mutex::default() }
    }

    /// Says it in these messages. Where it cannot be found out just now, it says that there are
    /// some: then the reader is asked, and nothing is loaded unasked. Takes a connection of its
    /// own.
    pub async fn mark(&self, messages: &mut [Message]) {
        for message in messages.iter_mut().filter(|message| message.has_html) {
            let known = self.known().get(&message.id).copied();
            message.remote_pictures = match known {
                Some(known) => known,
                None => self.look(message.id).await.unwrap_or_else(|error| {
                    tracing::debug!(message = %message.id, %error, "Pictures are not known");
                    true
                }),
            };
        }
    }

    async fn look(&self, id: MessageId) -> Result<bool, MediaError> {
        let row = {
            let mut connection = self.db.read().await?;
            store::raw(&mut connection.sql(), id).await?
        };
        let hash = row.and_then(|row| row.raw_sha256);
        let Some(hash) = hash.as_deref().and_then(ContentHash::from_slice) else {
            return Ok(false);
        };
        let raw = self.media.load(&hash).await?;
        let channel = Arc::clone(&self.channel);
        let has_some = tokio::task::spawn_blocking(move || {
            channel.render_html(&raw).is_some_and(|shown| shown.remote_pictures > 0)
        })
        .await
        .map_err(|error| MediaError::Unavailable(error.to_string()))?;
        let mut known = self.known();
        known.insert(id, has_some);
        while known.len() > KNOWN_MAX {
            // The oldest: ids grow with time.
            known.pop_first();
        }
        Ok(has_some)
    }

    /// No code that holds the lock can panic, so a poisoned lock holds a sound state.
    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<MessageId, bool>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
