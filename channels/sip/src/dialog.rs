//! What two ends of a call know of each other. RFC 3261 §12.
//!
//! Absent: what state the call is in, and where packets go: requests travel over the flow over
//! which the other end was last heard.

use bytes::Bytes;

use crate::message::essentials::Essentials;
use crate::message::fields::Contacts;
use crate::message::scan::FieldError;
use crate::message::{HeaderName, Headers, Method, NameAddr, Request, Response, Uri, Via};

/// Hops that a request of ours may take. RFC 3261 §8.1.1.6.
pub(crate) const MAX_FORWARDS: &str = "70";

/// By what messages find their dialog. RFC 3261 §12.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DialogId {
    /// Of both.
    pub call_id: String,
    /// Ours.
    pub local_tag: String,
    /// Theirs.
    pub remote_tag: String,
}

impl DialogId {
    /// Of a request that we got.
    pub fn of_request(essentials: &Essentials) -> Option<Self> {
        Some(Self {
            call_id: essentials.call_id.clone(),
            local_tag: essentials.to.tag()?.to_owned(),
            remote_tag: essentials.from.tag().unwrap_or_default().to_owned(),
        })
    }
}

/// One end's view of a dialog.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// Its name.
    pub id: DialogId,
    local: NameAddr,
    remote: NameAddr,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    remote_target: Uri,
    route_set: Vec<NameAddr>,
}

impl Dialog {
    /// By answering a request. RFC 3261 §12.1.1.
    pub fn of_server(
        request: &Request,
        essentials: &Essentials,
        local_tag: &str,
    ) -> Result<Self, FieldError> {
        let id = DialogId {
            call_id: essentials.call_id.clone(),
            local_tag: local_tag.to_owned(),
            remote_tag: essentials.from.tag().unwrap_or_default().to_owned(),
        };
        Ok(Self {
            id,
            local: essentials.to.clone().with_tag(local_tag),
            remote: essentials.from.clone(),
            local_cseq: 0,
            remote_cseq: Some(essentials.cseq.number),
            remote_target: contact(&request.headers)?,
            route_set: routes(&request.headers, &HeaderName::RecordRoute)?,
        })
    }

    /// By an answer to a request of ours. RFC 3261 §12.1.2.
    pub fn of_client(response: &Response, essentials: &Essentials) -> Result<Self, FieldError> {
        let mut route_set = routes(&response.headers, &HeaderName::RecordRoute)?;
        route_set.reverse();
        let id = DialogId {
            call_id: essentials.call_id.clone(),
            local_tag: essentials.from.tag().unwrap_or_default().to_owned(),
            remote_tag: essentials.to.tag().unwrap_or_default().to_owned(),
        };
        Ok(Self {
            id,
            local: essentials.from.clone(),
            remote: essentials.to.clone(),
            local_cseq: essentials.cseq.number,
            remote_cseq: None,
            remote_target: contact(&response.headers)?,
            route_set,
        })
    }

    /// Takes a request of the other end: whether it comes in order. RFC 3261 §12.2.2.
    pub fn receive(&mut self, request: &Request, essentials: &Essentials) -> bool {
        let number = essentials.cseq.number;
        // An ACK has the number of its INVITE.
        let is_old = self.remote_cseq.is_some_and(|last| number <= last);
        if is_old {
            return request.method == Method::Ack;
        }
        self.remote_cseq = Some(number);
        if matches!(request.method, Method::Invite | Method::Update)
            && let Ok(target) = contact(&request.headers)
        {
            self.remote_target = target;
        }
        true
    }

    /// Where the other end says it is now. RFC 3261 §12.2.1.2.
    pub fn refresh_target(&mut self, headers: &Headers) {
        if let Ok(target) = contact(headers) {
            self.remote_target = target;
        }
    }

    /// The next request of ours. RFC 3261 §12.2.1.1.
    pub fn request(&mut self, method: Method, via: &Via) -> Request {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.build(method, self.local_cseq, via)
    }

    /// The confirmation of a 2xx to the INVITE with that number. RFC 3261 §13.2.2.4.
    pub fn ack(&self, invite_cseq: u32, via: &Via) -> Request {
        self.build(Method::Ack, invite_cseq, via)
    }

