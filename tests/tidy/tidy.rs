//! The rules of docs/STYLE.md as a test: what goes where, how long it may be, what may name what.
//!
//! A failing test lists every breach as `file:line: what is wrong`.

mod docs;
mod imports;
mod manifest;
mod size;
mod tree;
