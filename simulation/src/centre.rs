//! A scenario as settings of the engine.

use std::collections::BTreeMap;

use rozmova_base::id::{AgentId, PauseReasonId, QueueId, SkillId};
use rozmova_queue::Input;
use rozmova_queue::config::{
    AgentConfig, CentreConfig, OrderConfig, OverflowRule, OverflowTo, OverflowTrigger,
    PauseReasonConfig, PerMedium, QueueConfig, RingConfig, Service, SkillLevel,
};

use crate::scenario::{AgentSpec, QueueSpec, Scenario};

/// The pause of agents who finish what they have and go home.
pub(crate) const GOING_HOME: PauseReasonId = PauseReasonId::from_u128(1);

/// Ids follow from places in the lists, counted from 1.
pub(crate) const fn queue_id(place: usize) -> QueueId {
    QueueId::from_u128(place as u128 + 1)
}

pub(crate) const fn agent_id(place: usize) -> AgentId {
    AgentId::from_u128(place as u128 + 1)
}

pub(crate) fn millis(seconds: f64) -> i64 {
    (seconds * 1_000.0).round() as i64
}

/// Names as ids.
pub(crate) struct Names<'a> {
    queues: BTreeMap<&'a str, QueueId>,
    skills: BTreeMap<&'a str, SkillId>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(scenario: &'a Scenario) -> Self {
        let queues = scenario.queues.iter().enumerate();
        let mut skills = BTreeMap::new();
        let of_agents = scenario.agents.iter().flat_map(|group| &group.skills);
        let of_streams = scenario.arrivals.iter().flat_map(|stream| &stream.needs);
        let of_rings = scenario.queues.iter().flat_map(|queue| &queue.rings);
        let dropped = of_rings.flat_map(|ring| &ring.drop_skills);
        for skill in of_agents.chain(of_streams).chain(dropped) {
            let next = SkillId::from_u128(skills.len() as u128 + 1);
            skills.entry(skill.as_str()).or_insert(next);
        }
        Self {
            queues: queues.map(|(place, q)| (q.name.as_str(), queue_id(place))).collect(),
            skills,
        }
    }

    pub(crate) fn queue(&self, name: &str) -> Option<QueueId> {
        self.queues.get(name).copied()
    }

    pub(crate) fn levels(&self, skills: &[String]) -> Vec<SkillLevel> {
        let ids = self.skills_of(skills).into_iter();
        ids.map(|skill| SkillLevel { skill, level: 50 }).collect()
    }

    fn skills_of(&self, skills: &[String]) -> Vec<SkillId> {
        skills.iter().filter_map(|skill| self.skills.get(skill.as_str()).copied()).collect()
    }
}

/// The inputs with which the first day begins; agents are offline.
pub(crate) fn settings(scenario: &Scenario, names: &Names<'_>) -> Vec<Input> {
    let centre = CentreConfig {
        connection_grace_ms: millis(scenario.connection_grace_s),
        short_abandon_ms: millis(scenario.short_abandon_s),
        trace_candidates: 0,
        ..CentreConfig::default()
    };
    let mut inputs = vec![
        Input::PutCentre(centre),
        Input::PutOrder(OrderConfig::default()),
        Input::PutPauseReason(PauseReasonConfig {
            id: GOING_HOME,
            name: "going home".to_owned(),
            limit_ms: None,
            counts_as_work: false,
        }),
    ];
    // A queue may overflow into one that comes later: first all of them, then their rules.
    for round in [false, true] {
        for (place, queue) in scenario.queues.iter().enumerate() {
            if !round || queue.overflow.is_some() {
                inputs.push(Input::PutQueue(queue_config(queue, place, names, round)));
            }
        }
    }
    let mut place = 0;
    for group in &scenario.agents {
        for _ in 0..group.count {
            inputs.push(Input::PutAgent(agent_config(group, place, names)));
            place += 1;
        }
    }
    inputs
}

fn queue_config(spec: &QueueSpec, place: usize, names: &Names<'_>, rules: bool) -> QueueConfig {
    let all = |value| PerMedium { call: value, email: value, fax: value, letter: value };
    let auto = spec.auto_accept;
    let mut config = QueueConfig::new(queue_id(place), spec.name.clone());
    config.rule = spec.rule;
    config.offer_ms = all(millis(spec.offer_s));
    config.auto_accept = PerMedium { call: auto, email: auto, fax: auto, letter: auto };
    config.wrap_up_ms = all(millis(spec.wrap_up_s));
    config.target_ms = all(millis(spec.target_s));
    config.decline_pause_ms = millis(spec.decline_pause_s);
    config.rings = spec
        .rings
        .iter()
        .map(|ring| RingConfig {
            after_ms: millis(ring.after_s),
            lower_levels_by: 0,
            drop_skills: names.skills_of(&ring.drop_skills),
            drop_all_skills: ring.drop_all_skills,
        })
        .collect();
    let overflow = spec.overflow.as_ref().filter(|_| rules);
    config.overflow = overflow
        .and_then(|overflow| {
            let queue = names.queue(&overflow.to)?;
            let when = OverflowTrigger::Waited { after_ms: millis(overflow.after_s) };
            Some(OverflowRule { media: Vec::new(), when, then: OverflowTo::Queue { queue } })
        })
        .into_iter()
        .collect();
    config
}

fn agent_config(group: &AgentSpec, place: usize, names: &Names<'_>) -> AgentConfig {
    let mut config = AgentConfig::new(agent_id(place), group.name.clone());
    config.skills = names.levels(&group.skills);
    config.skills.sort_unstable();
    config.skills.dedup();
    let service =
        |ring| move |name: &String| names.queue(name).map(|queue| Service { queue, ring });
    config.serves = group.queues.iter().filter_map(service(1)).collect();
    for helped in group.helps.iter().filter_map(service(2)) {
        if !config.serves.iter().any(|served| served.queue == helped.queue) {
            config.serves.push(helped);
        }
    }
    config.maximum.email = group.written_at_once;
    config.maximum.fax = group.written_at_once;
    config.maximum.letter = group.written_at_once;
    config.own_queues_first = true;
    config
}
