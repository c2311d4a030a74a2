//! What events change in rows. Pure: a batch of outputs in, changes out, several events of one
//! contact folded into one change of its row.

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, DispositionId, InteractionId, OfferId, QueueId, SegmentId};
use rozmova_queue::output::{QueuedCause, SegmentOutcome};
use rozmova_queue::trace::Decision;
use rozmova_queue::view::ContactState;
use rozmova_queue::{Event, EventKind, Output};

/// Changes of one transaction.
#[derive(Debug, Default)]
pub(super) struct RowChanges {
    /// In the order of their numbers.
    pub(super) events: Vec<Event>,
    pub(super) decisions: Vec<NumberedDecision>,
    pub(super) segments: BTreeMap<SegmentId, SegmentChange>,
    pub(super) offers: BTreeMap<OfferId, OfferChange>,
    pub(super) interactions: BTreeMap<InteractionId, InteractionChange>,
}

/// A decision with the number of the event before it. Between two decisions there is at least one
/// event, so the numbers differ.
#[derive(Debug)]
pub(super) struct NumberedDecision {
    pub(super) sequence: u64,
    pub(super) decision: Box<Decision>,
}

/// `None` leaves a column as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SegmentChange {
    pub(super) interaction: InteractionId,
    pub(super) queue: QueueId,
    pub(super) medium: &'static str,
    pub(super) eligible_at: Timestamp,
    pub(super) routed_at: Option<Timestamp>,
    pub(super) accepted_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) agent: Option<AgentId>,
    pub(super) outcome: Option<&'static str>,
}

/// `None` leaves a column as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OfferChange {
    pub(super) segment: SegmentId,
    pub(super) interaction: InteractionId,
    pub(super) agent: AgentId,
    pub(super) offered_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) outcome: Option<&'static str>,
    pub(super) reason: Option<String>,
}

/// What becomes of a column that may be empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Column<T> {
    /// It stays.
    #[default]
    Keep,
    /// It is written, perhaps empty.
    Set(Option<T>),
}

impl<T: Copy> Column<T> {
    /// 1 when it is written: a condition in SQL.
    pub(super) const fn is_set(self) -> i16 {
        matches!(self, Self::Set(_)) as i16
    }

    pub(super) const fn value(self) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Set(value) => value,
        }
    }
}

/// `None` leaves a column as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct InteractionChange {
    pub(super) state: Option<ContactState>,
    pub(super) queue: Option<QueueId>,
    pub(super) priority: Option<u8>,
    pub(super) agent: Column<AgentId>,
    pub(super) waiting_since_at: Option<Timestamp>,
    pub(super) answered_at: Option<Timestamp>,
    pub(super) closed_at: Column<Timestamp>,
    pub(super) disposition: Option<DispositionId>,
    pub(super) event_sequence: u64,
    /// Nothing but the arrival, which the row shows from the beginning.
    pub(super) only_arrived: bool,
}

impl RowChanges {
    /// Adds outputs, leaving out what is numbered up to `watermark`: it is stored.
    pub(super) fn add(&mut self, outputs: Vec<Output>, watermark: u64) {
        let mut before = self.last_event().unwrap_or(watermark);
        for output in outputs {
            match output {
                Output::Event(event) => {
                    before = event.seq;
                    if event.seq > watermark {
                        self.add_event(event);
                    }
                }
                Output::Decision(decision) if before >= watermark => {
                    self.decisions.push(NumberedDecision { sequence: before, decision });
                }
                Output::Decision(_) | Output::Announce(_) => {}
            }
        }
    }

    /// Number of the last event.
    pub(super) fn last_event(&self) -> Option<u64> {
        self.events.last().map(|event| event.seq)
    }

    fn add_event(&mut self, event: Event) {
        if let Some(interaction) = event.interaction {
            let change = self.interactions.entry(interaction).or_insert_with(|| {
                let only_arrived =
                    matches!(event.kind, EventKind::Received { outbound: false, .. });
                InteractionChange { only_arrived, ..InteractionChange::default() }
            });
            fold_interaction(change, &event);
            self.fold_segment(interaction, &event);
            self.fold_offer(interaction, &event);
        }
        self.events.push(event);
    }

