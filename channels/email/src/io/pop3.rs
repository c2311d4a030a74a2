//! Mailboxes that are fetched over POP3. RFC 1939, RFC 2449 (CAPA), RFC 2595 (STLS).
//!
//! 1. A mail is deleted only after the host has taken it, and only if the configuration says so.
//!    Which mails were taken is kept by the host by their unique ids ([`Taken`]); one that is
//!    fetched twice all the same is recognised by its place.
//! 2. One bad mail never stops the box: it is tried a few times, then named on the health page.
//! 3. Sizes are asked first; of a mail that is too large only the beginning is fetched.
//! 4. A server locks the mailbox for one program at a time (RFC 1939 §4): each look is a short
//!    connection of its own.

mod connection;
#[cfg(feature = "fuzz")]
pub(crate) mod fuzz;
mod taken;

use std::sync::Arc;
use std::time::Duration;

use channel_contract::{
    ChannelName, DeliverError, Delivered, Envelope, Health, HealthState, Host, Origin,
};
use tokio_util::sync::CancellationToken;

use self::connection::{Connection, Fault};
use self::taken::Taken;
use super::deliver::deliver;
use crate::config::Pop3Config;
use crate::filter::Policy;
use crate::reader::Arrival;

/// First pause after a fault; doubled at each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// Faults in a row after which the mailbox counts as down.
const FAULTS_UNTIL_DOWN: u32 = 3;
/// Mails after which what was taken is saved: more often, a large mailbox would be written down
/// for each mail; what is fetched again after a crash is recognised.
const SAVE_EVERY: usize = 100;

/// Watches one mailbox until `stop`.
pub(crate) async fn run(
    config: Pop3Config,
    policy: Arc<Policy>,
    host: Arc<dyn Host>,
    stop: CancellationToken,
) {
    let channel = ChannelName(format!("pop3:{}", config.name));
    let watcher = Watcher { channel, config, policy, host, stop };
    watcher.report(HealthState::Starting, "Connecting.".to_owned());
    let mut faults = 0_u32;
    loop {
        let pause = match watcher.look().await {
            Ok(taken) => {
                faults = 0;
                watcher.report_up(&taken);
                Duration::from_secs(watcher.config.poll_seconds)
            }
            Err(Fault::Stopped) => return,
            Err(fault) => {
                let doublings = faults.min(10);
                faults += 1;
                let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
                let is_down = faults >= FAULTS_UNTIL_DOWN;
                let state = if is_down { HealthState::Down } else { HealthState::Degraded };
                tracing::warn!(channel = %watcher.channel, %fault, "A mailbox cannot be fetched");
                let seconds = pause.as_secs();
                watcher.report(state, format!("{fault}. Trying again in {seconds} s."));
                pause
            }
        };
        tokio::select! {
            () = watcher.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

struct Watcher {
    channel: ChannelName,
    config: Pop3Config,
    policy: Arc<Policy>,
    host: Arc<dyn Host>,
    stop: CancellationToken,
}

impl Watcher {
    fn report(&self, state: HealthState, detail: String) {
        self.host.report_health(&self.channel, Health { state, detail });
    }

    fn report_up(&self, taken: &Taken) {
        let given_up = taken.given_up();
        if given_up.is_empty() {
            let seconds = self.config.poll_seconds;
            let host = &self.config.host;
            self.report(HealthState::Up, format!("Looks into {host} each {seconds} s."));
        } else {
            let detail = format!(
                "Looks into {}; these mails cannot be fetched, look at them there: {}.",
                self.config.host,
                given_up.join(", ")
            );
            self.report(HealthState::Degraded, detail);
        }
    }

    /// One connection: everything that is there and was not taken.
    async fn look(&self) -> Result<Taken, Fault> {
        let mut connection = Connection::open(&self.config, &self.stop).await?;
        let listed = connection.list().await?;
        let mut taken = self.load().await?;
        taken.keep(&listed);
        let mut unsaved = 0;
        for mail in &listed {
            if self.stop.is_cancelled() {
                break;
            }
            if taken.has(&mail.unique_id) {
                // Taken before, and the deletion was lost with its connection.
                if self.config.delete && taken.is_done(&mail.unique_id) {
                    connection.delete(mail.number).await?;
                }
                continue;
            }
            taken.begin(&mail.unique_id);
            match self.take(&mut connection, mail).await {
                Ok(()) => taken.finish(&mail.unique_id),
                Err(Fault::Refused(reason)) => {
                    tracing::warn!(channel = %self.channel, reason, "Skipped a mail");
                }
                Err(fault) => {
                    self.save(&taken).await?;
                    return Err(fault);
                }
            }
            unsaved += 1;
            if unsaved >= SAVE_EVERY {
                self.save(&taken).await?;
                unsaved = 0;
            }
        }
        self.save(&taken).await?;
        // Only this makes the deletions real. RFC 1939 §6.
        connection.quit().await?;
        if self.stop.is_cancelled() { Err(Fault::Stopped) } else { Ok(taken) }
    }

    async fn take(
        &self,
        connection: &mut Connection,
        mail: &connection::Listed,
    ) -> Result<(), Fault> {
        let (raw, cut_from_bytes) =
            connection.retrieve(mail, self.policy.reading.message_bytes).await?;
        let arrival = Arrival {
            channel: self.channel.clone(),
            received_at: self.host.clock().now(),
            envelope: Envelope::default(),
            origin: Origin { place: mail.unique_id.clone(), ..Origin::default() },
            raw,
            cut_from_bytes,
        };
        match deliver(&*self.host, &self.policy, arrival, ()).await {
            Ok(Delivered::Stored | Delivered::Repeated) => {}
            Err(DeliverError::Unavailable(reason)) => return Err(Fault::Host(reason)),
        }
        if self.config.delete { connection.delete(mail.number).await } else { Ok(()) }
    }

    async fn load(&self) -> Result<Taken, Fault> {
        match self.host.load_state(&self.channel.0).await {
            Ok(text) => Ok(text.and_then(|text| Taken::parse(&text)).unwrap_or_default()),
            Err(DeliverError::Unavailable(reason)) => Err(Fault::Host(reason)),
        }
    }

    async fn save(&self, taken: &Taken) -> Result<(), Fault> {
        let saved = self.host.save_state(&self.channel.0, &taken.to_text()).await;
        saved.map_err(|DeliverError::Unavailable(reason)| Fault::Host(reason))
    }
}
