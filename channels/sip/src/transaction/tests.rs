//! Each timer by name, and whole exchanges over a network that loses, doubles and reorders.

use std::collections::BTreeMap;

use bytes::Bytes;
use channel_contract::base::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::message::essentials::essentials;
use crate::message::parse::{Parsed, parse};
use crate::message::{HeaderName, Message, Method, Request, Response, Status};

const START: Timestamp = Timestamp::from_seconds(1_000);

fn flow(transport: Transport) -> Flow {
    let peer = "192.0.2.9:5060".parse().expect("an address");
    Flow { transport, connection: 1, peer }
}

fn request(method: &Method, branch: &str) -> Request {
    let text = format!(
        "{method} sip:bank@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch={branch}\r\n\
         From: <sip:a@b>;tag=1\r\nTo: <sip:bank@b>\r\nCall-ID: 1\r\nCSeq: 1 {method}\r\n\r\n"
    );
    match read(&Bytes::from(text)) {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a response"),
    }
}

fn read(bytes: &Bytes) -> Message {
    match parse(bytes).expect("a message") {
        Parsed::Message(message, _) => message,
        Parsed::KeepAlive => panic!("only line ends"),
    }
}

fn receive(layer: &mut Transactions, bytes: &Bytes, flow: Flow, now: Timestamp) {
    let message = read(bytes);
    let known = essentials(&message).expect("complete");
    match message {
        Message::Request(request) => layer.receive_request(request, Box::new(known), flow, now),
        Message::Response(response) => layer.receive_response(response, &known, now),
    }
}

fn layer() -> Transactions {
    Transactions::new(Timing::default(), 100)
}

/// First lines of what is sent at which time, in ms after [`START`], until nothing more comes.
fn timeline(layer: &mut Transactions, from: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    let mut now = from;
    loop {
        while let Some(event) = layer.poll_event() {
            let at = now.millis_since(START);
            match event {
                Event::Transmit { bytes, .. } => {
                    let text = String::from_utf8_lossy(&bytes);
                    let first = text.lines().next().unwrap_or_default();
                    let word = first.trim_start_matches("SIP/2.0 ").split(' ').next();
                    lines.push(format!("{at} {}", word.unwrap_or_default()));
                }
                Event::Failed { failure, .. } => lines.push(format!("{at} {failure:?}")),
                Event::Finished { .. } => {}
                Event::Unconfirmed { .. } => lines.push(format!("{at} unconfirmed")),
                Event::Response { response, .. } => {
                    lines.push(format!("{at} got {}", response.status.code()));
                }
                Event::Request { request, .. } => {
                    lines.push(format!("{at} got {}", request.method));
                }
                Event::Ack { .. } => lines.push(format!("{at} got ACK")),
            }
        }
        let Some(at) = layer.next_timeout() else { return lines };
        now = at;
        layer.handle_timeout(now);
    }
}

#[test]
fn an_invite_is_repeated_ever_more_rarely_and_given_up_after_32_seconds() {
    let mut sender = layer();
    sender.send(request(&Method::Invite, "z9hG4bK1"), flow(Transport::Udp), START);
    let sent: Vec<String> = [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]
        .iter()
        .map(|at| format!("{at} INVITE"))
        .chain(["32000 TimedOut".to_owned()])
        .collect();
    assert_eq!(timeline(&mut sender, START), sent);
    assert!(sender.is_empty());
}

#[test]
fn over_a_stream_nothing_is_repeated() {
    for method in [Method::Invite, Method::Options] {
        let mut sender = layer();
        sender.send(request(&method, "z9hG4bK1"), flow(Transport::Tcp), START);
        let sent = [format!("0 {method}"), "32000 TimedOut".to_owned()];
        assert_eq!(timeline(&mut sender, START), sent);
    }
}

