//! What open screens should know: told by whoever writes, published by [`super::live`].

use rozmova_base::id::{InteractionId, MessageId, UserId};
use tokio::sync::mpsc;

/// Something on an open screen is no longer true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message was added.
    Added {
        /// Where.
        interaction: InteractionId,
        /// Which.
        message: MessageId,
    },
    /// What became of a message of ours.
    Delivery {
        /// Where.
        interaction: InteractionId,
        /// Which.
        message: MessageId,
    },
    /// A closer look has found out more about a message.
    Examined {
        /// Where.
        interaction: InteractionId,
        /// Which.
        message: MessageId,
    },
    /// It is known with whom a contact is.
    Identified {
        /// Which.
        interaction: InteractionId,
    },
    /// Somebody has begun a draft, or the last of it is gone.
    Draft {
        /// Where.
        interaction: InteractionId,
        /// Whose; none: it is gone.
        author: Option<UserId>,
    },
    /// Messages were moved from it or to it.
    Moved {
        /// From where, or where to.
        interaction: InteractionId,
    },
    /// Who looks.
    Viewers {
        /// At what.
        interaction: InteractionId,
    },
}

/// Takes changes; nobody waits for them to be published. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Changes(mpsc::UnboundedSender<Change>);

/// The other end.
pub type ChangesReceiver = mpsc::UnboundedReceiver<Change>;

impl Changes {
    /// Both ends.
    pub fn new() -> (Self, ChangesReceiver) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Tells one. After the publisher has stopped there are no screens left to tell.
    pub fn tell(&self, change: Change) {
        let _ = self.0.send(change);
    }
}
