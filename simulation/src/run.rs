//! A run: what clients and agents do, and what the engine makes of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, InteractionId, OfferId};
use rozmova_queue::config::Medium;
use rozmova_queue::input::Arrival;
use rozmova_queue::output::QueuedCause;
use rozmova_queue::view::AgentState;
use rozmova_queue::{Engine, Event, EventKind, Input, Output};

use crate::centre::{GOING_HOME, Names, agent_id, settings};
use crate::chance::Chance;
use crate::outcome::Outcome;
use crate::scenario::{AgentSpec, ArrivalSpec, Scenario, minutes};

mod tally;

use tally::Tally;

/// The caller is asked whether to go on after so many steps: about a tenth of a second.
pub const ASK_EVERY: u64 = 65_536;

const MINUTE_US: i64 = 60_000_000;
const DAY_US: i64 = 24 * 60 * MINUTE_US;
/// The stream of a contact stands in the low bits of its number.
const STREAM_BITS: u32 = 16;

/// The run was not finished: its caller said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the run was stopped after {steps} steps; simulate fewer days or contacts")]
pub struct Stopped {
    /// Steps made.
    pub steps: u64,
}

/// Runs a scenario that has no problems, with the chance that follows from `seed`.
///
/// # Errors
/// When `go_on`, asked with the number of steps made, says no.
pub fn run(
    scenario: &Scenario,
    seed: u64,
    mut go_on: impl FnMut(u64) -> bool,
) -> Result<Outcome, Stopped> {
    let mut run = Run::new(scenario, seed);
    run.begin();
    while run.turn() {
        if run.tally.steps >= run.ask_at {
            run.ask_at += ASK_EVERY;
            if !go_on(run.tally.steps) {
                return Err(Stopped { steps: run.tally.steps });
            }
        }
    }
    let outcome = run.tally.outcome(scenario, seed, &run.engine);
    debug_assert!(outcome.is_complete(&run.engine.totals()), "a contact was lost");
    Ok(outcome)
}

/// What happens next. Contacts by number, agents and streams by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Arrival {
        stream: usize,
        ordinal: u64,
    },
    Leave(u64),
    Answer(OfferId, bool),
    /// Void if the contact is not in hand under this token any more.
    End(u64, u64),
    WrapUpDone(u64),
    ShiftBegins {
        agent: usize,
        shift: usize,
        day: u32,
    },
    ShiftEnds(usize),
    SignOut(usize),
    BackAtDesk(usize),
    Drop(usize),
    Reconnect(usize),
}

struct Person<'a> {
    group: &'a AgentSpec,
    chance: Chance,
    at_work: bool,
    going_home: bool,
}

struct Stream<'a> {
    spec: &'a ArrivalSpec,
    arrival: Arrival,
    chance: Chance,
}

struct Run<'a> {
    scenario: &'a Scenario,
    engine: Engine,
    people: Vec<Person<'a>>,
    streams: Vec<Stream<'a>>,
    heap: BinaryHeap<Reverse<(i64, Next)>>,
    /// Impatient contacts that nobody has had yet.
    impatient: BTreeSet<u64>,
    in_hand: BTreeMap<u64, u64>,
    tokens: u64,
    /// Where the chance of single contacts begins.
    base: u64,
    begins_us: i64,
    arrivals_end_us: i64,
    ends_us: i64,
    tally: Tally,
    ask_at: u64,
    followed: Vec<Event>,
}

