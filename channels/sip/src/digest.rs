//! Digest authentication. RFC 7616, RFC 8760; as RFC 3261 §22 uses it.
//!
//! 1. A nonce is a time and a signature over it: nothing is kept until somebody has proved to know
//!    a password. What is kept then is how far he has counted (`nc`), so that no proof works twice.
//! 2. A wrong user and a wrong password take the same way and the same time.
//! 3. Passwords are not here: only HA1 by algorithm ([`Secret`]), made once.
//!
//! Absent: who may do what; that is for whoever asks.

use std::collections::BTreeMap;

use channel_contract::base::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use sha2::Sha256;

use crate::message::authorization::AuthFields;
use crate::message::{HeaderName, Method, Request};

/// How long a nonce is good. Then the phone is told `stale` and goes on by itself.
const NONCE_LIFE_MS: i64 = 5 * 60_000;
/// Nonces whose counting is remembered: each lives five minutes and belongs to a known user.
const MAX_COUNTED_NONCES: usize = 50_000;
/// Bytes of the signature within a nonce.
const SIGNATURE_BYTES: usize = 16;

/// By which function is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// RFC 8760 §2.
    Sha256,
    /// For phones that know nothing else. RFC 3261 §22.4.
    Md5,
}

impl Algorithm {
    /// Strongest first: the order of the challenges. RFC 8760 §2.4.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Md5];

    /// As in `algorithm=`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    /// The hash in hexadecimal.
    fn hash(self, text: &[u8]) -> String {
        match self {
            Self::Sha256 => hex(&Sha256::digest(text)),
            Self::Md5 => hex(&Md5::digest(text)),
        }
    }
}

/// Algorithm and `-sess` as `algorithm=` names them; `None` for what is not known here.
fn algorithm(text: &str) -> Option<(Algorithm, bool)> {
    let upper = text.to_ascii_uppercase();
    let (name, is_session) =
        upper.strip_suffix("-SESS").map_or((upper.as_str(), false), |name| (name, true));
    let found = Algorithm::ALL.into_iter().find(|known| known.as_str() == name);
    found.map(|algorithm| (algorithm, is_session))
}

/// What a password became: HA1 for each algorithm. RFC 7616 §3.4.2.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Who signs in with it.
    pub user: String,
    realm: String,
    ha1: [String; 2],
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Secret").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Secret {
    /// From a password, which may then be forgotten.
    pub fn new(user: &str, realm: &str, password: &str) -> Self {
        let text = format!("{user}:{realm}:{password}");
        let ha1 = Algorithm::ALL.map(|algorithm| algorithm.hash(text.as_bytes()));
        Self { user: user.to_owned(), realm: realm.to_owned(), ha1 }
    }

    fn ha1(&self, algorithm: Algorithm) -> &str {
        match algorithm {
            Algorithm::Sha256 => &self.ha1[0],
            Algorithm::Md5 => &self.ha1[1],
        }
    }
}

/// What is asked of a password in one proof.
struct Question<'a> {
    algorithm: Algorithm,
    is_session: bool,
    method: &'a Method,
    uri: &'a str,
    nonce: &'a str,
    cnonce: &'a str,
    nc: &'a str,
    qop: Option<&'a str>,
    body: &'a [u8],
}

/// The proof. RFC 7616 §3.4.1; without `qop` as RFC 2069 had it.
fn response(ha1: &str, question: &Question<'_>) -> String {
    let algorithm = question.algorithm;
    let (nonce, cnonce) = (question.nonce, question.cnonce);
    let ha1 = if question.is_session {
        algorithm.hash(format!("{ha1}:{nonce}:{cnonce}").as_bytes())
    } else {
        ha1.to_owned()
    };
    let (method, uri) = (question.method, question.uri);
    let ha2 = if question.qop == Some("auth-int") {
        let body = algorithm.hash(question.body);
        algorithm.hash(format!("{method}:{uri}:{body}").as_bytes())
    } else {
        algorithm.hash(format!("{method}:{uri}").as_bytes())
    };
    let text = match question.qop {
        Some(qop) => format!("{ha1}:{nonce}:{}:{cnonce}:{qop}:{ha2}", question.nc),
        None => format!("{ha1}:{nonce}:{ha2}"),
    };
    algorithm.hash(text.as_bytes())
}

