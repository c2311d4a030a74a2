//! What an agent does: answers offers, holds, parks, hands on, wraps up, closes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, DispositionId, InteractionId, MessageId, OfferId, QueueId};
use rozmova_queue::input::Target;
use rozmova_queue::view::{ContactState, ContactView};
use rozmova_queue::{Input, Rejected};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::load;
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::dispatch::Turn;
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;
use crate::interaction::model::Interaction;
use crate::interaction::store;
use crate::message::changes::Change;
use crate::message::store::{self as messages, NewNote};

/// Longest note with a transfer or a result, in characters: several screens.
const NOTE_CHARS_MAX: usize = 10_000;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(accept))
        .routes(routes!(refuse))
        .routes(routes!(set_state))
        .routes(routes!(transfer))
        .routes(routes!(wrap_up))
        .routes(routes!(dispose))
}

/// Accepts an offer
#[utoipa::path(put, path = "/offers/{id}/acceptance", tag = "agent",
    params(("id" = OfferId, Path)), responses((status = 200, body = Interaction)))]
async fn accept(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(offer): Path<OfferId>,
) -> ApiResult<Interaction> {
    signed_in.require(Right::Work)?;
    let interaction = own_offer(&app, &signed_in, offer).await?;
    app.dispatch.submit(Input::OfferAccepted { offer }).await?;
    load(&app, interaction).await.map(Json)
}

/// Why not.
#[derive(Debug, Deserialize, ToSchema)]
struct Refusal {
    /// For the supervisor; may be empty.
    #[serde(default)]
    reason: String,
}

/// Declines an offer
#[utoipa::path(put, path = "/offers/{id}/refusal", tag = "agent",
    params(("id" = OfferId, Path)), request_body = Refusal,
    responses((status = 204, description = "Declined")))]
async fn refuse(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(offer): Path<OfferId>,
    Json(refusal): Json<Refusal>,
) -> Result<StatusCode, ApiError> {
    signed_in.require(Right::Work)?;
    own_offer(&app, &signed_in, offer).await?;
    let reason = note("reason", &refusal.reason)?;
    app.dispatch.submit(Input::OfferDeclined { offer, reason }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The contact of an offer to this person.
async fn own_offer(
    app: &App,
    signed_in: &SignedIn,
    offer: OfferId,
) -> Result<InteractionId, ApiError> {
    let mut connection = app.db.read().await?;
    let row = store::offer(&mut connection.sql(), offer).await?;
    let row = row.filter(|row| row.agent_id == signed_in.id());
    Ok(row.ok_or_else(|| ApiError::not_found("offer", offer))?.interaction_id)
}

/// Where a contact in hand is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WorkState {
    Active,
    WaitingForClient,
    Parked,
    Held,
}

/// Where a contact in hand is to go.
#[derive(Debug, Deserialize, ToSchema)]
struct SetState {
    state: WorkState,
    /// Parked until then.
    until_at: Option<Timestamp>,
}

/// Holds, parks, takes up again, or leaves the next word to the client
#[utoipa::path(put, path = "/interactions/{id}/state", tag = "agent",
    params(("id" = InteractionId, Path)), request_body = SetState,
    responses((status = 200, body = Interaction)))]
async fn set_state(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(interaction): Path<InteractionId>,
    Json(wish): Json<SetState>,
) -> ApiResult<Interaction> {
    let input = match (wish.state, wish.until_at) {
        (WorkState::Active, _) => Input::Resume { interaction },
        (WorkState::Held, _) => Input::Hold { interaction },
        (WorkState::WaitingForClient, _) => Input::AwaitClient { interaction },
        (WorkState::Parked, Some(until)) if until > app.clock.now() => {
            Input::Park { interaction, until }
        }
        (WorkState::Parked, _) => {
            return Err(ApiError::invalid("until_at", "park it until a time that is to come"));
        }
    };
    perform(&app, &signed_in, interaction, input).await?;
    load(&app, interaction).await.map(Json)
}

