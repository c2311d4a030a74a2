//! What a client is: values and their rules, without SQL and HTTP.

use rozmova_base::Timestamp;
use rozmova_base::address::{EmailAddress, EmailError, PhoneError, PhoneNumber};
use rozmova_base::id::{BranchId, ClientId, ContactPointId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::identifier::{Edrpou, IdentifierError, Rnokpp};
use super::words;

/// Calling code that numbers without one get. ITU-T E.164: Ukraine.
pub const COUNTRY_CODE: &str = "380";
/// Longest name, label or segment, in characters.
pub const MAX_NAME_CHARS: usize = 200;
/// Longest note, in characters: two printed pages.
pub const MAX_NOTE_CHARS: usize = 4_000;
/// Longest postal address, in characters.
pub const MAX_ADDRESS_CHARS: usize = 400;
/// Most contact points of one client, ended ones included.
pub const MAX_CONTACT_POINTS: usize = 50;

/// What sort of party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A human being.
    Person,
    /// A company, an authority, an association.
    Organisation,
    /// A human being in business (ФОП): a party of its own beside the person.
    SoleTrader,
}

impl Kind {
    /// As in rows and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
            Self::SoleTrader => "sole_trader",
        }
    }

    /// Reads what a row holds; what is not known is a person.
    pub fn from_row(text: &str) -> Self {
        match text {
            "organisation" => Self::Organisation,
            "sole_trader" => Self::SoleTrader,
            _ => Self::Person,
        }
    }
}

/// How the party stands to the bank. In order of how much the bank knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Has or had contact with the bank, no contract; nobody has verified who it is.
    Prospect,
    /// Had a contract.
    Former,
    /// Has a contract.
    Client,
}

impl Status {
    /// As in rows and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prospect => "prospect",
            Self::Former => "former",
            Self::Client => "client",
        }
    }

    /// Reads what a row holds; what is not known is a prospect, which claims least.
    pub fn from_row(text: &str) -> Self {
        match text {
            "client" => Self::Client,
            "former" => Self::Former,
            _ => Self::Prospect,
        }
    }
}

/// By what means a contact point reaches someone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactMedium {
    /// A mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A fax number.
    Fax,
    /// A postal address.
    Post,
}

impl ContactMedium {
    /// As in rows and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Fax => "fax",
            Self::Post => "post",
        }
    }

    /// Reads what a row holds; none: written by a newer version.
    pub fn from_row(text: &str) -> Option<Self> {
        match text {
            "email" => Some(Self::Email),
            "phone" => Some(Self::Phone),
            "fax" => Some(Self::Fax),
            "post" => Some(Self::Post),
            _ => None,
        }
    }
}

/// What addresses are compared by: the medium and the normalised value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MatchKey {
    /// By what means.
    pub medium: ContactMedium,
    /// `olena@example.com`, `+380441234567`, folded words of a postal address.
    pub value: String,
}

/// Why a text is no contact point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContactPointError {
    /// No mail address.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// No telephone number.
    #[error(transparent)]
    Phone(#[from] PhoneError),
    /// No postal address.
    #[error("a postal address has letters or digits and at most {MAX_ADDRESS_CHARS} characters")]
    Post,
}

impl MatchKey {
    /// The key of a mail address that is already parsed.
    pub fn email(address: &EmailAddress) -> Self {
        Self { medium: ContactMedium::Email, value: address.as_str().to_owned() }
    }

    /// Normalises what people write; numbers without country code are Ukrainian.
    pub fn parse(medium: ContactMedium, text: &str) -> Result<Self, ContactPointError> {
        let value = match medium {
            ContactMedium::Email => EmailAddress::parse(text)?.as_str().to_owned(),
            ContactMedium::Phone | ContactMedium::Fax => {
                PhoneNumber::parse(text, COUNTRY_CODE)?.as_str().to_owned()
            }
            ContactMedium::Post => {
                let key = words::key(text);
                if key.is_empty() || text.chars().count() > MAX_ADDRESS_CHARS {
                    return Err(ContactPointError::Post);
                }
                key
            }
        };
        Ok(Self { medium, value })
    }

