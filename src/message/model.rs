//! A message as desks and programs see it.

use channel_contract::{Authentication, AuthenticationResult, Defect, Party as ContractParty};
use rozmova_base::Timestamp;
use rozmova_base::address::EmailAddress;
use rozmova_base::id::{AttachmentId, InteractionId, MessageId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schedule::Scheduled;
use crate::examination::model::{Progress, reasons, standing_name};
use crate::outbox::delivery::RecipientDelivery;

/// Most recipients of one message, `to` and `cc` together. RFC 5321 §4.5.3.1.8.
pub const RECIPIENTS_MAX: usize = 100;
/// Longest text that an agent may write, in bytes: a novel.
pub const TEXT_MAX_BYTES: usize = 1024 * 1024;
/// Longest subject, in characters: one header line (RFC 5322 §2.1.1) with room for its name.
pub const SUBJECT_MAX_CHARS: usize = 900;
/// Most files with one message.
pub const ATTACHMENTS_MAX: usize = 50;
/// References kept in an answer: the oldest and the newest tell the thread (RFC 5322 §3.6.4).
pub const REFERENCES_MAX: usize = 20;

/// Somebody as a message names him.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Party {
    /// May be empty.
    #[serde(default)]
    pub name: String,
    /// A mail address.
    pub address: String,
}

impl From<ContractParty> for Party {
    fn from(party: ContractParty) -> Self {
        Self { name: party.name, address: party.address }
    }
}

impl From<&Party> for ContractParty {
    fn from(party: &Party) -> Self {
        let name = party.name.chars().filter(|character| !character.is_control()).collect();
        Self { name, address: party.address.trim().to_owned() }
    }
}

/// One message of an interaction.
#[expect(clippy::struct_excessive_bools, reason = "each is a column that the API shows")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Where it belongs.
    pub interaction_id: InteractionId,
    /// `message`, `note`, `auto_reply`, `bounce`, `complaint`, `list`.
    pub kind: String,
    /// `inbound`, `outbound`, `internal`.
    pub direction: String,
    /// `email`, `voice`, `fax`, `letter`.
    pub medium: String,
    /// Who wrote it.
    pub from: Party,
    /// To whom.
    pub to: Vec<Party>,
    /// And to whom else.
    pub cc: Vec<Party>,
    /// One line.
    pub subject: String,
    /// The whole text.
    pub text: String,
    /// The text without quotation and signature.
    pub reply_text: String,
    /// Whether `/messages/{id}/html` shows more than the text.
    pub has_html: bool,
    /// Whether that holds pictures from elsewhere, which are shown on demand only.
    pub remote_pictures: bool,
    /// Files that came or go with it.
    pub attachments: Vec<Attachment>,
    /// When it came in or was written.
    pub at: Timestamp,
    /// Which of us wrote it.
    pub author: Option<Author>,
    /// What became of it; of our own messages only.
    pub delivery: Option<Delivery>,
    /// In which language it is written, ISO 639-1; absent when that is not known (yet).
    pub language: Option<String>,
    /// How often it has come in; more than once: `/messages/{id}/arrivals` says when and how.
    pub arrivals: i64,
    /// Who vouches for the sender; absent for what we wrote ourselves.
    pub authentication: Option<AuthenticationView>,
    /// What was wrong with it.
    pub defects: Vec<Finding>,
    /// `false`: it could not be read; there is `/messages/{id}/raw`.
    pub readable: bool,
    /// Written by a program.
    pub automatic: bool,
}

/// A person of the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Author {
    /// The person.
    pub id: UserId,
    /// As shown.
    pub name: String,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Attachment {
    /// For `/attachments/{id}`.
    pub id: AttachmentId,
    /// File name.
    pub name: String,
    /// As declared.
    pub media_type: String,
    /// Decoded size.
    pub size_bytes: i64,
    /// Shown within the text.
    pub inline: bool,
}

/// What became of a message of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Delivery {
    /// `scheduled`, `held`, `queued`, `sending`, `sent`, `delayed`, `delivered`, `failed`. One
    /// recipient who did not get it is enough for `failed`. `held`: it was to leave now, but the
    /// client has written since; its writer sends it (`PUT /messages/{id}/sending`) or takes it
    /// back.
    pub state: String,
    /// What the other side said; absent when nothing was said yet.
    pub detail: Option<String>,
    /// Since when.
    pub at: Timestamp,
    /// When it is tried (again).
    pub next_try_at: Option<Timestamp>,
    /// When its writer wanted it to leave, if not at once.
    pub scheduled: Option<Scheduled>,
    /// What became of it for each recipient; empty for messages of before this was kept.
    pub recipients: Vec<RecipientDelivery>,
}

/// Who vouches for the sender. RFC 8601.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuthenticationView {
    /// What all of it says: `authenticated`, `not_authenticated`, `unknown`.
    pub standing: String,
    /// `pending`: it may change yet; `done`; `failed`.
    pub progress: String,
    /// Why it stands so.
    pub reasons: Vec<Finding>,
    /// `pass`, `fail`, `neutral`, `none`.
    pub spf: String,
    /// Likewise.
    pub dkim: String,
    /// Likewise.
    pub dmarc: String,
    /// What a person should look at.
    pub warnings: Vec<Finding>,
}

/// Something found in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// For programs.
    pub code: String,
    /// For people.
    pub detail: String,
}

impl From<Defect> for Finding {
    fn from(defect: Defect) -> Self {
        Self { code: defect.code, detail: defect.detail }
    }
}

