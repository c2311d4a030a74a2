//! Numbers for people: of clients, of interactions. Gapless unless a transaction is rolled back
//! after its numbers were shown.

use super::{Sql, StoreError};
use crate::fetch_one;

/// Which numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Numbers of clients.
    Client,
    /// Numbers of interactions.
    Interaction,
}

impl Counter {
    const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Interaction => "interaction",
        }
    }
}

/// Takes the next `count` numbers and gives the first of them. Numbers begin at 1. On PostgreSQL
/// other transactions that take numbers of the same counter wait until this one has ended.
pub async fn take(sql: &mut Sql<'_>, counter: Counter, count: i64) -> Result<i64, StoreError> {
    let (last,) = fetch_one!(
        sql,
        (i64,),
        "INSERT INTO counter (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value
         RETURNING value",
        counter.name(),
        count
    )
    .await?;
    Ok(last - count + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::each_db!(numbers_follow_one_another, |db| {
        let mut tx = db.begin().await.expect("a transaction");
        assert_eq!(take(&mut tx.sql(), Counter::Client, 1).await.expect("taken"), 1);
        assert_eq!(take(&mut tx.sql(), Counter::Client, 256).await.expect("taken"), 2);
        assert_eq!(take(&mut tx.sql(), Counter::Client, 1).await.expect("taken"), 258);
        assert_eq!(take(&mut tx.sql(), Counter::Interaction, 1).await.expect("taken"), 1);
    });
}
