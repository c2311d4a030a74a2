//! The server as its users meet it: a real one on a free port, spoken to over HTTP.
//!
//! `api/` has a file for each resource, `flows/` one for each way of a contact; `support/` starts
//! servers and speaks HTTP.

mod api;
mod cli;
mod flows;
mod support;
