//! Our own mail coming back, and mail that goes in circles.

use channel_contract::{Envelope, MessageKind};

use super::{Policy, Verdict, defect};
use crate::mime::Mail;

/// Hops after which a mail is going in circles. RFC 5321 §6.3 says at least 100 for relays; what
/// arrives at its destination has made far fewer.
const MAX_HOPS: usize = 50;

pub(super) fn rule(
    mail: &Mail<'_>,
    _envelope: &Envelope,
    policy: &Policy,
    verdict: &mut Verdict,
) -> bool {
    let ours = mail.message_id.as_deref().and_then(|id| policy.signer.verify_message_id(id));
    let marked = mail.headers("X-Loop").any(|value| policy.is_own(value.trim()));
    let certain = ours.is_some() || marked || mail.hops > MAX_HOPS;
    let reason = if ours.is_some() {
        "A mail of our own came back."
    } else if marked {
        "It carries our own mark against loops (X-Loop)."
    } else if certain {
        "It has made so many hops that it must be going in circles."
    } else if mail.from.as_ref().is_some_and(|from| policy.is_own(&from.address)) {
        "It names one of our own addresses as its sender."
    } else {
        return false;
    };
    // A form on the bank's web site writes in the bank's name too: a person must see that, only
    // no program may answer it.
    verdict.kind = certain.then_some(MessageKind::AutoReply);
    verdict.unanswerable = Some("loop");
    verdict.defects.push(defect("loop", reason));
    certain
}

#[cfg(test)]
mod tests {
    use channel_contract::base::id::{InteractionId, MessageId};

    use super::super::{examine, testing::policy};
    use super::*;
    use crate::thread::Origin;

    #[test]
    fn our_own_mail_is_recognised_whatever_its_sender() {
        let policy = policy();
        let origin =
            Origin { message: MessageId::from_u128(1), interaction: InteractionId::from_u128(2) };
        let id = policy.signer.message_id(origin);
        let machine = Some(MessageKind::AutoReply);
        for (raw, kind) in [
            (format!("From: a@b.example\r\nMessage-ID: <{id}>\r\n\r\nx\r\n"), machine),
            ("From: a@b.example\r\nX-Loop: info@bank.example\r\n\r\nx".to_owned(), machine),
            ("From: INFO+x@bank.example\r\n\r\nx\r\n".to_owned(), None),
            (format!("{}From: a@b.example\r\n\r\nx", "Received: x\r\n".repeat(51)), machine),
        ] {
            let mail = crate::mime::read(raw.as_bytes());
            let verdict = examine(&mail, &Envelope::default(), &policy);
            assert_eq!(verdict.unanswerable, Some("loop"), "{raw}");
            assert_eq!(verdict.kind, kind, "{raw}");
        }
        let answer = format!("From: a@b.example\r\nIn-Reply-To: <{id}>\r\n\r\nx\r\n");
        let mail = crate::mime::read(answer.as_bytes());
        let verdict = examine(&mail, &Envelope::default(), &policy);
        assert_eq!((verdict.kind, verdict.unanswerable), (None, None));
    }
}
