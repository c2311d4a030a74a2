//! What became of the mails of an import.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

/// Mails between two lines of progress.
const PROGRESS_EVERY: u64 = 1_000;
/// Problems that are listed one by one.
const PROBLEMS_MAX: usize = 10_000;

/// What became of one mail or file.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is stored, or would be.
    Taken { identity: String, repeated: bool, readable: bool, bytes: u64 },
    /// It is not stored. Running the import again may help.
    Failed(String),
    /// The file cannot be read or is no mail.
    Skipped(String),
}

/// A file or mail about which something is to be said.
#[derive(Debug, Serialize)]
struct Problem {
    place: String,
    problem: String,
}

/// Counts.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tally {
    /// Mails found.
    pub(super) found: u64,
    /// Of them stored now.
    pub(super) stored: u64,
    /// Of them stored before, by an earlier import or another way.
    pub(super) repeated: u64,
    /// Of those stored now: raw only, on the list of what could not be read.
    pub(super) unreadable: u64,
    /// Of them not stored.
    pub(super) failed: u64,
    /// Files that cannot be read or are no mails.
    pub(super) skipped: u64,
    /// Bytes of all mails found.
    pub(super) bytes: u64,
    problems: Vec<Problem>,
    /// By a hash of 64 bits: a dry run asks no store, and a million mails are to fit.
    #[serde(skip)]
    seen: HashSet<u64>,
}

impl Tally {
    pub(super) fn note(&mut self, place: String, fate: Fate) {
        match fate {
            Fate::Taken { identity, repeated, readable, bytes } => {
                self.found += 1;
                self.bytes += bytes;
                let mut hasher = DefaultHasher::new();
                identity.hash(&mut hasher);
                let is_first = identity.is_empty() || self.seen.insert(hasher.finish());
                if repeated || !is_first {
                    self.repeated += 1;
                    return;
                }
                self.stored += 1;
                if !readable {
                    self.unreadable += 1;
                    self.problem(place, "stored raw: it cannot be read".to_owned());
                }
            }
            Fate::Failed(reason) => {
                self.found += 1;
                self.failed += 1;
                self.problem(place, format!("not stored: {reason}"));
            }
            Fate::Skipped(reason) => {
                self.skipped += 1;
                self.problem(place, format!("left out: {reason}"));
            }
        }
    }

    fn problem(&mut self, place: String, problem: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { place, problem });
        }
    }

    pub(super) fn show_progress(&self) {
        if self.found > 0 && self.found.is_multiple_of(PROGRESS_EVERY) {
            eprintln!("{} mails: {} stored, {} before", self.found, self.stored, self.repeated);
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Problem { place, problem } in &self.problems {
            writeln!(formatter, "{place}: {problem}")?;
        }
        write!(
            formatter,
            "{} mails ({} bytes): {} stored, {} had come before, {} not stored; {} of the stored \
             cannot be read; {} files left out",
            self.found,
            self.bytes,
            self.stored,
            self.repeated,
            self.failed,
            self.unreadable,
            self.skipped
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_counts_once() {
        let mut tally = Tally::default();
        let taken = |identity: &str, repeated, readable| Fate::Taken {
            identity: identity.to_owned(),
            repeated,
            readable,
            bytes: 10,
        };
        tally.note("a".to_owned(), taken("1", false, true));
        tally.note("b".to_owned(), taken("1", false, true));
        tally.note("c".to_owned(), taken("2", true, true));
        tally.note("d".to_owned(), taken("3", false, false));
        tally.note("e".to_owned(), Fate::Failed("the disk is full".to_owned()));
        tally.note("f".to_owned(), Fate::Skipped("no mail".to_owned()));
        assert_eq!((tally.found, tally.stored, tally.repeated, tally.failed), (5, 2, 2, 1));
        assert_eq!((tally.unreadable, tally.skipped, tally.bytes), (1, 1, 40));
        let text = tally.to_string();
        assert!(text.contains("e: not stored: the disk is full"), "{text}");
        assert!(text.ends_with("1 files left out"), "{text}");
    }
}
