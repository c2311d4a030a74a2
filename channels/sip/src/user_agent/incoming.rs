//! What others ask of us: calls, changes of calls, farewells.

use bytes::Bytes;
use channel_contract::base::Timestamp;

use super::leg::{EndCause, Leg, LegId, LegTimer, State, Unconfirmed};
use super::{ALLOW, Event, MAX_LEGS, Offered, SERVER, UserAgent};
use crate::dialog::{Dialog, DialogId};
use crate::message::essentials::Essentials;
use crate::message::{HeaderName, Method, NameAddr, Request, Response, Status};
use crate::message::{fields, multipart};
use crate::sdp::SessionDescription;
use crate::sdp::negotiate::{self, Agreed, Local};
use crate::transaction::{Flow, Timing, TransactionId};

/// The media type of descriptions.
pub(super) const SDP: &str = "application/sdp";

/// A request that wants an answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: TransactionId,
    pub(super) request: Request,
    pub(super) essentials: Box<Essentials>,
    pub(super) flow: Flow,
}

/// Why a call cannot be answered any more, or not in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It is over, or was answered before.
    #[error("the call cannot be answered any more")]
    TooLate,
    /// There is no sound in common; it has been refused with 488.
    #[error("the caller offers no sound that we take")]
    NoAgreement,
}

impl UserAgent {
    pub(super) fn asked(&mut self, asked: Asked, cancels: Option<TransactionId>, now: Timestamp) {
        if asked.request.method == Method::Cancel {
            self.cancelled(&asked, cancels, now);
            return;
        }
        if let Some(dialog) = DialogId::of_request(&asked.essentials) {
            match self.dialogs.get(&dialog).copied() {
                Some(leg) => self.asked_within(leg, &asked, now),
                None => self.respond(asked.id, &asked.request, Status::NO_SUCH_CALL, now),
            }
            return;
        }
        match asked.request.method {
            Method::Register => self.register(&asked, now),
            Method::Invite => self.offered(asked, now),
            Method::Options => self.respond(asked.id, &asked.request, Status::OK, now),
            Method::Bye | Method::Update => {
                self.respond(asked.id, &asked.request, Status::NO_SUCH_CALL, now);
            }
            Method::Ack
            | Method::Cancel
            | Method::Prack
            | Method::Info
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other(_) => {
                self.respond(asked.id, &asked.request, Status::METHOD_NOT_ALLOWED, now);
            }
        }
    }

    /// RFC 3261 §9.2. A CANCEL that comes after the answer has no effect.
    fn cancelled(&mut self, asked: &Asked, cancels: Option<TransactionId>, now: Timestamp) {
        let Some(invite) = cancels else {
            self.respond(asked.id, &asked.request, Status::NO_SUCH_CALL, now);
            return;
        };
        self.respond(asked.id, &asked.request, Status::OK, now);
        let Some(&leg) = self.invites.get(&invite) else { return };
        self.refuse_leg(leg, Status::REQUEST_TERMINATED, now);
        self.end(leg, EndCause::ByThem);
    }

    /// A new call. RFC 3261 §13.3.
    fn offered(&mut self, asked: Asked, now: Timestamp) {
        let Asked { id, request, essentials, flow } = asked;
        // A phone of an agent calls nobody by itself: calls out belong to a contact.
        if !self.settings.trunks.contains(&flow.peer.ip()) {
            self.respond(id, &request, Status::FORBIDDEN, now);
            return;
        }
        if self.legs.len() >= MAX_LEGS {
            let mut response = Response::to(&request, Status::SERVICE_UNAVAILABLE);
            self.tag(&mut response);
            response.headers.push(HeaderName::RetryAfter, "5");
            self.transactions.respond(id, &response, now);
            return;
        }
        let Ok(offer) = description(&request) else {
            return self.respond(id, &request, Status::BAD_REQUEST, now);
        };
        let tag = self.words.word();
        let Ok(dialog) = Dialog::of_server(&request, &essentials, &tag) else {
            return self.respond(id, &request, Status::BAD_REQUEST, now);
        };
        let (from, is_withheld) = caller(&request, &essentials);
        let external_id = format!("{}/{}", dialog.id.call_id, dialog.id.remote_tag);
        let to = request.uri.clone();
        self.next_leg += 1;
        let leg = LegId(self.next_leg);
        self.dialogs.insert(dialog.id.clone(), leg);
        self.invites.insert(id, leg);
        let state = State::Offered { transaction: id, request: Box::new(request) };
        let remote = offer.clone();
        let (dialog, alarms) = (Some(dialog), Vec::new());
        let (invite, local, unconfirmed) = (Some(id), None, None);
        let new = Leg { state, invite, flow, dialog, local, remote, unconfirmed, alarms };
        self.legs.insert(leg, new);
        self.alarm(leg, LegTimer::Ringing, now.plus_millis(self.settings.wait_limit_ms));
        let offered = Offered { leg, external_id, from, is_withheld, to, offer };
        self.events.push_back(Event::Offered(Box::new(offered)));
    }

