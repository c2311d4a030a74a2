use super::*;
use crate::client::identifier::UkrainianIban;
use crate::client::model::{Holding, HoldingKind};
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

fn clue(kind: ClueKind, text: &str) -> Clue {
    Clue::parse(kind, text).expect("a clue")
}

/// `One 1 account`, `Several 2 tax_number, 1 tax_number`, `None`.
async fn identified(sql: &mut Sql<'_>, clue: &Clue) -> String {
    match identify_by(sql, clue).await.expect("looked up") {
        Identified::One { client, why } => format!("One {} {}", client.number, why.as_str()),
        Identified::Several { ranked, .. } => {
            let list: Vec<String> = ranked
                .iter()
                .map(|(client, why)| format!("{} {}", client.number, why.as_str()))
                .collect();
            format!("Several {}", list.join(", "))
        }
        Identified::None => "None".to_owned(),
    }
}

crate::each_db!(numbers_identify_and_a_choice_among_several_is_remembered, |db| {
    let ids = Counting::default();
    let mut human = person(&ids, 1, "Шевченко", "Олена", "olena@example.com");
    human.client.tax_number = Some("1759013776".to_owned());
    let mut trader = person(&ids, 2, "Шевченко", "Олена", "office@example.com");
    trader.client.tax_number = Some("1759013776".to_owned());
    for (record, kind, number, contract) in [
        (0, HoldingKind::Current, "UA213223130000026007233566001", Some("R-00000001")),
        (0, HoldingKind::Card, "6001", Some("C-00000002")),
        (1, HoldingKind::Card, "6001", None),
    ] {
        let holding = Holding {
            id: ids.next_uuid(),
            kind,
            number: number.to_owned(),
            contract_number: contract.map(str::to_owned),
            currency: "UAH".to_owned(),
            balance_minor: 0,
            opened_day: 1,
            closed_day: None,
        };
        [&mut human, &mut trader][record].holdings.push(holding);
    }
    let mut tx = db.begin().await.expect("a transaction");
    let sql = &mut tx.sql();
    insert(sql, &[human, trader.clone()]).await.expect("inserted");
    let tax_number = clue(ClueKind::TaxNumber, "1759013776");
    let other = UkrainianIban::complete(399_999, 26_000_000_000_001);
    for (clue, expected) in [
        (clue(ClueKind::Account, "UA213223130000026007233566001"), "One 1 account"),
        (clue(ClueKind::Contract, "C-00000002"), "One 1 contract"),
        (clue(ClueKind::Card, "6001"), "Several 1 card, 2 card"),
        (clue(ClueKind::Phone, "0671000002"), "One 2 on_record"),
        (clue(ClueKind::Fax, "0671000002"), "None"),
        (clue(ClueKind::Account, other.as_str()), "None"),
        (tax_number.clone(), "Several 1 tax_number, 2 tax_number"),
    ] {
        assert_eq!(identified(sql, &clue).await, expected, "{clue:?}");
    }
    let named = named_in(sql, "ІПН 1759013776, рахунок UA213223130000026007233566001").await;
    let named: Vec<i64> = named.expect("read").iter().map(|(client, _)| client.number).collect();
    assert_eq!(named, [1, 2]);
    let agent = crate::client::testing::user(sql, &ids).await;
    let at = Timestamp::from_seconds(1);
    remember_choice_for(sql, &tax_number, trader.client.id, agent, at).await.expect("kept");
    assert_eq!(identified(sql, &tax_number).await, "One 2 chosen");
});

crate::each_db!(identification_reads_indexes_only, |db| {
    let ids = Counting::default();
    let records: Vec<_> = (1..=2_000)
        .map(|n| {
            let mut record = person(&ids, n, "Коваль", "Іван", &format!("k{n}@example.com"));
            record.client.tax_number = Some(format!("{n:010}"));
            record.holdings.push(Holding {
                id: ids.next_uuid(),
                kind: HoldingKind::Current,
                number: format!("UA{n:027}"),
                contract_number: Some(format!("R-{n:08}")),
                currency: "UAH".to_owned(),
                balance_minor: 0,
                opened_day: 1,
                closed_day: None,
            });
            record
        })
        .collect();
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), &records).await.expect("inserted");
    crate::execute!(&mut tx.sql(), "ANALYZE").await.expect("analysed");
    let look_up = look_up_text(1);
    for (text, texts, index) in [
        (look_up.as_str(), &["email", "k7@example.com"][..], "contact_point_match"),
        (BY_TAX_NUMBER, &["0000000007"], "client_tax_number"),
        (BY_ACCOUNT, &["UA7"], "holding_number"),
        (BY_CARD, &["6001"], "holding_number"),
        (BY_CONTRACT, &["R-00000007"], "holding_contract"),
    ] {
        let plan = explained(&mut tx.sql(), text, texts).await;
        assert!(plan.contains(index), "{text}: {plan}");
        for table in ["p", "c", "h", "client", "holding", "contact_point"] {
            assert!(!plan.contains(&format!("SCAN {table}\n")), "{text}: {plan}");
            assert!(!plan.contains(&format!("Seq Scan on {table} ")), "{text}: {plan}");
        }
    }
});

async fn explained(sql: &mut Sql<'_>, text: &str, texts: &[&str]) -> String {
    let has_limit = text.contains("LIMIT");
    let mut plan = String::new();
    match sql {
        Sql::Sqlite(connection) => {
            let text = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
            let mut query = sqlx::query_as::<_, (i64, i64, i64, String)>(text);
            for text in texts {
                query = query.bind(*text);
            }
            if has_limit {
                query = query.bind(20_i64);
            }
            for row in query.fetch_all(&mut **connection).await.expect("a plan") {
                plan.push_str(&row.3);
                plan.push('\n');
            }
        }
        Sql::Postgres(connection) => {
            let text = sqlx::AssertSqlSafe(format!("EXPLAIN {text}"));
            let mut query = sqlx::query_as::<_, (String,)>(text);
            for text in texts {
                query = query.bind(*text);
            }
            if has_limit {
                query = query.bind(20_i64);
            }
            for row in query.fetch_all(&mut **connection).await.expect("a plan") {
                plan.push_str(&row.0);
                plan.push('\n');
            }
        }
    }
    plan
}
