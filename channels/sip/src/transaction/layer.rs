//! All transactions of one user agent: which message belongs to which. RFC 3261 §17.1.3, §17.2.3.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use channel_contract::base::Timestamp;

use super::client::{self, Client};
use super::invite_client::{self, InviteClient};
use super::invite_server::InviteServer;
use super::server::{self, Server};
use super::{Flow, Timing};
use crate::message::essentials::Essentials;
use crate::message::write::{write_request, write_response};
use crate::message::{HeaderName, Method, Request, Response, Status, Via};

/// Transactions at the same time; what comes beyond is answered 503. A call has three, which live
/// for 32 s, so that 300 calls a second need some 30,000.
pub const MAX_TRANSACTIONS: usize = 100_000;
/// When somebody who was told 503 may come again.
const RETRY_AFTER_SECONDS: &str = "5";

/// One transaction, as its user names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(u64);

/// Why a transaction ended without what it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered in time. As good as a 408. RFC 3261 §8.1.3.1.
    TimedOut,
    /// The transport could not deliver. As good as a 503.
    Transport,
}

/// What the layer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Send these bytes there.
    Transmit {
        /// Where.
        flow: Flow,
        /// One whole message.
        bytes: Bytes,
    },
    /// A new request, to be answered by [`Transactions::respond`].
    Request {
        /// Its transaction.
        id: TransactionId,
        /// The request.
        request: Request,
        /// Its main headers.
        essentials: Box<Essentials>,
        /// Where it came from.
        flow: Flow,
        /// For a CANCEL: the INVITE that it withdraws, when that is still there.
        cancels: Option<TransactionId>,
    },
    /// The confirmation of a 2xx: it has no transaction. RFC 3261 §13.3.1.4.
    Ack {
        /// The request.
        request: Request,
        /// Its main headers.
        essentials: Box<Essentials>,
    },
    /// An answer to a request of ours.
    Response {
        /// Its transaction.
        id: TransactionId,
        /// The answer.
        response: Response,
        /// Its main headers.
        essentials: Box<Essentials>,
    },
    /// A request of ours gets no final answer any more.
    Failed {
        /// Its transaction.
        id: TransactionId,
        /// Why.
        failure: Failure,
    },
    /// A request of ours has had its answers; none will follow.
    Finished {
        /// Its transaction.
        id: TransactionId,
    },
    /// Our refusal of an INVITE was never confirmed, or an answer could not be delivered.
    Unconfirmed {
        /// The transaction.
        id: TransactionId,
    },
}

#[derive(Debug)]
enum Machine {
    InviteClient(InviteClient),
    Client(Client),
    InviteServer(InviteServer),
    Server(Server),
}

#[derive(Debug)]
struct Entry {
    machine: Machine,
    flow: Flow,
    key: Key,
    /// Under which time it stands in the list of alarms.
    wakes_at: Option<Timestamp>,
}

/// By what a message finds its transaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// Branch and method. RFC 3261 §17.1.3.
    Client(String, Method),
    /// Branch, sender and method; an ACK has that of its INVITE. RFC 3261 §17.2.3.
    Server(String, String, Method),
}

/// All transactions.
#[derive(Debug)]
pub struct Transactions {
    timing: Timing,
    limit: usize,
    entries: BTreeMap<TransactionId, Entry>,
    keys: BTreeMap<Key, TransactionId>,
    alarms: BTreeSet<(Timestamp, TransactionId)>,
    next_id: u64,
    events: VecDeque<Event>,
}

impl Transactions {
    /// None yet. `limit`: see [`MAX_TRANSACTIONS`].
    pub fn new(timing: Timing, limit: usize) -> Self {
        Self {
            timing,
            limit,
            entries: BTreeMap::new(),
            keys: BTreeMap::new(),
            alarms: BTreeSet::new(),
            next_id: 0,
            events: VecDeque::new(),
        }
    }

