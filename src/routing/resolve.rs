//! From names to ids: pure. All that is wrong is found in one go.

use std::collections::{BTreeMap, BTreeSet};

use rozmova_base::id::{DispositionId, HoursId, IdMaker, PauseReasonId, QueueId, SkillId, UserId};
use rozmova_queue::Input;
use rozmova_queue::config::{
    AgentConfig, DispositionPolicy, MAX_AGENTS, MAX_QUEUES, MediaConfig, OverflowRule, OverflowTo,
    PauseReasonConfig, QueueConfig, RingConfig, Service, SkillLevel,
};
use rozmova_queue::hours::HoursConfig;
use uuid::Uuid;

use super::document::{
    AgentItem, OverflowTarget, QueueItem, RingItem, RoutingDocument, SkillValue,
};

/// Longest name, in characters: what fits a column of a desk twice over.
const NAME_CHARS_MAX: usize = 100;
/// Most things of the kinds that the queue itself does not count: several times what the largest
/// centres have, and few enough to choose from.
const SKILLS_MAX: usize = 1_000;
const HOURS_MAX: usize = 1_000;
const PAUSE_REASONS_MAX: usize = 200;
const DISPOSITIONS_MAX: usize = 5_000;

/// One thing that is wrong in a document.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct RoutingProblem {
    /// Where: `queue "Cards": hours`.
    pub at: String,
    /// Which field of the thing, when one is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong and what would be right.
    pub message: String,
}

/// What is there already.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Ids by kind and name (or code).
    pub(super) ids: BTreeMap<(&'static str, String), Uuid>,
    /// People by login.
    pub(super) users: BTreeMap<String, Person>,
}

/// Somebody who signs in.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) id: UserId,
    pub(super) name: String,
    /// Whether he may not sign in any more.
    pub(super) is_disabled: bool,
}

/// A document in which every thing has its id, and what the engine is to be told.
#[derive(Clone, Debug, Default)]
pub(super) struct Resolved {
    pub(super) document: RoutingDocument,
    pub(super) hours: Vec<HoursConfig>,
    pub(super) pause_reasons: Vec<PauseReasonConfig>,
    pub(super) queues: Vec<QueueConfig>,
    pub(super) agents: Vec<AgentConfig>,
}

/// Gives ids to everything and turns names into references.
pub(super) fn resolve(
    document: &RoutingDocument,
    known: &Known,
    ids: &dyn IdMaker,
) -> Result<Resolved, Vec<RoutingProblem>> {
    let mut resolver = Resolver { known, ids, names: BTreeMap::new(), problems: Vec::new() };
    let resolved = resolver.run(document.clone());
    if resolver.problems.is_empty() { Ok(resolved) } else { Err(resolver.problems) }
}

struct Resolver<'a> {
    known: &'a Known,
    ids: &'a dyn IdMaker,
    /// Ids by kind and name in this document.
    names: BTreeMap<(&'static str, String), Uuid>,
    problems: Vec<RoutingProblem>,
}

