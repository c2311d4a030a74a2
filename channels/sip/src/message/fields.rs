//! The smaller headers: numbers, tokens, media types. RFC 3261 §20.

use serde::Serialize;

use super::parameters::Parameters;
use super::scan::{self, FieldError};
use super::{Method, NameAddr};

/// Largest number of a `CSeq`. RFC 3261 §8.1.1.5.
pub const MAX_CSEQ: u32 = 0x7fff_ffff;

/// `CSeq`: which request of a dialog it is. RFC 3261 §20.16.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CSeq {
    /// Counts within the dialog.
    pub number: u32,
    /// The method once more.
    pub method: Method,
}

impl CSeq {
    /// Takes `4711 INVITE`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let mut words = text.split_ascii_whitespace();
        let (Some(number), Some(method), None) = (words.next(), words.next(), words.next()) else {
            return Err(FieldError("CSeq is a number and a method"));
        };
        let number = whole(number).filter(|number| *number <= u64::from(MAX_CSEQ));
        let number = number.ok_or(FieldError("the number of CSeq is below 2147483648"))?;
        Ok(Self { number: number as u32, method: Method::parse(method)? })
    }
}

impl std::fmt::Display for CSeq {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.number, self.method)
    }
}

/// `RAck`: which provisional answer is confirmed. RFC 3262 §7.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RAck {
    /// The `RSeq` of the answer.
    pub response: u32,
    /// The `CSeq` of the request that was answered.
    pub request: CSeq,
}

impl RAck {
    /// Takes `776656 1 INVITE`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let wrong = FieldError("RAck is two numbers and a method");
        let (response, request) = scan::trim(text).split_once([' ', '\t']).ok_or(wrong)?;
        let response = whole(response).and_then(|number| u32::try_from(number).ok());
        Ok(Self { response: response.ok_or(wrong)?, request: CSeq::parse(request)? })
    }
}

/// `Session-Expires`: how long a call lasts without a sign of life. RFC 4028 §4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionExpires {
    /// Seconds.
    pub seconds: u32,
    /// Who refreshes it; `None` when that is still open.
    pub refresher: Option<Refresher>,
}

/// Who refreshes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Refresher {
    /// Who sent the request.
    Uac,
    /// Who answers it.
    Uas,
}

impl SessionExpires {
    /// Takes `1800;refresher=uac`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let (seconds, rest) = scan::cut(text, b';')?;
        let parameters = Parameters::parse_rest(rest)?;
        let refresher = match parameters.get("refresher") {
            Some(word) if word.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(word) if word.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            Some(_) => return Err(FieldError("the refresher is uac or uas")),
            None => None,
        };
        Ok(Self { seconds: delta_seconds(seconds)?, refresher })
    }
}

impl std::fmt::Display for SessionExpires {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.seconds)?;
        match self.refresher {
            Some(Refresher::Uac) => formatter.write_str(";refresher=uac"),
            Some(Refresher::Uas) => formatter.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

/// `Content-Type`. RFC 3261 §20.15.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaType {
    /// `application/sdp`, lower case.
    pub name: String,
    /// `boundary`, `charset`, …
    pub parameters: Parameters,
}

impl MediaType {
    /// Takes `type/subtype;parameters`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let (name, rest) = scan::cut(text, b';')?;
        let (kind, subtype) =
            name.split_once('/').ok_or(FieldError("a media type has two parts"))?;
        let (kind, subtype) = (scan::trim(kind), scan::trim(subtype));
        if !scan::is_token(kind) || !scan::is_token(subtype) {
            return Err(FieldError("a media type is two tokens"));
        }
        let name = format!("{kind}/{subtype}").to_ascii_lowercase();
        Ok(Self { name, parameters: Parameters::parse_rest(rest)? })
    }
}

/// `Replaces`: the call that this one takes over. RFC 3891 §3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replaces {
    /// Its `Call-ID`.
    pub call_id: String,
    /// Its `to-tag`.
    pub to_tag: String,
    /// Its `from-tag`.
    pub from_tag: String,
    /// Only while it is not answered.
    pub is_early_only: bool,
}

