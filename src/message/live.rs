//! Publishes what [`super::changes`] tells, to whoever may see the interaction.

use std::sync::Arc;
use std::time::Duration;

use rozmova_base::id::{IdMaker, InteractionId, MessageId};
use rozmova_base::{Clock, Timestamp};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::changes::{Change, ChangesReceiver};
use super::model::{AuthenticationView, Author, Delivery, Message};
use super::pictures::Pictures;
use super::store;
use super::viewers::{LEASE_MS, Viewers};
use crate::interaction;
use crate::interaction::model::{Interaction, ViewerRef};
use crate::live::{Audience, Hub, LiveEvent};
use crate::routing::RoutingNow;
use crate::store::{Db, StoreError};

/// Between two looks at who looks no more. A third of a lease: a face stays at most that much
/// longer than it should.
const EXPIRY_PAUSE: Duration = Duration::from_secs((LEASE_MS / 3_000).cast_unsigned());

#[derive(Serialize)]
struct AddedData<'a> {
    interaction_id: InteractionId,
    message: &'a Message,
}

#[derive(Serialize)]
struct ChangedData {
    interaction_id: InteractionId,
    message_id: MessageId,
    /// None: the message was taken back.
    delivery: Option<Delivery>,
}

#[derive(Serialize)]
struct ExaminedData {
    interaction_id: InteractionId,
    message_id: MessageId,
    language: Option<String>,
    authentication: AuthenticationView,
}

#[derive(Serialize)]
struct IdentifiedData {
    interaction: Interaction,
}

#[derive(Serialize)]
struct DraftData {
    interaction_id: InteractionId,
    /// None: the draft is gone.
    author: Option<Author>,
}

#[derive(Serialize)]
struct MovedData {
    interaction_id: InteractionId,
}

#[derive(Serialize)]
struct ViewersData {
    interaction_id: InteractionId,
    viewers: Vec<ViewerRef>,
}

/// Everything that publishing works with.
pub struct Publisher {
    /// Where messages are.
    pub db: Db,
    /// Where events go.
    pub hub: Hub,
    /// Names of queues.
    pub routing: RoutingNow,
    /// What messages refer to.
    pub pictures: Arc<Pictures>,
    /// Who looks at what.
    pub viewers: Arc<Viewers>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For a new epoch of the stream.
    pub ids: Arc<dyn IdMaker>,
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Publisher").finish_non_exhaustive()
    }
}

/// Publishes until `stop` is cancelled.
pub async fn run(parts: Publisher, mut changes: ChangesReceiver, stop: CancellationToken) {
    let mut expiry = tokio::time::interval(EXPIRY_PAUSE);
    loop {
        let published = tokio::select! {
            () = stop.cancelled() => return,
            Some(change) = changes.recv() => publish(&parts, change).await,
            _ = expiry.tick() => expire(&parts).await,
        };
        if let Err(error) = published {
            // Desks that miss an event must not believe that they have seen all.
            tracing::warn!(%error, "Desks are asked to fetch anew");
            parts.hub.break_stream(parts.ids.next_uuid().to_string());
        }
    }
}

async fn expire(parts: &Publisher) -> Result<(), StoreError> {
    for interaction in parts.viewers.expire(parts.clock.now()) {
        publish(parts, Change::Viewers { interaction }).await?;
    }
    Ok(())
}

async fn publish(parts: &Publisher, change: Change) -> Result<(), StoreError> {
    let (Change::Added { interaction, .. }
    | Change::Delivery { interaction, .. }
    | Change::Examined { interaction, .. }
    | Change::Identified { interaction }
    | Change::Draft { interaction, .. }
    | Change::Moved { interaction }
    | Change::Viewers { interaction }) = change;
    let mut connection = parts.db.read().await?;
    let sql = &mut connection.sql();
    let Some(head) = store::head(sql, interaction).await? else { return Ok(()) };
    let event = match change {
        Change::Added { message, .. } => {
            let Some(mut message) = store::load(sql, message).await? else { return Ok(()) };
            if parts.hub.is_watched() {
                parts.pictures.mark(std::slice::from_mut(&mut message)).await;
            }
            let data = AddedData { interaction_id: interaction, message: &message };
            LiveEvent::new("message.added", &data)
        }
        Change::Delivery { message, .. } => {
            let delivery = store::load(sql, message).await?.and_then(|found| found.delivery);
            let data = ChangedData { interaction_id: interaction, message_id: message, delivery };
            LiveEvent::new("message.changed", &data)
        }
        Change::Examined { message, .. } => {
            let Some((language, authentication)) = store::examined(sql, message).await? else {
                return Ok(());
            };
            let data = ExaminedData {
                interaction_id: interaction,
                message_id: message,
                language,
                authentication,
            };
            LiveEvent::new("message.examined", &data)
        }
        Change::Identified { .. } => {
            let routing = parts.routing.get();
            let found = interaction::store::load(sql, &routing, interaction).await?;
            let Some(mut found) = found else { return Ok(()) };
            found.viewers = looking(&parts.viewers, interaction, parts.clock.now());
            LiveEvent::new("interaction.changed", &IdentifiedData { interaction: found })
        }
        Change::Draft { author, .. } => {
            let name = match author {
                Some(id) => store::author_name(sql, id).await?,
                None => None,
            };
            let author = author.zip(name).map(|(id, name)| Author { id, name });
            LiveEvent::new("draft.changed", &DraftData { interaction_id: interaction, author })
        }
        Change::Moved { .. } => {
            LiveEvent::new("messages.moved", &MovedData { interaction_id: interaction })
        }
        Change::Viewers { .. } => {
            let data = ViewersData {
                interaction_id: interaction,
                viewers: looking(&parts.viewers, interaction, parts.clock.now()),
            };
            LiveEvent::new("viewers.changed", &data)
        }
    };
    let audience = Audience::Interaction { queue: head.queue_id, agent: head.agent_id };
    parts.hub.publish(event, audience);
    Ok(())
}

/// Who looks at an interaction now.
pub fn looking(viewers: &Viewers, interaction: InteractionId, now: Timestamp) -> Vec<ViewerRef> {
    let found = viewers.of(interaction, now).into_iter();
    found
        .map(|viewer| ViewerRef { id: viewer.id, name: viewer.name, writes: viewer.writes })
        .collect()
}
