//! The fixtures, each with its expected outcome, and inputs that nobody expects.

mod fixtures;
mod hostile;
mod never_panics;

use channel_email::config::{EmailConfig, MailboxConfig};
use channel_email::filter::Policy;

/// The policy of an invented bank.
fn policy() -> Policy {
    let mailbox =
        MailboxConfig { address: "info@bank.example".to_owned(), ..MailboxConfig::default() };
    let config = EmailConfig {
        message_id_domain: "bank.example".to_owned(),
        trusted_authserv_id: "mx.bank.example".to_owned(),
        mailboxes: vec![mailbox],
        ..EmailConfig::default()
    };
    channel_email::policy(&config, b"a secret for tests")
}