impl<'a> Run<'a> {
    fn new(scenario: &'a Scenario, seed: u64) -> Self {
        let names = Names::of(scenario);
        let mut source = Chance::new(seed);
        let base = source.next();
        let streams = scenario.arrivals.iter().map(|spec| {
            let queue = names.queue(&spec.queue).unwrap_or(crate::centre::queue_id(0));
            let mut arrival = Arrival::new(InteractionId::from_u128(0), spec.medium, queue);
            arrival.priority = spec.priority;
            arrival.needs = names.levels(&spec.needs);
            Stream { spec, arrival, chance: Chance::new(source.next()) }
        });
        let streams = streams.collect();
        let groups = scenario.agents.iter();
        let groups = groups.flat_map(|group| (0..group.count).map(move |_| group));
        let people: Vec<Person<'_>> = groups
            .map(|group| Person {
                group,
                chance: Chance::new(source.next()),
                at_work: false,
                going_home: false,
            })
            .collect();
        let begins_us = i64::from(minutes(&scenario.begins).unwrap_or(0)) * MINUTE_US;
        let arrivals_end_us = begins_us + i64::from(scenario.days) * DAY_US;
        let mut run = Self {
            scenario,
            engine: Engine::new(),
            people,
            streams,
            heap: BinaryHeap::new(),
            impatient: BTreeSet::new(),
            in_hand: BTreeMap::new(),
            tokens: 0,
            base,
            begins_us,
            arrivals_end_us,
            // Time to finish what came last.
            ends_us: arrivals_end_us + DAY_US,
            tally: Tally::new(scenario, begins_us),
            ask_at: ASK_EVERY,
            followed: Vec::new(),
        };
        for input in settings(scenario, &names) {
            run.step(input, 0);
        }
        run
    }

    fn begin(&mut self) {
        for agent in 0..self.people.len() {
            let group = self.people[agent].group;
            if group.shifts.is_empty() {
                self.shift_begins(agent, 0);
            }
            for (shift, [from, _]) in group.shifts.iter().enumerate() {
                let from_us = i64::from(minutes(from).unwrap_or(0)) * MINUTE_US;
                self.push(from_us, Next::ShiftBegins { agent, shift, day: 0 });
            }
        }
        for stream in 0..self.streams.len() {
            self.next_arrival(stream, 1, self.begins_us);
        }
    }

    /// The next thing that happens; false: nothing more does.
    fn turn(&mut self) -> bool {
        let due = self.engine.next_timeout().map(|(due, _)| due.as_micros());
        let at = self.heap.peek().map(|Reverse((at, _))| *at);
        let Some(first) = due.into_iter().chain(at).min() else { return false };
        if first > self.ends_us {
            return false;
        }
        if due == Some(first) {
            self.step(Input::Tick, first);
        } else if let Some(Reverse((at, next))) = self.heap.pop() {
            self.happen(next, at);
        }
        true
    }

    fn happen(&mut self, next: Next, at: i64) {
        match next {
            Next::Arrival { stream, ordinal } => self.arrive(stream, ordinal, at),
            Next::Leave(number) => {
                if self.impatient.remove(&number) {
                    self.step(Input::ContactAbandoned { interaction: interaction(number) }, at);
                }
            }
            Next::Answer(offer, true) => self.step(Input::OfferAccepted { offer }, at),
            Next::Answer(offer, false) => {
                let reason = "not now".to_owned();
                self.step(Input::OfferDeclined { offer, reason }, at);
            }
            Next::End(number, token) => {
                if self.in_hand.get(&number) == Some(&token) {
                    self.in_hand.remove(&number);
                    self.step(Input::ContactEnded { interaction: interaction(number) }, at);
                }
            }
            Next::WrapUpDone(number) => {
                let interaction = interaction(number);
                self.step(Input::WrapUpDone { interaction, disposition: None }, at);
            }
            Next::ShiftBegins { agent, shift, day } => {
                self.shift_begins(agent, at);
                self.plan_shift(agent, shift, day, at);
            }
            Next::ShiftEnds(agent) => self.shift_ends(agent, at),
            Next::SignOut(agent) => {
                if self.people[agent].going_home {
                    self.people[agent].going_home = false;
                    self.step(Input::SignedOut { agent: agent_id(agent) }, at);
                }
            }
            Next::BackAtDesk(agent) => {
                if self.people[agent].at_work {
                    self.step(Input::SetReady { agent: agent_id(agent) }, at);
                }
            }
            Next::Drop(agent) => self.lose_connection(agent, at),
            Next::Reconnect(agent) => self.reconnect(agent, at),
        }
    }

