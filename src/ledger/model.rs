//! What a line of the ledger must agree with. Pure.

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, MessageId, ReceptionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Differences kept in one report; more than a person would ever go through one by one.
pub const DIFFERENCES_MAX: usize = 10_000;

/// Whether a rule has discarded a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruled {
    /// None has.
    No,
    /// One has.
    Discarded,
    /// One had, and a person took it back.
    Restored,
}

/// A line of the ledger with everything that it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The line.
    pub id: ReceptionId,
    /// Through which channel.
    pub channel: String,
    /// When.
    pub received_at: Timestamp,
    /// Where it ended then.
    pub outcome: String,
    /// Where its content is.
    pub message_id: MessageId,
    /// SHA-256 of what came.
    pub sha256: Vec<u8>,
    /// The message's kind; `None`: it is not there.
    pub kind: Option<String>,
    /// Whether it could be read.
    pub readable: Option<i16>,
    /// Its raw bytes.
    pub raw_sha256: Option<Vec<u8>>,
    /// Its interaction, if that is there.
    pub interaction_id: Option<InteractionId>,
    /// What a person did with it, when it could not be read.
    pub filed: Option<String>,
    /// What a rule did with it.
    pub ruled: Ruled,
    /// Whether the raw bytes are in the spool.
    pub spooled: bool,
}

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    /// A stable word: `message_missing`, `interaction_missing`, `outcome_differs`,
    /// `content_differs`, `content_missing`, `content_damaged`, `not_in_ledger`, `not_fetched`.
    pub code: String,
    /// The line, message or place in a mailbox that it is about.
    pub subject: String,
    /// What is so, for a person.
    pub detail: String,
}

impl Difference {
    /// One difference.
    pub fn new(code: &str, subject: &impl ToString, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), subject: subject.to_string(), detail: detail.into() }
    }
}

/// A mailbox that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailboxReport {
    /// Whose.
    pub channel: String,
    /// Mails lying there that had to be in the ledger.
    pub expected: u64,
    /// How many of them were.
    pub found: u64,
    /// Mails that are fetched next.
    pub waiting: u64,
    /// Why it could not be looked at.
    pub fault: Option<String>,
}

/// What a reconciliation found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReconciliationReport)]
pub struct Report {
    /// Lines of the ledger.
    pub received: u64,
    /// Of them for the first time: different mails.
    pub mails: u64,
    /// Of them again.
    pub repeated: u64,
    /// Different mails by final place: `interaction`, `report`, `machine_note`, `unreadable`,
    /// `discarded` (by hand), `discarded_by_rule`. Together with the lines that differ they make
    /// `mails`.
    pub places: BTreeMap<String, u64>,
    /// Whether the raw bytes were read and compared with their hash, or only looked for.
    pub contents_read: bool,
    /// Mailboxes that were looked at.
    pub mailboxes: Vec<MailboxReport>,
    /// How many differences there are.
    pub differences_count: u64,
    /// Each of them, the first ten thousand.
    pub differences: Vec<Difference>,
}

impl Report {
    /// Whether everything agrees, and everything that was asked for could be looked at.
    pub fn agrees(&self) -> bool {
        self.differences_count == 0 && self.mailboxes.iter().all(|mailbox| mailbox.fault.is_none())
    }

    /// Notes one difference.
    pub fn note(&mut self, difference: Difference) {
        self.differences_count += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference);
        }
    }
}

