//! From a channel's event to rows and to an input of the queue: one commit for many messages.
//!
//! 1. Nothing is acknowledged before it is committed: [`Intake::deliver`] returns after the commit
//!    that holds the raw bytes, the message, its interaction and the input for the queue. Large
//!    content is in the media store before that commit begins.
//! 2. Everything about a message is in one transaction, so it is there as a whole or not at all.
//! 3. A repetition (same external id) is counted and changes nothing else.
//! 4. Messages that arrive together share a commit. One that spoils it is stored alone; if it
//!    cannot even be stored as it was read, it is stored raw, as "could not be read".
//! 5. When the store does not answer, the channel is told so and its peer tries again; nothing has
//!    to be repaired afterwards.

pub mod acknowledge;
pub mod api;
pub mod config;
pub mod history;
pub mod host;
pub mod mailbox;
pub mod plan;
pub mod reopening;
mod settings;
pub(crate) mod store;
pub mod thread;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use channel_contract::{DeliverError, Delivered, InboundMessage};
pub use config::IntakeConfig;
pub use host::{IntakeHost, LookingHost};
pub use mailbox::{Mailbox, Mailboxes};
use plan::QueueName;
use rozmova_base::Timestamp;
use rozmova_base::id::{ClientId, IdMaker, InteractionId};
use rozmova_queue::input::Arrival;
use rozmova_queue::{Input, Rejected};
pub use settings::Settings;
use tokio::sync::{mpsc, oneshot};

use crate::client::identity::store::{Resolution, Sender, resolve};
use crate::client::model::{ContactMedium, MatchKey};
use crate::dispatch::{Dispatch, SubmitError, Verdict};
use crate::media::{self, ContentHash, MediaStore};
use crate::message::changes::{Change, Changes};
use crate::outbox::Wake;
use crate::routing::document::QueueItem;
use crate::routing::{Routing, RoutingNow};
use crate::rule;
use crate::rule::{RuleSet, RulesNow};
use crate::store::{Sql, StoreError};

/// Messages in one commit: more would make the first of them wait for the writing of the last.
const BATCH_MAX: usize = 256;
/// A batch takes no further message once it holds so many bytes.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Messages that wait for a batch. Each belongs to a connection that waits for its answer, so their
/// memory is bounded by the channels' limits.
const WAITING_MAX: usize = 1_024;
/// How often a batch that collided with another transaction is tried again at once.
const COLLISIONS_MAX: usize = 3;

/// Everything intake works with.
#[derive(Clone)]
pub struct Parts {
    /// Where inputs and rows become durable together.
    pub dispatch: Dispatch,
    /// Which queues there are.
    pub routing: RoutingNow,
    /// What becomes of new contacts.
    pub rules: RulesNow,
    /// Makes ids.
    pub ids: Arc<dyn IdMaker>,
    /// What was configured.
    pub settings: Arc<Settings>,
    /// Takes what changed on open screens.
    pub changes: Changes,
    /// Wakes the outbox for acknowledgements.
    pub outbox: Wake,
    /// Wakes whoever looks closer at what has come in.
    pub examinations: Wake,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Parts").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The way in. Cheap to clone; the batching task ends when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Intake {
    sender: mpsc::Sender<Waiting>,
    media: MediaStore,
}

#[derive(Debug)]
struct Waiting {
    message: Box<InboundMessage>,
    answer: oneshot::Sender<Result<Delivered, DeliverError>>,
}

impl Intake {
    /// Starts the batching task.
    pub fn start(parts: Parts, media: MediaStore) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self { sender, media }, tokio::spawn(run(parts, receiver)))
    }

    /// Stores one message; returns when it is durable.
    pub async fn deliver(&self, message: Box<InboundMessage>) -> Result<Delivered, DeliverError> {
        let stopped = || DeliverError::Unavailable("the server stops".to_owned());
        if media::is_large(message.raw.len()) {
            let kept = self.media.put(&ContentHash(message.raw_sha256), message.raw.clone()).await;
            kept.map_err(|error| DeliverError::Unavailable(error.to_string()))?;
        }
        let (answer, receiver) = oneshot::channel();
        self.sender.send(Waiting { message, answer }).await.map_err(|_| stopped())?;
        receiver.await.map_err(|_| stopped())?
    }
}

/// The way in for what comes by no channel: the HTTP API, an import. It is shut before the channels
/// have opened and after they have stopped.
#[derive(Clone, Debug, Default)]
pub struct WayIn(Arc<OnceLock<(mpsc::WeakSender<Waiting>, MediaStore)>>);

impl WayIn {
    /// Leads to this intake from now on, without keeping it alive.
    pub fn open(&self, intake: &Intake) {
        // The first one stays: there is one intake in a server.
        let _ = self.0.set((intake.sender.downgrade(), intake.media.clone()));
    }

    /// Whether mail waits to be stored just now.
    pub fn is_busy(&self) -> bool {
        let sender = self.0.get().and_then(|(sender, _)| sender.upgrade());
        sender.is_some_and(|sender| sender.capacity() < sender.max_capacity())
    }

