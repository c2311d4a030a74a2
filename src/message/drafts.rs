//! A half-written answer.

use rozmova_base::id::AttachmentId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::Party;

/// What the composer holds. It may be incomplete in every way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct Draft {
    /// To whom.
    pub to: Vec<Party>,
    /// And to whom else.
    pub cc: Vec<Party>,
    /// One line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// Uploads.
    pub attachments: Vec<AttachmentId>,
    /// What it is going to be: `reply`, `reply_all`, `forward`; empty: not said.
    pub mode: String,
    /// From which of the bank's addresses; empty: that of the queue.
    pub from: String,
}

impl Draft {
    /// As it is stored. JSON escapes what PostgreSQL does not take.
    pub(super) fn to_json(&self) -> String {
        crate::intake::store::json(self)
    }

    /// What was stored; what cannot be read is an empty draft.
    pub(super) fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}
