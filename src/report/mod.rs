//! Figures, computed from the event log alone.
//!
//! `measure.rs` says what an event adds, `interval.rs` to which quarter of an hour; both are pure.
//! A job sums events into rows (`store.rs`); a report reads the rows of its days, adds the events
//! that are not in them yet, and puts quarters together (`model.rs`). Its cost grows with the
//! quarters, queues and media in the days asked for, not with the number of events.

pub mod api;
pub mod export;
pub mod interval;
pub mod measure;
pub mod model;
pub mod store;
#[cfg(test)]
mod tests;
