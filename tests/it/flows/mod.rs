//! What happens to a contact from one end to the other.

mod email_reply;
