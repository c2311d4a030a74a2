//! Delivery reports: RFC 3464, and the many that do not follow it.
//!
//! Which message of ours is meant is proved by the return path to which the report came (VERP) or
//! by a signed Message-ID that it quotes; otherwise it is only named.

mod refusal;

use channel_contract::base::id::MessageId;
use channel_contract::{DeliveryReport, Envelope, MessageKind, ReportAction};
use mail_parser::{MessageParser, MimeHeaders, PartType};

use super::{Policy, Verdict};
use crate::mime::{Mail, clean_id, clean_line};

/// Recipients reported on in one report.
const MAX_REPORTS: usize = 100;
/// Bytes of report text looked at.
const MAX_REPORT_BYTES: usize = 64 * 1024;

/// Text of the mail itself in which its errand is looked for, in bytes.
const MAX_LEAD_BYTES: usize = 4 * 1024;

/// How reports that do not follow RFC 3464 begin their subjects.
const SUBJECTS: [&str; 33] = [
    "undeliver",
    "delivery status",
    "delivery failure",
    "delivery failed",
    "delivery problem",
    "delivery notification",
    "delivery report",
    "delivery delay",
    "delivery has failed",
    "mail delivery",
    "mail system error",
    "mail could not be delivered",
    "message not delivered",
    "email not delivered",
    "message delayed",
    "delayed mail",
    "failure notice",
    "returned mail",
    "returned to sender",
    "non-delivery",
    "nondeliverable",
    "warning: could not send",
    "warning: message",
    "non remis",
    "échec de la remise",
    "unzustellbar",
    "niedostarczon",
    "zwrot",
    "недоставлен",
    "не доставлено",
    "не удалось доставить",
    "не вдалося доставити",
    "ошибка доставки",
];

/// How they say it in the text.
const ERRANDS: [&str; 20] = [
    "could not be delivered",
    "couldn't be delivered",
    "was not delivered",
    "wasn't delivered",
    "unable to deliver",
    "wasn't able to deliver",
    "did not reach",
    "delivery to the following",
    "undeliverable",
    "permanent fatal errors",
    "has been delayed",
    "не может быть доставлен",
    "не было доставлено",
    "не доставлено",
    "не може бути доставлен",
    "не було доставлено",
    "nicht zugestellt",
    "nie mogła zostać dostarczona",
    "nie została dostarczona",
    "n'a pas pu être remis",
];

/// Local parts from which reports come, and as which they never complain of themselves.
const DAEMONS: [&str; 6] =
    ["mailer-daemon", "postmaster", "mdaemon", "mail-daemon", "mailerdaemon", "microsoftexchange"];

/// Where the quoted mail begins: addresses from here on are not about the refusal.
const QUOTATIONS: [&str; 12] = [
    "copy of the message",
    "copy of your message",
    "this is a copy",
    "original message",
    "original headers",
    "headers of your message",
    "message headers follow",
    "unsent message",
    "message text follows",
    "копия письма",
    "исходное сообщение",
    "копія листа",
];

pub(super) fn rule(
    mail: &Mail<'_>,
    envelope: &Envelope,
    policy: &Policy,
    verdict: &mut Verdict,
) -> bool {
    let from_machine = is_from_machine(mail, envelope);
    let structured = report_type(mail)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("delivery-status"))
        || (from_machine && delivery_status(mail).is_some());
    let reports = Reports::new(mail, envelope, policy);
    let is_proved = reports.by_return_path.is_some() && came_back_by_itself(mail, envelope);
    if !(structured || is_proved || from_machine && says_so(mail)) {
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

/// The null return path (RFC 5321 §4.5.5), or an address from which nobody else writes.
fn is_from_machine(mail: &Mail<'_>, envelope: &Envelope) -> bool {
    envelope.mail_from.as_deref() == Some("")
        || mail.header("Return-Path").is_some_and(|path| path.trim() == "<>")
        || mail.from.as_ref().is_some_and(|from| is_daemon(&from.address))
}

fn is_daemon(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default().to_ascii_lowercase();
    DAEMONS.iter().any(|daemon| local.starts_with(daemon))
}

fn says_so(mail: &Mail<'_>) -> bool {
    let subject = mail.subject.to_lowercase();
    let lead =
        || mail.text[..crate::mime::boundary_before(&mail.text, MAX_LEAD_BYTES)].to_lowercase();
    mail.header("X-Failed-Recipients").is_some()
        || SUBJECTS.iter().any(|start| subject.contains(start))
        || {
            let lead = lead();
            ERRANDS.iter().any(|errand| lead.contains(errand))
        }
}

/// `message/delivery-status`, or RFC 6533's form with addresses in UTF-8.
fn delivery_status(mail: &Mail<'_>) -> Option<String> {
    part_text(mail, "message", "delivery-status")
        .or_else(|| part_text(mail, "message", "global-delivery-status"))
}

/// Reads what a report says of our messages.
pub(super) struct Reports<'a> {
    mail: &'a Mail<'a>,
    policy: &'a Policy,
    /// Proved by the address to which the report came.
    by_return_path: Option<MessageId>,
    original_message_id: Option<String>,
    by_message_id: Option<MessageId>,
}

