//! One text, two engines: the same query is compiled once for each and chosen at run time.

/// Runs an expression with `$connection` bound to the connection of whichever engine is open.
#[macro_export]
macro_rules! on_engine {
    ($sql:expr, $connection:ident => $body:expr) => {
        match $sql {
            $crate::store::Sql::Sqlite($connection) => {
                let $connection = &mut **$connection;
                $body
            }
            $crate::store::Sql::Postgres($connection) => {
                let $connection = &mut **$connection;
                $body
            }
        }
    };
}

/// `execute!(sql, "UPDATE …", a, b).await?` gives the number of rows touched.
#[macro_export]
macro_rules! execute {
    ($sql:expr, $text:expr $(, $bind:expr)* $(,)?) => {
        async {
            $crate::on_engine!($sql, connection =>
                sqlx::query($text)$(.bind($bind))*
                    .execute(connection).await
                    .map(|done| done.rows_affected())
                    .map_err($crate::store::StoreError::from))
        }
    };
}

/// `fetch_all!(sql, Row, "SELECT …", a, b).await?` gives a `Vec<Row>`; `Row` is a
/// `#[derive(sqlx::FromRow)]` struct or a tuple.
#[macro_export]
macro_rules! fetch_all {
    ($sql:expr, $row:ty, $text:expr $(, $bind:expr)* $(,)?) => {
        async {
            $crate::on_engine!($sql, connection =>
                sqlx::query_as::<_, $row>($text)$(.bind($bind))*
                    .fetch_all(connection).await
                    .map_err($crate::store::StoreError::from))
        }
    };
}

/// As [`fetch_all!`], giving an `Option<Row>`.
#[macro_export]
macro_rules! fetch_optional {
    ($sql:expr, $row:ty, $text:expr $(, $bind:expr)* $(,)?) => {
        async {
            $crate::on_engine!($sql, connection =>
                sqlx::query_as::<_, $row>($text)$(.bind($bind))*
                    .fetch_optional(connection).await
                    .map_err($crate::store::StoreError::from))
        }
    };
}

/// As [`fetch_all!`], giving the one row that must be there.
#[macro_export]
macro_rules! fetch_one {
    ($sql:expr, $row:ty, $text:expr $(, $bind:expr)* $(,)?) => {
        async {
            $crate::on_engine!($sql, connection =>
                sqlx::query_as::<_, $row>($text)$(.bind($bind))*
                    .fetch_one(connection).await
                    .map_err($crate::store::StoreError::from))
        }
    };
}