/// What became of a request for which a proof is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This user knows his password.
    Proved(String),
    /// Ask again: nothing was offered, or the nonce is too old.
    Challenge {
        /// The password was right and only the nonce is too old: the phone need not ask anybody.
        is_stale: bool,
    },
    /// The proof is wrong, or the user is not known: both look the same outside.
    Wrong,
    /// What was offered cannot be read: 400.
    Unreadable,
}

/// Makes challenges and judges proofs.
pub struct Verifier {
    realm: String,
    key: [u8; 32],
    /// Whoever is not known is compared with this.
    nobody: Secret,
    /// How far users have counted with which nonce, with the end of its life.
    counted: BTreeMap<String, (u32, Timestamp)>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Verifier").field("realm", &self.realm).finish_non_exhaustive()
    }
}

impl Verifier {
    /// `key` is chance, made anew at each start: old nonces are then stale.
    pub fn new(realm: &str, key: [u8; 32]) -> Self {
        let nobody = Secret::new("", realm, &hex(&key));
        Self { realm: realm.to_owned(), key, nobody, counted: BTreeMap::new() }
    }

    /// Values for `WWW-Authenticate`, strongest first.
    pub fn challenges(&self, is_stale: bool, now: Timestamp) -> Vec<String> {
        let nonce = self.nonce(now);
        let stale = if is_stale { ", stale=true" } else { "" };
        let of = |algorithm: Algorithm| {
            format!(
                "Digest realm=\"{}\", nonce=\"{nonce}\", algorithm={}, qop=\"auth,auth-int\"{stale}",
                self.realm,
                algorithm.as_str(),
            )
        };
        Algorithm::ALL.into_iter().map(of).collect()
    }

    /// The time in hexadecimal and a signature over it.
    fn nonce(&self, at: Timestamp) -> String {
        let time = format!("{:016x}", at.as_micros());
        let signature = self.sign(&time);
        format!("{time}{signature}")
    }

    fn sign(&self, text: &str) -> String {
        // A key of any length is taken, so the error cannot arise; then nothing would verify.
        Hmac::<Sha256>::new_from_slice(&self.key).map_or_else(
            |_| String::new(),
            |mut mac| {
                mac.update(text.as_bytes());
                hex(&mac.finalize().into_bytes()[..SIGNATURE_BYTES])
            },
        )
    }

    /// When a nonce of ours was made; `None` when it is none of ours.
    fn made_at(&self, nonce: &str) -> Option<Timestamp> {
        let (time, signature) = nonce.split_at_checked(16)?;
        if signature.is_empty() || !is_same(signature, &self.sign(time)) {
            return None;
        }
        i64::from_str_radix(time, 16).ok().map(Timestamp)
    }

    /// Judges a request. `secret` finds what is known of a user.
    pub fn verify(
        &mut self,
        request: &Request,
        header: &HeaderName,
        secret: impl Fn(&str) -> Option<Secret>,
        now: Timestamp,
    ) -> Verdict {
        let mut verdict = Verdict::Challenge { is_stale: false };
        for line in request.headers.texts(header) {
            let Ok(fields) = AuthFields::parse(&line) else { return Verdict::Unreadable };
            let is_ours = fields.is_digest() && fields.get("realm") == Some(&self.realm);
            // There may be proofs for proxies on the way.
            if is_ours {
                verdict = self.judge(request, &fields, &secret, now);
                break;
            }
        }
        verdict
    }

    fn judge(
        &mut self,
        request: &Request,
        fields: &AuthFields,
        secret: &impl Fn(&str) -> Option<Secret>,
        now: Timestamp,
    ) -> Verdict {
        let (Some(user), Some(nonce), Some(uri), Some(proof)) = (
            fields.get("username"),
            fields.get("nonce"),
            fields.get("uri"),
            fields.get("response"),
        ) else {
            return Verdict::Unreadable;
        };
        // RFC 7616 §3.3: without a word it is MD5.
        let Some((algorithm, is_session)) = algorithm(fields.get("algorithm").unwrap_or("MD5"))
        else {
            return Verdict::Challenge { is_stale: false };
        };
        let (nc, cnonce) = (fields.get("nc").unwrap_or(""), fields.get("cnonce").unwrap_or(""));
        let qop = match fields.get("qop").map(str::to_ascii_lowercase) {
            None => None,
            Some(word) if word == "auth" => Some("auth"),
            Some(word) if word == "auth-int" => Some("auth-int"),
            Some(_) => return Verdict::Unreadable,
        };
        let known = secret(user);
        let is_known = known.as_ref().is_some_and(|known| known.realm == self.realm);
        let compared = known.as_ref().filter(|_| is_known).unwrap_or(&self.nobody);
        let body = &request.body[..];
        let question = Question {
            algorithm,
            is_session,
            method: &request.method,
            uri,
            nonce,
            cnonce,
            nc,
            qop,
            body,
        };
        let is_right = is_same(&response(compared.ha1(algorithm), &question), proof);
        let made_at = self.made_at(nonce);
        // The order must not tell whether the user exists: everything has been computed by now.
        let Some(made_at) = made_at else { return Verdict::Challenge { is_stale: false } };
        if !(is_right && is_known) {
            return Verdict::Wrong;
        }
        if now.millis_since(made_at) > NONCE_LIFE_MS {
            return Verdict::Challenge { is_stale: true };
        }
        if !self.count(nonce, nc, qop.is_some(), made_at, now) {
            return Verdict::Challenge { is_stale: true };
        }
        Verdict::Proved(user.to_owned())
    }

