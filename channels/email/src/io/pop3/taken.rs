//! Which mails of a mailbox were taken, by their unique ids (RFC 1939 §7, `UIDL`). Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::connection::Listed;

/// Attempts after which a mail that cannot be fetched is put aside.
const ATTEMPTS_MAX: u32 = 4;

/// Kept by the host as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Taken {
    done: BTreeSet<String>,
    /// What was begun and not finished, with the attempts so far.
    #[serde(default)]
    unfinished: BTreeMap<String, u32>,
}

impl Taken {
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Forgets what lies there no more: an id is not used again while its mail exists.
    pub(super) fn keep(&mut self, listed: &[Listed]) {
        let there: BTreeSet<&str> = listed.iter().map(|mail| mail.unique_id.as_str()).collect();
        self.done.retain(|id| there.contains(id.as_str()));
        self.unfinished.retain(|id, _| there.contains(id.as_str()));
    }

    /// Whether this mail is not to be tried (any more).
    pub(super) fn has(&self, id: &str) -> bool {
        self.is_done(id) || self.unfinished.get(id).is_some_and(|tries| *tries >= ATTEMPTS_MAX)
    }

    pub(super) fn is_done(&self, id: &str) -> bool {
        self.done.contains(id)
    }

    pub(super) fn begin(&mut self, id: &str) {
        *self.unfinished.entry(id.to_owned()).or_default() += 1;
    }

    pub(super) fn finish(&mut self, id: &str) {
        self.unfinished.remove(id);
        self.done.insert(id.to_owned());
    }

    /// Mails that will not be tried again.
    pub(super) fn given_up(&self) -> Vec<String> {
        let aside = self.unfinished.iter().filter(|(_, attempts)| **attempts >= ATTEMPTS_MAX);
        aside.map(|(id, _)| id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(ids: &[&str]) -> Vec<Listed> {
        let mail = |id: &&str| Listed { number: 1, unique_id: (*id).to_owned(), size_bytes: 1 };
        ids.iter().map(mail).collect()
    }

    #[test]
    fn each_mail_is_taken_once_and_a_bad_one_is_given_up() {
        let mut taken = Taken::default();
        taken.begin("a");
        taken.finish("a");
        assert!(taken.has("a") && !taken.has("b"));
        for _ in 0..ATTEMPTS_MAX {
            assert!(!taken.has("b"));
            taken.begin("b");
        }
        assert!(taken.has("b") && !taken.is_done("b"));
        assert_eq!(taken.given_up(), ["b"]);
        assert_eq!(Taken::parse(&taken.to_text()), Some(taken.clone()));
        taken.keep(&listed(&["b", "c"]));
        assert!(!taken.has("a") && taken.has("b"));
        taken.keep(&listed(&["c"]));
        assert_eq!(taken, Taken::default());
    }
}