/// To whom.
#[derive(Debug, Deserialize, ToSchema)]
struct Transfer {
    queue_id: Option<QueueId>,
    agent_id: Option<AgentId>,
    /// What the next one should know; kept as a note in the contact.
    #[serde(default)]
    note: String,
}

/// Hands a contact on to a queue or to one agent
#[utoipa::path(post, path = "/interactions/{id}/transfers", tag = "agent",
    params(("id" = InteractionId, Path)), request_body = Transfer,
    responses((status = 200, body = Interaction)))]
async fn transfer(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(interaction): Path<InteractionId>,
    Json(transfer): Json<Transfer>,
) -> ApiResult<Interaction> {
    let to = match (transfer.queue_id, transfer.agent_id) {
        (Some(queue), None) => Target::Queue { queue },
        (None, Some(agent)) => Target::Agent { agent },
        (Some(_), Some(_)) | (None, None) => {
            return Err(ApiError::invalid("queue_id", "name either a queue or an agent"));
        }
    };
    let text = note("note", &transfer.note)?;
    let mut turn = app.dispatch.journal().begin().await?;
    own_contact(&app, &signed_in, interaction).await?;
    turn.append_all(vec![Input::Transfer { interaction, to }]).await?;
    let (message, at) = (MessageId::make(app.ids.as_ref()), turn.at());
    if !text.is_empty() {
        let note = NewNote {
            id: message,
            interaction,
            author: signed_in.id(),
            author_name: &signed_in.user.name,
            text: &text,
            at,
        };
        messages::insert_note(&mut turn.sql(), &note).await?;
        messages::touch(&mut turn.sql(), interaction, at).await?;
    }
    finish(&app, turn).await?;
    if !text.is_empty() {
        app.changes.tell(Change::Added { interaction, message });
    }
    load(&app, interaction).await.map(Json)
}

/// Ends the conversation; wrap-up begins if the queue has one, else the contact is closed
#[utoipa::path(put, path = "/interactions/{id}/wrap-up", tag = "agent",
    params(("id" = InteractionId, Path)), responses((status = 200, body = Interaction)))]
async fn wrap_up(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(interaction): Path<InteractionId>,
) -> ApiResult<Interaction> {
    perform(&app, &signed_in, interaction, Input::ContactEnded { interaction }).await?;
    load(&app, interaction).await.map(Json)
}

/// With which result.
#[derive(Debug, Deserialize, ToSchema)]
struct Dispose {
    /// The code; none where the queue does not demand one.
    disposition_id: Option<DispositionId>,
    /// What happened, in words.
    #[serde(default)]
    note: String,
    /// Not closed: it comes back then.
    follow_up_at: Option<Timestamp>,
}

/// Closes a contact with its result, from work in hand or from wrap-up
#[utoipa::path(put, path = "/interactions/{id}/disposition", tag = "agent",
    params(("id" = InteractionId, Path)), request_body = Dispose,
    responses((status = 200, body = Interaction)))]
async fn dispose(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(interaction): Path<InteractionId>,
    Json(dispose): Json<Dispose>,
) -> ApiResult<Interaction> {
    let text = note("note", &dispose.note)?;
    check_result(&app, dispose.disposition_id, &text)?;
    let mut turn = app.dispatch.journal().begin().await?;
    let (contact, is_required) = own_contact(&app, &signed_in, interaction).await?;
    if is_required && dispose.disposition_id.or(contact.disposition).is_none() {
        return Err(Rejected::DispositionRequired(contact.queue).into());
    }
    let disposition = dispose.disposition_id;
    let mut inputs = closing(&contact, &dispose);
    let tried = inputs.clone();
    let is_in_wrap_up = turn
        .rehearse(move |engine, at| {
            tried.into_iter().try_for_each(|input| engine.handle(input, at))?;
            let contact = engine.interaction(interaction);
            Ok::<_, Rejected>(contact.is_some_and(|now| now.state == ContactState::WrapUp))
        })
        .await??;
    // Without wrap-up the contact is closed by then; with it, this closes it.
    if is_in_wrap_up {
        inputs.push(Input::WrapUpDone { interaction, disposition });
    }
    turn.append_all(inputs).await?;
    if !text.is_empty() {
        store::set_disposition_note(&mut turn.sql(), interaction, &text).await?;
    }
    finish(&app, turn).await?;
    load(&app, interaction).await.map(Json)
}

