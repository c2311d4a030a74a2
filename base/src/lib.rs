//! The lowest layer: typed ids, time, and small values that every other layer shares.
//!
//! Invariant: nothing here performs I/O or asks for the time, except [`time::SystemClock`],
//! which exists so that the rest of the program never has to.

pub mod address;
pub mod id;
pub mod time;

pub use time::{Clock, Timestamp};
