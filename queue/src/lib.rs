//! The unified queue: decides which agent gets which contact.
pub mod config;
pub mod hours;
mod ids;
pub mod input;
pub mod output;
pub mod rejected;
pub mod trace;
pub mod view;

pub use input::Input;
pub use output::{Event, EventKind, Output};
pub use rejected::Rejected;
