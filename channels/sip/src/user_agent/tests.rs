//! Whole calls against a trunk and a phone that speak in plain text.

use super::*;
use crate::digest;
use crate::message::authorization::AuthFields;
use crate::message::essentials::essentials;
use crate::sdp::Direction;
use crate::sdp::negotiate::Local;

const START: Timestamp = Timestamp::from_seconds(1_000);
const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

/// The user agent, the time, and what it has said so far.
struct Scene {
    agent: UserAgent,
    now: Timestamp,
    sent: Vec<Message>,
    happened: Vec<Event>,
}

fn flow(peer: &str) -> Flow {
    let peer = peer.parse().expect("an address");
    Flow { transport: Transport::Udp, connection: 1, peer }
}

fn trunk() -> Flow {
    flow("192.0.2.1:5060")
}

fn phone() -> Flow {
    flow("192.0.2.50:5060")
}

fn local() -> Local {
    Local::g711("198.51.100.1:30000".parse().expect("an address"), 7)
}

impl Scene {
    fn new() -> Self {
        let settings = Settings {
            domain: "bank.example".to_owned(),
            own: HostPort::parse("198.51.100.1:5060").expect("a place"),
            trunks: vec!["192.0.2.1".parse().expect("an address")],
            ring_limit_ms: 60_000,
            wait_limit_ms: 600_000,
            key: [3; 32],
        };
        let secret = Secret::new("olena", "bank.example", "secret");
        let agent = UserAgent::new(settings, vec![secret]);
        Self { agent, now: START, sent: Vec::new(), happened: Vec::new() }
    }

