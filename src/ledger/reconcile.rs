//! Compares the ledger with messages, interactions, raw bytes and mailboxes.
//!
//! It reads in pages, each consistent in itself: a line and what it speaks of are written in one
//! transaction, so mail that comes in meanwhile makes no false difference. Memory is bounded by a
//! page and by the list of differences.

use std::collections::BTreeSet;

use channel_contract::Survey;
use rozmova_base::id::{MessageId, ReceptionId};

use super::model::{Difference, Line, MailboxReport, Report, judge};
use super::store;
use crate::media::{ContentHash, MediaError, MediaStore};
use crate::store::{Db, StoreError};

/// Places looked up at once.
const PLACES_AT_ONCE: usize = 1_000;

/// How far a reconciliation looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Read the raw bytes and compare them with their hash; else only look whether they are there.
    pub contents: bool,
    /// Look into the mailboxes that are fetched.
    pub mailboxes: bool,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The database does not answer. Try again later.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The media store does not answer. Try again later.
    #[error(transparent)]
    Media(#[from] MediaError),
}

/// Compares everything. `surveys`: what lies in the mailboxes, when [`Scope::mailboxes`] is asked.
pub async fn reconcile(
    db: &Db,
    media: &MediaStore,
    contents: bool,
    surveys: Vec<Survey>,
) -> Result<Report, ReconcileError> {
    let mut report = Report { contents_read: contents, ..Report::default() };
    let mut after = ReceptionId::from_u128(0);
    loop {
        let lines = {
            let mut connection = db.read().await?;
            store::lines(&mut connection.sql(), after).await?
        };
        let Some(last) = lines.last() else { break };
        after = last.id;
        for line in &lines {
            take(&mut report, media, line).await?;
        }
    }
    find_unknown_messages(db, &mut report).await?;
    for survey in surveys {
        compare_mailbox(db, survey, &mut report).await?;
    }
    Ok(report)
}

async fn take(report: &mut Report, media: &MediaStore, line: &Line) -> Result<(), ReconcileError> {
    report.received += 1;
    if line.outcome == "repeated" {
        report.repeated += 1;
    } else {
        report.mails += 1;
    }
    match judge(line) {
        Ok("repeated") => {}
        Ok(place) => match content_problem(report.contents_read, media, line).await? {
            None => *report.places.entry(place.to_owned()).or_default() += 1,
            Some(difference) => report.note(difference),
        },
        Err(difference) => report.note(difference),
    }
    Ok(())
}

async fn content_problem(
    is_read: bool,
    media: &MediaStore,
    line: &Line,
) -> Result<Option<Difference>, ReconcileError> {
    let lost = |code: &str, detail: String| Ok(Some(Difference::new(code, &line.id, detail)));
    let Some(hash) = ContentHash::from_slice(&line.sha256) else {
        return lost("content_missing", "its hash is no SHA-256".to_owned());
    };
    let message = line.message_id;
    if is_read {
        return match media.load(&hash).await {
            Ok(_) => Ok(None),
            Err(MediaError::Missing(_)) => {
                lost("content_missing", format!("the raw bytes of {message} are nowhere: {hash}"))
            }
            Err(MediaError::Damaged(_)) => {
                lost("content_damaged", format!("the raw bytes of {message} are damaged: {hash}"))
            }
            Err(error) => Err(error.into()),
        };
    }
    // What was in the spool a moment ago is in the media store now: written there before it goes.
    if line.spooled || media.holds(&hash).await? {
        Ok(None)
    } else {
        lost("content_missing", format!("the raw bytes of {message} are nowhere: {hash}"))
    }
}

async fn find_unknown_messages(db: &Db, report: &mut Report) -> Result<(), StoreError> {
    let mut after = MessageId::from_u128(0);
    loop {
        let mut connection = db.read().await?;
        let found = store::without_line(&mut connection.sql(), after).await?;
        let Some((last, _)) = found.last() else { return Ok(()) };
        after = *last;
        for (message, channel) in &found {
            let detail = format!("this message came by {channel} and no line speaks of it");
            report.note(Difference::new("not_in_ledger", message, detail));
        }
    }
}

async fn compare_mailbox(db: &Db, survey: Survey, report: &mut Report) -> Result<(), StoreError> {
    let channel = survey.channel.0;
    let mut found = 0;
    for places in survey.expected.chunks(PLACES_AT_ONCE) {
        let mut connection = db.read().await?;
        let known: BTreeSet<(String, String)> =
            store::known_places(&mut connection.sql(), places).await?.into_iter().collect();
        for place in places {
            if known.contains(&(channel.clone(), place.clone())) {
                found += 1;
            } else {
                let detail = format!("lies in the mailbox of {channel} and was never taken in");
                report.note(Difference::new("not_fetched", place, detail));
            }
        }
    }
    report.mailboxes.push(MailboxReport {
        channel,
        expected: survey.expected.len() as u64,
        found,
        waiting: survey.waiting,
        fault: survey.fault,
    });
    Ok(())
}
