//! One leg: one other end, from its first INVITE to its end.

use channel_contract::base::Timestamp;

use crate::dialog::Dialog;
use crate::message::{Request, Response, Status};
use crate::sdp::SessionDescription;
use crate::sdp::negotiate::Local;
use crate::transaction::{Flow, TransactionId};

/// One leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub u64);

impl std::fmt::Display for LegId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// How a leg ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// The other end hung up, or withdrew its call.
    ByThem,
    /// We did.
    ByUs,
    /// The phone refused: busy, declined.
    Refused(Status),
    /// Nobody answered in time.
    NoAnswer,
    /// The other end cannot be reached, or is gone.
    Unreachable,
    /// Our answer was never confirmed. RFC 3261 §13.3.1.4.
    Unconfirmed,
    /// No sound in common.
    NoAgreement,
}

/// Why a leg wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LegTimer {
    /// Our 2xx is sent again: it is not confirmed yet.
    RepeatAnswer,
    /// Our 2xx is not confirmed at all.
    Confirmation,
    /// It has rung long enough.
    Ringing,
}

/// A 2xx of ours on its way. RFC 3261 §13.3.1.4.
#[derive(Debug)]
pub(super) struct Unconfirmed {
    pub(super) transaction: TransactionId,
    pub(super) response: Response,
    pub(super) cseq: u32,
    pub(super) pause_ms: i64,
    /// It answers the first INVITE of the call, not one that changes it.
    pub(super) is_first: bool,
}

/// How far a leg is.
#[derive(Debug)]
pub(super) enum State {
    /// They call; we have not answered.
    Offered { transaction: TransactionId, request: Box<Request> },
    /// We call; they have not answered.
    Calling { transaction: TransactionId, withdrawn: Option<EndCause> },
    /// Answered.
    Established,
}

#[derive(Debug)]
pub(super) struct Leg {
    pub(super) state: State,
    /// The INVITE that began it, when it was theirs.
    pub(super) invite: Option<TransactionId>,
    pub(super) flow: Flow,
    /// `None` while we call and nobody has answered.
    pub(super) dialog: Option<Dialog>,
    /// Our side of the sound.
    pub(super) local: Option<Local>,
    /// Their side, as they last said.
    pub(super) remote: Option<SessionDescription>,
    pub(super) unconfirmed: Option<Unconfirmed>,
    /// When which timers are set.
    pub(super) alarms: Vec<(Timestamp, LegTimer)>,
}
