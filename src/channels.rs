//! The configured channels, and everything between them and the rows: intake and outbox.

use std::sync::Arc;

use channel_contract::{Channel, ChannelError, ChannelName, Health, HealthState, Survey};
use channel_email::EmailChannel;
use channel_email::config::EmailConfig;
use rozmova_base::Clock;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::auth::RandomSource;
use crate::config::ChannelsConfig;
use crate::intake::{self, Intake, IntakeHost, LookingHost, Mailbox, Mailboxes, WayIn};
use crate::store::{Db, StoreError, setting};
use crate::{examination, outbox};

/// The setting that holds the key of our signatures.
const SIGNING_SECRET: &str = "channels.email.signing_secret";

/// The configured channels.
#[derive(Clone, Debug)]
pub struct Channels {
    /// E-mail.
    pub email: Arc<EmailChannel>,
    /// What intake was told about mailboxes, windows and texts.
    pub intake: Arc<intake::Settings>,
    /// Wakes the outbox.
    pub outbox: outbox::Wake,
    /// Wakes whoever looks closer at what has come in.
    pub examinations: outbox::Wake,
    /// The way in for what comes by no channel.
    pub way_in: WayIn,
}

impl Channels {
    /// Builds them; starts nothing.
    pub async fn build(
        db: &Db,
        random: &dyn RandomSource,
        channels: &ChannelsConfig,
        intake: &intake::IntakeConfig,
        bank: &str,
    ) -> Result<Self, StoreError> {
        let secret = signing_secret(db, random).await?;
        let can_send = !channels.email.relay.host.is_empty();
        let settings =
            intake::Settings::new(intake.clone(), mailboxes(&channels.email), bank, can_send)
                // The configuration has been checked: its templates can be compiled.
                .map_err(StoreError::Fault)?;
        Ok(Self {
            email: Arc::new(EmailChannel::new(channels.email.clone(), secret.as_bytes())),
            intake: Arc::new(settings),
            outbox: outbox::Wake::default(),
            examinations: outbox::Wake::default(),
            way_in: WayIn::default(),
        })
    }
}

/// The bank's own addresses, as intake knows them.
fn mailboxes(email: &EmailConfig) -> Mailboxes {
    let list = email.mailboxes.iter().map(|mailbox| Mailbox {
        address: mailbox.address.clone(),
        display_name: mailbox.display_name.clone(),
        queue: mailbox.queue.clone(),
        signature: mailbox.signature.clone(),
    });
    Mailboxes::new(list.collect(), &email.bounce_address)
}

/// Made on the first start and kept, so that answers prove their descent after a restart.
async fn signing_secret(db: &Db, random: &dyn RandomSource) -> Result<String, StoreError> {
    let mut tx = db.begin().await?;
    if let Some(secret) = setting::load(&mut tx.sql(), SIGNING_SECRET).await? {
        return Ok(secret);
    }
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let secret = crate::media::ContentHash(bytes).to_string();
    setting::save(&mut tx.sql(), SIGNING_SECRET, &secret).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Starts intake and opens the way to it. It ends when the last clone is gone.
pub fn start_intake(app: &App) -> (Intake, JoinHandle<()>) {
    let parts = intake::Parts {
        dispatch: app.dispatch.clone(),
        routing: app.routing.clone(),
        rules: app.rules.clone(),
        ids: Arc::clone(&app.ids),
        settings: Arc::clone(&app.channels.intake),
        changes: app.changes.clone(),
        outbox: app.channels.outbox.clone(),
        examinations: app.channels.examinations.clone(),
    };
    let (intake, batches) = Intake::start(parts, app.media.clone());
    app.channels.way_in.open(&intake);
    (intake, batches)
}

/// What lies in the mailboxes that are fetched, for comparison with the ledger.
pub async fn survey(channels: &Channels, db: &Db, clock: &Arc<dyn Clock>) -> Vec<Survey> {
    let host = LookingHost::new(db.clone(), Arc::clone(clock));
    channels.email.survey(Arc::new(host)).await
}

/// Takes in until `stop` is cancelled, then finishes what has been begun.
pub async fn receive(app: Arc<App>, stop: CancellationToken) -> Result<(), ChannelError> {
    let (intake, batches) = start_intake(&app);
    let reporter = Arc::clone(&app);
    let host = IntakeHost::new(
        intake,
        app.db.clone(),
        Arc::clone(&app.clock),
        Arc::clone(&app.channels.intake),
        Arc::new(move |channel: &ChannelName, health| report(&reporter, &channel.0, health)),
    );
    let received = app.channels.email.run(Arc::new(host), stop).await;
    // The host is gone with the channel, and with it the last way into intake.
    if let Err(error) = batches.await {
        tracing::error!(%error, "Intake ended badly");
    }
    received
}

/// Sends until `stop` is cancelled.
pub async fn send(app: Arc<App>, stop: CancellationToken) {
    say_what_is_not_sent(&app);
    let reporter = Arc::clone(&app);
    let parts = outbox::Parts {
        db: app.db.clone(),
        media: app.media.clone(),
        clock: Arc::clone(&app.clock),
        channel: Arc::clone(&app.channels.email) as Arc<dyn Channel>,
        changes: app.changes.clone(),
        health: Arc::new(move |health| report(&reporter, "outbox", health)),
        wake: app.channels.outbox.clone(),
    };
    outbox::run(parts, stop).await;
}

/// Looks closer at what has come in, until `stop` is cancelled.
pub async fn examine(app: Arc<App>, stop: CancellationToken) {
    let parts = examination::Parts {
        db: app.db.clone(),
        media: app.media.clone(),
        clock: Arc::clone(&app.clock),
        ids: Arc::clone(&app.ids),
        channel: Arc::clone(&app.channels.email) as Arc<dyn Channel>,
        changes: app.changes.clone(),
        way_in: app.channels.way_in.clone(),
        wake: app.channels.examinations.clone(),
    };
    examination::run(parts, stop).await;
}

/// Without a relay nothing leaves. What the server would have sent by itself is then not even
/// written; what agents write waits.
fn say_what_is_not_sent(app: &App) {
    let intake = &app.channels.intake;
    if !intake.can_send && !app.config.channels.email.mailboxes.is_empty() {
        let detail = "no relay is set: answers wait, and no acknowledgements are written; set \
                      channels.email.relay.host";
        let health = Health { state: HealthState::Degraded, detail: detail.to_owned() };
        report(app, "relay", health);
    }
}

/// Notes how a part fares, and says so in the log when that has changed.
pub fn report(app: &App, part: &str, health: Health) {
    let (state, detail) = (health.state, health.detail.clone());
    if !app.health.report(part, health, app.clock.now()) {
        return;
    }
    match state {
        HealthState::Up | HealthState::Starting => tracing::info!(part, ?state, "{detail}"),
        HealthState::Degraded | HealthState::Down => tracing::warn!(part, ?state, "{detail}"),
    }
}
