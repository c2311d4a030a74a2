//! The last step of every way in: read the mail, hand it to the host.

use std::sync::Arc;
use std::time::Duration;

use channel_contract::{DeliverError, Delivered, Host, Inbound, InboundMessage};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::filter::Policy;
use crate::reader::{self, Arrival};

/// A larger mail is read off the asynchronous threads: it takes more than a tenth of a millisecond,
/// and what is made to take long takes long from here on.
const READ_INLINE_BYTES: usize = 32 * 1024;

/// Returns when the mail is durably stored. `room`: the memory reserved for it, kept as long as it
/// is being read, even beyond the time for that.
pub(crate) async fn deliver(
    host: &dyn Host,
    policy: &Arc<Policy>,
    arrival: Arrival,
    room: impl Send + 'static,
) -> Result<Delivered, DeliverError> {
    let message = if arrival.raw.len() <= READ_INLINE_BYTES {
        reader::read(arrival, policy)
    } else {
        read(policy, arrival, room).await?
    };
    host.deliver(Inbound::Message(Box::new(message))).await
}

/// Reads a mail off the asynchronous threads, in the time that is set for it.
pub(crate) async fn read(
    policy: &Arc<Policy>,
    arrival: Arrival,
    room: impl Send + 'static,
) -> Result<InboundMessage, DeliverError> {
    let limit = Duration::from_secs(policy.reading.seconds);
    let policy = Arc::clone(policy);
    let reading = move |arrival| {
        let read = reader::read(arrival, &policy);
        drop(room);
        read
    };
    read_within(limit, arrival, reading).await
}

/// A reading that takes longer or panics costs the opening of that mail: it is kept raw. The thread
/// goes on until its reading ends, since threads cannot be stopped; the limits make that soon.
async fn read_within(
    limit: Duration,
    arrival: Arrival,
    reading: impl FnOnce(Arrival) -> InboundMessage + Send + 'static,
) -> Result<InboundMessage, DeliverError> {
    let stopped = |_| DeliverError::Unavailable("the server is being stopped".to_owned());
    let spare = arrival.clone();
    let (code, detail) = match timeout(limit, spawn_blocking(move || reading(arrival))).await {
        Ok(Ok(read)) => return Ok(read),
        Ok(Err(ended)) if ended.is_cancelled() => return Err(stopped(ended)),
        Ok(Err(_)) => ("reader_failed", "Not opened: reading it failed. It is kept raw."),
        Err(_) => ("reading_too_long", "Not opened: reading it took too long. It is kept raw."),
    };
    spawn_blocking(move || reader::unread(spare, code, detail)).await.map_err(stopped)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use bytes::Bytes;
    use channel_contract::base::Timestamp;
    use channel_contract::{ChannelName, Envelope, Origin};

    use super::*;
    use crate::filter::testing::policy;

    fn arrival() -> Arrival {
        Arrival {
            channel: ChannelName("lmtp".to_owned()),
            received_at: Timestamp(1),
            envelope: Envelope::default(),
            origin: Origin::default(),
            raw: Bytes::from_static(b"From: a@b.example\r\n\r\ntext\r\n"),
            cut_from_bytes: None,
        }
    }

    #[tokio::test]
    async fn a_reading_without_end_costs_that_mail_only() {
        let (end, ended) = mpsc::channel::<()>();
        let endless = move |arrival| {
            // Until the test is over.
            let _ = ended.recv();
            reader::read(arrival, &policy())
        };
        let read = read_within(Duration::from_millis(10), arrival(), endless).await;
        let message = read.expect("kept raw");
        assert_eq!(message.defects[0].code, "reading_too_long");
        assert!(!message.readable && message.raw == arrival().raw);
        let next = read_within(Duration::from_hours(1), arrival(), |arrival| {
            reader::read(arrival, &policy())
        });
        assert!(next.await.expect("read").readable);
        drop(end);
    }

    #[tokio::test]
    async fn a_reading_that_panics_costs_that_mail_only() {
        let panics = |_: Arrival| -> InboundMessage { panic!("a rule broke") };
        let read = read_within(Duration::from_hours(1), arrival(), panics).await;
        assert_eq!(read.expect("kept raw").defects[0].code, "reader_failed");
    }
}
