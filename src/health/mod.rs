//! How the parts of the server fare: channels report, the desk and `/api/v1/health` show it.

pub mod api;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use channel_contract::{Health, HealthState};
use rozmova_base::Timestamp;

/// The last report of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it said.
    pub health: Health,
    /// Since when it has been in this state.
    pub since: Timestamp,
}

/// The last report of every part, by name. Shared by all tasks.
#[derive(Debug, Default)]
pub struct HealthBoard(Mutex<BTreeMap<String, Report>>);

impl HealthBoard {
    /// Notes how a part fares. `true` when that differs from what it said before, so that the
    /// caller tells the desks.
    pub fn report(&self, part: &str, health: Health, now: Timestamp) -> bool {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match parts.get(part) {
            Some(before) if before.health == health => return false,
            Some(before) if before.health.state == health.state => before.since,
            Some(_) | None => now,
        };
        parts.insert(part.to_owned(), Report { health, since });
        true
    }

    /// All parts by name.
    pub fn reports(&self) -> BTreeMap<String, Report> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The names of the parts that do not work.
    pub fn down(&self) -> Vec<String> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let down = parts.iter().filter(|(_, report)| report.health.state == HealthState::Down);
        down.map(|(part, _)| part.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(state: HealthState, detail: &str) -> Health {
        Health { state, detail: detail.to_owned() }
    }

    #[test]
    fn the_time_is_that_of_the_last_change_of_state() {
        let board = HealthBoard::default();
        assert!(board.report("smtp", health(HealthState::Up, ""), Timestamp(1)));
        assert!(!board.report("smtp", health(HealthState::Up, ""), Timestamp(2)));
        assert!(board.report("smtp", health(HealthState::Up, "2 connections"), Timestamp(3)));
        assert_eq!(board.reports()["smtp"].since, Timestamp(1));
        assert!(board.report("smtp", health(HealthState::Down, "port taken"), Timestamp(4)));
        assert_eq!(board.reports()["smtp"].since, Timestamp(4));
        assert_eq!(board.down(), ["smtp"]);
    }
}
