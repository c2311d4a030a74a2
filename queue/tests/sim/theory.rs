//! The real engine against queueing theory.
//!
//! Figures for FIFO, strict and ageing priorities (M/M/10, A = 9, AHT 180 s, 30 % of class 1):
//! Kleinrock, "A delay dependent queue discipline", 1964; Stanford, Taylor, Ziedins, Queueing
//! Systems
//! 2014. Erlang A: Garnett, Mandelbaum, Reiman 2002.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, InteractionId, QueueId};
use rozmova_queue::config::{
    AgentConfig, CentreConfig, Medium, OrderConfig, PerMedium, PriorityClass, QueueConfig,
    RingConfig, Service,
};
use rozmova_queue::input::Arrival;
use rozmova_queue::{Engine, EventKind, Input, Output};

use crate::chance::Chance;

/// At ρ = 0.9 the mean of four million waits has a standard error of about 1 %.
const ARRIVALS: u64 = 4_000_000;
const WARM_UP: u64 = 50_000;

struct Centre {
    /// Queues of each agent, his own first.
    agents: Vec<Vec<usize>>,
    /// Share, priority and queue, per client type.
    types: Vec<(f64, u8, usize)>,
    classes: Vec<PriorityClass>,
    per_second: f64,
    service_s: f64,
    patience_s: Option<f64>,
    arrivals: u64,
    seed: u64,
}

#[derive(Clone, Default)]
struct Stats {
    arrived: u64,
    answered: u64,
    waited: u64,
    abandoned: u64,
    wait_s: f64,
}

impl Stats {
    fn mean_wait_s(&self) -> f64 {
        self.wait_s / self.arrived as f64
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Arrival,
    End(u64),
    Leave(u64),
}

impl Centre {
    fn m_m_n(agents: usize, load: f64, service_s: f64) -> Self {
        Self {
            agents: vec![vec![0]; agents],
            types: vec![(1.0, 0, 0)],
            classes: vec![PriorityClass::default()],
            per_second: load / service_s,
            service_s,
            patience_s: None,
            arrivals: ARRIVALS,
            seed: 1,
        }
    }

    fn two_classes(classes: [PriorityClass; 2]) -> Self {
        let mut centre = Self::m_m_n(10, 9.0, 180.0);
        centre.types = vec![(0.3, 1, 0), (0.7, 0, 0)];
        centre.classes = classes.to_vec();
        centre
    }

    fn engine(&self) -> Engine {
        let mut engine = Engine::new();
        let mut order = OrderConfig::default();
        order.priorities.clone_from(&self.classes);
        order.medium_head_start_ms = PerMedium::default();
        let centre = CentreConfig { trace_candidates: 0, ..CentreConfig::default() };
        let mut inputs = vec![Input::PutCentre(centre), Input::PutOrder(order)];
        let queues: BTreeSet<usize> = self.types.iter().map(|kind| kind.2).collect();
        inputs.extend(queues.iter().map(|number| queue_of_type(*number, queues.len())));
        for (number, queues) in self.agents.iter().enumerate() {
            let agent = AgentId::from_u128(number as u128 + 1);
            let mut config = AgentConfig::new(agent, format!("agent {number}"));
            let ring = |place| 1 + u8::from(place > 0);
            let queues = queues.iter().enumerate();
            config.serves = queues
                .map(|(place, queue)| Service { queue: queue_id(*queue), ring: ring(place) })
                .collect();
            config.own_queues_first = true;
            inputs.push(Input::PutAgent(config));
            inputs.push(Input::SignedIn { agent });
            inputs.push(Input::SetReady { agent });
        }
        for input in inputs {
            engine.handle(input, Timestamp(0)).expect("accepted");
        }
        engine
    }

    fn run(&self) -> Vec<Stats> {
        self.run_and_keep().0
    }

    fn run_and_keep(&self) -> (Vec<Stats>, Engine) {
        let mut run = Run {
            engine: self.engine(),
            centre: self,
            chance: Chance::new(self.seed),
            services: Chance::new(self.seed + 1),
            heap: BinaryHeap::new(),
            waiting: BTreeSet::new(),
            stats: vec![Stats::default(); self.types.len()],
        };
        run.simulate();
        (run.stats, run.engine)
    }
}

struct Run<'a> {
    engine: Engine,
    centre: &'a Centre,
    chance: Chance,
    services: Chance,
    heap: BinaryHeap<Reverse<(i64, Next)>>,
    /// Impatient contacts that wait.
    waiting: BTreeSet<u64>,
    stats: Vec<Stats>,
}

