//! The engine itself: state, time, and the order in which things are done.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, HoursId, InteractionId, OfferId, PauseReasonId, QueueId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::agent::Agent;
use crate::config::{CentreConfig, MediaConfig, OrderConfig, PauseReasonConfig, QueueConfig};
use crate::contact::Contact;
use crate::estimate::Estimator;
use crate::hours::{Hours, HoursConfig};
use crate::ids::IdCounter;
use crate::input::Input;
use crate::lane::{AgentIndex, LaneKey, QueueIndex};
use crate::output::{Event, EventKind, Output};
use crate::rejected::Rejected;
use crate::skill_table::SkillTable;
use crate::slab::{Slab, Slot};
use crate::timer::Timer;

/// Decides which agent gets which contact. See the crate's documentation for the contract.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) core: Core,
    pub(crate) index: Index,
}

/// Everything that is true; what is saved and restored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Core {
    pub(crate) now: Timestamp,
    pub(crate) seq: u64,
    pub(crate) arrivals: u64,
    pub(crate) ids: IdCounter,
    pub(crate) totals: Totals,
    pub(crate) centre: CentreConfig,
    pub(crate) order: OrderConfig,
    pub(crate) media: MediaConfig,
    pub(crate) hours: BTreeMap<HoursId, HoursConfig>,
    pub(crate) pause_reasons: BTreeMap<PauseReasonId, PauseReasonConfig>,
    pub(crate) queues: Slab<Queue>,
    pub(crate) agents: Slab<Agent>,
    pub(crate) contacts: Slab<Contact>,
    pub(crate) needs: SkillTable,
    pub(crate) outputs: VecDeque<Output>,
}

/// A queue: its settings and what it has learnt about its waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Queue {
    pub(crate) config: QueueConfig,
    pub(crate) estimator: Estimator,
}

/// Contacts since the engine was first started. `arrived` is the sum of the others and of the
/// contacts that are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Came in, or were begun by agents.
    pub arrived: u64,
    /// Closed or merged.
    pub closed: u64,
    /// Left by the client.
    pub abandoned: u64,
    /// Left the queues for something else.
    pub overflowed: u64,
    /// Failed on our side.
    pub failed: u64,
}

