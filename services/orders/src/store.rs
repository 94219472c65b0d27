//! The only SQL of orders: rows in, domain values out.

pub mod catalogue;
pub mod checks;
pub mod contact_log;
pub mod due;
pub mod figures;
pub mod list;
pub mod order;
pub mod quote;
pub mod refund;
pub mod step;

use platform::{Error, inconsistent};

/// Reads a word that was kept.
fn word<T>(
    table: &'static str,
    column: &str,
    parse: impl Fn(&str) -> Option<T>,
    text: &str,
) -> Result<T, Error> {
    parse(text).ok_or_else(|| inconsistent(table, column))
}