    /// Words by which the client is found.
    pub fn words(&self) -> Vec<String> {
        match self.medium {
            ContactMedium::Email => words::of_email(&self.value),
            ContactMedium::Phone | ContactMedium::Fax => words::of_phone(&self.value),
            // The folded words of an address would find a street's worth of clients.
            ContactMedium::Post => Vec::new(),
        }
    }
}

/// An address, number or place at which a client can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactPoint {
    /// Its id.
    pub id: ContactPointId,
    /// What it is compared by.
    pub key: MatchKey,
    /// As shown: numbers and mail addresses normalised, postal addresses as written.
    pub value: String,
    /// What people call it: work, home, accountant.
    pub label: String,
    /// The one to use first in its medium.
    pub preferred: bool,
    /// When somebody made sure that it is this client's.
    pub verified_at: Option<Timestamp>,
    /// When it was entered.
    pub created_at: Timestamp,
}

impl ContactPoint {
    /// A contact point as people write it, neither preferred nor verified.
    pub fn new(
        id: ContactPointId,
        medium: ContactMedium,
        text: &str,
        at: Timestamp,
    ) -> Result<Self, ContactPointError> {
        let key = MatchKey::parse(medium, text)?;
        let value = match medium {
            ContactMedium::Post => text.trim().to_owned(),
            ContactMedium::Email | ContactMedium::Phone | ContactMedium::Fax => key.value.clone(),
        };
        let label = String::new();
        Ok(Self { id, key, value, label, preferred: false, verified_at: None, created_at: at })
    }
}

/// Name parts of a human being; all empty for organisations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonName {
    /// Олена
    pub given: String,
    /// Петрівна
    pub patronymic: String,
    /// Шевченко
    pub family: String,
}

impl PersonName {
    /// Family name first, as Ukrainian registers write it.
    pub fn display(&self) -> String {
        let parts = [&self.family, &self.given, &self.patronymic];
        let mut shown = String::new();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            if !shown.is_empty() {
                shown.push(' ');
            }
            shown.push_str(part);
        }
        shown
    }
}

/// Everything on a client's record that the client directory keeps in one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Its number, for people.
    pub number: i64,
    /// What sort of party.
    pub kind: Kind,
    /// How it stands to the bank.
    pub status: Status,
    /// As shown.
    pub name: String,
    /// Parts of a human being's name.
    pub person: PersonName,
    /// RNOKPP of a human being, EDRPOU of an organisation.
    pub tax_number: Option<String>,
    /// Number in another register: passport, foreign company register.
    pub registration_number: Option<String>,
    /// Days since 1970-01-01.
    pub birth_day: Option<i64>,
    /// `uk` or `en`: the language to write in.
    pub language: String,
    /// The bank's class of client; empty: none.
    pub segment: String,
    /// Served before others.
    pub vip: bool,
    /// Who looks after it.
    pub manager_id: Option<UserId>,
    /// Where it is looked after.
    pub branch_id: Option<BranchId>,
    /// The human being behind a sole trader.
    pub human_id: Option<ClientId>,
    /// Free text.
    pub note: String,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When the record was last changed; grows with every change, so it serves as a version.
    pub changed_at: Timestamp,
}

impl Client {
    /// Folded words of the name, in their order; those of a business before its owner's.
    pub fn name_words(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for word in words::of_text(&self.name).chain(words::of_text(&self.person.display())) {
            if !found.contains(&word) {
                found.push(word);
            }
        }
        found
    }

    /// Entries by which the record itself is found; those of contact points and holdings come to
    /// it.
    pub fn words(&self) -> Vec<String> {
        let mut found = words::of_name(&self.name_words());
        for number in [&self.tax_number, &self.registration_number].into_iter().flatten() {
            found.extend(words::of_number(number));
        }
        found.push(self.number.to_string());
        found
    }

