//! The SIP user agent of the contact centre: calls that come in from trunks, calls that go out to
//! the phones of agents, and where those phones are.
//!
//! 1. Bytes and the time come in; what is to be sent and what has happened come out
//!    ([`UserAgent::poll_event`]). Drain it after each call, come back at
//!    [`UserAgent::next_timeout`].
//! 2. Every leg ends with exactly one [`Event::Ended`], whatever the other end does or leaves
//!    undone; nothing of it stays.
//! 3. Somebody who is neither a trunk nor within a call nor a phone that registers gets no answer
//!    at all.
//! 4. Limits hold: transactions, legs, phones; beyond them 503 with `Retry-After`.
//!
//! Absent: sockets, ports for sound, and what a call is about.

mod incoming;
mod leg;
mod outgoing;
mod phones;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use bytes::Bytes;
use channel_contract::base::Timestamp;

pub use self::leg::{EndCause, LegId};
pub use self::outgoing::Destination;

use self::leg::{Leg, LegTimer};
use crate::chance::Words;
use crate::dialog::DialogId;
use crate::digest::{Secret, Verifier};
use crate::message::parse::{Parsed, Refusal, parse};
use crate::message::screening::{Screened, screen};
use crate::message::{
    HeaderName, HostPort, Message, Method, NameAddr, Request, Response, SipUri, Status, Uri, Via,
};
use crate::registrar::Registrar;
use crate::sdp::SessionDescription;
use crate::sdp::negotiate::Agreed;
use crate::transaction::{
    self, Flow, MAX_TRANSACTIONS, TransactionId, Transactions, Transport, answer_flow,
};

/// Legs at the same time: a call has two, and 1,000 callers at once are a large centre.
pub const MAX_LEGS: usize = 4_000;
/// What we can do, in `Allow`.
const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, REGISTER";
/// How we call ourselves.
const SERVER: &str = concat!("Rozmova/", env!("CARGO_PKG_VERSION"));

/// What the user agent is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The realm of passwords, and the domain of our addresses.
    pub domain: String,
    /// What stands in `Via` and `Contact`.
    pub own: HostPort,
    /// From where calls are taken: the addresses of trunks.
    pub trunks: Vec<IpAddr>,
    /// How long a phone is rung at most.
    pub ring_limit_ms: i64,
    /// How long a caller is kept without an answer at most.
    pub wait_limit_ms: i64,
    /// Chance, made anew at each start.
    pub key: [u8; 32],
}

/// What has happened, and what is to be done.
#[derive(Clone, Debug)]
pub enum Event {
    /// Send these bytes there.
    Transmit {
        /// Where.
        flow: Flow,
        /// One whole message.
        bytes: Bytes,
    },
    /// Somebody calls: to be answered, rung or refused.
    Offered(Box<Offered>),
    /// The phone that we call rings.
    Ringing {
        /// The leg.
        leg: LegId,
    },
    /// The phone that we call has answered, or the caller has confirmed our answer.
    Established {
        /// The leg.
        leg: LegId,
        /// What was agreed on.
        agreed: Agreed,
    },
    /// The other end has changed its side of the sound: hold, another port.
    MediaChanged {
        /// The leg.
        leg: LegId,
        /// What is agreed on now.
        agreed: Agreed,
    },
    /// The leg is over.
    Ended {
        /// The leg.
        leg: LegId,
        /// How.
        cause: EndCause,
    },
    /// A phone has registered, or left.
    Registered {
        /// Whose.
        user: String,
        /// How many of his phones can be rung now.
        phones: usize,
    },
}

/// A call that comes in.
#[derive(Clone, Debug)]
pub struct Offered {
    /// The leg.
    pub leg: LegId,
    /// Unique among calls: the `Call-ID` and the caller's tag.
    pub external_id: String,
    /// Who calls, as the network vouches for it (`P-Asserted-Identity`), else as he says himself.
    pub from: NameAddr,
    /// Whether he asks not to be shown. RFC 3325 §7.
    pub is_withheld: bool,
    /// Whom he called.
    pub to: Uri,
    /// His side of the sound; `None`: he wants to hear ours first.
    pub offer: Option<SessionDescription>,
}

/// For what a transaction of ours is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Invite(LegId),
    Farewell,
}

/// See the module.
#[derive(Debug)]
pub struct UserAgent {
    settings: Settings,
    transactions: Transactions,
    registrar: Registrar,
    verifier: Verifier,
    words: Words,
    secrets: BTreeMap<String, Secret>,
    legs: BTreeMap<LegId, Leg>,
    dialogs: BTreeMap<DialogId, LegId>,
    purposes: BTreeMap<TransactionId, Purpose>,
    invites: BTreeMap<TransactionId, LegId>,
    alarms: BTreeSet<(Timestamp, LegId, LegTimer)>,
    next_leg: u64,
    events: VecDeque<Event>,
}

