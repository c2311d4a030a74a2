//! Mailboxes that are fetched over IMAP.
use std::sync::Arc;

use channel_contract::Host;
use tokio_util::sync::CancellationToken;

use crate::config::ImapConfig;
use crate::filter::Policy;

pub(crate) async fn run(
    _config: ImapConfig,
    _policy: Arc<Policy>,
    _host: Arc<dyn Host>,
    stop: CancellationToken,
) {
    stop.cancelled().await;
}
