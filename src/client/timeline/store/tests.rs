use rozmova_base::id::{IdMaker, QueueId};

use super::*;
use crate::client::store::insert;
use crate::client::testing::{Counting, person, user};
use crate::execute;

async fn interaction(sql: &mut Sql<'_>, id: InteractionId, client: ClientId, number: i64) {
    execute!(
        sql,
        "INSERT INTO interaction (id, number, medium, direction, state, subject, client_id,
            identified_by, candidates, from_name, from_address, from_key, mailbox, queue_id,
            priority, received_at, last_message_at, unread, readable, disposition_note,
            event_sequence)
         VALUES ($1, $2, 'email', 'inbound', 'active', 'Картка', $3, 'email', 1, '', '', '', '',
            $4, 0, 0, 0, 0, 1, '', 0)",
        id,
        number,
        client,
        QueueId::from_u128(1)
    )
    .await
    .expect("an interaction");
}

async fn message(sql: &mut Sql<'_>, ids: &dyn IdMaker, interaction: InteractionId, at: i64) {
    execute!(
        sql,
        "INSERT INTO message (id, interaction_id, kind, direction, medium, channel, at, from_name,
            from_address, recipients, subject, body, has_html, raw_bytes, reference_ids,
            authentication, defects, readable, automatic)
         VALUES ($1, $2, 'message', 'inbound', 'email', 'smtp', $3, '', '', '', '', $4, 0, 0, '',
            '', '', 1, 0)",
        MessageId::make(ids),
        interaction,
        Timestamp::from_seconds(at),
        "ї".repeat(5_000)
    )
    .await
    .expect("a message");
}

crate::each_db!(a_timeline_is_newest_first_and_complete_over_its_pages, |db| {
    let ids = Counting::default();
    let record = person(&ids, 1, "Шевченко", "Олена", "olena@example.com");
    let other = person(&ids, 2, "Коваль", "Іван", "ivan@example.com");
    let client = record.client.id;
    let mut tx = db.begin().await.expect("a transaction");
    insert(&mut tx.sql(), &[record, other.clone()]).await.expect("inserted");
    let agent = user(&mut tx.sql(), &ids).await;
    let (first, second) = (InteractionId::make(&ids), InteractionId::make(&ids));
    interaction(&mut tx.sql(), first, client, 1).await;
    interaction(&mut tx.sql(), second, other.client.id, 2).await;
    for at in [10, 20, 20, 30] {
        message(&mut tx.sql(), &ids, first, at).await;
        message(&mut tx.sql(), &ids, second, at).await;
    }
    execute!(
        &mut tx.sql(),
        "UPDATE interaction SET state = 'closed', closed_at = $1, agent_id = $2 WHERE id = $3",
        Timestamp::from_seconds(25),
        agent,
        first
    )
    .await
    .expect("closed");
    let mut seen = Vec::new();
    let mut before = Before::NEWEST;
    loop {
        let page = list(&mut tx.sql(), &Reach::All, client, "", before, 2).await.expect("a page");
        let Some(last) = page.last() else { break };
        before = Before { at: last.at, id: last.id };
        seen.extend(page);
    }
    let times: Vec<i64> = seen.iter().map(|entry| entry.at.as_seconds()).collect();
    assert_eq!(times, [30, 25, 20, 20, 10]);
    assert_eq!(seen[1].message_id, None);
    assert_eq!(seen[1].author_id, Some(agent));
    assert!(seen.iter().all(|entry| entry.interaction_id == first));
    let excerpt = seen[0].excerpt.as_ref().expect("a text");
    assert_eq!(excerpt.chars().count(), EXCERPT_CHARS as usize);
    let none = list(&mut tx.sql(), &Reach::All, client, "voice", Before::NEWEST, 9).await;
    let none = none.expect("a page");
    assert!(none.is_empty());
});
