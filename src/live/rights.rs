//! Tells open live connections that what a person may do has changed, so that nobody goes on
//! listening after having been signed out.

use rozmova_base::id::UserId;
use tokio::sync::broadcast;

/// Changes that a connection may be behind; one that is further behind looks anyway.
const BEHIND_MAX: usize = 64;

/// Spreads the word. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RightsChanges(broadcast::Sender<UserId>);

impl Default for RightsChanges {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND_MAX))
    }
}

impl RightsChanges {
    /// A session or token of this person has ended, or the person's role is another. To be called
    /// after the commit.
    pub fn tell(&self, user: UserId) {
        // Nobody listens when no desk is open.
        let _ = self.0.send(user);
    }

    pub(super) fn listen(&self) -> broadcast::Receiver<UserId> {
        self.0.subscribe()
    }
}

/// Waits until something has changed that may concern this person.
pub(super) async fn concern(changes: &mut broadcast::Receiver<UserId>, user: UserId) {
    while changes.recv().await.is_ok_and(|changed| changed != user) {}
}
