//! When a command that could not be carried out is tried again. Pure.

use rozmova_base::Timestamp;

/// Waits before the second, third … attempt, in ms: half a minute at first, because a restarted
/// relay is back by then, then doubling; half an hour from the seventh on (RFC 5321 §4.5.4.1).
const WAITS_MS: [i64; 7] = [30_000, 60_000, 120_000, 240_000, 480_000, 960_000, 1_800_000];

/// When a message has been on its way so long without success, it is given up and its interaction
/// says so. A client who waits for an answer is not served by the five days of RFC 5321 §4.5.4.1.
pub const GIVE_UP_AFTER_MS: i64 = 48 * 3_600_000;

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again at this time.
    At(Timestamp),
    /// Give up.
    GiveUp,
}

/// `attempts`: how many there have been, at least 1.
pub fn after(attempts: i64, created_at: Timestamp, now: Timestamp) -> Next {
    let index = usize::try_from(attempts - 1).unwrap_or(0).min(WAITS_MS.len() - 1);
    let at = now.plus_millis(WAITS_MS[index]);
    if at.millis_since(created_at) > GIVE_UP_AFTER_MS { Next::GiveUp } else { Next::At(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_an_hour_and_end_after_two_days() {
        let created = Timestamp::from_seconds(1_000_000);
        let mut now = created;
        let mut waits = Vec::new();
        let mut attempts = 1;
        while let Next::At(at) = after(attempts, created, now) {
            waits.push(at.millis_since(now) / 1_000);
            now = at;
            attempts += 1;
        }
        assert_eq!(waits[..8], [30, 60, 120, 240, 480, 960, 1_800, 1_800]);
        assert!((90..110).contains(&waits.len()), "{} attempts", waits.len());
        assert!(now.millis_since(created) <= GIVE_UP_AFTER_MS);
        assert_eq!(after(0, created, created), Next::At(created.plus_millis(30_000)));
    }
}
