//! Centres by seed, with faults: invariants and model after every step, everything brought to its
//! end at the end, and the whole day replayed.

use rozmova_base::Timestamp;
use rozmova_base::id::DispositionId;
use rozmova_queue::input::Arrival;
use rozmova_queue::service_level::{HandlingCounts, SegmentCounts};
use rozmova_queue::view::ContactState;
use rozmova_queue::{Engine, Input, Output, invariants};

use crate::model::Model;
use crate::world::World;

/// The first so many seeds, and so many from `SIM_FROM` on: a number that changes with every commit
/// finds what the fixed seeds do not.
const SEEDS: u64 = 100;
const STEPS: u32 = 800;
/// Every so many steps the engine is saved, forgotten and restored.
const RESTORE_EVERY: u32 = 97;
/// Every so many steps it is checked that a refused input left no trace.
const COMPARE_EVERY: u32 = 13;
/// Rounds in which everything must have come to its end.
const ROUNDS: u32 = 2_000;

#[test]
fn seeds_keep_every_rule() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let from = number("SIM_FROM").unwrap_or(SEEDS + 1);
    let seeds = number("SIM_SEED").map_or(1..SEEDS + 1, |seed| seed..seed + 1);
    let more = if number("SIM_SEED").is_some() { from..from } else { from..from + SEEDS };
    for seed in seeds.chain(more) {
        let day = std::panic::catch_unwind(|| Day::run(seed));
        assert!(day.is_ok(), "a rule was broken: SIM_SEED={seed} repeats it");
    }
}

struct Day {
    engine: Engine,
    model: Model,
    journal: Vec<(Input, Timestamp)>,
    said: Vec<Output>,
}

impl Day {
    fn run(seed: u64) {
        let mut day = Self {
            engine: Engine::new(),
            model: Model::default(),
            journal: Vec::new(),
            said: Vec::new(),
        };
        let mut world = World::new(seed);
        let start = Timestamp::from_millis(world.now_ms());
        for input in world.settings() {
            day.step(&input, start, 1);
        }
        for step in 0..STEPS {
            let (at, input) = world.next(&day.engine);
            day.step(&input, at, step);
            if step.is_multiple_of(RESTORE_EVERY) {
                day.restore();
            }
        }
        day.finish(&world);
        day.replay();
        day.add_up();
    }

    fn step(&mut self, input: &Input, at: Timestamp, step: u32) {
        // Time first, so that the model sees time-outs under the old settings.
        self.handle(&Input::Tick, at).expect("time is always accepted");
        let before = (step.is_multiple_of(COMPARE_EVERY)).then(|| saved(&self.engine));
        let said = self.said.len();
        let accepted = self.handle(input, at).is_ok();
        if !accepted {
            assert_eq!(self.said.len(), said, "a refused input was said");
            if let Some(before) = before {
                assert_eq!(saved(&self.engine), before, "a refused input changed something");
            }
        }
        invariants::check(&self.engine).unwrap_or_else(|broken| panic!("step {step}: {broken}"));
        self.model.compare(&self.engine);
    }

    fn handle(&mut self, input: &Input, at: Timestamp) -> Result<(), ()> {
        self.journal.push((input.clone(), at));
        let result = self.engine.handle(input.clone(), at);
        if result.is_ok() {
            self.model.input(input);
        }
        let said = self.said.len();
        while let Some(output) = self.engine.poll_output() {
            self.said.push(output);
        }
        self.model.outputs(&self.said[said..]);
        result.map_err(|_| ())
    }

    fn restore(&mut self) {
        let text = saved(&self.engine);
        self.engine = serde_json::from_str(&text).expect("what was saved can be read");
        assert_eq!(saved(&self.engine), text, "restored to the same state");
        invariants::check(&self.engine).expect("a restored engine is sound");
    }

