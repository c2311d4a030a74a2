//! What rules would do with mails that have come: nothing is changed.
//!
//! It sees what is kept of a mail. The envelope's recipients are not, so `recipient` looks at `To`
//! and `Cc` alone; who wrote is judged by the records as they are today.

use std::collections::BTreeMap;

use bytes::Bytes;
use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, MessageId, RuleId};
use rozmova_queue::config::Medium;
use serde::Serialize;
use utoipa::ToSchema;

use super::compile::RuleSet;
use super::evaluate::{Matched, Verdict};
use super::facts::{Facts, Sender, Standing};
use super::store::PastRow;
use crate::routing::Routing;

/// Most mails of one trial.
pub const MAILS_MAX: u32 = 500;

/// A mail that has come, with all that rules look at.
#[derive(Debug)]
pub struct Past {
    /// Its row.
    pub row: PastRow,
    /// Names and media types of its attachments.
    pub attachments: Vec<(String, String)>,
    /// Its raw bytes; empty when no rule looks at header fields.
    pub raw: Bytes,
}

/// What a trial found.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = RuleTrialResult)]
pub struct Outcome {
    /// Mails looked at.
    pub looked_at: usize,
    /// Mails that the rule on trial meets; without one, that any rule meets.
    pub met: usize,
    /// Of these: mails that would be discarded.
    pub discarded: usize,
    /// Each of them, newest first.
    pub mails: Vec<Tried>,
}

/// A mail that would be met.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleTrialMail)]
pub struct Tried {
    /// Which.
    pub message_id: MessageId,
    /// Its contact.
    pub interaction_id: InteractionId,
    /// Number of the contact.
    pub number: i64,
    /// When it came.
    pub at: Timestamp,
    /// From which address.
    pub from_address: String,
    /// Its subject.
    pub subject: String,
    /// Rules that it would meet, in order.
    pub matched: Vec<Matched>,
}

/// Looks at each mail; `only`: the rule on trial.
pub fn run(set: &RuleSet, routing: &Routing, mails: Vec<Past>, only: Option<RuleId>) -> Outcome {
    let mut outcome = Outcome { looked_at: mails.len(), ..Outcome::default() };
    for mail in mails {
        let verdict = look(set, routing, &mail);
        let is_met = match only {
            Some(rule) => verdict.matched.iter().any(|matched| matched.rule_id == rule),
            None => !verdict.matched.is_empty(),
        };
        if !is_met {
            continue;
        }
        outcome.met += 1;
        outcome.discarded += usize::from(verdict.discard.is_some());
        let PastRow { id, interaction_id, number, at, subject, .. } = mail.row;
        outcome.mails.push(Tried {
            message_id: id,
            interaction_id,
            number,
            at,
            from_address: mail.row.from_address,
            subject,
            matched: verdict.matched,
        });
    }
    outcome
}

fn look(set: &RuleSet, routing: &Routing, mail: &Past) -> Verdict {
    let row = &mail.row;
    let (from, recipients, authentication) = (row.from(), row.recipients(), row.authentication());
    let attachments = mail.attachments.iter();
    let facts = Facts {
        medium: Medium::Email,
        channel: &row.channel,
        mailbox: &row.mailbox,
        from: Some(&from),
        reply_to: &recipients.reply_to,
        to: &recipients.to,
        cc: &recipients.cc,
        recipients: &[],
        subject: &row.subject,
        body: &row.body,
        raw: &mail.raw,
        attachments: attachments.map(|(name, kind)| (name.as_str(), kind.as_str())).collect(),
        kind: row.kind(),
        authentication: &authentication,
        sender: sender(row),
        received_at: row.at,
        size_bytes: row.raw_bytes.unsigned_abs(),
        readable: true,
    };
    set.evaluate(&facts, routing)
}

fn sender(row: &PastRow) -> Sender<'_> {
    // A record made from the address itself was no acquaintance.
    let is_known = row.identified_by != "none";
    let standing = match row.status.as_deref().filter(|_| is_known) {
        Some("prospect") => Standing::Prospect,
        Some(_) => Standing::Client,
        None if row.candidates > 1 => Standing::Ambiguous,
        None => Standing::Unknown,
    };
    Sender {
        standing,
        vip: is_known && row.vip.unwrap_or(0) != 0,
        segment: row.segment.as_deref().filter(|_| is_known).unwrap_or_default(),
    }
}

/// Gives each row its attachments.
pub fn joined(
    rows: Vec<PastRow>,
    mut attachments: BTreeMap<MessageId, Vec<(String, String)>>,
) -> Vec<Past> {
    let past = |row: PastRow| Past {
        attachments: attachments.remove(&row.id).unwrap_or_default(),
        row,
        raw: Bytes::new(),
    };
    rows.into_iter().map(past).collect()
}
