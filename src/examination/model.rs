//! What examinations say to people, and when one is done again. Pure.

use channel_contract::{Authentication, AuthenticationResult, Defect, Examination, Standing};
use rozmova_base::Timestamp;

/// Waits before the second, third … look, in ms: a name server that was restarted answers after a
/// minute, a domain that moves after hours. Whoever has not answered by the next day has none.
const WAITS_MS: [i64; 5] = [60_000, 300_000, 1_800_000, 7_200_000, 28_800_000];

/// How often one message is looked at, at most. Also ends a message that ends the process.
pub const ATTEMPTS_MAX: i64 = WAITS_MS.len() as i64 + 1;

/// How far the examination of a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It will be looked at, for the first time or again.
    Pending,
    /// There is nothing more to find out.
    Done,
    /// Looking at it failed.
    Failed,
}

impl Progress {
    /// Of a row of `examination`; no row: it came before there were any, or by another way.
    pub fn from_row(state: Option<&str>) -> Self {
        match state {
            Some("waiting" | "running") => Self::Pending,
            Some("failed") => Self::Failed,
            Some(_) | None => Self::Done,
        }
    }

    /// As in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// As in the API.
pub const fn standing_name(standing: Standing) -> &'static str {
    match standing {
        Standing::Authenticated => "authenticated",
        Standing::Refuted => "not_authenticated",
        Standing::Unknown => "unknown",
    }
}

/// When a message whose questions were not all answered is looked at again; `None`: no more.
/// `attempts`: how often it has been, at least 1.
pub fn look_again_at(found: &Examination, attempts: i64, now: Timestamp) -> Option<Timestamp> {
    if !found.unanswered || found.authentication.standing() == Standing::Authenticated {
        return None;
    }
    let index = usize::try_from(attempts - 1).unwrap_or(0);
    WAITS_MS.get(index).map(|wait_ms| now.plus_millis(*wait_ms))
}

/// Why a sender stands as he stands: codes for programs, sentences for people.
pub fn reasons(found: &Authentication, progress: Progress) -> Vec<Defect> {
    use AuthenticationResult::{Fail, Neutral, Pass};
    let pending = progress == Progress::Pending;
    let Authentication { spf, dkim, dmarc, aligned, warnings: _ } = *found;
    let mut reasons = match dmarc {
        Pass => return vec![reason("domain_vouches")],
        Fail => vec![reason("domain_disowns")],
        AuthenticationResult::None | Neutral if aligned => {
            return vec![reason("domain_speaks_for_itself")];
        }
        AuthenticationResult::None | Neutral => Vec::new(),
    };
    for (applies, code) in [
        (dkim == Fail, "signature_broken"),
        (dkim == Pass, "signed_by_another"),
        (spf == Fail, "sent_from_elsewhere"),
    ] {
        if applies {
            reasons.push(reason(code));
        }
    }
    let is_open = reasons.is_empty() || found.standing() == Standing::Unknown;
    let undecided = [spf, dkim, dmarc].contains(&Neutral);
    match progress {
        Progress::Failed => reasons.push(reason("check_failed")),
        Progress::Pending if undecided => reasons.push(reason("no_answer_yet")),
        Progress::Pending | Progress::Done if is_open => reasons.push(reason(match () {
            () if pending => "being_checked",
            () if undecided => "undecided",
            () => "nothing_found",
        })),
        Progress::Pending | Progress::Done => {}
    }
    reasons
}

fn reason(code: &str) -> Defect {
    let detail = match code {
        "domain_vouches" => "The sender's domain vouches for this mail (DMARC).",
        "domain_disowns" => "The sender's domain says that this mail is not its own (DMARC).",
        "domain_speaks_for_itself" => {
            "Signed or delivered by the sender's own domain (DKIM, SPF), which publishes no policy."
        }
        "signature_broken" => {
            "The signature does not fit: the mail was changed on its way, or forged (DKIM)."
        }
        "signed_by_another" => "It is signed, but by another domain than the sender's (DKIM).",
        "sent_from_elsewhere" => {
            "It was delivered by a server that may not send for that domain (SPF)."
        }
        "check_failed" => "Checking it failed.",
        "no_answer_yet" => "The name servers have not answered; they are asked again.",
        "being_checked" => "It is being checked.",
        "undecided" => "It could not be decided: faulty records, or nobody answered.",
        _ => "Nothing was found that vouches for the sender.",
    };
    Defect { code: code.to_owned(), detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::AuthenticationResult::{Fail, Neutral, None as Nothing, Pass};
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn found([spf, dkim, dmarc]: [AuthenticationResult; 3], aligned: bool) -> Authentication {
        Authentication { spf, dkim, dmarc, aligned, warnings: Vec::new() }
    }

    fn codes(found: &Authentication, progress: Progress) -> Vec<String> {
        let reasons = reasons(found, progress);
        assert!(!reasons.is_empty() && reasons.iter().all(|reason| reason.detail.ends_with('.')));
        reasons.into_iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn every_verdict_has_its_reasons() {
        use Progress::{Done, Failed, Pending};
        for (results, aligned, progress, expected) in [
            ([Nothing, Pass, Pass], true, Done, &["domain_vouches"][..]),
            ([Pass, Nothing, Nothing], true, Done, &["domain_speaks_for_itself"]),
            ([Nothing, Pass, Fail], false, Done, &["domain_disowns", "signed_by_another"]),
            (
                [Fail, Fail, Fail],
                false,
                Done,
                &["domain_disowns", "signature_broken", "sent_from_elsewhere"],
            ),
            ([Fail, Nothing, Nothing], false, Done, &["sent_from_elsewhere"]),
            ([Nothing, Pass, Nothing], false, Done, &["signed_by_another", "nothing_found"]),
            ([Nothing; 3], false, Pending, &["being_checked"]),
            ([Nothing, Neutral, Neutral], false, Pending, &["no_answer_yet"]),
            ([Nothing, Neutral, Neutral], false, Done, &["undecided"]),
            ([Nothing; 3], false, Done, &["nothing_found"]),
            ([Nothing; 3], false, Failed, &["check_failed"]),
        ] {
            assert_eq!(codes(&found(results, aligned), progress), expected, "{results:?}");
        }
    }

    #[test]
    fn what_was_not_answered_is_asked_again_for_half_a_day_and_then_left() {
        let unanswered = Examination { unanswered: true, ..Examination::default() };
        let mut waits = Vec::new();
        let mut attempts = 1;
        while let Some(at) = look_again_at(&unanswered, attempts, NOW) {
            waits.push(at.millis_since(NOW) / 60_000);
            attempts += 1;
        }
        assert_eq!(waits, [1, 5, 30, 120, 480]);
        assert_eq!(attempts, ATTEMPTS_MAX);
        assert_eq!(look_again_at(&Examination::default(), 1, NOW), None, "it was answered");
        let vouched = Examination { authentication: found([Pass; 3], true), ..unanswered };
        assert_eq!(look_again_at(&vouched, 1, NOW), None, "the rest does not matter");
    }

    #[test]
    fn verdicts_of_before_alignment_was_kept_are_read() {
        let old = r#"{"spf":"none","dkim":"pass","dmarc":"none","warnings":[]}"#;
        let found: Authentication = serde_json::from_str(old).expect("parses");
        assert!(!found.aligned && found.standing() == Standing::Unknown);
    }
}
