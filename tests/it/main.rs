//! The server as its users meet it: a real one on a free port, spoken to over HTTP.
//!
//! `api/` has a file for each resource; `flow/` follows contacts through the queue; `support/` starts servers and speaks HTTP.

mod api;
mod flow;
mod support;
