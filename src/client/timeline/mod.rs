//! Everything that ever happened with a client, in all media, newest first.

pub mod store;
