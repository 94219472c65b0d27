//! Platform by itself, on real PostgreSQL, under a service with nothing in it.
#![cfg(test)]

mod claims;
mod feed;
mod hints;
mod limits;
mod mtls;
mod operations;
mod parked;
mod process;
mod redis;
mod scope;
mod tasks;
mod toy;
mod traces;
