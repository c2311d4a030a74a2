//! Lists in pages by keyset: the cursor holds the key of the last row, so that a page costs the
//! same wherever it lies and rows that come in between move nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::ApiError;

/// Rows of a page when the caller says nothing.
const LIMIT_DEFAULT: u32 = 50;
/// Most rows of a page: what a desk can show and a phone line carry.
pub const LIMIT_MAX: u32 = 200;

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Give this as `cursor` for the next page; `null`: this was the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, into: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(into).collect(), next: self.next }
    }
}

/// Which page. Beside a query of the feature's own take two: `Query<Filter>, Query<PageQuery>`.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct PageQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

impl PageQuery {
    /// The key behind which the page begins; `None`: at the beginning.
    pub fn after<K: DeserializeOwned>(&self) -> Result<Option<K>, ApiError> {
        let Some(cursor) = self.cursor.as_deref().filter(|cursor| !cursor.is_empty()) else {
            return Ok(None);
        };
        let key = URL_SAFE_NO_PAD.decode(cursor).ok();
        let key = key.and_then(|json| serde_json::from_slice(&json).ok());
        let message = "this is not the \"next\" of a page of this list; begin without a cursor";
        key.map(Some).ok_or_else(|| ApiError::invalid("cursor", message))
    }

    /// How many rows the page has at most.
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX) as usize
    }

    /// How many rows to read: one more than the page has, to see whether there is another page.
    pub fn fetch(&self) -> i64 {
        self.limit() as i64 + 1
    }

    /// Makes the page of [`PageQuery::fetch`] rows; `key` gives what the next page begins behind.
    pub fn page<T, K: Serialize>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Page<T> {
        let is_more = rows.len() > self.limit();
        rows.truncate(self.limit());
        let last = rows.last().filter(|_| is_more);
        let next = last.and_then(|row| serde_json::to_vec(&key(row)).ok());
        Page { next: next.map(|json| URL_SAFE_NO_PAD.encode(json)), items: rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_without_gap_or_repetition() {
        let all: Vec<u32> = (1..=5).collect();
        let mut query = PageQuery { cursor: None, limit: Some(2) };
        let mut seen = Vec::new();
        loop {
            let after = query.after::<u32>().expect("our own cursor").unwrap_or(0);
            let rows = all.iter().copied().filter(|row| *row > after);
            let page = query.page(rows.take(query.fetch() as usize).collect(), |row| *row);
            seen.extend(page.items);
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn foreign_cursors_and_absurd_limits_are_met() {
        let query = PageQuery { cursor: Some("!".to_owned()), limit: Some(0) };
        assert_eq!(query.after::<u32>().expect_err("no cursor").field.as_deref(), Some("cursor"));
        assert_eq!(query.limit(), 1);
        assert_eq!(PageQuery { limit: Some(9_999), ..query }.limit(), LIMIT_MAX as usize);
    }
}
