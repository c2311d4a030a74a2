//! Contacts on their way through the queue, as agents and supervisors see them.

mod centre;
mod live;
mod routing;
mod work;