impl Run<'_> {
    fn simulate(&mut self) {
        let mut number = 0;
        self.heap.push(Reverse((0, Next::Arrival)));
        while let Some(Reverse((at, next))) = self.heap.pop() {
            let input = match next {
                Next::Arrival => {
                    number += 1;
                    let gap = self.chance.exponential(1.0 / self.centre.per_second);
                    if number < self.centre.arrivals {
                        self.after(at, gap, Next::Arrival);
                    }
                    self.arrival(at, number)
                }
                Next::End(number) => Input::ContactEnded { interaction: interaction(number) },
                Next::Leave(number) if !self.waiting.remove(&number) => continue,
                Next::Leave(number) => Input::ContactAbandoned { interaction: interaction(number) },
            };
            self.engine.handle(input, Timestamp(at)).expect("accepted");
            self.drain(at);
        }
    }

    fn after(&mut self, at: i64, seconds: f64, next: Next) {
        self.heap.push(Reverse((at + (seconds * 1e6) as i64, next)));
    }

    fn arrival(&mut self, at: i64, number: u64) -> Input {
        let mut share = self.chance.unit();
        let kind = self.centre.types.iter().position(|(part, ..)| {
            share -= part;
            share <= 0.0
        });
        let kind = kind.unwrap_or(self.centre.types.len() - 1);
        let (_, priority, queue) = self.centre.types[kind];
        if number > WARM_UP {
            self.stats[kind].arrived += 1;
        }
        if let Some(patience_s) = self.centre.patience_s {
            let patience_s = self.chance.exponential(patience_s);
            self.waiting.insert(tagged(number, kind));
            self.after(at, patience_s, Next::Leave(tagged(number, kind)));
        }
        let id = interaction(tagged(number, kind));
        let mut arrival = Arrival::new(id, Medium::Call, queue_id(queue));
        arrival.priority = priority;
        Input::ContactArrived(arrival)
    }

    fn drain(&mut self, at: i64) {
        while let Some(output) = self.engine.poll_output() {
            let Output::Event(event) = output else { continue };
            let Some(id) = event.interaction else { continue };
            let number = id.0.as_u128() as u64;
            let (kind, counts) = ((number & 15) as usize, (number >> 4) > WARM_UP);
            if let EventKind::Connected { waited_ms, .. } = event.kind {
                self.waiting.remove(&number);
                let service_s = self.services.exponential(self.centre.service_s);
                self.after(at, service_s, Next::End(number));
                if counts {
                    let stats = &mut self.stats[kind];
                    stats.answered += 1;
                    stats.waited += u64::from(waited_ms > 0);
                    stats.wait_s += waited_ms as f64 / 1000.0;
                }
            } else if let EventKind::Abandoned { waited_ms, .. } = event.kind
                && counts
            {
                let stats = &mut self.stats[kind];
                stats.abandoned += 1;
                stats.waited += 1;
                stats.wait_s += waited_ms as f64 / 1000.0;
            }
        }
    }
}

/// The type of a contact is part of its number.
const fn tagged(number: u64, kind: usize) -> u64 {
    number << 4 | kind as u64
}

const fn interaction(number: u64) -> InteractionId {
    InteractionId::from_u128(number as u128)
}

fn queue_of_type(number: usize, queues: usize) -> Input {
    let mut queue = QueueConfig::new(queue_id(number), format!("queue {number}"));
    queue.wrap_up_ms = PerMedium::default();
    queue.auto_accept.call = true;
    if queues > 1 {
        // As soon as none of its own agents is free, those who help out are asked.
        queue.rings.push(RingConfig {
            after_ms: 1,
            lower_levels_by: 0,
            drop_skills: Vec::new(),
            drop_all_skills: false,
        });
    }
    Input::PutQueue(queue)
}

const fn queue_id(number: usize) -> QueueId {
    QueueId::from_u128(number as u128 + 1)
}

#[track_caller]
fn assert_within(what: &str, found: f64, expected: f64, percent: f64) {
    let error = (found / expected - 1.0) * 100.0;
    tell(format_args!("{what}: {found:.4}, theory {expected:.4}, {error:+.2} %"));
    assert!(error.abs() <= percent, "{what}: {found} instead of {expected}, {error:+.2} %");
}

/// Figures for docs/PERFORMANCE.md: shown with `--nocapture`.
#[expect(clippy::print_stdout, reason = "a test that measures says what it found")]
pub(crate) fn tell(line: std::fmt::Arguments<'_>) {
    println!("{line}");
}

const fn class(head_start_ms: i64, slope_permille: u32) -> PriorityClass {
    PriorityClass { head_start_ms, slope_permille }
}

