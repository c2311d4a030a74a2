//! What browsers see now: numbered events, sent only after what they speak of is committed.
//!
//! 1. Every event gets the next number of this run of the server (its *epoch*) and is kept in a
//!    ring for those who were away for a moment.
//! 2. A viewer reads the ring from where he stands, leaving out what is not for him; so he can
//!    neither miss an event nor get one twice, however slow his line is.
//! 3. Whoever falls behind the ring, or comes back from another epoch, is told to fetch everything
//!    anew.
//!
//! Invariant: an event is made into text once, however many read it.

mod announce;
mod event;
mod hub;
mod presence;
mod rights;
pub mod ws;

pub use announce::Announcer;
pub use event::{Audience, LiveEvent, Viewer};
pub use hub::{Frame, Hub, Next, Resumed, Subscription};
pub use presence::{Connected, Presence};
pub use rights::RightsChanges;
