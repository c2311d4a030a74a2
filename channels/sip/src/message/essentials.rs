//! Headers without which no message can be worked with, read and checked. RFC 3261 §8.1.1.

use super::fields::{self, CSeq};
use super::header::{HeaderName, Headers};
use super::scan::FieldError;
use super::{Message, Method, NameAddr, Via};

/// Hops a request may still take when it does not say. RFC 3261 §16.3 step 3.
const DEFAULT_MAX_FORWARDS: u8 = 70;
/// Hops of one message; a call has crossed three or four.
const MAX_VIAS: usize = 70;
/// A `Call-ID` is a word; longer ones only fill tables.
const MAX_CALL_ID_BYTES: usize = 512;
/// A tag likewise; RFC 4475 §3.1.1.7 has one of 300 bytes.
const MAX_TAG_BYTES: usize = 512;

/// What every request and response has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Essentials {
    /// The topmost hop.
    pub via: Via,
    /// How many hops there are.
    pub vias: usize,
    /// Who asks.
    pub from: NameAddr,
    /// Who is asked.
    pub to: NameAddr,
    /// Which call.
    pub call_id: String,
    /// Which request.
    pub cseq: CSeq,
    /// How many hops are left.
    pub max_forwards: u8,
}

/// Reads them. The error says what is wrong, for the reason of a 400.
pub fn essentials(message: &Message) -> Result<Essentials, FieldError> {
    let headers = message.headers();
    for (name, _) in headers.iter() {
        if name.is_single() && headers.count(name) > 1 {
            return Err(repeated(name));
        }
    }
    let (via, vias) = top_via(headers)?;
    let from = NameAddr::parse(&text(headers, &HeaderName::From, "From is missing")?)?;
    let to = NameAddr::parse(&text(headers, &HeaderName::To, "To is missing")?)?;
    if [&from, &to].iter().any(|end| end.tag().is_some_and(|tag| tag.len() > MAX_TAG_BYTES)) {
        return Err(FieldError("a tag is too long"));
    }
    let call_id = text(headers, &HeaderName::CallId, "Call-ID is missing")?;
    if call_id.is_empty() || call_id.len() > MAX_CALL_ID_BYTES || call_id.contains([' ', '\t']) {
        return Err(FieldError("Call-ID is not one word of at most 512 bytes"));
    }
    let cseq = CSeq::parse(&text(headers, &HeaderName::CSeq, "CSeq is missing")?)?;
    let max_forwards = headers
        .text(&HeaderName::MaxForwards)
        .map_or(Ok(DEFAULT_MAX_FORWARDS), |value| fields::max_forwards(&value))?;
    if let Message::Request(request) = message
        && request.method != cseq.method
    {
        return Err(FieldError("the method and that of CSeq differ"));
    }
    Ok(Essentials { via, vias, from, to, call_id, cseq, max_forwards })
}

fn text(headers: &Headers, name: &HeaderName, missing: &'static str) -> Result<String, FieldError> {
    headers.text(name).map(std::borrow::Cow::into_owned).ok_or(FieldError(missing))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others share one sentence")]
const fn repeated(name: &HeaderName) -> FieldError {
    FieldError(match name {
        HeaderName::CallId => "Call-ID stands there more than once",
        HeaderName::CSeq => "CSeq stands there more than once",
        HeaderName::From => "From stands there more than once",
        HeaderName::To => "To stands there more than once",
        HeaderName::MaxForwards => "Max-Forwards stands there more than once",
        _ => "a header stands there more than once",
    })
}

fn top_via(headers: &Headers) -> Result<(Via, usize), FieldError> {
    let mut top = None;
    let mut count = 0;
    for line in headers.texts(&HeaderName::Via) {
        let hops = Via::parse_list(&line)?;
        count += hops.len();
        top = top.or_else(|| hops.into_iter().next());
    }
    if count > MAX_VIAS {
        return Err(FieldError("too many hops"));
    }
    top.map(|via| (via, count)).ok_or(FieldError("Via is missing"))
}

impl Essentials {
    /// Whether the request belongs to a dialog: both ends have their tags.
    pub fn is_within_dialog(&self) -> bool {
        self.to.tag().is_some()
    }

    /// The method of the request, for requests and for their answers.
    pub const fn method(&self) -> &Method {
        &self.cseq.method
    }
}
