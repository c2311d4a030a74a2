//! What we ask of others: calls to phones, and farewells.

use bytes::Bytes;
use channel_contract::base::Timestamp;

use super::incoming::{SDP, of_body};
use super::leg::{EndCause, Leg, LegId, LegTimer, State};
use super::{ALLOW, Event, MAX_LEGS, Purpose, SERVER, UserAgent};
use crate::dialog::{Dialog, MAX_FORWARDS};
use crate::message::essentials::Essentials;
use crate::message::{
    HeaderName, Headers, HostPort, Method, NameAddr, Request, Response, SipUri, Status, Uri,
};
use crate::sdp::negotiate::{self, Local};
use crate::transaction::{Failure, Flow, TransactionId};

/// Whom to call.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The user whose phone is rung.
    pub user: String,
    /// Who is shown as calling: the name.
    pub shown_name: String,
    /// And the number.
    pub shown_number: String,
}

/// Why a phone is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No phone of the user is registered.
    #[error("no phone of this user is registered")]
    NoPhone,
    /// The limit of calls is reached.
    #[error("too many calls at once")]
    Full,
}

impl UserAgent {
    /// Rings the phone of a user that registered last.
    pub fn call(
        &mut self,
        destination: &Destination,
        local: Local,
        now: Timestamp,
    ) -> Result<LegId, CallError> {
        if self.legs.len() >= MAX_LEGS {
            return Err(CallError::Full);
        }
        let phones = self.registrar.phones(&destination.user, now);
        let phone = phones.first().ok_or(CallError::NoPhone)?;
        let (uri, flow) = (phone.contact.uri.clone(), phone.flow);
        let request = self.invite(destination, uri, &local, flow);
        self.next_leg += 1;
        let id = LegId(self.next_leg);
        let transaction = self.transactions.send(request, flow, now);
        self.purposes.insert(transaction, Purpose::Invite(id));
        let leg = Leg {
            state: State::Calling { transaction, withdrawn: None },
            invite: None,
            flow,
            dialog: None,
            local: Some(local),
            remote: None,
            unconfirmed: None,
            alarms: Vec::new(),
        };
        self.legs.insert(id, leg);
        self.alarm(id, LegTimer::Ringing, now.plus_millis(self.settings.ring_limit_ms));
        self.work(now);
        Ok(id)
    }

    fn invite(&mut self, to: &Destination, uri: Uri, local: &Local, flow: Flow) -> Request {
        let domain = HostPort::parse(&self.settings.domain);
        let place = domain.unwrap_or_else(|_| self.settings.own.clone());
        let mut from = NameAddr::new(SipUri::new(Some(&to.shown_number), place.clone()));
        from.display_name.clone_from(&to.shown_name);
        let to = NameAddr::new(SipUri::new(Some(&to.user), place));
        let mut headers = Headers::default();
        headers.push(HeaderName::Via, self.via(flow.transport).to_string());
        headers.push(HeaderName::MaxForwards, MAX_FORWARDS);
        headers.push(HeaderName::From, from.with_tag(&self.words.word()).to_string());
        headers.push(HeaderName::To, to.to_string());
        headers.push(HeaderName::CallId, self.words.word());
        headers.push(HeaderName::CSeq, "1 INVITE");
        headers.push(HeaderName::Contact, self.contact(flow.transport));
        headers.push(HeaderName::Allow, ALLOW);
        headers.push(HeaderName::UserAgent, SERVER);
        headers.push(HeaderName::ContentType, SDP);
        let body = Bytes::from(local.offer().to_string());
        Request { method: Method::Invite, uri, headers, body }
    }

    /// An answer to a request of ours.
    pub(super) fn answered(
        &mut self,
        id: TransactionId,
        response: &Response,
        essentials: &Essentials,
        now: Timestamp,
    ) {
        let Some(Purpose::Invite(leg)) = self.purposes.get(&id).copied() else {
            if !response.status.is_provisional() {
                self.purposes.remove(&id);
            }
            return;
        };
        if response.status.is_provisional() {
            self.rings(leg, id, response, now);
        } else if response.status.is_success() {
            self.accepted(leg, response, essentials, now);
        } else {
            self.purposes.remove(&id);
            self.end_calling(leg, EndCause::Refused(response.status));
        }
    }

    fn rings(
        &mut self,
        id: LegId,
        transaction: TransactionId,
        response: &Response,
        now: Timestamp,
    ) {
        match self.legs.get(&id).map(|leg| &leg.state) {
            // It could not be withdrawn before it was heard. RFC 3261 §9.1.
            Some(State::Calling { withdrawn: Some(_), .. }) | None => {
                self.transactions.cancel(transaction, now);
            }
            Some(State::Calling { .. }) if response.status.code() >= 180 => {
                self.events.push_back(Event::Ringing { leg: id });
            }
            Some(State::Calling { .. } | State::Offered { .. } | State::Established) => {}
        }
    }

