//! A bank to try things on: clients, agents, ninety days of history, and the world outside that
//! writes mails and reads the answers.
//!
//! The server knows nothing of it: history goes in through the store functions of the domain, mail
//! through SMTP, the work of robot agents through the public API.

pub mod bank;
pub mod chance;
pub mod history;
pub mod names;
pub mod outside;
pub mod robot;
pub mod texts;
