//! The queue engine alone: contacts arrive, are offered, accepted and ended, while many others
//! wait. Then how the cost of an input grows with the centre.

use std::collections::VecDeque;

use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, QueueId, SkillId, UserId};
use rozmova_queue::config::{AgentConfig, Medium, QueueConfig, Service, SkillLevel};
use rozmova_queue::input::Arrival;
use rozmova_queue::{Engine, EventKind, Input, Output};
use serde_json::{Value, json};

use super::{Latencies, Process, Report, Stopwatch};

const SKILLS: u128 = 20;
/// A large bank.
const LARGE: Size = Size { agents: 1_000, queues: 50, backlog: 100_000 };
/// Cells of the table of growth.
const GROWTH_AGENTS: [u128; 3] = [100, 1_000, 10_000];
const GROWTH_WAITING: [u128; 3] = [100, 10_000, 100_000];
/// Inputs measured in each of them: a few tenths of a second.
const GROWTH_INPUTS: u64 = 200_000;
const BEGIN: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Measures for so long; then growth, some tens of seconds more.
pub fn run(seconds: u64) -> Report {
    let mut bench = Bench::new(LARGE);
    bench.fill();
    bench.latencies = Latencies::default();
    let begun = bench.handled;
    let process = Process::start();
    while process.elapsed().as_secs() < seconds {
        for _ in 0..1_000 {
            bench.step();
        }
    }
    let elapsed = process.elapsed().as_secs_f64();
    let cpu = process.cpu_seconds();
    let handled = (bench.handled - begun) as f64;
    let mut latencies = std::mem::take(&mut bench.latencies);
    Report {
        name: "engine",
        unit: "inputs",
        rate_per_s: handled / elapsed,
        cpu_ms_each: cpu * 1_000.0 / handled.max(1.0),
        p50_ms: latencies.permille_ms(500),
        p99_ms: latencies.permille_ms(990),
        rss_mb: Process::rss_mb(),
        failures: bench.refused,
        seconds: elapsed,
        cores: cpu / elapsed,
        details: json!({
            "growth": growth(),
            "agents": LARGE.agents, "queues": LARGE.queues, "waiting": bench.engine.open_contacts(),
            "closed": bench.engine.totals().closed,
        }),
    }
}

/// µs for each input, by agents and contacts waiting; and how long a copy of the engine takes, on
/// which acts of people are tried first.
fn growth() -> Value {
    let cells = GROWTH_AGENTS.into_iter().flat_map(|agents| {
        GROWTH_WAITING.into_iter().map(move |backlog| {
            let queues = (agents / 20).max(2);
            let mut bench = Bench::new(Size { agents, queues, backlog });
            bench.fill();
            let begun = bench.handled;
            let clock = Stopwatch::start();
            while bench.handled < begun + GROWTH_INPUTS {
                bench.step();
            }
            let micros = clock.elapsed().as_secs_f64() * 1e6;
            let each = micros / (bench.handled - begun) as f64;
            let clock = Stopwatch::start();
            let copy = bench.engine.clone();
            let copy_ms = clock.elapsed().as_secs_f64() * 1e3;
            drop(copy);
            json!({
                "agents": agents as u64, "waiting": backlog as u64, "us_per_input": each,
                "copy_ms": copy_ms,
            })
        })
    });
    cells.collect()
}

/// How large a centre is.
#[derive(Clone, Copy, Debug)]
struct Size {
    agents: u128,
    queues: u128,
    /// Contacts that arrive before the measuring begins.
    backlog: u128,
}

struct Bench {
    size: Size,
    engine: Engine,
    now: Timestamp,
    next: u128,
    in_hand: VecDeque<InteractionId>,
    to_accept: VecDeque<Input>,
    handled: u64,
    refused: u64,
    latencies: Latencies,
}

impl Bench {
    fn new(size: Size) -> Self {
        Self {
            size,
            engine: Engine::default(),
            now: BEGIN,
            next: 0,
            in_hand: VecDeque::new(),
            to_accept: VecDeque::new(),
            handled: 0,
            refused: 0,
            latencies: Latencies::default(),
        }
    }

    /// Agents, queues, and a backlog in which everybody has his hands full.
    fn fill(&mut self) {
        for number in 0..self.size.queues {
            let id = QueueId::from_u128(number + 1);
            self.handle(Input::PutQueue(QueueConfig::new(id, format!("Queue {number}"))));
        }
        for number in 0..self.size.agents {
            let id = UserId::from_u128(number + 1);
            let mut agent = AgentConfig::new(id, format!("Agent {number}"));
            for step in 0..5 {
                let queue = QueueId::from_u128((number + step * 7) % self.size.queues + 1);
                agent.serves.push(Service { queue, ring: 1 });
                let skill = SkillId::from_u128((number + step * 3) % SKILLS + 1);
                agent.skills.push(SkillLevel { skill, level: 60 });
            }
            self.handle(Input::PutAgent(agent));
            self.handle(Input::SignedIn { agent: id });
            self.handle(Input::SetReady { agent: id });
        }
        for _ in 0..self.size.backlog {
            self.arrive();
            self.accept_all();
        }
    }

    /// One contact comes, one is ended, and what that sets free is given out.
    fn step(&mut self) {
        self.now = self.now.plus_millis(1);
        self.arrive();
        if let Some(interaction) = self.in_hand.pop_front() {
            self.handle(Input::ContactEnded { interaction });
        }
        self.accept_all();
    }

    fn arrive(&mut self) {
        self.next += 1;
        let queue = QueueId::from_u128(self.next % self.size.queues + 1);
        let interaction = InteractionId::from_u128(self.next);
        let mut arrival = Arrival::new(interaction, Medium::Email, queue);
        arrival.priority = u8::from(self.next.is_multiple_of(10));
        if self.next.is_multiple_of(4) {
            let skill = SkillId::from_u128(self.next % SKILLS + 1);
            arrival.needs.push(SkillLevel { skill, level: 30 });
        }
        self.handle(Input::ContactArrived(arrival));
    }

    fn accept_all(&mut self) {
        while let Some(input) = self.to_accept.pop_front() {
            self.handle(input);
        }
    }

    fn handle(&mut self, input: Input) {
        let watch = Stopwatch::start();
        let result = self.engine.handle(input, self.now);
        self.latencies.add_micros(watch.micros());
        self.handled += 1;
        self.refused += u64::from(result.is_err());
        while let Some(output) = self.engine.poll_output() {
            let Output::Event(event) = output else { continue };
            if let EventKind::Offered { .. } = event.kind {
                self.to_accept.extend(event.offer.map(|offer| Input::OfferAccepted { offer }));
            } else if let EventKind::Connected { .. } = event.kind {
                self.in_hand.extend(event.interaction);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_go_round() {
        let mut bench = Bench::new(LARGE);
        let queue = QueueId::from_u128(1);
        bench.handle(Input::PutQueue(QueueConfig::new(queue, "Cards")));
        let agent = UserId::from_u128(1);
        let mut config = AgentConfig::new(agent, "Ana");
        config.serves.push(Service { queue, ring: 1 });
        bench.handle(Input::PutAgent(config));
        bench.handle(Input::SignedIn { agent });
        bench.handle(Input::SetReady { agent });
        // The next contact is for the first queue and asks for no skill.
        bench.next = LARGE.queues - 1;
        bench.step();
        bench.step();
        assert_eq!(bench.engine.totals().closed, 1);
    }
}
