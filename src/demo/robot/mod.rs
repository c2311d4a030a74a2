//! Agents who work by themselves: through the public API, with a token, as any program could.
//!
//! 1. A robot is ready, takes most offers after a moment, declines some, misses few.
//! 2. What it takes it reads, thinks about for as long as a person would, answers from the texts
//!    of the topic and closes with the result of the topic.
//! 3. Now and then it pauses. When the server is gone it waits and comes back.

pub mod http;
mod live;
mod work;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::http::{Api, CallError};
use self::live::{Live, LiveError};
use super::chance::Chance;

/// Time to the next attempt when the server does not answer.
const COME_BACK: Duration = Duration::from_secs(3);
/// How often a robot looks whether something was left lying.
const LOOK_ROUND: Duration = Duration::from_secs(20);
/// Time between two pauses, on average.
const PAUSE_EVERY_MS: f64 = 900_000.0;

/// One robot agent.
#[derive(Debug)]
pub struct Robot {
    api: Api,
    name: String,
    chance: Mutex<Chance>,
    /// Faster (below 1) or slower than others.
    pace: f64,
    /// Ids of interactions that a task of ours works on.
    in_hand: Mutex<BTreeSet<String>>,
    stop: CancellationToken,
}

impl Robot {
    /// A robot that signs its answers with `name`.
    pub fn new(api: Api, name: String, seed: u64, stop: CancellationToken) -> Self {
        let mut chance = Chance::new(seed);
        let pace = 0.75 + 0.5 * chance.fraction();
        let (chance, in_hand) = (Mutex::new(chance), Mutex::new(BTreeSet::new()));
        Self { api, name, chance, pace, in_hand, stop }
    }

    /// Works until it is told to stop.
    pub async fn run(self: Arc<Self>) {
        while !self.stop.is_cancelled() {
            if let Err(error) = self.shift().await {
                tracing::debug!("{} comes back later: {error}", self.name);
            }
            self.rest(COME_BACK).await;
        }
    }

    /// From signing in to the end of the connection.
    async fn shift(self: &Arc<Self>) -> Result<(), LiveError> {
        let mut live = Live::connect(&self.api).await?;
        self.get_ready().await?;
        let mut look_round = tokio::time::interval(LOOK_ROUND);
        let mut pause = Box::pin(tokio::time::sleep(self.until_pause()));
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                event = live.next() => self.hear(&event?),
                _ = look_round.tick() => self.look_round().await?,
                () = &mut pause => {
                    self.pause().await?;
                    pause = Box::pin(tokio::time::sleep(self.until_pause()));
                }
            }
        }
    }

    fn hear(self: &Arc<Self>, event: &Value) {
        match event["type"].as_str() {
            Some("offer.created") => self.begin_offer(&event["data"]["offer"]),
            Some("interaction.changed") => self.begin_work(&event["data"]["interaction"]),
            Some(_) | None => {}
        }
    }

    /// Everything that is mine and that no task of mine works on.
    async fn look_round(self: &Arc<Self>) -> Result<(), CallError> {
        let me = self.api.get("/agents/me").await?;
        let state = me["state"].as_str().unwrap_or_default();
        let is_away = ["not_responding", "offline", "paused"].contains(&state);
        // Somebody may have paused the robot with a reason: that is respected.
        if is_away && (state != "paused" || me["reason"].is_null()) {
            self.get_ready().await?;
        }
        let work = self.api.get("/agents/me/work").await?;
        for offer in work["offers"].as_array().into_iter().flatten() {
            self.begin_offer(offer);
        }
        for interaction in work["interactions"].as_array().into_iter().flatten() {
            self.begin_work(interaction);
        }
        Ok(())
    }

    fn begin_offer(self: &Arc<Self>, offer: &Value) {
        let Some(id) = offer["id"].as_str().map(str::to_owned) else { return };
        if let Some(claim) = self.claim(&id) {
            let robot = Arc::clone(self);
            tokio::spawn(async move {
                robot.report(work::decide_offer(&robot, &id).await);
                drop(claim);
            });
        }
    }

    fn begin_work(self: &Arc<Self>, interaction: &Value) {
        let state = interaction["state"].as_str().unwrap_or_default();
        if !["active", "wrap_up"].contains(&state) {
            return;
        }
        let Some(id) = interaction["id"].as_str().map(str::to_owned) else { return };
        if let Some(claim) = self.claim(&id) {
            let robot = Arc::clone(self);
            tokio::spawn(async move {
                robot.report(work::handle(&robot, &id).await);
                drop(claim);
            });
        }
    }

    fn report(&self, outcome: Result<(), CallError>) {
        if let Err(error) = outcome {
            tracing::debug!("{} could not go on: {error}", self.name);
        }
    }

    async fn get_ready(&self) -> Result<(), CallError> {
        self.api.put("/agents/me/presence", &json!({ "state": "ready" })).await.map(drop)
    }

    async fn pause(&self) -> Result<(), CallError> {
        let reasons = self.api.get("/pause-reasons").await?;
        let list = reasons["items"].as_array().or_else(|| reasons.as_array());
        let Some(reason) = list.and_then(|list| list.first()) else { return Ok(()) };
        let body = json!({ "state": "paused", "reason_id": reason["id"], "after_this": true });
        self.api.put("/agents/me/presence", &body).await?;
        let pause_ms = self.chance().between(60_000, 180_000);
        self.rest(Duration::from_millis(pause_ms.unsigned_abs())).await;
        self.get_ready().await
    }

    fn until_pause(&self) -> Duration {
        let wait_ms = self.chance().exponential_ms(PAUSE_EVERY_MS).max(120_000);
        Duration::from_millis(wait_ms.unsigned_abs())
    }

    /// Ends early when the robot is told to stop.
    async fn rest(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// As long as a person would take, by this robot's pace.
    async fn think(&self, median_ms: f64) {
        let time_ms = self.chance().handling_ms(median_ms * self.pace);
        self.rest(Duration::from_millis(time_ms.unsigned_abs())).await;
    }

    fn chance(&self) -> MutexGuard<'_, Chance> {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None: a task of ours has it already.
    fn claim(self: &Arc<Self>, id: &str) -> Option<Claim> {
        let mut in_hand = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = in_hand.insert(id.to_owned());
        is_new.then(|| Claim { robot: Arc::clone(self), id: id.to_owned() })
    }
}

/// That a task works on something; ends with the task.
struct Claim {
    robot: Arc<Robot>,
    id: String,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut in_hand = self.robot.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        in_hand.remove(&self.id);
    }
}
