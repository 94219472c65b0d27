//! Products and the versions of their terms.

mod row;
mod terms;

pub use row::{COLUMNS, Row, read};
pub use terms::{Activation, Benefit, Kind, Scope, Terms, ValidityStart, Version, in_force};
