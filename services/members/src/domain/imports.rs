//! Files of an older system: rows read, judged and planned as a whole before
//! anything is written.

mod members;
mod organisation;
mod staff;

pub use members::{MEMBER_COLUMNS, MemberRow, read_members};
pub use organisation::{NODE_COLUMNS, NodeChange, Plan, plan_organisation};
pub use staff::{STAFF_COLUMNS, StaffRow, read_staff};

use std::collections::HashMap;
use std::hash::Hash;

use kernel::BadField;
use platform::import::Row;

/// What a key that must be unique in the file was seen with.
pub(crate) struct Seen<K>(HashMap<K, u64>);

impl<K: Hash + Eq> Seen<K> {
    pub(crate) fn new() -> Self {
        Self(HashMap::new())
    }

    /// Refuses a key that stood on an earlier line.
    pub(crate) fn once(&mut self, field: &str, key: K, line: u64) -> Result<(), BadField> {
        match self.0.insert(key, line) {
            None => Ok(()),
            Some(earlier) => Err(BadField::new(field, format!("stands on line {earlier} already"))),
        }
    }
}

/// A short code of the chain.
pub(crate) fn code(field: &str, text: &str) -> Result<String, BadField> {
    let good = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if (1..=40).contains(&text.len()) && text.chars().all(good) {
        Ok(text.to_owned())
    } else {
        Err(BadField::new(field, "must be 1 to 40 of A-Z, 0-9, - and _"))
    }
}

/// The cell below `name`, which must not be empty, as `parse` reads it.
pub(crate) fn required<T>(
    row: &Row<'_>,
    name: &str,
    parse: impl FnOnce(&str, &str) -> Result<T, BadField>,
) -> Result<T, BadField> {
    row.require(name).and_then(|text| parse(name, text))
}
