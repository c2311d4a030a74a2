//! How often mail may open closed interactions again. Two programs that answer each other must not
//! keep an agent busy: beyond a number within an hour, by one sender or in one interaction, the
//! mail is kept in its thread and the interaction opens when the hour is over. Nothing is lost, it
//! only waits.

use rozmova_base::Timestamp;
use rozmova_base::id::InteractionId;

use super::{arrival_anew, store};
use crate::dispatch::Dispatch;
use crate::routing::RoutingNow;
use crate::store::{Db, StoreError};

/// The hour within which openings are counted.
pub const WINDOW_MS: i64 = 3_600_000;
/// Interactions opened in one go.
const RELEASED_MAX: i64 = 50;

/// Openings since a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Openings {
    /// Since when.
    pub window_began_at: Timestamp,
    /// How many.
    pub count: i64,
}

/// Under which openings by a sender are counted.
pub fn of_sender(key: &str) -> String {
    format!("sender:{key}")
}

/// Under which openings of an interaction are counted.
pub fn of_interaction(id: InteractionId) -> String {
    format!("interaction:{id}")
}

/// With one more; the time at which there may be one, when there have been enough.
pub fn one_more(before: Option<Openings>, now: Timestamp, max: i64) -> Result<Openings, Timestamp> {
    match before {
        Some(Openings { window_began_at, count })
            if now.millis_since(window_began_at) < WINDOW_MS =>
        {
            if count < max {
                Ok(Openings { window_began_at, count: count + 1 })
            } else {
                Err(window_began_at.plus_millis(WINDOW_MS))
            }
        }
        Some(_) | None => Ok(Openings { window_began_at: now, count: 1 }),
    }
}

/// Opens what has waited long enough; gives how many.
pub async fn release(
    db: &Db,
    dispatch: &Dispatch,
    routing: &RoutingNow,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let due = {
        let mut connection = db.read().await?;
        store::held_until(&mut connection.sql(), now, RELEASED_MAX).await?
    };
    for interaction in &due {
        let mut turn = dispatch.journal().begin().await?;
        store::let_go(&mut turn.sql(), *interaction).await?;
        let is_over = crate::message::store::is_over(&mut turn.sql(), *interaction).await?;
        if is_over
            && let Some(arrived) =
                arrival_anew(&mut turn.sql(), &routing.get(), *interaction).await?
        {
            turn.append(arrived);
        }
        for verdict in turn.commit().await? {
            if let Err(error) = verdict.wait().await {
                tracing::error!(%interaction, %error, "An interaction did not open again");
            }
        }
    }
    Ok(due.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_so_many_openings_and_no_more() {
        let start = Timestamp::from_seconds(1_700_000_000);
        let mut openings = None;
        for minute in 0..3 {
            let now = start.plus_millis(minute * 60_000);
            openings = Some(one_more(openings, now, 3).expect("three are allowed"));
        }
        let later = start.plus_millis(WINDOW_MS - 1);
        assert_eq!(one_more(openings, later, 3), Err(start.plus_millis(WINDOW_MS)));
        let over = start.plus_millis(WINDOW_MS);
        assert_eq!(one_more(openings, over, 3).map(|one| one.count), Ok(1));
    }
}
