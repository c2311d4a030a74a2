//! Delivery reports: RFC 3464, and the many that do not follow it.
//!
//! Which message of ours is meant is proved by the return path to which the report came (VERP) or
//! by a signed Message-ID that it quotes; otherwise it is only named.

use channel_contract::base::id::MessageId;
use channel_contract::{DeliveryReport, Envelope, MessageKind, ReportAction};
use mail_parser::{MessageParser, MimeHeaders, PartType};

use super::{Policy, Verdict};
use crate::mime::{Mail, clean_id, clean_line};

/// Recipients reported on in one report.
const MAX_REPORTS: usize = 100;
/// Bytes of report text looked at.
const MAX_REPORT_BYTES: usize = 64 * 1024;

/// How reports that do not follow RFC 3464 begin their subjects.
const SUBJECTS: [&str; 12] = [
    "undeliver",
    "undelivered mail",
    "delivery status notification",
    "delivery failure",
    "mail delivery failed",
    "mail delivery system",
    "failure notice",
    "returned mail",
    "delivery has failed",
    "non remis",
    "unzustellbar",
    "не доставлено",
];

pub(super) fn rule(
    mail: &Mail<'_>,
    envelope: &Envelope,
    policy: &Policy,
    verdict: &mut Verdict,
) -> bool {
    let structured =
        report_type(mail).is_some_and(|kind| kind.eq_ignore_ascii_case("delivery-status"));
    let reports = Reports::new(mail, envelope, policy);
    let is_proved = reports.by_return_path.is_some() && came_back_by_itself(mail, envelope);
    if !structured && !is_proved && !looks_like_bounce(mail, envelope) {
        return false;
    }
    let mut found = reports.structured();
    if found.is_empty() {
        found = reports.in_words();
    }
    if found.is_empty() && !structured {
        return false;
    }
    verdict.kind = Some(MessageKind::Bounce);
    verdict.unanswerable = Some("bounce");
    verdict.reports = found;
    true
}

/// The `report-type` of a `multipart/report`. RFC 6522 §3.
pub(super) fn report_type<'a>(mail: &'a Mail<'_>) -> Option<&'a str> {
    let content_type = mail.message()?.content_type()?;
    if content_type.ctype().eq_ignore_ascii_case("multipart")
        && content_type.subtype().is_some_and(|sub| sub.eq_ignore_ascii_case("report"))
    {
        content_type.attribute("report-type")
    } else {
        None
    }
}

/// A null return path and no word of an absence: what comes to the return path of one mail of ours
/// is about that mail, in whatever language it is written. RFC 5321 §3.6.3, RFC 3834 §4.
fn came_back_by_itself(mail: &Mail<'_>, envelope: &Envelope) -> bool {
    let absence = mail
        .header("Auto-Submitted")
        .is_some_and(|value| value.trim().to_ascii_lowercase().starts_with("auto-replied"))
        || mail.header("X-Autoreply").is_some()
        || mail.header("Precedence").is_some_and(|value| value.trim() == "auto_reply");
    envelope.mail_from.as_deref() == Some("") && !absence
}

fn looks_like_bounce(mail: &Mail<'_>, envelope: &Envelope) -> bool {
    let null_path = envelope.mail_from.as_deref() == Some("")
        || mail.header("Return-Path").is_some_and(|path| path.trim() == "<>");
    let daemon = mail.from.as_ref().is_some_and(|from| {
        let address = from.address.to_ascii_lowercase();
        address.starts_with("mailer-daemon") || address.starts_with("postmaster@")
    });
    let subject = mail.subject.to_lowercase();
    let says = SUBJECTS.iter().any(|start| subject.starts_with(start))
        || mail.header("X-Failed-Recipients").is_some();
    (null_path || daemon) && says
}

/// Reads what a report says of our messages.
pub(super) struct Reports<'a> {
    mail: &'a Mail<'a>,
    /// Proved by the address to which the report came.
    by_return_path: Option<MessageId>,
    original_message_id: Option<String>,
    by_message_id: Option<MessageId>,
}

