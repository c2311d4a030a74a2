//! Mails out of files: Maildir, mbox, `.eml`.
//!
//! 1. One mail is in memory at a time; of one that is too large, only its beginning.
//! 2. Every mail has a place by which it is recognised when the import is run again: the path of
//!    its file, within an mbox with the number of its first byte.
//! 3. What cannot be opened is named and does not stop the others.
//!
//! Files are read in the order of their names, which in a Maildir is the order of arrival.

pub mod mbox;
pub mod source;

pub use mbox::Quoting;
pub use source::{Found, Item, read_all};
