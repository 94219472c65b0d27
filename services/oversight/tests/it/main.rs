//! oversight on a real database, with a notifications service of the test's own.
#![cfg(test)]

mod complaint;
mod notices;
mod scope;
mod world;
