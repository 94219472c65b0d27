//! Bills of channels: when they are asked for, and how they are taken.

pub mod fetch;
pub mod plan;
mod take;

pub use take::keep_part;

use chrono::NaiveDate;
use platform::NewTask;
use serde::{Deserialize, Serialize};

use crate::domain::reconciliation::Book;
use crate::domain::statement::{Kind, Party};

/// A bill to be fetched, or a day to be looked at, as tasks carry it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wanted {
    pub party: String,
    pub account: String,
    pub day: NaiveDate,
    #[serde(default)]
    pub kind: String,
}

impl Wanted {
    pub fn of(book: &Book, day: NaiveDate) -> Self {
        Self {
            party: book.party.word().to_owned(),
            account: book.account.clone(),
            day,
            kind: String::new(),
        }
    }

    pub fn bill(book: &Book, day: NaiveDate, kind: Kind) -> Self {
        Self {
            kind: kind.word().to_owned(),
            ..Self::of(book, day)
        }
    }

    pub fn book(&self) -> Result<Book, platform::Error> {
        let party = Party::from_word(&self.party)
            .ok_or_else(|| platform::inconsistent("tasks", "a party that nobody knows"))?;
        Ok(Book::of(party, &self.account))
    }

    pub fn kind(&self) -> Result<Kind, platform::Error> {
        Kind::from_word(&self.kind).ok_or_else(|| platform::inconsistent("tasks", "a kind that nobody knows"))
    }
}

/// What follows once a file was taken. One comparison runs at a time: each reads
/// a whole bill.
pub fn follow_up(kind: &'static str, book: &Book, day: NaiveDate) -> NewTask {
    NewTask::now(kind, book.day_id(day), &Wanted::of(book, day)).lane("reconciliation")
}
