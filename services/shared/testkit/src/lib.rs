//! What tests and a machine without the real world need: services started on
//! databases of their own, and simulators of what the services talk to.

pub mod database;
