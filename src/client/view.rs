//! Clients as the API shows and takes them.

use jiff::civil::Date;
use rozmova_base::Timestamp;
use rozmova_base::id::{ClientId, ContactPointId, InteractionId, MessageId, UserId};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::identifier::mask;
use super::model::{
    Client, ContactMedium, ContactPoint, Holding, HoldingKind, Kind, MAX_NAME_CHARS,
    MAX_NOTE_CHARS, Status, verify_tax_number,
};
use super::search::store::Line;
use super::store::Record;
use super::timeline::store::Entry;
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

/// What is set on a record. Absent: left as it is; an empty text or `null` takes it away.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct ClientFields {
    /// What sort of party.
    pub kind: Option<Kind>,
    /// How it stands to the bank.
    pub status: Option<Status>,
    /// As shown. Absent for a human being: made of the parts of the name.
    pub name: Option<String>,
    /// Олена
    pub given_name: Option<String>,
    /// Шевченко
    pub family_name: Option<String>,
    /// Петрівна
    pub patronymic: Option<String>,
    /// `1990-12-31`.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Date)]
    pub birth_date: Option<Option<String>>,
    /// Number in another register than the tax register.
    pub registration_number: Option<String>,
    /// EDRPOU of an organisation, RNOKPP of a human being; the check digit is verified.
    pub tax_number: Option<String>,
    /// `uk` or `en`.
    pub language: Option<String>,
    /// Served before others.
    pub vip: Option<bool>,
    /// The bank's class of client.
    pub segment: Option<String>,
    /// Who looks after it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<UserId>)]
    pub manager_id: Option<Option<UserId>>,
    /// Free text.
    pub note: Option<String>,
}

/// `null` is something else than nothing said.
#[expect(clippy::option_option, reason = "absent leaves, null takes away")]
fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// A field that cannot be set so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Its name.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FieldProblem {
    fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

impl ClientFields {
    /// Sets the fields on a record; gives the names of those that changed.
    pub fn apply(self, client: &mut Client) -> Result<Vec<&'static str>, FieldProblem> {
        let before = client.clone();
        if let Some(kind) = self.kind {
            client.kind = kind;
        }
        if let Some(status) = self.status {
            client.status = status;
        }
        set_text(&mut client.person.given, self.given_name, "given_name", MAX_NAME_CHARS)?;
        set_text(&mut client.person.family, self.family_name, "family_name", MAX_NAME_CHARS)?;
        set_text(&mut client.person.patronymic, self.patronymic, "patronymic", MAX_NAME_CHARS)?;
        let parts_changed = client.person != before.person;
        if self.name.is_none() && parts_changed && client.kind == Kind::Person {
            client.name = client.person.display();
        }
        set_text(&mut client.name, self.name, "name", MAX_NAME_CHARS)?;
        if client.name.is_empty() {
            return Err(FieldProblem::new("name", "a client has a name"));
        }
        if let Some(birth_date) = self.birth_date {
            client.birth_day = birth_date.map(|text| day(&text)).transpose()?;
        }
        set_text(&mut client.segment, self.segment, "segment", MAX_NAME_CHARS)?;
        set_text(&mut client.note, self.note, "note", MAX_NOTE_CHARS)?;
        if let Some(language) = self.language {
            if !["uk", "en"].contains(&language.as_str()) {
                return Err(FieldProblem::new("language", "the language is uk or en"));
            }
            client.language = language;
        }
        client.vip = self.vip.unwrap_or(client.vip);
        client.manager_id = self.manager_id.unwrap_or(client.manager_id);
        let mut registration = client.registration_number.take().unwrap_or_default();
        set_text(
            &mut registration,
            self.registration_number,
            "registration_number",
            MAX_NAME_CHARS,
        )?;
        client.registration_number = Some(registration).filter(|text| !text.is_empty());
        if let Some(number) = self.tax_number {
            client.tax_number = match number.trim() {
                "" => None,
                number => Some(
                    verify_tax_number(client.kind, number)
                        .map_err(|error| FieldProblem::new("tax_number", error.to_string()))?,
                ),
            };
        }
        Ok(changed_fields(&before, client))
    }
}

