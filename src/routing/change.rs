//! Changing the routing document: the whole is checked on a copy of the engine, then rows, inputs
//! and the audit trail become durable in one turn. What is not mentioned in a change is left
//! alone: the engine gets inputs for what differs only, so contacts in progress are not disturbed.

use std::collections::{BTreeMap, BTreeSet};

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, IdMaker, QueueId, UserId};
use rozmova_queue::config::{AgentConfig, QueueConfig};
use rozmova_queue::{Engine, Input, Rejected};
use serde_json::json;

use super::difference::{ItemChange, changes};
use super::document::RoutingDocument;
use super::item::version_of;
use super::now::{Routing, RoutingNow};
use super::reference::Use;
use super::resolve::{Known, Resolved, RoutingProblem, resolve};
use super::store;
use crate::audit;
use crate::dispatch::{Dispatch, SubmitError, Turn};
use crate::live::{Audience, Hub, LiveEvent};
use crate::store::StoreError;

/// Changes written into one row of the audit trail with their fields; of more, the names alone.
const AUDITED_IN_FULL_MAX: usize = 100;

/// Why a change did not take effect; nothing of it did.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The document would be wrong. Correct all of this.
    #[error("the routing document has {} mistakes; the first: {}", .0.len(), first(.0))]
    Wrong(Vec<RoutingProblem>),
    /// What was to be removed is needed. Take it out there first.
    #[error("{kind} {name:?} is in use: {}", shown(uses))]
    InUse {
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
        /// By what.
        uses: Vec<Use>,
    },
    /// Somebody else has changed it since it was read. Look at it again.
    #[error("{kind} {name:?} has been changed by somebody else meanwhile; look at it again")]
    Changed {
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// It is not there any more.
    #[error("there is no such {kind}; it may have been removed")]
    Missing {
        /// What kind of thing.
        kind: &'static str,
    },
    /// The store does not take it. Try again later.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server stops.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

fn first(problems: &[RoutingProblem]) -> String {
    problems
        .first()
        .map(|problem| format!("{}: {}", problem.at, problem.message))
        .unwrap_or_default()
}

fn shown(uses: &[Use]) -> String {
    let names: Vec<String> = uses
        .iter()
        .map(|found| format!("{} {} ({})", found.kind, found.name, found.field))
        .collect();
    names.join(", ")
}

/// Who writes it, for the audit trail.
#[derive(Clone, Debug)]
pub struct Author {
    /// `None`: the command line or the server itself.
    pub user: Option<UserId>,
    /// From where.
    pub peer: String,
}

/// An edited document, and how the trail names what was done.
pub(super) struct Edited {
    pub(super) document: RoutingDocument,
    pub(super) act: &'static str,
    pub(super) subject: (&'static str, String),
}

/// What a change came to, or would come to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The document now, with ids.
    pub document: RoutingDocument,
    /// What differs from before.
    pub changes: Vec<ItemChange>,
}

/// Parts that a change needs.
#[derive(Clone, Copy)]
pub struct Changer<'a> {
    /// The queue.
    pub dispatch: &'a Dispatch,
    /// What is told of the document in memory.
    pub now: &'a RoutingNow,
    /// New ids.
    pub ids: &'a dyn IdMaker,
    /// Whether everything is checked but nothing done.
    pub is_dry_run: bool,
}

impl std::fmt::Debug for Changer<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Changer")
            .field("is_dry_run", &self.is_dry_run)
            .finish_non_exhaustive()
    }
}

/// Makes the document the one that holds. Gives it with ids.
pub async fn apply(
    dispatch: &Dispatch,
    now: &RoutingNow,
    ids: &dyn IdMaker,
    document: &RoutingDocument,
    author: Author,
) -> Result<RoutingDocument, ApplyError> {
    let changer = Changer { dispatch, now, ids, is_dry_run: false };
    Ok(replace(changer, document.clone(), author, None).await?.document)
}

/// Makes the document the one that holds, and says what differs. `seen` is the version that the
/// writer began from; none: whatever holds is overwritten.
pub async fn replace(
    changer: Changer<'_>,
    document: RoutingDocument,
    author: Author,
    seen: Option<String>,
) -> Result<Outcome, ApplyError> {
    let act = "routing.write";
    let subject = ("routing", "all".to_owned());
    change(changer, author, async |_: &mut Turn, stored| {
        if seen.is_some_and(|seen| seen != version_of(&stored)) {
            return Err(ApplyError::Changed { kind: "routing", name: "document".to_owned() });
        }
        Ok(Edited { document, act, subject })
    })
    .await
}