    /// What is to be done next; `None`: nothing until the next call or time-out.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`] is to be called at the latest.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.alarms.first().map(|(at, _)| *at)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes a request that has passed [`crate::message::screening::screen`].
    pub fn receive_request(
        &mut self,
        mut request: Request,
        essentials: Box<Essentials>,
        flow: Flow,
        now: Timestamp,
    ) {
        note_source(&mut request, &essentials, flow);
        let is_ack = request.method == Method::Ack;
        let method = if is_ack { Method::Invite } else { request.method.clone() };
        let key = server_key(&request, &essentials, method);
        if let Some(&id) = self.keys.get(&key) {
            self.repeated(id, request, essentials, now);
            return;
        }
        if request.method == Method::Ack {
            self.events.push_back(Event::Ack { request, essentials });
            return;
        }
        if self.entries.len() >= self.limit {
            self.refuse_overload(&request, flow);
            return;
        }
        let cancels = (request.method == Method::Cancel)
            .then(|| self.keys.get(&server_key(&request, &essentials, Method::Invite)).copied())
            .flatten()
            .filter(|id| self.is_open(*id));
        let is_reliable = flow.transport.is_reliable();
        let machine = if request.method == Method::Invite {
            Machine::InviteServer(InviteServer::start(is_reliable, self.timing))
        } else {
            Machine::Server(Server::start(is_reliable, self.timing))
        };
        let id = self.insert(machine, answer_flow(&request, flow), key);
        if request.method == Method::Invite {
            // At once, so that the INVITE is not sent again while somebody thinks about it.
            self.respond(id, &Response::to(&request, Status::TRYING), now);
        }
        self.events.push_back(Event::Request { id, request, essentials, flow, cancels });
    }

    fn repeated(
        &mut self,
        id: TransactionId,
        request: Request,
        essentials: Box<Essentials>,
        now: Timestamp,
    ) {
        let mut actions = Vec::new();
        let Some(entry) = self.entries.get_mut(&id) else { return };
        match &mut entry.machine {
            Machine::InviteServer(machine) if request.method == Method::Ack => {
                machine.acknowledged(now, &mut actions);
            }
            Machine::InviteServer(machine) => machine.repeated(&mut actions),
            Machine::Server(machine) => machine.repeated(&mut actions),
            Machine::InviteClient(_) | Machine::Client(_) => {}
        }
        // Some send the ACK of a 2xx with the branch of the INVITE: its user wants it.
        let is_accepted =
            matches!(&entry.machine, Machine::InviteServer(machine) if machine.is_accepted());
        if request.method == Method::Ack && is_accepted {
            self.events.push_back(Event::Ack { request, essentials });
        }
        self.apply_server(id, actions);
    }

    /// Takes an answer. What belongs to no request of ours is dropped. RFC 3261 §18.1.2.
    pub fn receive_response(
        &mut self,
        response: Response,
        essentials: &Essentials,
        now: Timestamp,
    ) {
        let Some(branch) = essentials.via.branch() else { return };
        let key = Key::Client(branch.to_owned(), essentials.cseq.method.clone());
        let Some(&id) = self.keys.get(&key) else { return };
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let mut actions = Vec::new();
        match &mut entry.machine {
            Machine::InviteClient(machine) => machine.receive(response, now, &mut actions),
            Machine::Client(machine) => machine.receive(response, now, &mut actions),
            Machine::InviteServer(_) | Machine::Server(_) => {}
        }
        self.apply_client(id, actions, Some(essentials));
    }

    /// Sends a request with the branch of its topmost `Via`.
    pub fn send(&mut self, request: Request, flow: Flow, now: Timestamp) -> TransactionId {
        let via = request.headers.text(&HeaderName::Via);
        let via = via.and_then(|text| Via::parse_list(&text).ok()?.into_iter().next());
        let branch = via.and_then(|via| via.branch().map(str::to_owned)).unwrap_or_default();
        let key = Key::Client(branch, request.method.clone());
        let is_reliable = flow.transport.is_reliable();
        let mut actions = Vec::new();
        let machine = if request.method == Method::Invite {
            let timing = self.timing;
            let started = InviteClient::start(request, is_reliable, timing, now, &mut actions);
            Machine::InviteClient(started)
        } else {
            let started = Client::start(&request, is_reliable, self.timing, now, &mut actions);
            Machine::Client(started)
        };
        let id = self.insert(machine, flow, key);
        self.apply_client(id, actions, None);
        id
    }

