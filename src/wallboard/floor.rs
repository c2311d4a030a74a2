//! Brings together what the engine, the figures, the routing and the rows know.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::IndexMut;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rozmova_base::id::{AgentId, InteractionId, QueueId, UserId};
use rozmova_base::{Clock, Timestamp};
use rozmova_queue::Event;
use rozmova_queue::config::{Medium, PerMedium};
use rozmova_queue::view::{ContactState, QueueView};

use super::model::{AgentCount, QueueNow, Totals, queue_now, totals};
use crate::agent::model::{self, Agent, AgentNow, Names};
use crate::dispatch::{self, Dispatch, SubmitError};
use crate::interaction;
use crate::report::measure::{Figures, QueueCounts, Targets};
use crate::routing::{Routing, RoutingNow};
use crate::store::{Db, StoreError};

/// The view of the whole centre. Cheap to clone.
#[derive(Clone)]
pub struct Floor {
    db: Db,
    clock: Arc<dyn Clock>,
    dispatch: Dispatch,
    routing: RoutingNow,
    figures: Arc<Mutex<Figures>>,
}

impl std::fmt::Debug for Floor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Floor").finish_non_exhaustive()
    }
}

impl Targets for Routing {
    fn target_ms(&self, queue: QueueId, medium: Medium) -> Option<i64> {
        Self::target_ms(self, queue, medium)
    }
}

/// What the engine knows, looked at in one moment.
struct Seen {
    queues: Vec<QueueView>,
    offered: BTreeMap<QueueId, PerMedium<u32>>,
    agents: Vec<AgentNow>,
}

impl Floor {
    /// Computes today's figures from the event log up to what the rows show now; later events
    /// come by [`Floor::add`].
    pub async fn open(
        db: Db,
        clock: Arc<dyn Clock>,
        dispatch: Dispatch,
        routing: RoutingNow,
        zone: jiff::tz::TimeZone,
    ) -> Result<Self, StoreError> {
        let shown = dispatch.started_at();
        let figures = figures_from_rows(&db, &routing.get(), zone, clock.now(), shown).await?;
        let figures = Arc::new(Mutex::new(figures));
        Ok(Self { db, clock, dispatch, routing, figures })
    }

    /// Counts events whose rows are committed.
    pub fn add(&self, events: &[Event]) {
        let routing = self.routing.get();
        let mut figures = self.figures();
        for event in events {
            figures.add(event, routing.as_ref());
        }
    }

    /// Queues now; `only`: these.
    pub async fn queues(
        &self,
        only: Option<&BTreeSet<QueueId>>,
    ) -> Result<Vec<QueueNow>, SubmitError> {
        let seen = self.look().await?;
        Ok(self.show_queues(&seen, only))
    }

    /// Agents now, by name; `only`: these.
    pub async fn agents(
        &self,
        only: Option<&BTreeSet<AgentId>>,
    ) -> Result<Vec<Agent>, SubmitError> {
        let only = only.cloned();
        let agents = self
            .dispatch
            .read(move |engine| match only {
                Some(only) => only.iter().filter_map(|id| AgentNow::of(engine, *id)).collect(),
                None => AgentNow::all(engine),
            })
            .await?;
        Ok(self.show_agents(&agents).await?)
    }

    /// One agent; `None`: nobody who serves queues.
    pub async fn agent(&self, agent: AgentId) -> Result<Option<Agent>, SubmitError> {
        Ok(self.agents(Some(&BTreeSet::from([agent]))).await?.pop())
    }

    /// Everything at once.
    pub async fn everything(&self) -> Result<(Totals, Vec<QueueNow>, Vec<Agent>), SubmitError> {
        let seen = self.look().await?;
        let queues = self.show_queues(&seen, None);
        let agents = self.show_agents(&seen.agents).await?;
        let mut count = AgentCount::default();
        seen.agents.iter().for_each(|agent| count.add(agent.view.state));
        let now = self.clock.now();
        let today = {
            let mut figures = self.figures();
            figures.pass(now);
            queues
                .iter()
                .fold(QueueCounts::default(), |sum, queue| sum.plus(&figures.today(queue.id)))
        };
        Ok((totals(&queues, &today, count, now), queues, agents))
    }

