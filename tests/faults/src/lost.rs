//! What exactly a database lost, by every id that was in it, and whether that
//! explains what is wrong.

use std::collections::BTreeSet;

use anyhow::Result;
use checker::Violation;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use uuid::Uuid;

use crate::house::{House, SERVICES};

/// Ids as 32 hexadecimal digits.
pub type Ids = BTreeSet<String>;

/// Every id in every row of a database.
pub async fn ids(options: &PgConnectOptions) -> Result<Ids> {
    let mut connection = options.connect().await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "select quote_ident(table_name) from information_schema.tables
         where table_schema = 'public' and table_type = 'BASE TABLE'",
    )
    .fetch_all(&mut connection)
    .await?;
    let mut all = Ids::new();
    for table in tables {
        let rows = AssertSqlSafe(format!("select to_jsonb(t)::text from {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut connection).await?;
        all.extend(rows.iter().flat_map(|row| ids_in(row)));
    }
    Ok(all)
}

/// What is lost, and with it whatever a fact was about that waits for a person
/// because of that.
pub async fn with_parked(house: &House, lost: &Ids) -> Result<Ids> {
    let mut all = lost.clone();
    for service in SERVICES {
        let parked: Vec<(Uuid, String)> = sqlx::query_as("select aggregate, error from parked_events")
            .fetch_all(house.pool(service)?)
            .await?;
        let because = parked
            .into_iter()
            .filter(|(_, error)| ids_in(error).any(|id| lost.contains(&id)));
        all.extend(because.map(|(about, _)| about.simple().to_string()));
    }
    Ok(all)
}

/// The ids that a text names.
pub fn ids_in(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_ascii_hexdigit() && c != '-')
        .map(|word| word.replace('-', ""))
        .filter(|word| word.len() == 32)
}

/// Says which violations are excusable and name something that is lost; the
/// others are returned.
pub fn unexplained(
    found: &[Violation],
    lost: &Ids,
    is_excusable: impl Fn(&Violation) -> bool,
) -> Vec<String> {
    let mut strange = Vec::new();
    for violation in found {
        let text = violation.to_string();
        if is_excusable(violation) && ids_in(&text).any(|id| lost.contains(&id)) {
            println!("lost: {text}");
        } else {
            strange.push(text);
        }
    }
    strange
}
