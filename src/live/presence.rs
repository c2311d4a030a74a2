//! Which agents have a desk open: the last connection of an agent that goes, and the first that
//! comes back, are told to the queue.
//!
//! One task compares what is with what the engine believes, person by person, so that a connection
//! that comes and goes quickly can never leave the wrong belief behind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rozmova_base::id::UserId;
use rozmova_queue::Input;
use rozmova_queue::view::AgentState;
use tokio::sync::mpsc;

use crate::dispatch::{Dispatch, SubmitError};

/// Counts desks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Presence(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    connections: Mutex<BTreeMap<UserId, usize>>,
    changed: mpsc::UnboundedSender<UserId>,
}

/// One open desk; closed when dropped.
#[derive(Debug)]
pub struct Connected {
    user: UserId,
    presence: Presence,
}

impl Presence {
    /// Starts the comparing task, which ends when the queue has stopped or all handles are gone.
    /// Agents who were connected when the server went down are looked at at once: until they are
    /// back their grace time runs.
    pub fn start(dispatch: Dispatch) -> Self {
        let (changed, receiver) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { connections: Mutex::default(), changed });
        tokio::spawn(run(Arc::downgrade(&shared), receiver, dispatch));
        Self(shared)
    }

    /// A desk opens.
    pub fn connect(&self, user: UserId) -> Connected {
        *self.lock().entry(user).or_default() += 1;
        self.tell(user);
        Connected { user, presence: self.clone() }
    }

    fn tell(&self, user: UserId) {
        let _ = self.0.changed.send(user);
    }

    /// No code that holds the lock can panic, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<UserId, usize>> {
        self.0.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut connections = self.presence.lock();
        if let Some(count) = connections.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                connections.remove(&self.user);
            }
        }
        drop(connections);
        self.presence.tell(self.user);
    }
}

async fn run(
    shared: std::sync::Weak<Shared>,
    mut changed: mpsc::UnboundedReceiver<UserId>,
    dispatch: Dispatch,
) {
    let believed = dispatch.read(|engine| {
        engine.agents().filter(|agent| agent.connected).map(|agent| agent.agent).collect::<Vec<_>>()
    });
    for user in believed.await.unwrap_or_default() {
        let Some(shared) = shared.upgrade() else { return };
        compare(&Presence(shared), &dispatch, user).await;
    }
    while let Some(user) = changed.recv().await {
        let Some(shared) = shared.upgrade() else { return };
        compare(&Presence(shared), &dispatch, user).await;
    }
}

async fn compare(presence: &Presence, dispatch: &Dispatch, user: UserId) {
    let believed = dispatch
        .read(move |engine| {
            let agent = engine.agent(user)?;
            (agent.state != AgentState::Offline).then_some(agent.connected)
        })
        .await;
    // Nobody who serves queues, or not signed in for work: nothing to tell.
    let Ok(Some(believed)) = believed else { return };
    let is_connected = presence.lock().contains_key(&user);
    if believed == is_connected {
        return;
    }
    let input = if is_connected {
        Input::ConnectionRestored { agent: user }
    } else {
        Input::ConnectionLost { agent: user }
    };
    match dispatch.submit(input).await {
        Ok(()) | Err(SubmitError::Rejected(_) | SubmitError::Stopped) => {}
        Err(SubmitError::Store(error)) => {
            // Told again when the next desk of this person comes or goes.
            tracing::warn!(%error, "The queue was not told of a desk that came or went");
        }
    }
}