impl<'a> Reports<'a> {
    pub(super) fn new(mail: &'a Mail<'a>, envelope: &Envelope, policy: &Policy) -> Self {
        let by_return_path = envelope
            .recipients
            .iter()
            .map(String::as_str)
            .chain(mail.to.iter().map(|to| to.address.as_str()))
            .find_map(|address| policy.signer.verify_return_path(address));
        let original_message_id = original_message_id(mail);
        let quoted = original_message_id.as_deref().into_iter();
        let by_message_id = quoted
            .chain(mail.references.iter().map(String::as_str))
            .chain(mail.in_reply_to.iter().map(String::as_str))
            .find_map(|id| policy.signer.verify_message_id(id))
            .map(|origin| origin.message);
        Self { mail, by_return_path, original_message_id, by_message_id }
    }

    /// The reports of a `message/delivery-status` part. RFC 3464 §2.
    fn structured(&self) -> Vec<DeliveryReport> {
        let Some(text) = part_text(self.mail, "message", "delivery-status") else {
            return Vec::new();
        };
        groups(&text)
            .filter_map(|fields| {
                let recipient = field(&fields, "final-recipient")
                    .or_else(|| field(&fields, "original-recipient"))?;
                let diagnostic = field(&fields, "diagnostic-code").unwrap_or_default();
                let reason = without_type(diagnostic);
                let status = field(&fields, "status").unwrap_or_default();
                Some(self.report(
                    without_type(recipient),
                    action_of(field(&fields, "action").unwrap_or_default(), status),
                    status.split_whitespace().next().unwrap_or_default(),
                    reason,
                ))
            })
            .take(MAX_REPORTS)
            .collect()
    }

    /// Reports in words: an address and a refusal near each other.
    fn in_words(&self) -> Vec<DeliveryReport> {
        let named = self.mail.header("X-Failed-Recipients").unwrap_or_default();
        let named = named.split(',').map(str::trim).filter(|word| word.contains('@'));
        let text = &self.mail.text;
        let mut found: Vec<DeliveryReport> = Vec::new();
        for recipient in named.map(ToOwned::to_owned).chain(addresses_with_refusal(text)) {
            if found.iter().any(|report| report.recipient == recipient) {
                continue;
            }
            let reason = reason_near(text, &recipient);
            let status = enhanced_status(&reason).unwrap_or_default();
            found.push(self.report(&recipient, action_of("", &status), &status, &reason));
            if found.len() == MAX_REPORTS {
                break;
            }
        }
        if found.is_empty() && (self.by_return_path.is_some() || self.by_message_id.is_some()) {
            let status = enhanced_status(text).unwrap_or_default();
            let reason = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            found.push(self.report("", action_of("", &status), &status, reason));
        }
        found
    }

    /// The report of a complaint: which message, if it says. RFC 5965 §3.
    pub(super) fn complaint(&self) -> Vec<DeliveryReport> {
        let text = part_text(self.mail, "message", "feedback-report").unwrap_or_default();
        let fields: Vec<(String, String)> = groups(&text).flatten().collect();
        let recipient = field(&fields, "original-rcpt-to")
            .or_else(|| field(&fields, "removal-recipient"))
            .unwrap_or_default();
        let kind = field(&fields, "feedback-type").unwrap_or("abuse");
        vec![self.report(
            recipient.trim_matches(['<', '>']),
            ReportAction::Delivered,
            "",
            &format!("complaint: {kind}"),
        )]
    }

    fn report(
        &self,
        recipient: &str,
        action: ReportAction,
        status: &str,
        reason: &str,
    ) -> DeliveryReport {
        let reason = clean_line(reason);
        DeliveryReport {
            message: self.by_return_path.or(self.by_message_id),
            original_message_id: self.original_message_id.clone(),
            recipient: clean_line(recipient).trim_matches(['<', '>', ' ']).to_owned(),
            action,
            status: status.to_owned(),
            reply_code: reply_code(&reason),
            reason,
        }
    }
}

/// RFC 3464 §2.3.3; without a usable word the class of the status decides.
fn action_of(word: &str, status: &str) -> ReportAction {
    match word.trim().to_ascii_lowercase().as_str() {
        "failed" | "failure" => ReportAction::Failed,
        "delayed" => ReportAction::Delayed,
        "delivered" => ReportAction::Delivered,
        "relayed" => ReportAction::Relayed,
        "expanded" => ReportAction::Expanded,
        _ if status.starts_with('4') => ReportAction::Delayed,
        _ if status.starts_with('2') => ReportAction::Delivered,
        _ => ReportAction::Failed,
    }
}

/// `rfc822; a@b` and `smtp; 550 no` without the type.
fn without_type(value: &str) -> &str {
    value.split_once(';').map_or(value, |(_, rest)| rest).trim()
}

