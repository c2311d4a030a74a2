//! How far a mailbox has been fetched. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Attempts after which a mail that cannot be fetched is put aside.
const MAX_ATTEMPTS: u32 = 4;
/// Mails put aside that are remembered.
const MAX_ASIDE: usize = 1_000;

/// Kept by the host as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// `UIDVALIDITY` under which the numbers below mean something; 0: never seen.
    pub(super) uid_validity: u32,
    /// Everything up to this was tried; `None` until the first pass over the mailbox is complete.
    last_uid: Option<u32>,
    /// The newest mail when the first pass began: of those up to here only the unread were fetched.
    #[serde(default)]
    first_uid: Option<u32>,
    /// What was begun and not finished, with the attempts so far.
    #[serde(default)]
    unfinished: BTreeMap<u32, u32>,
}

impl Cursor {
    pub(super) fn new(uid_validity: u32) -> Self {
        Self { uid_validity, ..Self::default() }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut cursor: Self = serde_json::from_str(text).ok()?;
        // Kept before this was noted: what came until now cannot be asked about.
        cursor.first_uid = cursor.first_uid.or(cursor.last_uid);
        Some(cursor)
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether this mailbox has never been gone through.
    pub(super) const fn is_fresh(&self) -> bool {
        self.last_uid.is_none()
    }

    /// The search for what is new.
    pub(super) fn query(&self) -> String {
        // A range with `*` always holds the newest mail, new or not: `due` sorts that out.
        format!("UID {}:*", self.last_uid.unwrap_or(0).saturating_add(1))
    }

    /// What is to be tried now, oldest first: the new, and what failed before and may be repeated.
    pub(super) fn due(&self, found: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let last = self.last_uid.unwrap_or(0);
        let repeat = self.unfinished.iter().filter(|(_, attempts)| **attempts < MAX_ATTEMPTS);
        let mut due: Vec<u32> = found
            .into_iter()
            .filter(|uid| *uid > last)
            .filter(|uid| self.unfinished.get(uid).is_none_or(|tries| *tries < MAX_ATTEMPTS))
            .chain(repeat.map(|(uid, _)| *uid))
            .collect();
        due.sort_unstable();
        due.dedup();
        due
    }

    pub(super) fn begin(&mut self, uid: u32) {
        *self.unfinished.entry(uid).or_default() += 1;
        while self.unfinished.len() > MAX_ASIDE {
            self.unfinished.pop_first();
        }
        if let Some(last) = &mut self.last_uid {
            *last = uid.max(*last);
        }
    }

    pub(super) fn finish(&mut self, uid: u32) {
        self.unfinished.remove(&uid);
    }

    /// The first pass is complete: from here on only what is newer than `highest`.
    pub(super) const fn start_at(&mut self, highest: u32) {
        self.last_uid = Some(highest);
        self.first_uid = Some(highest);
    }

    /// Whether this mail will be fetched yet, or be tried again.
    pub(super) fn is_to_come(&self, uid: u32) -> bool {
        let tries = self.unfinished.get(&uid);
        tries.map_or_else(|| uid > self.last_uid.unwrap_or(0), |tries| *tries < MAX_ATTEMPTS)
    }

    /// Whether this mail came after the watching began and its turn is over.
    pub(super) fn was_to_be_fetched(&self, uid: u32) -> bool {
        let first = self.first_uid.unwrap_or(0);
        uid > first && !self.is_to_come(uid)
    }

    /// Mails that will not be tried again.
    pub(super) fn given_up(&self) -> Vec<u32> {
        let aside = self.unfinished.iter().filter(|(_, attempts)| **attempts >= MAX_ATTEMPTS);
        aside.map(|(uid, _)| *uid).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_mails_come_once_and_in_order() {
        let mut cursor = Cursor::new(7);
        assert!(cursor.is_fresh());
        assert_eq!(cursor.due([5, 3]), [3, 5]);
        for uid in [3, 5] {
            cursor.begin(uid);
            cursor.finish(uid);
        }
        cursor.start_at(9);
        assert_eq!(cursor.query(), "UID 10:*");
        assert_eq!(cursor.due([9]), [0; 0], "a range with * always holds the newest");
        assert_eq!(cursor.due([12, 11]), [11, 12]);
        assert_eq!(Cursor::parse(&cursor.to_text()), Some(cursor));
    }

    #[test]
    fn a_survey_knows_what_should_have_been_fetched() {
        let mut cursor = Cursor::new(7);
        assert!(cursor.is_to_come(1), "nothing was fetched yet");
        cursor.start_at(10);
        for uid in [11, 12] {
            cursor.begin(uid);
        }
        cursor.finish(11);
        assert!(cursor.was_to_be_fetched(11) && !cursor.is_to_come(11));
        assert!(!cursor.was_to_be_fetched(12) && cursor.is_to_come(12), "tried again");
        assert!(!cursor.was_to_be_fetched(9) && !cursor.is_to_come(9), "older than the watching");
        assert!(cursor.is_to_come(13));
        (1..MAX_ATTEMPTS).for_each(|_| cursor.begin(12));
        assert!(cursor.was_to_be_fetched(12), "given up, and so it must be named");
    }

    #[test]
    fn a_bad_mail_is_repeated_a_few_times_and_then_put_aside() {
        let mut cursor = Cursor::new(7);
        cursor.start_at(0);
        for _ in 0..MAX_ATTEMPTS {
            assert_eq!(cursor.due([]).first().copied().unwrap_or(4), 4);
            cursor.begin(4);
        }
        assert_eq!(cursor.due([4, 5]), [5]);
        assert_eq!(cursor.given_up(), [4]);
    }
}
