//! The contact itself: what it is, where it stands, what an agent or a supervisor can do with it.
//!
//! Rows of `interaction` are made by intake and by agents who begin a contact; where the contact
//! stands is written into them from the engine's events (`dispatch`). Nothing here changes a state:
//! it asks the engine.

pub mod api;
pub mod model;
pub mod reach;
pub mod store;
pub mod words;