/// Class 1 is the first type. In a conserving system `0.3·W₁ + 0.7·W₂` is the wait of FIFO.
fn check_policy(name: &str, classes: [PriorityClass; 2], expected: [f64; 2]) {
    let stats = Centre::two_classes(classes).run();
    let waits = [stats[0].mean_wait_s(), stats[1].mean_wait_s()];
    assert_within(&format!("{name}, class 1, s"), waits[0], expected[0], 3.0);
    assert_within(&format!("{name}, class 2, s"), waits[1], expected[1], 3.0);
    let mean = 0.3 * waits[0] + 0.7 * waits[1];
    assert_within(&format!("{name}, conservation, s"), mean, 120.372, 3.0);
}

#[test]
fn theory_fifo() {
    check_policy("FIFO", [class(0, 1000), class(0, 1000)], [120.372, 120.372]);
}

#[test]
fn theory_strict_priority() {
    // A head start of thirty years is never overtaken.
    let classes = [class(0, 1000), class(1_000_000_000_000, 1000)];
    check_policy("strict", classes, [16.489, 164.893]);
}

#[test]
fn theory_ageing_2_to_1() {
    check_policy("ageing 2:1", [class(0, 1000), class(0, 2000)], [76.537, 139.158]);
}

#[test]
fn theory_ageing_5_to_1() {
    check_policy("ageing 5:1", [class(0, 1000), class(0, 5000)], [42.990, 153.535]);
}

#[test]
fn theory_erlang_c() {
    let centre = Centre::m_m_n(14, 10.0, 180.0);
    let stats = &centre.run()[0];
    let counted = stats.arrived as f64;
    assert_within("Erlang C, P(W>0)", stats.waited as f64 / counted, 0.174_132, 3.0);
    assert_within("Erlang C, ASA s", stats.mean_wait_s(), 7.835_9, 3.0);
}

#[test]
fn theory_erlang_a() {
    let mut centre = Centre::m_m_n(50, 48.0, 60.0);
    centre.patience_s = Some(120.0);
    let stats = &centre.run()[0];
    let counted = stats.arrived as f64;
    assert_eq!(stats.answered + stats.abandoned, stats.arrived);
    assert_within("Erlang A, P(W>0)", stats.waited as f64 / counted, 0.467_774, 3.0);
    assert_within("Erlang A, P(Ab)", stats.abandoned as f64 / counted, 0.030_912, 3.0);
    assert_within("Erlang A, E[W] s", stats.mean_wait_s(), 3.709_5, 3.0);
}

/// The range of waits that callers are told holds for about four in five, and the single figure is
/// better than always telling the mean would be.
#[test]
fn theory_estimates_are_honest() {
    let mut centre = Centre::m_m_n(20, 21.0, 180.0);
    centre.patience_s = Some(300.0);
    centre.arrivals = ARRIVALS / 20;
    let (stats, engine) = centre.run_and_keep();
    let quality = engine.queue(queue_id(0)).expect("the queue").estimate_quality;
    let mean_s = stats[0].mean_wait_s();
    let error_s = quality.mean_absolute_error_ms as f64 / 1000.0;
    let share = f64::from(quality.coverage_permille) / 1000.0;
    tell(format_args!("mean wait {mean_s:.1} s, error {error_s:.1} s, in range {share:.3}"));
    assert!((0.72..=0.90).contains(&share), "{share} of the waits are within the range told");
    assert!(error_s < 0.5 * mean_s, "the estimates are wrong by {error_s} s");
}

/// Six types of clients, 90 agents, 84 Erlang, 10 minutes each: with more skills for each agent the
/// types pool. One type is one queue; an agent has his own and helps out in others, his own first.
/// Wallace, Whitt, M&SOM 2005.
#[test]
fn theory_cross_training() {
    for (skills, expected_minutes) in [(1, 7.12), (2, 1.08), (6, 0.65)] {
        let mut centre = Centre::m_m_n(90, 84.0, 600.0);
        centre.agents = (0..90).map(|agent| skill_order(agent, skills)).collect();
        centre.types = (0..6).map(|queue| (1.0 / 6.0, 0, queue)).collect();
        centre.arrivals = ARRIVALS / 2;
        let stats = centre.run();
        let waits: f64 = stats.iter().map(|stats| stats.wait_s).sum();
        let counted: u64 = stats.iter().map(|stats| stats.arrived).sum();
        let minutes = waits / counted as f64 / 60.0;
        assert_within(&format!("{skills} skills, E[W] min"), minutes, expected_minutes, 10.0);
    }
}

/// The types an agent serves: his own and those that follow it in a circle.
fn skill_order(agent: usize, skills: usize) -> Vec<usize> {
    (0..skills).map(|step| (agent + step) % 6).collect()
}
