//! Rozmova: a multimedia contact centre for banks.
//!
//! Modules in the order of their layers; each may use those below it only (`tests/tidy.rs`).

// ── the engine room of SQL ──
pub mod media;
pub mod store;

// ── domain ──
pub mod client;
