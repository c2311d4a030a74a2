//! The INVITE that we send. RFC 3261 §17.1.1 with the state Accepted of RFC 6026 §7.2.

use bytes::Bytes;
use channel_contract::base::Timestamp;

use super::client::Action;
use super::layer::Failure;
use super::{Alarms, Timer, Timing};
use crate::message::write::write_request;
use crate::message::{HeaderName, Headers, Method, Request, Response};

/// How long repetitions of a refusal may come over datagrams. RFC 3261 §17.1.1.2.
const REPETITIONS_MS: i64 = 32_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Calling,
    Proceeding,
    Accepted,
    Completed,
    Ended,
}

/// One INVITE of ours.
#[derive(Debug)]
pub struct InviteClient {
    state: State,
    request: Request,
    bytes: Bytes,
    ack: Option<Bytes>,
    is_reliable: bool,
    timing: Timing,
    /// The pause before the next repetition.
    pause_ms: i64,
    alarms: Alarms,
}

impl InviteClient {
    /// Sends it.
    pub fn start(
        request: Request,
        is_reliable: bool,
        timing: Timing,
        now: Timestamp,
        out: &mut Vec<Action>,
    ) -> Self {
        let bytes = write_request(&request);
        out.push(Action::Transmit(bytes.clone()));
        let mut alarms = Alarms::default();
        if !is_reliable {
            alarms.set(Timer::A, now.plus_millis(timing.t1_ms));
        }
        alarms.set(Timer::B, now.plus_millis(timing.timeout_ms()));
        let (state, pause_ms) = (State::Calling, timing.t1_ms);
        Self { state, request, bytes, ack: None, is_reliable, timing, pause_ms, alarms }
    }

    /// Takes an answer.
    pub fn receive(&mut self, response: Response, now: Timestamp, out: &mut Vec<Action>) {
        let status = response.status;
        match self.state {
            State::Proceeding if status.is_provisional() => out.push(Action::Deliver(response)),
            State::Calling if status.is_provisional() => {
                self.alarms.clear_all();
                self.state = State::Proceeding;
                out.push(Action::Deliver(response));
            }
            State::Calling | State::Proceeding if status.is_success() => {
                self.alarms.clear_all();
                self.alarms.set(Timer::M, now.plus_millis(self.timing.timeout_ms()));
                self.state = State::Accepted;
                out.push(Action::Deliver(response));
            }
            State::Calling | State::Proceeding => self.refused(response, now, out),
            State::Accepted if status.is_success() => out.push(Action::Deliver(response)),
            State::Completed if !status.is_provisional() && !status.is_success() => {
                out.extend(self.ack.clone().map(Action::Transmit));
            }
            State::Accepted | State::Completed | State::Ended => {}
        }
    }

    fn refused(&mut self, response: Response, now: Timestamp, out: &mut Vec<Action>) {
        let ack = write_request(&ack(&self.request, &response));
        out.push(Action::Transmit(ack.clone()));
        self.ack = Some(ack);
        self.alarms.clear_all();
        out.push(Action::Deliver(response));
        if self.is_reliable {
            self.end(None, out);
        } else {
            self.state = State::Completed;
            self.alarms.set(Timer::D, now.plus_millis(REPETITIONS_MS));
        }
    }

    /// Runs the timers that are due.
    pub fn fire(&mut self, now: Timestamp, out: &mut Vec<Action>) {
        while let Some((timer, at)) = self.alarms.take_due(now) {
            match timer {
                Timer::A => {
                    out.push(Action::Transmit(self.bytes.clone()));
                    self.pause_ms = self.pause_ms.saturating_mul(2);
                    self.alarms.set(Timer::A, at.plus_millis(self.pause_ms));
                }
                Timer::B => self.end(Some(Failure::TimedOut), out),
                Timer::D
                | Timer::E
                | Timer::F
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
        let is_waiting = matches!(self.state, State::Calling | State::Proceeding);
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

    /// What was sent.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// It has been withdrawn: who does not answer now is gone. RFC 3261 §9.1.
    pub fn cancelled(&mut self, now: Timestamp) {
        if self.state == State::Proceeding {
            self.alarms.set(Timer::B, now.plus_millis(self.timing.timeout_ms()));
        }
    }

    /// Whether a provisional answer has come and no final one: only then may it be cancelled.
    /// RFC 3261 §9.1.
    pub fn may_be_cancelled(&self) -> bool {
        self.state == State::Proceeding
    }
}

/// The confirmation of a refusal, which is part of the transaction. RFC 3261 §17.1.1.3.
fn ack(request: &Request, response: &Response) -> Request {
    let mut headers = Headers::default();
    if let Some(via) = request.headers.raw(&HeaderName::Via) {
        headers.push(HeaderName::Via, via.clone());
    }
    let copied = [HeaderName::MaxForwards, HeaderName::Route, HeaderName::From, HeaderName::CallId];
    for (name, value) in request.headers.iter().filter(|(name, _)| copied.contains(name)) {
        headers.push(name.clone(), value.clone());
    }
    let to = response.headers.raw(&HeaderName::To).or(request.headers.raw(&HeaderName::To));
    headers.push(HeaderName::To, to.cloned().unwrap_or_default());
    let cseq = request.headers.text(&HeaderName::CSeq).unwrap_or_default();
    let number = cseq.split_ascii_whitespace().next().unwrap_or_default();
    headers.push(HeaderName::CSeq, format!("{number} ACK"));
    Request { method: Method::Ack, uri: request.uri.clone(), headers, body: Bytes::new() }
}

/// The withdrawal of an INVITE. RFC 3261 §9.1: the same Via, the same route, the same number.
pub fn cancel(invite: &Request) -> Request {
    let copied = [
        HeaderName::MaxForwards,
        HeaderName::Route,
        HeaderName::From,
        HeaderName::To,
        HeaderName::CallId,
    ];
    let mut headers = Headers::default();
    if let Some(via) = invite.headers.raw(&HeaderName::Via) {
        headers.push(HeaderName::Via, via.clone());
    }
    for (name, value) in invite.headers.iter().filter(|(name, _)| copied.contains(name)) {
        headers.push(name.clone(), value.clone());
    }
    let cseq = invite.headers.text(&HeaderName::CSeq).unwrap_or_default();
    let number = cseq.split_ascii_whitespace().next().unwrap_or_default();
    headers.push(HeaderName::CSeq, format!("{number} CANCEL"));
    Request { method: Method::Cancel, uri: invite.uri.clone(), headers, body: Bytes::new() }
}
