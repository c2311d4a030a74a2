//! `/api/v1/agents/…`: one's own state and work; supervisors set the state of others.

use std::sync::Arc;

use axum::extract::State;
use rozmova_base::id::{AgentId, PauseReasonId, UserId};
use rozmova_queue::Input;
use rozmova_queue::input::{Act, ActKind};
use rozmova_queue::view::AgentState;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::model::Agent;
use crate::app::App;
use crate::audit;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Path};
use crate::http::routes::routes;
use crate::interaction;
use crate::interaction::model::{Interaction, Offer};

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(work))
        .routes(routes!(set_presence))
        .routes(routes!(set_presence_of))
}

/// Oneself as an agent
#[utoipa::path(get, path = "/agents/me", tag = "agent", responses((status = 200, body = Agent)))]
async fn me(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<Agent> {
    signed_in.require(Right::Work)?;
    show(&app, signed_in.id()).await
}

/// What an agent has before him.
#[derive(Debug, Serialize, ToSchema)]
struct Work {
    /// Offers to be answered, oldest first.
    offers: Vec<Offer>,
    /// In hand, on hold, in wrap-up, waiting for the client or parked, oldest first.
    interactions: Vec<Interaction>,
}

/// Offers to oneself and what one has in hand
#[utoipa::path(get, path = "/agents/me/work", tag = "agent",
    responses((status = 200, body = Work)))]
async fn work(State(app): State<Arc<App>>, signed_in: SignedIn) -> ApiResult<Work> {
    signed_in.require(Right::Work)?;
    let routing = app.routing.get();
    let mut connection = app.db.read().await?;
    let sql = &mut connection.sql();
    let offers = interaction::store::offers_of(sql, &routing, signed_in.id()).await?;
    let interactions = interaction::store::open_of(sql, &routing, signed_in.id()).await?;
    Ok(Json(Work { offers, interactions }))
}

/// What an agent wants to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PresenceState {
    Ready,
    Paused,
    Offline,
}

/// What an agent wants to be, and why.
#[derive(Debug, Deserialize, ToSchema)]
struct SetPresence {
    state: PresenceState,
    /// A pause needs one; after signing in an agent is paused without.
    reason_id: Option<PauseReasonId>,
    /// Only when nothing is in hand any more.
    #[serde(default)]
    after_this: bool,
}

/// Makes oneself ready, paused or offline
#[utoipa::path(put, path = "/agents/me/presence", tag = "agent", request_body = SetPresence,
    responses((status = 200, body = Agent)))]
async fn set_presence(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(wish): Json<SetPresence>,
) -> ApiResult<Agent> {
    signed_in.require(Right::Work)?;
    let agent = signed_in.id();
    let state = app.dispatch.read(move |engine| engine.agent(agent)).await?;
    let state = state.ok_or_else(|| not_an_agent(agent))?.state;
    for input in inputs(&wish, agent, state)? {
        app.dispatch.submit(input).await?;
    }
    show(&app, agent).await
}

fn inputs(wish: &SetPresence, agent: AgentId, state: AgentState) -> Result<Vec<Input>, ApiError> {
    let is_offline = state == AgentState::Offline;
    Ok(match wish.state {
        PresenceState::Offline if is_offline => Vec::new(),
        PresenceState::Offline => vec![Input::SignedOut { agent }],
        // Signing in anew says that the agent is there, also without a live connection.
        PresenceState::Ready if wish.after_this => {
            vec![Input::SignedIn { agent }, Input::ReadyAfterThis { agent }]
        }
        PresenceState::Ready => vec![Input::SignedIn { agent }, Input::SetReady { agent }],
        PresenceState::Paused => match wish.reason_id {
            Some(reason) => vec![
                Input::SignedIn { agent },
                Input::SetPaused { agent, reason, after_this: wish.after_this },
            ],
            None if is_offline => vec![Input::SignedIn { agent }],
            None => {
                let message = "a pause needs a reason; see GET /api/v1/pause-reasons";
                return Err(ApiError::invalid("reason_id", message));
            }
        },
    })
}

/// What a supervisor makes of an agent, and why.
#[derive(Debug, Deserialize, ToSchema)]
struct SetPresenceOf {
    state: PresenceState,
    /// The pause reason.
    reason_id: Option<PauseReasonId>,
    /// Why the supervisor does it.
    reason: String,
}

/// Makes an agent ready, paused or offline, as a supervisor
#[utoipa::path(put, path = "/agents/{id}/presence", tag = "supervisor",
    params(("id" = UserId, Path)), request_body = SetPresenceOf,
    responses((status = 200, body = Agent)))]
async fn set_presence_of(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(agent): Path<UserId>,
    Json(wish): Json<SetPresenceOf>,
) -> ApiResult<Agent> {
    signed_in.require(Right::Supervise)?;
    let what = match (wish.state, wish.reason_id) {
        (PresenceState::Ready, _) => ActKind::SetAgentReady { agent },
        (PresenceState::Paused, Some(pause)) => ActKind::PauseAgent { agent, pause },
        (PresenceState::Paused, None) => {
            let message = "a pause needs a reason; see GET /api/v1/pause-reasons";
            return Err(ApiError::invalid("reason_id", message));
        }
        (PresenceState::Offline, _) => ActKind::LogOut { agent },
    };
    let author = signed_in.id();
    let act = Act { author, reason: wish.reason.clone(), what };
    app.dispatch.submit(Input::Supervisor(act)).await?;
    let entry = audit::Entry {
        actor: Some(author),
        act: "agent.set_presence",
        subject: ("user", agent.to_string()),
        details: json!({
            "state": wish.state, "reason_id": wish.reason_id, "reason": wish.reason,
        }),
        peer: signed_in.peer.clone(),
    };
    let mut tx = app.db.begin().await?;
    audit::record(&mut tx.sql(), app.ids.as_ref(), app.clock.now(), entry).await?;
    tx.commit().await?;
    show(&app, agent).await
}

async fn show(app: &App, agent: AgentId) -> ApiResult<Agent> {
    let agent_now = app.floor.agent(agent).await?;
    agent_now.map(Json).ok_or_else(|| not_an_agent(agent))
}

fn not_an_agent(agent: AgentId) -> ApiError {
    let message =
        format!("{agent} serves no queue; an administrator adds agents to the routing document");
    ApiError::new(axum::http::StatusCode::NOT_FOUND, "not_an_agent", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_needs_a_reason_unless_one_just_comes() {
        let agent = AgentId::from_u128(1);
        let wish = |state| SetPresence { state, reason_id: None, after_this: false };
        let paused = wish(PresenceState::Paused);
        let comes = inputs(&paused, agent, AgentState::Offline).expect("signs in");
        assert_eq!(comes, [Input::SignedIn { agent }]);
        let error = inputs(&paused, agent, AgentState::Ready).expect_err("refused");
        assert_eq!(error.field.as_deref(), Some("reason_id"));
        let gone = inputs(&wish(PresenceState::Offline), agent, AgentState::Offline);
        assert!(gone.expect("nothing to do").is_empty());
    }
}
