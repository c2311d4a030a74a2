//! What in a routing document would leave contacts without an answer. Pure. It is told and not
//! refused: while a bank is being set up each of these is true for a while.

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_queue::config::{AgentConfig, Medium};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::document::{
    AgentItem, DispositionItem, HoursItem, QueueItem, RoutingDocument, SkillValue,
};

/// One thing to be put right, or to be known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Warning {
    /// For programs: `nobody_serves`, `nobody_has_skills`, `never_open`, …
    pub code: &'static str,
    /// Kind of the thing that it is about: `queue`, `hours`, `agent`.
    pub kind: &'static str,
    /// The thing.
    pub id: Option<Uuid>,
    /// The thing's name.
    pub name: String,
    /// What else it names, by role: `medium`, `skill`, `mailbox`, `number`.
    pub named: BTreeMap<&'static str, String>,
    /// In words, in English.
    pub message: String,
}

/// What the document meets outside of itself.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `2026-08-24`.
    pub today: String,
    /// The bank's addresses with the queue that each names; empty: the first queue.
    pub mailboxes: Vec<(String, String)>,
    /// People who may no longer sign in, by login.
    pub disabled: Vec<String>,
}

impl Surroundings {
    /// The day of an instant in a time zone.
    pub fn day_of(at: Timestamp, time_zone: &str) -> String {
        let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
        let zone = jiff::tz::TimeZone::get(time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        zone.to_datetime(at).date().to_string()
    }
}

/// Everything to be put right, in the order of the document.
pub fn warnings(document: &RoutingDocument, around: &Surroundings) -> Vec<Warning> {
    let mut found = Vec::new();
    let never_open = |hours: &&HoursItem| !opens(hours, &around.today);
    for hours in document.hours.iter().filter(never_open) {
        let message = "is closed on every day of the week and on every day to come";
        found.push(about("hours", hours.id.map(|id| id.0), &hours.name, "never_open", message));
    }
    for queue in &document.queues {
        of_queue(document, queue, around, &mut found);
    }
    for (address, name) in &around.mailboxes {
        let is_there = name.is_empty() || document.queues.iter().any(|queue| queue.name == *name);
        if !is_there {
            let message = format!(
                "the mailbox {address} sends its mail there, but there is no such queue: its mail \
                 goes to the first queue"
            );
            let mut warning = about("queue", None, name, "mailbox_without_queue", &message);
            warning.named.insert("mailbox", address.clone());
            found.push(warning);
        }
    }
    for agent in &document.agents {
        let id = agent.id.map(|id| id.0);
        if around.disabled.contains(&agent.login) {
            let message = "may no longer sign in, but still serves queues";
            found.push(about("agent", id, &agent.login, "agent_disabled", message));
        } else if agent.queues.is_empty() {
            let message = "serves no queue and is offered nothing";
            found.push(about("agent", id, &agent.login, "agent_without_queue", message));
        }
    }
    found
}

fn of_queue(
    document: &RoutingDocument,
    queue: &QueueItem,
    around: &Surroundings,
    found: &mut Vec<Warning>,
) {
    let id = queue.id.map(|id| id.0);
    let warn = |code, message: &str| about("queue", id, &queue.name, code, message);
    let serving: Vec<(&AgentItem, u8)> = document
        .agents
        .iter()
        .filter(|agent| !around.disabled.contains(&agent.login))
        .filter_map(|agent| {
            let service = agent.queues.iter().find(|service| service.queue == queue.name)?;
            Some((agent, service.ring))
        })
        .collect();
    let last_ring = queue.rings.len() + 1;
    let reached: Vec<&AgentItem> = serving
        .iter()
        .filter(|(_, ring)| usize::from(*ring) <= last_ring)
        .map(|(agent, _)| *agent)
        .collect();
    if serving.is_empty() {
        found.push(warn("nobody_serves", "no agent serves it; its contacts wait for ever"));
    } else if reached.is_empty() {
        let message = "its agents are asked from a later ring than it has; add a ring, or let them \
                       serve it from ring 1";
        found.push(warn("ring_never_reached", message));
    } else {
        for medium in Medium::ALL {
            let defaults = AgentConfig::new(rozmova_base::id::UserId(Uuid::nil()), "").maximum;
            if reached.iter().all(|agent| agent.maximum.over(defaults)[medium] == 0) {
                let message = format!("none of its agents takes the medium {}", medium.as_str());
                let mut warning = warn("medium_not_taken", &message);
                warning.named.insert("medium", medium.as_str().to_owned());
                found.push(warning);
            }
        }
        if !serving.iter().any(|(agent, ring)| fits(agent, *ring, queue)) {
            let skills: Vec<&str> = queue.needs.iter().map(|need| need.skill.as_str()).collect();
            let message = format!(
                "no agent of it has all skills that it needs ({}), in none of its rings",
                skills.join(", ")
            );
            let mut warning = warn("nobody_has_skills", &message);
            warning.named.insert("skill", skills.join(", "));
            found.push(warning);
        }
    }
    let calendar = document.hours.iter().find(|hours| Some(&hours.name) == queue.hours.as_ref());
    if calendar.is_some_and(|hours| !opens(hours, &around.today)) {
        found.push(warn("queue_never_open", "its opening hours never open"));
    }
    if queue.disposition_required && !has_code(&document.dispositions, &queue.dispositions) {
        let message = "it demands a result code, but there is none to choose: its contacts cannot \
                       be closed";
        found.push(warn("no_disposition", message));
    }
}

fn about(
    kind: &'static str,
    id: Option<Uuid>,
    name: &str,
    code: &'static str,
    message: &str,
) -> Warning {
    let message = format!("{kind} {name:?}: {message}");
    Warning { code, kind, id, name: name.to_owned(), named: BTreeMap::new(), message }
}

/// Open on some day of the week, or on an exceptional day from today on.
fn opens(hours: &HoursItem, today: &str) -> bool {
    let exceptional = hours.exceptions.iter().any(|day| {
        // Dates of ISO 8601 sort as text.
        day.date.as_str() >= today && !day.open.is_empty()
    });
    !hours.weekly.is_empty() || exceptional
}

/// In some ring of the queue that asks this agent, he has what is needed then.
fn fits(agent: &AgentItem, first_ring: u8, queue: &QueueItem) -> bool {
    let has = |skill: &str, level: u8| {
        agent.skills.iter().any(|value| value.skill == skill && value.level >= level)
    };
    let in_first = first_ring == 1 && queue.needs.iter().all(|need| has(&need.skill, need.level));
    let later = queue.rings.iter().zip(2..).filter(|(_, number)| *number >= first_ring);
    let mut later = later.map(|(ring, _)| ring);
    in_first
        || later.any(|ring| {
            let needs = queue.needs.iter().filter(|need| !ring.drop_skills.contains(&need.skill));
            let level = |need: &SkillValue| need.level.saturating_sub(ring.lower_levels_by).max(1);
            ring.drop_all_skills || needs.into_iter().all(|need| has(&need.skill, level(need)))
        })
}

/// A code that is no group of others: agents choose among these.
fn has_code(all: &[DispositionItem], allowed: &[String]) -> bool {
    let is_group = |code: &str| all.iter().any(|other| other.parent.as_deref() == Some(code));
    let is_allowed = |code: &String| allowed.is_empty() || allowed.contains(code);
    all.iter().any(|item| is_allowed(&item.code) && !is_group(&item.code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let document = RoutingDocument::from_toml(text).expect("a document");
        let around = Surroundings {
            today: "2026-08-24".to_owned(),
            mailboxes: vec![("a@bank.example".to_owned(), "Gone".to_owned())],
            disabled: vec!["former".to_owned()],
        };
        let found = warnings(&document, &around).into_iter();
        found.map(|warning| format!("{} {}", warning.code, warning.name)).collect()
    }

    const GONE: &str = "mailbox_without_queue Gone";

    #[test]
    fn a_queue_needs_agents_who_can() {
        let queue = "[[skill]]\nname = \"X\"\n[[queue]]\nname = \"Cards\"\n";
        let with = |agents: &str| told(&format!("{queue}{agents}"));
        assert_eq!(with(""), ["nobody_serves Cards", GONE]);
        let ana = "[[agent]]\nlogin = \"ana\"\n";
        assert_eq!(with(ana), ["nobody_serves Cards", GONE, "agent_without_queue ana"]);
        let late = format!("{ana}queues = [{{ queue = \"Cards\", ring = 2 }}]");
        assert_eq!(with(&late), ["ring_never_reached Cards", GONE]);
        let serves = format!("{ana}queues = [{{ queue = \"Cards\" }}]\n");
        assert_eq!(with(&serves), [GONE]);
        assert_eq!(
            with(&format!("{serves}maximum = {{ call = 0 }}")),
            ["medium_not_taken Cards", GONE]
        );
        let former = "[[agent]]\nlogin = \"former\"\nqueues = [{ queue = \"Cards\" }]";
        assert_eq!(with(former), ["nobody_serves Cards", GONE, "agent_disabled former"]);
    }

    #[test]
    fn rings_may_drop_what_nobody_can() {
        let text = |ring: &str| {
            format!(
                "[[skill]]\nname = \"X\"\n[[queue]]\nname = \"Cards\"\n\
                 needs = [{{ skill = \"X\", level = 50 }}]\n{ring}\n[[agent]]\nlogin = \"ana\"\n\
                 skills = [{{ skill = \"X\", level = 30 }}]\nqueues = [{{ queue = \"Cards\" }}]"
            )
        };
        assert_eq!(told(&text("")), ["nobody_has_skills Cards", GONE]);
        assert_eq!(told(&text("ring = [{ after_ms = 1, lower_levels_by = 20 }]")), [GONE]);
        assert_eq!(told(&text("ring = [{ after_ms = 1, drop_skills = [\"X\"] }]")), [GONE]);
        assert_eq!(told(&text("ring = [{ after_ms = 1, drop_all_skills = true }]")), [GONE]);
    }

    #[test]
    fn hours_and_codes_that_shut_everybody_out() {
        let text = |exceptions: &str| {
            format!(
                "[[hours]]\nname = \"Never\"\ntime_zone = \"Europe/Kyiv\"\n\
                 exceptions = [{exceptions}]\n[[queue]]\nname = \"Cards\"\nhours = \"Never\"\n\
                 disposition_required = true\n[[agent]]\nlogin = \"ana\"\n\
                 queues = [{{ queue = \"Cards\" }}]"
            )
        };
        let closed = ["never_open Never", "queue_never_open Cards", "no_disposition Cards", GONE];
        assert_eq!(told(&text("")), closed);
        let day = |date: &str| {
            format!(
                "{{ date = \"{date}\", name = \"\", open = [{{ from_minute = 1, \
                 to_minute = 9 }}] }}"
            )
        };
        assert_eq!(told(&text(&day("2026-08-23"))), closed);
        assert_eq!(told(&text(&day("2026-08-24"))), ["no_disposition Cards", GONE]);
    }
}
