//! What happens to a contact from one end to the other.

mod centre;
mod email_reply;
mod faults;
mod kill;
mod live;
mod routing;
mod work;
