//! Putting and removing one thing of the routing document.

use std::collections::BTreeSet;

use rozmova_base::id::{AgentId, PauseReasonId};
use rozmova_queue::view::AgentState;
use uuid::Uuid;

use super::change::{ApplyError, Author, Changer, Edited, Outcome, change};
use super::document::RoutingDocument;
use super::item::{Item, Kind};
use super::reference::{Use, uses};
use super::store;
use crate::dispatch::{Dispatch, Turn};
use crate::store::StoreError;

/// Which thing, and in which state the writer saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Its id; none: it is new, or the centre.
    pub(super) id: Option<Uuid>,
    /// Its version; none: whatever it is now is overwritten.
    pub(super) version: Option<String>,
}

/// Adds a thing, or changes the one with the id.
pub(super) async fn put(
    changer: Changer<'_>,
    author: Author,
    item: Item,
    seen: Seen,
) -> Result<(Outcome, Option<Item>), ApplyError> {
    let kind = item.kind();
    let is_new = seen.id.is_none() && kind != Kind::Centre;
    // The id of a person is that of his account; others' are made here, to find the thing again.
    let new_id = (is_new && kind != Kind::Agents).then(|| changer.ids.next_uuid());
    let item = match seen.id.or(new_id) {
        Some(id) => item.with_id(id),
        None => item,
    };
    let (id, name) = (item.id(), item.name().to_owned());
    let outcome = change(changer, author, async |_: &mut Turn, mut document| {
        if !is_new {
            let stored = document.item(kind, seen.id);
            unchanged(kind, stored.as_ref(), &seen)?;
        }
        document.put(item);
        let act = act(kind, is_new);
        let named = id.map_or_else(|| name.clone(), |id| id.to_string());
        Ok(Edited { document, act, subject: (kind.as_str(), named) })
    })
    .await?;
    let items = outcome.document.items(kind).into_iter();
    let written =
        items.rev().find(|item| if id.is_some() { item.id() == id } else { item.name() == name });
    Ok((outcome, written))
}

/// Takes a thing out, unless something needs it.
pub(super) async fn remove(
    changer: Changer<'_>,
    author: Author,
    kind: Kind,
    seen: Seen,
    mailboxes: &[(String, String)],
) -> Result<Outcome, ApplyError> {
    let Some(id) = seen.id else { return Err(ApplyError::Missing { kind: kind.as_str() }) };
    change(changer, author, async |turn: &mut Turn, mut document| {
        let stored = document.item(kind, Some(id));
        let item = unchanged(kind, stored.as_ref(), &seen)?;
        let mut found = uses(&document, kind, item.name());
        found.extend(outside(turn, kind, id, item.name(), mailboxes).await?);
        if kind == Kind::PauseReasons {
            found.extend(paused(changer.dispatch, &document, id).await?);
        }
        if !found.is_empty() {
            let (kind, name) = (kind.as_str(), item.name().to_owned());
            return Err(ApplyError::InUse { kind, name, uses: found });
        }
        document.take_out(kind, id);
        Ok(Edited { document, act: removal(kind), subject: (kind.as_str(), id.to_string()) })
    })
    .await
}

fn unchanged<'a>(
    kind: Kind,
    stored: Option<&'a Item>,
    seen: &Seen,
) -> Result<&'a Item, ApplyError> {
    let Some(stored) = stored else { return Err(ApplyError::Missing { kind: kind.as_str() }) };
    if seen.version.as_ref().is_some_and(|version| *version != stored.version()) {
        return Err(ApplyError::Changed { kind: kind.as_str(), name: stored.name().to_owned() });
    }
    Ok(stored)
}

/// What outside of the document needs a thing.
async fn outside(
    turn: &mut Turn,
    kind: Kind,
    id: Uuid,
    name: &str,
    mailboxes: &[(String, String)],
) -> Result<Vec<Use>, StoreError> {
    let (contacts, field) = match kind {
        Kind::Queues => (store::open_in_queue(&mut turn.sql(), id).await?, "queue"),
        Kind::Agents => (store::open_of_agent(&mut turn.sql(), id).await?, "agent"),
        Kind::Skills | Kind::Hours | Kind::PauseReasons | Kind::Dispositions | Kind::Centre => {
            (Vec::new(), "")
        }
    };
    let contacts = contacts.into_iter().map(|(id, number)| Use {
        kind: "interaction",
        id: Some(id),
        name: format!("#{number}"),
        field,
    });
    let named = mailboxes.iter().filter(|(_, queue)| kind == Kind::Queues && queue == name);
    let mailboxes = named.map(|(address, _)| Use {
        kind: "mailbox",
        id: None,
        name: address.clone(),
        field: "queue",
    });
    Ok(contacts.chain(mailboxes).collect())
}

/// Agents who pause for this reason now.
async fn paused(
    dispatch: &Dispatch,
    document: &RoutingDocument,
    id: Uuid,
) -> Result<Vec<Use>, ApplyError> {
    let reason = Some(PauseReasonId(id));
    let paused: BTreeSet<AgentId> = dispatch
        .read(move |engine| {
            let agents = engine.agents();
            let paused = agents.filter(|agent| agent.state == AgentState::Paused { reason });
            paused.map(|agent| agent.agent).collect()
        })
        .await?;
    let agents = document.agents.iter();
    let agents = agents.filter(|agent| agent.id.is_some_and(|id| paused.contains(&id)));
    let uses = agents.map(|agent| Use {
        kind: "agent",
        id: agent.id.map(|id| id.0),
        name: agent.login.clone(),
        field: "state",
    });
    Ok(uses.collect())
}

const fn act(kind: Kind, is_new: bool) -> &'static str {
    match (kind, is_new) {
        (Kind::Skills, true) => "skill.add",
        (Kind::Skills, false) => "skill.change",
        (Kind::Hours, true) => "hours.add",
        (Kind::Hours, false) => "hours.change",
        (Kind::PauseReasons, true) => "pause_reason.add",
        (Kind::PauseReasons, false) => "pause_reason.change",
        (Kind::Dispositions, true) => "disposition.add",
        (Kind::Dispositions, false) => "disposition.change",
        (Kind::Queues, true) => "queue.add",
        (Kind::Queues, false) => "queue.change",
        (Kind::Agents, true) => "agent.add",
        (Kind::Agents, false) => "agent.change",
        (Kind::Centre, _) => "centre.change",
    }
}

const fn removal(kind: Kind) -> &'static str {
    match kind {
        Kind::Skills => "skill.remove",
        Kind::Hours => "hours.remove",
        Kind::PauseReasons => "pause_reason.remove",
        Kind::Dispositions => "disposition.remove",
        Kind::Queues => "queue.remove",
        Kind::Agents => "agent.remove",
        Kind::Centre => "centre.remove",
    }
}