/// Changes the document that holds. `edit` sees it within the turn, so nobody else's change comes
/// in between.
pub(super) async fn change(
    changer: Changer<'_>,
    author: Author,
    edit: impl AsyncFnOnce(&mut Turn, RoutingDocument) -> Result<Edited, ApplyError>,
) -> Result<Outcome, ApplyError> {
    let Changer { dispatch, now, ids, is_dry_run } = changer;
    let mut turn = dispatch.journal().begin().await?;
    let stored = store::load(&mut turn.sql()).await?;
    let known = store::known(&mut turn.sql(), &stored).await?;
    let Edited { document, act, subject } = edit(&mut turn, stored.clone()).await?;
    let resolved = resolve(&document, &known, ids).map_err(ApplyError::Wrong)?;
    let before = resolve(&stored, &known, ids).unwrap_or_default();
    let changes = changes(&stored, &resolved.document);
    let inputs = {
        // While the turn is held no other input comes in between.
        let at = turn.at();
        let (stored, resolved) = (stored.clone(), resolved.clone());
        dispatch.read(move |engine| check(engine, &stored, &before, &resolved, at)).await?
    }
    .map_err(ApplyError::Wrong)?;
    let outcome = Outcome { document: resolved.document, changes };
    // The order of things is no change of any of them, but of the document.
    if is_dry_run || outcome.document == stored {
        return Ok(outcome);
    }
    for input in inputs {
        turn.append(input);
    }
    let at = turn.at();
    store::save(&mut turn.sql(), &outcome.document, at).await?;
    let details = json!({ "changes": audited(&outcome.changes) });
    let entry = audit::Entry { actor: author.user, act, subject, details, peer: author.peer };
    audit::record(&mut turn.sql(), ids, at, entry).await?;
    let verdicts = turn.commit().await?;
    for verdict in verdicts {
        let applied = verdict.wait().await?;
        dispatch.wait_until_shown(applied).await;
    }
    now.set(Routing::new(outcome.document.clone(), at));
    Ok(outcome)
}

/// What a change would come to, tried on an engine that has nothing but the settings.
pub(super) fn rehearse(
    document: &RoutingDocument,
    stored: &RoutingDocument,
    known: &Known,
    ids: &dyn IdMaker,
    at: Timestamp,
) -> Result<Outcome, ApplyError> {
    let resolved = resolve(document, known, ids).map_err(ApplyError::Wrong)?;
    check(&Engine::default(), stored, &Resolved::default(), &resolved, at)
        .map_err(ApplyError::Wrong)?;
    let changes = changes(stored, &resolved.document);
    Ok(Outcome { document: resolved.document, changes })
}

fn audited(changes: &[ItemChange]) -> Vec<serde_json::Value> {
    let whole = changes.iter().take(AUDITED_IN_FULL_MAX).map(|change| json!(change));
    let rest = changes.iter().skip(AUDITED_IN_FULL_MAX);
    let rest = rest.map(|change| {
        json!({ "kind": change.kind, "id": change.id, "name": change.name, "what": change.what })
    });
    whole.chain(rest).collect()
}

/// Lets desks see what they may see now, and know that settings are others.
pub fn tell_desks(hub: &Hub, now: &RoutingNow) {
    let routing = now.get();
    hub.renew_viewers(|user| routing.place_of(user));
    hub.publish(LiveEvent::new("routing.changed", &json!({})), Audience::Everyone);
}

/// Tries everything on a copy. Gives the inputs that change something.
fn check(
    engine: &Engine,
    stored: &RoutingDocument,
    before: &Resolved,
    resolved: &Resolved,
    at: Timestamp,
) -> Result<Vec<Input>, Vec<RoutingProblem>> {
    let mut copy = engine.clone();
    let mut inputs = Vec::new();
    let mut problems = Vec::new();
    let mut attempt = |copy: &mut Engine, place: String, input: Input| {
        match copy.handle(input.clone(), at) {
            Ok(()) => inputs.push(input),
            Err(rejected) => problems.push(problem(place, &rejected)),
        }
        while copy.poll_output().is_some() {}
    };
    let unchanged = Unchanged::between(before, resolved);
    for (place, input) in resolved.puts().into_iter().filter(|(_, put)| !unchanged.has(put)) {
        attempt(&mut copy, place, input);
    }
    for (place, input) in removals(engine, stored, before, resolved) {
        attempt(&mut copy, place, input);
    }
    if problems.is_empty() { Ok(inputs) } else { Err(problems) }
}

