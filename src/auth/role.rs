//! Who may do what, as one table.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a person is to the contact centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers contacts.
    Agent,
    /// Watches over queues and agents, and may answer too.
    Supervisor,
    /// Reads figures and records.
    Analyst,
    /// Looks after the server, its people and its rules.
    Administrator,
}

/// One thing that may be done. The API names the missing one when it answers 403.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Take offers, answer contacts, set one's own presence.
    Work,
    /// See all queues and agents, move contacts, set priorities and presence of others.
    Supervise,
    /// Read client records and the contacts with them.
    ViewClients,
    /// Change client records.
    EditClients,
    /// Read what is masked for others: tax numbers, account numbers.
    ViewSensitive,
    /// Change queues, skills, opening hours.
    ManageRouting,
    /// Change people, roles and tokens.
    ManageUsers,
    /// Read the audit trail.
    ViewAudit,
    /// Read reports.
    ViewReports,
    /// See how channels and store fare.
    ViewHealth,
    /// Hand mails in over the API.
    BringMail,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Supervisor, Self::Analyst, Self::Administrator];

    /// What this role may do.
    pub const fn rights(self) -> &'static [Right] {
        match self {
            Self::Agent => &[Right::Work, Right::ViewClients, Right::EditClients],
            Self::Supervisor => &[
                Right::Work,
                Right::Supervise,
                Right::ViewClients,
                Right::EditClients,
                Right::ViewSensitive,
                Right::ViewReports,
                Right::ViewHealth,
            ],
            Self::Analyst => &[Right::ViewClients, Right::ViewReports],
            Self::Administrator => &[
                Right::Supervise,
                Right::ViewClients,
                Right::EditClients,
                Right::ViewSensitive,
                Right::ManageRouting,
                Right::ManageUsers,
                Right::ViewAudit,
                Right::ViewReports,
                Right::ViewHealth,
                Right::BringMail,
            ],
        }
    }

    /// Whether this role may do it.
    pub fn may(self, right: Right) -> bool {
        self.rights().contains(&right)
    }

    /// As it stands in rows and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Analyst => "analyst",
            Self::Administrator => "administrator",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The text is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no role; write agent, supervisor, analyst or administrator")]
pub struct UnknownRole(pub String);

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

impl Right {
    /// As it stands in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Supervise => "supervise",
            Self::ViewClients => "view_clients",
            Self::EditClients => "edit_clients",
            Self::ViewSensitive => "view_sensitive",
            Self::ManageRouting => "manage_routing",
            Self::ManageUsers => "manage_users",
            Self::ViewAudit => "view_audit",
            Self::ViewReports => "view_reports",
            Self::ViewHealth => "view_health",
            Self::BringMail => "bring_mail",
        }
    }
}

impl std::fmt::Display for Right {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_rows_and_in_the_api() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).expect("serialises"), role.as_str());
            for right in role.rights() {
                assert_eq!(serde_json::to_value(right).expect("serialises"), right.as_str());
            }
        }
        assert!("root".parse::<Role>().is_err());
    }

    #[test]
    fn only_administrators_manage_people_and_rules() {
        for role in [Role::Agent, Role::Supervisor, Role::Analyst] {
            for right in [Right::ManageUsers, Right::ManageRouting, Right::ViewAudit] {
                assert!(!role.may(right), "{role} may {right}");
            }
        }
    }
}
