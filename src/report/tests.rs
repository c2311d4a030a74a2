//! A day of a centre, its figures three ways: as they grew, as they were summed, and anew.

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, DispositionId, InteractionId, QueueId};
use rozmova_queue::config::{AgentConfig, Medium, QueueConfig, Service};
use rozmova_queue::input::Arrival;
use rozmova_queue::{Engine, Event, EventKind, Input, Output};

use super::interval::{Attribution, Quarters, Slice};
use super::measure::{Day, Figures, QueueCounts, Targets};
use super::store;
use crate::dispatch::{past, store::events_after};
use crate::each_db;

const BEGIN: &str = "2026-03-27T06:00:00Z";
/// Over three midnights of the bank and a change of clocks.
const STEPS: i64 = 1_600;
const STEP_MS: i64 = 160_000;

struct Nothing;

impl Targets for Nothing {
    fn target_ms(&self, _: QueueId, _: Medium) -> Option<i64> {
        None
    }
}

fn queue(number: u128) -> QueueId {
    QueueId::from_u128(number)
}

/// What an engine said over some days, while targets changed.
fn history() -> Vec<Output> {
    let mut day = Past { engine: Engine::new(), said: Vec::new(), offered: Vec::new() };
    let begin: Timestamp = BEGIN.parse::<jiff::Timestamp>().expect("a time").into();
    day.settings(begin, 20_000);
    let mut in_hand: Vec<InteractionId> = Vec::new();
    for step in 0..STEPS {
        let at = begin.plus_millis(step * STEP_MS + step % 7_919);
        if step % 250 == 249 {
            day.settings(at, 10_000 + step * 50);
        }
        let interaction = InteractionId::from_u128(step as u128 + 1);
        let medium = Medium::ALL[(step % 3) as usize];
        let mut arrival = Arrival::new(interaction, medium, queue(1 + step as u128 % 2));
        arrival.client_class = u8::from(step % 5 == 0);
        day.step(Input::ContactArrived(arrival), at);
        if step % 11 == 0 {
            day.step(Input::ContactAbandoned { interaction }, at.plus_millis(3_000 + step));
        }
        day.answer(step, at.plus_millis(5_000));
        let connected = day.connected();
        in_hand.extend(connected);
        if step % 2 == 1 {
            for interaction in in_hand.drain(..) {
                let disposition = DispositionId::from_u128(step as u128 % 3 + 1);
                day.step(
                    Input::SetDisposition { interaction, disposition },
                    at.plus_millis(50_000),
                );
                day.step(Input::ContactEnded { interaction }, at.plus_millis(60_000));
            }
        }
        for agent in 1..=3 {
            day.step(Input::SetReady { agent: AgentId::from_u128(agent) }, at.plus_millis(70_000));
        }
        day.answer(step, at.plus_millis(75_000));
    }
    day.said
}

struct Past {
    engine: Engine,
    said: Vec<Output>,
    offered: Vec<rozmova_base::id::OfferId>,
}

impl Past {
    fn settings(&mut self, at: Timestamp, target_ms: i64) {
        for number in 1..=2 {
            let mut config = QueueConfig::new(queue(number), "queue");
            config.target_ms.call = target_ms;
            config.target_ms.email = 3 * target_ms;
            self.step(Input::PutQueue(config), at);
        }
        for number in 1..=3 {
            let agent = AgentId::from_u128(number);
            let mut config = AgentConfig::new(agent, "agent");
            config.serves = (1..=2).map(|q| Service { queue: queue(q), ring: 1 }).collect();
            self.step(Input::PutAgent(config), at);
            self.step(Input::SignedIn { agent }, at);
        }
    }

    fn step(&mut self, input: Input, at: Timestamp) {
        let _ = self.engine.handle(input, at);
        while let Some(output) = self.engine.poll_output() {
            if let Output::Event(Event { kind: EventKind::Offered { .. }, offer, .. }) = &output {
                self.offered.extend(*offer);
            }
            self.said.push(output);
        }
    }

    /// Agents accept most offers, decline some and let some ring out.
    fn answer(&mut self, step: i64, at: Timestamp) {
        for (place, offer) in std::mem::take(&mut self.offered).into_iter().enumerate() {
            match (step as usize + place) % 9 {
                0 => {}
                1 => self.step(Input::OfferDeclined { offer, reason: "busy".into() }, at),
                _ => self.step(Input::OfferAccepted { offer }, at),
            }
        }
    }

