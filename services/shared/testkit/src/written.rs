//! Looks through a whole database for words that it must not hold in the clear.

use sqlx::{AssertSqlSafe, PgPool};

/// The tables that hold `words`: as text, in JSON, or as bytes of a message.
///
/// # Panics
/// When the database cannot be read.
pub async fn tables_that_tell(pool: &PgPool, words: &str) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables
         where table_schema = 'public' and table_type = 'BASE TABLE' order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap_or_else(|error| panic!("no tables to look through: {error}"));
    let mut telling = Vec::new();
    for table in tables {
        let sql = format!(
            "select exists (select from {table} t where strpos(t::text, $1) > 0
             or strpos(t::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0)"
        );
        let tells: bool = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(words)
            .fetch_one(pool)
            .await
            .unwrap_or_else(|error| panic!("{table} cannot be looked through: {error}"));
        if tells {
            telling.push(table);
        }
    }
    telling
}
