//! Who gets what: queues, skills, opening hours, pause reasons, result codes and what agents can
//! do, as one document that an administrator reads and writes as a whole.
//!
//! Names are the references: `queue = "Картки"`, `login = "olena"`. Ids are optional; with them a
//! thing can be renamed. Writing the document is one act: everything in it is checked first, on a
//! copy of the engine, and either all of it takes effect, at once and without a restart, or none.

pub mod api;
mod apply;
pub mod document;
mod now;
mod resolve;
pub mod store;

pub use apply::{ApplyError, Author, apply};
pub use document::RoutingDocument;
pub use now::{Routing, RoutingNow};
pub use resolve::RoutingProblem;