    /// A record without anything but what is given.
    pub fn new(id: ClientId, number: i64, kind: Kind, name: String, at: Timestamp) -> Self {
        Self {
            id,
            number,
            kind,
            status: Status::Client,
            name,
            person: PersonName::default(),
            tax_number: None,
            registration_number: None,
            birth_day: None,
            language: "uk".to_owned(),
            segment: String::new(),
            vip: false,
            manager_id: None,
            branch_id: None,
            human_id: None,
            note: String::new(),
            created_at: at,
            changed_at: at,
        }
    }
}

/// What the client holds at the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub kind: HoldingKind,
    /// IBAN; of a card its last four digits and never more.
    pub number: String,
    /// Number of the contract, as it stands on paper.
    pub contract_number: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// Negative: the client owes.
    pub balance_minor: i64,
    /// Days since 1970-01-01.
    pub opened_day: i64,
    /// Days since 1970-01-01.
    pub closed_day: Option<i64>,
}

/// What sort of holding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldingKind {
    /// An account for payments.
    Current,
    /// Money at interest.
    Deposit,
    /// Money lent.
    Loan,
    /// A payment card.
    Card,
}

impl HoldingKind {
    /// As in rows and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Deposit => "deposit",
            Self::Loan => "loan",
            Self::Card => "card",
        }
    }

    /// Reads what a row holds; what is not known is an account.
    pub fn from_row(text: &str) -> Self {
        match text {
            "deposit" => Self::Deposit,
            "loan" => Self::Loan,
            "card" => Self::Card,
            _ => Self::Current,
        }
    }
}

/// Verifies a tax number by the kind of party: EDRPOU of an organisation, RNOKPP of a human being
/// (an organisation may also be a foreigner's without either: then it has none).
pub fn verify_tax_number(kind: Kind, text: &str) -> Result<String, IdentifierError> {
    match kind {
        Kind::Organisation => Edrpou::parse(text).map(|number| number.as_str().to_owned()),
        Kind::Person | Kind::SoleTrader => {
            Rnokpp::parse(text).map(|number| number.as_str().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_written_twice_is_one_key() {
        let phone = |text| MatchKey::parse(ContactMedium::Phone, text).expect("a number");
        assert_eq!(phone("(067) 123-45-67"), phone("+380 67 1234567"));
        let post = |text| MatchKey::parse(ContactMedium::Post, text).expect("an address");
        assert_eq!(post("м. Київ, вул. Хрещатик, 1"), post("м Київ вул Хрещатик 1"));
        assert!(MatchKey::parse(ContactMedium::Post, " , ").is_err());
        assert!(MatchKey::parse(ContactMedium::Email, "olena").is_err());
    }

    #[test]
    fn a_number_is_no_fax_and_a_fax_no_number() {
        let fax = MatchKey::parse(ContactMedium::Fax, "0441234567");
        let phone = MatchKey::parse(ContactMedium::Phone, "0441234567");
        assert_ne!(fax, phone);
    }

    #[test]
    fn a_person_is_found_by_each_part_of_the_record() {
        let at = Timestamp(0);
        let mut client = Client::new(
            ClientId::from_u128(1),
            4_711,
            Kind::Person,
            "Шевченко Олена Петрівна".to_owned(),
            at,
        );
        client.tax_number = Some("1759013776".to_owned());
        let found = client.words();
        for word in ["shevchenko", "olena", "petrivna", "1759013776", "3776", "4711"] {
            assert!(found.iter().any(|known| known.starts_with(word)), "{word} in {found:?}");
        }
    }

    #[test]
    fn tax_numbers_are_verified_by_kind() {
        assert!(verify_tax_number(Kind::Organisation, "32855961").is_ok());
        assert!(verify_tax_number(Kind::Person, "32855961").is_err());
        assert!(verify_tax_number(Kind::SoleTrader, "1759013776").is_ok());
    }
}
