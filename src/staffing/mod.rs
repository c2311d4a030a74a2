//! How many agents are needed and when: formulas of Erlang, arrivals forecast from history, and
//! what-if by simulation with the real queue.
//!
//! `model.rs` is pure; history comes from the quarters of `report`, by interval of arrival.

pub mod api;
pub mod model;
