//! Which client an incoming address belongs to: one, several or nobody. Pure; [`store`] asks the
//! database for all addresses of a batch at once.
//!
//! 1. Only an address identifies. A name shown in a message is never looked at.
//! 2. What an agent once chose for the address wins.
//! 3. A prospect gives way to clients: its record came into being from an address, a client's from
//!    a contract.
//! 4. If more than one is left, nobody is taken; an agent chooses from the ranked list.
//! 5. A number that a message names ([`clue`]) proposes a client and never takes one: people name
//!    others' accounts too.

pub mod clue;
pub mod store;

use std::cmp::Reverse;

use rozmova_base::id::ClientId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Kind, Status};

/// Most candidates handed on for one address: more cannot be chosen from at a glance.
pub const MAX_CANDIDATES: usize = 20;

/// A client who has the address among the contact points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub client: ClientId,
    /// As shown.
    pub name: String,
    /// What sort of party.
    pub kind: Kind,
    /// How it stands to the bank.
    pub status: Status,
    /// Served before others.
    pub vip: bool,
    /// The number, for people.
    pub number: i64,
    /// The address is the preferred one of its medium.
    pub preferred: bool,
    /// Somebody made sure that the address is this client's.
    pub verified: bool,
}

/// What is known about one address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Clients who have it.
    pub candidates: Vec<Candidate>,
    /// Whom an agent once chose, if the record still exists; not necessarily one of the candidates.
    pub chosen: Option<Candidate>,
}

/// Why a client stands where it stands. Shown to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// An agent chose this client for this address.
    Chosen,
    /// The address is verified.
    Verified,
    /// The address is the client's preferred one.
    Preferred,
    /// The address is on the record.
    OnRecord,
    /// The tax number is the client's.
    TaxNumber,
    /// The account is the client's.
    Account,
    /// The contract is the client's.
    Contract,
    /// A card of the client ends so.
    Card,
}

impl Why {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::Verified => "verified",
            Self::Preferred => "preferred",
            Self::OnRecord => "on_record",
            Self::TaxNumber => "tax_number",
            Self::Account => "account",
            Self::Contract => "contract",
            Self::Card => "card",
        }
    }
}

/// Whom an address means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identified {
    /// This client.
    One {
        /// Who.
        client: Candidate,
        /// Why.
        why: Why,
    },
    /// One of these, best first; an agent chooses.
    Several {
        /// At most [`MAX_CANDIDATES`].
        ranked: Vec<(Candidate, Why)>,
        /// How many there are.
        count: usize,
    },
    /// Nobody has the address.
    None,
}

/// Decides whom an address means.
pub fn identify(known: Known) -> Identified {
    if let Some(client) = known.chosen {
        return Identified::One { client, why: Why::Chosen };
    }
    let mut candidates = known.candidates;
    candidates.sort_by_key(|candidate| (candidate.client, rank(candidate)));
    candidates.dedup_by_key(|candidate| candidate.client);
    candidates.sort_by_key(rank);
    let is_known = |candidate: &Candidate| candidate.status != Status::Prospect;
    if candidates.iter().any(is_known) {
        candidates.retain(is_known);
    }
    let count = candidates.len();
    let mut ranked: Vec<(Candidate, Why)> = candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .map(|candidate| {
            let why = why(&candidate);
            (candidate, why)
        })
        .collect();
    match ranked.pop() {
        None => Identified::None,
        Some((client, why)) if ranked.is_empty() => Identified::One { client, why },
        Some(last) => {
            ranked.push(last);
            Identified::Several { ranked, count }
        }
    }
}

/// Best first: clients, then verified, then preferred addresses, then the older record.
fn rank(candidate: &Candidate) -> (Reverse<Status>, bool, bool, i64) {
    (Reverse(candidate.status), !candidate.verified, !candidate.preferred, candidate.number)
}

const fn why(candidate: &Candidate) -> Why {
    if candidate.verified {
        Why::Verified
    } else if candidate.preferred {
        Why::Preferred
    } else {
        Why::OnRecord
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: u128, status: Status) -> Candidate {
        Candidate {
            client: ClientId::from_u128(id),
            name: format!("client {id}"),
            kind: Kind::Person,
            status,
            vip: false,
            number: id as i64,
            preferred: false,
            verified: false,
        }
    }

    fn known(candidates: Vec<Candidate>) -> Known {
        Known { candidates, chosen: None }
    }

    /// `One 1 on_record`, `Several 2 verified, 1 on_record`, `None`.
    fn shown(identified: Identified) -> String {
        match identified {
            Identified::One { client, why } => format!("One {} {}", client.number, why.as_str()),
            Identified::Several { ranked, count } => {
                let list: Vec<String> = ranked
                    .iter()
                    .map(|(client, why)| format!("{} {}", client.number, why.as_str()))
                    .collect();
                format!("Several of {count}: {}", list.join(", "))
            }
            Identified::None => "None".to_owned(),
        }
    }

    #[test]
    fn nobody_one_and_several() {
        assert_eq!(shown(identify(known(vec![]))), "None");
        let one = vec![candidate(1, Status::Client)];
        assert_eq!(shown(identify(known(one))), "One 1 on_record");
        let mut verified = candidate(2, Status::Client);
        verified.verified = true;
        let two = vec![candidate(1, Status::Client), verified];
        assert_eq!(shown(identify(known(two))), "Several of 2: 2 verified, 1 on_record");
    }

    #[test]
    fn what_an_agent_chose_wins_over_everything() {
        let mut verified = candidate(2, Status::Client);
        verified.verified = true;
        let known = Known {
            candidates: vec![candidate(1, Status::Client), verified],
            chosen: Some(candidate(3, Status::Prospect)),
        };
        assert_eq!(shown(identify(known)), "One 3 chosen");
    }

    #[test]
    fn a_prospect_gives_way_to_a_client_but_not_to_another_prospect() {
        let one = vec![candidate(1, Status::Prospect), candidate(2, Status::Client)];
        assert_eq!(shown(identify(known(one))), "One 2 on_record");
        let two = vec![candidate(2, Status::Prospect), candidate(1, Status::Prospect)];
        assert_eq!(shown(identify(known(two))), "Several of 2: 1 on_record, 2 on_record");
    }

    #[test]
    fn a_client_who_has_the_address_twice_is_one_client() {
        let twice = vec![candidate(1, Status::Client), candidate(1, Status::Client)];
        assert_eq!(shown(identify(known(twice))), "One 1 on_record");
        let mut preferred = candidate(1, Status::Client);
        preferred.preferred = true;
        preferred.number = 9;
        let mut verified = candidate(2, Status::Client);
        verified.verified = true;
        let twice = vec![candidate(1, Status::Client), verified, preferred];
        assert_eq!(shown(identify(known(twice))), "Several of 2: 2 verified, 9 preferred");
    }

    #[test]
    fn a_shared_address_gives_a_list_that_can_be_chosen_from() {
        let many = (0..1_000).map(|id| candidate(id, Status::Client)).collect();
        let Identified::Several { ranked, count } = identify(known(many)) else {
            panic!("a thousand clients share the address");
        };
        assert_eq!((ranked.len(), count), (MAX_CANDIDATES, 1_000));
    }
}
