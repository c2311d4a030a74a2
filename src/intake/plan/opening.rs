//! A contact that opens: what rules want of it, and what its sender is answered.

use channel_contract::InboundMessage;
use rozmova_base::id::{InteractionId, MessageId, OutboxId, QueueId, TextId};

use super::{NewAcknowledgement, Planner, party, sender_key};
use crate::client::identity::store::Resolution;
use crate::intake::acknowledge::{self, Acknowledgement};
use crate::rule::evaluate::Verdict;
use crate::rule::facts::{Facts, Sender, Standing};
use crate::rule::store::Judged;
use crate::texts::render::{self, Values};

const MS_PER_HOUR: i64 = 3_600_000;

/// The contact that is acknowledged.
#[derive(Clone, Copy)]
pub(super) struct Acknowledged {
    pub(super) interaction: InteractionId,
    pub(super) number: i64,
    pub(super) queue: QueueId,
}

impl Planner<'_, '_> {
    /// What rules want of a message that opens a contact.
    pub(super) fn judge(&self, message: &InboundMessage, resolution: &Resolution) -> Verdict {
        if self.rules.set.is_empty() {
            return Verdict::NONE;
        }
        let known = resolution.client.filter(|_| !resolution.created);
        let client = known.and_then(|client| self.known.clients.get(&client));
        let standing = match client.map(|client| client.status.as_str()) {
            Some("prospect") => Standing::Prospect,
            Some(_) => Standing::Client,
            None if resolution.candidates > 1 => Standing::Ambiguous,
            None => Standing::Unknown,
        };
        let sender = Sender {
            standing,
            vip: resolution.vip,
            segment: client.map_or("", |client| client.segment.as_str()),
        };
        let mailbox = self.mailbox(message).map_or("", |mailbox| mailbox.address.as_str());
        let facts = Facts::of_mail(message, sender, mailbox);
        self.rules.set.evaluate(&facts, self.rules.routing)
    }

    /// Notes what rules did with the message that was stored last.
    pub(super) fn note(&mut self, interaction: InteractionId, verdict: Verdict) {
        let Some(stored) = self.plan.messages.last_mut() else { return };
        if verdict.matched.is_empty() {
            return;
        }
        stored.is_discarded = verdict.discard.is_some();
        let Verdict { matched, tags, discard, .. } = verdict;
        self.plan.judged.push(Judged { message: stored.id, interaction, matched, tags, discard });
    }

    /// Acknowledges, or answers what a rule says, if the sender may get anything; gives whether.
    pub(super) fn acknowledge(
        &mut self,
        message: &InboundMessage,
        resolution: &Resolution,
        place: Acknowledged,
        reply: Option<TextId>,
    ) -> bool {
        let settings = self.settings;
        let Acknowledged { interaction, number, queue } = place;
        let (Some(key), Some(from)) = (sender_key(message), self.mailbox(message).map(party))
        else {
            return false;
        };
        let is_wanted = match reply {
            Some(_) => settings.can_send,
            None => settings.acknowledges(self.queue_name(queue)),
        };
        let every_ms = i64::from(settings.config.acknowledge_every_hours) * MS_PER_HOUR;
        let last_at = self.known.acknowledged.get(&key).copied();
        let most = i64::from(settings.config.acknowledgements_per_hour);
        if self.known.acknowledged_lately >= most
            || !is_wanted
            || !acknowledge::is_due(message, &key, &settings.mailboxes, last_at, self.now, every_ms)
        {
            return false;
        }
        let rendered = settings.templates.render(message, number, &settings.bank);
        let rendered = rendered.and_then(|rendered| match reply {
            Some(text) => self
                .reply(text, message, resolution, &place)
                .map(|text| Acknowledgement { text, ..rendered }),
            None => Ok(rendered),
        });
        match rendered {
            Ok(rendered) => {
                let own = message.thread.message_id.iter();
                let references = message.thread.references.iter().chain(own).cloned().collect();
                self.known.acknowledged.insert(key.clone(), self.now);
                self.known.acknowledged_lately += 1;
                self.plan.acknowledgements.push(NewAcknowledgement {
                    message: MessageId::make(self.ids),
                    outbox: OutboxId::make(self.ids),
                    interaction,
                    from,
                    to: message.from.clone().unwrap_or_default(),
                    key,
                    subject: rendered.subject,
                    text: rendered.text,
                    references,
                });
                true
            }
            Err(error) => {
                tracing::error!(%error, "The acknowledgement cannot be rendered");
                false
            }
        }
    }

    /// The answer that a rule chose, filled in.
    fn reply(
        &self,
        text: TextId,
        message: &InboundMessage,
        resolution: &Resolution,
        place: &Acknowledged,
    ) -> Result<String, String> {
        let set = self.rules.set;
        let answer = set.text(text).ok_or_else(|| "the answer is gone".to_owned())?;
        let shown = message.from.as_ref().map_or("", |from| from.name.as_str());
        let values = Values {
            client: if resolution.name.is_empty() { shown } else { &resolution.name }.to_owned(),
            agent: String::new(),
            bank: self.settings.bank.clone(),
            number: place.number,
            subject: message.subject.clone(),
            queue: self.queue_name(place.queue).to_owned(),
            date: render::date(self.now, set.zone(), &answer.language),
        };
        render::render(&answer.body, &values).map_err(|error| error.to_string())
    }
}
