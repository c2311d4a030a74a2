//! What becomes of each message of a batch. Pure: rows and inputs come out, nothing is written.
//!
//! Messages are taken in order, and each sees what those before it in the batch have opened: an
//! answer that arrives together with its question joins it.

mod opening;

use std::collections::{BTreeMap, BTreeSet};

use channel_contract::{
    AuthenticationResult, DeliveryReport, InboundMessage, MessageKind, Party, Standing,
};
use rozmova_base::Timestamp;
use rozmova_base::address::EmailAddress;
use rozmova_base::id::{AgentId, ClientId, IdMaker, InteractionId, MessageId, OutboxId, QueueId};
use rozmova_queue::Input;
use rozmova_queue::config::Medium;
use rozmova_queue::input::Arrival;

use self::opening::Acknowledged;
use super::Rules;
use super::mailbox::Mailbox;
use super::reopening::{self, Openings};
use super::settings::Settings;
use super::thread::{
    Continuation, Hint, Place, Referred, Thread, Threads, Writer, continuation, place,
};
use crate::client::identity::store::Resolution;
use crate::interaction::model::PROPOSED;
use crate::outbox::delivery::{RecipientReport, State};
use crate::rule;
use crate::rule::evaluate::Effect;
use crate::rule::store::Judged;

const MS_PER_DAY: i64 = 86_400_000;

/// What the store knows beforehand.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// External ids of the batch that came before.
    pub repeated: BTreeSet<String>,
    /// Whatever the batch refers to.
    pub threads: Threads,
    /// Queues, in the order in which they are shown; never empty.
    pub queues: Vec<QueueName>,
    /// When addresses of the batch got their last acknowledgement.
    pub acknowledged: BTreeMap<String, Timestamp>,
    /// How many addresses got one within the last hour.
    pub acknowledged_lately: i64,
    /// How often senders of the batch, and interactions that it may open, did so lately.
    pub openings: BTreeMap<String, Openings>,
    /// Clients of the batch, when rules look at them.
    pub clients: BTreeMap<ClientId, rule::store::ClientRow>,
    /// Number of the next interaction.
    pub next_number: i64,
}

/// What intake needs to know of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueName {
    /// The queue.
    pub id: QueueId,
    /// Its name, which mailboxes refer to.
    pub name: String,
    /// Days within which an answer opens its closed interactions; `None`: as in the configuration.
    pub reopen_within_days: Option<u32>,
}

/// What is to be written, and what the engine is to be told.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// Interactions to open.
    pub interactions: Vec<NewInteraction>,
    /// Messages to store.
    pub messages: Vec<NewMessage<'a>>,
    /// Messages that had come before.
    pub repeats: Vec<&'a InboundMessage>,
    /// Interactions to change.
    pub touched: BTreeMap<InteractionId, Touched>,
    /// Where new interactions may belong.
    pub hints: Vec<(InteractionId, InteractionId, Hint)>,
    /// What became of messages of ours.
    pub reported: Vec<Reported>,
    /// How often interactions were opened again, by sender and by interaction.
    pub openings: BTreeMap<String, Openings>,
    /// Interactions that open at this time, because they did so too often.
    pub held: Vec<(InteractionId, Timestamp)>,
    /// Acknowledgements to send.
    pub acknowledgements: Vec<NewAcknowledgement>,
    /// What rules did.
    pub judged: Vec<Judged>,
    /// For the engine.
    pub inputs: Vec<Input>,
    /// For each message of the batch, in order: whether it had come before.
    pub is_repeated: Vec<bool>,
}

/// Where a mail ended, for the ledger: each in exactly one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// In an interaction, for a person.
    Interaction,
    /// A delivery report beside the message of which it speaks.
    Report,
    /// An automatic answer: noted, nobody's work.
    MachineNote,
    /// A rule made it nobody's work.
    DiscardedByRule,
    /// On the list of what could not be read.
    Unreadable,
    /// It had come before.
    Repeated,
}

impl Outcome {
    /// Of a mail that comes for the first time.
    pub const fn of(message: &InboundMessage) -> Self {
        match message.kind {
            _ if !message.readable => Self::Unreadable,
            MessageKind::Bounce => Self::Report,
            MessageKind::AutoReply => Self::MachineNote,
            MessageKind::Message | MessageKind::Complaint | MessageKind::List => Self::Interaction,
        }
    }

