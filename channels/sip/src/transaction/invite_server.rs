//! The INVITE that we are sent. RFC 3261 §17.2.1 with the state Accepted of RFC 6026 §7.1.
//!
//! A 2xx is sent again by its user, who alone knows whether the ACK has come (RFC 3261 §13.3.1.4);
//! here repetitions of the INVITE are swallowed for as long as they can come.

use bytes::Bytes;
use channel_contract::base::Timestamp;

use super::layer::Failure;
use super::server::Action;
use super::{Alarms, Timer, Timing};
use crate::message::Response;
use crate::message::write::write_response;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Proceeding,
    Accepted,
    Completed,
    Confirmed,
    Ended,
}

/// One INVITE of somebody else's.
#[derive(Debug)]
pub struct InviteServer {
    state: State,
    /// What was sent last, to be sent again when the INVITE comes again.
    last: Option<Bytes>,
    is_reliable: bool,
    timing: Timing,
    pause_ms: i64,
    alarms: Alarms,
}

impl InviteServer {
    /// It has come. No timer runs until it is answered: that is for the user to see to.
    pub fn start(is_reliable: bool, timing: Timing) -> Self {
        let (state, pause_ms) = (State::Proceeding, timing.t1_ms);
        Self { state, last: None, is_reliable, timing, pause_ms, alarms: Alarms::default() }
    }

    /// It has come again.
    pub fn repeated(&self, out: &mut Vec<Action>) {
        if matches!(self.state, State::Proceeding | State::Completed) {
            out.extend(self.last.clone().map(Action::Transmit));
        }
    }

    /// The refusal is confirmed.
    pub fn acknowledged(&mut self, now: Timestamp, out: &mut Vec<Action>) {
        if self.state != State::Completed {
            return;
        }
        self.alarms.clear_all();
        if self.is_reliable {
            self.end(None, out);
        } else {
            self.state = State::Confirmed;
            self.alarms.set(Timer::I, now.plus_millis(self.timing.t4_ms));
        }
    }

    /// Answers. After the final answer only the same 2xx again, or another, goes through.
    pub fn respond(&mut self, response: &Response, now: Timestamp, out: &mut Vec<Action>) {
        let status = response.status;
        let is_allowed = match self.state {
            State::Proceeding => true,
            State::Accepted => status.is_success(),
            State::Completed | State::Confirmed | State::Ended => false,
        };
        if !is_allowed {
            return;
        }
        let bytes = write_response(response);
        out.push(Action::Transmit(bytes.clone()));
        if status.is_provisional() {
            self.last = Some(bytes);
        } else if status.is_success() {
            if self.state == State::Proceeding {
                self.last = None;
                self.state = State::Accepted;
                self.alarms.set(Timer::L, now.plus_millis(self.timing.timeout_ms()));
            }
        } else {
            self.last = Some(bytes);
            self.state = State::Completed;
            if !self.is_reliable {
                self.alarms.set(Timer::G, now.plus_millis(self.timing.t1_ms));
            }
            self.alarms.set(Timer::H, now.plus_millis(self.timing.timeout_ms()));
        }
    }

    /// Runs the timers that are due.
    pub fn fire(&mut self, now: Timestamp, out: &mut Vec<Action>) {
        while let Some((timer, at)) = self.alarms.take_due(now) {
            match timer {
                Timer::G => {
                    out.extend(self.last.clone().map(Action::Transmit));
                    self.pause_ms = self.pause_ms.saturating_mul(2).min(self.timing.t2_ms);
                    self.alarms.set(Timer::G, at.plus_millis(self.pause_ms));
                }
                Timer::H => self.end(Some(Failure::TimedOut), out),
                Timer::A
                | Timer::B
                | Timer::D
                | Timer::E
                | Timer::F
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
        // What was accepted goes on: its user sends the 2xx again and sees to the ACK.
        if self.state != State::Accepted {
            self.end(Some(Failure::Transport), out);
        }
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

    /// Whether it was answered with a 2xx.
    pub fn is_accepted(&self) -> bool {
        self.state == State::Accepted
    }

    /// Whether it still waits for its final answer.
    pub fn is_open(&self) -> bool {
        self.state == State::Proceeding
    }
}