/// The text of the first part of this type.
fn part_text(mail: &Mail<'_>, kind: &str, subtype: &str) -> Option<String> {
    let part = mail.message()?.parts.iter().find(|part| part.is_content_type(kind, subtype))?;
    let bytes = match &part.body {
        PartType::Message(message) => message.raw_message.as_ref(),
        PartType::Multipart(_) => return None,
        PartType::Text(_) | PartType::Html(_) | PartType::Binary(_) | PartType::InlineBinary(_) => {
            part.contents()
        }
    };
    let bytes = &bytes[..bytes.len().min(MAX_REPORT_BYTES)];
    Some(String::from_utf8_lossy(bytes).replace('\r', ""))
}

/// Groups of unfolded fields, separated by blank lines, names in lower case.
fn groups(text: &str) -> impl Iterator<Item = Vec<(String, String)>> {
    text.split("\n\n").map(|group| {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in group.lines() {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        fields
    })
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The Message-ID of the mail that came back: in an attached message or header, or in the text.
fn original_message_id(mail: &Mail<'_>) -> Option<String> {
    let message = mail.message()?;
    for part in &message.parts {
        if let PartType::Message(original) = &part.body
            && let Some(id) = original.message_id()
        {
            return Some(clean_id(id));
        }
        if part.is_content_type("text", "rfc822-headers") {
            let headers = part.contents();
            let headers = &headers[..headers.len().min(MAX_REPORT_BYTES)];
            let parsed = MessageParser::new().parse_headers(headers);
            if let Some(id) = parsed.as_ref().and_then(|parsed| parsed.message_id()) {
                return Some(clean_id(id));
            }
        }
    }
    message_id_in_text(&mail.text)
}

/// `Message-ID: <…>` in plain text, as qmail and others quote it.
fn message_id_in_text(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| {
        let (name, value) = line.trim_start_matches(['>', ' ']).split_once(':')?;
        name.eq_ignore_ascii_case("message-id").then_some(value)
    })?;
    let id = clean_id(line);
    (id.contains('@')).then_some(id)
}

/// Addresses in angle brackets or before a colon, where a refusal follows within a few lines.
fn addresses_with_refusal(text: &str) -> Vec<String> {
    /// Lines after the address in which the refusal must stand.
    const WINDOW: usize = 8;
    let text = &text[..crate::mime::boundary_before(text, MAX_REPORT_BYTES)];
    let lines: Vec<&str> = text.lines().take(2_000).collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        // The quoted mail begins: addresses from here on are not about the refusal.
        if line.to_ascii_lowercase().contains("copy of the message") {
            break;
        }
        let Some(address) = address_in(line) else { continue };
        let window = &lines[index..lines.len().min(index + WINDOW)];
        if window.iter().any(|line| reply_code(line).is_some() || enhanced_status(line).is_some()) {
            found.push(address);
        }
    }
    found
}

fn address_in(line: &str) -> Option<String> {
    line.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '"'))
        .map(|word| word.trim_matches([':', '.', '\'']).trim_start_matches("mailto:"))
        .find(|word| {
            word.split_once('@')
                .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        })
        .map(ToOwned::to_owned)
}

/// The line with a reply code that follows an address.
fn reason_near(text: &str, recipient: &str) -> String {
    let start = text.find(recipient).unwrap_or(0);
    let lines = || text[start..].lines().take(12);
    let said = lines().find(|line| reply_code(line).is_some() || enhanced_status(line).is_some());
    said.or_else(|| lines().nth(1)).unwrap_or_default().trim().to_owned()
}

/// A three-digit SMTP reply that says no, as a word of its own. RFC 5321 §4.2.1.
fn reply_code(text: &str) -> Option<u16> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .filter(|word| word.len() == 3)
        .find_map(|word| word.parse().ok().filter(|code| (400..600).contains(code)))
}

