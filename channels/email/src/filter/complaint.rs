//! Abuse reports: somebody pressed "this is spam" on a mail of ours. RFC 5965.

use channel_contract::{Envelope, MessageKind};

use super::bounce::{Reports, report_type};
use super::{Policy, Verdict};
use crate::mime::Mail;

pub(super) fn rule(
    mail: &Mail<'_>,
    envelope: &Envelope,
    policy: &Policy,
    verdict: &mut Verdict,
) -> bool {
    if !report_type(mail).is_some_and(|kind| kind.eq_ignore_ascii_case("feedback-report")) {
        return false;
    }
    verdict.kind = Some(MessageKind::Complaint);
    verdict.unanswerable = Some("complaint");
    verdict.reports = Reports::new(mail, envelope, policy).complaint();
    true
}