/// In which final place a mail is; or what is wrong. The raw bytes are looked for elsewhere.
pub fn judge(line: &Line) -> Result<&'static str, Difference> {
    let differs = |code: &str, detail: String| Err(Difference::new(code, &line.id, detail));
    let (Some(kind), Some(readable)) = (&line.kind, line.readable) else {
        let detail = format!("the message {} is not there", line.message_id);
        return differs("message_missing", detail);
    };
    if line.interaction_id.is_none() {
        let detail = format!("the message {} is in no interaction", line.message_id);
        return differs("interaction_missing", detail);
    }
    if line.outcome == "repeated" {
        return Ok("repeated");
    }
    if line.raw_sha256.as_ref() != Some(&line.sha256) {
        let detail = format!("the message {} has other raw bytes than came in", line.message_id);
        return differs("content_differs", detail);
    }
    let by_kind = match kind.as_str() {
        "bounce" => "report",
        "auto_reply" => "machine_note",
        _ => "interaction",
    };
    let place = match (readable, line.filed.as_deref()) {
        _ if line.ruled == Ruled::Discarded => "discarded_by_rule",
        (0, None) => "unreadable",
        (0, Some("discarded")) => "discarded",
        (0, Some(_)) => "interaction",
        (_, _) => by_kind,
    };
    let was_filed = line.outcome == "unreadable" && line.filed.is_some();
    let was_restored = line.outcome == "discarded_by_rule" && line.ruled == Ruled::Restored;
    if place == line.outcome || was_filed || was_restored {
        Ok(place)
    } else {
        let detail = format!(
            "the ledger says {}, the message {} says {place}",
            line.outcome, line.message_id
        );
        differs("outcome_differs", detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        Line {
            id: ReceptionId::from_u128(1),
            channel: "lmtp".to_owned(),
            received_at: Timestamp(1),
            outcome: "interaction".to_owned(),
            message_id: MessageId::from_u128(2),
            sha256: vec![1],
            kind: Some("message".to_owned()),
            readable: Some(1),
            raw_sha256: Some(vec![1]),
            interaction_id: Some(InteractionId::from_u128(3)),
            filed: None,
            ruled: Ruled::No,
            spooled: true,
        }
    }

    fn code(line: &Line) -> String {
        judge(line).expect_err("a difference").code
    }

    #[test]
    fn every_mail_is_in_one_final_place() {
        let text = |text: &str| Some(text.to_owned());
        let unreadable = Line { outcome: "unreadable".to_owned(), readable: Some(0), ..line() };
        let ruled = Line { outcome: "discarded_by_rule".to_owned(), ..line() };
        for (line, place) in [
            (line(), "interaction"),
            (Line { kind: text("list"), ..line() }, "interaction"),
            (Line { kind: text("bounce"), outcome: "report".to_owned(), ..line() }, "report"),
            (
                Line { kind: text("auto_reply"), outcome: "machine_note".to_owned(), ..line() },
                "machine_note",
            ),
            (unreadable.clone(), "unreadable"),
            (Line { filed: text("discarded"), ..unreadable.clone() }, "discarded"),
            (Line { filed: text("client"), ..unreadable.clone() }, "interaction"),
            (Line { filed: text("read"), readable: Some(1), ..unreadable }, "interaction"),
            (Line { ruled: Ruled::Discarded, ..ruled.clone() }, "discarded_by_rule"),
            (Line { ruled: Ruled::Restored, ..ruled }, "interaction"),
            (Line { outcome: "repeated".to_owned(), sha256: vec![9], ..line() }, "repeated"),
        ] {
            assert_eq!(judge(&line), Ok(place), "{line:?}");
        }
    }

    #[test]
    fn what_does_not_agree_is_named() {
        assert_eq!(code(&Line { kind: None, ..line() }), "message_missing");
        assert_eq!(code(&Line { interaction_id: None, ..line() }), "interaction_missing");
        assert_eq!(code(&Line { raw_sha256: Some(vec![2]), ..line() }), "content_differs");
        assert_eq!(code(&Line { raw_sha256: None, ..line() }), "content_differs");
        let read = Line { outcome: "unreadable".to_owned(), ..line() };
        assert_eq!(code(&read), "outcome_differs", "nobody has filed it");
        let forgotten = Line { outcome: "discarded_by_rule".to_owned(), ..line() };
        assert_eq!(code(&forgotten), "outcome_differs", "no row says which rule it was");
        let silent = Line { ruled: Ruled::Discarded, ..line() };
        assert_eq!(code(&silent), "outcome_differs", "the ledger does not say so");
        let lost = Line { kind: Some("bounce".to_owned()), ..line() };
        assert_eq!(code(&lost), "outcome_differs");
    }

    #[test]
    fn a_report_counts_more_than_it_lists() {
        let mut report = Report::default();
        assert!(report.agrees());
        for number in 0..=DIFFERENCES_MAX {
            report.note(Difference::new("not_fetched", &number, ""));
        }
        assert_eq!(report.differences.len(), DIFFERENCES_MAX);
        assert_eq!(report.differences_count, DIFFERENCES_MAX as u64 + 1);
        assert!(!report.agrees());
    }
}