    /// Lets the caller hear that it rings.
    pub fn ring(&mut self, id: LegId, now: Timestamp) {
        let Some(State::Offered { transaction, request }) =
            self.legs.get(&id).map(|leg| &leg.state)
        else {
            return;
        };
        let (transaction, request) = (*transaction, request.clone());
        let response = self.response_within(id, &request, Status::RINGING);
        self.transactions.respond(transaction, &response, now);
        self.work(now);
    }

    /// Refuses a call that was not answered.
    pub fn reject(&mut self, id: LegId, status: Status, now: Timestamp) {
        if self.refuse_leg(id, status, now) {
            self.end(id, EndCause::ByUs);
        }
        self.work(now);
    }

    /// Whether there was something to refuse.
    pub(super) fn refuse_leg(&mut self, id: LegId, status: Status, now: Timestamp) -> bool {
        let Some(State::Offered { transaction, request }) =
            self.legs.get(&id).map(|leg| &leg.state)
        else {
            return false;
        };
        let (transaction, request) = (*transaction, request.clone());
        let response = self.response_within(id, &request, status);
        self.transactions.respond(transaction, &response, now);
        true
    }

    /// Answers a call with our side of the sound. What was agreed on; `None` when the caller says
    /// his side with his confirmation ([`Event::Established`] tells).
    pub fn answer(
        &mut self,
        id: LegId,
        local: Local,
        now: Timestamp,
    ) -> Result<Option<Agreed>, AnswerError> {
        let leg = self.legs.get(&id).ok_or(AnswerError::TooLate)?;
        let State::Offered { transaction, request } = &leg.state else {
            return Err(AnswerError::TooLate);
        };
        let (transaction, request) = (*transaction, request.clone());
        let (description, agreed) =
            match leg.remote.as_ref().map(|it| negotiate::answer(it, &local)) {
                None => (local.offer(), None),
                Some(Ok((description, agreed))) => (description, Some(agreed)),
                Some(Err(_)) => {
                    self.refuse_leg(id, Status::NOT_ACCEPTABLE_HERE, now);
                    self.end(id, EndCause::NoAgreement);
                    self.work(now);
                    return Err(AnswerError::NoAgreement);
                }
            };
        let mut response = self.response_within(id, &request, Status::OK);
        with_description(&mut response, &description);
        self.silence(id, LegTimer::Ringing);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.state = State::Established;
            leg.local = Some(local);
        }
        let cseq =
            fields::CSeq::parse(&request.headers.text(&HeaderName::CSeq).unwrap_or_default());
        let cseq = cseq.map_or(0, |cseq| cseq.number);
        let pause_ms = Timing::default().t1_ms;
        let sent = Unconfirmed { transaction, response, cseq, pause_ms, is_first: true };
        self.accept(id, sent, now);
        self.work(now);
        Ok(agreed)
    }

    /// Sends a 2xx and goes on sending it until it is confirmed. RFC 3261 §13.3.1.4: whatever the
    /// transport.
    fn accept(&mut self, id: LegId, sent: Unconfirmed, now: Timestamp) {
        let timing = Timing::default();
        self.transactions.respond(sent.transaction, &sent.response, now);
        let pause_ms = sent.pause_ms;
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.unconfirmed = Some(sent);
        }
        self.alarm(id, LegTimer::RepeatAnswer, now.plus_millis(pause_ms));
        self.alarm(id, LegTimer::Confirmation, now.plus_millis(timing.timeout_ms()));
    }

    pub(super) fn repeat_answer(&mut self, id: LegId, now: Timestamp) {
        let Some(unconfirmed) = self.legs.get_mut(&id).and_then(|leg| leg.unconfirmed.as_mut())
        else {
            return;
        };
        unconfirmed.pause_ms = (unconfirmed.pause_ms * 2).min(Timing::default().t2_ms);
        let at = now.plus_millis(unconfirmed.pause_ms);
        self.transactions.respond(unconfirmed.transaction, &unconfirmed.response, now);
        self.alarm(id, LegTimer::RepeatAnswer, at);
    }

    /// Our 2xx is confirmed.
    pub(super) fn acknowledged(
        &mut self,
        request: &Request,
        essentials: &Essentials,
        now: Timestamp,
    ) {
        let dialog = DialogId::of_request(essentials);
        let Some(&id) = dialog.and_then(|dialog| self.dialogs.get(&dialog)) else { return };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let is_it = |unconfirmed: &mut Unconfirmed| unconfirmed.cseq == essentials.cseq.number;
        let Some(confirmed) = leg.unconfirmed.take_if(is_it) else { return };
        // Who offered nothing answers our offer now.
        let is_answer = leg.remote.is_none();
        if is_answer {
            leg.remote = description(request).ok().flatten();
        }
        let agreed = match (&leg.local, &leg.remote) {
            (Some(local), Some(remote)) => negotiate::read_answer(local, remote)
                .or_else(|_| negotiate::answer(remote, local).map(|(_, agreed)| agreed)),
            (None, _) | (_, None) => Err(negotiate::Disagreement::NoAudio),
        };
        self.silence(id, LegTimer::RepeatAnswer);
        self.silence(id, LegTimer::Confirmation);
        match agreed {
            Ok(agreed) if confirmed.is_first => {
                self.events.push_back(Event::Established { leg: id, agreed });
            }
            Ok(agreed) if is_answer => {
                self.events.push_back(Event::MediaChanged { leg: id, agreed });
            }
            Ok(_) => {}
            Err(_) => self.hang_up_with(id, EndCause::NoAgreement, now),
        }
    }

    /// A request within a call. RFC 3261 §12.2.2.
    fn asked_within(&mut self, id: LegId, asked: &Asked, now: Timestamp) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let in_order =
            leg.dialog.as_mut().is_some_and(|it| it.receive(&asked.request, &asked.essentials));
        if !in_order {
            self.respond(asked.id, &asked.request, Status::SERVER_ERROR, now);
            return;
        }
        // Whoever moves (another network, another port) is followed.
        leg.flow = asked.flow;
        match asked.request.method {
            Method::Bye => {
                self.respond(asked.id, &asked.request, Status::OK, now);
                // A caller may hang up in this way before he is answered. RFC 3261 §15.
                self.refuse_leg(id, Status::REQUEST_TERMINATED, now);
                self.end(id, EndCause::ByThem);
            }
            Method::Invite | Method::Update => self.changed(id, asked, now),
            Method::Options => self.respond(asked.id, &asked.request, Status::OK, now),
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Prack
            | Method::Info
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other(_) => {
                self.respond(asked.id, &asked.request, Status::METHOD_NOT_ALLOWED, now);
            }
        }
    }

    /// re-INVITE and UPDATE: hold, another port, or nothing but a sign of life. RFC 3261 §14.2,
    /// RFC 3311 §5.2.
    fn changed(&mut self, id: LegId, asked: &Asked, now: Timestamp) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let is_invite = asked.request.method == Method::Invite;
        // One exchange at a time. RFC 3261 §14.2.
        let is_busy = leg.unconfirmed.is_some() || !matches!(leg.state, State::Established);
        if is_busy && (is_invite || !asked.request.body.is_empty()) {
            let mut response = self.response_within(id, &asked.request, Status::SERVER_ERROR);
            response.headers.push(HeaderName::RetryAfter, "1");
            self.transactions.respond(asked.id, &response, now);
            return;
        }
        let Ok(offer) = description(&asked.request) else {
            self.respond(asked.id, &asked.request, Status::BAD_REQUEST, now);
            return;
        };
        let (Some(local), true) = (leg.local.as_mut(), is_invite || offer.is_some()) else {
            // Nothing is to change: a sign of life.
            self.respond(asked.id, &asked.request, Status::OK, now);
            return;
        };
        let is_changed = offer.as_ref() != leg.remote.as_ref();
        local.version += u64::from(is_changed);
        let (description, agreed) = match offer.as_ref().map(|it| negotiate::answer(it, local)) {
            None => (local.offer(), None),
            Some(Ok((description, agreed))) => (description, Some(agreed)),
            Some(Err(_)) => {
                // The call goes on as it was. RFC 3261 §14.1.
                self.respond(asked.id, &asked.request, Status::NOT_ACCEPTABLE_HERE, now);
                return;
            }
        };
        leg.remote = offer;
        let mut response = self.response_within(id, &asked.request, Status::OK);
        with_description(&mut response, &description);
        if is_invite {
            let (transaction, cseq) = (asked.id, asked.essentials.cseq.number);
            let pause_ms = Timing::default().t1_ms;
            let sent = Unconfirmed { transaction, response, cseq, pause_ms, is_first: false };
            self.accept(id, sent, now);
        } else {
            self.transactions.respond(asked.id, &response, now);
        }
        if let Some(agreed) = agreed {
            self.events.push_back(Event::MediaChanged { leg: id, agreed });
        }
    }

    /// An answer with our tag and contact.
    fn response_within(&mut self, id: LegId, request: &Request, status: Status) -> Response {
        let mut response = Response::to(request, status);
        let leg = self.legs.get(&id);
        let tag = leg.and_then(|leg| leg.dialog.as_ref()).map(|it| it.id.local_tag.clone());
        let to = response.headers.text(&HeaderName::To).unwrap_or_default().into_owned();
        if let (Some(tag), Ok(to)) = (tag, NameAddr::parse(&to))
            && to.tag().is_none()
        {
            response.headers.replace_first(&HeaderName::To, to.with_tag(&tag).to_string());
        }
        if let Some(transport) = leg.map(|leg| leg.flow.transport) {
            response.headers.push(HeaderName::Contact, self.contact(transport));
        }
        response.headers.push(HeaderName::Allow, ALLOW);
        response.headers.push(HeaderName::Server, SERVER);
        response
    }
}

