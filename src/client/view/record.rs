//! A client's record, and the line of it that lists show. Numbers are masked here and nowhere else.

use rozmova_base::Timestamp;
use rozmova_base::id::{ClientId, ContactPointId, UserId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::date;
use crate::client::identifier::mask;
use crate::client::model::{ContactMedium, ContactPoint, Holding, HoldingKind, Kind, Status};
use crate::client::search::store::Line;
use crate::client::store::Record;
use crate::outbox::delivery::SOFT_FAILURES_MAX;
use crate::outbox::delivery::store::AddressFailure;

/// A line of a list of clients
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClientLine {
    /// Who.
    pub id: ClientId,
    /// The number, for people.
    pub number: i64,
    /// What sort of party.
    pub kind: Kind,
    /// How it stands to the bank.
    pub status: Status,
    /// As shown.
    pub name: String,
    /// Served before others.
    pub vip: bool,
    /// The first telephone number to use.
    pub phone: Option<String>,
    /// The first mail address to use.
    pub email: Option<String>,
    /// The bank's class of client; empty: none.
    pub segment: String,
}

impl From<Line> for ClientLine {
    fn from(line: Line) -> Self {
        Self {
            id: line.id,
            number: line.number,
            kind: line.kind,
            status: line.status,
            name: line.name,
            vip: line.vip,
            phone: line.phone,
            email: line.email,
            segment: line.segment,
        }
    }
}

/// A client's record
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClientView {
    /// Who.
    pub id: ClientId,
    /// The number, for people.
    pub number: i64,
    /// What sort of party.
    pub kind: Kind,
    /// How it stands to the bank.
    pub status: Status,
    /// As shown.
    pub name: String,
    /// Empty for organisations.
    pub given_name: String,
    /// Empty for organisations.
    pub family_name: String,
    /// Empty for organisations.
    pub patronymic: String,
    /// `1990-12-31`.
    #[schema(format = Date)]
    pub birth_date: Option<String>,
    /// Number in another register than the tax register.
    pub registration_number: Option<String>,
    /// EDRPOU or RNOKPP; only the last four digits unless the right `view_sensitive` is there.
    pub tax_number: Option<String>,
    /// `uk` or `en`: the language to write in.
    pub language: String,
    /// Served before others.
    pub vip: bool,
    /// The bank's class of client; empty: none.
    pub segment: String,
    /// Who looks after it.
    pub manager: Option<ManagerView>,
    /// The human being behind a sole trader.
    pub human_id: Option<ClientId>,
    /// Free text.
    pub note: String,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it was last changed; a change must name it, so that nobody overwrites another's.
    pub changed_at: Timestamp,
    /// How the client can be reached.
    pub contact_points: Vec<ContactPointView>,
    /// What the client holds, open ones first.
    pub accounts: Vec<AccountView>,
}

/// Who looks after a client
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ManagerView {
    /// The person.
    pub id: UserId,
    /// As shown.
    pub name: String,
}

/// An address, number or place
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContactPointView {
    /// Which.
    pub id: ContactPointId,
    /// By what means.
    pub medium: ContactMedium,
    /// As shown.
    pub value: String,
    /// What people call it.
    pub label: String,
    /// The one to use first in its medium.
    pub preferred: bool,
    /// When somebody made sure that it is this client's.
    pub verified_at: Option<Timestamp>,
    /// What came back from it; absent: nothing did.
    pub trouble: Option<TroubleView>,
}

/// How an address has taken our mail
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TroubleView {
    /// Writing to it is useless until somebody has looked.
    pub is_failing: bool,
    /// Messages given up because of the address.
    pub hard: i64,
    /// Messages given up for another reason since one was delivered.
    pub soft: i64,
    /// Messages that its owner called spam.
    pub complaints: i64,
    /// When the last of these was reported.
    pub last_at: Timestamp,
    /// What was said.
    pub detail: String,
}

impl From<AddressFailure> for TroubleView {
    fn from(failure: AddressFailure) -> Self {
        Self {
            is_failing: failure.hard > 0 || failure.soft >= SOFT_FAILURES_MAX,
            hard: failure.hard,
            soft: failure.soft,
            complaints: failure.complaints,
            last_at: failure.last_at,
            detail: failure.detail,
        }
    }
}

impl From<ContactPoint> for ContactPointView {
    fn from(point: ContactPoint) -> Self {
        Self {
            id: point.id,
            medium: point.key.medium,
            value: point.value,
            label: point.label,
            preferred: point.preferred,
            verified_at: point.verified_at,
            trouble: None,
        }
    }
}

/// An account, deposit, loan or card
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// Which.
    pub id: Uuid,
    /// What it is.
    pub kind: HoldingKind,
    /// ISO 4217.
    pub currency: String,
    /// The last four characters.
    pub masked_number: String,
    /// The whole number (of a card never more than the last four digits); absent without the right
    /// `view_sensitive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Number of the contract, as it stands on paper.
    pub contract_number: Option<String>,
    /// Negative: the client owes.
    pub balance_minor: i64,
    /// `2024-02-29`.
    #[schema(format = Date)]
    pub opened_on: Option<String>,
    /// `null`: it is open.
    #[schema(format = Date)]
    pub closed_on: Option<String>,
}

