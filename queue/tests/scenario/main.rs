//! Scenarios as text: what happens, line by line, and what the engine says to it.
//! `UPDATE_EXPECT=1 cargo test -p rozmova-queue --test scenario` rewrites the answers; read them.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes its texts with them")]

mod agents;
mod closing;
mod order;
mod overflow;
mod routing;
mod script;
mod settings;
mod supervisor;
mod trace;
mod words;
