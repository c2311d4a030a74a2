//! What the administrator sets: queues, agents, order, media, reasons. Every value may change
//! while the centre runs; contacts in progress keep what they already have.

use rozmova_base::id::{AgentId, DispositionId, HoursId, PauseReasonId, QueueId, SkillId};
use serde::{Deserialize, Serialize};

/// Most queues in one installation: ten times a very large bank's.
pub const MAX_QUEUES: usize = 10_000;
/// Most agents in one installation.
pub const MAX_AGENTS: usize = 100_000;
/// Most contacts that wait at once: a day of mail of a large bank, twice over.
pub const MAX_INTERACTIONS: usize = 4_000_000;
/// Most queues that one agent serves. Each costs an index entry at every change of his state.
pub const MAX_QUEUES_PER_AGENT: usize = 200;
/// Most skills that one agent has or one contact needs.
pub const MAX_SKILLS: usize = 200;
/// Rings 1 to 6: as many as the field's products offer; more cannot be explained to a supervisor.
pub const MAX_RING: u8 = 6;
/// Most overflow rules in a queue.
pub const MAX_OVERFLOW_RULES: usize = 16;
/// Longest text that an author may give as his reason, in characters.
pub const MAX_REASON_CHARS: usize = 500;

/// How a contact reached us, and what its handling demands of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// A telephone call; the client is on the line.
    Call,
    /// An e-mail thread.
    Email,
    /// A fax.
    Fax,
    /// A paper letter.
    Letter,
}

impl Medium {
    /// Every medium, in the order of the type.
    pub const ALL: [Self; 4] = [Self::Call, Self::Email, Self::Fax, Self::Letter];

    /// The name used in JSON, in rows and in scenario texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Email => "email",
            Self::Fax => "fax",
            Self::Letter => "letter",
        }
    }

    /// Whether the client waits on the line, so that he can hang up and cannot be put aside.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Call)
    }
}

/// One value for each medium.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PerMedium<T> {
    /// For calls.
    pub call: T,
    /// For e-mail.
    pub email: T,
    /// For faxes.
    pub fax: T,
    /// For letters.
    pub letter: T,
}

impl<T> std::ops::Index<Medium> for PerMedium<T> {
    type Output = T;

    fn index(&self, medium: Medium) -> &T {
        match medium {
            Medium::Call => &self.call,
            Medium::Email => &self.email,
            Medium::Fax => &self.fax,
            Medium::Letter => &self.letter,
        }
    }
}

impl<T> std::ops::IndexMut<Medium> for PerMedium<T> {
    fn index_mut(&mut self, medium: Medium) -> &mut T {
        match medium {
            Medium::Call => &mut self.call,
            Medium::Email => &mut self.email,
            Medium::Fax => &mut self.fax,
            Medium::Letter => &mut self.letter,
        }
    }
}

/// A skill with a level: of an agent what he has, of a contact the least it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SkillLevel {
    /// Which skill.
    pub skill: SkillId,
    /// 1 (beginner) to 100.
    pub level: u8,
}

/// How the place in the queue is computed, for the whole centre, so that keys of different queues
/// compare: `key = eligible_at − head_start(priority) − head_start(client class) −
/// head_start(medium)`, in milliseconds; the smallest key is served first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderConfig {
    /// Priority classes; a contact's `priority` is an index here. Beyond the end: no head start.
    pub priorities: Vec<PriorityClass>,
    /// Head start of client classes in ms; a contact's `client_class` is an index here.
    pub client_class_head_start_ms: Vec<i64>,
    /// Head start of each medium in ms.
    pub medium_head_start_ms: PerMedium<i64>,
}

/// One priority class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorityClass {
    /// How much later another contact may have arrived and still be served after this one, in ms.
    /// It bounds by how much an ordinary contact can be overtaken.
    pub head_start_ms: i64,
    /// How fast waiting counts, in thousandths: 1000 is real time, 2000 ages twice as fast
    /// (accumulating priority: Stanford, Taylor, Ziedins, Queueing Systems 2014).
    pub slope_permille: u32,
}

impl Default for PriorityClass {
    fn default() -> Self {
        Self { head_start_ms: 0, slope_permille: 1000 }
    }
}

/// Ordinary, raised (2 minutes), high (10 minutes), urgent (1 hour); calls 5 minutes before letters
/// of the same moment.
impl Default for OrderConfig {
    fn default() -> Self {
        let class = |head_start_ms| PriorityClass { head_start_ms, slope_permille: 1000 };
        Self {
            priorities: vec![class(0), class(120_000), class(600_000), class(3_600_000)],
            client_class_head_start_ms: vec![0],
            medium_head_start_ms: PerMedium { call: 300_000, email: 0, fax: 0, letter: 0 },
        }
    }
}

