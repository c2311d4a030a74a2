//! Keeps the order of time: what is replayed from the journal is what happened.
//!
//! An input gets its time when its turn begins, and reaches the engine when it is committed, some
//! milliseconds later. If the engine let a time-out of the moment between happen first, a replay,
//! which sees the times only, would put the input first and decide otherwise. So the engine's time
//! is never moved beyond that of an input on its way.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rozmova_base::Timestamp;

/// Times of the turns that are on their way to the engine.
#[derive(Debug, Default)]
pub(super) struct TimeGate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// No turn gets an earlier time than this.
    floor: Timestamp,
    /// Oldest first. All but the last are committed.
    on_the_way: VecDeque<Timestamp>,
}

impl TimeGate {
    /// Time begins here, however the machine's clock stands.
    pub(super) fn starting_at(floor: Timestamp) -> Self {
        Self(Mutex::new(State { floor, on_the_way: VecDeque::new() }))
    }

    /// A turn begins; gives its time: the clock's, but never before one that was given.
    pub(super) fn enter(&self, now: Timestamp) -> Timestamp {
        let mut state = self.lock();
        let at = now.max(state.floor);
        state.floor = at;
        state.on_the_way.push_back(at);
        at
    }

    /// The newest turn came to nothing.
    pub(super) fn cancel(&self) {
        self.lock().on_the_way.pop_back();
    }

    /// The engine has taken the inputs of the oldest turn.
    pub(super) fn taken(&self) {
        self.lock().on_the_way.pop_front();
    }

    /// How far the engine's time may be moved now. Turns that begin later get no earlier time.
    pub(super) fn advance(&self, now: Timestamp) -> Timestamp {
        let mut state = self.lock();
        let limit = state.on_the_way.front().copied();
        let at = limit.map_or(now.max(state.floor), |limit| limit.min(now));
        state.floor = state.floor.max(at);
        at
    }

    /// No code that holds the lock can panic, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_waits_for_an_input_on_its_way() {
        let gate = TimeGate::starting_at(Timestamp(100));
        assert_eq!(gate.enter(Timestamp(50)), Timestamp(100), "a clock set back changes nothing");
        assert_eq!(gate.advance(Timestamp(900)), Timestamp(100));
        let second = gate.enter(Timestamp(200));
        gate.taken();
        assert_eq!(gate.advance(Timestamp(900)), second);
        gate.cancel();
        assert_eq!(gate.advance(Timestamp(900)), Timestamp(900));
        assert_eq!(gate.enter(Timestamp(300)), Timestamp(900), "never before what has passed");
    }
}