impl<'a> Reports<'a> {
    pub(super) fn new(mail: &'a Mail<'a>, envelope: &Envelope, policy: &'a Policy) -> Self {
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
        Self { mail, policy, by_return_path, original_message_id, by_message_id }
    }

    /// The reports of a `message/delivery-status` part. RFC 3464 §2.
    fn structured(&self) -> Vec<DeliveryReport> {
        let Some(text) = delivery_status(self.mail) else { return Vec::new() };
        groups(&text)
            .filter_map(|fields| {
                let recipient = field(&fields, "final-recipient")
                    .or_else(|| field(&fields, "original-recipient"))?;
                let recipient = without_type(recipient);
                let mut reason =
                    without_type(field(&fields, "diagnostic-code").unwrap_or_default()).to_owned();
                if reason.is_empty() {
                    reason = reason_near(&self.mail.text, recipient);
                }
                let status = field(&fields, "status").unwrap_or_default();
                // A comment may follow, and some write `#5.1.1` or nothing.
                let status = refusal::enhanced_status(status)
                    .or_else(|| delivered_status(status))
                    .unwrap_or_else(|| refusal::status_of(&reason));
                let action = action_of(field(&fields, "action").unwrap_or_default(), &status);
                Some(self.report(recipient, action, &status, &reason))
            })
            .take(MAX_REPORTS)
            .collect()
    }

    /// Reports in words: an address and a refusal near each other.
    fn in_words(&self) -> Vec<DeliveryReport> {
        let text = said_itself(&self.mail.text);
        let named = self.mail.header("X-Failed-Recipients").unwrap_or_default();
        let named = named.split(',').map(str::trim).filter(|word| word.contains('@'));
        let named: Vec<String> = named.map(ToOwned::to_owned).collect();
        let mut recipients = named;
        recipients.extend(addresses(&text, true));
        if recipients.is_empty() {
            recipients.extend(addresses(&text, false).into_iter().take(1));
        }
        let is_delay = refusal::delays(&self.mail.subject) || refusal::delays(&text);
        let mut found: Vec<DeliveryReport> = Vec::new();
        for recipient in recipients {
            let known = |report: &DeliveryReport| report.recipient.eq_ignore_ascii_case(&recipient);
            if found.iter().any(known) || self.is_ours(&recipient) || is_daemon(&recipient) {
                continue;
            }
            found.push(self.report_in_words(&recipient, &text, is_delay));
            if found.len() == MAX_REPORTS {
                break;
            }
        }
        if found.is_empty() && (self.by_return_path.is_some() || self.by_message_id.is_some()) {
            found.push(self.report_in_words("", &text, is_delay));
        }
        found
    }

    fn report_in_words(&self, recipient: &str, text: &str, is_delay: bool) -> DeliveryReport {
        let mut reason = reason_near(text, recipient);
        if reason.is_empty() {
            let line = text.lines().find(|line| refusal::refuses(line));
            let line = line.or_else(|| text.lines().find(|line| !line.trim().is_empty()));
            line.unwrap_or_default().trim().clone_into(&mut reason);
        }
        let mut status = refusal::status_of(&reason);
        if status.is_empty() {
            status = refusal::status_of(text);
        }
        // A warning that it is still being tried quotes the temporary refusal.
        let action = if is_delay && !status.starts_with('5') {
            ReportAction::Delayed
        } else {
            ReportAction::Failed
        };
        self.report(recipient, action, &status, &reason)
    }

    /// Whether an address is the bank's own: it wrote the mail that came back.
    fn is_ours(&self, address: &str) -> bool {
        self.policy.is_own(address) || self.policy.signer.verify_return_path(address).is_some()
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
            reply_code: refusal::reply_code(&reason),
            reason,
        }
    }
}

