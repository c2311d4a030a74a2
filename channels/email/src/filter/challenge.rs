//! "Prove that you are a person": a program holds our mail back until somebody confirms it.
//!
//! Nobody but an agent can do that, so such a mail is an automatic answer that must be seen.

use channel_contract::{Envelope, MessageKind};

use super::{Policy, Verdict, defect};
use crate::mime::{Mail, boundary_before};

/// Header fields of the programs that ask.
const HEADERS: [&str; 5] = [
    "X-TMDA-Confirm",
    "X-BoxTrapper",
    "X-ChoiceMail-Registration-Request",
    "X-Spamarrest",
    "X-ASK-Auth",
];

/// How they ask, in the subject or the beginning of the text.
const REQUESTS: [&str; 16] = [
    "confirm that you are a human",
    "confirm you are a human",
    "confirm that you sent",
    "confirm your email to",
    "verify that you are a human",
    "verify you are human",
    "verification required",
    "verify your message",
    "is being held because",
    "held until you confirm",
    "please confirm your message",
    "sender verification",
    "подтвердите, что вы не робот",
    "подтвердите отправку",
    "підтвердьте, що ви не робот",
    "підтвердьте відправлення",
];

/// Text in which they are looked for, in bytes.
const MAX_LEAD_BYTES: usize = 2 * 1024;

pub(super) fn rule(
    mail: &Mail<'_>,
    _envelope: &Envelope,
    _policy: &Policy,
    verdict: &mut Verdict,
) -> bool {
    if !(HEADERS.iter().any(|name| mail.header(name).is_some()) || asks(mail)) {
        return false;
    }
    verdict.kind = Some(MessageKind::AutoReply);
    verdict.unanswerable = Some("challenge");
    verdict.defects.push(defect(
        "challenge",
        "The mail system of the recipient wants a person to confirm that our mail is wanted; until \
         then it is held back there.",
    ));
    true
}

/// In words only when it answers a mail of ours and nobody else would have written it.
fn asks(mail: &Mail<'_>) -> bool {
    let answers = !mail.in_reply_to.is_empty() || !mail.references.is_empty();
    let automatic =
        mail.header("Auto-Submitted").is_some_and(|value| !value.trim().eq_ignore_ascii_case("no"));
    if !answers && !automatic {
        return false;
    }
    let lead = &mail.text[..boundary_before(&mail.text, MAX_LEAD_BYTES)];
    // What it quotes of ours may ask for confirmations of all sorts.
    let lead: String = lead.lines().filter(|line| !line.starts_with('>')).collect();
    let text = format!("{} {lead}", mail.subject).to_lowercase();
    REQUESTS.iter().any(|request| text.contains(request))
}

#[cfg(test)]
mod tests {
    use super::super::{examine, testing::policy};
    use super::*;

    #[test]
    fn challenges_are_told_from_letters() {
        let challenge = (Some(MessageKind::AutoReply), Some("challenge"));
        for (headers, text, expected) in [
            ("X-BoxTrapper: x", "hello", challenge),
            (
                "In-Reply-To: <a@b>",
                "Please verify that you are a human: https://x.example",
                challenge,
            ),
            ("Auto-Submitted: auto-replied\r\nSubject: Sender verification", "x", challenge),
            ("Subject: x", "Please verify that you are a human", (None, None)),
            ("In-Reply-To: <a@b>", "Yes, Monday.\r\n> verification required", (None, None)),
        ] {
            let raw = format!("From: a@b.example\r\n{headers}\r\n\r\n{text}\r\n");
            let mail = crate::mime::read(raw.as_bytes());
            let verdict = examine(&mail, &Envelope::default(), &policy());
            assert_eq!((verdict.kind, verdict.unanswerable), expected, "{raw}");
        }
    }
}
