//! What a supervisor does with a contact: gives, takes back, moves, hurries, merges, closes it;
//! each with a reason, in the event log and in the audit trail. An agent may take a waiting contact
//! where the queue allows it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use rozmova_base::id::{AgentId, ClientId, InteractionId, QueueId};
use rozmova_queue::Input;
use rozmova_queue::input::{Act, ActKind};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::work::finish;
use super::{announce, load};
use crate::app::App;
use crate::audit;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Path, Query};
use crate::http::routes::routes;
use crate::interaction::model::Interaction;
use crate::interaction::store;
use crate::message::changes::Change;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(assign, requeue))
        .routes(routes!(set_priority))
        .routes(routes!(set_queue))
        .routes(routes!(merge))
        .routes(routes!(close))
}

/// To whom; empty: to oneself.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct Assignment {
    /// Supervisors: this agent.
    agent_id: Option<AgentId>,
    /// Supervisors: why.
    reason: String,
}

/// Takes a waiting contact; or, as a supervisor, gives it to one agent
#[utoipa::path(put, path = "/interactions/{id}/assignment", tag = "agent",
    params(("id" = InteractionId, Path)), request_body = Assignment,
    responses((status = 200, body = Interaction)))]
async fn assign(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(interaction): Path<InteractionId>,
    Json(assignment): Json<Assignment>,
) -> ApiResult<Interaction> {
    load(&app, interaction).await?;
    if let Some(agent) = assignment.agent_id {
        signed_in.require(Right::Supervise)?;
        let what = ActKind::Assign { interaction, agent };
        let details = json!({ "agent": agent });
        let act = Supervised { name: "interaction.assign", interaction, what, details };
        supervise(&app, &signed_in, act, assignment.reason).await?;
    } else {
        signed_in.require(Right::Work)?;
        let agent = signed_in.id();
        app.dispatch.submit(Input::PullContact { agent, interaction }).await?;
    }
    load(&app, interaction).await.map(Json)
}

/// Why.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct WhyQuery {
    /// Stays in the log, with the author.
    reason: String,
}

/// Takes an offered contact, or written work in hand, back into its queue
#[utoipa::path(delete, path = "/interactions/{id}/assignment", tag = "supervisor",
    params(("id" = InteractionId, Path), WhyQuery),
    responses((status = 200, body = Interaction)))]
async fn requeue(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(interaction): Path<InteractionId>,
    Query(why): Query<WhyQuery>,
) -> ApiResult<Interaction> {
    let before = load(&app, interaction).await?;
    let what = ActKind::Requeue { interaction };
    let details = json!({ "agent": before.agent.map(|agent| agent.id) });
    let act = Supervised { name: "interaction.requeue", interaction, what, details };
    supervise(&app, &signed_in, act, why.reason).await?;
    load(&app, interaction).await.map(Json)
}

/// Into which contact, and why.
#[derive(Debug, Deserialize, ToSchema)]
struct Merger {
    /// An open contact of the same client.
    into_id: InteractionId,
    reason: String,
}

/// Makes a contact part of another: it ends, its messages and everything that will be written in
/// it are the other's
#[utoipa::path(put, path = "/interactions/{id}/merger", tag = "supervisor",
    params(("id" = InteractionId, Path)), request_body = Merger,
    responses((status = 200, body = Interaction)))]
async fn merge(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(interaction): Path<InteractionId>,
    Json(merger): Json<Merger>,
) -> ApiResult<Interaction> {
    signed_in.require(Right::Supervise)?;
    let reason = super::work::note("reason", &merger.reason)?;
    let into = merger.into_id;
    load(&app, interaction).await?;
    let target = load(&app, into).await?;
    let author = signed_in.id();
    let what = ActKind::Merge { interaction, into };
    let input = Input::Supervisor(Act { author, reason: reason.clone(), what });
    let mut turn = app.dispatch.journal().begin().await?;
    let at = turn.at();
    let clients = store::clients_of(&mut turn.sql(), [interaction, into]).await?;
    let distinct: BTreeSet<ClientId> = clients.values().copied().flatten().collect();
    if distinct.len() > 1 {
        let message = "these contacts are of different clients; say first who the client is";
        return Err(ApiError::conflict("different_clients", message));
    }
    // No other input comes in while the turn is held: what a copy accepts now is accepted.
    let tried = input.clone();
    app.dispatch.read(move |engine| engine.clone().handle(tried, at)).await??;
    let moved = store::merge(&mut turn.sql(), interaction, into).await?;
    let entry = audit::Entry {
        actor: Some(author),
        act: "interaction.merge",
        subject: ("interaction", interaction.to_string()),
        details: json!({ "into": into, "messages": moved.len(), "reason": reason }),
        peer: signed_in.peer.clone(),
    };
    audit::record(&mut turn.sql(), app.ids.as_ref(), at, entry).await?;
    turn.append(input);
    for verdict in turn.commit().await? {
        let applied = verdict.wait().await?;
        app.dispatch.wait_until_shown(applied).await;
    }
    for message in moved {
        app.changes.tell(Change::Added { interaction: target.id, message });
    }
    announce(&app, interaction).await?;
    announce(&app, into).await
}