/// What is computed from [`Core`] to find things fast; never saved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) contact_of: BTreeMap<InteractionId, Slot>,
    pub(crate) offer_of: BTreeMap<OfferId, Slot>,
    pub(crate) queue_of: BTreeMap<QueueId, Slot>,
    pub(crate) agent_of: BTreeMap<AgentId, Slot>,
    pub(crate) timers: BTreeSet<(Timestamp, Timer)>,
    /// By slot of the queue.
    pub(crate) queues: Vec<QueueIndex>,
    /// By slot of the agent.
    pub(crate) agents: Vec<AgentIndex>,
    pub(crate) profiles: SkillTable,
    pub(crate) hours: BTreeMap<HoursId, Hours>,
    /// Agents whose load or presence changed in this step.
    pub(crate) touched: BTreeSet<Slot>,
    /// Agents whose entries among the free are not up to date.
    pub(crate) to_list: BTreeSet<Slot>,
    /// Agents for whom work must be sought.
    pub(crate) seeking: BTreeSet<Slot>,
    /// Lanes for which agents must be sought.
    pub(crate) lanes_to_try: BTreeSet<(Slot, LaneKey)>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// An empty centre at the beginning of time, with the defaults of the product.
    pub fn new() -> Self {
        let core = Core {
            now: Timestamp(i64::MIN),
            seq: 0,
            arrivals: 0,
            ids: IdCounter::default(),
            totals: Totals::default(),
            centre: CentreConfig::default(),
            order: OrderConfig::default(),
            media: MediaConfig::default(),
            hours: BTreeMap::new(),
            pause_reasons: BTreeMap::new(),
            queues: Slab::default(),
            agents: Slab::default(),
            contacts: Slab::default(),
            needs: SkillTable::default(),
            outputs: VecDeque::new(),
        };
        Self { core, index: Index::default() }
    }

    /// Takes an input at a time. First every time-out due until then fires, each at its own due
    /// time; then the input is applied; then whatever can be given to an agent is given.
    ///
    /// A time before the last one counts as the last one: time never runs backwards.
    ///
    /// # Errors
    /// A refused input changes nothing, but the time has passed.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Result<(), Rejected> {
        self.pass_time(now);
        let result = self.apply(input);
        self.settle();
        result
    }

    /// The next thing the engine has to say. Drain it after every [`Self::handle`].
    pub fn poll_output(&mut self) -> Option<Output> {
        self.core.outputs.pop_front()
    }

    /// The time to which the engine has come.
    pub fn now(&self) -> Timestamp {
        self.core.now
    }

    /// The number of the last event.
    pub fn last_seq(&self) -> u64 {
        self.core.seq
    }

    fn pass_time(&mut self, now: Timestamp) {
        let now = now.max(self.core.now);
        while let Some(&(due, timer)) = self.index.timers.first()
            && due <= now
        {
            self.core.now = due.max(self.core.now);
            self.fire(due, timer);
            self.settle();
        }
        self.core.now = now;
    }

    fn apply(&mut self, input: Input) -> Result<(), Rejected> {
        match input {
            Input::Tick => Ok(()),
            Input::PutCentre(_)
            | Input::PutOrder(_)
            | Input::PutMedia(_)
            | Input::PutQueue(_)
            | Input::RemoveQueue { .. }
            | Input::PutAgent(_)
            | Input::RemoveAgent { .. }
            | Input::PutPauseReason(_)
            | Input::RemovePauseReason { .. }
            | Input::PutHours(_)
            | Input::RemoveHours { .. } => self.administer(input),
            Input::ContactArrived(arrival) => self.contact_arrived(arrival),
            Input::ContactContinued { interaction } => self.contact_continued(interaction),
            Input::ContactAbandoned { interaction } => self.contact_abandoned(interaction),
            Input::ContactEnded { interaction } => self.contact_ended(interaction),
            Input::ContactFailed { interaction, cause } => self.contact_failed(interaction, cause),
            Input::OfferAccepted { offer } => self.offer_accepted(offer),
            Input::OfferDeclined { offer, reason } => self.offer_declined(offer, reason),
            Input::OfferFailed { offer, cause: _ } => self.offer_failed(offer),
            Input::PullContact { agent, interaction } => self.pull_contact(agent, interaction),
            Input::StartOutbound(outbound) => self.start_outbound(outbound),
            Input::Hold { interaction } => self.hold(interaction),
            Input::Resume { interaction } => self.resume(interaction),
            Input::Park { interaction, until } => self.park(interaction, until),
            Input::AwaitClient { interaction } => self.await_client(interaction),
            Input::Transfer { interaction, to } => self.transfer(interaction, to),
            Input::SetDisposition { interaction, disposition } => {
                self.set_disposition(interaction, disposition)
            }
            Input::ExtendWrapUp { interaction, by_ms } => self.extend_wrap_up(interaction, by_ms),
            Input::WrapUpDone { interaction, disposition } => {
                self.wrap_up_done(interaction, disposition)
            }
            Input::SignedIn { .. }
            | Input::SetReady { .. }
            | Input::SetPaused { .. }
            | Input::ReadyAfterThis { .. }
            | Input::SetMediumReady { .. }
            | Input::ConnectionLost { .. }
            | Input::ConnectionRestored { .. }
            | Input::SignedOut { .. } => self.presence(&input),
            Input::ScheduleCallback { interaction, not_before } => {
                self.schedule_callback(interaction, not_before)
            }
            Input::Supervisor(act) => self.supervise(&act),
        }
    }

    /// Numbers an event about a contact and says it.
    pub(crate) fn emit(&mut self, slot: Slot, kind: EventKind) {
        let contact = &self.core.contacts[slot];
        let event = Event {
            seq: self.core.seq + 1,
            at: self.core.now,
            interaction: Some(contact.id),
            segment: Some(contact.segment),
            offer: contact.offer().map(|offer| offer.id),
            queue: Some(self.core.queues[contact.queue].config.id),
            agent: contact.agent().map(|agent| self.core.agents[agent].config.id),
            medium: Some(contact.medium),
            kind,
        };
        self.say(event);
    }

    /// Numbers an event about an agent and says it.
    pub(crate) fn emit_agent(&mut self, slot: Slot, kind: EventKind) {
        let event = Event {
            seq: self.core.seq + 1,
            at: self.core.now,
            interaction: None,
            segment: None,
            offer: None,
            queue: None,
            agent: Some(self.core.agents[slot].config.id),
            medium: None,
            kind,
        };
        self.say(event);
    }

    pub(crate) fn say(&mut self, event: Event) {
        self.core.seq = event.seq;
        self.core.outputs.push_back(Output::Event(event));
    }

    pub(crate) fn contact_slot(&self, interaction: InteractionId) -> Result<Slot, Rejected> {
        let slot = self.index.contact_of.get(&interaction);
        slot.copied().ok_or(Rejected::UnknownInteraction(interaction))
    }

    pub(crate) fn queue_slot(&self, queue: QueueId) -> Result<Slot, Rejected> {
        self.index.queue_of.get(&queue).copied().ok_or(Rejected::UnknownQueue(queue))
    }

    pub(crate) fn agent_slot(&self, agent: AgentId) -> Result<Slot, Rejected> {
        self.index.agent_of.get(&agent).copied().ok_or(Rejected::UnknownAgent(agent))
    }

    pub(crate) fn config_of(&self, contact: Slot) -> &QueueConfig {
        &self.core.queues[self.core.contacts[contact].queue].config
    }
}

/// The state is saved as it is; the indexes are computed anew when it is restored. Drain
/// [`Engine::poll_output`] first, or what is left in it is said again.
impl Serialize for Engine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.core.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Engine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let core = Core::deserialize(deserializer)?;
        Self::restore(core).map_err(serde::de::Error::custom)
    }
}