#[test]
fn other_requests_are_repeated_every_four_seconds_at_the_longest() {
    let mut sender = layer();
    sender.send(request(&Method::Bye, "z9hG4bK1"), flow(Transport::Udp), START);
    let lines = timeline(&mut sender, START);
    let pauses = [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    let sent: Vec<String> = pauses.iter().map(|at| format!("{at} BYE")).collect();
    assert_eq!(lines[..lines.len() - 1], sent);
    assert_eq!(lines.last().map(String::as_str), Some("32000 TimedOut"));
}

fn answer(to: &Request, code: u16) -> Bytes {
    let status = Status::new(code).expect("a status");
    crate::message::write::write_response(&Response::to(to, status))
}

#[test]
fn a_refusal_is_confirmed_each_time_and_given_to_the_user_once() {
    let mut sender = layer();
    let invite = request(&Method::Invite, "z9hG4bK1");
    sender.send(invite.clone(), flow(Transport::Udp), START);
    for _ in 0..3 {
        receive(&mut sender, &answer(&invite, 486), flow(Transport::Udp), START);
    }
    let lines = timeline(&mut sender, START);
    assert_eq!(lines, ["0 INVITE", "0 ACK", "0 got 486", "0 ACK", "0 ACK"]);
    assert!(sender.is_empty());
}

#[test]
fn every_2xx_goes_to_the_user_because_each_may_be_another_phone() {
    let mut sender = layer();
    let invite = request(&Method::Invite, "z9hG4bK1");
    sender.send(invite.clone(), flow(Transport::Udp), START);
    for code in [180, 200, 200, 486] {
        receive(&mut sender, &answer(&invite, code), flow(Transport::Udp), START);
    }
    let lines = timeline(&mut sender, START);
    assert_eq!(lines, ["0 INVITE", "0 got 180", "0 got 200", "0 got 200"]);
}

#[test]
fn a_request_that_comes_again_gets_the_same_answer_and_reaches_the_user_once() {
    let mut answerer = layer();
    let options = crate::message::write::write_request(&request(&Method::Options, "z9hG4bK1"));
    receive(&mut answerer, &options, flow(Transport::Udp), START);
    let Some(Event::Request { id, request, .. }) = answerer.poll_event() else { panic!("nothing") };
    receive(&mut answerer, &options, flow(Transport::Udp), START);
    assert_eq!(answerer.poll_event(), None, "no answer is known yet");
    answerer.respond(id, &Response::to(&request, Status::OK), START);
    answerer.respond(id, &Response::to(&request, Status::DECLINE), START);
    receive(&mut answerer, &options, flow(Transport::Udp), START);
    assert_eq!(timeline(&mut answerer, START), ["0 200", "0 200"]);
}

#[test]
fn a_refusal_of_ours_is_repeated_until_it_is_confirmed() {
    let mut answerer = layer();
    let invite = crate::message::write::write_request(&request(&Method::Invite, "z9hG4bK1"));
    receive(&mut answerer, &invite, flow(Transport::Udp), START);
    let mut id = None;
    while let Some(event) = answerer.poll_event() {
        if let Event::Request { id: new, request, .. } = event {
            id = Some((new, request));
        }
    }
    let (id, asked) = id.expect("the INVITE");
    answerer.respond(id, &Response::to(&asked, Status::BUSY_HERE), START);
    let later = START.plus_millis(1_600);
    answerer.handle_timeout(later);
    let ack = crate::message::write::write_request(&request(&Method::Ack, "z9hG4bK1"));
    receive(&mut answerer, &ack, flow(Transport::Udp), later);
    let lines = timeline(&mut answerer, later);
    // At once, and by what was due meanwhile: after 0.5 s and 1.5 s.
    assert_eq!(lines, ["1600 486", "1600 486", "1600 486"]);
    assert!(answerer.is_empty());
}

#[test]
fn a_withdrawal_finds_its_invite_while_that_is_open() {
    let mut answerer = layer();
    let bytes =
        |method: &Method| crate::message::write::write_request(&request(method, "z9hG4bK1"));
    receive(&mut answerer, &bytes(&Method::Invite), flow(Transport::Udp), START);
    receive(&mut answerer, &bytes(&Method::Cancel), flow(Transport::Udp), START);
    let mut invite = None;
    while let Some(event) = answerer.poll_event() {
        if let Event::Request { id, request, cancels, .. } = event {
            if request.method == Method::Invite {
                invite = Some(id);
            } else {
                assert_eq!((request.method, cancels), (Method::Cancel, invite));
            }
        }
    }
    assert!(invite.is_some());
}

#[test]
fn we_withdraw_only_what_has_been_heard_and_not_answered() {
    let mut sender = layer();
    let invite = request(&Method::Invite, "z9hG4bK1");
    let id = sender.send(invite.clone(), flow(Transport::Udp), START);
    assert_eq!(sender.cancel(id, START), None);
    receive(&mut sender, &answer(&invite, 180), flow(Transport::Udp), START);
    assert!(sender.cancel(id, START).is_some());
    receive(&mut sender, &answer(&invite, 200), flow(Transport::Udp), START);
    assert_eq!(sender.cancel(id, START), None);
}

#[test]
fn beyond_the_limit_503_is_said_without_keeping_anything() {
    let mut answerer = Transactions::new(Timing::default(), 1);
    for branch in ["z9hG4bK1", "z9hG4bK2"] {
        let options = crate::message::write::write_request(&request(&Method::Options, branch));
        receive(&mut answerer, &options, flow(Transport::Udp), START);
    }
    assert!(matches!(answerer.poll_event(), Some(Event::Request { .. })));
    let Some(Event::Transmit { bytes, .. }) = answerer.poll_event() else { panic!("nothing") };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.starts_with("SIP/2.0 503 ") && text.contains("Retry-After: 5"), "{text}");
    assert_eq!(answerer.len(), 1);
}