/// What a medium demands of an agent, for the whole centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediumConfig {
    /// Units of an agent's capacity that one interaction takes.
    pub units: u16,
    /// Whether an interaction in wrap-up still takes its units and its place.
    pub wrap_up_takes_capacity: bool,
}

/// Media settings, for the whole centre. Default: a call fills an agent (100 units), a written
/// contact takes a quarter of him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaConfig(pub PerMedium<MediumConfig>);

impl Default for MediaConfig {
    fn default() -> Self {
        let written = MediumConfig { units: 25, wrap_up_takes_capacity: true };
        Self(PerMedium {
            call: MediumConfig { units: 100, wrap_up_takes_capacity: true },
            email: written,
            fax: written,
            letter: written,
        })
    }
}

/// Whether an agent who has one medium in hand may be offered another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interrupt {
    /// Not while he has it in hand.
    Blocks,
    /// Yes, if the units of both fit his capacity.
    Shares,
    /// Yes; what he has in hand is put aside and its units do not count.
    Yields,
}

/// `matrix[in_hand][arriving]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InterruptMatrix(pub PerMedium<PerMedium<Interrupt>>);

/// A call blocks everything; written contacts share; written work yields to a call.
impl Default for InterruptMatrix {
    fn default() -> Self {
        let blocks = PerMedium {
            call: Interrupt::Blocks,
            email: Interrupt::Blocks,
            fax: Interrupt::Blocks,
            letter: Interrupt::Blocks,
        };
        let written = PerMedium {
            call: Interrupt::Yields,
            email: Interrupt::Shares,
            fax: Interrupt::Shares,
            letter: Interrupt::Shares,
        };
        Self(PerMedium { call: blocks, email: written, fax: written, letter: written })
    }
}

/// Which of the free, fit agents in a ring gets the contact. Ties end by longest idle, then id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentRule {
    /// Who was given or has finished work the longest ago.
    #[default]
    LongestIdle,
    /// Who has the fewest of his capacity units in use.
    LeastLoaded,
    /// Whose levels in the needed skills sum up highest.
    MostSkilled,
    /// Who was busy for the smallest share of his time since he signed in.
    LowestOccupancy,
}

/// What happens to the age of a contact that is transferred into a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgePolicy {
    /// It keeps the age it has.
    #[default]
    Keep,
    /// It starts anew.
    Reset,
    /// It starts anew with this head start.
    Credit {
        /// The head start in ms.
        credit_ms: i64,
    },
}

/// A wider circle of agents after a time in the queue. Ring 1 is implied: from the first moment,
/// with all skills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingConfig {
    /// After this time in the queue, in ms.
    pub after_ms: i64,
    /// By how much needed levels are lowered (not below 1), against what the contact needs.
    pub lower_levels_by: u8,
    /// Skills no longer needed.
    pub drop_skills: Vec<SkillId>,
    /// No skill is needed any more.
    pub drop_all_skills: bool,
}

/// When a contact leaves its queue for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OverflowTrigger {
    /// It has been in the queue for so long.
    Waited {
        /// Time in the queue in ms.
        after_ms: i64,
    },
    /// So many wait already when it arrives.
    LengthAtArrival {
        /// Contacts that wait in the queue.
        at_least: u32,
    },
    /// The wait is estimated to be so long when it arrives.
    EstimateAtArrival {
        /// Expected wait in ms.
        at_least_ms: i64,
    },
    /// Nobody who serves the queue is signed in when it arrives.
    NobodyAtArrival,
    /// The queue is closed when it arrives.
    ClosedAtArrival,
}

/// Where a contact goes that leaves its queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OverflowTo {
    /// Into another queue, with the age that queue's policy gives.
    Queue {
        /// The other queue.
        queue: QueueId,
    },
    /// It becomes a callback in the same queue and keeps its place.
    Callback,
    /// The caller may leave a message.
    Voicemail,
    /// A text is played or sent, then the contact is closed.
    Message {
        /// Name of the text.
        text: String,
    },
    /// The caller is put through to a number outside.
    External {
        /// E.164.
        number: String,
    },
    /// The contact is closed.
    Close,
}

/// One overflow rule. The first whose trigger is true and whose media match is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverflowRule {
    /// Only for these media; empty: for all.
    pub media: Vec<Medium>,
    /// When.
    pub when: OverflowTrigger,
    /// Where to.
    pub then: OverflowTo,
}

/// A result code that may be given to contacts of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispositionPolicy {
    /// Whether wrap-up cannot end by the agent's hand without a code.
    pub required: bool,
    /// Codes allowed; empty: any.
    pub allowed: Vec<DispositionId>,
}