impl AccountView {
    fn new(holding: Holding, may_see_all: bool) -> Self {
        Self {
            id: holding.id,
            kind: holding.kind,
            currency: holding.currency,
            masked_number: match holding.kind {
                HoldingKind::Card => format!("••••{}", holding.number),
                HoldingKind::Current | HoldingKind::Deposit | HoldingKind::Loan => {
                    mask(&holding.number)
                }
            },
            number: may_see_all.then_some(holding.number),
            contract_number: holding.contract_number,
            balance_minor: holding.balance_minor,
            opened_on: date(holding.opened_day),
            closed_on: holding.closed_day.and_then(date),
        }
    }
}

impl ClientView {
    /// `may_see_all`: the right `view_sensitive` is there.
    pub fn new(record: Record, manager: Option<ManagerView>, may_see_all: bool) -> Self {
        let client = record.client;
        let accounts = record.holdings.into_iter();
        Self {
            id: client.id,
            number: client.number,
            kind: client.kind,
            status: client.status,
            name: client.name,
            given_name: client.person.given,
            family_name: client.person.family,
            patronymic: client.person.patronymic,
            birth_date: client.birth_day.and_then(date),
            registration_number: client.registration_number,
            tax_number: client
                .tax_number
                .map(|number| if may_see_all { number } else { mask(&number) }),
            language: client.language,
            vip: client.vip,
            segment: client.segment,
            manager,
            human_id: client.human_id,
            note: client.note,
            created_at: client.created_at,
            changed_at: client.changed_at,
            contact_points: record.contact_points.into_iter().map(Into::into).collect(),
            accounts: accounts.map(|holding| AccountView::new(holding, may_see_all)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::Client;

    #[test]
    fn numbers_are_masked_without_the_right() {
        let id = ClientId::from_u128(1);
        let name = "Шевченко Олена".to_owned();
        let mut client = Client::new(id, 1, Kind::Person, name, Timestamp(0));
        client.tax_number = Some("1759013776".to_owned());
        let holding = Holding {
            id: Uuid::nil(),
            kind: HoldingKind::Current,
            number: "UA213223130000026007233566001".to_owned(),
            contract_number: None,
            currency: "UAH".to_owned(),
            balance_minor: 1,
            opened_day: 0,
            closed_day: None,
        };
        let record = Record { client, contact_points: vec![], holdings: vec![holding] };
        let shown = serde_json::to_string(&ClientView::new(record.clone(), None, false));
        let shown = shown.expect("serialises");
        assert!(!shown.contains("1759013776") && !shown.contains("233566001"), "{shown}");
        let shown = serde_json::to_string(&ClientView::new(record, None, true));
        assert!(shown.expect("serialises").contains("UA213223130000026007233566001"));
    }
}
