//! The last step of every way in: read the mail, hand it to the host.

use std::sync::Arc;

use channel_contract::{DeliverError, Delivered, Host, Inbound};
use tokio::task::spawn_blocking;

use crate::filter::Policy;
use crate::reader::{self, Arrival};

/// A larger mail is read off the asynchronous threads: it takes more than a millisecond.
const READ_INLINE_BYTES: usize = 128 * 1024;

/// Returns when the mail is durably stored.
pub(crate) async fn deliver(
    host: &dyn Host,
    policy: &Arc<Policy>,
    arrival: Arrival,
) -> Result<Delivered, DeliverError> {
    let message = if arrival.raw.len() <= READ_INLINE_BYTES {
        reader::read(arrival, policy)
    } else {
        let policy = Arc::clone(policy);
        spawn_blocking(move || reader::read(arrival, &policy))
            .await
            .map_err(|_| DeliverError::Unavailable("the server is being stopped".to_owned()))?
    };
    host.deliver(Inbound::Message(Box::new(message))).await
}
