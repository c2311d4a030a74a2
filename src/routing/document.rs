//! The routing document. Times in ms. Everything left out has the product's default.

use rozmova_base::id::{DispositionId, HoursId, PauseReasonId, QueueId, SkillId, UserId};
use rozmova_queue::config::{
    AgePolicy, AgentRule, CentreConfig, InterruptMatrix, Medium, MediumConfig, OrderConfig,
    OverflowTrigger, PerMedium,
};
use rozmova_queue::hours::{ExceptionalDay, WeeklyOpening};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Everything that decides who gets what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RoutingDocument {
    /// Times and limits of the whole centre.
    #[schema(value_type = Object)]
    pub centre: CentreConfig,
    /// How the place in the queue is computed.
    #[schema(value_type = Object)]
    pub order: OrderConfig,
    /// What each medium demands of an agent.
    #[schema(value_type = Object)]
    pub media: MediaValues<MediumConfig>,
    /// What agents can do.
    #[serde(rename = "skill")]
    pub skills: Vec<SkillItem>,
    /// Calendars of opening hours.
    #[serde(rename = "hours")]
    pub hours: Vec<HoursItem>,
    /// Why agents pause.
    #[serde(rename = "pause_reason")]
    pub pause_reasons: Vec<PauseReasonItem>,
    /// Result codes.
    #[serde(rename = "disposition")]
    pub dispositions: Vec<DispositionItem>,
    /// Waiting lines, in the order in which they are shown.
    #[serde(rename = "queue")]
    pub queues: Vec<QueueItem>,
    /// People who serve them.
    #[serde(rename = "agent")]
    pub agents: Vec<AgentItem>,
}

/// A value for some media; the default for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaValues<T> {
    /// For calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<T>,
    /// For e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<T>,
    /// For faxes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fax: Option<T>,
    /// For letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub letter: Option<T>,
}

impl<T> Default for MediaValues<T> {
    fn default() -> Self {
        Self { call: None, email: None, fax: None, letter: None }
    }
}

impl<T: Copy> MediaValues<T> {
    /// These values, and `defaults` where there are none.
    pub fn over(&self, defaults: PerMedium<T>) -> PerMedium<T> {
        PerMedium {
            call: self.call.unwrap_or(defaults.call),
            email: self.email.unwrap_or(defaults.email),
            fax: self.fax.unwrap_or(defaults.fax),
            letter: self.letter.unwrap_or(defaults.letter),
        }
    }
}

/// Something an agent can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillItem {
    /// Left out: known by its name, or new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<SkillId>,
    /// Unique.
    pub name: String,
}

/// A calendar of opening hours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursItem {
    /// Left out: known by its name, or new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<HoursId>,
    /// Unique.
    pub name: String,
    /// `Europe/Kyiv`.
    pub time_zone: String,
    /// Open every week: weekday 1 (Monday) to 7, minutes of the day.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub weekly: Vec<WeeklyOpening>,
    /// Days on which other hours apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub exceptions: Vec<ExceptionalDay>,
}

/// Why an agent pauses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseReasonItem {
    /// Left out: known by its name, or new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<PauseReasonId>,
    /// Unique.
    pub name: String,
    /// Longest pause; at its end the supervisor is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_ms: Option<i64>,
    /// Whether the pause counts as work (training).
    #[serde(default)]
    pub counts_as_work: bool,
}

/// A result code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DispositionItem {
    /// Left out: known by its code, or new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<DispositionId>,
    /// Unique, for reports and programs.
    pub code: String,
    /// For people.
    pub name: String,
    /// Code of the group it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Whether the agent must write why.
    #[serde(default)]
    pub required_note: bool,
}

/// A waiting line with its rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QueueItem {
    /// Left out: known by its name, or new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<QueueId>,
    /// Unique.
    pub name: String,
    /// Which agent of several gets a contact.
    #[schema(value_type = String)]
    pub rule: AgentRule,
    /// Skills that its contacts need.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<SkillValue>,
    /// Index into the priorities of the centre that its contacts get.
    pub priority: u8,
    /// How long an offer rings.
    #[schema(value_type = Object)]
    pub offer_ms: MediaValues<i64>,
    /// Contacts of these media are put through without being offered.
    #[schema(value_type = Object)]
    pub auto_accept: MediaValues<bool>,
    /// How long a contact is kept for its preferred agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_ms: Option<i64>,
    /// Wider circles of agents after a time.
    #[serde(skip_serializing_if = "Vec::is_empty", rename = "ring")]
    pub rings: Vec<RingItem>,
    /// When a contact leaves for something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overflow: Vec<OverflowItem>,
    /// What happens to the age of a contact transferred into it.
    #[schema(value_type = Object)]
    pub on_transfer: AgePolicy,
    /// Name of its opening hours; left out: always open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// How long wrap-up lasts; 0: none.
    #[schema(value_type = Object)]
    pub wrap_up_ms: MediaValues<i64>,
    /// How long an agent who declined a contact is not asked for it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_pause_ms: Option<i64>,
    /// Whether a contact cannot be closed without a result code.
    pub disposition_required: bool,
    /// Codes allowed; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dispositions: Vec<String>,
    /// Days after its closing within which an answer opens a contact again; later a new one
    /// follows it. 0: always a new one. Left out: as in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reopen_within_days: Option<u32>,
    /// Whether agents may take a contact of their choice.
    pub pull_allowed: bool,
    /// How often waiting callers are told where they stand; 0: never.
    pub announce_every_ms: i64,
    /// Answered within this time is within the service level.
    #[schema(value_type = Object)]
    pub target_ms: MediaValues<i64>,
    /// The share that should be, in percent.
    pub target_percent: u8,
}

