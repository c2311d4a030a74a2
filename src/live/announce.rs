//! Committed events → live events. Runs behind the projector: what is announced is in the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rozmova_base::Clock;
use rozmova_base::id::{AgentId, IdMaker, InteractionId, OfferId, QueueId};
use rozmova_queue::{Event, EventKind};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{Audience, Hub, LiveEvent};
use crate::agent::model::Agent;
use crate::dispatch::{Committed, SubmitError};
use crate::interaction;
use crate::interaction::model::{Interaction, Offer, ViewerRef};
use crate::message::viewers::Viewers;
use crate::routing::RoutingNow;
use crate::store::Db;
use crate::wallboard::Floor;
use crate::wallboard::model::QueueNow;

/// Groups of events announced together: several changes of one contact are told once.
const GROUPS_MAX: usize = 64;
/// How often a queue's figures are told at most: twice a second is as fast as one can read.
const QUEUES_EVERY: Duration = Duration::from_millis(500);

/// Makes live events of what was committed.
#[derive(Clone)]
pub struct Announcer {
    /// Where contacts are read.
    pub db: Db,
    /// Where events go.
    pub hub: Hub,
    /// Figures, agents, queues.
    pub floor: Floor,
    /// Names and targets.
    pub routing: RoutingNow,
    /// Who looks at what.
    pub viewers: Arc<Viewers>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For a new epoch when events could not be made.
    pub ids: Arc<dyn IdMaker>,
}

impl std::fmt::Debug for Announcer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Announcer").finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct InteractionChanged<'a> {
    interaction: &'a Interaction,
}

#[derive(Serialize)]
struct OfferCreated<'a> {
    offer: &'a Offer,
}

#[derive(Serialize)]
struct OfferEnded {
    offer_id: OfferId,
    interaction_id: InteractionId,
    outcome: &'static str,
}

#[derive(Serialize)]
struct AgentChanged<'a> {
    agent: &'a Agent,
}

#[derive(Serialize)]
struct PauseLimitPassed<'a> {
    agent_id: AgentId,
    /// Name of the reason.
    reason: &'a str,
    limit_ms: i64,
}

#[derive(Serialize)]
struct QueueChanged<'a> {
    queue: &'a QueueNow,
}

