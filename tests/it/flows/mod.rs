//! What happens to a contact from one end to the other.

mod administer;
mod centre;
mod email_reply;
mod faults;
mod import;
mod kill;
mod lease;
mod ledger;
mod live;
mod reports;
mod merge;
mod overflow;
mod outbound;
mod reach;
mod memory;
mod routing;
mod swaks;
mod wallboard;
mod staffing;
mod sending;
mod texts;
mod work;
mod wrong_thread;
