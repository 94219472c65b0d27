//! Refunds on a database of its own, as the runtime role, with orders, members,
//! wallet and payments played by one small server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod approval;
mod back;
mod below;
mod case;
mod peers;
mod policy;
mod quote;
mod races;
mod undelivered;
mod world;
mod written;
