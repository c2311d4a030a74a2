//! What goes on in the centre now: queues and agents with their figures.

pub mod api;
mod floor;
pub mod model;

pub use floor::Floor;