    async fn look(&self) -> Result<Seen, SubmitError> {
        self.dispatch
            .read(|engine| {
                let queues: Vec<QueueView> = engine.queues().collect();
                let agents = AgentNow::all(engine);
                let mut offered: BTreeMap<QueueId, PerMedium<u32>> = BTreeMap::new();
                let contacts = agents.iter().flat_map(|agent| &agent.contacts);
                for contact in contacts.filter(|c| c.state == ContactState::Offered) {
                    *offered.entry(contact.queue).or_default().index_mut(contact.medium) += 1;
                }
                Seen { queues, offered, agents }
            })
            .await
    }

    fn show_queues(&self, seen: &Seen, only: Option<&BTreeSet<QueueId>>) -> Vec<QueueNow> {
        let routing = self.routing.get();
        let now = self.clock.now();
        let agents: Vec<(AgentNow, BTreeSet<QueueId>)> = seen
            .agents
            .iter()
            .map(|agent| (agent.clone(), routing.queues_of(agent.view.agent).into_iter().collect()))
            .collect();
        let mut figures = self.figures();
        figures.pass(now);
        let lately = figures.all_lately();
        let items = routing.document.queues.iter();
        items
            .filter_map(|item| {
                let id = item.id.filter(|id| only.is_none_or(|only| only.contains(id)))?;
                let view = seen.queues.iter().find(|view| view.queue == id)?;
                let offered = seen.offered.get(&id).copied().unwrap_or_default();
                let lately = lately.get(&id).copied().unwrap_or_default();
                let count = AgentCount::of_queue(&agents, id);
                Some(queue_now(view, &offered, item, &figures.today(id), &lately, count, now))
            })
            .collect()
    }

    async fn show_agents(&self, agents: &[AgentNow]) -> Result<Vec<Agent>, StoreError> {
        let names = self.names(agents).await?;
        let routing = self.routing.get();
        let now = self.clock.now();
        let mut figures = self.figures();
        figures.pass(now);
        let mut shown: Vec<Agent> = agents
            .iter()
            .map(|agent| model::show(agent, &names, &routing, &figures, now))
            .collect();
        shown.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(shown)
    }

    async fn names(&self, agents: &[AgentNow]) -> Result<Names, StoreError> {
        let people: Vec<UserId> = agents.iter().map(|agent| agent.view.agent).collect();
        let contacts: Vec<InteractionId> = agents
            .iter()
            .flat_map(|agent| &agent.contacts)
            .map(|contact| contact.interaction)
            .collect();
        let mut connection = self.db.read().await?;
        let people = interaction::store::names(&mut connection.sql(), &people).await?;
        let numbers = interaction::store::numbers(&mut connection.sql(), &contacts).await?;
        Ok(Names { people, numbers })
    }

    /// No code that holds the lock can panic, so a poisoned lock holds a sound state.
    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn figures_from_rows(
    db: &Db,
    routing: &Routing,
    zone: jiff::tz::TimeZone,
    now: Timestamp,
    shown: u64,
) -> Result<Figures, StoreError> {
    let mut figures = Figures::new(zone, now);
    let mut connection = db.read().await?;
    let from = figures.needed_from(now);
    let mut after = dispatch::store::last_event_before(&mut connection.sql(), from).await?;
    loop {
        let events = dispatch::store::events_after(&mut connection.sql(), after, from).await?;
        let Some(last) = events.last() else { break };
        after = last.seq;
        for event in events.iter().filter(|event| event.seq <= shown) {
            figures.add(event, routing);
        }
    }
    Ok(figures)
}
