//! What can be wrong in a scenario, told by key.

use crate::distribution::{Distribution, Shape};
use crate::scenario::{AgentSpec, ArrivalSpec, Problem, QueueSpec, Scenario, minutes};

/// Longest run: ten years of days.
pub(crate) const MAX_DAYS: u32 = 3_660;
/// Most contacts of one run; four million take half a minute.
pub(crate) const MAX_ARRIVALS: f64 = 20_000_000.0;
/// Most agents of one run: a very large bank's.
pub(crate) const MAX_AGENTS: u32 = 20_000;
/// Most queues, streams or groups.
pub(crate) const MAX_PARTS: usize = 1_000;
/// Longest time that may be written, s: a month.
const MAX_S: f64 = 31.0 * 86_400.0;

struct Found(Vec<Problem>);

impl Found {
    fn say(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem { key: key.into(), message: message.into() });
    }

    fn time(&mut self, key: String, seconds: f64) {
        if !(0.0..=MAX_S).contains(&seconds) {
            self.say(key, format!("{seconds} is no time; 0 to {MAX_S} seconds are"));
        }
    }

    fn percent(&mut self, key: String, percent: f64) {
        if !(0.0..=100.0).contains(&percent) {
            self.say(key, format!("{percent} is no share; 0 to 100 are"));
        }
    }

    fn distribution(&mut self, key: &str, distribution: &Distribution) {
        let mean_s = distribution.mean_s;
        if !(mean_s > 0.0 && mean_s <= MAX_S) {
            let message = format!("{mean_s} is no mean; above 0 and up to {MAX_S} seconds is");
            self.say(format!("{key}.mean_s"), message);
        }
        match (distribution.shape, distribution.deviation_s) {
            (Shape::Lognormal, None) => {
                let message = "is missing; a lognormal time needs it, for example half the mean";
                self.say(format!("{key}.deviation_s"), message);
            }
            (Shape::Exponential | Shape::Constant, Some(_)) => {
                let message = "is for lognormal times; remove it or write shape = \"lognormal\"";
                self.say(format!("{key}.deviation_s"), message);
            }
            (Shape::Lognormal, Some(deviation_s)) => {
                self.time(format!("{key}.deviation_s"), deviation_s);
            }
            (Shape::Exponential | Shape::Constant, None) => {}
        }
    }

    fn known(&mut self, key: &str, name: &str, names: &[&str]) {
        if !names.contains(&name) {
            let known = names.join(", ");
            self.say(key, format!("there is no \"{name}\"; write one of: {known}"));
        }
    }
}