impl Replaces {
    /// Takes `call@host;to-tag=1;from-tag=2`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let (call_id, rest) = scan::cut(text, b';')?;
        let parameters = Parameters::parse_rest(rest)?;
        let tag = |name: &str| {
            let found = parameters.get(name).filter(|tag| !tag.is_empty());
            found.map(str::to_owned).ok_or(FieldError("Replaces names no tag"))
        };
        if call_id.is_empty() {
            return Err(FieldError("Replaces names no call"));
        }
        Ok(Self {
            call_id: call_id.to_owned(),
            to_tag: tag("to-tag")?,
            from_tag: tag("from-tag")?,
            is_early_only: parameters.has("early-only"),
        })
    }
}

/// Digits alone; what is too large for 64 bits is `None` like what is no number.
pub(crate) fn whole(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Seconds of `Expires` and its like; what is too large counts as the largest number that
/// RFC 3261 §20.19 knows.
pub(crate) fn delta_seconds(text: &str) -> Result<u32, FieldError> {
    let text = scan::trim(text);
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FieldError("a time is a whole number of seconds"));
    }
    Ok(whole(text).and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(u32::MAX))
}

/// `Max-Forwards`, 0 to 255. RFC 3261 §20.22.
pub(crate) fn max_forwards(text: &str) -> Result<u8, FieldError> {
    let number = whole(scan::trim(text)).and_then(|number| u8::try_from(number).ok());
    number.ok_or(FieldError("Max-Forwards is a number up to 255"))
}

/// Words of `Supported`, `Require`, `Allow`: empty lists are allowed, empty elements ignored.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    text.split(',').map(scan::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What a `Contact` header says. RFC 3261 §20.10.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Contacts {
    /// Addresses.
    Some(Vec<NameAddr>),
    /// `*`: all of them, to be removed.
    All(
        /// Always `*`.
        char,
    ),
}

impl Contacts {
    /// Takes one header line.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        if scan::trim(text) == "*" {
            return Ok(Self::All('*'));
        }
        NameAddr::parse_list(text).map(Self::Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_in_their_bounds() {
        assert_eq!(CSeq::parse("0009\t INVITE").expect("ok").to_string(), "9 INVITE");
        assert!(CSeq::parse("2147483647 INVITE").is_ok());
        for text in ["2147483648 INVITE", "36893488147419103232 X", "-1 X", "1", "1 X Y", "X 1"] {
            assert!(CSeq::parse(text).is_err(), "{text}");
        }
        assert_eq!(max_forwards("0068"), Ok(68));
        assert!(max_forwards("256").is_err() && max_forwards("-1").is_err());
        assert_eq!(delta_seconds("99999999999999999999"), Ok(u32::MAX));
        assert!(delta_seconds("1.5").is_err() && delta_seconds("").is_err());
    }

    #[test]
    fn composite_values_are_read() {
        let rack = RAck::parse("776656 1 INVITE").expect("ok");
        assert_eq!((rack.response, rack.request.number), (776_656, 1));
        let expires = SessionExpires::parse("1800 ; Refresher=UAS").expect("ok");
        assert_eq!(expires.to_string(), "1800;refresher=uas");
        assert!(SessionExpires::parse("1800;refresher=me").is_err());
        let media = MediaType::parse("Multipart/Mixed ; boundary=\"a;b\"").expect("ok");
        assert_eq!(
            (media.name.as_str(), media.parameters.get("boundary")),
            ("multipart/mixed", Some("a;b"))
        );
        let replaces = Replaces::parse("12@host;to-tag=a;from-tag=b;early-only").expect("ok");
        assert!(replaces.is_early_only);
        assert!(Replaces::parse("12@host;to-tag=a").is_err());
        assert_eq!(tokens(" 100rel, ,timer"), ["100rel", "timer"]);
        assert_eq!(Contacts::parse(" * "), Ok(Contacts::All('*')));
    }
}
