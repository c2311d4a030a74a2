use sqlx::AssertSqlSafe;

use super::*;
use crate::client::store::{Record, insert};
use crate::client::testing::{Counting, person};
use crate::store::Db;

crate::each_db!(names_are_found_in_either_script, |db| {
    let ids = Counting::default();
    let records = [
        person(&ids, 1, "Лук'яненко", "Сергій", "a@example.com"),
        person(&ids, 2, "Лук’яненко", "Ганна", "b@example.com"),
        person(&ids, 3, "Smith", "John", "john@example.com"),
    ];
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), &records).await.expect("inserted");
    for (query, expected) in [
        ("лукʼян", vec![2, 1]),
        ("lukyanenko", vec![2, 1]),
        ("Lukianenko Serg", vec![1]),
        ("Сергій лук", vec![1]),
        ("smi", vec![3]),
        ("лук'яненко джон", vec![]),
        ("b@example.com", vec![2]),
        ("@@", vec![]),
        ("", vec![2, 1, 3]),
    ] {
        let lines = search(&mut tx.sql(), query, None, 50).await.expect("searched");
        let numbers: Vec<i64> = lines.iter().map(|line| line.number).collect();
        assert_eq!(numbers, expected, "{query}");
    }
    let lines = search(&mut tx.sql(), "smith", None, 50).await.expect("searched");
    assert_eq!(lines[0].email.as_deref(), Some("john@example.com"));
    assert_eq!(lines[0].phone.as_deref(), Some("+380671000003"));
});

crate::each_db!(pages_of_a_frequent_and_of_a_rare_word_are_complete, |db| {
    let ids = Counting::default();
    let records: Vec<Record> = (1..=2_100)
        .map(|n| {
            let given = if n % 100 == 0 { "Олена" } else { "Ольга" };
            person(&ids, n, &format!("Коваль{n:05}"), given, &format!("k{n}@example.com"))
        })
        .collect();
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), &records).await.expect("inserted");
    for (query, expected) in [("koval", 2_100), ("Олена", 21), ("koval олен", 21), ("", 2_100)]
    {
        let mut numbers = Vec::new();
        let mut after = None;
        loop {
            let page = search(&mut tx.sql(), query, after.as_ref(), 200).await.expect("a page");
            let Some(last) = page.last() else { break };
            after = Some(After { place: last.place.clone(), id: last.id });
            numbers.extend(page.iter().map(|line| line.number));
        }
        assert_eq!(numbers.len(), expected, "{query}");
        assert!(numbers.is_sorted(), "{query}");
    }
});

async fn numbers(sql: &mut Sql<'_>, query: &str) -> Vec<i64> {
    let lines = search(sql, query, None, 50).await.expect("searched");
    lines.iter().map(|line| line.number).collect()
}

crate::each_db!(what_people_mistype_is_forgiven, |db| {
    let ids = Counting::default();
    let records = [
        person(&ids, 1, "Шевченко", "Олена", "a@example.com"),
        person(&ids, 2, "Лук'яненко", "Сергій", "b@example.com"),
        person(&ids, 3, "Smith", "John", "john@example.com"),
        person(&ids, 4, "Шевчук", "Олександр", "d@example.com"),
    ];
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), &records).await.expect("inserted");
    for (query, expected) in [
        // the keyboard was in the other layout
        ("itdxtyrj", vec![1]),
        ("itdx jk", vec![1, 4]),
        ("іьшер", vec![3]),
        // one mistake
        ("Шевчнеко", vec![1]),
        ("Щевчук", vec![4]),
        ("шевченко олнеа", vec![1]),
        ("Лукяненька", vec![2]),
        ("лкуяненко", vec![2]),
        ("shevchemko", vec![1]),
        // two beginnings
        ("шев ол", vec![1, 4]),
        ("ол шевчук", vec![4]),
        ("ш о", vec![1, 4]),
        // a name and something else
        ("шевч a@example", vec![1]),
        ("шевч 0671000004", vec![4]),
        ("шевч b@example", vec![]),
    ] {
        let mut found = numbers(&mut tx.sql(), query).await;
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
});

crate::each_db!(a_page_of_the_other_layout_goes_on_in_it, |db| {
    let ids = Counting::default();
    let records: Vec<Record> =
        (1..=5).map(|n| person(&ids, n, "Шевченко", "Олена", &format!("k{n}@x.example"))).collect();
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), &records).await.expect("inserted");
    let first = search(&mut tx.sql(), "itdx", None, 3).await.expect("a page");
    let last = first.last().expect("a line");
    assert_eq!(last.place.reading, Reading::OtherLayout);
    let after = After { place: last.place.clone(), id: last.id };
    let second = search(&mut tx.sql(), "itdx", Some(&after), 3).await.expect("a page");
    let numbers: Vec<i64> = first.iter().chain(&second).map(|line| line.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
});