    /// What the engine refuses came too late: the offer was over, the client gone, the agent
    /// signed out. It changes nothing.
    fn step(&mut self, input: Input, at: i64) {
        self.tally.steps += 1;
        let _ = self.engine.handle(input, Timestamp(at));
        let mut followed = std::mem::take(&mut self.followed);
        while let Some(output) = self.engine.poll_output() {
            if let Output::Event(event) = output {
                followed.push(event);
            }
        }
        for event in followed.drain(..) {
            self.tally.count(&event);
            self.follow(&event, at);
        }
        self.followed = followed;
    }

    // ── clients ──

    fn arrive(&mut self, stream: usize, ordinal: u64, at: i64) {
        let number = ordinal << STREAM_BITS | stream as u64;
        let mut arrival = self.streams[stream].arrival.clone();
        arrival.interaction = interaction(number);
        if let Some(patience) = self.streams[stream].spec.patience {
            let patience_s = patience.draw(&mut self.chance_of(number, 0));
            self.impatient.insert(number);
            self.push(after(at, patience_s), Next::Leave(number));
        }
        self.step(Input::ContactArrived(arrival), at);
        self.next_arrival(stream, ordinal + 1, at);
    }

    /// A Poisson process whose rate is that of the interval: at its end the gap is drawn anew,
    /// which changes nothing, since it has no memory.
    fn next_arrival(&mut self, stream: usize, ordinal: u64, from_us: i64) {
        let interval_us = i64::from(self.scenario.interval_minutes) * MINUTE_US;
        let mut at = from_us;
        while at < self.arrivals_end_us {
            let of_day_us = (at - self.begins_us).rem_euclid(DAY_US);
            let interval = of_day_us / interval_us;
            let ends_us = at - of_day_us + (interval + 1) * interval_us;
            let Stream { spec, chance, .. } = &mut self.streams[stream];
            let per_interval = spec.per_hour.map_or_else(
                || spec.per_interval.get(interval as usize).copied().unwrap_or(0.0),
                |per_hour| per_hour * f64::from(self.scenario.interval_minutes) / 60.0,
            );
            if per_interval > 0.0 {
                let gap_us = chance.exponential(interval_us as f64 / per_interval);
                if at as f64 + gap_us < ends_us as f64 {
                    self.push(at + gap_us as i64, Next::Arrival { stream, ordinal });
                    return;
                }
            }
            at = ends_us;
        }
    }

    /// Chance of one contact, the same whatever happens to others: `purpose` 0 patience, 2
    /// handling, 4 wrap-up, two draws each.
    fn chance_of(&self, number: u64, purpose: u64) -> Chance {
        Chance::new(self.base.wrapping_add(number * 8 + purpose))
    }

