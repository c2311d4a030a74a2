//! The figures that a running server keeps event by event are those that a server finds when it
//! computes them from the event log: by seed, across half hours and midnight.

use std::sync::Arc;

use rozmova::auth::Role;
use rozmova_base::time::MockClock;
use rozmova_base::{Clock, Timestamp};
use rozmova_queue::Input;
use rozmova_queue::view::ContactState;
use serde_json::Value;

use super::centre::{Centre, make_ready};
use crate::support::{Client, TestServer};

/// Acts in one day.
const ACTS: u64 = 160;
/// 2026-03-27 21:00 UTC, 23:00 in Kyiv: midnight comes in an hour.
const BEGIN: Timestamp = Timestamp::from_seconds(1_774_645_200);

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ (value >> 31)) % bound
    }
}

/// What is shown, without the number of the stream, which belongs to one run of the server.
async fn figures(client: &Client) -> Value {
    let mut shown = client.get("/api/v1/wallboard").await.expect(200).json();
    shown.as_object_mut().expect("an object").remove("seq");
    for agent in shown["agents"].as_array_mut().expect("a list") {
        // Who has a desk open is no figure; after a start nobody has.
        agent.as_object_mut().expect("an object").remove("connected");
    }
    shown
}

async fn act(centre: &Centre<'_>, clock: &MockClock, chance: &mut Chance, number: u64) {
    let app = centre.server.app();
    clock.advance_millis(i64::try_from(chance.below(90_000)).expect("small"));
    app.dispatch.submit(Input::Tick).await.expect("taken");
    if chance.below(3) == 0 {
        centre.arrive(i64::try_from(number).expect("small")).await;
        return;
    }
    let look = app.dispatch.read(|engine| {
        let agents: Vec<_> = engine.agents().map(|view| view.agent).collect();
        let contacts = engine.interactions().filter(|view| view.state != ContactState::Queued);
        (agents, contacts.collect::<Vec<_>>())
    });
    let (agents, open) = look.await.expect("running");
    if chance.below(4) == 0 {
        for agent in agents {
            let _ = app.dispatch.submit(Input::SetReady { agent }).await;
        }
    }
    if open.is_empty() {
        return;
    }
    let index = chance.below(open.len() as u64) as usize;
    let contact = &open[index];
    let interaction = contact.interaction;
    let input = match (contact.state, contact.offer.as_ref()) {
        (ContactState::Offered, Some(offer)) if chance.below(4) > 0 => {
            Input::OfferAccepted { offer: offer.offer }
        }
        (ContactState::Offered, Some(offer)) => {
            Input::OfferDeclined { offer: offer.offer, reason: "busy".to_owned() }
        }
        (ContactState::Active, _) if chance.below(3) == 0 => Input::Hold { interaction },
        (ContactState::Held, _) => Input::Resume { interaction },
        (ContactState::Active, _) => Input::ContactEnded { interaction },
        (ContactState::WrapUp, _) => {
            let text = centre.disposition(0);
            let disposition = text.as_str().and_then(|id| id.parse().ok());
            Input::WrapUpDone { interaction, disposition }
        }
        _ => Input::Tick,
    };
    // A refusal is as good as an act: it must change no figure.
    let _ = app.dispatch.submit(input).await;
}

#[tokio::test]
async fn figures_kept_are_figures_computed() {
    let seeds = std::env::var("WALLBOARD_SEED").ok().and_then(|text| text.parse::<u64>().ok());
    for seed in seeds.map_or(1..=3, |seed| seed..=seed) {
        let clock = Arc::new(MockClock::at(BEGIN));
        let server = TestServer::with_clock(Arc::clone(&clock)).await;
        let boss = server.program("boss", Role::Supervisor).await;
        let agents =
            [server.program("ana", Role::Agent).await, server.program("bohdan", Role::Agent).await];
        let centre = Centre::open(&server, &["ana", "bohdan"]).await;
        let mut chance = Chance(seed);
        for agent in &agents {
            make_ready(agent).await;
        }
        for number in 1..=ACTS {
            act(&centre, &clock, &mut chance, number).await;
        }
        assert!(clock.now().millis_since(BEGIN) > 3_600_000, "midnight has passed");
        let kept = figures(&boss).await;
        assert_ne!(kept["totals"]["answered_today"], 0, "{kept:#}");
        drop(centre);
        let server = server.restart().await;
        let computed = figures(&server.reconnected(&boss)).await;
        assert_eq!(kept, computed, "WALLBOARD_SEED={seed} repeats it");
        server.stop().await;
    }
}
