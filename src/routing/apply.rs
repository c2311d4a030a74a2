//! Writing the routing document: checked on a copy of the engine, then rows and inputs in one turn.

use std::collections::BTreeSet;

use rozmova_base::Timestamp;
use rozmova_base::id::{IdMaker, UserId};
use rozmova_queue::{Engine, Input};
use serde_json::json;

use super::document::RoutingDocument;
use super::now::{Routing, RoutingNow};
use super::resolve::{Resolved, RoutingProblem, resolve};
use super::store;
use crate::audit;
use crate::dispatch::{Dispatch, SubmitError};
use crate::store::StoreError;

/// Why a document did not take effect; nothing of it did.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It is wrong. Correct all of this.
    #[error("the routing document has {} mistakes; the first: {}", .0.len(), first(.0))]
    Wrong(Vec<RoutingProblem>),
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

/// Who writes it, for the audit trail.
#[derive(Clone, Debug)]
pub struct Author {
    /// `None`: the command line or the server itself.
    pub user: Option<UserId>,
    /// From where.
    pub peer: String,
}

/// Makes the document the one that holds. Gives it with ids.
pub async fn apply(
    dispatch: &Dispatch,
    now: &RoutingNow,
    ids: &dyn IdMaker,
    document: &RoutingDocument,
    author: Author,
) -> Result<RoutingDocument, ApplyError> {
    let mut turn = dispatch.journal().begin().await?;
    let stored = store::load(&mut turn.sql()).await?;
    let known = store::known(&mut turn.sql(), &stored).await?;
    let resolved = resolve(document, &known, ids).map_err(ApplyError::Wrong)?;
    let inputs = {
        // While the turn is held no other input comes in between.
        let at = turn.at();
        let resolved = resolved.clone();
        dispatch.read(move |engine| check(engine, &stored, &resolved, at)).await?
    }
    .map_err(ApplyError::Wrong)?;
    let changes = inputs.len();
    for input in inputs {
        turn.append(input);
    }
    let at = turn.at();
    store::save(&mut turn.sql(), &resolved.document, at).await?;
    let entry = audit::Entry {
        actor: author.user,
        act: "routing.write",
        subject: ("routing", "all".to_owned()),
        details: json!({
            "changes": changes,
            "queues": resolved.document.queues.len(),
            "agents": resolved.document.agents.len(),
        }),
        peer: author.peer,
    };
    audit::record(&mut turn.sql(), ids, at, entry).await?;
    let verdicts = turn.commit().await?;
    for verdict in verdicts {
        let applied = verdict.wait().await?;
        dispatch.wait_until_shown(applied).await;
    }
    now.set(Routing::new(resolved.document.clone()));
    Ok(resolved.document)
}

/// Tries everything on a copy. Gives the inputs that change something.
fn check(
    engine: &Engine,
    stored: &RoutingDocument,
    resolved: &Resolved,
    at: Timestamp,
) -> Result<Vec<Input>, Vec<RoutingProblem>> {
    let mut copy = engine.clone();
    let mut inputs = Vec::new();
    let mut problems = Vec::new();
    let mut attempt = |copy: &mut Engine, place: String, input: Input| {
        match copy.handle(input.clone(), at) {
            Ok(()) => inputs.push(input),
            Err(rejected) => {
                problems.push(RoutingProblem { at: place, message: rejected.to_string() });
            }
        }
        while copy.poll_output().is_some() {}
    };
    for (place, input) in resolved.puts() {
        attempt(&mut copy, place, input);
    }
    for (place, input) in removals(engine, stored, resolved) {
        attempt(&mut copy, place, input);
    }
    if problems.is_empty() { Ok(inputs) } else { Err(problems) }
}

/// What the engine has and the document has not, those who refer before what they refer to.
fn removals(
    engine: &Engine,
    stored: &RoutingDocument,
    resolved: &Resolved,
) -> Vec<(String, Input)> {
    let mut inputs = Vec::new();
    let agents: BTreeSet<_> = resolved.agents.iter().map(|agent| agent.id).collect();
    for agent in engine.agents().map(|view| view.agent).filter(|id| !agents.contains(id)) {
        inputs.push((format!("agent {agent}"), Input::RemoveAgent { agent }));
    }
    let queues: BTreeSet<_> = resolved.queues.iter().map(|queue| queue.id).collect();
    for queue in engine.queues().map(|view| view.queue).filter(|id| !queues.contains(id)) {
        inputs.push((format!("queue {queue}"), Input::RemoveQueue { queue }));
    }
    let reasons: BTreeSet<_> = resolved.pause_reasons.iter().map(|reason| reason.id).collect();
    for item in &stored.pause_reasons {
        if let Some(reason) = item.id.filter(|id| !reasons.contains(id)) {
            let at = format!("pause_reason {:?}", item.name);
            inputs.push((at, Input::RemovePauseReason { reason }));
        }
    }
    let calendars: BTreeSet<_> = resolved.hours.iter().map(|hours| hours.id).collect();
    for item in &stored.hours {
        if let Some(hours) = item.id.filter(|id| !calendars.contains(id)) {
            inputs.push((format!("hours {:?}", item.name), Input::RemoveHours { hours }));
        }
    }
    inputs
}