    /// As [`Intake::deliver`].
    pub async fn deliver(&self, message: Box<InboundMessage>) -> Result<Delivered, DeliverError> {
        let shut = || DeliverError::Unavailable("the server starts or stops".to_owned());
        let (sender, media) = self.0.get().ok_or_else(shut)?;
        let sender = sender.upgrade().ok_or_else(shut)?;
        Intake { sender, media: media.clone() }.deliver(message).await
    }
}

async fn run(parts: Parts, mut waiting: mpsc::Receiver<Waiting>) {
    let mut collected = Vec::with_capacity(BATCH_MAX);
    while waiting.recv_many(&mut collected, BATCH_MAX).await > 0 {
        while !collected.is_empty() {
            let rest = collected.split_off(batch_length(&collected));
            let batch = std::mem::replace(&mut collected, rest);
            let (messages, answers): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|waiting| (*waiting.message, waiting.answer)).unzip();
            let outcomes = deliver_all(&parts, messages).await;
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                // A channel that no longer waits gets the message again and it is a repetition.
                let _ = answer.send(outcome);
            }
        }
    }
}

/// How many of the messages make a batch: at least one.
fn batch_length(waiting: &[Waiting]) -> usize {
    let mut bytes = 0;
    let fits = |waiting: &&Waiting| {
        bytes += waiting.message.raw.len();
        bytes <= BATCH_BYTES_MAX
    };
    waiting.iter().take_while(fits).count().max(1)
}

type Outcome = Result<Delivered, DeliverError>;

async fn deliver_all(parts: &Parts, messages: Vec<InboundMessage>) -> Vec<Outcome> {
    match deliver_batch(parts, &messages).await {
        Ok(delivered) => delivered.into_iter().map(Ok).collect(),
        Err(error) if error.is_temporary() => {
            tracing::warn!(%error, count = messages.len(), "Mail is refused for the time being");
            let refused = DeliverError::Unavailable(error.to_string());
            messages.iter().map(|_| Err(refused.clone())).collect()
        }
        Err(error) => {
            tracing::error!(%error, count = messages.len(), "A batch of mail is taken apart");
            let mut outcomes = Vec::with_capacity(messages.len());
            for message in messages {
                outcomes.push(deliver_alone(parts, message).await);
            }
            outcomes
        }
    }
}

async fn deliver_alone(parts: &Parts, message: InboundMessage) -> Outcome {
    let alone = [message];
    let error = match deliver_batch(parts, &alone).await {
        Ok(delivered) => return Ok(delivered.first().copied().unwrap_or(Delivered::Stored)),
        Err(error) => error,
    };
    if !error.is_temporary() {
        tracing::error!(%error, "A mail is stored raw, as one that could not be read");
        let bare = [store::bare(&alone[0], &error.to_string())];
        if let Ok(delivered) = deliver_batch(parts, &bare).await {
            return Ok(delivered.first().copied().unwrap_or(Delivered::Stored));
        }
    }
    Err(DeliverError::Unavailable(error.to_string()))
}

