use super::*;
use crate::client::store::{Record, insert};
use crate::client::testing::{Counting, person};

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
            after = Some(After { name_key: last.name_key.clone(), id: last.id });
            numbers.extend(page.iter().map(|line| line.number));
        }
        assert_eq!(numbers.len(), expected, "{query}");
        assert!(numbers.is_sorted(), "{query}");
    }
});
