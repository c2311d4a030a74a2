//! What channels see of the server.

use std::sync::Arc;

use async_trait::async_trait;
use channel_contract::{ChannelName, DeliverError, Delivered, Health, Host, Inbound};
use rozmova_base::Clock;

use super::{Intake, Settings};
use crate::store::{Db, StoreError, setting};

/// Prefix of the settings in which channels keep their state.
const STATE_PREFIX: &str = "channel.";

/// Takes the health reports of channels.
pub type HealthSink = Arc<dyn Fn(&ChannelName, Health) + Send + Sync>;

/// The server as channels see it.
#[derive(Clone)]
pub struct IntakeHost {
    intake: Intake,
    db: Db,
    clock: Arc<dyn Clock>,
    settings: Arc<Settings>,
    health: HealthSink,
}

impl std::fmt::Debug for IntakeHost {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("IntakeHost").field("intake", &self.intake).finish_non_exhaustive()
    }
}

impl IntakeHost {
    /// `health` is told of each change.
    pub fn new(
        intake: Intake,
        db: Db,
        clock: Arc<dyn Clock>,
        settings: Arc<Settings>,
        health: HealthSink,
    ) -> Self {
        Self { intake, db, clock, settings, health }
    }

    async fn save(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        setting::save(&mut tx.sql(), &format!("{STATE_PREFIX}{key}"), value).await?;
        tx.commit().await
    }
}

#[async_trait]
impl Host for IntakeHost {
    async fn deliver(&self, inbound: Inbound) -> Result<Delivered, DeliverError> {
        match inbound {
            Inbound::Message(message) => self.intake.deliver(message).await,
        }
    }

    async fn accepts_recipient(&self, address: &str) -> Result<bool, DeliverError> {
        Ok(self.settings.mailboxes.is_own(address))
    }

    fn report_health(&self, channel: &ChannelName, health: Health) {
        (self.health)(channel, health);
    }

    async fn load_state(&self, key: &str) -> Result<Option<String>, DeliverError> {
        load(&self.db, key).await.map_err(unavailable)
    }

    async fn save_state(&self, key: &str, value: &str) -> Result<(), DeliverError> {
        self.save(key, value).await.map_err(unavailable)
    }

    fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }
}

/// The server as seen by a channel that is only asked to look: it finds its state and can change
/// nothing.
pub struct LookingHost {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for LookingHost {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LookingHost").field("db", &self.db).finish_non_exhaustive()
    }
}

impl LookingHost {
    /// With the state that is in this store.
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

#[async_trait]
impl Host for LookingHost {
    async fn deliver(&self, _inbound: Inbound) -> Result<Delivered, DeliverError> {
        Err(only_looking())
    }

    async fn accepts_recipient(&self, _address: &str) -> Result<bool, DeliverError> {
        Ok(false)
    }

    fn report_health(&self, _channel: &ChannelName, _health: Health) {}

    async fn load_state(&self, key: &str) -> Result<Option<String>, DeliverError> {
        load(&self.db, key).await.map_err(unavailable)
    }

    async fn save_state(&self, _key: &str, _value: &str) -> Result<(), DeliverError> {
        Err(only_looking())
    }

    fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }
}

fn only_looking() -> DeliverError {
    DeliverError::Unavailable("nothing is taken in while looking".to_owned())
}

async fn load(db: &Db, key: &str) -> Result<Option<String>, StoreError> {
    let mut connection = db.read().await?;
    setting::load(&mut connection.sql(), &format!("{STATE_PREFIX}{key}")).await
}

#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
fn unavailable(error: StoreError) -> DeliverError {
    DeliverError::Unavailable(error.to_string())
}