impl Scenario {
    /// Everything that is wrong; empty: it runs.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Found(Vec::new());
        self.check_frame(&mut found);
        let queues: Vec<&str> = self.queues.iter().map(|queue| queue.name.as_str()).collect();
        let mut skills: Vec<&str> = Vec::new();
        for agent in &self.agents {
            skills.extend(agent.skills.iter().map(String::as_str));
        }
        skills.sort_unstable();
        skills.dedup();
        for (place, queue) in self.queues.iter().enumerate() {
            check_queue(&mut found, &format!("queue[{}]", place + 1), queue, &queues);
            if queues.iter().take(place).any(|name| *name == queue.name) {
                let message = format!("\"{}\" is there twice; names tell queues apart", queue.name);
                found.say(format!("queue[{}].name", place + 1), message);
            }
        }
        for (place, stream) in self.arrivals.iter().enumerate() {
            let key = format!("arrivals[{}]", place + 1);
            self.check_stream(&mut found, &key, stream, &queues, &skills);
        }
        for (place, group) in self.agents.iter().enumerate() {
            check_group(&mut found, &format!("agents[{}]", place + 1), group, &queues);
        }
        self.check_served(&mut found);
        found.0
    }

    fn check_frame(&self, found: &mut Found) {
        if self.name.trim().is_empty() {
            found.say("name", "is empty; say what the scenario shows");
        }
        if !(1..=MAX_DAYS).contains(&self.days) {
            found.say("days", format!("{} is not 1 to {MAX_DAYS}", self.days));
        }
        if minutes(&self.begins).is_none_or(|begins| begins >= 24 * 60) {
            found.say("begins", format!("\"{}\" is no time of day; \"08:00\" is", self.begins));
        }
        if ![15, 30, 60].contains(&self.interval_minutes) {
            let message = format!("{} is not 15, 30 or 60", self.interval_minutes);
            found.say("interval_minutes", message);
        }
        found.time("short_abandon_s".to_owned(), self.short_abandon_s);
        found.time("connection_grace_s".to_owned(), self.connection_grace_s);
        let parts = [
            ("queue", self.queues.len()),
            ("arrivals", self.arrivals.len()),
            ("agents", self.agents.len()),
        ];
        for (key, count) in parts {
            if !(1..=MAX_PARTS).contains(&count) {
                found.say(key, format!("there are {count}; 1 to {MAX_PARTS} can be run"));
            }
        }
        let agents: u64 = self.agents.iter().map(|group| u64::from(group.count)).sum();
        if agents > u64::from(MAX_AGENTS) {
            found.say("agents", format!("{agents} agents are more than {MAX_AGENTS}"));
        }
        let expected = self.expected_arrivals();
        if expected > MAX_ARRIVALS {
            let message = format!("{expected:.0} contacts are more than {MAX_ARRIVALS:.0}");
            found.say("arrivals", message);
        }
    }

    fn check_stream(
        &self,
        found: &mut Found,
        key: &str,
        stream: &ArrivalSpec,
        queues: &[&str],
        skills: &[&str],
    ) {
        found.known(&format!("{key}.queue"), &stream.queue, queues);
        for (place, skill) in stream.needs.iter().enumerate() {
            found.known(&format!("{key}.needs[{}]", place + 1), skill, skills);
        }
        if stream.per_interval.is_empty() == stream.per_hour.is_none() {
            let message = "write either per_interval (a curve) or per_hour (always the same)";
            found.say(format!("{key}.per_interval"), message);
        }
        let counts = stream.per_interval.iter().chain(&stream.per_hour);
        if counts.clone().any(|count| !(*count >= 0.0 && count.is_finite())) {
            let message = "a number of arrivals is 0 or more";
            found.say(format!("{key}.per_interval"), message);
        }
        let fit = [15, 30, 60].contains(&self.interval_minutes);
        if fit && stream.per_interval.len() > self.intervals() {
            let intervals = self.intervals();
            let message = format!("a day has {intervals} intervals of {}", self.interval_minutes);
            found.say(format!("{key}.per_interval"), message);
        }
        if stream.priority > 3 {
            let message = format!("{} is not 0 to 3", stream.priority);
            found.say(format!("{key}.priority"), message);
        }
        found.distribution(&format!("{key}.handling"), &stream.handling);
        if let Some(wrap_up) = &stream.wrap_up {
            found.distribution(&format!("{key}.wrap_up"), wrap_up);
        }
        if let Some(patience) = &stream.patience {
            found.distribution(&format!("{key}.patience"), patience);
        }
    }

    /// Contacts that nobody could ever take are a mistake, not a result.
    fn check_served(&self, found: &mut Found) {
        for (place, stream) in self.arrivals.iter().enumerate() {
            let Some(queue) = self.queues.iter().find(|queue| queue.name == stream.queue) else {
                continue;
            };
            let dropped = |skill: &String| {
                queue.rings.iter().any(|r| r.drop_all_skills || r.drop_skills.contains(skill))
            };
            let can = |group: &&AgentSpec| {
                let helps = !queue.rings.is_empty() && group.helps.contains(&queue.name);
                let takes = stream.medium.is_live() || group.written_at_once > 0;
                let skilled = |skill: &String| group.skills.contains(skill) || dropped(skill);
                group.count > 0
                    && takes
                    && (group.queues.contains(&queue.name) || helps)
                    && stream.needs.iter().all(skilled)
            };
            if !self.agents.iter().any(|group| can(&group)) && queue.overflow.is_none() {
                let message = format!(
                    "no agent can take these contacts of \"{}\"; give a group this queue and these \
                     skills",
                    queue.name
                );
                found.say(format!("arrivals[{}]", place + 1), message);
            }
        }
    }
}

