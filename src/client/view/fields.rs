//! What is set on a client's record, and what of it is refused.

use rozmova_base::Timestamp;
use rozmova_base::id::{ContactPointId, UserId};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::day;
use crate::client::model::{
    Client, ContactMedium, ContactPoint, Kind, MAX_NAME_CHARS, MAX_NOTE_CHARS, Status,
    verify_tax_number,
};

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
            client.birth_day = birth_date.map(|text| birth_day(&text)).transpose()?;
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

fn birth_day(text: &str) -> Result<i64, FieldProblem> {
    day(text).ok_or_else(|| FieldProblem::new("birth_date", "a date looks like 1990-12-31"))
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

#[cfg(test)]
mod tests {
    use rozmova_base::id::ClientId;

    use super::*;

    fn client() -> Client {
        let id = ClientId::from_u128(1);
        Client::new(id, 1, Kind::Person, "Шевченко Олена".to_owned(), Timestamp(0))
    }

    fn fields(json: &str) -> ClientFields {
        serde_json::from_str(json).expect("fields")
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
}
