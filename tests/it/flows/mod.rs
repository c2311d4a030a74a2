//! What happens to a contact from one end to the other.

mod administer;
mod centre;
mod email_reply;
mod faults;
mod kill;
mod lease;
mod live;
mod reports;
mod merge;
mod overflow;
mod outbound;
mod reach;
mod routing;
mod swaks;
mod wallboard;
mod staffing;
mod work;
