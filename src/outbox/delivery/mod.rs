//! What became of a message for each of its recipients. Pure; the rows are in [`store`].
//!
//! 1. A recipient has one state, and it only moves forward: what has failed stays failed, what was
//!    delivered is not merely sent again.
//! 2. What the relay has taken for somebody is never sent to him again, whatever becomes of the
//!    others.
//! 3. An address is counted as failing only for a message that went to it: a report about anybody
//!    else proves nothing.

pub mod store;

use channel_contract::{DeliveryReport, ReportAction};
use rozmova_base::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Failures for reasons other than the address after which it counts as failing all the same.
pub const SOFT_FAILURES_MAX: i64 = 5;

/// What became of a message for one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not tried yet.
    Queued,
    /// Put off; tried again by us or by a server behind us.
    Delayed,
    /// Taken by the relay.
    Sent,
    /// Reported as delivered.
    Delivered,
    /// Given up: it came back.
    Failed,
}

impl State {
    /// As in rows and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delayed => "delayed",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// What a report makes of it.
    pub const fn reported(action: ReportAction) -> Self {
        match action {
            ReportAction::Failed => Self::Failed,
            ReportAction::Delayed => Self::Delayed,
            ReportAction::Delivered | ReportAction::Relayed | ReportAction::Expanded => {
                Self::Delivered
            }
        }
    }
}

/// One recipient of a message of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecipientDelivery {
    /// The address.
    pub address: String,
    /// `queued`, `delayed`, `sent`, `delivered`, `failed`.
    pub state: String,
    /// Enhanced status (RFC 3463), if the other side gave one.
    pub status: Option<String>,
    /// What the other side said.
    pub detail: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

/// What a report says of one recipient of a message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientReport {
    /// In lower case; empty: the report names nobody.
    pub address: String,
    /// What became of it.
    pub state: State,
    /// Enhanced status, or empty.
    pub status: String,
    /// What the other side said.
    pub detail: String,
    /// The address itself is to blame.
    pub is_hard: bool,
}

impl RecipientReport {
    /// Out of a delivery report.
    pub fn new(report: &DeliveryReport) -> Self {
        Self {
            address: report.recipient.trim().to_lowercase(),
            state: State::reported(report.action),
            status: report.status.clone(),
            detail: detail(report),
            is_hard: report.is_hard(),
        }
    }
}

fn detail(report: &DeliveryReport) -> String {
    /// Longest text kept of what another server said, in characters.
    const MAX_DETAIL_CHARS: usize = 500;
    let text = format!("{}: {} {}", report.recipient, report.status, report.reason);
    text.chars().filter(|character| !character.is_control()).take(MAX_DETAIL_CHARS).collect()
}

/// The enhanced status in what a relay said, `5.1.1` in `550 5.1.1 no such user`; empty: none.
/// RFC 3463 §2.
pub fn status_in(text: &str) -> &str {
    let is_status = |word: &&str| {
        let mut fields = word.split('.');
        let class = fields.next().is_some_and(|class| matches!(class, "2" | "4" | "5"));
        let number = |field: Option<&str>| {
            field.is_some_and(|field| {
                (1..=3).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        class && number(fields.next()) && number(fields.next()) && fields.next().is_none()
    };
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | '(' | ')'));
    words.into_iter().find(is_status).unwrap_or_default()
}

/// Whether a refusal by the relay blames the address: only a status says so, since a bare `550` may
/// as well be the relay's own policy.
pub fn is_hard_refusal(status: &str) -> bool {
    status.starts_with("5.1.") || status == "5.2.1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_found_in_what_a_relay_said() {
        assert_eq!(status_in("not sent: permanent error (550): 5.1.1 no such user"), "5.1.1");
        assert_eq!(status_in("451 4.7.1 greylisted, come back"), "4.7.1");
        for text in ["550 no such user at 10.1.1.1", "", "version 5.1", "5.1.1.1", "9.1.1"] {
            assert_eq!(status_in(text), "", "{text}");
        }
        assert!(is_hard_refusal("5.1.1") && !is_hard_refusal("5.7.1") && !is_hard_refusal(""));
    }
}
