use super::*;
use crate::client::store::insert;
use crate::client::testing::{Counting, person};

fn email(text: &str) -> MatchKey {
    MatchKey::parse(ContactMedium::Email, text).expect("an address")
}

fn sender<'a>(text: &str, shown_name: &'a str) -> Sender<'a> {
    Sender { key: Some(email(text)), shown_name, may_become_prospect: true }
}

crate::each_db!(a_batch_is_resolved_in_its_order, |db| {
    let ids = Counting::default();
    let records = [
        person(&ids, 1, "Шевченко", "Олена", "olena@example.com"),
        person(&ids, 2, "Коваль", "Іван", "shared@example.com"),
        person(&ids, 3, "Коваль", "Марія", "shared@example.com"),
    ];
    let mut tx = db.begin().await.expect("a transaction");
    clients::take_numbers(&mut tx.sql(), 3).await.expect("taken");
    insert(&mut tx.sql(), &records).await.expect("inserted");
    let at = Timestamp::from_seconds(1);
    let mut robot = sender("robot@example.com", "");
    robot.may_become_prospect = false;
    let nobody =
        Sender { key: None, shown_name: "Шевченко Олена", may_become_prospect: true };
    let batch = [
        sender("New@example.com", "Новий Клієнт"),
        sender("olena@example.com", "somebody else's name"),
        sender("shared@example.com", "Коваль Іван"),
        robot,
        nobody,
        sender("new@example.com", "written differently"),
    ];
    let resolved = resolve(&mut tx.sql(), &batch, &ids, at).await.expect("resolved");
    let shown: Vec<(&str, &str, i64, bool)> = resolved
        .iter()
        .map(|one| (one.how, one.name.as_str(), one.candidates, one.created))
        .collect();
    assert_eq!(
        shown,
        [
            ("email", "Новий Клієнт", 1, true),
            ("email", "Шевченко Олена", 1, false),
            ("none", "", 2, false),
            ("none", "", 0, false),
            ("none", "", 0, false),
            ("email", "Новий Клієнт", 1, true),
        ]
    );
    assert_eq!(resolved[0].client, resolved[5].client);
    assert_eq!(resolved[1].client, Some(records[0].client.id));
    let again = resolve(&mut tx.sql(), &batch[..1], &ids, at).await.expect("resolved again");
    assert_eq!((again[0].client, again[0].created), (resolved[0].client, false));
    let made = clients::load(&mut tx.sql(), resolved[0].client.expect("made")).await;
    let made = made.expect("read").expect("there");
    assert_eq!((made.client.number, made.client.status), (4, Status::Prospect));
});

crate::each_db!(a_choice_is_remembered_and_can_be_taken_back, |db| {
    let ids = Counting::default();
    let records = [
        person(&ids, 1, "Коваль", "Іван", "shared@example.com"),
        person(&ids, 2, "Коваль", "Марія", "shared@example.com"),
    ];
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), &records).await.expect("inserted");
    let agent = crate::client::testing::user(&mut tx.sql(), &ids).await;
    let at = Timestamp::from_seconds(1);
    for chosen in &records {
        let key = email("shared@example.com");
        remember_choice(&mut tx.sql(), &key, chosen.client.id, agent, at).await.expect("kept");
        let batch = [sender("shared@example.com", "")];
        let resolved = resolve(&mut tx.sql(), &batch, &ids, at).await.expect("resolved");
        assert_eq!(resolved[0].client, Some(chosen.client.id));
        assert_eq!(resolved[0].how, "chosen");
    }
});

crate::each_db!(more_addresses_than_one_statement_takes_are_all_looked_up, |db| {
    let ids = Counting::default();
    let records: Vec<_> = (1..=600)
        .map(|n| person(&ids, n, "Коваль", "Іван", &format!("k{n}@example.com")))
        .collect();
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), &records).await.expect("inserted");
    let keys: Vec<MatchKey> = (1..=600).map(|n| email(&format!("k{n}@example.com"))).collect();
    let found = candidates(&mut tx.sql(), &keys).await.expect("looked up");
    assert_eq!(found.len(), 600);
    let few = candidates(&mut tx.sql(), &keys[..3]).await.expect("looked up");
    assert_eq!(few.len(), 3);
    assert!(candidates(&mut tx.sql(), &[]).await.expect("nothing").is_empty());
});
