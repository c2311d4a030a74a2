//! Mailboxes that are fetched over IMAP. RFC 3501, RFC 2177 (IDLE), RFC 6851 (MOVE).
//!
//! 1. A mail is marked or moved only after the host has taken it. Where the work stopped is kept by
//!    the host as a [`Cursor`]; a mail that is fetched twice is recognised there.
//! 2. One bad mail never stops the box: what cannot be fetched is tried again later, a few times,
//!    then put aside and named on the health page.
//! 3. Sizes are asked first and large mails fetched in pieces; the library would buffer 512 MiB.
//! 4. Faults of the server are retried for ever, ever more slowly, and reported.

mod connection;
mod cursor;
mod survey;

use std::sync::Arc;
use std::time::Duration;

use channel_contract::{
    ChannelName, DeliverError, Delivered, Envelope, Health, HealthState, Host, Origin,
};
use tokio_util::sync::CancellationToken;

use self::connection::{Connection, Fault, Wake};
use self::cursor::Cursor;
pub(crate) use self::survey::survey;
use super::deliver::deliver;
use crate::config::ImapConfig;
use crate::filter::Policy;
use crate::reader::Arrival;

/// First pause after a fault; doubled at each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause: a mailbox that comes back is noticed within this.
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// Faults in a row after which the mailbox counts as down.
const FAULTS_UNTIL_DOWN: u32 = 3;

