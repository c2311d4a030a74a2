//! How a SIP message is read, as one JSON object for `rozmova inspect sip`.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::message::authorization::AuthFields;
use crate::message::fields::{self, CSeq, Contacts, MediaType, RAck, Replaces, SessionExpires};
use crate::message::parse::{Defect, Parsed, Refusal, parse};
use crate::message::scan::FieldError;
use crate::message::screening::screen;
use crate::message::{HeaderName, Headers, Message, NameAddr, Status, Uri, Via};

/// Everything that is read out of one message.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Whether it would be worked on.
    pub accepted: bool,
    /// Why not; `null` when accepted.
    pub refusal: Option<InspectedRefusal>,
    /// Its first line in parts; `null` when that cannot be read.
    pub start_line: Option<StartLine>,
    /// By name, in the long form: lists as arrays, a value that cannot be read as its text.
    pub headers: Map<String, Value>,
    /// Size of the body.
    pub body_bytes: usize,
    /// What was wrong and harmless.
    pub defects: Vec<Defect>,
}

/// Why a message is refused.
#[derive(Clone, Debug, Serialize)]
pub struct InspectedRefusal {
    /// How a request is answered; `null` for a response, which is dropped.
    pub status: Option<Status>,
    /// What is wrong.
    pub reason: String,
}

/// The first line.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StartLine {
    /// Of a request.
    Request {
        /// What is asked.
        method: String,
        /// Of whom.
        uri: Uri,
    },
    /// Of a response.
    Response {
        /// Its number.
        status: Status,
        /// Its phrase.
        reason: String,
    },
    /// Nothing but line ends.
    KeepAlive,
}

/// Reads bytes as the listeners do.
pub fn inspect(raw: &[u8]) -> Inspection {
    match parse(&Bytes::copy_from_slice(raw)) {
        Ok(Parsed::KeepAlive) => Inspection {
            accepted: true,
            refusal: None,
            start_line: Some(StartLine::KeepAlive),
            headers: Map::new(),
            body_bytes: 0,
            defects: Vec::new(),
        },
        Ok(Parsed::Message(message, defects)) => of_message(&message, defects),
        Err(refusal) => of_refusal(&refusal),
    }
}

fn of_message(message: &Message, defects: Vec<Defect>) -> Inspection {
    let (start_line, is_response) = match message {
        Message::Request(request) => {
            let method = request.method.to_string();
            (StartLine::Request { method, uri: request.uri.clone() }, false)
        }
        Message::Response(response) => {
            let reason = String::from_utf8_lossy(&response.reason).into_owned();
            (StartLine::Response { status: response.status, reason }, true)
        }
    };
    let refusal = screen(message).err().map(|screened| InspectedRefusal {
        status: (!is_response).then_some(screened.status),
        reason: screened.reason,
    });
    Inspection {
        accepted: refusal.is_none(),
        refusal,
        start_line: Some(start_line),
        headers: typed(message.headers()),
        body_bytes: message.body().len(),
        defects,
    }
}

fn of_refusal(refusal: &Refusal) -> Inspection {
    Inspection {
        accepted: false,
        refusal: Some(InspectedRefusal {
            status: (!refusal.is_response).then_some(refusal.status),
            reason: refusal.reason.to_owned(),
        }),
        start_line: None,
        headers: refusal.headers.as_ref().map(typed).unwrap_or_default(),
        body_bytes: 0,
        defects: Vec::new(),
    }
}

/// Every header by its long name.
fn typed(headers: &Headers) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, raw) in headers.iter() {
        let text = String::from_utf8_lossy(raw);
        let value = typed_value(name, &text).unwrap_or_else(|_| json!(text));
        match map.get_mut(name.as_str()) {
            Some(Value::Array(known)) => {
                if let Value::Array(more) = value {
                    known.extend(more);
                } else {
                    known.push(value);
                }
            }
            Some(known) => *known = json!([known.take(), value]),
            None => drop(map.insert(name.as_str().to_owned(), value)),
        }
    }
    map
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all other headers are text here")]
fn typed_value(name: &HeaderName, text: &str) -> Result<Value, FieldError> {
    Ok(match name {
        HeaderName::Via => json!(Via::parse_list(text)?),
        HeaderName::From
        | HeaderName::To
        | HeaderName::ReferTo
        | HeaderName::ReferredBy
        | HeaderName::RemotePartyId => json!(NameAddr::parse(text)?),
        HeaderName::Contact => json!(Contacts::parse(text)?),
        HeaderName::Route
        | HeaderName::RecordRoute
        | HeaderName::Path
        | HeaderName::ServiceRoute
        | HeaderName::Diversion
        | HeaderName::PAssertedIdentity
        | HeaderName::PPreferredIdentity => json!(NameAddr::parse_list(text)?),
        HeaderName::CSeq => json!(CSeq::parse(text)?),
        HeaderName::RAck => json!(RAck::parse(text)?),
        HeaderName::SessionExpires => json!(SessionExpires::parse(text)?),
        HeaderName::ContentType => json!(MediaType::parse(text)?),
        HeaderName::Replaces => json!(Replaces::parse(text)?),
        HeaderName::MaxForwards => json!(fields::max_forwards(text)?),
        HeaderName::ContentLength => json!(fields::whole(text)),
        HeaderName::Expires | HeaderName::MinExpires | HeaderName::MinSe => {
            json!(fields::delta_seconds(text)?)
        }
        HeaderName::Allow
        | HeaderName::Supported
        | HeaderName::Require
        | HeaderName::ProxyRequire
        | HeaderName::Unsupported => json!(fields::tokens(text)),
        HeaderName::Authorization
        | HeaderName::ProxyAuthorization
        | HeaderName::WwwAuthenticate
        | HeaderName::ProxyAuthenticate => json!(AuthFields::parse(text)?),
        _ => json!(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_says_what_was_read() {
        let raw = b"BYE sip:a@[::1] SIP/2.0\r\nv: SIP/2.0/TCP h;branch=z9hG4bK1\r\n\
            From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\ni: 7\r\nCSeq: 3 BYE\r\n\
            Contact: *\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n\r\nhi!";
        let object = json!(inspect(raw));
        assert_eq!(object["accepted"], json!(true));
        assert_eq!(object["refusal"], Value::Null);
        assert_eq!(object["start_line"]["method"], json!("BYE"));
        assert_eq!(object["start_line"]["uri"]["host"], json!("[::1]"));
        assert_eq!(object["headers"]["Via"][0]["transport"], json!("TCP"));
        assert_eq!(object["headers"]["From"]["parameters"]["tag"], json!("1"));
        assert_eq!(object["headers"]["CSeq"], json!({ "number": 3, "method": "BYE" }));
        assert_eq!(object["headers"]["Contact"], json!("*"));
        assert_eq!(object["headers"]["X-A"], json!(["1", "2"]));
        assert_eq!(object["body_bytes"], json!(2));
        assert_eq!(object["defects"], json!(["trailing_bytes"]));
    }

    #[test]
    fn a_refusal_names_the_status_of_the_answer_and_none_for_a_response() {
        let object = json!(inspect(b"OPTIONS sip:a SIP/7.0\r\nCSeq: x\r\n\r\n"));
        assert_eq!(object["accepted"], json!(false));
        assert_eq!(object["refusal"]["status"], json!(505));
        assert_eq!(object["headers"]["CSeq"], json!("x"));
        let object = json!(inspect(b"SIP/2.0 200 OK\r\n\r\n"));
        assert_eq!(object["refusal"]["status"], Value::Null);
        assert_eq!(json!(inspect(b"\r\n"))["start_line"]["type"], json!("keep_alive"));
    }
}
