//! Writes to clients whose contacts left a queue for a text, once.
//!
//! 1. The engine's event is the only source; how far it has been carried out is written in the
//!    transaction of the messages, so that a text is neither sent twice nor forgotten.
//! 2. A text never answers a program: no automatic message, no address that nobody reads, and one
//!    address gets at most one within the hours of acknowledgements (RFC 3834 §2).
//! 3. Events from before the first start with this module are left alone.

mod store;

use std::borrow::Cow;
use std::time::Duration;

use channel_contract::Party;
use rozmova_base::id::{MessageId, OutboxId};
use rozmova_queue::config::OverflowTo;
use rozmova_queue::{Event, EventKind};

use self::store::Contact;
use crate::app::App;
use crate::dispatch;
use crate::intake::acknowledge;
use crate::intake::store::{Recipients, json};
use crate::message::changes::Change;
use crate::message::model::{chain, numbered_subject};
use crate::outbox;
use crate::store::{Sql, StoreError, setting};

/// Number of the last event that was carried out.
const CURSOR: &str = "treatment.after_event";
/// Events in one transaction.
const EVENTS_MAX: i64 = 100;
const MS_PER_HOUR: i64 = 3_600_000;

/// A client does not notice a second; a look costs one query.
const PAUSE: Duration = Duration::from_secs(1);

/// Carries out what is due; gives the pause before the next.
pub(super) async fn carry_out(app: &App) -> Result<Duration, StoreError> {
    let has_more = carry_out_some(app).await?;
    Ok(if has_more { Duration::ZERO } else { PAUSE })
}

/// Gives whether there may be more.
async fn carry_out_some(app: &App) -> Result<bool, StoreError> {
    let mut tx = app.db.begin().await?;
    let sql = &mut tx.sql();
    let last = store::last_event(sql).await?;
    let cursor = setting::load(sql, CURSOR).await?.and_then(|text| text.parse().ok());
    let Some(cursor) = cursor else {
        setting::save(sql, CURSOR, &last.to_string()).await?;
        tx.commit().await?;
        return Ok(false);
    };
    if cursor >= last {
        return Ok(false);
    }
    let events = dispatch::store::overflows_between(sql, cursor, last, EVENTS_MAX).await?;
    let is_full = events.len() as i64 >= EVENTS_MAX;
    let done =
        if is_full { events.last().map_or(last, |event| event.seq.cast_signed()) } else { last };
    let mut written = Vec::new();
    for event in &events {
        written.extend(treat(app, sql, event).await?);
    }
    setting::save(sql, CURSOR, &done.to_string()).await?;
    tx.commit().await?;
    for change in &written {
        app.changes.tell(*change);
    }
    if !written.is_empty() {
        app.channels.outbox.wake();
    }
    Ok(is_full)
}

async fn treat(app: &App, sql: &mut Sql<'_>, event: &Event) -> Result<Option<Change>, StoreError> {
    let EventKind::Overflowed { to: OverflowTo::Message { text }, .. } = &event.kind else {
        return Ok(None);
    };
    let Some(interaction) = event.interaction else { return Ok(None) };
    let Some(contact) = store::contact(sql, interaction).await? else { return Ok(None) };
    let intake = &app.channels.intake;
    let now = app.clock.now();
    let since = now.plus_millis(-i64::from(intake.config.acknowledge_every_hours) * MS_PER_HOUR);
    let is_answerable = intake.can_send
        && acknowledge::is_read(&contact.from_key)
        && !intake.mailboxes.is_own(&contact.from_key)
        && !text.trim().is_empty()
        && !store::was_treated(sql, &contact.from_key, since).await?;
    if !is_answerable {
        tracing::info!(interaction.id = %interaction, "A text for a contact was not sent");
        return Ok(None);
    }
    let mailbox = intake.mailboxes.find(&contact.mailbox).or_else(|| intake.mailboxes.first());
    let Some(mailbox) = mailbox else { return Ok(None) };
    let message = MessageId::make(app.ids.as_ref());
    let from = Party { name: mailbox.display_name.clone(), address: mailbox.address.clone() };
    let to = [Party { name: contact.from_name.clone(), address: contact.from_address.clone() }];
    let recipients = Recipients { to: Cow::Borrowed(&to), ..Recipients::default() };
    let outgoing = outbox::store::NewOutgoing {
        id: message,
        outbox: OutboxId::make(app.ids.as_ref()),
        interaction,
        kind: "auto_reply",
        author: None,
        from: &from,
        recipients: json(&recipients),
        subject: &subject(&contact),
        text,
        references: json(&chain(contact.references(), contact.message_id.clone())),
        automatic: true,
        not_before: now,
        schedule: None,
        at: now,
    };
    outbox::store::insert(sql, &outgoing).await?;
    store::note_treated(sql, &contact.from_key, now).await?;
    Ok(Some(Change::Added { interaction, message }))
}

fn subject(contact: &Contact) -> String {
    let is_answer = contact.subject.to_lowercase().starts_with("re:");
    let subject =
        if is_answer { contact.subject.clone() } else { format!("Re: {}", contact.subject) };
    numbered_subject(subject.trim(), contact.number)
}
