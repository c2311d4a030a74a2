use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{Db, StoreError, StoreOptions};

pub(super) async fn open(options: &StoreOptions) -> Result<Db, StoreError> {
    let connect = PgConnectOptions::from_str(&options.url)
        .map_err(|_| StoreError::Url)?
        .statement_cache_capacity(super::STATEMENT_CACHE)
        .application_name("rozmova");
    let pool = PgPoolOptions::new()
        .max_connections(options.connections_max)
        .acquire_timeout(Duration::from_millis(options.acquire_timeout_ms))
        .connect_with(connect)
        .await?;
    Ok(Db::Postgres(pool))
}