impl AuthenticationView {
    /// What was found, and how far that is.
    pub fn new(found: Authentication, progress: Progress) -> Self {
        let name = |result| {
            match result {
                AuthenticationResult::None => "none",
                AuthenticationResult::Pass => "pass",
                AuthenticationResult::Fail => "fail",
                AuthenticationResult::Neutral => "neutral",
            }
            .to_owned()
        };
        let reasons = reasons(&found, progress);
        Self {
            standing: standing_name(found.standing()).to_owned(),
            progress: progress.as_str().to_owned(),
            reasons: reasons.into_iter().map(Finding::from).collect(),
            spf: name(found.spf),
            dkim: name(found.dkim),
            dmarc: name(found.dmarc),
            warnings: found.warnings.into_iter().map(Finding::from).collect(),
        }
    }
}

/// What an agent has written, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// To whom.
    pub to: Vec<ContractParty>,
    /// And to whom else.
    pub cc: Vec<ContractParty>,
    /// One line.
    pub subject: String,
    /// The text, lines separated by `\n`.
    pub text: String,
}

/// Why something that was written cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WritingProblem {
    /// Which field.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl WritingProblem {
    fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

impl Written {
    /// A message to somebody.
    pub fn message(
        to: &[Party],
        cc: &[Party],
        subject: &str,
        text: &str,
    ) -> Result<Self, WritingProblem> {
        if to.is_empty() {
            return Err(WritingProblem::new("to", "name at least one recipient"));
        }
        if to.len() + cc.len() > RECIPIENTS_MAX {
            let message = format!("a message has at most {RECIPIENTS_MAX} recipients");
            return Err(WritingProblem::new("to", message));
        }
        Ok(Self {
            to: parties("to", to)?,
            cc: parties("cc", cc)?,
            subject: one_line(subject)?,
            text: checked_text(text)?,
        })
    }

    /// A note for colleagues.
    pub fn note(text: &str) -> Result<Self, WritingProblem> {
        let text = checked_text(text)?;
        Ok(Self { to: Vec::new(), cc: Vec::new(), subject: String::new(), text })
    }
}

fn parties(field: &'static str, list: &[Party]) -> Result<Vec<ContractParty>, WritingProblem> {
    let checked = |party: &Party| match EmailAddress::parse(&party.address) {
        Ok(_) => Ok(ContractParty::from(party)),
        Err(error) => {
            Err(WritingProblem::new(field, format!("\"{}\": {error}", party.address.trim())))
        }
    };
    list.iter().map(checked).collect()
}

fn one_line(text: &str) -> Result<String, WritingProblem> {
    let line = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    let line = line.collect::<String>().trim().to_owned();
    if line.chars().count() > SUBJECT_MAX_CHARS {
        let message = format!("a subject has at most {SUBJECT_MAX_CHARS} characters");
        return Err(WritingProblem::new("subject", message));
    }
    Ok(line)
}

fn checked_text(text: &str) -> Result<String, WritingProblem> {
    if text.trim().is_empty() {
        return Err(WritingProblem::new("text", "write something"));
    }
    if text.len() > TEXT_MAX_BYTES {
        let message = format!("a text has at most {TEXT_MAX_BYTES} bytes; send a file");
        return Err(WritingProblem::new("text", message));
    }
    Ok(text.replace("\r\n", "\n").replace(['\r', '\0'], "\n"))
}

/// The subject of an answer: with the contact's number, so that the answer to it finds back even
/// when a mail program drops all references.
pub fn numbered_subject(subject: &str, number: i64) -> String {
    let token = format!("[#{number}]");
    if subject.contains(&token) { subject.to_owned() } else { format!("{subject} {token}") }
}

/// The chain of an answer: that of the message which is answered, and its own Message-ID.
pub fn chain(mut references: Vec<String>, message_id: Option<String>) -> Vec<String> {
    references.extend(message_id);
    if references.len() > REFERENCES_MAX {
        let surplus = references.len() - REFERENCES_MAX;
        references.drain(1..=surplus);
    }
    references
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(address: &str) -> Party {
        Party { name: "Olena\r\nBcc: x".to_owned(), address: address.to_owned() }
    }

    #[test]
    fn what_is_written_is_checked_and_cleaned() {
        let to = [party(" olena@example.ua ")];
        let written = Written::message(&to, &[], "a\r\nb", "x\r\ny").expect("fine");
        assert_eq!(written.to[0].address, "olena@example.ua");
        assert_eq!(written.to[0].name, "OlenaBcc: x");
        assert_eq!((written.subject.as_str(), written.text.as_str()), ("a  b", "x\ny"));
        let field = |result: Result<Written, WritingProblem>| result.expect_err("wrong").field;
        assert_eq!(field(Written::message(&[], &[], "", "x")), "to");
        assert_eq!(field(Written::message(&to, &[party("nobody")], "", "x")), "cc");
        assert_eq!(field(Written::message(&to, &[], &"s".repeat(901), "x")), "subject");
        assert_eq!(field(Written::message(&to, &[], "", " \n ")), "text");
        let many = vec![party("a@b.ua"); RECIPIENTS_MAX + 1];
        assert_eq!(field(Written::message(&many, &[], "", "x")), "to");
    }

    #[test]
    fn a_subject_has_its_number_once() {
        assert_eq!(numbered_subject("Re: card", 7), "Re: card [#7]");
        assert_eq!(numbered_subject("Re: card [#7]", 7), "Re: card [#7]");
    }

    #[test]
    fn a_long_chain_keeps_its_beginning_and_its_end() {
        let long: Vec<String> = (0..50).map(|number| number.to_string()).collect();
        let chain = chain(long, Some("last".to_owned()));
        assert_eq!(chain.len(), REFERENCES_MAX);
        assert_eq!((chain[0].as_str(), chain[1].as_str()), ("0", "32"));
        assert_eq!(chain[REFERENCES_MAX - 1], "last");
        assert_eq!(super::chain(vec![], None), Vec::<String>::new());
    }
}
