//! What is said in an interaction: mails that came in, answers, notes; their files and drafts; and
//! who is looking.
//!
//! 1. A message that came in is never changed; one of ours can be taken back until it leaves.
//! 2. An answer is stored together with its command in the outbox, or not at all.
//! 3. Whoever writes says which message he has seen last: when the client has written since, the
//!    answer is refused (412) and nothing is sent past the client.
//! 4. What came from outside is shown in a sandbox or offered for download, never as a page of
//!    ours.

pub mod api;
pub mod changes;
mod compose;
mod drafts;
pub mod live;
pub mod model;
mod names;
pub mod pictures;
mod schedule;
pub mod store;
pub mod viewers;
