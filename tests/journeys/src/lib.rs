//! The steps of whole journeys, as requests that members and staff make of the
//! services: for the tests of this crate, which walk them in one process, and
//! for those that break things on the way.

mod ask;
pub mod people;
pub mod steps;

pub use ask::{ask, service_of};
pub use testkit::seed;