    /// As in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interaction => "interaction",
            Self::Report => "report",
            Self::MachineNote => "machine_note",
            Self::DiscardedByRule => "discarded_by_rule",
            Self::Unreadable => "unreadable",
            Self::Repeated => "repeated",
        }
    }
}

/// A row of `interaction`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInteraction {
    pub id: InteractionId,
    pub number: i64,
    /// For reports and automatic answers that belong nowhere: kept and visible, nobody's work.
    pub is_closed: bool,
    pub subject: String,
    pub client: Option<ClientId>,
    pub identified_by: &'static str,
    pub candidates: i64,
    pub from: Party,
    pub from_key: String,
    pub mailbox: String,
    pub queue: QueueId,
    pub received_at: Timestamp,
    pub unread: i64,
    pub readable: bool,
}

/// A row of `message`, with its arrival, raw bytes and attachments.
#[derive(Clone, Copy, Debug)]
pub struct NewMessage<'a> {
    pub id: MessageId,
    pub interaction: InteractionId,
    pub inbound: &'a InboundMessage,
    /// Joined an interaction that was there before the batch.
    pub continues: bool,
    /// A rule made it nobody's work.
    pub is_discarded: bool,
}

/// What changes in an interaction that was there before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    pub unread: i64,
    pub last_message_at: Timestamp,
}

/// What a report says of one message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    pub message: MessageId,
    pub interaction: InteractionId,
    pub what: What,
}

/// Delivered or not, or complained about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// What became of it for one recipient.
    Delivery(RecipientReport),
    /// Its recipient, who may be unnamed, called it spam.
    Complaint { recipient: String, detail: String },
}

/// An acknowledgement: a message, its row in the outbox, and a note for its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAcknowledgement {
    pub message: MessageId,
    pub outbox: OutboxId,
    pub interaction: InteractionId,
    pub from: Party,
    pub to: Party,
    pub key: String,
    pub subject: String,
    pub text: String,
    pub references: Vec<String>,
}

/// The address by which a sender is compared; `None` when there is none that can be.
pub fn sender_key(message: &InboundMessage) -> Option<String> {
    let from = message.from.as_ref()?;
    EmailAddress::parse(&from.address).ok().map(|address| address.as_str().to_owned())
}

/// Whether an unknown sender becomes a prospect: a person who writes for the first time.
pub fn may_become_prospect(message: &InboundMessage, known: &Known, settings: &Settings) -> bool {
    let continues = message.thread.proved.is_some_and(|id| known.threads.current(id).is_some());
    message.kind == MessageKind::Message
        && !continues
        && !known.repeated.contains(&message.external_id)
        && sender_key(message).is_some_and(|key| !settings.mailboxes.is_own(&key))
}

/// Whether the sender's word is enough for the file of the client whose address it is. Anybody can
/// write any address: it takes somebody who vouches for it. What is from the past opens nothing
/// before anybody, and a prospect's record holds only what came from the address itself.
fn opens_file(message: &InboundMessage, resolution: &Resolution) -> bool {
    !resolution.has_file
        || message.origin.is_history
        || message.authentication.standing() == Standing::Authenticated
}

/// Decides. `resolutions`: whose addresses the senders' are, in the order of the batch.
pub fn decide<'a>(
    batch: &'a [InboundMessage],
    known: Known,
    resolutions: &[Resolution],
    (settings, rules): (&Settings, Rules<'_>),
    ids: &dyn IdMaker,
    now: Timestamp,
) -> Plan<'a> {
    let mut planner = Planner { known, settings, rules, ids, now, plan: Plan::default() };
    for (message, resolution) in batch.iter().zip(resolutions) {
        planner.take(message, resolution);
    }
    planner.plan
}

struct Planner<'a, 'b> {
    known: Known,
    settings: &'b Settings,
    rules: Rules<'b>,
    ids: &'b dyn IdMaker,
    now: Timestamp,
    plan: Plan<'a>,
}

