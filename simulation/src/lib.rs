//! Whole contact centres by seed: clients with patience, agents who are slow, decline, do not
//! answer or lose their connection, and between them the real queue engine.
//!
//! # Contract
//! 1. Pure: the same [`Scenario`] and seed give the same [`Outcome`]; no clock, no I/O.
//! 2. What can be wrong in a scenario is told by key, with what would be right
//!    ([`Scenario::parse`], [`Scenario::problems`]); a scenario without problems runs.
//! 3. Every contact comes to an end or is counted as open: `arrived = answered and closed +
//!    abandoned + overflowed + failed + open at the end`.
//! 4. [`run()`] asks its caller every [`run::ASK_EVERY`] steps whether to go on.
//!
//! # What is absent
//! Clients who call again, mail threads, telephone lines that are busy. Handling times do not
//! depend on who handles.

mod centre;
pub mod chance;
mod check;
pub mod distribution;
pub mod outcome;
pub mod run;
pub mod scenario;

pub use outcome::Outcome;
pub use run::{Stopped, run};
pub use scenario::{Problem, Scenario, ScenarioError};
