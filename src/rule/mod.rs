//! Rules for what comes in: an ordered list, decided by administrators, carried out in the
//! transaction that takes a contact in, so that it waits in the right queue from the start.
//!
//! 1. Rules look at a contact as it came ([`facts::Facts`]), whatever its medium. What they do
//!    changes nothing that another rule looks at, and each is looked at once, in order: they cannot
//!    loop.
//! 2. They apply to new contacts only. A message that belongs to a contact that is there goes to
//!    it, whatever the rules say; reports and automatic answers make no work and are not looked at.
//! 3. What an earlier rule has decided (queue, priority, answer) stays; skills and tags add up.
//!    *Stop* ends the list. *Discard* ends it too and undoes everything but tags: the contact is
//!    kept, closed, on a list from which a person can take it back.
//! 4. A rule never does what intake itself would not dare: an answer keeps all bounds of the
//!    acknowledgement, whose place it takes; what could not be read is not discarded. Such acts
//!    are withheld, and the trace says so.
//! 5. What matched, and what came of it, is written beside the message in the same transaction.

pub mod api;
pub mod compile;
pub mod evaluate;
pub mod facts;
pub mod fold;
pub mod model;
pub mod now;
pub mod store;
pub mod trial;
pub mod words;

#[cfg(test)]
mod tests;

pub use compile::RuleSet;
pub use evaluate::{Act, Effect, Matched, Verdict};
pub use facts::Facts;
pub use now::RulesNow;
