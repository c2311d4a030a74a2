//! The timers of RFC 3261 table 4 and RFC 6026 §8.8.

use channel_contract::base::Timestamp;

/// Estimates on which all timers rest. RFC 3261 §17.1.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// A round trip: the first pause between repetitions.
    pub t1_ms: i64,
    /// The longest pause between repetitions of anything but an INVITE.
    pub t2_ms: i64,
    /// How long a message may live in the network.
    pub t4_ms: i64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { t1_ms: 500, t2_ms: 4_000, t4_ms: 5_000 }
    }
}

impl Timing {
    /// How long anybody waits for anybody. RFC 3261 §17.1.1.2.
    pub const fn timeout_ms(&self) -> i64 {
        64 * self.t1_ms
    }
}

/// Why a transaction wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// An INVITE is sent again.
    A,
    /// An INVITE has no answer at all.
    B,
    /// Repetitions of a refusal can come no more.
    D,
    /// Another request is sent again.
    E,
    /// Another request has no final answer.
    F,
    /// A refusal of an INVITE is sent again.
    G,
    /// A refusal of an INVITE was never confirmed.
    H,
    /// Repetitions of an ACK can come no more.
    I,
    /// Repetitions of another request can come no more.
    J,
    /// Repetitions of another answer can come no more.
    K,
    /// Repetitions of an INVITE that was accepted can come no more. RFC 6026 §8.8.
    L,
    /// Further answers to an INVITE that was accepted can come no more. RFC 6026 §8.8.
    M,
}

/// The timers that run in one transaction: two at most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarms(Vec<(Timestamp, Timer)>);

impl Alarms {
    /// Starts a timer, or moves it.
    pub(crate) fn set(&mut self, timer: Timer, at: Timestamp) {
        self.clear(timer);
        self.0.push((at, timer));
    }

    pub(crate) fn clear(&mut self, timer: Timer) {
        self.0.retain(|(_, running)| *running != timer);
    }

    pub(crate) fn clear_all(&mut self) {
        self.0.clear();
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.iter().min().map(|(at, _)| *at)
    }

    /// Takes the earliest timer that is due, with the time for which it was set.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<(Timer, Timestamp)> {
        let (at, timer) = *self.0.iter().min()?;
        if at > now {
            return None;
        }
        self.clear(timer);
        Some((timer, at))
    }
}