#[test]
fn a_lost_connection_fails_what_went_over_it() {
    let mut sender = layer();
    sender.send(request(&Method::Invite, "z9hG4bK1"), flow(Transport::Tcp), START);
    sender.send(request(&Method::Options, "z9hG4bK2"), flow(Transport::Udp), START);
    sender.connection_lost(1);
    let failed = std::iter::from_fn(|| sender.poll_event())
        .filter(|event| matches!(event, Event::Failed { failure: Failure::Transport, .. }));
    assert_eq!(failed.count(), 1);
    assert_eq!(sender.len(), 1);
}

#[test]
fn answers_never_go_to_a_third_party() {
    let mut invite = request(&Method::Invite, "z9hG4bK1");
    let via = "SIP/2.0/UDP 198.51.100.1:7000;branch=z9hG4bK1";
    invite.headers.set(HeaderName::Via, via);
    let source = flow(Transport::Udp);
    let known = essentials(&Message::Request(invite.clone())).expect("complete");
    layer::note_source(&mut invite, &known, source);
    let answered = layer::answer_flow(&invite, source);
    // The port that was named, at the address that was seen. RFC 3261 §18.2.2.
    assert_eq!(answered.peer.to_string(), "192.0.2.9:7000");
}

// ── a network that loses, doubles and reorders ──

/// Chance by seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

struct Network {
    chance: Chance,
    loss_percent: u64,
    under_way: BTreeMap<(Timestamp, u64), (bool, Bytes)>,
    count: u64,
}

impl Network {
    fn send(&mut self, to_answerer: bool, bytes: &Bytes, now: Timestamp) {
        let copies = if self.chance.below(10) == 0 { 2 } else { 1 };
        for _ in 0..copies {
            if self.chance.below(100) < self.loss_percent {
                continue;
            }
            self.count += 1;
            let at = now.plus_millis(1 + self.chance.below(900) as i64);
            self.under_way.insert((at, self.count), (to_answerer, bytes.clone()));
        }
    }
}

#[derive(Default)]
struct Seen {
    requests: u32,
    finals: u32,
    failures: u32,
}

/// One exchange between two layers.
struct Exchange {
    network: Network,
    sender: Transactions,
    answerer: Transactions,
    /// Who accepts an INVITE says so again until it is confirmed. RFC 3261 §13.3.1.4.
    accepted: Option<(TransactionId, Response, Timestamp)>,
    method: Method,
    status: Status,
    seen: Seen,
}

impl Exchange {
    fn drain_sender(&mut self, now: Timestamp) {
        while let Some(event) = self.sender.poll_event() {
            match event {
                Event::Transmit { bytes, .. } => self.network.send(true, &bytes, now),
                Event::Response { response, .. } if !response.status.is_provisional() => {
                    self.seen.finals += 1;
                    if self.method == Method::Invite && response.status.is_success() {
                        let ack = request(&Method::Ack, "z9hG4bKack");
                        self.sender.send_alone(&ack, flow(Transport::Udp));
                    }
                }
                Event::Failed { .. } => self.seen.failures += 1,
                Event::Request { .. }
                | Event::Ack { .. }
                | Event::Response { .. }
                | Event::Finished { .. }
                | Event::Unconfirmed { .. } => {}
            }
        }
    }

