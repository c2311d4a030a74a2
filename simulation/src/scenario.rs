//! A centre as people write it: docs/SIMULATION.md has every key.

use rozmova_queue::config::{AgentRule, Medium};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::distribution::Distribution;

/// Longest file, in bytes: a curve for each quarter of an hour of a hundred streams has a tenth.
pub const MAX_FILE_BYTES: usize = 1_000_000;

/// What stands in a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows.
    pub name: String,
    /// Chance follows from it.
    #[serde(default = "one")]
    pub seed: u64,
    /// How often the day is repeated.
    #[serde(default = "one_day")]
    pub days: u32,
    /// When the curves of arrivals begin: `"HH:MM"`.
    #[serde(default = "midnight")]
    pub begins: String,
    /// Length of the intervals of curves and of the report: 15, 30 or 60.
    #[serde(default = "half_an_hour")]
    pub interval_minutes: u32,
    /// Abandoned sooner than this is a short abandon, s.
    #[serde(default = "five_s")]
    pub short_abandon_s: f64,
    /// How long an agent whose connection is lost keeps state and offers, s.
    #[serde(default = "thirty_s")]
    pub connection_grace_s: f64,
    /// Waiting lines.
    #[serde(rename = "queue")]
    pub queues: Vec<QueueSpec>,
    /// Streams of contacts.
    pub arrivals: Vec<ArrivalSpec>,
    /// Groups of agents.
    pub agents: Vec<AgentSpec>,
}

/// A waiting line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueSpec {
    /// By which the others name it.
    pub name: String,
    /// Answered within this time is within the service level, s.
    #[serde(default = "twenty_s")]
    pub target_s: f64,
    /// Which agent of several: `longest_idle`, `least_loaded`, `most_skilled`, `lowest_occupancy`.
    #[serde(default)]
    #[schema(value_type = String)]
    pub rule: AgentRule,
    /// How long an offer rings, s.
    #[serde(default = "twenty_s")]
    pub offer_s: f64,
    /// Contacts are put through without being offered.
    #[serde(default)]
    pub auto_accept: bool,
    /// Longest wrap-up, s; 0: none.
    #[serde(default = "thirty_s")]
    pub wrap_up_s: f64,
    /// How long an agent who declined is not asked again, s.
    #[serde(default = "sixty_s")]
    pub decline_pause_s: f64,
    /// Wider circles of agents: rings 2 to 6.
    #[serde(default, rename = "ring")]
    pub rings: Vec<RingSpec>,
    /// After this wait a contact goes to another queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overflow: Option<OverflowSpec>,
}

/// A wider circle of agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RingSpec {
    /// After this time in the queue, s.
    pub after_s: f64,
    /// Skills no longer needed.
    #[serde(default)]
    pub drop_skills: Vec<String>,
    /// No skill is needed any more.
    #[serde(default)]
    pub drop_all_skills: bool,
}

/// A contact leaves its queue for another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverflowSpec {
    /// After this time in the queue, s.
    pub after_s: f64,
    /// The other queue.
    pub to: String,
}

/// A stream of contacts. Arrivals are a Poisson process with the rate of the interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrivalSpec {
    /// The queue in which they wait.
    pub queue: String,
    /// `call`, `email`, `fax` or `letter`.
    #[schema(value_type = String)]
    pub medium: Medium,
    /// Mean number in each interval from `begins` on; after its end nobody comes.
    #[serde(default)]
    pub per_interval: Vec<f64>,
    /// Mean number in an hour, day and night, instead of a curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<f64>,
    /// Priority class: 0 ordinary, 1 raised, 2 high, 3 urgent.
    #[serde(default)]
    pub priority: u8,
    /// Skills they need.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Time with the client.
    pub handling: Distribution,
    /// Time of wrap-up; absent: the queue's longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrap_up: Option<Distribution>,
    /// How long a client waits before he leaves; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<Distribution>,
}

/// A group of agents who are alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentSpec {
    /// What the group is called.
    pub name: String,
    /// How many they are.
    pub count: u32,
    /// Queues they serve from the first moment.
    pub queues: Vec<String>,
    /// Queues in which they help out: from ring 2 on.
    #[serde(default)]
    pub helps: Vec<String>,
    /// What they can do.
    #[serde(default)]
    pub skills: Vec<String>,
    /// Written contacts at once.
    #[serde(default = "four")]
    pub written_at_once: u8,
    /// Times at work, `["09:00", "13:00"]`; between them a break. Empty: day and night.
    #[serde(default)]
    pub shifts: Vec<[String; 2]>,
    /// How long they take to answer an offer.
    #[serde(default = "answers")]
    pub answers: Distribution,
    /// Of a hundred offers so many are declined.
    #[serde(default)]
    pub declines_percent: f64,
    /// Of a hundred offers so many ring out: nobody is there.
    #[serde(default)]
    pub ignores_percent: f64,
    /// After an offer that rang out they are back after this time.
    #[serde(default = "returns")]
    pub returns: Distribution,
    /// How often an hour of work the connection is lost.
    #[serde(default)]
    pub drops_per_hour: f64,
    /// For how long.
    #[serde(default = "reconnects")]
    pub reconnects: Distribution,
}

/// What is wrong in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, counted from 1 in lists: `arrivals[2].queue`.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.key, self.message)
    }
}

/// Why a text is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It makes no sense.
    #[error("{}", lines(.0))]
    Nonsense(Vec<Problem>),
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

impl Scenario {
    /// Reads a scenario and checks it.
    ///
    /// # Errors
    /// Unknown keys are refused with those that are known; nonsense with key and what is right.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > MAX_FILE_BYTES {
            let message = format!("it has more than {MAX_FILE_BYTES} bytes");
            return Err(ScenarioError::Unreadable(message));
        }
        let scenario: Self =
            toml::from_str(text).map_err(|error| ScenarioError::Unreadable(error.to_string()))?;
        let problems = scenario.problems();
        if problems.is_empty() { Ok(scenario) } else { Err(ScenarioError::Nonsense(problems)) }
    }

    /// Intervals in a day.
    pub const fn intervals(&self) -> usize {
        (24 * 60 / self.interval_minutes) as usize
    }

    /// Mean number of contacts in the whole run.
    pub fn expected_arrivals(&self) -> f64 {
        let day = |stream: &ArrivalSpec| {
            stream.per_interval.iter().sum::<f64>() + 24.0 * stream.per_hour.unwrap_or(0.0)
        };
        f64::from(self.days) * self.arrivals.iter().map(day).sum::<f64>()
    }
}

/// Minutes from midnight of `"HH:MM"`; `"24:00"` is the end of the day.
pub(crate) fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= 24 * 60).then_some(all)
}

const fn one() -> u64 {
    1
}

const fn one_day() -> u32 {
    1
}

fn midnight() -> String {
    "00:00".to_owned()
}

const fn half_an_hour() -> u32 {
    30
}

const fn four() -> u8 {
    4
}

const fn five_s() -> f64 {
    5.0
}

const fn twenty_s() -> f64 {
    20.0
}

const fn thirty_s() -> f64 {
    30.0
}

const fn sixty_s() -> f64 {
    60.0
}

const fn answers() -> Distribution {
    Distribution::constant(3.0)
}

const fn returns() -> Distribution {
    Distribution::exponential(120.0)
}

const fn reconnects() -> Distribution {
    Distribution::exponential(20.0)
}
