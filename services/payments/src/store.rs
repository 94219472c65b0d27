//! The only SQL of this service: rows in, domain values out.

pub mod attempt;
pub mod blocked;
pub mod callback;
pub mod checks;
pub mod closure;
pub mod counter_code;
pub mod credential;
pub mod drawer;
pub mod exception;
pub mod intent;
pub mod isolated;
pub mod limit;
pub mod notice;
pub mod payment;
pub mod receipt;
pub mod reconciliation;
pub mod redirection;
pub mod refund;
pub mod refused;
pub mod statement;
pub mod suspense;
pub mod takings;
pub mod transfer;
pub mod verification;

use kernel::PersonId;
use platform::{Error, Studios};
use sqlx::{Postgres, QueryBuilder};

/// The word of an enum that a row holds.
fn word<T>(table: &'static str, column: &str, found: Option<T>) -> Result<T, Error> {
    found.ok_or_else(|| platform::inconsistent(table, format!("{column} holds an unknown word")))
}

fn amount(table: &'static str, minor: i64) -> Result<kernel::Amount, Error> {
    kernel::Amount::from_minor(minor)
        .ok_or_else(|| platform::inconsistent(table, "an amount is not above zero"))
}

fn balance(table: &'static str, minor: i64) -> Result<kernel::Balance, Error> {
    kernel::Balance::from_minor(minor).ok_or_else(|| platform::inconsistent(table, "a balance is below zero"))
}

/// Narrows a list to what the caller reaches, in words that the indexes serve;
/// row level security would hide the rest all the same. The table is called `p`.
fn scope(query: &mut QueryBuilder<Postgres>, studios: &Studios, own: Option<PersonId>) {
    let Studios::Some(studios) = studios else { return };
    let ids: Vec<uuid::Uuid> = studios.iter().map(|s| s.0).collect();
    match own {
        Some(own) if ids.is_empty() => query.push(" and p.person_id = ").push_bind(own),
        Some(own) => query
            .push(" and (p.studio_id = any(")
            .push_bind(ids)
            .push(") or p.person_id = ")
            .push_bind(own)
            .push(")"),
        None => query.push(" and p.studio_id = any(").push_bind(ids).push(")"),
    };
}