    fn drain_answerer(&mut self, now: Timestamp) {
        while let Some(event) = self.answerer.poll_event() {
            match event {
                Event::Transmit { bytes, .. } => self.network.send(false, &bytes, now),
                Event::Request { id, request, .. } => {
                    self.seen.requests += 1;
                    let response = Response::to(&request, self.status);
                    self.answerer.respond(id, &response, now);
                    if self.method == Method::Invite && self.status.is_success() {
                        self.accepted = Some((id, response, now.plus_millis(500)));
                    }
                }
                Event::Ack { .. } => self.accepted = None,
                Event::Response { .. }
                | Event::Failed { .. }
                | Event::Finished { .. }
                | Event::Unconfirmed { .. } => {}
            }
        }
    }

    fn next(&self) -> Option<Timestamp> {
        let times = [
            self.sender.next_timeout(),
            self.answerer.next_timeout(),
            self.network.under_way.keys().next().map(|(at, _)| *at),
            self.accepted.as_ref().map(|(.., at)| *at),
        ];
        times.into_iter().flatten().min()
    }

    fn advance(&mut self, now: Timestamp) {
        while let Some(entry) = self.network.under_way.first_entry()
            && entry.key().0 <= now
        {
            let (to_answerer, bytes) = entry.remove();
            let layer = if to_answerer { &mut self.answerer } else { &mut self.sender };
            receive(layer, &bytes, flow(Transport::Udp), now);
        }
        self.sender.handle_timeout(now);
        self.answerer.handle_timeout(now);
        if let Some((id, response, at)) = &mut self.accepted
            && *at <= now
        {
            self.answerer.respond(*id, response, now);
            *at = at.plus_millis(500);
        }
        self.accepted.take_if(|(.., at)| at.millis_since(START) >= 100_000);
    }
}

/// Plays one exchange to its end; what the users at both ends saw.
fn play(seed: u64, method: Method, code: u16, loss_percent: u64) -> Seen {
    let chance = Chance(seed | 1);
    let network = Network { chance, loss_percent, under_way: BTreeMap::new(), count: 0 };
    let mut exchange = Exchange {
        network,
        sender: layer(),
        answerer: layer(),
        accepted: None,
        status: Status::new(code).expect("a status"),
        method,
        seen: Seen::default(),
    };
    let mut now = START;
    let asked = request(&exchange.method, "z9hG4bK1");
    exchange.sender.send(asked, flow(Transport::Udp), now);
    for _ in 0..10_000 {
        exchange.drain_sender(now);
        exchange.drain_answerer(now);
        let Some(at) = exchange.next() else { break };
        assert!(at >= now, "time runs forward");
        now = at;
        exchange.advance(now);
    }
    let is_over = exchange.sender.is_empty() && exchange.answerer.is_empty();
    assert!(is_over, "something stays for ever, seed {seed}");
    assert!(now.millis_since(START) < 200_000, "it took too long, seed {seed}");
    exchange.seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn an_exchange_is_seen_once_at_each_end_and_leaves_nothing_behind(
        seed in any::<u64>(),
        code in prop_oneof![Just(200_u16), Just(404), Just(603)],
        is_invite in any::<bool>(),
        loss_percent in 0_u64..40,
    ) {
        let method = if is_invite { Method::Invite } else { Method::Register };
        let seen = play(seed, method, code, loss_percent);
        let is_success = is_invite && code == 200;
        prop_assert_eq!(seen.requests, u32::from(seen.requests > 0));
        if is_success {
            // Each copy of a 2xx may be another phone.
            prop_assert!((seen.finals > 0) != (seen.failures > 0));
        } else {
            prop_assert_eq!(seen.finals + seen.failures, 1);
        }
        if seen.finals > 0 {
            prop_assert_eq!(seen.requests, 1);
        }
        if loss_percent == 0 {
            prop_assert_eq!(seen.failures, 0);
        }
    }
}
