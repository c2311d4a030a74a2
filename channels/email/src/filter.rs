//! What sort of message it is, and whether a machine may answer it.
//!
//! An ordered list of rules, one file each; the first that knows decides. Each is a pure function
//! of the mail and its envelope.
//!
//! Invariant: nothing is dropped here. A rule says what a message is; what happens to it is the
//! server's decision.

mod authentication;
mod auto_reply;
mod bounce;
mod challenge;
mod complaint;
mod list;
mod loop_guard;
mod spoofing;

pub(crate) use authentication::is_aligned;

use std::collections::BTreeSet;

use channel_contract::{
    Authentication, AuthenticationResult, Defect, DeliveryReport, Envelope, MessageKind,
};

use crate::config::ReadingLimits;
use crate::mime::Mail;
use crate::thread::Signer;

/// What the rules know besides the mail.
#[derive(Debug)]
pub struct Policy {
    /// Makes and checks signed Message-IDs and return paths.
    pub signer: Signer,
    /// The bank's own addresses, in lower case.
    pub own_addresses: BTreeSet<String>,
    /// Domains of the bank besides those of its addresses, in lower case.
    pub more_own_domains: BTreeSet<String>,
    /// Whose `Authentication-Results` are believed; nobody's when empty.
    pub trusted_authserv_id: String,
    /// What is opened of a mail.
    pub reading: ReadingLimits,
}

impl Policy {
    /// Whether an address is the bank's own, plus-addresses included.
    pub(crate) fn is_own(&self, address: &str) -> bool {
        let lower = address.to_lowercase();
        if self.own_addresses.contains(&lower) {
            return true;
        }
        lower
            .rsplit_once('@')
            .and_then(|(local, domain)| Some((local.split_once('+')?.0, domain)))
            .is_some_and(|(local, domain)| {
                self.own_addresses.contains(&format!("{local}@{domain}"))
            })
    }

    /// Whether a domain is one of the bank's.
    pub(crate) fn own_domains(&self) -> impl Iterator<Item = &str> {
        let of_addresses =
            self.own_addresses.iter().filter_map(|address| Some(address.rsplit_once('@')?.1));
        of_addresses.chain(self.more_own_domains.iter().map(String::as_str))
    }
}

/// What the rules say.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What sort of message.
    pub kind: Option<MessageKind>,
    /// What became of which messages of ours.
    pub reports: Vec<DeliveryReport>,
    /// Why a machine must not answer it. RFC 3834 §2.
    pub unanswerable: Option<&'static str>,
    /// What a person should know.
    pub defects: Vec<Defect>,
}

/// One rule: `true` when it knows what the message is and the later rules need not be asked.
type Rule = fn(&Mail<'_>, &Envelope, &Policy, &mut Verdict) -> bool;

const RULES: [Rule; 6] = [
    complaint::rule,
    bounce::rule,
    loop_guard::rule,
    challenge::rule,
    auto_reply::rule,
    list::rule,
];

/// Asks the rules.
pub fn examine(mail: &Mail<'_>, envelope: &Envelope, policy: &Policy) -> Verdict {
    let mut verdict = Verdict::default();
    for rule in RULES {
        if rule(mail, envelope, policy, &mut verdict) {
            break;
        }
    }
    if verdict.unanswerable.is_none() {
        verdict.unanswerable = auto_reply::unanswerable(mail, envelope, policy);
    }
    verdict
}

/// Who vouches for the sender, and what a person should look at.
pub fn authenticate(mail: &Mail<'_>, policy: &Policy) -> Authentication {
    let mut authentication = authentication::results(mail, policy);
    authentication.warnings = spoofing::warnings(mail, policy);
    note_disowned(&mut authentication);
    authentication
}

/// Says in words when a domain disowns a mail that names it.
pub(crate) fn note_disowned(authentication: &mut Authentication) {
    if authentication.dmarc == AuthenticationResult::Fail {
        let detail = "The domain of the sender says that this mail is not its own (DMARC).";
        authentication.warnings.push(defect("disowned", detail));
    }
}

fn defect(code: &str, detail: impl Into<String>) -> Defect {
    Defect { code: code.to_owned(), detail: detail.into() }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::{Policy, ReadingLimits, Signer};

    pub(crate) fn policy() -> Policy {
        Policy {
            signer: Signer::new(b"a secret of the bank", "bank.example"),
            own_addresses: ["info@bank.example".to_owned()].into(),
            more_own_domains: ["bank-online.example".to_owned()].into(),
            trusted_authserv_id: "mx.bank.example".to_owned(),
            reading: ReadingLimits::default(),
        }
    }
}
