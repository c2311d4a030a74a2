//! Any other request that we are sent. RFC 3261 §17.2.2.

use bytes::Bytes;
use channel_contract::base::Timestamp;

use super::layer::Failure;
use super::{Alarms, Timer, Timing};
use crate::message::Response;
use crate::message::write::write_response;

/// What a server transaction asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send these bytes.
    Transmit(Bytes),
    /// It is over: in order, or not.
    Ended(Option<Failure>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Trying,
    Proceeding,
    Completed,
    Ended,
}

/// One request of somebody else's that is neither INVITE nor ACK.
#[derive(Debug)]
pub struct Server {
    state: State,
    /// What was sent last, to be sent again when the request comes again.
    last: Option<Bytes>,
    is_reliable: bool,
    timing: Timing,
    alarms: Alarms,
}

impl Server {
    /// It has come.
    pub fn start(is_reliable: bool, timing: Timing) -> Self {
        let alarms = Alarms::default();
        Self { state: State::Trying, last: None, is_reliable, timing, alarms }
    }

    /// It has come again.
    pub fn repeated(&self, out: &mut Vec<Action>) {
        out.extend(self.last.clone().map(Action::Transmit));
    }

    /// Answers; a second final answer is dropped.
    pub fn respond(&mut self, response: &Response, now: Timestamp, out: &mut Vec<Action>) {
        if !matches!(self.state, State::Trying | State::Proceeding) {
            return;
        }
        let bytes = write_response(response);
        self.last = Some(bytes.clone());
        out.push(Action::Transmit(bytes));
        if response.status.is_provisional() {
            self.state = State::Proceeding;
        } else if self.is_reliable {
            self.end(None, out);
        } else {
            self.state = State::Completed;
            self.alarms.set(Timer::J, now.plus_millis(self.timing.timeout_ms()));
        }
    }

    /// Runs the timers that are due.
    pub fn fire(&mut self, now: Timestamp, out: &mut Vec<Action>) {
        while self.alarms.take_due(now).is_some() {
            self.end(None, out);
        }
    }

    /// The transport says that it cannot deliver.
    pub fn transport_failed(&mut self, out: &mut Vec<Action>) {
        self.end(Some(Failure::Transport), out);
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
