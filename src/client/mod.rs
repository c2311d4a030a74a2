//! The client directory: who the bank's clients are, how they can be reached, and which of them an
//! incoming address belongs to.
//!
//! 1. A party is a person, an organisation or a sole trader; a sole trader is a party of its own,
//!    linked to the human behind it.
//! 2. An address, number or place is compared by its match key only ([`model::MatchKey`]); a name
//!    shown in a message never identifies anybody.
//! 3. [`identity`] decides, purely, which client an address means; what an agent once chose for an
//!    ambiguous address is remembered and wins.
//! 4. Whatever a client can be searched by is in the table `client_word` as folded words
//!    ([`words`]), written by [`store`] in the transaction that writes the record.

pub mod api;
pub mod identifier;
pub mod identity;
pub mod model;
pub mod search;
pub mod store;
#[cfg(test)]
mod testing;
pub mod timeline;
pub mod view;
pub mod words;
