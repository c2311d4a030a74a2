//! Writes what the engine says as lines.

use std::fmt::{Debug, Write};

use rozmova_base::Timestamp;
use rozmova_base::id::InteractionId;
use rozmova_queue::config::OverflowTo;
use rozmova_queue::{Event, EventKind, Output};

use crate::script::{MIDNIGHT_SECONDS, Script};

impl Script {
    fn name(&self, id: InteractionId) -> &str {
        self.names.get(&id.0.as_u128()).map_or("?", String::as_str)
    }

    pub(crate) fn write(&mut self, output: &Output) {
        let (at, line) = match output {
            Output::Event(event) => (event.at, self.event(event)),
            Output::Announce(said) => {
                let wait = said.expected_wait.map(|range| range.expected_ms / 1000);
                let name = self.name(said.interaction);
                let line = format!("tell {name} position {:?} wait {wait:?}", said.position);
                (self.engine.now(), Some(line))
            }
            Output::Decision(_) => return,
        };
        if let Some(line) = line {
            writeln!(self.said, "{} {line}", clock(at)).expect("a string");
        }
    }

    /// One event as words; what a scenario does not need to see is left out.
    fn event(&self, event: &Event) -> Option<String> {
        if matches!(event.kind, EventKind::Received { .. } | EventKind::OfferAccepted) {
            return None;
        }
        let named = |number: u128| self.names.get(&number).map_or("?", String::as_str);
        let contact = event.interaction.map_or("", |id| self.name(id));
        let agent = event.agent.map_or("", |id| named(id.0.as_u128()));
        let queue = event.queue.map_or("", |id| named(id.0.as_u128()));
        if let EventKind::Merged { into } = &event.kind {
            return Some(format!("{contact} merged into {}", self.name(*into)));
        }
        let words = waiting(&event.kind, contact, agent, queue)
            .or_else(|| work(&event.kind, contact, agent))
            .unwrap_or_else(|| {
                let subject = if contact.is_empty() { agent } else { contact };
                format!("{subject} {}", first_word(&event.kind))
            });
        Some(words)
    }
}

fn waiting(kind: &EventKind, contact: &str, agent: &str, queue: &str) -> Option<String> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is in `work`")]
    let words = match kind {
        EventKind::Queued { cause, .. } if agent.is_empty() => {
            format!("{contact} waits in {queue} ({cause:?})")
        }
        EventKind::Queued { cause, .. } => {
            format!("{contact} waits in {queue} for {agent} ({cause:?})")
        }
        EventKind::Requeued { cause, .. } => format!("{contact} waits again ({cause:?})"),
        EventKind::RingChanged { ring } => format!("{contact} ring {ring}"),
        EventKind::PreferenceEnded { .. } => format!("{contact} for anyone"),
        EventKind::Reordered { key } => {
            format!("{contact} placed anew, head start {} s", key.priority_ms / 1000)
        }
        EventKind::CallbackScheduled { not_before } => {
            let at = not_before.map_or("in turn".into(), clock);
            format!("{contact} will be called back {at}")
        }
        EventKind::SegmentEnded { outcome, waited_ms, .. } => {
            format!("{contact} left {queue} {outcome:?} after {} s", waited_ms / 1000)
        }
        EventKind::Offered { expires_at } => {
            format!("offer {contact} → {agent} until {}", clock(*expires_at))
        }
        EventKind::OfferDeclined { .. } => format!("{agent} declined {contact}"),
        EventKind::OfferTimedOut => format!("{agent} did not answer {contact}"),
        EventKind::OfferWithdrawn { cause } => {
            format!("offer {contact} → {agent} withdrawn ({cause:?})")
        }
        EventKind::Abandoned { waited_ms, short } => {
            let short = if *short { ", short" } else { "" };
            format!("{contact} abandoned after {} s{short}", waited_ms / 1000)
        }
        EventKind::Overflowed { to, .. } => format!("{contact} overflows: {}", place(to)),
        _ => return None,
    };
    Some(words)
}

fn work(kind: &EventKind, contact: &str, agent: &str) -> Option<String> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is in `waiting` or plain")]
    let words = match kind {
        EventKind::Connected { how, .. } => format!("{contact} with {agent} ({how:?})"),
        EventKind::Parked { until } => format!("{contact} parked until {}", clock(*until)),
        EventKind::Transferred { .. } => format!("{contact} handed on by {agent}"),
        EventKind::WrapUpStarted { ends_at } | EventKind::WrapUpExtended { ends_at } => {
            format!("{contact} wrap-up until {}", clock(*ends_at))
        }
        EventKind::WrapUpEnded { timed_out } => {
            format!("{contact} wrap-up over{}", if *timed_out { " by itself" } else { "" })
        }
        EventKind::Closed { talk_ms, hold_ms, wrap_up_ms, .. } => {
            let [talk, hold, wrap_up] = [talk_ms, hold_ms, wrap_up_ms].map(|ms| ms / 1000);
            format!("{contact} closed: talk {talk} hold {hold} wrap-up {wrap_up}")
        }
        EventKind::Failed { cause } => format!("{contact} failed: {cause}"),
        EventKind::AgentStateChanged { to, .. } => format!("{agent} is {}", first_word(to)),
        EventKind::SupervisorActed { what, .. } => {
            let subject = if contact.is_empty() { agent } else { contact };
            format!("boss: {} {subject}", first_word(what))
        }
        _ => return None,
    };
    Some(words)
}

fn place(to: &OverflowTo) -> &'static str {
    match to {
        OverflowTo::Queue { .. } => "other queue",
        OverflowTo::Callback => "callback",
        OverflowTo::Voicemail => "voicemail",
        OverflowTo::Message { .. } => "message",
        OverflowTo::External { .. } => "external number",
        OverflowTo::Close => "close",
    }
}

/// The name of an enum's variant.
pub(crate) fn first_word(value: &dyn Debug) -> String {
    let name = format!("{value:?}");
    name.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

pub(crate) fn clock(at: Timestamp) -> String {
    let second = at.as_seconds() - MIDNIGHT_SECONDS;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}