/// Watches one folder of a mailbox until `stop`.
pub(crate) async fn run(
    channel: ChannelName,
    folder: String,
    config: ImapConfig,
    policy: Arc<Policy>,
    host: Arc<dyn Host>,
    stop: CancellationToken,
) {
    let mut watcher = Watcher { channel, folder, config, policy, host, stop, faults: 0 };
    watcher.report(HealthState::Starting, "Connecting.".to_owned());
    loop {
        let Err(fault) = watcher.watch().await;
        if matches!(fault, Fault::Stopped) || watcher.stop.is_cancelled() {
            return;
        }
        watcher.faults += 1;
        let pause = watcher.pause();
        let state = if watcher.faults < FAULTS_UNTIL_DOWN {
            HealthState::Degraded
        } else {
            HealthState::Down
        };
        tracing::warn!(channel = %watcher.channel, %fault, "A mailbox cannot be fetched");
        watcher.report(state, format!("{fault}. Trying again in {} s.", pause.as_secs()));
        tokio::select! {
            () = watcher.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

struct Watcher {
    channel: ChannelName,
    folder: String,
    config: ImapConfig,
    policy: Arc<Policy>,
    host: Arc<dyn Host>,
    stop: CancellationToken,
    faults: u32,
}

impl Watcher {
    fn report(&self, state: HealthState, detail: String) {
        self.host.report_health(&self.channel, Health { state, detail });
    }

    fn pause(&self) -> Duration {
        let doublings = self.faults.saturating_sub(1).min(10);
        FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
    }

    /// One connection, for as long as it holds.
    async fn watch(&mut self) -> Result<std::convert::Infallible, Fault> {
        let mut connection = Connection::open(&self.config, &self.stop).await?;
        let validity = connection.select(&self.folder).await?;
        let mut cursor = self.load_cursor().await?;
        if cursor.uid_validity != validity {
            if cursor.uid_validity != 0 {
                tracing::warn!(channel = %self.channel, "The server has renumbered the mailbox");
            }
            cursor = Cursor::new(validity);
        }
        loop {
            self.fetch_new(&mut connection, &mut cursor).await?;
            self.faults = 0;
            self.report_up(&cursor);
            let longest = Duration::from_secs(self.config.poll_seconds);
            let (back, wake) = connection.wait(longest).await?;
            connection = back;
            tracing::debug!(channel = %self.channel, idle = wake == Wake::News, "Looking for mail");
        }
    }

    fn report_up(&self, cursor: &Cursor) {
        let folder = &self.folder;
        let given_up = cursor.given_up();
        if given_up.is_empty() {
            self.report(HealthState::Up, format!("Watches {folder} on {}.", self.config.host));
        } else {
            let numbers: Vec<String> = given_up.iter().map(ToString::to_string).collect();
            self.report(
                HealthState::Degraded,
                format!(
                    "Watches {folder} on {}; these mails cannot be fetched, look at them there: \
                     UID {}.",
                    self.config.host,
                    numbers.join(", ")
                ),
            );
        }
    }

    async fn fetch_new(
        &self,
        connection: &mut Connection,
        cursor: &mut Cursor,
    ) -> Result<(), Fault> {
        // A mailbox never seen before: what nobody has read, not the whole past. What comes while
        // that is gone through is newer than `start` and is found by the next look.
        let (found, start) = if cursor.is_fresh() {
            let start = connection.highest_uid().await?;
            let mut unread = connection.search("UNSEEN").await?;
            unread.retain(|uid| *uid <= start);
            (unread, Some(start))
        } else {
            (connection.search(&cursor.query()).await?, None)
        };
        for uid in cursor.due(found) {
            if self.stop.is_cancelled() {
                return Err(Fault::Stopped);
            }
            // Counted before it is tried: a mail that breaks the connection must not do so for
            // ever.
            cursor.begin(uid);
            match self.fetch_one(connection, cursor.uid_validity, uid).await {
                Ok(()) => cursor.finish(uid),
                Err(Fault::Refused(reason)) => {
                    tracing::warn!(channel = %self.channel, uid, reason, "Skipped a mail");
                }
                Err(fault) => {
                    self.save_cursor(cursor).await?;
                    return Err(fault);
                }
            }
            self.save_cursor(cursor).await?;
        }
        if let Some(start) = start {
            cursor.start_at(start);
            self.save_cursor(cursor).await?;
            // Nobody tells us of what came before the wait began.
            return Box::pin(self.fetch_new(connection, cursor)).await;
        }
        Ok(())
    }

    async fn fetch_one(
        &self,
        connection: &mut Connection,
        validity: u32,
        uid: u32,
    ) -> Result<(), Fault> {
        let Some(fetched) = connection.fetch(uid, self.policy.reading.message_bytes).await? else {
            // Somebody else removed it meanwhile.
            return Ok(());
        };
        let arrival = Arrival {
            channel: self.channel.clone(),
            received_at: self.host.clock().now(),
            envelope: Envelope::default(),
            origin: Origin { place: place(&self.folder, validity, uid), ..Origin::default() },
            raw: fetched.raw,
            cut_from_bytes: fetched.cut_from_bytes,
        };
        match deliver(&*self.host, &self.policy, arrival, ()).await {
            Ok(Delivered::Stored | Delivered::Repeated) => {}
            Err(DeliverError::Unavailable(reason)) => return Err(Fault::Host(reason)),
        }
        connection.file_away(uid, &self.config).await
    }

    async fn load_cursor(&self) -> Result<Cursor, Fault> {
        load_cursor(&self.channel, &self.folder, &*self.host).await
    }

    async fn save_cursor(&self, cursor: &Cursor) -> Result<(), Fault> {
        let saved =
            self.host.save_state(&state_key(&self.channel, &self.folder), &cursor.to_text()).await;
        saved.map_err(|DeliverError::Unavailable(reason)| Fault::Host(reason))
    }
}

/// A mail by its place in the ledger. RFC 3501 §2.3.1.1: the three together never change meaning.
fn place(folder: &str, validity: u32, uid: u32) -> String {
    format!("{folder}/{validity}/{uid}")
}

fn state_key(channel: &ChannelName, folder: &str) -> String {
    format!("{channel}:{folder}")
}

async fn load_cursor(
    channel: &ChannelName,
    folder: &str,
    host: &dyn Host,
) -> Result<Cursor, Fault> {
    match host.load_state(&state_key(channel, folder)).await {
        Ok(text) => Ok(text.and_then(|text| Cursor::parse(&text)).unwrap_or_default()),
        Err(DeliverError::Unavailable(reason)) => Err(Fault::Host(reason)),
    }
}
