//! Platform by itself, on real PostgreSQL, under a service with nothing in it.
#![cfg(test)]

mod audit;
mod checks;
mod claims;
mod divergence;
mod feed;
mod hints;
mod limits;
mod mtls;
mod operations;
mod pair;
mod parked;
mod process;
mod redis;
mod retention;
mod scope;
mod strange;
mod tasks;
mod toy;
mod traces;