    fn build(&self, method: Method, number: u32, via: &Via) -> Request {
        let mut headers = Headers::default();
        headers.push(HeaderName::Via, via.to_string());
        headers.push(HeaderName::MaxForwards, MAX_FORWARDS);
        for route in &self.route_set {
            headers.push(HeaderName::Route, route.to_string());
        }
        headers.push(HeaderName::From, self.local.to_string());
        headers.push(HeaderName::To, self.remote.to_string());
        headers.push(HeaderName::CallId, self.id.call_id.clone());
        headers.push(HeaderName::CSeq, format!("{number} {method}"));
        Request { method, uri: self.remote_target.clone(), headers, body: Bytes::new() }
    }
}

fn contact(headers: &Headers) -> Result<Uri, FieldError> {
    let none = FieldError("Contact is missing");
    let text = headers.text(&HeaderName::Contact).ok_or(none)?;
    match Contacts::parse(&text)? {
        Contacts::Some(list) => list.into_iter().next().map(|one| one.uri).ok_or(none),
        Contacts::All(_) => Err(none),
    }
}

fn routes(headers: &Headers, name: &HeaderName) -> Result<Vec<NameAddr>, FieldError> {
    let mut routes = Vec::new();
    for line in headers.texts(name) {
        routes.extend(NameAddr::parse_list(&line)?);
    }
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::essentials::essentials;
    use crate::message::parse::{Parsed, parse};
    use crate::message::{HostPort, Message};

    fn invite(cseq: u32) -> (Request, Essentials) {
        let text = format!(
            "INVITE sip:bank@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
             From: <sip:a@b>;tag=theirs\r\nTo: <sip:bank@h>\r\nCall-ID: 1\r\n\
             CSeq: {cseq} INVITE\r\nContact: <sip:a@192.0.2.9:5070>\r\n\
             Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n\r\n"
        );
        let Ok(Parsed::Message(message, _)) = parse(&Bytes::from(text)) else { panic!("refused") };
        let known = essentials(&message).expect("complete");
        let Message::Request(request) = message else { panic!("a response") };
        (request, known)
    }

    fn via() -> Via {
        Via::new("UDP", HostPort::parse("198.51.100.1").expect("a host"), "z9hG4bK2")
    }

    #[test]
    fn requests_of_the_one_who_answered_go_to_the_contact_along_the_route() {
        let (request, known) = invite(7);
        let mut dialog = Dialog::of_server(&request, &known, "ours").expect("a dialog");
        let bye = dialog.request(Method::Bye, &via());
        assert_eq!(bye.uri.to_string(), "sip:a@192.0.2.9:5070");
        let text = |name| bye.headers.texts(name).map(String::from).collect::<Vec<String>>();
        assert_eq!(text(&HeaderName::Route), ["<sip:p1;lr>", "<sip:p2;lr>"]);
        assert_eq!(text(&HeaderName::From), ["<sip:bank@h>;tag=ours"]);
        assert_eq!(text(&HeaderName::To), ["<sip:a@b>;tag=theirs"]);
        assert_eq!(text(&HeaderName::CSeq), ["1 BYE"]);
    }

    #[test]
    fn the_one_who_asked_takes_the_route_the_other_way_round() {
        let (request, _) = invite(7);
        let mut response = Response::to(&request, crate::message::Status::OK);
        response.headers.set(HeaderName::To, "<sip:bank@h>;tag=ours");
        response.headers.push(HeaderName::Contact, "<sip:bank@198.51.100.1>");
        let known = essentials(&Message::Response(response.clone())).expect("complete");
        let dialog = Dialog::of_client(&response, &known).expect("a dialog");
        let ack = dialog.ack(7, &via());
        assert_eq!(ack.uri.to_string(), "sip:bank@198.51.100.1");
        let routes: Vec<_> = ack.headers.texts(&HeaderName::Route).collect();
        assert_eq!(routes, ["<sip:p2;lr>", "<sip:p1;lr>"]);
        assert_eq!(ack.headers.text(&HeaderName::CSeq).as_deref(), Some("7 ACK"));
    }

    #[test]
    fn requests_out_of_order_are_told_and_a_new_contact_is_followed() {
        let (request, known) = invite(7);
        let mut dialog = Dialog::of_server(&request, &known, "ours").expect("a dialog");
        assert!(!dialog.receive(&request, &known), "the same number again");
        let (mut again, known) = invite(8);
        again.headers.set(HeaderName::Contact, "<sip:a@moved>");
        assert!(dialog.receive(&again, &known));
        assert_eq!(dialog.request(Method::Bye, &via()).uri.to_string(), "sip:a@moved");
    }

    #[test]
    fn without_a_contact_there_is_no_dialog() {
        let (mut request, known) = invite(7);
        request.headers.remove(&HeaderName::Contact);
        assert!(Dialog::of_server(&request, &known, "ours").is_err());
    }
}