impl Default for QueueItem {
    fn default() -> Self {
        Self {
            id: None,
            name: String::new(),
            rule: AgentRule::default(),
            needs: Vec::new(),
            priority: 0,
            offer_ms: MediaValues::default(),
            auto_accept: MediaValues::default(),
            preferred_ms: None,
            rings: Vec::new(),
            overflow: Vec::new(),
            on_transfer: AgePolicy::default(),
            hours: None,
            wrap_up_ms: MediaValues::default(),
            decline_pause_ms: None,
            disposition_required: false,
            dispositions: Vec::new(),
            reopen_within_days: None,
            pull_allowed: false,
            announce_every_ms: 0,
            target_ms: MediaValues::default(),
            target_percent: 80,
        }
    }
}

/// A skill and a level, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillValue {
    /// Name of the skill.
    pub skill: String,
    /// 1 to 100.
    pub level: u8,
}

/// A wider circle of agents after a time in the queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RingItem {
    /// After this time.
    pub after_ms: i64,
    /// By how much needed levels are lowered.
    pub lower_levels_by: u8,
    /// Skills no longer needed, by name.
    pub drop_skills: Vec<String>,
    /// No skill is needed any more.
    pub drop_all_skills: bool,
}

/// When a contact leaves its queue, and where to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverflowItem {
    /// Only for these media; empty: for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub media: Vec<Medium>,
    /// When.
    #[schema(value_type = Object)]
    pub when: OverflowTrigger,
    /// Where to.
    pub then: OverflowTarget,
}

/// Where a contact goes that leaves its queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum OverflowTarget {
    /// Into another queue.
    Queue {
        /// Its name.
        queue: String,
    },
    /// It becomes a callback.
    Callback,
    /// The caller may leave a message.
    Voicemail,
    /// A text is played or sent, then it is closed.
    Message {
        /// The text, as the client gets it.
        text: String,
    },
    /// The caller is put through outside.
    External {
        /// E.164.
        number: String,
    },
    /// It is closed.
    Close,
}

/// What an agent can do and may be given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentItem {
    /// Left out: known by the login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// Of a person who signs in.
    pub login: String,
    /// What he can do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<SkillValue>,
    /// What he serves.
    #[serde(default)]
    pub queues: Vec<ServiceItem>,
    /// Capacity in units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_units: Option<u16>,
    /// Most contacts of each medium at once.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub maximum: MediaValues<u8>,
    /// What may interrupt what; left out: a call blocks everything, written contacts share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub interrupts: Option<InterruptMatrix>,
    /// Whether contacts of the queues that he serves from ring 1 come before those of the queues in
    /// which he only helps out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_queues_first: bool,
}

/// That an agent serves a queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceItem {
    /// Name of the queue.
    pub queue: String,
    /// From which ring on he is asked: 1 to 6.
    #[serde(default = "first_ring")]
    pub ring: u8,
}

const fn first_ring() -> u8 {
    1
}

/// A text that is not a routing document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotADocument(pub String);

impl RoutingDocument {
    /// Reads TOML.
    pub fn from_toml(text: &str) -> Result<Self, NotADocument> {
        toml::from_str(text).map_err(|error| NotADocument(error.to_string()))
    }

    /// Writes TOML.
    pub fn to_toml(&self) -> Result<String, NotADocument> {
        toml::to_string_pretty(self).map_err(|error| NotADocument(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_document_and_survives_a_round_trip() {
        let text = include_str!("../../config/routing.toml");
        let document = RoutingDocument::from_toml(text).expect("the example");
        assert!(document.queues.len() >= 5 && document.agents.len() >= 10);
        let written = document.to_toml().expect("TOML");
        assert_eq!(RoutingDocument::from_toml(&written).expect("the same"), document);
        let json = serde_json::to_string(&document).expect("JSON");
        assert_eq!(serde_json::from_str::<RoutingDocument>(&json).expect("the same"), document);
    }

    #[test]
    fn a_misspelt_key_is_named() {
        let error = RoutingDocument::from_toml("[[queue]]\nnmae = \"Cards\"").expect_err("refused");
        assert!(error.to_string().contains("nmae"), "{error}");
    }
}