    fn fold_segment(&mut self, interaction: InteractionId, event: &Event) {
        let (Some(segment), Some(queue), Some(medium)) = (event.segment, event.queue, event.medium)
        else {
            return;
        };
        let concerns = matches!(
            event.kind,
            EventKind::Queued { .. }
                | EventKind::Offered { .. }
                | EventKind::Connected { .. }
                | EventKind::SegmentEnded { .. }
        );
        if !concerns {
            return;
        }
        let change = self.segments.entry(segment).or_insert_with(|| SegmentChange {
            interaction,
            queue,
            medium: medium.as_str(),
            eligible_at: event.at,
            routed_at: None,
            accepted_at: None,
            ended_at: None,
            agent: None,
            outcome: None,
        });
        if let EventKind::Queued { key, .. } = &event.kind {
            change.eligible_at = Timestamp::from_millis(key.eligible_at_ms);
        } else if let EventKind::Offered { .. } = event.kind {
            change.routed_at = change.routed_at.or(Some(event.at));
        } else if let EventKind::Connected { .. } = event.kind {
            change.accepted_at = change.accepted_at.or(Some(event.at));
            change.agent = event.agent.or(change.agent);
        } else if let EventKind::SegmentEnded { outcome, .. } = event.kind {
            change.ended_at = Some(event.at);
            change.outcome = Some(segment_outcome(outcome));
        }
    }

    fn fold_offer(&mut self, interaction: InteractionId, event: &Event) {
        let (Some(offer), Some(segment), Some(agent)) = (event.offer, event.segment, event.agent)
        else {
            return;
        };
        let (outcome, reason) = if let EventKind::Offered { .. } = event.kind {
            (None, None)
        } else if let EventKind::OfferAccepted = event.kind {
            (Some("accepted"), None)
        } else if let EventKind::OfferDeclined { reason } = &event.kind {
            (Some("declined"), Some(reason.clone()))
        } else if let EventKind::OfferTimedOut = event.kind {
            (Some("timed_out"), None)
        } else if let EventKind::OfferWithdrawn { cause } = &event.kind {
            (Some("withdrawn"), name_of(cause))
        } else {
            return;
        };
        let change = self.offers.entry(offer).or_insert_with(|| OfferChange {
            segment,
            interaction,
            agent,
            offered_at: event.at,
            expires_at: event.at,
            ended_at: None,
            outcome: None,
            reason: None,
        });
        if let EventKind::Offered { expires_at } = event.kind {
            change.expires_at = expires_at;
        } else {
            change.ended_at = Some(event.at);
            change.outcome = outcome;
            change.reason = reason;
        }
    }
}

fn fold_interaction(change: &mut InteractionChange, event: &Event) {
    change.event_sequence = event.seq;
    if let Some(state) = event.kind.contact_state() {
        change.state = Some(state);
        change.closed_at = Column::Set(state.is_final().then_some(event.at));
    }
    let is_arrival = matches!(
        event.kind,
        EventKind::Received { .. } | EventKind::Queued { cause: QueuedCause::Arrival, .. }
    );
    change.only_arrived &= is_arrival;
    if let EventKind::Received { priority, .. } = event.kind {
        change.priority = Some(priority);
        // New rows say 0.
        change.only_arrived &= priority == 0;
    } else if let EventKind::Queued { key, .. } = &event.kind {
        change.queue = event.queue;
        change.agent = Column::Set(None);
        change.waiting_since_at = Some(Timestamp::from_millis(key.eligible_at_ms));
    } else if let EventKind::Requeued { .. } = event.kind {
        change.agent = Column::Set(None);
    } else if let EventKind::Connected { .. } = event.kind {
        change.agent = Column::Set(event.agent);
        change.answered_at = change.answered_at.or(Some(event.at));
    } else if let EventKind::DispositionSet { disposition } = event.kind {
        change.disposition = Some(disposition);
    } else if let EventKind::Closed { disposition: Some(disposition), .. } = event.kind {
        change.disposition = Some(disposition);
    }
}

const fn segment_outcome(outcome: SegmentOutcome) -> &'static str {
    match outcome {
        SegmentOutcome::Answered => "answered",
        SegmentOutcome::Abandoned => "abandoned",
        SegmentOutcome::Overflowed => "overflowed",
        SegmentOutcome::Moved => "moved",
        SegmentOutcome::Closed => "closed",
        SegmentOutcome::Failed => "failed",
    }
}

/// The name of a variant without fields, as it is in JSON.
pub(super) fn name_of(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}