/// How urgent, and why.
#[derive(Debug, Deserialize, ToSchema)]
struct SetPriority {
    /// Index into the priorities of the centre.
    priority: u8,
    reason: String,
}

/// Gives a waiting contact another priority
#[utoipa::path(put, path = "/interactions/{id}/priority", tag = "supervisor",
    params(("id" = InteractionId, Path)), request_body = SetPriority,
    responses((status = 200, body = Interaction)))]
async fn set_priority(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(interaction): Path<InteractionId>,
    Json(wish): Json<SetPriority>,
) -> ApiResult<Interaction> {
    load(&app, interaction).await?;
    let what = ActKind::Reprioritise { interaction, priority: wish.priority };
    let details = json!({ "priority": wish.priority });
    let act = Supervised { name: "interaction.set_priority", interaction, what, details };
    supervise(&app, &signed_in, act, wish.reason).await?;
    announce(&app, interaction).await
}

/// Where to, and why.
#[derive(Debug, Deserialize, ToSchema)]
struct SetQueue {
    queue_id: QueueId,
    reason: String,
}

/// Moves a waiting contact to another queue
#[utoipa::path(put, path = "/interactions/{id}/queue", tag = "supervisor",
    params(("id" = InteractionId, Path)), request_body = SetQueue,
    responses((status = 200, body = Interaction)))]
async fn set_queue(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(interaction): Path<InteractionId>,
    Json(wish): Json<SetQueue>,
) -> ApiResult<Interaction> {
    load(&app, interaction).await?;
    let what = ActKind::Move { interaction, queue: wish.queue_id };
    let details = json!({ "queue": wish.queue_id });
    let act = Supervised { name: "interaction.move", interaction, what, details };
    supervise(&app, &signed_in, act, wish.reason).await?;
    load(&app, interaction).await.map(Json)
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
struct Closure {
    reason: String,
}

/// Closes a contact that is not a live conversation
#[utoipa::path(post, path = "/interactions/{id}/closure", tag = "supervisor",
    params(("id" = InteractionId, Path)), request_body = Closure,
    responses((status = 200, body = Interaction)))]
async fn close(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(interaction): Path<InteractionId>,
    Json(closure): Json<Closure>,
) -> ApiResult<Interaction> {
    load(&app, interaction).await?;
    let what = ActKind::Close { interaction };
    let act = Supervised { name: "interaction.close", interaction, what, details: json!({}) };
    supervise(&app, &signed_in, act, closure.reason).await?;
    load(&app, interaction).await.map(Json)
}

struct Supervised {
    name: &'static str,
    interaction: InteractionId,
    what: ActKind,
    details: Value,
}

/// What the engine refuses was not done and is not audited; what it takes is in the audit trail, in
/// the same commit. The event log has the author and the reason in any case.
async fn supervise(
    app: &App,
    signed_in: &SignedIn,
    act: Supervised,
    reason: String,
) -> Result<(), ApiError> {
    signed_in.require(Right::Supervise)?;
    let Supervised { name, interaction, what, mut details } = act;
    let reason = super::work::note("reason", &reason)?;
    details["reason"] = json!(reason);
    let author = signed_in.id();
    let priority =
        if let ActKind::Reprioritise { priority, .. } = what { Some(priority) } else { None };
    let mut turn = app.dispatch.journal().begin().await?;
    turn.append_all(vec![Input::Supervisor(Act { author, reason, what })]).await?;
    let at = turn.at();
    if let Some(priority) = priority {
        store::set_priority(&mut turn.sql(), interaction, priority).await?;
    }
    let entry = audit::Entry {
        actor: Some(author),
        act: name,
        subject: ("interaction", interaction.to_string()),
        details,
        peer: signed_in.peer.clone(),
    };
    audit::record(&mut turn.sql(), app.ids.as_ref(), at, entry).await?;
    finish(app, turn).await
}
