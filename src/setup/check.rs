//! Whether a mailbox can be reached, before anything is kept: logs in, looks, changes nothing.

use std::sync::Arc;
use std::time::Duration;

use channel_contract::Channel;
use channel_email::EmailChannel;
use rozmova_base::Clock;
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{FirstMailbox, FirstSettings};
use crate::config::Config;
use crate::intake::LookingHost;
use crate::store::Db;

/// Somebody waits before the screen: less patience than when mail is fetched or sent.
const PATIENCE: Duration = Duration::from_secs(15);

/// How one of the servers answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answered {
    /// Whether it let us in.
    pub ok: bool,
    /// What is wrong, in its own words; empty when nothing is.
    pub detail: String,
}

/// How both answered; absent: not asked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MailboxCheck {
    /// Where mail is fetched.
    pub imap: Option<Answered>,
    /// Through which it is sent.
    pub relay: Option<Answered>,
}

/// Asks the servers of a mailbox.
pub(super) async fn mailbox(
    db: &Db,
    clock: &Arc<dyn Clock>,
    mailbox: &FirstMailbox,
) -> MailboxCheck {
    let mut config = Config::default();
    let settings = FirstSettings { mailbox: Some(mailbox.clone()), ..FirstSettings::default() };
    settings.complete(&mut config);
    // Nothing is signed and nothing is sent: any secret will do.
    let channel = EmailChannel::new(config.channels.email, &[0; 32]);
    let fetched = async {
        let host = LookingHost::new(db.clone(), Arc::clone(clock));
        let imap = mailbox.imap.as_ref()?;
        let Ok(surveys) = tokio::time::timeout(PATIENCE, channel.survey(Arc::new(host))).await
        else {
            return Some(silent(&imap.host));
        };
        Some(answered(surveys.into_iter().next()?.fault))
    };
    let sent = async {
        let relay = mailbox.relay.as_ref()?;
        match tokio::time::timeout(PATIENCE, channel.try_relay()).await {
            Ok(tried) => Some(answered(tried.err())),
            Err(_) => Some(silent(&relay.host)),
        }
    };
    let (imap, relay) = tokio::join!(fetched, sent);
    MailboxCheck { imap, relay }
}

fn answered(fault: Option<String>) -> Answered {
    Answered { ok: fault.is_none(), detail: fault.unwrap_or_default() }
}

fn silent(host: &str) -> Answered {
    let seconds = PATIENCE.as_secs();
    Answered { ok: false, detail: format!("{host} did not answer within {seconds} s") }
}
