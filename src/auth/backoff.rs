//! How long one must wait after wrong passwords. Pure.
//!
//! Counted by login, so that many machines cannot guess one password, and by peer, so that one
//! machine cannot try one password on many logins. A login can thereby be kept waiting by
//! others, at most [`WAIT_MAX_MS`]: the price of not letting them guess.

use rozmova_base::Timestamp;

/// Wrong passwords of one login that cost nothing: typing errors.
const FREE_BY_LOGIN: i64 = 5;
/// Wrong passwords from one address that cost nothing: a branch shares one.
const FREE_BY_PEER: i64 = 30;
/// First wait in milliseconds; it doubles with each further failure.
const WAIT_FIRST_MS: i64 = 1_000;
/// Longest wait: at four guesses an hour a password of any quality holds.
pub const WAIT_MAX_MS: i64 = 15 * 60 * 1_000;
/// After a day without failures the count begins anew.
const FORGET_AFTER_MS: i64 = 24 * 60 * 60 * 1_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A login, existing or not.
    Login(&'a str),
    /// An address.
    Peer(&'a str),
}

/// The count as it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many in a row.
    pub count: i64,
    /// The last one.
    pub last_at: Timestamp,
}

impl Subject<'_> {
    /// The key of its row.
    pub fn key(self) -> String {
        match self {
            Self::Login(login) => format!("login:{login}"),
            Self::Peer(peer) => format!("peer:{peer}"),
        }
    }

    const fn free(self) -> i64 {
        match self {
            Self::Login(_) => FREE_BY_LOGIN,
            Self::Peer(_) => FREE_BY_PEER,
        }
    }

    /// Milliseconds until the next attempt is looked at; 0: now.
    pub fn wait_ms(self, failures: Failures, now: Timestamp) -> i64 {
        let over = failures.count - self.free();
        if over < 0 || is_forgotten(failures, now) {
            return 0;
        }
        let doublings = u32::try_from(over).unwrap_or(u32::MAX).min(20);
        let wait = (WAIT_FIRST_MS << doublings).min(WAIT_MAX_MS);
        (wait - now.millis_since(failures.last_at)).clamp(0, WAIT_MAX_MS)
    }
}

/// The count after one more failure.
pub fn after_failure(failures: Failures, now: Timestamp) -> Failures {
    let before = if is_forgotten(failures, now) { 0 } else { failures.count };
    Failures { count: before.saturating_add(1), last_at: now }
}

const fn is_forgotten(failures: Failures, now: Timestamp) -> bool {
    now.millis_since(failures.last_at) >= FORGET_AFTER_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: Subject<'_> = Subject::Login("olena");

    fn failed(count: i64) -> Failures {
        Failures { count, last_at: Timestamp::from_seconds(0) }
    }

    #[test]
    fn typing_errors_are_free_then_waits_double_up_to_a_quarter_of_an_hour() {
        let now = Timestamp::from_seconds(0);
        let waits: Vec<i64> =
            [4, 5, 6, 7, 14, 15, 1_000_000].map(|n| LOGIN.wait_ms(failed(n), now)).to_vec();
        assert_eq!(waits, [0, 1_000, 2_000, 4_000, 512_000, WAIT_MAX_MS, WAIT_MAX_MS]);
    }

    #[test]
    fn waiting_helps_and_a_day_forgives() {
        assert_eq!(LOGIN.wait_ms(failed(7), Timestamp::from_seconds(3)), 1_000);
        assert_eq!(LOGIN.wait_ms(failed(7), Timestamp::from_seconds(4)), 0);
        let tomorrow = Timestamp::from_seconds(86_400);
        assert_eq!(LOGIN.wait_ms(failed(1_000), tomorrow), 0);
        assert_eq!(after_failure(failed(1_000), tomorrow).count, 1);
        assert_eq!(after_failure(failed(4), Timestamp::from_seconds(1)).count, 5);
    }

    #[test]
    fn a_branch_behind_one_address_has_more_tries() {
        let now = Timestamp::from_seconds(0);
        assert_eq!(Subject::Peer("10.0.0.1").wait_ms(failed(29), now), 0);
        assert_eq!(Subject::Peer("10.0.0.1").wait_ms(failed(30), now), 1_000);
    }

    #[test]
    fn a_clock_that_goes_back_does_not_lengthen_the_wait() {
        assert_eq!(LOGIN.wait_ms(failed(100), Timestamp::from_seconds(-9_999)), WAIT_MAX_MS);
    }
}
