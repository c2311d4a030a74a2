//! Records for tests.

use std::sync::atomic::{AtomicU64, Ordering};

use rozmova_base::Timestamp;
use rozmova_base::id::{ClientId, ContactPointId, IdMaker, UserId};
use uuid::Uuid;

use super::model::{Client, ContactMedium, ContactPoint, Kind, PersonName};
use super::store::Record;
use crate::store::Sql;

/// Ids that count.
#[derive(Debug, Default)]
pub(crate) struct Counting(AtomicU64);

impl IdMaker for Counting {
    fn next_uuid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed) + 1))
    }
}

/// A person with a mail address and the telephone number +38067100 and the client's number.
pub(crate) fn person(
    ids: &dyn IdMaker,
    number: i64,
    family: &str,
    given: &str,
    email: &str,
) -> Record {
    let at = Timestamp::from_seconds(0);
    let name = PersonName {
        given: given.to_owned(),
        patronymic: String::new(),
        family: family.to_owned(),
    };
    let mut client = Client::new(ClientId::make(ids), number, Kind::Person, name.display(), at);
    client.person = name;
    let point = |medium, text: &str| {
        ContactPoint::new(ContactPointId::make(ids), medium, text, at).expect("a contact point")
    };
    let contact_points = vec![
        point(ContactMedium::Email, email),
        point(ContactMedium::Phone, &format!("067{:07}", 1_000_000 + number)),
    ];
    Record { client, contact_points, holdings: Vec::new() }
}

/// Somebody who may have chosen something.
pub(crate) async fn user(sql: &mut Sql<'_>, ids: &dyn IdMaker) -> UserId {
    let id = UserId::make(ids);
    crate::execute!(
        sql,
        "INSERT INTO app_user (id, login, name, role, language, preferences, created_at)
         VALUES ($1, $2, $2, 'agent', 'uk', '', 0)",
        id,
        id.to_string()
    )
    .await
    .expect("a user");
    id
}