/// A waiting line with its own rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueConfig {
    /// Its id.
    pub id: QueueId,
    /// Its name, for people.
    pub name: String,
    /// Which agent of several gets a contact.
    pub rule: AgentRule,
    /// How long an offer rings, in ms.
    pub offer_ms: PerMedium<i64>,
    /// Contacts of these media are put through without being offered.
    pub auto_accept: PerMedium<bool>,
    /// How long a contact is kept for its preferred agent, in ms; 0: not at all.
    pub preferred_ms: i64,
    /// Rings 2 to 6, each later than the one before.
    pub rings: Vec<RingConfig>,
    /// Before and in the queue.
    pub overflow: Vec<OverflowRule>,
    /// Age of contacts transferred into this queue.
    pub on_transfer: AgePolicy,
    /// Opening hours; none: always open.
    pub hours: Option<HoursId>,
    /// How long wrap-up lasts, in ms; 0: none.
    pub wrap_up_ms: PerMedium<i64>,
    /// How long an agent who declined a contact is not asked for it again, in ms.
    pub decline_pause_ms: i64,
    /// Result codes.
    pub disposition: DispositionPolicy,
    /// Whether agents may take a contact of their choice out of the queue.
    pub pull_allowed: bool,
    /// How often waiting callers are told position and expected wait, in ms; 0: never.
    pub announce_every_ms: i64,
    /// Contacts answered within this time are within the service level, in ms.
    pub target_ms: PerMedium<i64>,
}

impl QueueConfig {
    /// A queue with the defaults of the product: offers ring 20 s (calls) or 60 s, 30 s of wrap-up
    /// after a call, age kept, no rings, no overflow.
    pub fn new(id: QueueId, name: impl Into<String>) -> Self {
        const HOUR_MS: i64 = 3_600_000;
        let written = |call, other| PerMedium { call, email: other, fax: other, letter: other };
        Self {
            id,
            name: name.into(),
            rule: AgentRule::LongestIdle,
            offer_ms: written(20_000, 60_000),
            auto_accept: PerMedium::default(),
            preferred_ms: 30_000,
            rings: Vec::new(),
            overflow: Vec::new(),
            on_transfer: AgePolicy::Keep,
            hours: None,
            wrap_up_ms: written(30_000, 0),
            decline_pause_ms: 60_000,
            disposition: DispositionPolicy { required: false, allowed: Vec::new() },
            pull_allowed: false,
            announce_every_ms: 0,
            target_ms: written(20_000, 4 * HOUR_MS),
        }
    }
}

/// That an agent serves a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Service {
    /// The queue.
    pub queue: QueueId,
    /// From which ring on he is asked: 1 to 6.
    pub ring: u8,
}

/// What an agent can do and may be given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentConfig {
    /// His id.
    pub id: AgentId,
    /// His name, for people.
    pub name: String,
    /// Skills and levels.
    pub skills: Vec<SkillLevel>,
    /// Queues he serves.
    pub serves: Vec<Service>,
    /// Capacity in units; see [`MediumConfig::units`].
    pub capacity_units: u16,
    /// Most interactions of each medium at once; 0: none of that medium.
    pub maximum: PerMedium<u8>,
    /// What may interrupt what.
    pub interrupts: InterruptMatrix,
    /// Whether contacts of the queues that he serves from ring 1 come before those of the queues
    /// in which he only helps out, whatever their age.
    #[serde(default)]
    pub own_queues_first: bool,
}

impl AgentConfig {
    /// An agent with the defaults of the product: one call, or four written contacts.
    pub fn new(id: AgentId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            skills: Vec::new(),
            serves: Vec::new(),
            capacity_units: 100,
            maximum: PerMedium { call: 1, email: 4, fax: 4, letter: 4 },
            interrupts: InterruptMatrix::default(),
            own_queues_first: false,
        }
    }
}

/// Why an agent may be paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseReasonConfig {
    /// Its id.
    pub id: PauseReasonId,
    /// Its name, for people.
    pub name: String,
    /// Longest pause in ms; at its end the supervisor is told. None: no limit.
    pub limit_ms: Option<i64>,
    /// Whether the pause counts as work (training) and not as absence.
    pub counts_as_work: bool,
}

/// Times and limits of the whole centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CentreConfig {
    /// How long an agent whose browser is gone keeps state and offers, in ms.
    pub connection_grace_ms: i64,
    /// How long a contact handed to one agent in person waits for him before it goes to its queue.
    pub personal_ms: i64,
    /// Abandoned sooner than this is a short abandon, in ms.
    pub short_abandon_ms: i64,
    /// Candidates recorded for each decision; 0: decisions are not traced.
    pub trace_candidates: u16,
}

impl Default for CentreConfig {
    fn default() -> Self {
        Self {
            connection_grace_ms: 30_000,
            personal_ms: 120_000,
            short_abandon_ms: 5_000,
            trace_candidates: 16,
        }
    }
}
