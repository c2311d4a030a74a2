//! Who gets what: queues, skills, opening hours, pause reasons, result codes and what agents can
//! do. One document holds all of it; an administrator reads and writes the whole, or one thing of
//! it at a time.
//!
//! Names are the references: `queue = "Картки"`, `login = "olena"`. Ids are optional; with them a
//! thing can be renamed. Every change is one act: the whole document as it would be is checked
//! first, on a copy of the engine, and either all of it takes effect, at once and without a
//! restart, or none. What is in use is not removed, and who uses it is named.

pub mod api;
mod change;
pub mod difference;
pub mod document;
mod edit;
pub mod import;
pub mod item;
mod now;
pub mod reference;
mod resolve;
pub mod store;
pub mod warning;

pub use change::{ApplyError, Author, Changer, Outcome, apply, replace, tell_desks};
pub use document::RoutingDocument;
pub use now::{Routing, RoutingNow};
pub use resolve::RoutingProblem;