impl Announcer {
    /// Runs until the queue has stopped.
    pub async fn run(self, mut committed: mpsc::Receiver<Committed>) {
        let mut groups = Vec::new();
        let mut changed_queues = BTreeSet::new();
        let mut tick = tokio::time::interval(QUEUES_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                count = committed.recv_many(&mut groups, GROUPS_MAX) => {
                    if count == 0 {
                        break;
                    }
                    let events: Vec<Event> =
                        groups.drain(..).flat_map(|group| group.events).collect();
                    self.floor.add(&events);
                    self.note_queues(&events, &mut changed_queues);
                    if self.hub.is_watched() {
                        self.or_break(self.announce(&events).await);
                    } else {
                        self.hub.leave_out();
                    }
                }
                _ = tick.tick(), if !changed_queues.is_empty() => {
                    let queues = std::mem::take(&mut changed_queues);
                    if self.hub.is_watched() {
                        self.or_break(self.announce_queues(&queues).await);
                    }
                }
            }
        }
    }

    /// What cannot be told must not be missed in silence: everybody fetches anew.
    fn or_break(&self, outcome: Result<(), SubmitError>) {
        if let Err(error) = outcome {
            tracing::warn!(%error, "Live events could not be made; desks are told to start anew");
            self.hub.break_stream(self.ids.next_uuid().to_string());
        }
    }

    fn note_queues(&self, events: &[Event], changed: &mut BTreeSet<QueueId>) {
        changed.extend(events.iter().filter_map(|event| event.queue));
        let routing = self.routing.get();
        for agent in with_new_state(events) {
            changed.extend(routing.queues_of(agent));
        }
    }

    async fn announce(&self, events: &[Event]) -> Result<(), SubmitError> {
        let touched = touched(events);
        let ids: Vec<InteractionId> = touched.keys().copied().collect();
        let mut interactions = {
            let mut connection = self.db.read().await?;
            let routing = self.routing.get();
            interaction::store::load_many(&mut connection.sql(), &routing, &ids).await?
        };
        let now = self.clock.now();
        for (id, interaction) in &mut interactions {
            let viewers = self.viewers.of(*id, now).into_iter();
            interaction.viewers = viewers.map(ViewerRef::from).collect();
        }
        for (id, touch) in &touched {
            if let Some(interaction) = interactions.get(id) {
                self.announce_interaction(interaction, touch);
            }
        }
        self.announce_offers(events, &interactions);
        self.announce_limits(events);
        let agents: BTreeSet<AgentId> = events.iter().filter_map(|event| event.agent).collect();
        if !agents.is_empty() {
            let turned = with_new_state(events);
            for agent in self.floor.agents(Some(&agents)).await? {
                let event = LiveEvent::new("agent.changed", &AgentChanged { agent: &agent });
                // Colleagues see who is there and who is not; how much each has in hand would be
                // told to a hundred desks for each contact.
                let is_turn = turned.contains(&agent.id);
                let audience =
                    if is_turn { Audience::Team(agent.id) } else { Audience::Agent(agent.id) };
                self.hub.publish(event, audience);
            }
        }
        Ok(())
    }

    fn announce_interaction(&self, interaction: &Interaction, touch: &Touch) {
        let event = LiveEvent::new("interaction.changed", &InteractionChanged { interaction });
        let queue = interaction.queue.id;
        let agent = interaction.agent.as_ref().map(|agent| agent.id);
        // Who had it and those who saw it before must see it go.
        for other in touch.queues.iter().filter(|other| **other != queue) {
            self.hub.publish(event.clone(), Audience::Queue(*other));
        }
        for other in touch.agents.iter().filter(|other| Some(**other) != agent) {
            self.hub.publish(event.clone(), Audience::User(*other));
        }
        self.hub.publish(event, Audience::Interaction { queue, agent });
    }

    fn announce_offers(
        &self,
        events: &[Event],
        interactions: &BTreeMap<InteractionId, Interaction>,
    ) {
        for event in events {
            let (Some(offer), Some(id), Some(agent)) =
                (event.offer, event.interaction, event.agent)
            else {
                continue;
            };
            let Some(interaction) = interactions.get(&id) else { continue };
            if let EventKind::Offered { expires_at } = event.kind {
                let interaction = interaction.clone();
                let offer = Offer { id: offer, interaction, offered_at: event.at, expires_at };
                let created = LiveEvent::new("offer.created", &OfferCreated { offer: &offer });
                self.hub.publish(created, Audience::Agent(agent));
            } else if let Some(outcome) = offer_outcome(&event.kind) {
                let ended = OfferEnded { offer_id: offer, interaction_id: id, outcome };
                self.hub.publish(LiveEvent::new("offer.ended", &ended), Audience::Agent(agent));
            }
        }
    }

    /// A pause that lasts longer than its reason allows is a supervisor's business.
    fn announce_limits(&self, events: &[Event]) {
        let routing = self.routing.get();
        for event in events {
            let EventKind::PauseLimitPassed { reason, limit_ms } = event.kind else { continue };
            let Some(agent_id) = event.agent else { continue };
            let name = routing.pause_reason(reason).map_or("", |item| item.name.as_str());
            let passed = PauseLimitPassed { agent_id, reason: name, limit_ms };
            let event = LiveEvent::new("agent.pause_limit_passed", &passed);
            self.hub.publish(event, Audience::Supervisors);
        }
    }

    async fn announce_queues(&self, queues: &BTreeSet<QueueId>) -> Result<(), SubmitError> {
        for queue in self.floor.queues(Some(queues)).await? {
            let event = LiveEvent::new("queue.changed", &QueueChanged { queue: &queue });
            self.hub.publish(event, Audience::Queue(queue.id));
        }
        Ok(())
    }
}

/// Agents who became ready, paused, busy or something else.
fn with_new_state(events: &[Event]) -> BTreeSet<AgentId> {
    events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::AgentStateChanged { .. }))
        .filter_map(|event| event.agent)
        .collect()
}

/// Who may have seen a contact before it changed.
#[derive(Debug, Default)]
struct Touch {
    queues: BTreeSet<QueueId>,
    agents: BTreeSet<AgentId>,
}

fn touched(events: &[Event]) -> BTreeMap<InteractionId, Touch> {
    let mut touched: BTreeMap<InteractionId, Touch> = BTreeMap::new();
    for event in events {
        if let Some(interaction) = event.interaction {
            let touch = touched.entry(interaction).or_default();
            touch.queues.extend(event.queue);
            touch.agents.extend(event.agent);
        }
    }
    touched
}

/// How an offer ended; `None`: the event does not end one.
const fn offer_outcome(kind: &EventKind) -> Option<&'static str> {
    if matches!(kind, EventKind::OfferAccepted) {
        Some("accepted")
    } else if matches!(kind, EventKind::OfferDeclined { .. }) {
        Some("declined")
    } else if matches!(kind, EventKind::OfferTimedOut) {
        Some("timed_out")
    } else if matches!(kind, EventKind::OfferWithdrawn { .. }) {
        Some("withdrawn")
    } else {
        None
    }
}
