//! Both databases have the same tables, columns, keys and indexes: read from their own catalogues.

use std::collections::BTreeSet;

use super::{Connection, Db, Sql, StoreError, testing};
use crate::fetch_all;

/// One fact about a schema, in words that both engines share.
type Facts = BTreeSet<String>;

const SQLITE_COLUMNS: &str = "SELECT t.name, c.name, c.type,
        CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN 'NO' ELSE 'YES' END
     FROM sqlite_master t JOIN pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'";
const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text, udt_name::text,
        is_nullable::text
     FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'";

const SQLITE_PRIMARY_KEYS: &str = "SELECT t.name, c.name, c.pk
     FROM sqlite_master t JOIN pragma_table_info(t.name) c
     WHERE t.type = 'table' AND c.pk > 0 AND t.name <> '_sqlx_migrations'";
const POSTGRES_PRIMARY_KEYS: &str = "SELECT t.relname::text, a.attname::text, p.position
     FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
     CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS p(number, position)
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.number
     WHERE k.contype = 'p' AND t.relname <> '_sqlx_migrations'
        AND t.relnamespace = 'public'::regnamespace";

const SQLITE_FOREIGN_KEYS: &str = "SELECT t.name, k.\"from\", k.\"table\"
     FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table'";
const POSTGRES_FOREIGN_KEYS: &str = "SELECT t.relname::text, a.attname::text, f.relname::text
     FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
     JOIN pg_class f ON f.oid = k.confrelid
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1]
     WHERE k.contype = 'f' AND t.relnamespace = 'public'::regnamespace";

const SQLITE_INDEXES: &str = "SELECT x.name, c.name, c.seqno + 1
     FROM sqlite_master x JOIN pragma_index_info(x.name) c
     WHERE x.type = 'index' AND x.sql IS NOT NULL";
const POSTGRES_INDEXES: &str = "SELECT i.relname::text, a.attname::text, p.position
     FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
     CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS p(number, position)
     JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = p.number
     WHERE i.relnamespace = 'public'::regnamespace AND i.relname <> '_sqlx_migrations_pkey'
        AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.oid)";

const SQLITE_UNIQUE: &str = "SELECT t.name, c.name, x.name
     FROM sqlite_master t JOIN pragma_index_list(t.name) x JOIN pragma_index_info(x.name) c
     WHERE t.type = 'table' AND x.origin = 'u'";
const POSTGRES_UNIQUE: &str = "SELECT t.relname::text, a.attname::text, k.conname::text
     FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
     CROSS JOIN LATERAL unnest(k.conkey) AS p(number)
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.number
     WHERE k.contype = 'u' AND t.relnamespace = 'public'::regnamespace";

#[tokio::test]
async fn both_schemas_are_equal() {
    let Some(url) = testing::postgres_url() else {
        assert!(std::env::var_os("ROZMOVA_TEST_REQUIRE_POSTGRES").is_none());
        eprintln!("skipped: ROZMOVA_TEST_POSTGRES_URL names no PostgreSQL server");
        return;
    };
    let (sqlite, folder) = testing::sqlite().await.expect("a store");
    let postgres = testing::postgres(&url).await.expect("a store");
    let (left, right) = (facts(&sqlite).await, facts(&postgres).await);
    let (left, right) = (left.expect("a catalogue"), right.expect("a catalogue"));
    assert!(left.len() > 200, "only {} facts: the catalogue was not read", left.len());
    let sqlite_only: Vec<&String> = left.difference(&right).collect();
    let postgres_only: Vec<&String> = right.difference(&left).collect();
    assert!(
        sqlite_only.is_empty() && postgres_only.is_empty(),
        "only in SQLite: {sqlite_only:#?}, only in PostgreSQL: {postgres_only:#?}"
    );
    sqlite.close().await;
    postgres.close().await;
    std::fs::remove_dir_all(folder).expect("the scratch folder");
}

async fn facts(db: &Db) -> Result<Facts, StoreError> {
    let mut connection: Connection = db.read().await?;
    let is_sqlite = matches!(db, Db::Sqlite { .. });
    let pick = |sqlite, postgres| if is_sqlite { sqlite } else { postgres };
    let mut facts = Facts::new();
    let sql: &mut Sql<'_> = &mut connection.sql();
    let text: &'static str = pick(SQLITE_COLUMNS, POSTGRES_COLUMNS);
    for (table, column, kind, nullable) in
        fetch_all!(sql, (String, String, String, String), text).await?
    {
        facts.insert(format!("{table}.{column} {} nullable {nullable}", class(&kind)));
    }
    for (what, text) in [
        ("primary key", pick(SQLITE_PRIMARY_KEYS, POSTGRES_PRIMARY_KEYS)),
        ("index", pick(SQLITE_INDEXES, POSTGRES_INDEXES)),
    ] {
        for (name, column, position) in fetch_all!(sql, (String, String, i64), text).await? {
            facts.insert(format!("{what} {name}: {column} at {position}"));
        }
    }
    let text: &'static str = pick(SQLITE_FOREIGN_KEYS, POSTGRES_FOREIGN_KEYS);
    for (table, column, target) in fetch_all!(sql, (String, String, String), text).await? {
        facts.insert(format!("{table}.{column} refers to {target}"));
    }
    let text: &'static str = pick(SQLITE_UNIQUE, POSTGRES_UNIQUE);
    for (table, column, _) in fetch_all!(sql, (String, String, String), text).await? {
        facts.insert(format!("{table}.{column} unique"));
    }
    Ok(facts)
}

/// The classes of types that correspond: see migrations/README.md.
fn class(kind: &str) -> &'static str {
    match kind {
        "INTEGER" | "int8" | "int2" => "integer",
        "BLOB" | "uuid" | "bytea" => "bytes",
        "TEXT" | "text" => "text",
        _ => "of a type that migrations/README.md does not know",
    }
}