/// The description in a body; `None` when there is no body.
pub(super) fn description(request: &Request) -> Result<Option<SessionDescription>, ()> {
    of_body(&request.headers, &request.body)
}

/// As [`description`], of either kind of message.
pub(super) fn of_body(
    headers: &crate::message::Headers,
    body: &Bytes,
) -> Result<Option<SessionDescription>, ()> {
    match multipart::part(headers, body, SDP) {
        Some(part) => SessionDescription::parse(&part).map(Some).map_err(drop),
        None => Ok(None),
    }
}

pub(super) fn with_description(response: &mut Response, description: &SessionDescription) {
    response.headers.push(HeaderName::ContentType, SDP);
    response.body = Bytes::from(description.to_string());
}

/// Who calls, and whether he wants to be shown. RFC 3325 §9.1, RFC 3323 §4.2.
fn caller(request: &Request, essentials: &Essentials) -> (NameAddr, bool) {
    let asserted = request
        .headers
        .texts(&HeaderName::PAssertedIdentity)
        .filter_map(|line| NameAddr::parse_list(&line).ok())
        .flatten()
        .find(|one| one.uri.user().is_some());
    let privacy = request.headers.text(&HeaderName::Privacy).unwrap_or_default();
    let is_private = privacy.split(';').any(|word| {
        let word = word.trim().to_ascii_lowercase();
        matches!(word.as_str(), "id" | "user" | "header")
    });
    let is_anonymous = |one: &NameAddr| {
        one.uri.as_sip().is_some_and(|uri| {
            let host = uri.place.host.to_string();
            host == "anonymous.invalid" || uri.user.as_deref() == Some("anonymous")
        })
    };
    let from = asserted.unwrap_or_else(|| essentials.from.clone());
    let is_withheld = is_private || is_anonymous(&from);
    (from, is_withheld)
}
