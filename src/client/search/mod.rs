//! Finding clients by what people type: names in either script, numbers, addresses.
//!
//! 1. Every look-up is a range of one index (`client_word`) with a limit; how many rows a search
//!    reads is bounded whatever is typed and however many clients there are ([`store`]).
//! 2. A text is read as typed; if nobody fits, as typed with the other keyboard layout ([`query`]);
//!    if nobody fits either, with one mistake in one word ([`typo`]).

pub mod query;
pub mod store;
pub mod typo;