impl Resolver<'_> {
    fn run(&mut self, mut document: RoutingDocument) -> Resolved {
        for (kind, count, count_max) in [
            ("skill", document.skills.len(), SKILLS_MAX),
            ("hours", document.hours.len(), HOURS_MAX),
            ("pause_reason", document.pause_reasons.len(), PAUSE_REASONS_MAX),
            ("disposition", document.dispositions.len(), DISPOSITIONS_MAX),
            ("queue", document.queues.len(), MAX_QUEUES),
            ("agent", document.agents.len(), MAX_AGENTS),
        ] {
            if count > count_max {
                let message = format!("{count} are more than {count_max}; remove some");
                self.problem(kind.to_owned(), message);
            }
        }
        if !self.problems.is_empty() {
            return Resolved::default();
        }
        for item in &mut document.skills {
            item.id = Some(SkillId(self.name("skill", &item.name, item.id.map(|id| id.0))));
        }
        for item in &mut document.hours {
            item.id = Some(HoursId(self.name("hours", &item.name, item.id.map(|id| id.0))));
        }
        for item in &mut document.pause_reasons {
            let id = self.name("pause_reason", &item.name, item.id.map(|id| id.0));
            item.id = Some(PauseReasonId(id));
        }
        for item in &mut document.dispositions {
            let id = self.name("disposition", &item.code, item.id.map(|id| id.0));
            item.id = Some(DispositionId(id));
        }
        for item in &mut document.queues {
            item.id = Some(QueueId(self.name("queue", &item.name, item.id.map(|id| id.0))));
        }
        for item in &document.dispositions {
            if let Some(parent) = &item.parent {
                self.find("disposition", parent, &at("disposition", &item.code, "parent"));
            }
        }
        let hours = document.hours.iter().map(hours_config).collect();
        let pause_reasons = document.pause_reasons.iter().map(pause_reason_config).collect();
        let queues = document.queues.iter().map(|item| self.queue(item)).collect();
        let mut logins = BTreeSet::new();
        let agents = document
            .agents
            .iter_mut()
            .filter_map(|item| {
                if !logins.insert(item.login.clone()) {
                    self.problem(at("agent", &item.login, "login"), "is there twice");
                }
                self.agent(item)
            })
            .collect();
        Resolved { document, hours, pause_reasons, queues, agents }
    }

    /// Takes up a thing by its name and gives its id.
    fn name(&mut self, kind: &'static str, name: &str, id: Option<Uuid>) -> Uuid {
        let length = name.chars().count();
        if length == 0 || length > NAME_CHARS_MAX || name.trim() != name {
            let message = format!(
                "{name:?} is no name; write 1 to {NAME_CHARS_MAX} characters without spaces at \
                 the ends"
            );
            self.name_problem(kind, name, message);
        }
        let key = (kind, name.to_owned());
        let id = id
            .or_else(|| self.known.ids.get(&key).copied())
            .unwrap_or_else(|| self.ids.next_uuid());
        let same_id = self.names.iter().any(|((other, _), used)| *other == kind && *used == id);
        if self.names.insert(key, id).is_some() || same_id {
            self.name_problem(kind, name, "is there twice; names and ids are unique".to_owned());
        }
        id
    }

    fn find(&mut self, kind: &'static str, name: &str, at: &str) -> Option<Uuid> {
        let found = self.names.get(&(kind, name.to_owned())).copied();
        if found.is_none() {
            let message = format!("there is no {kind} {name:?} in this document");
            self.problem(at.to_owned(), message);
        }
        found
    }

    fn name_problem(&mut self, kind: &str, name: &str, message: String) {
        let field = if kind == "disposition" { "code" } else { "name" };
        let at = if name.is_empty() { kind.to_owned() } else { format!("{kind} {name:?}") };
        self.problems.push(RoutingProblem { at, field: Some(field.to_owned()), message });
    }

    fn problem(&mut self, at: String, message: impl Into<String>) {
        let field = at.rsplit_once("\": ").map(|(_, field)| field.to_owned());
        self.problems.push(RoutingProblem { at, field, message: message.into() });
    }

    fn queue(&mut self, item: &QueueItem) -> QueueConfig {
        let id = item.id.unwrap_or(QueueId(Uuid::nil()));
        let defaults = QueueConfig::new(id, item.name.as_str());
        let place = |field: &str| at("queue", &item.name, field);
        if item.target_percent > 100 {
            self.problem(place("target_percent"), "is over 100");
        }
        // Checked here, used by what comes in.
        let mut needs = BTreeSet::new();
        for need in self.skills(&item.needs, &place("needs")) {
            if !(1..=100).contains(&need.level) || !needs.insert(need.skill) {
                let message = "each skill once, with a level from 1 to 100";
                self.problem(place("needs"), message);
            }
        }
        let hours = item
            .hours
            .as_ref()
            .and_then(|name| self.find("hours", name, &place("hours")))
            .map(HoursId);
        let allowed = item
            .dispositions
            .iter()
            .filter_map(|code| self.find("disposition", code, &place("dispositions")))
            .map(DispositionId)
            .collect();
        let rings = item.rings.iter().map(|ring| self.ring(ring, &place("ring"))).collect();
        let overflow = item
            .overflow
            .iter()
            .filter_map(|rule| {
                let then = self.overflow_to(&rule.then, &place("overflow"))?;
                let speaks = matches!(then, OverflowTo::Voicemail | OverflowTo::External { .. });
                if speaks && (rule.media.is_empty() || rule.media.iter().any(|m| !m.is_live())) {
                    let message = "voicemail and numbers outside are for calls; a written contact \
                                   would be lost there: add media = [\"call\"] to the rule";
                    self.problem(place("overflow"), message);
                }
                Some(OverflowRule { media: rule.media.clone(), when: rule.when, then })
            })
            .collect();
        QueueConfig {
            rule: item.rule,
            offer_ms: item.offer_ms.over(defaults.offer_ms),
            auto_accept: item.auto_accept.over(defaults.auto_accept),
            preferred_ms: item.preferred_ms.unwrap_or(defaults.preferred_ms),
            rings,
            overflow,
            on_transfer: item.on_transfer,
            hours,
            wrap_up_ms: item.wrap_up_ms.over(defaults.wrap_up_ms),
            decline_pause_ms: item.decline_pause_ms.unwrap_or(defaults.decline_pause_ms),
            disposition: DispositionPolicy { required: item.disposition_required, allowed },
            pull_allowed: item.pull_allowed,
            announce_every_ms: item.announce_every_ms,
            target_ms: item.target_ms.over(defaults.target_ms),
            ..defaults
        }
    }

    fn ring(&mut self, ring: &RingItem, at: &str) -> RingConfig {
        let drop_skills = ring
            .drop_skills
            .iter()
            .filter_map(|name| self.find("skill", name, at))
            .map(SkillId)
            .collect();
        RingConfig {
            after_ms: ring.after_ms,
            lower_levels_by: ring.lower_levels_by,
            drop_skills,
            drop_all_skills: ring.drop_all_skills,
        }
    }

    fn overflow_to(&mut self, target: &OverflowTarget, at: &str) -> Option<OverflowTo> {
        Some(match target {
            OverflowTarget::Queue { queue } => {
                OverflowTo::Queue { queue: QueueId(self.find("queue", queue, at)?) }
            }
            OverflowTarget::Callback => OverflowTo::Callback,
            OverflowTarget::Voicemail => OverflowTo::Voicemail,
            OverflowTarget::Message { text } => OverflowTo::Message { text: text.clone() },
            OverflowTarget::External { number } => OverflowTo::External { number: number.clone() },
            OverflowTarget::Close => OverflowTo::Close,
        })
    }

    fn skills(&mut self, values: &[SkillValue], at: &str) -> Vec<SkillLevel> {
        values
            .iter()
            .filter_map(|value| {
                let skill = SkillId(self.find("skill", &value.skill, at)?);
                Some(SkillLevel { skill, level: value.level })
            })
            .collect()
    }

    fn agent(&mut self, item: &mut AgentItem) -> Option<AgentConfig> {
        let place = |field: &str| at("agent", &item.login, field);
        // Who was an agent before he was disabled stays in the document until he is taken out.
        let was_agent = self.known.ids.contains_key(&("agent", item.login.clone()));
        let person = self.known.users.get(&item.login);
        let person = person.filter(|person| was_agent || !person.is_disabled).cloned();
        let Some(Person { id, name, .. }) = person else {
            let message = "nobody signs in with this login; create the person first";
            self.problem(place("login"), message);
            return None;
        };
        if item.id.is_some_and(|given| given != id) {
            self.problem(place("id"), "is the id of somebody else; leave it out");
        }
        let skills = self.skills(&item.skills, &place("skills"));
        let serves = item
            .queues
            .iter()
            .filter_map(|service| {
                let queue = QueueId(self.find("queue", &service.queue, &place("queues"))?);
                Some(Service { queue, ring: service.ring })
            })
            .collect();
        item.id = Some(id);
        let defaults = AgentConfig::new(id, name);
        Some(AgentConfig {
            skills,
            serves,
            capacity_units: item.capacity_units.unwrap_or(defaults.capacity_units),
            maximum: item.maximum.over(defaults.maximum),
            interrupts: item.interrupts.unwrap_or(defaults.interrupts),
            own_queues_first: item.own_queues_first,
            ..defaults
        })
    }
}

