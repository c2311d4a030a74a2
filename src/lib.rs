//! Rozmova: a multimedia contact centre for banks.
//!
//! Modules from the top down; `tests/tidy` checks what must not look up.
//! Every folder is a word that a contact-centre supervisor uses. Inside a folder `model.rs` is
//! pure, `store.rs` holds the SQL and `api.rs` the HTTP.

// ── starts and stops everything ──
pub mod app;
pub mod bench;
pub mod cli;
// ── a bank to try things on, and the world outside it ──
pub mod demo;
// ── HTTP: one router, one envelope; the features' `api.rs` hang on it ──
pub mod http;
// ── from channels to rows, and back ──
pub mod channels;
pub mod examination;
pub mod import;
pub mod intake;
pub mod jobs;
pub mod ledger;
pub mod outbox;
// ── what goes on now, and who sees it ──
pub mod live;
pub mod wallboard;
// ── the imperative shell of the queue ──
pub mod dispatch;
// ── the world of the contact centre, a folder for each noun ──
pub mod agent;
pub mod audit;
pub mod auth;
pub mod client;
pub mod health;
pub mod interaction;
pub mod message;
pub mod report;
pub mod routing;
pub mod rule;
pub mod setup;
pub mod staffing;
pub mod texts;
// ── raw mails and files ──
pub mod media;
// ── settings, logs and figures ──
pub mod config;
pub mod telemetry;
// ── the engine room of SQL ──
pub mod store;
