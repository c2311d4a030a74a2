//! The guard of every answer that shows a contact or a message of it.

use rozmova_base::id::{InteractionId, MessageId};

use crate::app::App;
use crate::auth::SignedIn;
use crate::http::error::ApiError;
use crate::interaction::reach::{Reach, store};

/// What this person may read now, for lists.
pub fn reach(app: &App, signed_in: &SignedIn) -> Reach {
    Reach::of(signed_in, &app.routing.get())
}

/// Refuses with 404 unless this person may read the contact.
pub async fn require(app: &App, signed_in: &SignedIn, id: InteractionId) -> Result<(), ApiError> {
    let reach = reach(app, signed_in);
    let mut connection = app.db.read().await?;
    let is_within = store::has(&mut connection.sql(), &reach, id).await?;
    is_within.then_some(()).ok_or_else(|| ApiError::not_found("interaction", id))
}

/// Refuses with 404 unless this person may read the message.
pub async fn require_message(
    app: &App,
    signed_in: &SignedIn,
    id: MessageId,
) -> Result<(), ApiError> {
    let reach = reach(app, signed_in);
    let mut connection = app.db.read().await?;
    let is_within = store::has_message(&mut connection.sql(), &reach, id).await?;
    is_within.then_some(()).ok_or_else(|| ApiError::not_found("message", id))
}
