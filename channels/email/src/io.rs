//! Sockets: the only files of this crate, besides `lib.rs`, that name tokio.

pub(crate) mod deliver;
pub(crate) mod imap;
pub(crate) mod pop3;
pub(crate) mod smtp_in;
pub(crate) mod smtp_out;
pub(crate) mod tls;
pub(crate) mod token;