/// What the engine has been told already. Queues and agents by id: there may be many thousands.
struct Unchanged {
    /// A queue with overflow rules is put twice, first without: neither is put when the whole is
    /// the same.
    queues: BTreeSet<QueueId>,
    agents: BTreeSet<AgentId>,
    others: Vec<Input>,
}

impl Unchanged {
    fn between(before: &Resolved, after: &Resolved) -> Self {
        let queues: BTreeMap<QueueId, &QueueConfig> =
            before.queues.iter().map(|queue| (queue.id, queue)).collect();
        let agents: BTreeMap<AgentId, &AgentConfig> =
            before.agents.iter().map(|agent| (agent.id, agent)).collect();
        let same_queue = |queue: &&QueueConfig| queues.get(&queue.id) == Some(queue);
        let same_agent = |agent: &&AgentConfig| agents.get(&agent.id) == Some(agent);
        let is_other = |input: &Input| !matches!(input, Input::PutQueue(_) | Input::PutAgent(_));
        let puts = before.puts().into_iter().map(|(_, input)| input);
        Self {
            queues: after.queues.iter().filter(same_queue).map(|queue| queue.id).collect(),
            agents: after.agents.iter().filter(same_agent).map(|agent| agent.id).collect(),
            others: puts.filter(is_other).collect(),
        }
    }

    fn has(&self, input: &Input) -> bool {
        if let Input::PutQueue(queue) = input {
            self.queues.contains(&queue.id)
        } else if let Input::PutAgent(agent) = input {
            self.agents.contains(&agent.id)
        } else {
            self.others.contains(input)
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other refusals name no field")]
fn problem(at: String, rejected: &Rejected) -> RoutingProblem {
    let field = match rejected {
        Rejected::InvalidSetting { field, .. } => Some((*field).to_owned()),
        Rejected::OverflowCircle(_) => Some("overflow".to_owned()),
        Rejected::Hours(_) => Some("weekly".to_owned()),
        _ => None,
    };
    RoutingProblem { at, field, message: rejected.to_string() }
}

/// What the engine has and the document has not, those who refer before what they refer to.
fn removals(
    engine: &Engine,
    stored: &RoutingDocument,
    before: &Resolved,
    resolved: &Resolved,
) -> Vec<(String, Input)> {
    let mut inputs = Vec::new();
    let agents: BTreeSet<_> = resolved.agents.iter().map(|agent| agent.id).collect();
    for agent in engine.agents().map(|view| view.agent).filter(|id| !agents.contains(id)) {
        let item = stored.agents.iter().find(|item| item.id == Some(agent));
        let name = item.map_or_else(|| agent.to_string(), |item| format!("{:?}", item.login));
        inputs.push((format!("agent {name}"), Input::RemoveAgent { agent }));
    }
    let queues: BTreeSet<_> = resolved.queues.iter().map(|queue| queue.id).collect();
    for queue in engine.queues().map(|view| view.queue).filter(|id| !queues.contains(id)) {
        let item = stored.queues.iter().find(|item| item.id == Some(queue));
        let name = item.map_or_else(|| queue.to_string(), |item| format!("{:?}", item.name));
        inputs.push((format!("queue {name}"), Input::RemoveQueue { queue }));
    }
    let reasons: BTreeSet<_> = resolved.pause_reasons.iter().map(|reason| reason.id).collect();
    for item in before.pause_reasons.iter().filter(|item| !reasons.contains(&item.id)) {
        let at = format!("pause_reason {:?}", item.name);
        inputs.push((at, Input::RemovePauseReason { reason: item.id }));
    }
    let calendars: BTreeSet<_> = resolved.hours.iter().map(|hours| hours.id).collect();
    for item in before.hours.iter().filter(|item| !calendars.contains(&item.id)) {
        inputs.push((format!("hours {:?}", item.name), Input::RemoveHours { hours: item.id }));
    }
    inputs
}
