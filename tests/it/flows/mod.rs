//! What happens to a contact from one end to the other.

mod centre;
mod email_reply;
mod faults;
mod kill;
mod lease;
mod live;
mod reports;
mod routing;
mod staffing;
mod swaks;
mod wallboard;
mod work;
