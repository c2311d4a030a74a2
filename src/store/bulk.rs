//! Many rows in one statement: a row costs a few microseconds in the engine and thirty in the
//! round trip to it.
//!
//! Rows go out in chunks of a few fixed sizes, so that there are at most fourteen texts per insert
//! and the connections' statement caches hold those in use.

use std::fmt::Write;

/// Sizes of a chunk, largest first: 2ⁿ and 3·2ⁿ, so that 31 rows take three statements and not the
/// five of powers of two alone. 128 rows of 24 columns stay under SQLite's limit of 32,766
/// parameters.
const CHUNK_ROWS: [usize; 14] = [128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1];

/// The largest chunk.
pub const CHUNK_ROWS_MAX: usize = CHUNK_ROWS[0];

/// Splits `count` rows into chunk sizes, largest first.
pub fn chunks(count: usize) -> impl Iterator<Item = usize> {
    let mut left = count;
    std::iter::from_fn(move || {
        let size = CHUNK_ROWS.into_iter().find(|&size| size <= left)?;
        left -= size;
        Some(size)
    })
}

/// How the parameters of a generated text are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameters {
    /// `$1, $2`: PostgreSQL.
    Numbered,
    /// `?, ?`: SQLite, which looks a number up among all the parameters before it for each that is
    /// bound: a thousand of them cost half a million steps.
    InOrder,
}

/// `INSERT INTO t (a, b) VALUES ` + `($1,$2),($3,$4)` + ` ON CONFLICT …`.
pub fn text(parameters: Parameters, head: &str, columns: usize, rows: usize, tail: &str) -> String {
    let mut text = String::with_capacity(head.len() + tail.len() + rows * columns * 6);
    text.push_str(head);
    let mut number = 0;
    for row in 0..rows {
        text.push_str(if row == 0 { " (" } else { ", (" });
        for column in 0..columns {
            number += 1;
            text.push_str(if column == 0 { "" } else { ", " });
            match parameters {
                Parameters::Numbered => drop(write!(text, "${number}")),
                Parameters::InOrder => text.push('?'),
            }
        }
        text.push(')');
    }
    text.push(' ');
    text.push_str(tail);
    text
}

/// Inserts `$rows` (a slice) with as few statements as possible.
///
/// `insert_rows!(sql, "INSERT INTO t (a, b) VALUES", 2, "ON CONFLICT DO NOTHING", &rows,
/// row => row.a, &row.b)` gives the number of rows inserted.
#[macro_export]
macro_rules! insert_rows {
    ($sql:expr, $head:literal, $columns:literal, $tail:literal, $rows:expr,
     $row:ident => $($bind:expr),+ $(,)?) => {
        async {
            let mut rest = $rows;
            let mut inserted = 0_u64;
            for size in $crate::store::bulk::chunks(rest.len()) {
                let (chunk, after) = rest.split_at(size);
                rest = after;
                // Only literals and parameter numbers are in the text.
                let text = sqlx::AssertSqlSafe(
                    $crate::store::bulk::text($sql.parameters(), $head, $columns, size, $tail));
                inserted += $crate::on_engine!($sql, connection => {
                    let mut query = sqlx::query(text);
                    for $row in chunk {
                        query = query$(.bind($bind))+;
                    }
                    query.execute(connection).await
                        .map(|done| done.rows_affected())
                        .map_err($crate::store::StoreError::from)
                })?;
            }
            Ok::<u64, $crate::store::StoreError>(inserted)
        }
    };
}

/// `SELECT … WHERE k IN` + ` ($1, $2)` + ` ORDER BY …`.
pub fn in_text(parameters: Parameters, head: &str, keys: usize, tail: &str) -> String {
    text(parameters, head, keys, 1, tail)
}

/// Fetches the rows of many keys with as few statements as possible.
///
/// `fetch_in!(sql, Row, "SELECT a, b FROM t WHERE a IN", "ORDER BY a", &keys, key => key.as_str())`
/// gives a `Vec<Row>`; an order holds within a chunk only.
#[macro_export]
macro_rules! fetch_in {
    ($sql:expr, $row:ty, $head:literal, $tail:literal, $keys:expr, $key:ident => $bind:expr) => {
        async {
            let mut rest = $keys;
            let mut found: Vec<$row> = Vec::new();
            for size in $crate::store::bulk::chunks(rest.len()) {
                let (chunk, after) = rest.split_at(size);
                rest = after;
                // Only literals and parameter numbers are in the text.
                let text = sqlx::AssertSqlSafe(
                    $crate::store::bulk::in_text($sql.parameters(), $head, size, $tail));
                let rows = $crate::on_engine!($sql, connection => {
                    let mut query = sqlx::query_as::<_, $row>(text);
                    for $key in chunk {
                        query = query.bind($bind);
                    }
                    query.fetch_all(connection).await
                        .map_err($crate::store::StoreError::from)
                })?;
                found.extend(rows);
            }
            Ok::<Vec<$row>, $crate::store::StoreError>(found)
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_few_and_add_up() {
        assert_eq!(chunks(0).count(), 0);
        assert_eq!(chunks(300).collect::<Vec<_>>(), [128, 128, 32, 12]);
        assert_eq!(chunks(31).collect::<Vec<_>>(), [24, 6, 1]);
        for count in 1..1000 {
            assert_eq!(chunks(count).sum::<usize>(), count);
        }
    }

    #[test]
    fn parameters_are_written_as_the_engine_wants_them() {
        assert_eq!(
            text(
                Parameters::Numbered,
                "INSERT INTO t (a, b) VALUES",
                2,
                2,
                "ON CONFLICT DO NOTHING"
            ),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING"
        );
        assert_eq!(
            in_text(Parameters::Numbered, "SELECT a FROM t WHERE a IN", 3, "ORDER BY a"),
            "SELECT a FROM t WHERE a IN ($1, $2, $3) ORDER BY a"
        );
        assert_eq!(
            in_text(Parameters::InOrder, "SELECT a FROM t WHERE a IN", 3, "ORDER BY a"),
            "SELECT a FROM t WHERE a IN (?, ?, ?) ORDER BY a"
        );
    }
}