fn at(kind: &str, name: &str, field: &str) -> String {
    format!("{kind} {name:?}: {field}")
}

fn hours_config(item: &super::document::HoursItem) -> HoursConfig {
    HoursConfig {
        id: item.id.unwrap_or(HoursId(Uuid::nil())),
        name: item.name.clone(),
        time_zone: item.time_zone.clone(),
        weekly: item.weekly.clone(),
        exceptions: item.exceptions.clone(),
    }
}

fn pause_reason_config(item: &super::document::PauseReasonItem) -> PauseReasonConfig {
    PauseReasonConfig {
        id: item.id.unwrap_or(PauseReasonId(Uuid::nil())),
        name: item.name.clone(),
        limit_ms: item.limit_ms,
        counts_as_work: item.counts_as_work,
    }
}

impl Resolved {
    /// What the engine is to be told, in an order in which every reference is there already; each
    /// with its place in the document. Queues come without overflow first, so that queues that
    /// point at each other in a new way never form a circle with what was before.
    pub(super) fn puts(&self) -> Vec<(String, Input)> {
        let document = &self.document;
        let media = MediaConfig(document.media.over(MediaConfig::default().0));
        let mut inputs = vec![
            ("centre".to_owned(), Input::PutCentre(document.centre)),
            ("order".to_owned(), Input::PutOrder(document.order.clone())),
            ("media".to_owned(), Input::PutMedia(media)),
        ];
        for hours in &self.hours {
            inputs.push((format!("hours {:?}", hours.name), Input::PutHours(hours.clone())));
        }
        for reason in &self.pause_reasons {
            let at = format!("pause_reason {:?}", reason.name);
            inputs.push((at, Input::PutPauseReason(reason.clone())));
        }
        for queue in self.queues.iter().filter(|queue| !queue.overflow.is_empty()) {
            let without = QueueConfig { overflow: Vec::new(), ..queue.clone() };
            inputs.push((format!("queue {:?}", queue.name), Input::PutQueue(without)));
        }
        // Those without overflow first: they are what the others may point at.
        let (plain, pointing): (Vec<_>, Vec<_>) =
            self.queues.iter().partition(|queue| queue.overflow.is_empty());
        for queue in plain.into_iter().chain(pointing) {
            inputs.push((format!("queue {:?}", queue.name), Input::PutQueue(queue.clone())));
        }
        for agent in &self.agents {
            inputs.push((format!("agent {:?}", agent.name), Input::PutAgent(agent.clone())));
        }
        inputs
    }
}