    /// Sends an ACK of a 2xx, or anything else that has no transaction.
    pub fn send_alone(&mut self, request: &Request, flow: Flow) {
        self.events.push_back(Event::Transmit { flow, bytes: write_request(request) });
    }

    /// Answers a request without a transaction: one that could not even be read.
    pub fn respond_alone(&mut self, response: &Response, flow: Flow) {
        self.events.push_back(Event::Transmit { flow, bytes: write_response(response) });
    }

    /// Answers a request. Nothing when its transaction has ended.
    pub fn respond(&mut self, id: TransactionId, response: &Response, now: Timestamp) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let mut actions = Vec::new();
        match &mut entry.machine {
            Machine::InviteServer(machine) => machine.respond(response, now, &mut actions),
            Machine::Server(machine) => machine.respond(response, now, &mut actions),
            Machine::InviteClient(_) | Machine::Client(_) => {}
        }
        self.apply_server(id, actions);
    }

    /// Withdraws an INVITE of ours; `None` when that is too early or too late. RFC 3261 §9.1.
    pub fn cancel(&mut self, id: TransactionId, now: Timestamp) -> Option<TransactionId> {
        let entry = self.entries.get_mut(&id)?;
        let Machine::InviteClient(machine) = &mut entry.machine else { return None };
        if !machine.may_be_cancelled() {
            return None;
        }
        machine.cancelled(now);
        let (request, flow) = (invite_client::cancel(machine.request()), entry.flow);
        self.settle(id, false);
        Some(self.send(request, flow, now))
    }

    /// Runs everything that is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        while let Some(&(at, id)) = self.alarms.first()
            && at <= now
        {
            let Some(entry) = self.entries.get_mut(&id) else {
                self.alarms.remove(&(at, id));
                continue;
            };
            let (mut of_client, mut of_server) = (Vec::new(), Vec::new());
            match &mut entry.machine {
                Machine::InviteClient(machine) => machine.fire(now, &mut of_client),
                Machine::Client(machine) => machine.fire(now, &mut of_client),
                Machine::InviteServer(machine) => machine.fire(now, &mut of_server),
                Machine::Server(machine) => machine.fire(now, &mut of_server),
            }
            self.apply_client(id, of_client, None);
            self.apply_server(id, of_server);
        }
    }

    /// The connection is gone: everything that went over it has failed.
    pub fn connection_lost(&mut self, connection: u64) {
        let over_it = self.entries.iter().filter(|(_, entry)| {
            entry.flow.connection == connection && entry.flow.transport.is_reliable()
        });
        let ids: Vec<TransactionId> = over_it.map(|(id, _)| *id).collect();
        for id in ids {
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            let (mut of_client, mut of_server) = (Vec::new(), Vec::new());
            match &mut entry.machine {
                Machine::InviteClient(machine) => machine.transport_failed(&mut of_client),
                Machine::Client(machine) => machine.transport_failed(&mut of_client),
                Machine::InviteServer(machine) => machine.transport_failed(&mut of_server),
                Machine::Server(machine) => machine.transport_failed(&mut of_server),
            }
            self.apply_client(id, of_client, None);
            self.apply_server(id, of_server);
        }
    }

    fn is_open(&self, id: TransactionId) -> bool {
        let machine = self.entries.get(&id).map(|entry| &entry.machine);
        matches!(machine, Some(Machine::InviteServer(machine)) if machine.is_open())
    }

    fn insert(&mut self, machine: Machine, flow: Flow, key: Key) -> TransactionId {
        self.next_id += 1;
        let id = TransactionId(self.next_id);
        self.keys.insert(key.clone(), id);
        self.entries.insert(id, Entry { machine, flow, key, wakes_at: None });
        id
    }

    fn apply_client(
        &mut self,
        id: TransactionId,
        actions: Vec<client::Action>,
        essentials: Option<&Essentials>,
    ) {
        let Some(flow) = self.entries.get(&id).map(|entry| entry.flow) else { return };
        let mut is_ended = false;
        for action in actions {
            match action {
                client::Action::Transmit(bytes) => {
                    self.events.push_back(Event::Transmit { flow, bytes });
                }
                client::Action::Deliver(response) => {
                    let Some(essentials) = essentials else { continue };
                    let essentials = Box::new(essentials.clone());
                    self.events.push_back(Event::Response { id, response, essentials });
                }
                client::Action::Ended(failure) => {
                    is_ended = true;
                    self.events.push_back(match failure {
                        Some(failure) => Event::Failed { id, failure },
                        None => Event::Finished { id },
                    });
                }
            }
        }
        self.settle(id, is_ended);
    }

    fn apply_server(&mut self, id: TransactionId, actions: Vec<server::Action>) {
        let Some(flow) = self.entries.get(&id).map(|entry| entry.flow) else { return };
        let mut is_ended = false;
        for action in actions {
            match action {
                server::Action::Transmit(bytes) => {
                    self.events.push_back(Event::Transmit { flow, bytes });
                }
                server::Action::Ended(failure) => {
                    is_ended = true;
                    self.events.extend(failure.map(|_| Event::Unconfirmed { id }));
                }
            }
        }
        self.settle(id, is_ended);
    }

    /// Notes when it wakes next, or removes it.
    fn settle(&mut self, id: TransactionId, is_ended: bool) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let wakes_at = match &entry.machine {
            Machine::InviteClient(machine) => machine.next_timeout(),
            Machine::Client(machine) => machine.next_timeout(),
            Machine::InviteServer(machine) => machine.next_timeout(),
            Machine::Server(machine) => machine.next_timeout(),
        };
        if entry.wakes_at != wakes_at || is_ended {
            if let Some(known) = entry.wakes_at.take() {
                self.alarms.remove(&(known, id));
            }
            if let Some(at) = wakes_at.filter(|_| !is_ended) {
                entry.wakes_at = Some(at);
                self.alarms.insert((at, id));
            }
        }
        if is_ended && let Some(entry) = self.entries.remove(&id) {
            // A later transaction may have taken the key over only after this one had ended.
            self.keys.remove(&entry.key);
        }
    }

    fn refuse_overload(&mut self, request: &Request, flow: Flow) {
        let mut response = Response::to(request, Status::SERVICE_UNAVAILABLE);
        response.headers.push(HeaderName::RetryAfter, RETRY_AFTER_SECONDS);
        self.respond_alone(&response, answer_flow(request, flow));
    }
}