/// RFC 3464 §2.3.3; without a usable word the class of the status decides.
fn action_of(word: &str, status: &str) -> ReportAction {
    let word = word.split([' ', '(', ';']).next().unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
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

/// The part of a report that speaks for itself: before the mail that it quotes.
fn said_itself(text: &str) -> String {
    let text = &text[..crate::mime::boundary_before(text, MAX_REPORT_BYTES)];
    let mut said = String::new();
    for line in text.lines().take(2_000) {
        let lower = line.to_lowercase();
        // Reports begin with words like "the original message was received at …".
        let quotes = QUOTATIONS.iter().any(|word| lower.contains(word)) && lower.len() < 100;
        if quotes && !said.trim().is_empty() && !lower.contains("received at") {
            break;
        }
        said.push_str(line);
        said.push('\n');
    }
    said
}

/// Addresses in a report in words; `refused`: only those where a refusal follows soon.
fn addresses(text: &str, refused: bool) -> Vec<String> {
    /// Lines after the address in which the refusal must stand.
    const WINDOW: usize = 8;
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(address) = address_in(line) else { continue };
        let window = &lines[index..lines.len().min(index + WINDOW)];
        if !refused || window.iter().any(|line| refusal::refuses(line)) {
            found.push(address);
        }
    }
    found
}

fn address_in(line: &str) -> Option<String> {
    let separates = |c: char| {
        c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | '"')
    };
    line.split(separates)
        .map(|word| word.trim_matches([':', '.', '\'', '*', '«', '»', '’', '‘']))
        .map(|word| word.trim_start_matches("mailto:").trim_start_matches("TO:"))
        .find(|word| {
            word.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && domain.contains('.') && !domain.contains(['@', '/', '='])
            })
        })
        .map(ToOwned::to_owned)
}

/// The line with a refusal that stands with an address or follows it: one with a code before one
/// with words, before what simply follows.
fn reason_near(text: &str, recipient: &str) -> String {
    const WINDOW: usize = 12;
    if recipient.is_empty() {
        return String::new();
    }
    let Some(start) = text.find(recipient) else { return String::new() };
    let start = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let lines = || text[start..].lines().take(WINDOW).map(str::trim);
    let coded = |line: &&str| {
        refusal::reply_code(line).is_some() || refusal::enhanced_status(line).is_some()
    };
    lines()
        .find(coded)
        .or_else(|| lines().find(|line| refusal::refuses(line)))
        .or_else(|| lines().skip(1).find(|line| !line.is_empty()))
        .unwrap_or_default()
        .to_owned()
}

/// `2.0.0`: delivered. RFC 3463 §3.1.
fn delivered_status(status: &str) -> Option<String> {
    let word = status.split_whitespace().next()?;
    word.starts_with("2.").then(|| word.to_owned())
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

    /// How programs say it in words: the outcome in one line, then the mail.
    const FORMS: &str = include_str!("bounce/forms.txt");

    #[test]
    fn the_many_forms_in_words() {
        assert_eq!(FORMS.split("=====\n").count(), 12);
        for form in FORMS.split("=====\n") {
            let (expected, raw) = form.split_once('\n').expect("an outcome and a mail");
            let mail = crate::mime::read(raw.as_bytes());
            let verdict = examine(&mail, &Envelope::default(), &policy());
            assert_eq!(verdict.kind, Some(MessageKind::Bounce), "{raw}");
            let [report] = verdict.reports.as_slice() else { panic!("{:?}", verdict.reports) };
            let code = report.reply_code.map_or("-".to_owned(), |code| code.to_string());
            let weight = if report.is_hard() { "hard" } else { "soft" };
            let (recipient, action, status) = (&report.recipient, report.action, &report.status);
            assert_eq!(
                format!("{recipient} {action:?} {status} {code} {weight}"),
                expected,
                "{raw}"
            );
        }
    }

    #[test]
    fn a_status_part_in_a_mail_that_is_no_report_counts_when_a_machine_sent_it() {
        let raw = "From: MAILER-DAEMON@mx.example\r\n\
                   Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
                   Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n\
                   Final-Recipient: Rfc822; a@b.example\r\nAction: failed (bad)\r\nStatus: \
                   5.0.0 (permanent)\r\nDiagnostic-Code: SMTP; 552 over quota\r\n\r\n--b--\r\n";
        let verdict = |raw: &str| {
            examine(&crate::mime::read(raw.as_bytes()), &Envelope::default(), &policy())
        };
        let [report] = &verdict(raw).reports[..] else { panic!("one report") };
        assert_eq!((report.recipient.as_str(), report.status.as_str()), ("a@b.example", "5.0.0"));
        assert!(!report.is_hard(), "a full mailbox empties again");
        let forwarded = raw.replace("MAILER-DAEMON@mx", "olena@shop");
        assert_eq!(verdict(&forwarded).kind, None, "a person shows what came back");
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
