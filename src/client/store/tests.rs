use rozmova_base::id::IdMaker;

use super::*;
use crate::client::search::store::search;
use crate::client::testing::{Counting, person};

async fn found(sql: &mut Sql<'_>, query: &str) -> Vec<i64> {
    let lines = search(sql, query, None, 50).await.expect("searched");
    lines.into_iter().map(|line| line.number).collect()
}

crate::each_db!(a_record_is_read_as_it_was_written, |db| {
    let ids = Counting::default();
    let mut record = person(&ids, 7, "Шевченко", "Олена", "olena@example.com");
    record.client.tax_number = Some("1759013776".to_owned());
    record.client.birth_day = Some(-6_000);
    record.client.vip = true;
    record.holdings.push(Holding {
        id: ids.next_uuid(),
        kind: HoldingKind::Current,
        number: "UA213223130000026007233566001".to_owned(),
        contract_number: Some("D-00123456".to_owned()),
        currency: "UAH".to_owned(),
        balance_minor: -1_050,
        opened_day: 19_000,
        closed_day: None,
    });
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), std::slice::from_ref(&record)).await.expect("inserted");
    let read = load(&mut tx.sql(), record.client.id).await.expect("read").expect("there");
    assert_eq!(read.client, record.client);
    assert_eq!(read.contact_points, record.contact_points);
    assert_eq!(read.holdings, record.holdings);
    for query in ["шевч", "1759013776", "UA21 3223 1300", "6001", "olena@exam", "7", "d-0012"] {
        assert_eq!(found(&mut tx.sql(), query).await, [7], "{query}");
    }
});

crate::each_db!(the_second_of_two_writers_is_refused, |db| {
    let ids = Counting::default();
    let record = person(&ids, 1, "Шевченко", "Олена", "olena@example.com");
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), std::slice::from_ref(&record)).await.expect("inserted");
    let seen = record.client.changed_at;
    let mut changed = record.client.clone();
    changed.name = "Коваль Олена".to_owned();
    changed.person.family = "Коваль".to_owned();
    changed.changed_at = seen.plus_millis(1);
    assert!(update(&mut tx.sql(), &changed, seen).await.expect("written"));
    assert!(!update(&mut tx.sql(), &changed, seen).await.expect("tried"));
    assert_eq!(found(&mut tx.sql(), "koval").await, [1]);
    assert!(found(&mut tx.sql(), "шевченко").await.is_empty());
    assert_eq!(found(&mut tx.sql(), "olena@example.com").await, [1], "its address is kept");
});

crate::each_db!(a_contact_point_that_has_ended_is_neither_shown_nor_found, |db| {
    let ids = Counting::default();
    let record = person(&ids, 1, "Шевченко", "Олена", "olena@example.com");
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), std::slice::from_ref(&record)).await.expect("inserted");
    let at = Timestamp::from_seconds(5);
    let mut point =
        ContactPoint::new(ContactPointId::make(&ids), ContactMedium::Email, "new@example.com", at)
            .expect("a point");
    point.preferred = true;
    add_contact_point(&mut tx.sql(), record.client.id, &point).await.expect("added");
    let read = load(&mut tx.sql(), record.client.id).await.expect("read").expect("there");
    let preferred: Vec<&str> = read
        .contact_points
        .iter()
        .filter(|point| point.preferred)
        .map(|point| point.value.as_str())
        .collect();
    assert_eq!(preferred, ["new@example.com"]);
    let ended = end_contact_point(&mut tx.sql(), point.id, at).await.expect("ended");
    assert_eq!(ended, Some(record.client.id));
    assert_eq!(end_contact_point(&mut tx.sql(), point.id, at).await.expect("tried"), None);
    assert!(found(&mut tx.sql(), "new@example.com").await.is_empty());
    let read = load(&mut tx.sql(), record.client.id).await.expect("read").expect("there");
    assert_eq!(read.contact_points.len(), record.contact_points.len());
    let all = count_contact_points(&mut tx.sql(), record.client.id).await.expect("counted");
    assert_eq!(all, record.contact_points.len() + 1);
});