/// One commit, tried again when another transaction was in the way.
async fn deliver_batch(
    parts: &Parts,
    messages: &[InboundMessage],
) -> Result<Vec<Delivered>, StoreError> {
    let mut collisions = 0;
    loop {
        match commit(parts, messages).await {
            Err(StoreError::Collision(_) | StoreError::Duplicate(_))
                if collisions < COLLISIONS_MAX =>
            {
                collisions += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn commit(parts: &Parts, messages: &[InboundMessage]) -> Result<Vec<Delivered>, StoreError> {
    let mut turn = parts.dispatch.journal().begin().await?;
    let at = turn.at();
    let routing = parts.routing.get();
    let set = parts.rules.get();
    let rules = Rules { set: &set, routing: &routing };
    let queues = queues(&routing);
    let (settings, ids) = (&parts.settings, parts.ids.as_ref());
    let mut plan =
        store_batch(&mut turn.sql(), settings, &queues, rules, ids, at, messages).await?;
    let concerned: Vec<InteractionId> = plan.inputs.iter().filter_map(concerned).collect();
    for input in plan.inputs.drain(..) {
        turn.append(routing.completed(input));
    }
    let verdicts = turn.commit().await?;
    announce(parts, &plan);
    if !plan.acknowledgements.is_empty() {
        parts.outbox.wake();
    }
    if !plan.messages.is_empty() {
        parts.examinations.wake();
    }
    let parts = parts.clone();
    tokio::spawn(async move { look_after(&parts, verdicts, concerned).await });
    Ok(plan
        .is_repeated
        .iter()
        .map(|&repeated| if repeated { Delivered::Repeated } else { Delivered::Stored })
        .collect())
}

/// What becomes of new contacts, by the rules of administrators.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The rules.
    pub set: &'a RuleSet,
    /// What they speak of.
    pub routing: &'a Routing,
}

/// Writes a batch within a transaction; what it gives back says what the queue is to be told.
pub(crate) async fn store_batch<'a>(
    sql: &mut Sql<'_>,
    settings: &Settings,
    queues: &[QueueName],
    rules: Rules<'_>,
    ids: &dyn IdMaker,
    at: Timestamp,
    messages: &'a [InboundMessage],
) -> Result<plan::Plan<'a>, StoreError> {
    let is_own = |address: &str| settings.mailboxes.is_own(address);
    let mut known = store::look_up(sql, messages, queues, &is_own, at).await?;
    let senders: Vec<Sender<'_>> = messages
        .iter()
        .map(|message| Sender {
            key: sender_key(message),
            shown_name: message.from.as_ref().map_or("", |from| from.name.as_str()),
            may_become_prospect: plan::may_become_prospect(message, &known, settings),
        })
        .collect();
    let resolutions: Vec<Resolution> = resolve(sql, &senders, ids, at).await?;
    if rules.set.reads_senders() {
        let clients: BTreeSet<ClientId> =
            resolutions.iter().filter_map(|resolution| resolution.client).collect();
        let clients: Vec<ClientId> = clients.into_iter().collect();
        known.clients = rule::store::clients(sql, &clients).await?;
    }
    // A rule that panics on one message must not stop the others.
    let decided = catch_unwind(AssertUnwindSafe(|| {
        plan::decide(messages, known, &resolutions, (settings, rules), ids, at)
    }));
    let plan = decided.map_err(|_| StoreError::Fault("a message cannot be placed".to_owned()))?;
    store::write(sql, &plan, ids, at).await?;
    if !plan.judged.is_empty() {
        rule::store::note(sql, &plan.judged, at).await?;
    }
    Ok(plan)
}

fn sender_key(message: &InboundMessage) -> Option<MatchKey> {
    let value = plan::sender_key(message)?;
    Some(MatchKey { medium: ContactMedium::Email, value })
}

fn announce(parts: &Parts, plan: &plan::Plan<'_>) {
    for message in plan.messages.iter().filter(|message| message.continues) {
        let (interaction, message) = (message.interaction, message.id);
        parts.changes.tell(Change::Added { interaction, message });
    }
    for report in &plan.reported {
        let (interaction, message) = (report.interaction, report.message);
        parts.changes.tell(Change::Delivery { interaction, message });
    }
}

fn queues(routing: &Routing) -> Vec<QueueName> {
    let named = routing.document.queues.iter();
    let known = |queue: &QueueItem| {
        let reopen_within_days = queue.reopen_within_days;
        Some(QueueName { id: queue.id?, name: queue.name.clone(), reopen_within_days })
    };
    named.filter_map(known).collect()
}

/// The interaction that an input of ours is about.
#[expect(clippy::wildcard_enum_match_arm, reason = "intake makes these two")]
fn concerned(input: &Input) -> Option<InteractionId> {
    match input {
        Input::ContactArrived(arrival) => Some(arrival.interaction),
        Input::ContactContinued { interaction } => Some(*interaction),
        _ => None,
    }
}

/// What the rows called open may have been closed by the queue a moment before, and a queue may
/// have been removed: then the contact arrives anew. Every other refusal is a fault.
async fn look_after(parts: &Parts, verdicts: Vec<Verdict>, concerned: Vec<InteractionId>) {
    for (verdict, interaction) in verdicts.into_iter().zip(concerned) {
        match verdict.wait().await {
            // Closed in the rows, open in the queue: nothing is left to do.
            Ok(_)
            | Err(
                SubmitError::Stopped | SubmitError::Rejected(Rejected::DuplicateInteraction(_)),
            ) => {}
            Err(SubmitError::Rejected(
                Rejected::UnknownInteraction(_) | Rejected::UnknownQueue(_),
            )) => {
                if let Err(error) = arrive_anew(parts, interaction).await {
                    tracing::error!(%interaction, %error, "An interaction did not open again");
                }
            }
            Err(error) => {
                tracing::error!(%interaction, %error, "The queue refused an interaction");
            }
        }
    }
}

async fn arrive_anew(parts: &Parts, interaction: InteractionId) -> Result<(), StoreError> {
    let mut turn = parts.dispatch.journal().begin().await?;
    if let Some(arrived) = arrival_anew(&mut turn.sql(), &parts.routing.get(), interaction).await? {
        turn.append(arrived);
    }
    turn.commit().await.map(drop)
}

/// What the queue is told so that a contact waits again where it was; `None`: there is none.
pub(crate) async fn arrival_anew(
    sql: &mut Sql<'_>,
    routing: &Routing,
    interaction: InteractionId,
) -> Result<Option<Input>, StoreError> {
    let Some((queue, preferred)) = store::last_place(sql, interaction).await? else {
        return Ok(None);
    };
    let arrival = plan::arrival(&queues(routing), interaction, queue);
    Ok(Some(routing.completed(Input::ContactArrived(Arrival { preferred, ..arrival }))))
}
