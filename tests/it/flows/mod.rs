//! What happens to a contact from one end to the other.

mod administer;
mod centre;
mod email_reply;
mod examination;
mod faults;
mod import;
mod kill;
mod lease;
mod ledger;
mod live;
mod memory;
mod merge;
mod outbound;
mod overflow;
mod reach;
mod reports;
mod routing;
mod rules;
mod sending;
mod staffing;
mod swaks;
mod texts;
mod wallboard;
mod work;
mod wrong_thread;