impl<'a> Planner<'a, '_> {
    fn take(&mut self, message: &'a InboundMessage, resolution: &Resolution) {
        let is_repeated = !self.known.repeated.insert(message.external_id.clone());
        self.plan.is_repeated.push(is_repeated);
        if is_repeated {
            self.plan.repeats.push(message);
            return;
        }
        match message.kind {
            _ if message.origin.is_history => self.take_history(message, resolution),
            MessageKind::Bounce => self.take_report(message, resolution, Unmatched::Closed),
            MessageKind::Complaint => self.take_report(message, resolution, Unmatched::Queued),
            MessageKind::AutoReply => self.take_auto_reply(message, resolution),
            MessageKind::Message | MessageKind::List => self.take_message(message, resolution),
        }
    }

    /// The past is put where it belongs and makes no work: no queue, no acknowledgement, and what
    /// became of mails long ago changes nothing now.
    fn take_history(&mut self, message: &'a InboundMessage, resolution: &Resolution) {
        let reported = message.reports.iter().find_map(|report| self.reported_message(report));
        match (reported, self.place(message, resolution)) {
            (Some(referred), _) => self.add(message, referred.interaction),
            (None, Place::Continues(id)) => self.add(message, id),
            (None, Place::Opens { hints }) => {
                self.open(message, resolution, hints, true);
            }
        }
    }

    fn take_message(&mut self, message: &'a InboundMessage, resolution: &Resolution) {
        match self.place(message, resolution) {
            Place::Continues(id) => {
                let Some(thread) = self.known.threads.by_id.get(&id).cloned() else { return };
                let reopen_within_ms = self.reopen_within_ms(thread.queue);
                match continuation(&thread, self.now, reopen_within_ms) {
                    Continuation::FollowUp => {
                        let hints = vec![(id, Hint::Follows)];
                        self.open_queued(message, resolution, hints, thread.agent);
                    }
                    Continuation::Open | Continuation::Reopens => {
                        self.add(message, id);
                        self.wake(id, sender_key(message).as_deref());
                    }
                }
            }
            Place::Opens { hints } => self.open_queued(message, resolution, hints, None),
        }
    }

    /// Automatic answers are added to their thread and make no work; those without one are kept.
    /// One that wants a person to confirm something goes to the agent.
    fn take_auto_reply(&mut self, message: &'a InboundMessage, resolution: &Resolution) {
        match self.place(message, resolution) {
            Place::Continues(id) => {
                self.add(message, id);
                if message.unanswerable.as_deref() == Some("challenge") {
                    self.wake(id, None);
                }
            }
            Place::Opens { hints } => {
                self.open(message, resolution, hints, true);
            }
        }
    }

    /// A report belongs to the message that it speaks of; the agent sees what has failed.
    fn take_report(
        &mut self,
        message: &'a InboundMessage,
        resolution: &Resolution,
        unmatched: Unmatched,
    ) {
        let mut home = None;
        let mut needs_agent = message.kind == MessageKind::Complaint;
        for report in &message.reports {
            let Some(referred) = self.reported_message(report) else { continue };
            home.get_or_insert(referred.interaction);
            let delivery = RecipientReport::new(report);
            let what = if message.kind == MessageKind::Complaint {
                What::Complaint { recipient: delivery.address, detail: delivery.detail }
            } else {
                needs_agent |= delivery.state == State::Failed && !referred.automatic;
                What::Delivery(delivery)
            };
            let Referred { message, interaction, .. } = referred;
            self.plan.reported.push(Reported { message, interaction, what });
        }
        let proved = message.thread.proved.and_then(|id| self.known.threads.current(id));
        match (home.or(proved), unmatched) {
            (Some(id), _) => {
                self.add(message, id);
                if needs_agent {
                    self.wake(id, None);
                }
            }
            (None, Unmatched::Closed) => {
                self.open(message, resolution, Vec::new(), true);
            }
            (None, Unmatched::Queued) => {
                self.open_queued(message, resolution, Vec::new(), None);
            }
        }
    }

    fn reported_message(&self, report: &DeliveryReport) -> Option<Referred> {
        let threads = &self.known.threads;
        let by_id = report.message.and_then(|id| threads.by_message.get(&id));
        let quoted = || {
            let id = report.original_message_id.as_ref()?;
            threads.by_message_id.get(id).filter(|referred| referred.outbound)
        };
        by_id.or_else(quoted).copied()
    }

    fn place(&self, message: &InboundMessage, resolution: &Resolution) -> Place {
        if !message.readable {
            return Place::Opens { hints: Vec::new() };
        }
        let key = sender_key(message);
        let writer = Writer {
            key: key.as_deref(),
            client: resolution.client,
            disowned: message.authentication.dmarc == AuthenticationResult::Fail,
        };
        place(&message.thread, &writer, &self.known.threads)
    }

    /// Adds the message to an interaction that is there.
    fn add(&mut self, message: &'a InboundMessage, id: InteractionId) {
        let opened_in_this_batch =
            self.plan.interactions.iter_mut().rev().find(|interaction| interaction.id == id);
        let is_work = !matches!(message.kind, MessageKind::AutoReply) && !message.origin.is_history;
        if let Some(interaction) = opened_in_this_batch {
            interaction.unread += i64::from(is_work);
            self.store(message, id, false);
        } else {
            let touched = self.plan.touched.entry(id).or_default();
            touched.unread += i64::from(is_work);
            touched.last_message_at = touched.last_message_at.max(message.received_at);
            self.store(message, id, true);
        }
        if let (Some(thread), Some(key)) =
            (self.known.threads.by_id.get_mut(&id), sender_key(message))
            && message.kind == MessageKind::Message
        {
            thread.participants.insert(key);
        }
    }

    /// Tells the engine that an interaction needs its agent, or a queue when it was closed.
    /// One that was opened too often waits.
    fn wake(&mut self, id: InteractionId, sender: Option<&str>) {
        let is_closed =
            self.known.threads.by_id.get(&id).is_some_and(|thread| thread.closed_at.is_some());
        if is_closed && let Err(open_at) = self.count_opening(id, sender) {
            self.plan.held.push((id, open_at));
            return;
        }
        let Some(thread) = self.known.threads.by_id.get_mut(&id) else { return };
        if thread.closed_at.take().is_some() {
            let (preferred, queue) = (thread.agent, thread.queue);
            let arrival = arrival(&self.known.queues, id, queue);
            self.plan.inputs.push(Input::ContactArrived(Arrival { preferred, ..arrival }));
        } else {
            self.plan.inputs.push(Input::ContactContinued { interaction: id });
        }
    }

    /// Counts one more opening; the time until which it has to wait if there were too many.
    fn count_opening(&mut self, id: InteractionId, sender: Option<&str>) -> Result<(), Timestamp> {
        let config = &self.settings.config;
        let mut subjects =
            vec![(reopening::of_interaction(id), i64::from(config.reopenings_per_contact))];
        if let Some(key) = sender {
            let max = i64::from(config.reopenings_per_sender);
            subjects.push((reopening::of_sender(key), max));
        }
        let mut counted = Vec::with_capacity(subjects.len());
        for (subject, max) in subjects {
            let before = self.known.openings.get(&subject).copied();
            counted.push((subject, reopening::one_more(before, self.now, max)?));
        }
        for (subject, openings) in counted {
            self.known.openings.insert(subject.clone(), openings);
            self.plan.openings.insert(subject, openings);
        }
        Ok(())
    }

    fn reopen_within_ms(&self, queue: QueueId) -> i64 {
        let known = self.known.queues.iter().find(|known| known.id == queue);
        let chosen = known.and_then(|known| known.reopen_within_days);
        chosen.map_or_else(
            || self.settings.reopen_within_ms(self.queue_name(queue)),
            |days| i64::from(days) * MS_PER_DAY,
        )
    }

    fn open_queued(
        &mut self,
        message: &'a InboundMessage,
        resolution: &Resolution,
        hints: Vec<(InteractionId, Hint)>,
        preferred: Option<AgentId>,
    ) {
        let mut verdict = self.judge(message, resolution);
        let is_discarded = verdict.discard.is_some();
        let id = self.open(message, resolution, hints, is_discarded);
        let Some(interaction) = self.plan.interactions.last_mut() else { return };
        if let Some(queue) = verdict.queue {
            interaction.queue = queue;
            if let Some(thread) = self.known.threads.by_id.get_mut(&id) {
                thread.queue = queue;
            }
        }
        if !is_discarded {
            let (queue, number) = (interaction.queue, interaction.number);
            self.plan.inputs.push(Input::ContactArrived(Arrival {
                client_class: u8::from(resolution.vip),
                preferred,
                priority: verdict.priority.unwrap_or(0),
                needs: verdict.needs(),
                ..arrival(&self.known.queues, id, queue)
            }));
            let place = Acknowledged { interaction: id, number, queue };
            let is_answered = self.acknowledge(message, resolution, place, verdict.reply);
            if !is_answered {
                verdict.amend("reply", Effect::Withheld);
            }
        }
        self.note(id, verdict);
    }

    fn open(
        &mut self,
        message: &'a InboundMessage,
        resolution: &Resolution,
        hints: Vec<(InteractionId, Hint)>,
        is_closed: bool,
    ) -> InteractionId {
        let id = InteractionId::make(self.ids);
        let number = self.known.next_number;
        self.known.next_number += 1;
        let (mailbox, queue) = self.destination(message);
        let from_key = sender_key(message).unwrap_or_default();
        let participants: BTreeSet<String> =
            Some(from_key.clone()).into_iter().filter(|key| !key.is_empty()).collect();
        let closed_at = is_closed.then_some(self.now);
        let is_shut = resolution.client.is_some() && !opens_file(message, resolution);
        let client = resolution.client.filter(|_| !is_shut);
        let thread = Thread { client, queue, agent: None, closed_at, participants };
        self.known.threads.by_id.insert(id, thread);
        self.known.threads.by_number.insert(number, id);
        self.plan.hints.extend(hints.into_iter().map(|(other, why)| (id, other, why)));
        self.plan.interactions.push(NewInteraction {
            id,
            number,
            is_closed,
            subject: message.subject.clone(),
            client: resolution.client,
            identified_by: match resolution.client {
                Some(_) if is_shut => PROPOSED,
                // A record made from the address itself says nothing about who it is.
                Some(_) if resolution.created => "none",
                Some(_) | None => resolution.how,
            },
            candidates: resolution.candidates,
            from: message.from.clone().unwrap_or_default(),
            from_key,
            mailbox,
            queue,
            received_at: message.received_at,
            unread: i64::from(!is_closed),
            readable: message.readable,
        });
        self.store(message, id, false);
        id
    }

    fn store(&mut self, message: &'a InboundMessage, interaction: InteractionId, continues: bool) {
        let id = MessageId::make(self.ids);
        if let Some(message_id) = &message.thread.message_id {
            let referred = Referred { message: id, interaction, outbound: false, automatic: false };
            self.known.threads.by_message_id.entry(message_id.clone()).or_insert(referred);
        }
        let is_discarded = false;
        self.plan.messages.push(NewMessage {
            id,
            interaction,
            inbound: message,
            continues,
            is_discarded,
        });
    }

    /// Our address that the message came to, and the queue behind it.
    fn destination(&self, message: &InboundMessage) -> (String, QueueId) {
        let mailbox = self.mailbox(message);
        let wanted = mailbox.map_or("", |mailbox| mailbox.queue.as_str());
        let named = self.known.queues.iter().find(|queue| queue.name == wanted);
        let queue = named.or_else(|| self.known.queues.first()).map(|queue| queue.id);
        let address = mailbox.map(|mailbox| mailbox.address.clone());
        (address.unwrap_or_default(), queue.unwrap_or(QueueId::from_u128(0)))
    }

    /// By the envelope, else by the headers (a message fetched from a mailbox), else the first.
    fn mailbox(&self, message: &InboundMessage) -> Option<&Mailbox> {
        let mailboxes = &self.settings.mailboxes;
        if let Some(named) = mailboxes.find(&message.origin.mailbox) {
            return Some(named);
        }
        let headers = message.to.iter().chain(&message.cc).map(|party| party.address.as_str());
        message
            .envelope
            .recipients
            .iter()
            .map(String::as_str)
            .chain(headers)
            .find_map(|address| mailboxes.find(address))
            .or_else(|| mailboxes.first())
    }

    fn queue_name(&self, queue: QueueId) -> &str {
        let found = self.known.queues.iter().find(|known| known.id == queue);
        found.map_or("", |queue| queue.name.as_str())
    }
}

/// A contact that arrives in this queue, or in the first one when it is gone.
pub(super) fn arrival(queues: &[QueueName], id: InteractionId, queue: QueueId) -> Arrival {
    let rules = queues.iter().find(|known| known.id == queue).or_else(|| queues.first());
    Arrival::new(id, Medium::Email, rules.map_or(queue, |rules| rules.id))
}

/// What becomes of a report that speaks of no message of ours.
#[derive(Clone, Copy)]
enum Unmatched {
    /// It is kept and makes no work.
    Closed,
    /// A person looks at it.
    Queued,
}

fn party(mailbox: &Mailbox) -> Party {
    Party { name: mailbox.display_name.clone(), address: mailbox.address.clone() }
}

#[cfg(test)]
mod tests;
