//! Tells desks of changes to contacts that the queue does not know of.

use rozmova_base::id::InteractionId;

use super::model::{Interaction, ViewerRef};
use super::store;
use crate::app::App;
use crate::live::{Audience, LiveEvent};
use crate::store::StoreError;

/// Tells those who may see the contact, and gives it as it is now; `None`: there is none.
pub async fn announce(app: &App, id: InteractionId) -> Result<Option<Interaction>, StoreError> {
    let Some(interaction) = load(app, id).await? else { return Ok(None) };
    let agent = interaction.agent.as_ref().map(|agent| agent.id);
    let audience = Audience::Interaction { queue: interaction.queue.id, agent };
    let data = serde_json::json!({ "interaction": interaction });
    app.hub.publish(LiveEvent::new("interaction.changed", &data), audience);
    Ok(Some(interaction))
}

/// One contact with those who look at it just now.
pub async fn load(app: &App, id: InteractionId) -> Result<Option<Interaction>, StoreError> {
    let mut connection = app.db.read().await?;
    let found = store::load(&mut connection.sql(), &app.routing.get(), id).await?;
    Ok(found.map(|found| with_viewers(app, found)))
}

/// With those who look at it just now.
pub fn with_viewers(app: &App, mut interaction: Interaction) -> Interaction {
    let viewers = app.viewers.of(interaction.id, app.clock.now()).into_iter();
    interaction.viewers = viewers.map(ViewerRef::from).collect();
    interaction
}