fn check_queue(found: &mut Found, key: &str, queue: &QueueSpec, queues: &[&str]) {
    if queue.name.trim().is_empty() {
        found.say(format!("{key}.name"), "is empty; the others name the queue by it");
    }
    let times = [
        ("target_s", queue.target_s),
        ("wrap_up_s", queue.wrap_up_s),
        ("decline_pause_s", queue.decline_pause_s),
    ];
    for (name, seconds) in times {
        found.time(format!("{key}.{name}"), seconds);
    }
    if queue.wrap_up_s > 3_600.0 {
        found.say(format!("{key}.wrap_up_s"), "wrap-up lasts an hour at most: up to 3600");
    }
    if !(1.0..=86_400.0).contains(&queue.offer_s) {
        let message = format!("{} is not 1 to 86400 seconds", queue.offer_s);
        found.say(format!("{key}.offer_s"), message);
    }
    let mut before_s = 0.0;
    for (place, ring) in queue.rings.iter().enumerate() {
        let key = format!("{key}.ring[{}].after_s", place + 1);
        if !(ring.after_s > before_s && ring.after_s <= MAX_S) {
            found.say(key, format!("{} is not later than the ring before it", ring.after_s));
        }
        before_s = ring.after_s;
    }
    if queue.rings.len() > 5 {
        found.say(format!("{key}.ring"), "there are rings 2 to 6: at most five");
    }
    if let Some(overflow) = &queue.overflow {
        found.known(&format!("{key}.overflow.to"), &overflow.to, queues);
        found.time(format!("{key}.overflow.after_s"), overflow.after_s);
        if overflow.to == queue.name {
            found.say(format!("{key}.overflow.to"), "is the queue itself; name another");
        }
    }
}

fn check_group(found: &mut Found, key: &str, group: &AgentSpec, queues: &[&str]) {
    for (list, names) in [("queues", &group.queues), ("helps", &group.helps)] {
        for (place, name) in names.iter().enumerate() {
            found.known(&format!("{key}.{list}[{}]", place + 1), name, queues);
        }
    }
    found.percent(format!("{key}.declines_percent"), group.declines_percent);
    found.percent(format!("{key}.ignores_percent"), group.ignores_percent);
    if group.declines_percent + group.ignores_percent > 100.0 {
        let message = "together with declines_percent more than 100";
        found.say(format!("{key}.ignores_percent"), message);
    }
    if !(0.0..=3_600.0).contains(&group.drops_per_hour) {
        let message = format!("{} is not 0 to 3600", group.drops_per_hour);
        found.say(format!("{key}.drops_per_hour"), message);
    }
    found.distribution(&format!("{key}.answers"), &group.answers);
    found.distribution(&format!("{key}.returns"), &group.returns);
    found.distribution(&format!("{key}.reconnects"), &group.reconnects);
    let mut before = 0;
    for (place, [from, until]) in group.shifts.iter().enumerate() {
        let key = format!("{key}.shifts[{}]", place + 1);
        match (minutes(from), minutes(until)) {
            (Some(begin), Some(end)) if begin < end && begin >= before => before = end,
            (Some(_), Some(_)) => found.say(
                key,
                "each shift ends after it begins and follows the one before; a night shift is \
                 [\"00:00\", \"06:00\"], [\"22:00\", \"24:00\"]",
            ),
            _ => found.say(key, "times are written [\"09:00\", \"13:00\"]"),
        }
    }
}