    /// Each 2xx is confirmed; all but the first, and one that crossed our CANCEL, are ended at
    /// once. RFC 3261 §13.2.2.4, §9.1.
    fn accepted(
        &mut self,
        id: LegId,
        response: &Response,
        essentials: &Essentials,
        now: Timestamp,
    ) {
        let known = self.legs.get(&id).map(|leg| leg.flow);
        let Some(flow) = known.or_else(|| self.unwanted_flow(essentials, now)) else { return };
        let Ok(dialog) = Dialog::of_client(response, essentials) else {
            // Without a contact it can neither be confirmed nor ended.
            self.end(id, EndCause::Unreachable);
            return;
        };
        let via = self.via(flow.transport);
        let ack = dialog.ack(essentials.cseq.number, &via);
        self.transactions.send_alone(&ack, flow);
        let Some(leg) = self.legs.get(&id) else {
            self.say_bye(dialog, flow, now);
            return;
        };
        match leg.state {
            State::Calling { withdrawn: None, .. } => self.establish(id, dialog, response, now),
            State::Calling { withdrawn: Some(cause), .. } => {
                self.say_bye(dialog, flow, now);
                self.end(id, cause);
            }
            State::Offered { .. } | State::Established => {
                // The same answer again means that our ACK was lost; another is another phone.
                let is_same = leg.dialog.as_ref().is_some_and(|known| known.id == dialog.id);
                if !is_same {
                    self.say_bye(dialog, flow, now);
                }
            }
        }
    }

    fn establish(&mut self, id: LegId, dialog: Dialog, response: &Response, now: Timestamp) {
        let answer = of_body(&response.headers, &response.body).ok().flatten();
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let agreed = match (&leg.local, &answer) {
            (Some(local), Some(answer)) => negotiate::read_answer(local, answer).ok(),
            (None, _) | (_, None) => None,
        };
        self.dialogs.insert(dialog.id.clone(), id);
        leg.dialog = Some(dialog);
        leg.remote = answer;
        leg.state = State::Established;
        self.silence(id, LegTimer::Ringing);
        match agreed {
            Some(agreed) => self.events.push_back(Event::Established { leg: id, agreed }),
            None => self.hang_up_with(id, EndCause::NoAgreement, now),
        }
    }

    /// Over which flow the phone that answered too late is reached.
    fn unwanted_flow(&self, essentials: &Essentials, now: Timestamp) -> Option<Flow> {
        let user = essentials.to.uri.user()?;
        self.registrar.phones(&user, now).first().map(|phone| phone.flow)
    }

    fn say_bye(&mut self, mut dialog: Dialog, flow: Flow, now: Timestamp) {
        let via = self.via(flow.transport);
        let bye = dialog.request(Method::Bye, &via);
        let transaction = self.transactions.send(bye, flow, now);
        self.purposes.insert(transaction, Purpose::Farewell);
    }

    /// A request of ours gets no answer any more.
    pub(super) fn failed(&mut self, id: TransactionId, failure: Failure) {
        let cause = match failure {
            Failure::TimedOut => EndCause::NoAnswer,
            Failure::Transport => EndCause::Unreachable,
        };
        if let Some(Purpose::Invite(leg)) = self.purposes.remove(&id) {
            self.end_calling(leg, cause);
        }
    }

    /// Ends a leg that never was answered; one that we withdrew ends for the reason we had.
    fn end_calling(&mut self, id: LegId, cause: EndCause) {
        if let Some(State::Calling { withdrawn, .. }) = self.legs.get(&id).map(|leg| &leg.state) {
            let cause = withdrawn.unwrap_or(cause);
            self.end(id, cause);
        }
    }

    /// See [`UserAgent::hang_up`].
    pub(super) fn hang_up_with(&mut self, id: LegId, cause: EndCause, now: Timestamp) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        match &mut leg.state {
            State::Offered { .. } => {
                let status = match cause {
                    EndCause::NoAnswer => Status::TEMPORARILY_UNAVAILABLE,
                    EndCause::ByThem
                    | EndCause::ByUs
                    | EndCause::Refused(_)
                    | EndCause::Unreachable
                    | EndCause::Unconfirmed
                    | EndCause::NoAgreement => Status::DECLINE,
                };
                self.refuse_leg(id, status, now);
                self.end(id, cause);
            }
            State::Calling { transaction, withdrawn } => {
                let transaction = *transaction;
                withdrawn.get_or_insert(cause);
                // Heard of: withdrawn now, over when the phone confirms it. Not heard of: as soon
                // as it is. In both cases the transaction ends it at the latest.
                self.transactions.cancel(transaction, now);
                self.silence(id, LegTimer::Ringing);
            }
            State::Established => {
                let (dialog, flow) = (leg.dialog.clone(), leg.flow);
                if let Some(dialog) = dialog {
                    self.say_bye(dialog, flow, now);
                }
                self.end(id, cause);
            }
        }
    }
}