impl UserAgent {
    /// Without calls and phones. `secrets`: the users whose phones may register.
    pub fn new(settings: Settings, secrets: Vec<Secret>) -> Self {
        Self {
            transactions: Transactions::new(transaction::Timing::default(), MAX_TRANSACTIONS),
            registrar: Registrar::default(),
            verifier: Verifier::new(&settings.domain, settings.key),
            words: Words::new(settings.key),
            secrets: secrets.into_iter().map(|secret| (secret.user.clone(), secret)).collect(),
            legs: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            purposes: BTreeMap::new(),
            invites: BTreeMap::new(),
            alarms: BTreeSet::new(),
            next_leg: 0,
            events: VecDeque::new(),
            settings,
        }
    }

    /// What is to be done next; `None`: nothing until the next call or time-out.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`] is to be called at the latest.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        let leg = self.alarms.first().map(|(at, ..)| *at);
        [leg, self.transactions.next_timeout()].into_iter().flatten().min()
    }

    /// Runs everything that is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.transactions.handle_timeout(now);
        self.work(now);
        while let Some(&(at, leg, timer)) = self.alarms.first()
            && at <= now
        {
            self.alarms.remove(&(at, leg, timer));
            self.fire(leg, timer, now);
            self.work(now);
        }
    }

    /// How many legs there are.
    pub fn legs(&self) -> usize {
        self.legs.len()
    }

    /// Whether nothing is left: no leg, no transaction.
    pub fn is_idle(&self) -> bool {
        self.legs.is_empty()
            && self.transactions.is_empty()
            && self.dialogs.is_empty()
            && self.invites.is_empty()
            && self.purposes.is_empty()
            && self.alarms.is_empty()
    }

    /// How many phones of a user can be rung.
    pub fn phones_of(&self, user: &str, now: Timestamp) -> usize {
        self.registrar.phones(user, now).len()
    }

    /// Takes one datagram or frame.
    pub fn receive(&mut self, bytes: &Bytes, flow: Flow, now: Timestamp) {
        match parse(bytes) {
            Ok(Parsed::Message(message, _)) => self.receive_message(message, flow, now),
            Err(refusal) if self.is_known(flow) => self.refuse(&refusal, flow),
            Ok(Parsed::KeepAlive) | Err(_) => {}
        }
        self.work(now);
    }

    /// A connection is gone.
    pub fn connection_lost(&mut self, connection: u64, now: Timestamp) {
        self.transactions.connection_lost(connection);
        self.registrar.connection_lost(connection);
        self.work(now);
    }

    fn receive_message(&mut self, message: Message, flow: Flow, now: Timestamp) {
        let screened = screen(&message);
        match (message, screened) {
            (Message::Request(request), Ok(essentials)) => {
                let is_register = request.method == Method::Register;
                let is_ours = DialogId::of_request(&essentials)
                    .is_some_and(|dialog| self.dialogs.contains_key(&dialog));
                // An ACK is never answered, so it gives nothing away.
                let is_ack = request.method == Method::Ack;
                if is_ours || is_ack || is_register || self.is_known(flow) {
                    let essentials = Box::new(essentials);
                    self.transactions.receive_request(request, essentials, flow, now);
                }
            }
            (Message::Request(request), Err(screened)) => {
                if self.is_known(flow) && request.method != Method::Ack {
                    self.refuse_screened(&request, &screened, flow);
                }
            }
            (Message::Response(response), Ok(essentials)) => {
                self.transactions.receive_response(response, &essentials, now);
            }
            (Message::Response(_), Err(_)) => {}
        }
    }

    /// Whether it comes from a trunk or over the flow of a phone.
    fn is_known(&self, flow: Flow) -> bool {
        self.settings.trunks.contains(&flow.peer.ip()) || self.registrar.has_flow(flow)
    }

    /// Answers what could not be read, if its way back could.
    fn refuse(&mut self, refusal: &Refusal, flow: Flow) {
        let Some(headers) = refusal.headers.as_ref().filter(|_| !refusal.is_response) else {
            return;
        };
        let is_ack = headers
            .text(&HeaderName::CSeq)
            .is_none_or(|cseq| cseq.trim_end().to_ascii_uppercase().ends_with("ACK"));
        if is_ack || headers.raw(&HeaderName::Via).is_none() {
            return;
        }
        let request = Request {
            method: Method::Options,
            uri: Uri::from(SipUri::new(None, self.settings.own.clone())),
            headers: headers.clone(),
            body: Bytes::new(),
        };
        let mut response = Response::to(&request, refusal.status);
        response.reason = Bytes::from_static(refusal.reason.as_bytes());
        self.transactions.respond_alone(&response, answer_flow(&request, flow));
    }

    fn refuse_screened(&mut self, request: &Request, screened: &Screened, flow: Flow) {
        let mut response = Response::to(request, screened.status);
        response.reason = Bytes::from(screened.reason.clone());
        if let Some((name, value)) = &screened.header {
            response.headers.push(name.clone(), value.clone());
        }
        self.tag(&mut response);
        self.transactions.respond_alone(&response, answer_flow(request, flow));
    }

    /// Takes what the transactions say until they say nothing more.
    fn work(&mut self, now: Timestamp) {
        while let Some(event) = self.transactions.poll_event() {
            match event {
                transaction::Event::Transmit { flow, bytes } => {
                    self.events.push_back(Event::Transmit { flow, bytes });
                }
                transaction::Event::Request { id, request, essentials, flow, cancels } => {
                    let asked = incoming::Asked { id, request, essentials, flow };
                    self.asked(asked, cancels, now);
                }
                transaction::Event::Ack { request, essentials } => {
                    self.acknowledged(&request, &essentials, now);
                }
                transaction::Event::Response { id, response, essentials } => {
                    self.answered(id, &response, &essentials, now);
                }
                transaction::Event::Failed { id, failure } => self.failed(id, failure),
                transaction::Event::Finished { id } => drop(self.purposes.remove(&id)),
                // What was refused or answered without effect needs nothing more.
                transaction::Event::Unconfirmed { .. } => {}
            }
        }
    }

    fn fire(&mut self, id: LegId, timer: LegTimer, now: Timestamp) {
        match timer {
            LegTimer::RepeatAnswer => self.repeat_answer(id, now),
            LegTimer::Confirmation => self.hang_up_with(id, EndCause::Unconfirmed, now),
            LegTimer::Ringing => self.hang_up_with(id, EndCause::NoAnswer, now),
        }
    }

    /// Ends a leg: whatever its state, the other end is told in the way that fits it.
    pub fn hang_up(&mut self, id: LegId, now: Timestamp) {
        self.hang_up_with(id, EndCause::ByUs, now);
        self.work(now);
    }

    fn alarm(&mut self, leg: LegId, timer: LegTimer, at: Timestamp) {
        self.silence(leg, timer);
        self.alarms.insert((at, leg, timer));
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.alarms.push((at, timer));
        }
    }

    fn silence(&mut self, id: LegId, timer: LegTimer) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.alarms.retain(|(at, set)| {
            if *set == timer {
                self.alarms.remove(&(*at, id, timer));
            }
            *set != timer
        });
    }

    /// Forgets a leg and says so, once.
    fn end(&mut self, id: LegId, cause: EndCause) {
        let Some(leg) = self.legs.remove(&id) else { return };
        for (at, timer) in leg.alarms {
            self.alarms.remove(&(at, id, timer));
        }
        if let Some(dialog) = &leg.dialog {
            self.dialogs.remove(&dialog.id);
        }
        if let Some(invite) = leg.invite {
            self.invites.remove(&invite);
        }
        self.events.push_back(Event::Ended { leg: id, cause });
    }

    fn via(&mut self, transport: Transport) -> Via {
        Via::new(transport.as_str(), self.settings.own.clone(), &self.words.branch())
    }

    fn contact(&self, transport: Transport) -> String {
        let mut uri = SipUri::new(Some("rozmova"), self.settings.own.clone());
        if transport != Transport::Udp {
            let name = transport.as_str().to_ascii_lowercase();
            uri.parameters.set("transport", Some(&name));
        }
        NameAddr::new(uri).to_string()
    }

    /// Gives `To` a tag if it has none. RFC 3261 §8.2.6.2.
    fn tag(&mut self, response: &mut Response) {
        let to = response.headers.text(&HeaderName::To).unwrap_or_default().into_owned();
        if let Ok(to) = NameAddr::parse(&to)
            && to.tag().is_none()
        {
            let tag = self.words.word();
            response.headers.replace_first(&HeaderName::To, to.with_tag(&tag).to_string());
        }
    }

    fn respond(&mut self, id: TransactionId, request: &Request, status: Status, now: Timestamp) {
        let mut response = Response::to(request, status);
        self.tag(&mut response);
        if status == Status::METHOD_NOT_ALLOWED || request.method == Method::Options {
            response.headers.push(HeaderName::Allow, ALLOW);
        }
        response.headers.push(HeaderName::Server, SERVER);
        self.transactions.respond(id, &response, now);
    }
}

#[cfg(test)]
mod tests;
