//! The channel against programs that are not ours: swaks, Dovecot, Postfix.
//!
//! Everything runs on loopback, on ports that the system chooses, in folders that are removed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod dkim;
mod dovecot;
mod imap;
mod listener;
mod pop3;
mod postfix;
mod sending;
mod support;
mod swaks;