    /// Liveness: with enough willing agents every contact comes to its end.
    fn finish(&mut self, world: &World) {
        let mut at = Timestamp::from_millis(world.now_ms());
        for input in world.enough_agents(&self.engine) {
            self.step(&input, at, 1);
        }
        for _ in 0..ROUNDS {
            let Some((_, last)) = self.journal.last() else { return };
            at = last.plus_millis(5_000);
            let open: Vec<_> = self.engine.interactions().collect();
            if open.is_empty() {
                return;
            }
            for input in world.wake_up(&self.engine) {
                self.step(&input, at, 1);
            }
            for view in open {
                let interaction = view.interaction;
                let input = match (view.state, view.offer) {
                    (ContactState::Offered, Some(offer)) => {
                        Input::OfferAccepted { offer: offer.offer }
                    }
                    (
                        ContactState::Active | ContactState::Held | ContactState::WaitingForClient,
                        _,
                    ) => Input::ContactEnded { interaction },
                    (ContactState::WrapUp, _) => {
                        let disposition = Some(DispositionId::from_u128(1));
                        Input::WrapUpDone { interaction, disposition }
                    }
                    _ => Input::Tick,
                };
                self.step(&input, at, 1);
            }
        }
        let stuck: Vec<_> = self.engine.interactions().collect();
        panic!("{} contacts never end, first {:?}", stuck.len(), stuck.first());
    }

    /// Every segment that was offered ended in one way, counted from the events alone.
    fn add_up(&self) {
        let (mut segments, mut handling) = (SegmentCounts::default(), HandlingCounts::default());
        for output in &self.said {
            if let Output::Event(event) = output {
                segments.count(event, 20_000, 5_000);
                handling.count(event);
            }
        }
        let ended = segments.answered + segments.abandoned + segments.flowed_out;
        assert_eq!(segments.offered, ended + segments.closed_or_failed, "{segments:?}");
        let totals = self.engine.totals();
        assert!(totals.closed >= handling.closed && handling.talk_ms >= 0, "{totals:?}");
        assert_eq!(
            totals.arrived,
            totals.closed + totals.abandoned + totals.overflowed + totals.failed,
            "{totals:?}"
        );
    }

    /// The journal alone gives the same outputs again.
    fn replay(&self) {
        let mut engine = Engine::new();
        let mut said = Vec::with_capacity(self.said.len());
        for (input, at) in &self.journal {
            let text = serde_json::to_string(input).expect("inputs are written");
            let input: Input = serde_json::from_str(&text).expect("and read again");
            let _ = engine.handle(input, *at);
            while let Some(output) = engine.poll_output() {
                said.push(output);
            }
        }
        assert_eq!(said.len(), self.said.len());
        assert!(said == self.said, "a replay says something else");
        assert_eq!(saved(&engine), saved(&self.engine), "a replay ends elsewhere");
        self.replay_without_ticks();
    }

    /// Ticks need not be in the journal, if the times of inputs are recorded as they counted.
    fn replay_without_ticks(&self) {
        let mut engine = Engine::new();
        let mut said = Vec::with_capacity(self.said.len());
        let mut counted = Timestamp(i64::MIN);
        for (input, at) in &self.journal {
            counted = counted.max(*at);
            if *input != Input::Tick {
                let _ = engine.handle(input.clone(), counted);
            }
            while let Some(output) = engine.poll_output() {
                said.push(output);
            }
        }
        let _ = engine.handle(Input::Tick, counted);
        while let Some(output) = engine.poll_output() {
            said.push(output);
        }
        assert!(said == self.said, "without ticks something else is said");
        assert_eq!(saved(&engine), saved(&self.engine), "without ticks it ends elsewhere");
    }
}

fn saved(engine: &Engine) -> String {
    serde_json::to_string(engine).expect("an engine can be saved")
}

#[test]
fn inputs_are_written_compactly() {
    let arrival = Arrival::new(
        rozmova_base::id::InteractionId::from_u128(1),
        rozmova_queue::config::Medium::Email,
        rozmova_base::id::QueueId::from_u128(2),
    );
    let text = serde_json::to_string(&Input::ContactArrived(arrival)).expect("written");
    assert!(text.starts_with(r#"{"type":"contact_arrived","interaction":"0000"#), "{text}");
}
