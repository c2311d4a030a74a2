use serde::{Deserialize, Serialize};

use super::Problem;
use crate::store::StoreOptions;

/// The database.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// `sqlite:PATH` (created on first start) or `postgres://user:password@host/database`.
    pub url: String,
    /// Connections for reading (SQLite) or for everything (PostgreSQL).
    pub connections_max: u32,
    /// Milliseconds that a request waits for a connection before it is answered 503.
    pub acquire_timeout_ms: u64,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:data/rozmova.db".to_owned(),
            connections_max: 8,
            acquire_timeout_ms: 5_000,
        }
    }
}

/// Shows where the store is, but not the password in its URL.
impl std::fmt::Debug for StoreConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("StoreConfig")
            .field("url", &self.shown_url())
            .finish_non_exhaustive()
    }
}

impl StoreConfig {
    /// What opening the store takes.
    pub fn options(&self) -> StoreOptions {
        StoreOptions {
            url: self.url.clone(),
            connections_max: self.connections_max,
            acquire_timeout_ms: self.acquire_timeout_ms,
        }
    }

    /// The URL without user and password.
    pub fn shown_url(&self) -> String {
        match (self.url.split_once("://"), self.url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, place))) => format!("{scheme}://{place}"),
            _ => self.url.clone(),
        }
    }

    pub(super) fn problems(&self, found: &mut Vec<Problem>) {
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if !known.iter().any(|scheme| self.url.starts_with(scheme)) {
            found.push(Problem::new(
                "store.url",
                "write sqlite:PATH or postgres://user:password@host/database",
            ));
        }
        if self.connections_max == 0 {
            found.push(Problem::new("store.connections_max", "must be 1 or more"));
        }
        if self.acquire_timeout_ms == 0 {
            found.push(Problem::new("store.acquire_timeout_ms", "must be 1 or more"));
        }
    }
}