fn check_result(app: &App, disposition: Option<DispositionId>, note: &str) -> Result<(), ApiError> {
    let Some(disposition) = disposition else { return Ok(()) };
    let routing = app.routing.get();
    let Some(item) = routing.disposition(disposition) else {
        return Err(ApiError::invalid("disposition_id", "there is no such result code"));
    };
    if item.required_note && note.trim().is_empty() {
        return Err(ApiError::invalid("note", "this result needs a note: say what happened"));
    }
    Ok(())
}

/// What brings a contact to its end, wrap-up not counted.
fn closing(contact: &ContactView, dispose: &Dispose) -> Vec<Input> {
    let interaction = contact.interaction;
    let mut inputs = Vec::new();
    if matches!(contact.state, ContactState::WaitingForClient | ContactState::Parked) {
        inputs.push(Input::Resume { interaction });
    }
    if let Some(disposition) = dispose.disposition_id {
        inputs.push(Input::SetDisposition { interaction, disposition });
    }
    if let Some(until) = dispose.follow_up_at {
        inputs.push(Input::Park { interaction, until });
    } else if contact.state != ContactState::WrapUp {
        inputs.push(Input::ContactEnded { interaction });
    }
    inputs
}

/// Carries out what only the agent who has the contact, or a supervisor, may do.
pub(super) async fn perform(
    app: &App,
    signed_in: &SignedIn,
    interaction: InteractionId,
    input: Input,
) -> Result<(), ApiError> {
    let mut turn = app.dispatch.journal().begin().await?;
    // While the turn is held the contact cannot pass into other hands.
    own_contact(app, signed_in, interaction).await?;
    turn.append(input);
    finish(app, turn).await
}

/// Commits, and waits until what is read shows it.
pub(super) async fn finish(app: &App, turn: Turn) -> Result<(), ApiError> {
    for verdict in turn.commit().await? {
        let applied = verdict.wait().await?;
        app.dispatch.wait_until_shown(applied).await;
    }
    Ok(())
}

/// The contact, if this person has it or is a supervisor; and whether its queue demands a result.
async fn own_contact(
    app: &App,
    signed_in: &SignedIn,
    interaction: InteractionId,
) -> Result<(ContactView, bool), ApiError> {
    signed_in.require_any(&[Right::Work, Right::Supervise])?;
    let found = app
        .dispatch
        .read(move |engine| {
            let contact = engine.interaction(interaction)?;
            let config = engine.queue_config(contact.queue);
            let is_required = config.is_some_and(|config| config.disposition.required);
            Some((contact, is_required))
        })
        .await?;
    let Some((contact, is_required)) = found else {
        // Tells apart what is over from what never was.
        load(app, interaction).await?;
        return Err(Rejected::UnknownInteraction(interaction).into());
    };
    let is_own = contact.agent == Some(signed_in.id()) && !is_waiting(contact.state);
    if is_own || signed_in.may(Right::Supervise) {
        Ok((contact, is_required))
    } else {
        let message = "this contact is not in your hands; it waits or somebody else has it";
        Err(ApiError::conflict("not_yours", message))
    }
}

const fn is_waiting(state: ContactState) -> bool {
    matches!(state, ContactState::Received | ContactState::Queued | ContactState::Offered)
}

/// A text from a person, within its limit.
pub(super) fn note(field: &str, text: &str) -> Result<String, ApiError> {
    if text.chars().count() > NOTE_CHARS_MAX {
        let message = format!("is longer than {NOTE_CHARS_MAX} characters");
        return Err(ApiError::invalid(field, message));
    }
    Ok(text.trim().to_owned())
}
