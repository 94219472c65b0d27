//! Ours against theirs: what agrees, and of what type each difference is. A day
//! is matched when its bills are there, judged when the next day's are, since a
//! payment at midnight may stand in either, and closed by two persons.

pub mod day;
pub mod difference;
pub mod funds;
pub mod settlement;
pub mod trades;

use chrono::NaiveDate;
use kernel::{PersonId, fresh_uuid};
use uuid::Uuid;

use super::statement::Party;

/// An account whose lines are held against ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    pub id: Uuid,
    pub party: Party,
    /// Its name in the configuration.
    pub account: String,
}

impl Book {
    pub fn of(party: Party, account: &str) -> Self {
        Self {
            id: Uuid::new_v5(
                &Uuid::NAMESPACE_OID,
                format!("{} {account}", party.word()).as_bytes(),
            ),
            party,
            account: account.to_owned(),
        }
    }

    /// The id of one of its days, for facts and tasks.
    pub fn day_id(&self, day: NaiveDate) -> Uuid {
        kernel::derived_uuid(self.id, &day.to_string())
    }
}

/// Whose key seals a file: the file's own.
pub fn key_of(statement: Uuid) -> PersonId {
    PersonId(statement)
}

/// An id for a file, whose time is in front.
pub fn fresh_statement() -> Uuid {
    fresh_uuid()
}