    fn receive(&mut self, text: &str, flow: Flow) {
        self.agent.receive(&Bytes::copy_from_slice(text.as_bytes()), flow, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(event) = self.agent.poll_event() {
            if let Event::Transmit { bytes, .. } = event {
                match parse(&bytes).expect("what we send can be read") {
                    Parsed::Message(message, _) => self.sent.push(message),
                    Parsed::KeepAlive => panic!("only line ends"),
                }
            } else {
                self.happened.push(event);
            }
        }
    }

    /// Lets the time pass, time-out by time-out.
    fn wait(&mut self, ms: i64) {
        let end = self.now.plus_millis(ms);
        while let Some(at) = self.agent.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.agent.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    /// First words of what was sent since the last look.
    fn said(&mut self) -> Vec<String> {
        let word = |message: Message| match message {
            Message::Request(request) => request.method.to_string(),
            Message::Response(response) => {
                let cseq = response.headers.text(&HeaderName::CSeq).unwrap_or_default();
                let method = cseq.split(' ').nth(1).unwrap_or_default().to_owned();
                format!("{} {method}", response.status.code())
            }
        };
        self.sent.drain(..).map(word).collect()
    }

    fn last_sent(&self) -> &Message {
        self.sent.last().expect("something was sent")
    }

    fn ended(&self) -> Vec<EndCause> {
        let causes = self.happened.iter().filter_map(|event| {
            if let Event::Ended { cause, .. } = event { Some(*cause) } else { None }
        });
        causes.collect()
    }

    fn directions(&self) -> Vec<Direction> {
        let changes = self.happened.iter().filter_map(|event| {
            if let Event::MediaChanged { agreed, .. } = event {
                Some(agreed.direction)
            } else {
                None
            }
        });
        changes.collect()
    }

    /// A call comes in and is known.
    fn offered(&mut self) -> LegId {
        self.receive(&from_caller("INVITE", 1, "", "z9hG4bKi1", OFFER), trunk());
        let leg = self.happened.iter().find_map(|event| {
            if let Event::Offered(offered) = event { Some(offered.leg) } else { None }
        });
        leg.expect("offered")
    }

    /// A call comes in and is answered and confirmed; the caller's requests need our tag.
    fn established(&mut self) -> (LegId, String) {
        let leg = self.offered();
        self.agent.answer(leg, local(), self.now).expect("answered");
        self.drain();
        let tag = our_tag(self.last_sent());
        self.receive(&from_caller("ACK", 1, &tag, "z9hG4bKa1", ""), trunk());
        self.said();
        (leg, tag)
    }

    /// A phone of Olena's registers.
    fn register(&mut self) {
        let register = |cseq: u32, authorization: &str| {
            format!(
                "REGISTER sip:bank.example SIP/2.0\r\n\
                 Via: SIP/2.0/UDP 192.0.2.50:5060;branch=z9hG4bKr{cseq}\r\n\
                 From: <sip:olena@bank.example>;tag=1\r\nTo: <sip:olena@bank.example>\r\n\
                 Call-ID: r\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:olena@192.0.2.50>\r\n\
                 {authorization}\r\n"
            )
        };
        self.receive(&register(1, ""), phone());
        let Message::Response(challenged) = self.last_sent().clone() else { panic!("a request") };
        assert_eq!(challenged.status, Status::UNAUTHORIZED);
        let challenge = challenged.headers.text(&HeaderName::WwwAuthenticate).expect("there");
        let challenge = AuthFields::parse(&challenge).expect("a challenge");
        let text = register(2, "");
        let Ok(Parsed::Message(Message::Request(request), _)) = parse(&Bytes::from(text)) else {
            panic!("refused")
        };
        let value = digest::answer(&challenge, "olena", "secret", &request, "c").expect("known");
        self.receive(&register(2, &format!("Authorization: {value}\r\n")), phone());
        assert_eq!(self.said(), ["401 REGISTER", "200 REGISTER"]);
    }

    /// Olena's phone is rung; the INVITE that it got.
    fn rung(&mut self) -> (LegId, Request) {
        self.register();
        let destination = Destination {
            user: "olena".to_owned(),
            shown_name: "Client".to_owned(),
            shown_number: "+380441234567".to_owned(),
        };
        let leg = self.agent.call(&destination, local(), self.now).expect("a phone");
        self.drain();
        let Message::Request(invite) = self.last_sent().clone() else { panic!("a response") };
        self.said();
        (leg, invite)
    }

    /// The phone answers an INVITE.
    fn phone_says(&mut self, invite: &Request, code: u16, tag: &str, body: &str) {
        let mut response = Response::to(invite, Status::new(code).expect("a status"));
        let to = response.headers.text(&HeaderName::To).expect("there").into_owned();
        let to = NameAddr::parse(&to).expect("an address").with_tag(tag);
        response.headers.replace_first(&HeaderName::To, to.to_string());
        response.headers.push(HeaderName::Contact, "<sip:olena@192.0.2.50>");
        if !body.is_empty() {
            response.headers.push(HeaderName::ContentType, "application/sdp");
            response.body = Bytes::copy_from_slice(body.as_bytes());
        }
        let bytes = crate::message::write::write_response(&response);
        self.agent.receive(&bytes, phone(), self.now);
        self.drain();
    }

    fn phone_answers_ok(&mut self, request: &Request) {
        self.phone_says(request, 200, "", "");
    }

    /// Everything is over in the end, whatever happened.
    fn nothing_is_left(&mut self) {
        self.wait(200_000);
        assert!(self.agent.is_idle(), "{:?}", self.agent);
    }
}

/// A request of the caller; `tag` is ours, once there is one.
fn from_caller(method: &str, cseq: u32, tag: &str, branch: &str, body: &str) -> String {
    let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{method} sip:0800@198.51.100.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.1:5060;branch={branch}\r\n\
         From: \"Client\" <sip:+380441234567@192.0.2.1>;tag=theirs\r\n\
         To: <sip:0800@198.51.100.1>{tag}\r\nCall-ID: call1\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:192.0.2.1:5060>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn our_tag(message: &Message) -> String {
    let known = essentials(message).expect("complete");
    known.to.tag().expect("a tag of ours").to_owned()
}

// ── calls that come in ──

#[test]
fn a_call_rings_is_answered_confirmed_and_ended_by_the_caller() {
    let mut scene = Scene::new();
    let leg = scene.offered();
    scene.agent.ring(leg, scene.now);
    scene.drain();
    let agreed = scene.agent.answer(leg, local(), scene.now).expect("answered").expect("agreed");
    assert_eq!(agreed.remote, "192.0.2.1:4000".parse().ok());
    scene.drain();
    let tag = our_tag(scene.last_sent());
    assert_eq!(scene.said(), ["100 INVITE", "180 INVITE", "200 INVITE"]);
    scene.receive(&from_caller("ACK", 1, &tag, "z9hG4bKa1", ""), trunk());
    assert!(matches!(scene.happened.last(), Some(Event::Established { .. })));
    scene.receive(&from_caller("BYE", 2, &tag, "z9hG4bKb1", ""), trunk());
    assert_eq!(scene.said(), ["200 BYE"]);
    assert_eq!(scene.ended(), [EndCause::ByThem]);
    scene.nothing_is_left();
}

#[test]
fn the_number_that_the_network_vouches_for_counts_and_privacy_is_told() {
    let mut scene = Scene::new();
    let invite = from_caller("INVITE", 1, "", "z9hG4bKi1", OFFER).replace(
        "Content-Type",
        "P-Asserted-Identity: <tel:+380671112233>\r\nPrivacy: id\r\nContent-Type",
    );
    scene.receive(&invite, trunk());
    let Some(Event::Offered(offered)) = scene.happened.first() else { panic!("not offered") };
    assert_eq!(offered.from.uri.user().as_deref(), Some("+380671112233"));
    assert!(offered.is_withheld);
    assert_eq!(offered.external_id, "call1/theirs");
}

#[test]
fn a_caller_who_gives_up_is_told_so_and_gone() {
    let mut scene = Scene::new();
    let leg = scene.offered();
    scene.agent.ring(leg, scene.now);
    scene.drain();
    scene.said();
    scene.receive(&from_caller("CANCEL", 1, "", "z9hG4bKi1", ""), trunk());
    assert_eq!(scene.said(), ["200 CANCEL", "487 INVITE"]);
    assert_eq!(scene.ended(), [EndCause::ByThem]);
    assert!(scene.agent.answer(leg, local(), scene.now).is_err());
    scene.receive(&from_caller("ACK", 1, "", "z9hG4bKi1", ""), trunk());
    scene.nothing_is_left();
}

#[test]
fn a_withdrawal_that_crosses_our_answer_has_no_effect() {
    let mut scene = Scene::new();
    let leg = scene.offered();
    scene.agent.answer(leg, local(), scene.now).expect("answered");
    scene.drain();
    scene.said();
    scene.receive(&from_caller("CANCEL", 1, "", "z9hG4bKi1", ""), trunk());
    assert_eq!(scene.said(), ["481 CANCEL"]);
    assert_eq!(scene.ended(), []);
}

#[test]
fn an_answer_that_is_never_confirmed_is_repeated_and_the_call_ended() {
    let mut scene = Scene::new();
    let leg = scene.offered();
    scene.agent.answer(leg, local(), scene.now).expect("answered");
    scene.drain();
    scene.said();
    scene.wait(32_000);
    let said = scene.said();
    let repeated = said.iter().filter(|line| *line == "200 INVITE").count();
    // After 0.5, 1.5, 3.5, 7.5 s and then every 4 s. RFC 3261 §13.3.1.4.
    assert_eq!(repeated, 10, "{said:?}");
    assert_eq!(said.last().map(String::as_str), Some("BYE"));
    assert_eq!(scene.ended(), [EndCause::Unconfirmed]);
    scene.nothing_is_left();
}

#[test]
fn both_may_hang_up_at_once() {
    let mut scene = Scene::new();
    let (leg, tag) = scene.established();
    scene.agent.hang_up(leg, scene.now);
    scene.drain();
    assert_eq!(scene.said(), ["BYE"]);
    scene.receive(&from_caller("BYE", 2, &tag, "z9hG4bKb1", ""), trunk());
    assert_eq!(scene.said(), ["481 BYE"]);
    assert_eq!(scene.ended(), [EndCause::ByUs]);
    scene.nothing_is_left();
}

#[test]
fn hold_and_its_end_are_answered_and_told() {
    let mut scene = Scene::new();
    let (_, tag) = scene.established();
    let held = format!("{OFFER}a=sendonly\r\n");
    scene.receive(&from_caller("INVITE", 2, &tag, "z9hG4bKi2", &held), trunk());
    let Message::Response(response) = scene.last_sent() else { panic!("a request") };
    let answer = SessionDescription::parse(&response.body).expect("a description");
    assert_eq!((answer.version, answer.media[0].direction), (2, Some(Direction::ReceiveOnly)));
    scene.receive(&from_caller("ACK", 2, &tag, "z9hG4bKa2", ""), trunk());
    scene.receive(&from_caller("UPDATE", 3, &tag, "z9hG4bKu3", OFFER), trunk());
    assert_eq!(scene.said(), ["100 INVITE", "200 INVITE", "200 UPDATE"]);
    assert_eq!(scene.directions(), [Direction::ReceiveOnly, Direction::SendReceive]);
}

#[test]
fn a_change_that_we_cannot_follow_leaves_the_call_as_it_was() {
    let mut scene = Scene::new();
    let (_, tag) = scene.established();
    let video = OFFER.replace("RTP/AVP 8 0 101", "RTP/AVP 18");
    scene.receive(&from_caller("INVITE", 2, &tag, "z9hG4bKi2", &video), trunk());
    assert_eq!(scene.said(), ["100 INVITE", "488 INVITE"]);
    assert_eq!((scene.ended(), scene.agent.legs()), (vec![], 1));
}

#[test]
fn requests_out_of_order_and_a_second_change_before_the_first_is_confirmed_are_refused() {
    let mut scene = Scene::new();
    let (_, tag) = scene.established();
    scene.receive(&from_caller("INVITE", 5, &tag, "z9hG4bKi5", OFFER), trunk());
    scene.receive(&from_caller("INVITE", 6, &tag, "z9hG4bKi6", OFFER), trunk());
    scene.receive(&from_caller("OPTIONS", 4, &tag, "z9hG4bKo4", ""), trunk());
    let said = scene.said();
    assert_eq!(said, ["100 INVITE", "200 INVITE", "100 INVITE", "500 INVITE", "500 OPTIONS"]);
}

#[test]
fn who_offers_nothing_answers_our_offer_with_his_confirmation() {
    let mut scene = Scene::new();
    scene.receive(&from_caller("INVITE", 1, "", "z9hG4bKi1", ""), trunk());
    let leg = LegId(1);
    assert_eq!(scene.agent.answer(leg, local(), scene.now), Ok(None));
    scene.drain();
    let tag = our_tag(scene.last_sent());
    let answer = OFFER.replace("8 0 101", "0");
    scene.receive(&from_caller("ACK", 1, &tag, "z9hG4bKa1", &answer), trunk());
    let Some(Event::Established { agreed, .. }) = scene.happened.last() else { panic!("nothing") };
    assert_eq!(agreed.format.payload, 0);
}

#[test]
fn without_sound_in_common_the_call_is_refused() {
    let mut scene = Scene::new();
    let offer = OFFER.replace("RTP/AVP 8 0 101", "RTP/AVP 18");
    scene.receive(&from_caller("INVITE", 1, "", "z9hG4bKi1", &offer), trunk());
    let refused = scene.agent.answer(LegId(1), local(), scene.now);
    assert_eq!(refused, Err(incoming::AnswerError::NoAgreement));
    scene.drain();
    assert_eq!(scene.said(), ["100 INVITE", "488 INVITE"]);
    assert_eq!(scene.ended(), [EndCause::NoAgreement]);
}

#[test]
fn a_caller_is_not_kept_for_ever() {
    let mut scene = Scene::new();
    scene.offered();
    scene.said();
    scene.wait(600_000);
    assert_eq!(scene.said().first().map(String::as_str), Some("480 INVITE"));
    assert_eq!(scene.ended(), [EndCause::NoAnswer]);
    scene.nothing_is_left();
}

#[test]
fn strangers_get_no_answer_at_all() {
    let mut scene = Scene::new();
    let stranger = flow("203.0.113.66:5060");
    let broken = "INVITE x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nCSeq: 1 INVITE\r\n\r\n";
    for text in [
        from_caller("INVITE", 1, "", "z9hG4bK1", OFFER).as_str(),
        from_caller("OPTIONS", 1, "", "z9hG4bK2", "").as_str(),
        from_caller("BYE", 1, "unknown", "z9hG4bK3", "").as_str(),
        broken,
    ] {
        scene.receive(text, stranger);
    }
    assert!(scene.sent.is_empty() && scene.happened.is_empty());
    // A trunk that says the same is told what is wrong.
    scene.receive(broken, trunk());
    assert_eq!(scene.said(), ["400 INVITE"]);
}

#[test]
fn what_belongs_to_no_call_and_what_we_cannot_do_is_refused() {
    let mut scene = Scene::new();
    for (method, status) in
        [("BYE", "481 BYE"), ("SUBSCRIBE", "405 SUBSCRIBE"), ("JUMP", "405 JUMP")]
    {
        let text = from_caller(method, 1, "", &format!("z9hG4bK{method}"), "");
        scene.receive(&text, trunk());
        assert_eq!(scene.said(), [status]);
    }
    scene.receive(&from_caller("OPTIONS", 1, "", "z9hG4bKo", ""), trunk());
    assert_eq!(scene.said(), ["200 OPTIONS"]);
    scene.receive(&from_caller("BYE", 9, "none", "z9hG4bKx", ""), trunk());
    assert_eq!(scene.said(), ["481 BYE"]);
}

// ── phones ──

#[test]
fn a_phone_that_knows_its_password_registers_and_may_not_call_out_by_itself() {
    let mut scene = Scene::new();
    scene.register();
    assert_eq!(scene.agent.phones_of("olena", scene.now), 1);
    assert!(matches!(scene.happened.last(), Some(Event::Registered { phones: 1, .. })));
    scene.receive(&from_caller("INVITE", 1, "", "z9hG4bKi1", OFFER), phone());
    assert_eq!(scene.said(), ["100 INVITE", "403 INVITE"]);
    assert_eq!(scene.agent.phones_of("petro", scene.now), 0);
}

#[test]
fn a_phone_rings_answers_and_hangs_up() {
    let mut scene = Scene::new();
    let (leg, invite) = scene.rung();
    assert_eq!(invite.uri.to_string(), "sip:olena@192.0.2.50");
    scene.phone_says(&invite, 180, "p", "");
    assert!(matches!(scene.happened.last(), Some(Event::Ringing { .. })));
    scene.phone_says(&invite, 200, "p", OFFER);
    let Some(Event::Established { leg: answered, agreed }) = scene.happened.last() else {
        panic!("not established")
    };
    assert_eq!((*answered, agreed.remote), (leg, "192.0.2.1:4000".parse().ok()));
    // Our ACK was lost.
    scene.phone_says(&invite, 200, "p", OFFER);
    assert_eq!(scene.said(), ["ACK", "ACK"]);
    let known = essentials(&Message::Request(invite)).expect("complete");
    let (ours, call_id) = (known.from.tag().expect("a tag").to_owned(), known.call_id);
    let bye = format!(
        "BYE sip:rozmova@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.50;branch=z9hG4bKb\r\n\
         From: <sip:olena@bank.example>;tag=p\r\nTo: <sip:x@bank.example>;tag={ours}\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 BYE\r\n\r\n"
    );
    scene.receive(&bye, phone());
    assert_eq!(scene.said(), ["200 BYE"]);
    assert_eq!(scene.ended(), [EndCause::ByThem]);
    scene.nothing_is_left();
}

#[test]
fn a_phone_may_refuse() {
    let mut scene = Scene::new();
    let (_, invite) = scene.rung();
    scene.phone_says(&invite, 486, "p", "");
    assert_eq!(scene.said(), ["ACK"]);
    assert_eq!(scene.ended(), [EndCause::Refused(Status::BUSY_HERE)]);
    scene.nothing_is_left();
}

#[test]
fn a_phone_that_is_gone_is_told_by_the_time() {
    let mut scene = Scene::new();
    scene.rung();
    scene.wait(32_000);
    assert_eq!(scene.ended(), [EndCause::NoAnswer]);
    scene.nothing_is_left();
}

#[test]
fn a_phone_stops_ringing_when_the_call_is_withdrawn() {
    let mut scene = Scene::new();
    let (leg, invite) = scene.rung();
    scene.phone_says(&invite, 180, "p", "");
    scene.agent.hang_up(leg, scene.now);
    scene.drain();
    assert_eq!(scene.said(), ["CANCEL"]);
    scene.phone_says(&invite, 487, "p", "");
    assert_eq!(scene.said(), ["ACK"]);
    assert_eq!(scene.ended(), [EndCause::ByUs]);
    scene.nothing_is_left();
}

#[test]
fn a_call_withdrawn_before_it_rang_is_withdrawn_as_soon_as_it_rings() {
    let mut scene = Scene::new();
    let (leg, invite) = scene.rung();
    scene.agent.hang_up(leg, scene.now);
    scene.drain();
    assert_eq!(scene.said(), Vec::<String>::new());
    scene.phone_says(&invite, 180, "p", "");
    assert_eq!(scene.said(), ["CANCEL"]);
    scene.phone_says(&invite, 487, "p", "");
    assert_eq!(scene.ended(), [EndCause::ByUs]);
    scene.nothing_is_left();
}

#[test]
fn an_answer_that_crosses_our_withdrawal_is_confirmed_and_ended() {
    let mut scene = Scene::new();
    let (leg, invite) = scene.rung();
    scene.phone_says(&invite, 180, "p", "");
    scene.agent.hang_up(leg, scene.now);
    scene.drain();
    scene.said();
    scene.phone_says(&invite, 200, "p", OFFER);
    let Message::Request(bye) = scene.last_sent().clone() else { panic!("a response") };
    assert_eq!(scene.said(), ["ACK", "BYE"]);
    assert_eq!(scene.ended(), [EndCause::ByUs]);
    scene.phone_answers_ok(&bye);
    scene.nothing_is_left();
}

#[test]
fn of_several_phones_that_answer_the_first_wins_and_the_others_are_ended() {
    let mut scene = Scene::new();
    let (_, invite) = scene.rung();
    scene.phone_says(&invite, 200, "first", OFFER);
    assert_eq!(scene.said(), ["ACK"]);
    scene.phone_says(&invite, 200, "second", OFFER);
    let Message::Request(bye) = scene.last_sent().clone() else { panic!("a response") };
    let known = essentials(&Message::Request(bye)).expect("complete");
    assert_eq!(known.to.tag(), Some("second"));
    assert_eq!(scene.said(), ["ACK", "BYE"]);
    assert_eq!((scene.ended(), scene.agent.legs()), (vec![], 1));
}

#[test]
fn a_phone_that_rings_too_long_is_let_be() {
    let mut scene = Scene::new();
    let (_, invite) = scene.rung();
    scene.phone_says(&invite, 180, "p", "");
    scene.wait(60_000);
    assert_eq!(scene.said().first().map(String::as_str), Some("CANCEL"));
    // It says nothing any more: then the time ends it.
    scene.wait(40_000);
    assert_eq!(scene.ended(), [EndCause::NoAnswer]);
    scene.nothing_is_left();
}

#[test]
fn a_phone_that_answers_without_sound_is_hung_up() {
    let mut scene = Scene::new();
    let (_, invite) = scene.rung();
    scene.phone_says(&invite, 200, "p", "");
    assert_eq!(scene.said(), ["ACK", "BYE"]);
    assert_eq!(scene.ended(), [EndCause::NoAgreement]);
}
