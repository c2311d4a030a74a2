use rozmova_base::Timestamp;
use rozmova_base::id::{ApiTokenId, SessionId, UserId};

use super::role::{Right, Role};

/// Languages of the desk.
pub const LANGUAGES: [&str; 2] = ["uk", "en"];

/// A person who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who; also the agent's id.
    pub id: UserId,
    /// What is typed at sign-in: lower case, unique.
    pub login: String,
    /// As shown to others.
    pub name: String,
    /// What the person is to the contact centre.
    pub role: Role,
    /// One of [`LANGUAGES`].
    pub language: String,
    /// What the desk keeps for this person: theme, shortcuts.
    pub preferences: serde_json::Value,
    /// Since when.
    pub created_at: Timestamp,
    /// Since when the person may no longer sign in.
    pub disabled_at: Option<Timestamp>,
}

/// By what a request proved who makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A browser's cookie.
    Session(SessionId),
    /// A program's token.
    Token(ApiTokenId),
}

/// Who makes a request: the extractor that every handler but the sign-in takes.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The person.
    pub user: User,
    /// By what it was proved.
    pub credential: Credential,
    /// Address of the peer, for the audit trail.
    pub peer: String,
}

impl SignedIn {
    /// Whose request it is.
    pub const fn id(&self) -> UserId {
        self.user.id
    }

    /// Whether the person may do it.
    pub fn may(&self, right: Right) -> bool {
        self.user.role.may(right)
    }

    /// Refuses with 403 unless the person may do it.
    pub fn require(&self, right: Right) -> Result<(), Forbidden> {
        if self.may(right) { Ok(()) } else { Err(Forbidden { right, role: self.user.role }) }
    }

    /// Refuses with 403 unless the person may do one of them; names the first.
    pub fn require_any(&self, rights: &[Right]) -> Result<(), Forbidden> {
        match rights.first() {
            Some(first) if !rights.iter().any(|right| self.may(*right)) => self.require(*first),
            Some(_) | None => Ok(()),
        }
    }
}

/// The person lacks a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this needs the right \"{right}\", which the role \"{role}\" does not have")]
pub struct Forbidden {
    /// The missing right.
    pub right: Right,
    /// The role that lacks it.
    pub role: Role,
}