    fn connected(&self) -> Vec<InteractionId> {
        let views = self.engine.interactions();
        let active = views.filter(|view| view.state == rozmova_queue::view::ContactState::Active);
        active.map(|view| view.interaction).collect()
    }
}

fn events(said: &[Output]) -> Vec<Event> {
    let events = said.iter().filter_map(|output| match output {
        Output::Event(event) => Some(event.clone()),
        Output::Announce(_) | Output::Decision(_) => None,
    });
    events.collect()
}

fn all_time() -> (Timestamp, Timestamp) {
    (Timestamp(0), Timestamp(i64::MAX))
}

/// Of one slice and attribution.
fn only(quarters: &Quarters, slice: Slice, attribution: Attribution) -> Quarters {
    let counts = quarters.counts.iter();
    let counts = counts.filter(|(c, _)| c.slice == slice && c.attribution == attribution);
    Quarters {
        counts: counts.map(|(cell, counts)| (cell.clone(), *counts)).collect(),
        states: quarters.states.clone(),
    }
}

each_db!(summed_figures_are_those_of_the_events_to_the_last_digit, |db| {
    let said = history();
    let events = events(&said);
    let middle = said.len() / 2;
    let mut anew = Quarters::default();
    for event in &events {
        anew.add(event, &Nothing);
    }
    let mut tx = db.begin().await.expect("a transaction");
    past::write(&mut tx.sql(), said[..middle].to_vec()).await.expect("written");
    tx.commit().await.expect("committed");
    while store::roll_up(&db, &Nothing).await.expect("summed") > 0 {}
    // The second half is in the log and not in the rows: a report adds it by itself.
    let mut tx = db.begin().await.expect("a transaction");
    past::write(&mut tx.sql(), said[middle..].to_vec()).await.expect("written");
    tx.commit().await.expect("committed");
    for round in ["with recent events", "all summed"] {
        for slice in [Slice::Queue, Slice::Agent, Slice::Disposition, Slice::Segment] {
            for attribution in [Attribution::Arrival, Attribution::Event] {
                let what = (slice, attribution);
                let found = store::quarters(&db, &Nothing, what, all_time()).await.expect("read");
                assert_eq!(found, only(&anew, slice, attribution), "{round}: {what:?}");
                assert!(found.counts.len() > 20, "{what:?}: {}", found.counts.len());
            }
        }
        while store::roll_up(&db, &Nothing).await.expect("summed") > 0 {}
    }
    let mut connection = db.read().await.expect("a connection");
    let mark = store::rolled_up_to(&mut connection.sql()).await.expect("read");
    assert_eq!(mark, events.last().expect("some").seq);
    let rest = events_after(&mut connection.sql(), mark, Timestamp(0)).await.expect("read");
    assert!(rest.is_empty());
});

/// Live figures of each day at its end against the quarters of that day.
#[test]
fn a_past_day_has_the_figures_it_had_when_it_was_today() {
    let zone = jiff::tz::TimeZone::get("Europe/Kyiv").expect("a zone");
    let events = events(&history());
    let mut quarters = Quarters::default();
    let mut live = Figures::new(zone.clone(), events[0].at);
    let mut days: BTreeMap<Timestamp, (Day, BTreeMap<QueueId, QueueCounts>)> = BTreeMap::new();
    for event in &events {
        live.add(event, &Nothing);
        quarters.add(event, &Nothing);
        let day = Day::of(event.at, &zone);
        let figures = [queue(1), queue(2)].map(|queue| (queue, live.today(queue)));
        days.insert(day.begins_at, (day, figures.into_iter().collect()));
    }
    assert!(days.len() >= 4, "{}", days.len());
    for (day, figures) in days.values() {
        for (queue, counts) in figures {
            let cells = quarters.counts.iter().filter(|(cell, _)| {
                cell.slice == Slice::Queue
                    && cell.attribution == Attribution::Event
                    && cell.queue == *queue
                    && (day.begins_at..day.ends_at).contains(&cell.begins_at)
            });
            let sum = cells.fold(QueueCounts::default(), |sum, (_, counts)| sum.plus(counts));
            assert_eq!(sum, *counts, "{} {queue}", day.begins_at);
            assert!(counts.answered > 0 && counts.abandoned > 0, "{counts:?}");
        }
    }
}