    /// Whether the count went up; a proof that was seen before is worth nothing. RFC 7616 §3.3.
    fn count(
        &mut self,
        nonce: &str,
        nc: &str,
        has_qop: bool,
        made_at: Timestamp,
        now: Timestamp,
    ) -> bool {
        // Eight hexadecimal digits. Without qop there is no count: the nonce is good once.
        let count = if has_qop { u32::from_str_radix(nc, 16).unwrap_or(0) } else { u32::MAX };
        let last = self.counted.get(nonce).map_or(0, |(last, _)| *last);
        if count <= last {
            return false;
        }
        if self.counted.len() >= MAX_COUNTED_NONCES {
            self.counted.retain(|_, (_, until)| *until > now);
        }
        if self.counted.len() >= MAX_COUNTED_NONCES && last == 0 {
            return false;
        }
        let until = made_at.plus_millis(NONCE_LIFE_MS);
        self.counted.insert(nonce.to_owned(), (count, until));
        true
    }
}

/// The answer to a challenge: the value of `Authorization`, or `None` when no algorithm of the
/// challenge is known. `cnonce` is chance; each nonce is used once, so the count is 1.
pub fn answer(
    challenge: &AuthFields,
    user: &str,
    password: &str,
    request: &Request,
    cnonce: &str,
) -> Option<String> {
    let realm = challenge.get("realm")?;
    let nonce = challenge.get("nonce")?;
    let named = challenge.get("algorithm").unwrap_or("MD5");
    let (algorithm, is_session) = algorithm(named).filter(|_| challenge.is_digest())?;
    let offered = challenge.get("qop").unwrap_or_default().to_ascii_lowercase();
    let offers = |word: &str| offered.split(',').any(|offer| offer.trim() == word);
    let qop = if offers("auth") {
        Some("auth")
    } else if offers("auth-int") {
        Some("auth-int")
    } else {
        None
    };
    let uri = request.uri.to_string();
    let ha1 = Secret::new(user, realm, password);
    let (method, body, nc) = (&request.method, &request.body[..], "00000001");
    let question =
        Question { algorithm, is_session, method, uri: &uri, nonce, cnonce, nc, qop, body };
    let proof = response(ha1.ha1(algorithm), &question);
    let mut out = String::from("Digest username=");
    let quoted = crate::message::scan::write_quoted;
    quoted(&mut out, user);
    for (name, value) in [("realm", realm), ("nonce", nonce), ("uri", &uri), ("response", &proof)] {
        out.push_str(", ");
        out.push_str(name);
        out.push('=');
        quoted(&mut out, value);
    }
    out.push_str(", algorithm=");
    out.push_str(named);
    if let Some(qop) = qop {
        for piece in [", qop=", qop, ", nc=", nc, ", cnonce="] {
            out.push_str(piece);
        }
        quoted(&mut out, cnonce);
    }
    if let Some(opaque) = challenge.get("opaque") {
        out.push_str(", opaque=");
        quoted(&mut out, opaque);
    }
    Some(out)
}

/// Compares without telling by the time taken where the difference is.
fn is_same(one: &str, another: &str) -> bool {
    let (one, another) = (one.as_bytes(), another.as_bytes());
    let differences = one
        .iter()
        .zip(another)
        .fold(0_u8, |all, (a, b)| all | (a.to_ascii_lowercase() ^ b.to_ascii_lowercase()));
    one.len() == another.len() && differences == 0
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests;
