//! An agent as desks and the wallboard see him.

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, InteractionId, PauseReasonId, QueueId, UserId};
use rozmova_queue::Engine;
use rozmova_queue::config::{AgentConfig, Medium};
use rozmova_queue::view::{AgentState, AgentView, ContactState, ContactView};
use serde::Serialize;
use utoipa::ToSchema;

use crate::interaction::model::medium_name;
use crate::report::measure::Figures;
use crate::routing::Routing;

/// An agent now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Agent {
    /// The person.
    pub id: UserId,
    /// As shown.
    pub name: String,
    /// `offline`, `ready`, `busy`, `wrap_up`, `not_responding`, `paused`.
    pub state: &'static str,
    /// Why he is paused; `null` right after signing in.
    pub reason: Option<PauseReasonRef>,
    /// Since when he is in this state.
    pub since_at: Timestamp,
    /// Whether his browser is connected.
    pub connected: bool,
    /// What he has and may have at once.
    pub capacity: Vec<Capacity>,
    /// Queues that he serves.
    pub queues: Vec<QueueId>,
    /// What is his: offered, in hand, in wrap-up, waiting.
    pub current: Vec<CurrentContact>,
    /// Share of his time with work since midnight.
    pub occupancy_percent: Option<f64>,
    /// Contacts closed since midnight.
    pub handled_today: u64,
    /// Offers not answered since midnight.
    pub no_answers_today: u64,
}

/// A pause reason, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PauseReasonRef {
    /// The reason.
    pub id: PauseReasonId,
    /// As shown.
    pub name: String,
}

/// How many contacts of a medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Capacity {
    /// Which medium.
    pub medium: &'static str,
    /// So many he has in hand or is offered.
    pub used: u32,
    /// So many he may have.
    pub max: u32,
}

/// A contact of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CurrentContact {
    /// Which.
    pub interaction_id: InteractionId,
    /// Its number.
    pub number: i64,
    /// Its medium.
    pub medium: &'static str,
    /// Where it stands.
    pub state: &'static str,
}

/// What the engine knows of an agent and of what is his.
#[derive(Clone, Debug)]
pub struct AgentNow {
    /// The agent.
    pub view: AgentView,
    /// His contacts.
    pub contacts: Vec<ContactView>,
}

impl AgentNow {
    /// One agent; `None`: the engine does not know him.
    pub fn of(engine: &Engine, agent: AgentId) -> Option<Self> {
        engine.agent(agent).map(|view| Self::from_view(engine, view))
    }

    /// All agents.
    pub fn all(engine: &Engine) -> Vec<Self> {
        engine.agents().map(|view| Self::from_view(engine, view)).collect()
    }

    fn from_view(engine: &Engine, view: AgentView) -> Self {
        let contacts = view.contacts.iter().filter_map(|id| engine.interaction(*id)).collect();
        Self { view, contacts }
    }

    fn used(&self, medium: Medium) -> u32 {
        let takes_place = |contact: &&ContactView| {
            contact.medium == medium
                && matches!(
                    contact.state,
                    ContactState::Offered
                        | ContactState::Active
                        | ContactState::Held
                        | ContactState::WrapUp
                )
        };
        self.contacts.iter().filter(takes_place).count() as u32
    }
}

/// Names and numbers that the engine does not know.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Of people.
    pub people: BTreeMap<UserId, String>,
    /// Of contacts.
    pub numbers: BTreeMap<InteractionId, i64>,
}

/// The agent as shown.
pub fn show(
    agent: &AgentNow,
    names: &Names,
    routing: &Routing,
    figures: &Figures,
    now: Timestamp,
) -> Agent {
    let view = &agent.view;
    let counts = figures.agent(view.agent);
    let lasts_ms = figures.lasts_today_ms(view.since, now);
    let defaults = AgentConfig::new(view.agent, "").maximum;
    let maximum = routing.agent(view.agent).map_or(defaults, |item| item.maximum.over(defaults));
    let capacity = Medium::ALL.map(|medium| Capacity {
        medium: medium_name(medium),
        used: agent.used(medium),
        max: u32::from(maximum[medium]),
    });
    let current = agent.contacts.iter().map(|contact| CurrentContact {
        interaction_id: contact.interaction,
        number: names.numbers.get(&contact.interaction).copied().unwrap_or(0),
        medium: medium_name(contact.medium),
        state: state_name(contact.state),
    });
    Agent {
        id: view.agent,
        name: names.people.get(&view.agent).cloned().unwrap_or_default(),
        state: agent_state_name(view.state),
        reason: pause_reason(view.state, routing),
        since_at: view.since,
        connected: view.connected,
        capacity: capacity.to_vec(),
        queues: routing.queues_of(view.agent),
        current: current.collect(),
        occupancy_percent: counts.occupancy_percent(view.state, lasts_ms).map(one_decimal),
        handled_today: counts.handled,
        no_answers_today: counts.no_answers,
    }
}

fn pause_reason(state: AgentState, routing: &Routing) -> Option<PauseReasonRef> {
    let AgentState::Paused { reason: Some(id) } = state else { return None };
    let name = routing.pause_reason(id).map(|item| item.name.clone()).unwrap_or_default();
    Some(PauseReasonRef { id, name })
}

/// 63.157 becomes 63.2: figures for people.
pub fn one_decimal(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

/// As in JSON.
pub const fn agent_state_name(state: AgentState) -> &'static str {
    match state {
        AgentState::Offline => "offline",
        AgentState::Ready => "ready",
        AgentState::Busy => "busy",
        AgentState::WrapUp => "wrap_up",
        AgentState::NotResponding => "not_responding",
        AgentState::Paused { .. } => "paused",
    }
}

/// As in JSON and in rows.
pub const fn state_name(state: ContactState) -> &'static str {
    match state {
        ContactState::Received => "received",
        ContactState::Queued => "queued",
        ContactState::Offered => "offered",
        ContactState::Active => "active",
        ContactState::Held => "held",
        ContactState::WaitingForClient => "waiting_for_client",
        ContactState::Parked => "parked",
        ContactState::WrapUp => "wrap_up",
        ContactState::CallbackScheduled => "callback_scheduled",
        ContactState::Closed => "closed",
        ContactState::Abandoned => "abandoned",
        ContactState::Overflowed => "overflowed",
        ContactState::Failed => "failed",
    }
}
