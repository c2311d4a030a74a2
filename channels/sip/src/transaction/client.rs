//! Any other request that we send. RFC 3261 §17.1.2.

use bytes::Bytes;
use channel_contract::base::Timestamp;

use super::layer::Failure;
use super::{Alarms, Timer, Timing};
use crate::message::write::write_request;
use crate::message::{Request, Response};

/// What a client transaction asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send these bytes.
    Transmit(Bytes),
    /// Give this answer to the user.
    Deliver(Response),
    /// It is over: by an answer, or without one.
    Ended(Option<Failure>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Trying,
    Proceeding,
    Completed,
    Ended,
}

/// One request of ours that is neither INVITE nor ACK.
#[derive(Debug)]
pub struct Client {
    state: State,
    bytes: Bytes,
    is_reliable: bool,
    timing: Timing,
    /// The pause before the next repetition.
    pause_ms: i64,
    alarms: Alarms,
}

impl Client {
    /// Sends it.
    pub fn start(
        request: &Request,
        is_reliable: bool,
        timing: Timing,
        now: Timestamp,
        out: &mut Vec<Action>,
    ) -> Self {
        let bytes = write_request(request);
        out.push(Action::Transmit(bytes.clone()));
        let mut alarms = Alarms::default();
        if !is_reliable {
            alarms.set(Timer::E, now.plus_millis(timing.t1_ms));
        }
        alarms.set(Timer::F, now.plus_millis(timing.timeout_ms()));
        let (state, pause_ms) = (State::Trying, timing.t1_ms);
        Self { state, bytes, is_reliable, timing, pause_ms, alarms }
    }

    /// Takes an answer.
    pub fn receive(&mut self, response: Response, now: Timestamp, out: &mut Vec<Action>) {
        if !matches!(self.state, State::Trying | State::Proceeding) {
            return;
        }
        let is_provisional = response.status.is_provisional();
        out.push(Action::Deliver(response));
        if is_provisional {
            self.state = State::Proceeding;
            return;
        }
        self.alarms.clear_all();
        if self.is_reliable {
            self.end(None, out);
        } else {
            self.state = State::Completed;
            self.alarms.set(Timer::K, now.plus_millis(self.timing.t4_ms));
        }
    }

    /// Runs the timers that are due.
    pub fn fire(&mut self, now: Timestamp, out: &mut Vec<Action>) {
        while let Some((timer, at)) = self.alarms.take_due(now) {
            match timer {
                Timer::E => {
                    out.push(Action::Transmit(self.bytes.clone()));
                    let doubled = self.pause_ms.saturating_mul(2).min(self.timing.t2_ms);
                    let is_heard = self.state == State::Proceeding;
                    self.pause_ms = if is_heard { self.timing.t2_ms } else { doubled };
                    self.alarms.set(Timer::E, at.plus_millis(self.pause_ms));
                }
                Timer::F => self.end(Some(Failure::TimedOut), out),
                Timer::A
                | Timer::B
                | Timer::D
                | Timer::G
                | Timer::H
                | Timer::I
                | Timer::J
                | Timer::K
                | Timer::L
                | Timer::M => self.end(None, out),
            }
        }
    }

    /// The transport says that it cannot deliver.
    pub fn transport_failed(&mut self, out: &mut Vec<Action>) {
        let is_waiting = matches!(self.state, State::Trying | State::Proceeding);
        self.end(is_waiting.then_some(Failure::Transport), out);
    }

    fn end(&mut self, failure: Option<Failure>, out: &mut Vec<Action>) {
        self.alarms.clear_all();
        if self.state != State::Ended {
            self.state = State::Ended;
            out.push(Action::Ended(failure));
        }
    }

    /// When it wants to be woken.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.alarms.next()
    }
}
