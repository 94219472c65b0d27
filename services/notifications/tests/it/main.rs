//! notifications on a real database, with a mail server and members of the
//! test's own.
#![cfg(test)]

mod codes;
mod doors;
mod exceptions;
mod journey;
mod mails;
mod members;
mod money;
mod orders;
mod world;