crate::each_db!(a_word_that_two_entries_begin_with_lists_a_client_once, |db| {
    let ids = Counting::default();
    let records = [
        person(&ids, 1, "Іваненко", "Іван", "ivan@example.com"),
        person(&ids, 2, "Іванчук", "Іван", "ivan@example.com"),
    ];
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), &records).await.expect("inserted");
    let mut after = None;
    let mut found = Vec::new();
    loop {
        let page = search(&mut tx.sql(), "іван", after.as_ref(), 1).await.expect("a page");
        let Some(line) = page.into_iter().next() else { break };
        found.push(line.number);
        after = Some(After { place: line.place, id: line.id });
        assert!(found.len() < 10, "{found:?}");
    }
    found.sort_unstable();
    assert_eq!(found, [1, 2]);
});

/// A parameter of a statement whose plan is asked for.
#[derive(Clone, Copy)]
enum Bound {
    Id,
    Text(&'static str),
    Count,
}

macro_rules! plan_rows {
    ($connection:expr, $text:expr, $row:ty, $bound:expr) => {{
        let mut query = sqlx::query_as::<_, $row>(AssertSqlSafe($text));
        for bound in $bound {
            query = match bound {
                Bound::Id => query.bind(ClientId::from_u128(1)),
                Bound::Text(text) => query.bind(*text),
                Bound::Count => query.bind(20_i64),
            };
        }
        query.fetch_all(&mut **$connection).await.expect("a plan")
    }};
}

/// The plan of a statement, as the engine tells it.
async fn plan(sql: &mut Sql<'_>, text: &str, bound: &[Bound]) -> String {
    let lines: Vec<String> = match sql {
        Sql::Sqlite(connection) => {
            let text = format!("EXPLAIN QUERY PLAN {text}");
            let rows = plan_rows!(connection, text, (i64, i64, i64, String), bound);
            rows.into_iter().map(|row| row.3).collect()
        }
        Sql::Postgres(connection) => {
            let rows = plan_rows!(connection, format!("EXPLAIN {text}"), (String,), bound);
            rows.into_iter().map(|row| row.0).collect()
        }
    };
    lines.join("\n")
}

crate::each_db!(every_statement_is_a_range_of_an_index, |db| {
    let ids = Counting::default();
    let records: Vec<Record> = (1..=2_000)
        .map(|n| {
            // Letters only: words with digits have no mistyped forms.
            let letters = ["а", "б", "в", "д", "е", "ж", "з", "к", "л", "м"];
            let digits = format!("{n:05}");
            let end: String = digits.bytes().map(|d| letters[usize::from(d - b'0')]).collect();
            person(&ids, n, &format!("{end}ко"), "Олена", &format!("k{n}@example.com"))
        })
        .collect();
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), &records).await.expect("inserted");
    tx.commit().await.expect("committed");
    let is_sqlite = matches!(db, Db::Sqlite { .. });
    let mut tx = db.begin().await.expect("a transaction");
    let sql = &mut tx.sql();
    if is_sqlite {
        // Nobody tells SQLite how frequent things are: its plans must be right without.
        expect_ranges(sql, is_sqlite).await;
    }
    crate::execute!(sql, "ANALYZE").await.expect("analysed");
    expect_ranges(sql, is_sqlite).await;
});

async fn expect_ranges(sql: &mut Sql<'_>, is_sqlite: bool) {
    let (low, high) = (Bound::Text("kov"), Bound::Text("kov\u{10ffff}"));
    let mut of_many = vec![Bound::Id; 64];
    of_many.extend([low, high]);
    for (text, bound, sqlite, postgres) in [
        (PIECE, &[low, Bound::Id, high, Bound::Count][..], "PRIMARY KEY", "client_word_pkey"),
        (COUNT, &[low, high, Bound::Count], "PRIMARY KEY", "client_word_pkey"),
        (&first_entries_text(64), &of_many, "client_word_client", "client_word_client"),
        (LIKE, &[Bound::Text("abad"), Bound::Count], "PRIMARY KEY", "name_variant_pkey"),
        (&points_text(1), &[Bound::Id], "contact_point_client", "contact_point_client"),
        (ALL, &[low, Bound::Id, Bound::Count], "client_name", "client_name"),
    ] {
        let plan = plan(sql, text, bound).await;
        // The few words of one form may be sorted; a walk must come in its order.
        let no_sort = if text == LIKE { "Seq Scan" } else { "Sort" };
        let (index, forbidden) = if is_sqlite {
            (sqlite, ["SCAN c", "SCAN name_variant", "TEMP B-TREE FOR ORDER"])
        } else {
            (postgres, ["Seq Scan on c", "Seq Scan on name_variant", no_sort])
        };
        assert!(plan.contains(index), "{text}: {plan}");
        assert!(!forbidden.iter().any(|word| plan.contains(word)), "{text}: {plan}");
    }
}
