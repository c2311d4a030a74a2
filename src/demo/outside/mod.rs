//! The world outside the bank: clients who write, and the mail server where answers arrive.
//!
//! It knows the bank's mail addresses and its clients' names and addresses, nothing else; mail goes
//! and comes through SMTP.

pub mod letter;
pub mod smtp;
pub mod traffic;
