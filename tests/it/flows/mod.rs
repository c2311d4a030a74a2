//! What happens to a contact from one end to the other.

mod centre;
mod email_reply;
mod faults;
mod kill;
mod lease;
mod live;
mod routing;
mod swaks;
mod wallboard;
mod sending;
mod texts;
mod work;
mod wrong_thread;
