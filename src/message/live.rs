//! Publishes what [`super::changes`] tells, to whoever may see the interaction.

use std::sync::Arc;
use std::time::Duration;

use rozmova_base::id::{InteractionId, MessageId};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::changes::{Change, ChangesReceiver};
use super::model::{Delivery, Message};
use super::{store, viewers};
use crate::app::App;
use crate::interaction::model::ViewerRef;
use crate::live::{Audience, LiveEvent};
use crate::store::StoreError;

/// Between two looks at who looks no more. A third of a lease: a face stays at most that much
/// longer than it should.
const EXPIRY_PAUSE: Duration = Duration::from_secs((viewers::LEASE_MS / 3_000).cast_unsigned());

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
struct ViewersData {
    interaction_id: InteractionId,
    viewers: Vec<ViewerRef>,
}

/// Publishes until `stop` is cancelled.
pub async fn run(app: Arc<App>, mut changes: ChangesReceiver, stop: CancellationToken) {
    let mut expiry = tokio::time::interval(EXPIRY_PAUSE);
    loop {
        let published = tokio::select! {
            () = stop.cancelled() => return,
            Some(change) = changes.recv() => publish(&app, change).await,
            _ = expiry.tick() => expire(&app).await,
        };
        if let Err(error) = published {
            // Desks that miss an event must not believe that they have seen all.
            tracing::warn!(%error, "Desks are asked to fetch anew");
            app.hub.break_stream(app.ids.next_uuid().to_string());
        }
    }
}

async fn expire(app: &App) -> Result<(), StoreError> {
    for interaction in app.viewers.expire(app.clock.now()) {
        publish(app, Change::Viewers { interaction }).await?;
    }
    Ok(())
}

async fn publish(app: &App, change: Change) -> Result<(), StoreError> {
    let (Change::Added { interaction, .. }
    | Change::Delivery { interaction, .. }
    | Change::Viewers { interaction }) = change;
    let mut connection = app.db.read().await?;
    let sql = &mut connection.sql();
    let Some(head) = store::head(sql, interaction).await? else { return Ok(()) };
    let event = match change {
        Change::Added { message, .. } => {
            let Some(message) = store::load(sql, message).await? else { return Ok(()) };
            let data = AddedData { interaction_id: interaction, message: &message };
            LiveEvent::new("message.added", &data)
        }
        Change::Delivery { message, .. } => {
            let delivery = store::load(sql, message).await?.and_then(|found| found.delivery);
            let data = ChangedData { interaction_id: interaction, message_id: message, delivery };
            LiveEvent::new("message.changed", &data)
        }
        Change::Viewers { .. } => {
            let data =
                ViewersData { interaction_id: interaction, viewers: looking(app, interaction) };
            LiveEvent::new("viewers.changed", &data)
        }
    };
    let audience = Audience::Interaction { queue: head.queue_id, agent: head.agent_id };
    app.hub.publish(event, audience);
    Ok(())
}

/// Who looks at an interaction now.
pub fn looking(app: &App, interaction: InteractionId) -> Vec<ViewerRef> {
    let viewers = app.viewers.of(interaction, app.clock.now()).into_iter();
    viewers
        .map(|viewer| ViewerRef { id: viewer.id, name: viewer.name, writes: viewer.writes })
        .collect()
}
