//! What a step costs, and how the cost grows with agents and waiting contacts.
//!
//! `cargo test --release -p rozmova-queue --test sim growth -- --nocapture` prints the table of
//! docs/PERFORMANCE.md.

use std::sync::OnceLock;
use std::time::Instant;

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, InteractionId, OfferId, QueueId, SkillId};
use rozmova_queue::config::{
    AgentConfig, CentreConfig, Medium, PerMedium, QueueConfig, Service, SkillLevel,
};
use rozmova_queue::input::Arrival;
use rozmova_queue::{Engine, EventKind, Input, Output};

use crate::chance::Chance;
use crate::theory::tell;

/// Steps measured in each cell.
const STEPS: u64 = 60_000;
const SKILLS: u64 = 20;
/// From the smallest cell to the largest the cost of a step may grow so many times: the logarithms
/// grow 2.5 times, the rest is memory that no longer fits the cache, and room for a busy machine.
const GROWTH_MAX: f64 = 12.0;

/// A centre in which every agent has a call in hand and so many wait.
struct Busy {
    engine: Engine,
    chance: Chance,
    queues: u64,
    at: Timestamp,
    contacts: u64,
    in_hand: Vec<InteractionId>,
    offers: Vec<(OfferId, InteractionId)>,
    steps: u64,
}

impl Busy {
    fn new(agents: u64, waiting: u64, trace_candidates: u16) -> Self {
        let mut busy = Self {
            engine: Engine::new(),
            chance: Chance::new(1),
            queues: (agents / 20).max(2),
            at: Timestamp::from_seconds(1_736_121_600),
            contacts: 0,
            in_hand: Vec::new(),
            offers: Vec::new(),
            steps: 0,
        };
        let centre = CentreConfig { trace_candidates, ..CentreConfig::default() };
        busy.step(Input::PutCentre(centre));
        for number in 0..busy.queues {
            let mut queue = QueueConfig::new(queue_id(number), "queue");
            queue.wrap_up_ms = PerMedium::default();
            // Nothing may time out while the cell is filled.
            queue.offer_ms.call = 86_400_000;
            busy.step(Input::PutQueue(queue));
        }
        for number in 0..agents {
            busy.agent(number);
        }
        for _ in 0..agents + waiting {
            busy.arrival();
            busy.accept();
        }
        busy
    }

    fn agent(&mut self, number: u64) {
        let agent = AgentId::from_u128(u128::from(number) + 1);
        let mut config = AgentConfig::new(agent, "agent");
        let first = self.chance.below(self.queues);
        let queues = self.queues.min(3);
        config.serves = (0..queues)
            .map(|step| Service { queue: queue_id((first + step) % self.queues), ring: 1 })
            .collect();
        let skills = [self.chance.below(SKILLS), self.chance.below(SKILLS)];
        config.skills = skills.into_iter().map(skill).collect();
        config.skills.dedup();
        self.step(Input::PutAgent(config));
        self.step(Input::SignedIn { agent });
        self.step(Input::SetReady { agent });
    }

    fn arrival(&mut self) {
        self.contacts += 1;
        let interaction = InteractionId::from_u128(u128::from(self.contacts));
        let queue = queue_id(self.chance.below(self.queues));
        let mut arrival = Arrival::new(interaction, Medium::Call, queue);
        arrival.priority = u8::from(self.chance.percent(20));
        if self.chance.percent(50) {
            arrival.needs = vec![skill(self.chance.below(SKILLS))];
        }
        self.step(Input::ContactArrived(arrival));
    }

    fn accept(&mut self) {
        while let Some((offer, interaction)) = self.offers.pop() {
            self.step(Input::OfferAccepted { offer });
            self.in_hand.push(interaction);
        }
    }

    /// One call ends, its agent takes the next, another arrives.
    fn turn(&mut self) {
        if !self.in_hand.is_empty() {
            let place = self.chance.below(self.in_hand.len() as u64) as usize;
            let interaction = self.in_hand.swap_remove(place);
            self.step(Input::ContactEnded { interaction });
            self.accept();
        }
        self.arrival();
        self.accept();
    }

    fn step(&mut self, input: Input) {
        self.steps += 1;
        self.at = self.at.plus_millis(1);
        self.engine.handle(input, self.at).expect("accepted");
        while let Some(output) = self.engine.poll_output() {
            if let Output::Event(event) = output
                && let EventKind::Offered { .. } = event.kind
                && let (Some(offer), Some(interaction)) = (event.offer, event.interaction)
            {
                self.offers.push((offer, interaction));
            }
        }
    }

    /// Mean cost of a step in µs.
    fn measure(&mut self) -> f64 {
        let first = self.steps;
        let start_s = cpu_s();
        while self.steps < first + STEPS {
            self.turn();
        }
        (cpu_s() - start_s) * 1e6 / (self.steps - first) as f64
    }
}

/// Seconds for which this thread has been on a processor: what others do on the machine counts
/// little. Where the system does not tell (proc(5), schedstat) it is the time of the clock.
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn cpu_s() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let clock_s = START.get_or_init(Instant::now).elapsed().as_secs_f64();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanos.map_or(clock_s, |nanos| nanos / 1e9)
}

#[test]
fn growth_is_about_logarithmic() {
    tell(format_args!("agents  waiting  µs/step  steps/s  µs/step with 16 candidates traced"));
    let mut costs = Vec::new();
    for agents in [100, 1_000, 10_000] {
        for waiting in [100, 10_000, 100_000] {
            let cost = Busy::new(agents, waiting, 0).measure();
            let traced = Busy::new(agents, waiting, 16).measure();
            let steps = 1e6 / cost;
            tell(format_args!("{agents:6} {waiting:8} {cost:8.2} {steps:8.0} {traced:8.2}"));
            costs.push(cost);
        }
    }
    let growth = costs[costs.len() - 1] / costs[0];
    assert!(growth < GROWTH_MAX, "a step costs {growth:.1} times as much in the largest centre");
}

fn queue_id(number: u64) -> QueueId {
    QueueId::from_u128(u128::from(number) + 1)
}

fn skill(number: u64) -> SkillLevel {
    SkillLevel { skill: SkillId::from_u128(u128::from(number) + 1), level: 1 }
}
