//! Answers that no person wrote: out of office, "we have received your mail". RFC 3834.

use channel_contract::{Envelope, MessageKind};

use super::{Policy, Verdict};
use crate::mime::Mail;

/// How programs that do not follow RFC 3834 begin the subjects of their answers.
const SUBJECTS: [&str; 18] = [
    "automatic reply",
    "auto-reply",
    "autoreply",
    "auto reply",
    "out of office",
    "out-of-office",
    "автоматична відповідь",
    "автовідповідь",
    "автовідповідач",
    "автоматический ответ",
    "автоответ",
    "abwesenheitsnotiz",
    "automatische antwort",
    "réponse automatique",
    "absence du bureau",
    "odpowiedź automatyczna",
    "autoodpowiedź",
    "poza biurem",
];

/// Local parts behind which nobody reads. RFC 2142 and custom.
const MACHINES: [&str; 10] = [
    "mailer-daemon",
    "postmaster",
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "bounce",
    "bounces",
    "mdaemon",
];

pub(super) fn rule(
    mail: &Mail<'_>,
    _envelope: &Envelope,
    _policy: &Policy,
    verdict: &mut Verdict,
) -> bool {
    if !is_auto_reply(mail) {
        return false;
    }
    verdict.kind = Some(MessageKind::AutoReply);
    verdict.unanswerable = Some("automatic");
    true
}

fn is_auto_reply(mail: &Mail<'_>) -> bool {
    // RFC 3834 §5: anything but "no" was made by a program. "auto-generated" without an answer
    // to anything is a notification, which a person may want to see.
    if let Some(value) = mail.header("Auto-Submitted") {
        let keyword = value.split([';', ' ', '(']).next().unwrap_or_default().to_ascii_lowercase();
        let answers = !mail.in_reply_to.is_empty() || !mail.references.is_empty();
        if keyword == "auto-replied" || (keyword == "auto-generated" && answers) {
            return true;
        }
    }
    if ["X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply", "X-AutoReply-From"]
        .iter()
        .any(|name| mail.header(name).is_some_and(|value| !value.eq_ignore_ascii_case("no")))
    {
        return true;
    }
    if mail.header("Precedence").is_some_and(|value| value.eq_ignore_ascii_case("auto_reply")) {
        return true;
    }
    let subject = mail.subject.to_lowercase();
    SUBJECTS.iter().any(|start| subject.starts_with(start))
}

/// Why a machine must not answer, for what no rule took: RFC 3834 §2.
pub(super) fn unanswerable(mail: &Mail<'_>, envelope: &Envelope) -> Option<&'static str> {
    if envelope.mail_from.as_deref() == Some("") {
        return Some("null_return_path");
    }
    if mail.header("Auto-Submitted").is_some_and(|value| !value.eq_ignore_ascii_case("no")) {
        return Some("automatic");
    }
    if mail.header("X-Auto-Response-Suppress").is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        ["all", "autoreply", "oof"].iter().any(|word| value.split(',').any(|v| v.trim() == *word))
    }) {
        return Some("suppressed_by_sender");
    }
    if mail.header("Precedence").is_some_and(|value| {
        ["bulk", "list", "junk"].iter().any(|word| value.eq_ignore_ascii_case(word))
    }) {
        return Some("bulk");
    }
    let Some(from) = &mail.from else { return Some("no_sender") };
    let sender = envelope.mail_from.as_deref().unwrap_or_default();
    if is_machine(&from.address) || is_machine(sender) {
        return Some("machine_address");
    }
    if !mail.readable {
        return Some("unreadable");
    }
    None
}

fn is_machine(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or("", |(local, _)| local);
    let local = local.split('+').next().unwrap_or(local).to_ascii_lowercase();
    MACHINES.contains(&local.as_str())
        || local.starts_with("noreply")
        || local.starts_with("no-reply")
        || local.ends_with("-noreply")
        || local.ends_with("-bounces")
}

#[cfg(test)]
mod tests {
    use super::super::{examine, testing::policy};
    use super::*;

    fn verdict(headers: &str, mail_from: Option<&str>) -> (Option<MessageKind>, bool) {
        let raw = format!("{headers}\r\n\r\ntext\r\n");
        let mail = crate::mime::read(raw.as_bytes());
        let envelope = Envelope { mail_from: mail_from.map(str::to_owned), ..Envelope::default() };
        let verdict = examine(&mail, &envelope, &policy());
        (verdict.kind, verdict.unanswerable.is_none())
    }

    #[test]
    fn answers_of_machines() {
        let auto = (Some(MessageKind::AutoReply), false);
        for headers in [
            "From: a@b.example\r\nAuto-Submitted: auto-replied (vacation)",
            "From: a@b.example\r\nAuto-Submitted: auto-generated\r\nIn-Reply-To: <x@y>",
            "From: a@b.example\r\nX-Autoreply: yes",
            "From: a@b.example\r\nSubject: Automatic reply: Card",
            "From: a@b.example\r\nSubject: =?utf-8?B?0JDQstGC0L7QvNCw0YLQuNGH0L3QsCDQstGW0LTQv9C+0LLRltC00Yw=?=",
        ] {
            assert_eq!(verdict(headers, Some("a@b.example")), auto, "{headers}");
        }
    }

    #[test]
    fn what_a_person_sees_but_a_machine_never_answers() {
        for (headers, mail_from) in [
            ("From: a@b.example", Some("")),
            ("From: noreply@shop.example", None),
            ("From: a@b.example\r\nAuto-Submitted: auto-generated", None),
            ("From: a@b.example\r\nX-Auto-Response-Suppress: DR, OOF", None),
            ("From: a@b.example\r\nPrecedence: junk", None),
            ("Subject: x", None),
        ] {
            assert_eq!(verdict(headers, mail_from), (None, false), "{headers}");
        }
        assert_eq!(verdict("From: a@b.example\r\nAuto-Submitted: no", Some("a@b")), (None, true));
    }
}
