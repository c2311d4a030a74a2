//! Abuse reports: somebody pressed "this is spam" on a mail of ours. RFC 5965.

use channel_contract::{Envelope, MessageKind};
use mail_parser::MimeHeaders as _;

use super::bounce::{Reports, report_type};
use super::{Policy, Verdict};
use crate::mime::Mail;

pub(super) fn rule(
    mail: &Mail<'_>,
    envelope: &Envelope,
    policy: &Policy,
    verdict: &mut Verdict,
) -> bool {
    let reported =
        || report_type(mail).is_some_and(|kind| kind.eq_ignore_ascii_case("feedback-report"));
    // Some leave the report type out; a mail that only forwards a report has it deeper down.
    let part = || {
        mail.message().is_some_and(|message| {
            message.parts.iter().any(|part| part.is_content_type("message", "feedback-report"))
        })
    };
    if !reported() && !part() {
        return false;
    }
    verdict.kind = Some(MessageKind::Complaint);
    verdict.unanswerable = Some("complaint");
    verdict.reports = Reports::new(mail, envelope, policy).complaint();
    true
}
