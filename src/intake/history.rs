//! The time of mails from the past. Pure.

use channel_contract::InboundMessage;
use rozmova_base::Timestamp;

/// No mail is older: RFC 733 is of 1977. Such dates come from machines without a clock.
const EARLIEST: Timestamp = Timestamp::from_seconds(250_000_000);

/// How a mail was brought.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brought {
    /// It is from the past and keeps its own date.
    pub history: bool,
    /// For one without a sensible date: the time of its file.
    pub fallback_at: Option<Timestamp>,
}

/// Gives a mail from the past its own date: what its header says if that can be, else that of its
/// file. New mail has come now, whatever it says of itself.
pub fn dated(mut message: InboundMessage, brought: Brought, now: Timestamp) -> InboundMessage {
    let can_be = |at: &Timestamp| *at >= EARLIEST && *at <= now;
    message.received_at = if brought.history {
        message.date.filter(can_be).or(brought.fallback_at.filter(can_be)).unwrap_or(now)
    } else {
        now
    };
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::testing::mail;

    #[test]
    fn the_past_keeps_its_date_when_that_can_be() {
        let now = Timestamp::from_seconds(1_700_000_000);
        let (old, file) =
            (Timestamp::from_seconds(1_000_000_000), Timestamp::from_seconds(1_100_000_000));
        let with = |date| InboundMessage { date, ..mail("a", "a@example.ua") };
        let history = Brought { history: true, fallback_at: Some(file) };
        assert_eq!(dated(with(Some(old)), history, now).received_at, old);
        let future = Some(Timestamp::from_seconds(1_800_000_000));
        assert_eq!(dated(with(future), history, now).received_at, file);
        assert_eq!(dated(with(Some(Timestamp(0))), history, now).received_at, file);
        let bare = Brought { history: true, fallback_at: None };
        assert_eq!(dated(with(None), bare, now).received_at, now);
        assert_eq!(dated(with(Some(old)), Brought::default(), now).received_at, now);
    }
}