/// Writes into the topmost `Via` where the request came from. RFC 3261 §18.2.1.
pub fn note_source(request: &mut Request, essentials: &Essentials, flow: Flow) {
    let mut via = essentials.via.clone();
    via.note_source(flow.peer);
    let first = request.headers.text(&HeaderName::Via);
    let rest = first.and_then(|line| {
        let rest = crate::message::scan::cut(&line, b',').ok()?.1?.to_owned();
        Some(rest)
    });
    let written = match rest {
        Some(rest) => format!("{via}, {rest}"),
        None => via.to_string(),
    };
    request.headers.replace_first(&HeaderName::Via, written);
}

/// Where an answer goes: over the same connection, or for datagrams where `Via` says.
/// RFC 3261 §18.2.2.
pub fn answer_flow(request: &Request, flow: Flow) -> Flow {
    if flow.transport.is_reliable() {
        return flow;
    }
    let via = request.headers.text(&HeaderName::Via);
    let via = via.and_then(|text| Via::parse_list(&text).ok()?.into_iter().next());
    let address = via.and_then(|via| via.answer_address(flow.transport.default_port()));
    // An address other than where it came from would make us a means of flooding somebody.
    let peer = address.filter(|address| address.ip() == flow.peer.ip()).unwrap_or(flow.peer);
    Flow { peer, ..flow }
}

/// RFC 3261 §17.2.3; without a branch what RFC 2543 went by, the tag of `To` left out because the
/// ACK has one and the INVITE has not.
fn server_key(request: &Request, essentials: &Essentials, method: Method) -> Key {
    let sent_by = essentials.via.sent_by.to_string();
    if let Some(branch) = essentials.via.branch() {
        return Key::Server(branch.to_owned(), sent_by, method);
    }
    let tag = essentials.from.tag().unwrap_or_default();
    let number = essentials.cseq.number;
    let parts = format!("{}\n{tag}\n{}\n{number}", request.uri, essentials.call_id);
    Key::Server(parts, sent_by, method)
}