    fn stream_of(&self, number: u64) -> &'a ArrivalSpec {
        self.streams[(number & ((1 << STREAM_BITS) - 1)) as usize].spec
    }

    // ── agents ──

    fn follow(&mut self, event: &Event, at: i64) {
        let number = event.interaction.map(|id| id.0.as_u128() as u64);
        let agent = event.agent.map(place_of);
        if let EventKind::Offered { .. } = event.kind
            && let (Some(offer), Some(agent)) = (event.offer, agent)
        {
            self.answer(offer, agent, at);
        } else if let EventKind::Connected { .. } = event.kind
            && let Some(number) = number
        {
            self.impatient.remove(&number);
            let handling = self.stream_of(number).handling;
            let handling_s = handling.draw(&mut self.chance_of(number, 2));
            self.tokens += 1;
            self.in_hand.insert(number, self.tokens);
            self.push(after(at, handling_s), Next::End(number, self.tokens));
        } else if let EventKind::Queued { cause: QueuedCause::TakenBack, .. } = event.kind
            && let Some(number) = number
        {
            self.in_hand.remove(&number);
        } else if let EventKind::WrapUpStarted { .. } = event.kind
            && let Some(number) = number
        {
            if let Some(wrap_up) = self.stream_of(number).wrap_up {
                let wrap_up_s = wrap_up.draw(&mut self.chance_of(number, 4));
                self.push(after(at, wrap_up_s), Next::WrapUpDone(number));
            }
        } else if let EventKind::AgentStateChanged { to, .. } = event.kind
            && let Some(agent) = agent
        {
            if to == AgentState::NotResponding {
                let person = &mut self.people[agent];
                let away_s = person.group.returns.draw(&mut person.chance);
                self.push(after(at, away_s), Next::BackAtDesk(agent));
            } else if to == (AgentState::Paused { reason: Some(GOING_HOME) }) {
                self.push(at, Next::SignOut(agent));
            }
        }
    }

    fn answer(&mut self, offer: OfferId, agent: usize, at: i64) {
        let Person { group, chance, .. } = &mut self.people[agent];
        // One throw decides between three.
        let thrown = chance.unit() * 100.0;
        if thrown <= group.ignores_percent {
            return;
        }
        let accepts = thrown > group.ignores_percent + group.declines_percent;
        let answers_s = group.answers.draw(chance);
        self.push(after(at, answers_s), Next::Answer(offer, accepts));
    }

    fn shift_begins(&mut self, place: usize, at: i64) {
        let agent = agent_id(place);
        self.people[place].at_work = true;
        self.people[place].going_home = false;
        self.step(Input::SignedIn { agent }, at);
        for medium in Medium::ALL {
            self.step(Input::SetMediumReady { agent, medium, ready: true }, at);
        }
        self.step(Input::SetReady { agent }, at);
        self.plan_drop(place, at);
    }

    fn plan_shift(&mut self, agent: usize, shift: usize, day: u32, at: i64) {
        let [from, until] = &self.people[agent].group.shifts[shift];
        let lasts = minutes(until).unwrap_or(0).saturating_sub(minutes(from).unwrap_or(0));
        self.push(at + i64::from(lasts) * MINUTE_US, Next::ShiftEnds(agent));
        // The days on which contacts come may end after midnight.
        if at + DAY_US < self.arrivals_end_us {
            self.push(at + DAY_US, Next::ShiftBegins { agent, shift, day: day + 1 });
        }
    }

    /// He takes nothing new, finishes what he has, and goes.
    fn shift_ends(&mut self, place: usize, at: i64) {
        let agent = agent_id(place);
        self.people[place].at_work = false;
        self.people[place].going_home = true;
        for medium in Medium::ALL {
            self.step(Input::SetMediumReady { agent, medium, ready: false }, at);
        }
        let reason = GOING_HOME;
        let state = self.engine.agent(agent).map(|view| view.state);
        let works = matches!(state, Some(AgentState::Busy | AgentState::WrapUp));
        self.step(Input::SetPaused { agent, reason, after_this: works }, at);
    }

    fn plan_drop(&mut self, place: usize, at: i64) {
        let Person { group, chance, .. } = &mut self.people[place];
        if group.drops_per_hour > 0.0 {
            let in_s = chance.exponential(3_600.0 / group.drops_per_hour);
            self.push(after(at, in_s), Next::Drop(place));
        }
    }

    fn lose_connection(&mut self, place: usize, at: i64) {
        if !self.people[place].at_work || at > self.arrivals_end_us {
            return;
        }
        self.step(Input::ConnectionLost { agent: agent_id(place) }, at);
        let Person { group, chance, .. } = &mut self.people[place];
        let away_s = group.reconnects.draw(chance);
        self.push(after(at, away_s), Next::Reconnect(place));
    }

    fn reconnect(&mut self, place: usize, at: i64) {
        let agent = agent_id(place);
        if !self.people[place].at_work {
            return;
        }
        let state = self.engine.agent(agent).map(|view| view.state);
        self.step(Input::SignedIn { agent }, at);
        // After the grace time he was signed out.
        if state == Some(AgentState::Offline) {
            self.step(Input::SetReady { agent }, at);
        }
        self.plan_drop(place, at);
    }

    fn push(&mut self, at: i64, next: Next) {
        self.heap.push(Reverse((at, next)));
    }
}

fn after(at: i64, seconds: f64) -> i64 {
    at.saturating_add((seconds * 1e6) as i64)
}

const fn interaction(number: u64) -> InteractionId {
    InteractionId::from_u128(number as u128)
}

fn place_of(agent: AgentId) -> usize {
    agent.0.as_u128() as usize - 1
}