fn set_text(
    place: &mut String,
    text: Option<String>,
    field: &'static str,
    max_chars: usize,
) -> Result<(), FieldProblem> {
    let Some(text) = text else { return Ok(()) };
    let text = text.trim();
    if text.chars().count() > max_chars {
        return Err(FieldProblem::new(field, format!("at most {max_chars} characters")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(FieldProblem::new(field, "no control characters"));
    }
    text.clone_into(place);
    Ok(())
}

fn changed_fields(before: &Client, after: &Client) -> Vec<&'static str> {
    let fields = [
        ("kind", before.kind != after.kind),
        ("status", before.status != after.status),
        ("name", before.name != after.name || before.person != after.person),
        ("birth_date", before.birth_day != after.birth_day),
        ("registration_number", before.registration_number != after.registration_number),
        ("tax_number", before.tax_number != after.tax_number),
        ("language", before.language != after.language),
        ("vip", before.vip != after.vip),
        ("segment", before.segment != after.segment),
        ("manager_id", before.manager_id != after.manager_id),
        ("note", before.note != after.note),
    ];
    fields.into_iter().filter(|(_, is_changed)| *is_changed).map(|(name, _)| name).collect()
}

/// A new client
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewClient {
    /// What is on the record.
    #[serde(flatten)]
    pub fields: ClientFields,
    /// How the client can be reached.
    #[serde(default)]
    pub contact_points: Vec<NewContactPoint>,
}

/// A change of a client
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ClientChange {
    /// `changed_at` of the record that the change was made on.
    pub changed_at: Timestamp,
    /// What is set.
    #[serde(flatten)]
    pub fields: ClientFields,
}

/// A new address, number or place
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContactPoint {
    /// By what means.
    pub medium: ContactMedium,
    /// As people write it.
    pub value: String,
    /// What people call it.
    #[serde(default)]
    pub label: String,
    /// The one to use first in its medium.
    #[serde(default)]
    pub preferred: bool,
    /// Somebody made sure that it is this client's.
    #[serde(default)]
    pub verified: bool,
}

impl NewContactPoint {
    /// Normalised; `at` is now.
    pub fn into_point(
        self,
        id: ContactPointId,
        at: Timestamp,
    ) -> Result<ContactPoint, FieldProblem> {
        let mut point = ContactPoint::new(id, self.medium, &self.value, at)
            .map_err(|error| FieldProblem::new("value", error.to_string()))?;
        set_text(&mut point.label, Some(self.label), "label", MAX_NAME_CHARS)?;
        point.preferred = self.preferred;
        point.verified_at = self.verified.then_some(at);
        Ok(point)
    }
}

/// Something that happened with a client
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimelineEntry {
    /// Of the message, or of the interaction.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// What: a message, a note of ours, or the end of an interaction.
    #[serde(rename = "type")]
    pub entry_type: TimelineType,
    /// To which contact it belongs.
    pub interaction: TimelineInteraction,
    /// For messages and notes.
    pub message: Option<TimelineMessage>,
    /// The beginning of the text of a message; of an end the note to the result.
    pub text: String,
    /// For an end: the result.
    pub disposition: Option<String>,
    /// Who of us wrote it or ended it.
    pub author: Option<ManagerView>,
}

/// What an entry of a timeline is
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimelineType {
    /// Between the client and us.
    Message,
    /// Among us.
    Note,
    /// The end of a contact.
    Interaction,
}

/// The contact of an entry of a timeline
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimelineInteraction {
    /// Which.
    pub id: InteractionId,
    /// The number, for people.
    pub number: i64,
    /// What it is about.
    pub subject: String,
    /// How it came or went.
    pub medium: String,
    /// What becomes of it.
    pub state: String,
}

/// The message of an entry of a timeline
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimelineMessage {
    /// Which.
    pub id: MessageId,
    /// `message`, `note`, `bounce` …
    pub kind: String,
    /// `inbound`, `outbound`, `internal`.
    pub direction: String,
    /// The name that the message shows.
    pub from_name: String,
    /// The address that it came from or went out from.
    pub from_address: String,
    /// One line.
    pub subject: String,
    /// Number of files.
    pub attachments: i64,
}

impl From<Entry> for TimelineEntry {
    fn from(entry: Entry) -> Self {
        let is_end = entry.message_id.is_none();
        let is_note = entry.direction.as_deref() == Some("internal");
        let subject = entry.subject.unwrap_or_default();
        Self {
            id: entry.id,
            at: entry.at,
            entry_type: match (is_end, is_note) {
                (true, _) => TimelineType::Interaction,
                (false, true) => TimelineType::Note,
                (false, false) => TimelineType::Message,
            },
            interaction: TimelineInteraction {
                id: entry.interaction_id,
                number: entry.number,
                subject: entry.interaction_subject,
                medium: entry.medium,
                state: entry.state,
            },
            disposition: Some(subject.clone()).filter(|text| is_end && !text.is_empty()),
            message: entry.message_id.map(|id| TimelineMessage {
                id,
                kind: entry.kind.unwrap_or_default(),
                direction: entry.direction.unwrap_or_default(),
                from_name: entry.from_name.unwrap_or_default(),
                from_address: entry.from_address.unwrap_or_default(),
                subject,
                attachments: entry.attachments,
            }),
            text: entry.excerpt.unwrap_or_default(),
            author: entry
                .author_id
                .map(|id| ManagerView { id, name: entry.author_name.unwrap_or_default() }),
        }
    }
}

const EPOCH: Date = Date::constant(1970, 1, 1);

/// None: beyond the calendar.
fn date(day: i64) -> Option<String> {
    let span = jiff::Span::new().try_days(day).ok()?;
    EPOCH.checked_add(span).ok().map(|date| date.to_string())
}

fn day(text: &str) -> Result<i64, FieldProblem> {
    let date: Date = text
        .parse()
        .map_err(|_| FieldProblem::new("birth_date", "a date looks like 1990-12-31"))?;
    Ok(date.duration_since(EPOCH).as_hours().div_euclid(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        let id = ClientId::from_u128(1);
        Client::new(id, 1, Kind::Person, "Шевченко Олена".to_owned(), Timestamp(0))
    }

    fn fields(json: &str) -> ClientFields {
        serde_json::from_str(json).expect("fields")
    }

    #[test]
    fn days_and_dates_are_the_same_days() {
        for (number, text) in [(0, "1970-01-01"), (-1, "1969-12-31"), (20_000, "2024-10-04")] {
            let shown = date(number).expect("a date");
            assert_eq!(shown, text);
            assert_eq!(day(&shown), Ok(number));
        }
    }

    #[test]
    fn what_is_not_said_stays_and_null_takes_away() {
        let mut client = client();
        client.birth_day = Some(1);
        client.note = "old".to_owned();
        let changed = fields(r#"{"note":"new"}"#).apply(&mut client);
        assert_eq!(changed, Ok(vec!["note"]));
        assert_eq!(client.birth_day, Some(1));
        let changed = fields(r#"{"birth_date":null,"note":""}"#).apply(&mut client);
        assert_eq!(changed, Ok(vec!["birth_date", "note"]));
        assert_eq!(client.birth_day, None);
    }

    #[test]
    fn the_shown_name_follows_the_parts() {
        let mut client = client();
        fields(r#"{"family_name":"Коваль","given_name":"Олена","patronymic":"Петрівна"}"#)
            .apply(&mut client)
            .expect("applied");
        assert_eq!(client.name, "Коваль Олена Петрівна");
    }

    #[test]
    fn wrong_values_are_refused_by_field() {
        for (json, field) in [
            (r#"{"name":" "}"#, "name"),
            (r#"{"language":"fr"}"#, "language"),
            (r#"{"birth_date":"31.12.1990"}"#, "birth_date"),
            (r#"{"tax_number":"1759013770"}"#, "tax_number"),
            (r#"{"kind":"organisation","tax_number":"1759013776"}"#, "tax_number"),
            (r#"{"segment":"a\u0000b"}"#, "segment"),
        ] {
            let problem = fields(json).apply(&mut client()).expect_err(json);
            assert_eq!(problem.field, field, "{json}");
        }
        let long = format!(r#"{{"note":"{}"}}"#, "x".repeat(MAX_NOTE_CHARS + 1));
        assert_eq!(fields(&long).apply(&mut client()).expect_err("long").field, "note");
    }

    #[test]
    fn numbers_are_masked_without_the_right() {
        let mut client = client();
        client.tax_number = Some("1759013776".to_owned());
        let holding = Holding {
            id: Uuid::nil(),
            kind: HoldingKind::Current,
            number: "UA213223130000026007233566001".to_owned(),
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