/// `5.1.1` as a word of its own. RFC 3463 §2.
fn enhanced_status(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(|word| {
        let word = word.trim_matches('.');
        let mut numbers = word.split('.');
        let class = numbers.next()?;
        let (subject, detail) = (numbers.next()?, numbers.next()?);
        let short = |text: &str| (1..=3).contains(&text.len());
        let right = matches!(class, "4" | "5")
            && short(subject)
            && short(detail)
            && numbers.next().is_none();
        right.then(|| word.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::super::{examine, testing::policy};
    use super::*;
    use crate::thread::Origin;
    use channel_contract::base::id::InteractionId;

    fn origin() -> Origin {
        Origin { message: MessageId::from_u128(7), interaction: InteractionId::from_u128(9) }
    }

    fn envelope(recipient: &str) -> Envelope {
        Envelope {
            mail_from: Some(String::new()),
            recipients: vec![recipient.to_owned()],
            peer: None,
        }
    }

    #[test]
    fn a_standard_report_is_read_to_the_last_field() {
        let policy = policy();
        let id = policy.signer.message_id(origin());
        let raw = format!(
            "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail\r\nContent-Type: \
             multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\
             \r\nFinal-Recipient: rfc822; olena@shop.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 5.1.1\r\n  no such user\r\n\r\nOriginal-Recipient: \
             rfc822;petro@shop.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n--b\r\nContent-Type: \
             text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\n\r\n--b--\r\n"
        );
        let mail = crate::mime::read(raw.as_bytes());
        let verdict = examine(&mail, &envelope("info@bank.example"), &policy);
        assert_eq!(verdict.kind, Some(MessageKind::Bounce));
        let [hard, soft] = verdict.reports.as_slice() else { panic!("{:?}", verdict.reports) };
        assert_eq!(hard.recipient, "olena@shop.example");
        assert_eq!(hard.message, Some(origin().message), "proved by the quoted Message-ID");
        assert_eq!((hard.reply_code, hard.reason.as_str()), (Some(550), "550 5.1.1 no such user"));
        assert!(hard.is_hard());
        assert_eq!(
            (soft.recipient.as_str(), soft.action),
            ("petro@shop.example", ReportAction::Delayed)
        );
        assert!(!soft.is_hard());
    }

    #[test]
    fn the_return_path_proves_the_message_when_nothing_else_does() {
        let policy = policy();
        let path = policy.signer.return_path("bounces@bank.example", origin().message);
        let raw = "From: postmaster@mx.example\r\nSubject: Undeliverable: Card\r\n\r\nNo.\r\n";
        let mail = crate::mime::read(raw.as_bytes());
        let verdict = examine(&mail, &envelope(&path), &policy);
        assert_eq!(verdict.kind, Some(MessageKind::Bounce));
        assert_eq!(verdict.reports[0].message, Some(origin().message));
    }

    #[test]
    fn qmail_and_exim_reports_in_words() {
        let raw = "From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\nHi. This is \
                   the qmail-send program at mx.example.\r\n\r\n<olena@shop.example>:\r\n10.0.0.1 \
                   does not like recipient.\r\nRemote host said: 550 5.1.1 unknown user\r\n\r\n\
                   --- Below this line is a copy of the \
                   message.\r\n\r\nMessage-ID: <x@y.example>\r\n\
                   To: other@shop.example\r\n";
        let mail = crate::mime::read(raw.as_bytes());
        let verdict = examine(&mail, &envelope("info@bank.example"), &policy());
        let [report] = verdict.reports.as_slice() else { panic!("{:?}", verdict.reports) };
        assert_eq!(report.recipient, "olena@shop.example");
        assert_eq!((report.status.as_str(), report.reply_code), ("5.1.1", Some(550)));
        assert_eq!(report.original_message_id.as_deref(), Some("x@y.example"));
    }

    #[test]
    fn a_person_who_writes_about_returned_mail_is_no_bounce() {
        let raw = "From: olena@shop.example\r\nSubject: Returned mail\r\n\r\nI got 550 from \
                   info@bank.example.\r\n";
        let mail = crate::mime::read(raw.as_bytes());
        let envelope =
            Envelope { mail_from: Some("olena@shop.example".to_owned()), ..Envelope::default() };
        assert_eq!(examine(&mail, &envelope, &policy()).kind, None);
    }

    #[test]
    fn a_complaint_is_one() {
        let raw = "From: fbl@isp.example\r\nContent-Type: multipart/report; \
                   report-type=feedback-report; boundary=b\r\n\r\n--b\r\n\r\nspam\r\n--b\r\n\
                   Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\
                   Original-Rcpt-To: <olena@shop.example>\r\n\r\n--b--\r\n";
        let mail = crate::mime::read(raw.as_bytes());
        let verdict = examine(&mail, &Envelope::default(), &policy());
        assert_eq!(verdict.kind, Some(MessageKind::Complaint));
        assert_eq!(verdict.reports[0].recipient, "olena@shop.example");
    }
}
