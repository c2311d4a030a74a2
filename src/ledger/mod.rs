//! The ledger: proof that nothing that was received has been lost.
//!
//! 1. Every arrival of every mail has a line: transport, place, time, size, hash, outcome. It is
//!    written in the transaction that stores the mail, and never changed.
//! 2. Every mail is in exactly one final place: an interaction, a delivery report, a machine's
//!    note, the list of what could not be read, or discarded by a person who said why. A line for
//!    a mail that had come before points to where the first one is.
//! 3. A reconciliation compares the lines with messages, interactions, raw bytes and mailboxes, and
//!    names every difference. It looks, and changes nothing.

pub mod api;
pub mod model;
pub mod reconcile;
pub(crate) mod store;

#[cfg(test)]
mod tests;

pub use model::{Difference, Report};
pub use reconcile::{ReconcileError, Scope};
