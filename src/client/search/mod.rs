//! Finding clients by what people type: names in either script, numbers, addresses.

pub mod store;
