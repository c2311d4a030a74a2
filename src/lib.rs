//! Rozmova: a multimedia contact centre for banks.
//!
//! Modules in the order of their layers; each may use those below it only (`tests/tidy.rs`).

// ── the imperative shell of the queue ──
pub mod dispatch;

// ── the engine room of SQL ──
pub mod media;
pub mod store;

// ── domain ──
pub mod client;
