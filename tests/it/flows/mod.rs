//! What happens to a contact from one end to the other.

mod centre;
mod email_reply;
mod faults;
mod import;
mod kill;
mod lease;
mod ledger;
mod live;
mod memory;
mod routing;
mod swaks;
mod wallboard;
mod work;
