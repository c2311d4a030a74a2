//! Texts that agents use: answers to frequent questions, and what stands under every answer.
//!
//! 1. A text is a template with placeholders ([`model::PLACEHOLDERS`]) and conditions, no more:
//!    no loops, no assignments, nothing included, bounded work and bounded output. Whoever may
//!    write texts cannot stop the server with them.
//! 2. A text is checked when it is saved, with every placeholder: what cannot be filled in is
//!    refused there and not in front of a client.
//! 3. What comes in through a placeholder is text, never a template.

pub mod api;
pub mod model;
pub mod render;
pub mod store;
