//! The first settings, and how they complete a configuration.

use channel_email::config::{ImapConfig, MailboxConfig, RelayConfig, Secret, TlsMode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::{Config, Problem};

/// What the domain of our Message-IDs is while nobody has said it.
const NO_DOMAIN: &str = "localhost";

/// What the first administrator says of the bank.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstSettings {
    /// Name of the bank, shown to staff and in acknowledgements.
    pub bank_name: String,
    /// Absent: none yet.
    pub mailbox: Option<FirstMailbox>,
}

/// The first of the bank's own addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstMailbox {
    /// The address: `info@bank.example`.
    pub address: String,
    /// The name shown to clients.
    pub display_name: String,
    /// Name of the queue to which its mail goes.
    pub queue: String,
    /// Where its mail is fetched over IMAP; absent: it is delivered to the SMTP listener.
    pub imap: Option<ServerLogin>,
    /// Through which everything is sent; absent: nothing can be sent yet.
    pub relay: Option<ServerLogin>,
}

/// How to get into a mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerLogin {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `none`, `starttls` or `implicit`.
    #[schema(value_type = String)]
    pub tls: TlsMode,
    /// User name; empty: no log-in.
    pub user: String,
    /// Password.
    #[schema(value_type = String)]
    pub password: Secret,
}

impl FirstSettings {
    /// Fills what the configuration leaves open.
    pub fn complete(&self, config: &mut Config) {
        if config.centre.bank_name.is_empty() {
            config.centre.bank_name.clone_from(&self.bank_name);
        }
        if let Some(mailbox) = &self.mailbox
            && config.channels.email.mailboxes.is_empty()
        {
            mailbox.complete(config);
        }
    }

    /// What cannot work in the configuration that these settings would make.
    pub fn problems(&self, mut config: Config) -> Vec<Problem> {
        self.complete(&mut config);
        config.problems()
    }
}

impl FirstMailbox {
    fn complete(&self, config: &mut Config) {
        let email = &mut config.channels.email;
        let (name, domain) = self.address.split_once('@').unwrap_or((&self.address, NO_DOMAIN));
        email.mailboxes.push(MailboxConfig {
            address: self.address.clone(),
            display_name: self.display_name.clone(),
            queue: self.queue.clone(),
            ..MailboxConfig::default()
        });
        if email.message_id_domain == NO_DOMAIN {
            domain.clone_into(&mut email.message_id_domain);
        }
        if let Some(imap) = &self.imap {
            let ServerLogin { host, port, tls, user, password } = imap.clone();
            let name = name.to_owned();
            email.imap.push(ImapConfig {
                name,
                host,
                port,
                tls,
                user,
                password,
                ..ImapConfig::default()
            });
        }
        if let Some(relay) = &self.relay
            && email.relay.host.is_empty()
        {
            let ServerLogin { host, port, tls, user, password } = relay.clone();
            email.relay = RelayConfig { host, port, tls, user, password, ..email.relay.clone() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> FirstSettings {
        let server = |host: &str, port| ServerLogin {
            host: host.to_owned(),
            port,
            tls: TlsMode::Implicit,
            user: "info".to_owned(),
            password: Secret("secret".to_owned()),
        };
        FirstSettings {
            bank_name: "Bank".to_owned(),
            mailbox: Some(FirstMailbox {
                address: "info@bank.example".to_owned(),
                display_name: "Bank".to_owned(),
                queue: "General".to_owned(),
                imap: Some(server("imap.bank.example", 993)),
                relay: Some(server("smtp.bank.example", 465)),
            }),
        }
    }

    #[test]
    fn an_empty_configuration_is_completed() {
        let mut config = Config::default();
        settings().complete(&mut config);
        assert_eq!(config.problems(), []);
        assert_eq!(config.centre.bank_name, "Bank");
        let email = &config.channels.email;
        assert_eq!(email.mailboxes[0].queue, "General");
        assert_eq!((email.imap[0].name.as_str(), email.imap[0].port), ("info", 993));
        assert_eq!(email.relay.host, "smtp.bank.example");
        assert_eq!(email.message_id_domain, "bank.example");
    }

    #[test]
    fn what_the_file_says_holds() {
        let mut config = Config::default();
        config.centre.bank_name = "Of the file".to_owned();
        config.channels.email.mailboxes.push(MailboxConfig {
            address: "file@bank.example".to_owned(),
            ..MailboxConfig::default()
        });
        let before = config.clone();
        settings().complete(&mut config);
        assert_eq!(config, before);
    }

    #[test]
    fn what_cannot_work_is_found_before_it_is_kept() {
        let mut wrong = settings();
        let mailbox = wrong.mailbox.as_mut().expect("one");
        mailbox.address = "no address".to_owned();
        assert!(!wrong.problems(Config::default()).is_empty());
        assert!(!format!("{:?}", settings()).contains("secret"));
    }
}
