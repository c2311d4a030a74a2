//! Mail from mailing lists and mass senders. RFC 2919, RFC 2369.

use channel_contract::{Envelope, MessageKind};

use super::{Policy, Verdict};
use crate::mime::Mail;

/// Fields that only lists write: RFC 2919, RFC 2369 §3 (`List-Unsubscribe` alone is on shop mail
/// too, `List-Help` nearly so), and what list programs wrote before.
const LIST_FIELDS: [&str; 8] = [
    "List-Id",
    "List-Post",
    "List-Owner",
    "List-Archive",
    "List-Subscribe",
    "Mailing-List",
    "X-Mailing-List",
    "X-BeenThere",
];

pub(super) fn rule(
    mail: &Mail<'_>,
    _envelope: &Envelope,
    _policy: &Policy,
    verdict: &mut Verdict,
) -> bool {
    let precedence = mail.header("Precedence").unwrap_or_default();
    let bulk = ["list", "bulk"].iter().any(|word| precedence.eq_ignore_ascii_case(word));
    let list = LIST_FIELDS.iter().any(|name| mail.header(name).is_some())
        || (mail.header("List-Unsubscribe").is_some() && bulk)
        || mail.header("List-Unsubscribe-Post").is_some();
    if list {
        verdict.kind = Some(MessageKind::List);
        verdict.unanswerable = Some("list");
    }
    list
}

#[cfg(test)]
mod tests {
    use super::super::{examine, testing::policy};
    use super::*;

    #[test]
    fn lists_are_recognised() {
        for header in [
            "List-Id: news <news.shop.example>",
            "List-Owner: <mailto:o@x>",
            "X-BeenThere: news@shop.example",
            "List-Unsubscribe: <mailto:u@x>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "List-Unsubscribe: <mailto:u@x>\r\nPrecedence: bulk",
        ] {
            let raw = format!("From: a@b.example\r\n{header}\r\n\r\nx\r\n");
            let mail = crate::mime::read(raw.as_bytes());
            let verdict = examine(&mail, &Envelope::default(), &policy());
            assert_eq!(verdict.kind, Some(MessageKind::List), "{header}");
        }
    }
}
