//! Calls: SIP signalling and the media of conversations.
//!
//! Bytes become messages in [`message`].
//!
//! Invariants: everything outside `io` and this file is pure (bytes and the time in, values out);
//! only `io` and this file name tokio. No input panics.

pub mod chance;
pub mod dialog;
pub mod digest;
pub mod inspect;
pub mod io;
pub mod media;
pub mod message;
pub mod registrar;
pub mod sdp;
pub mod transaction;
pub mod user_agent;
