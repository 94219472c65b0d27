//! Platform by itself, on real PostgreSQL, under a service with nothing in it.

mod claims;
mod feed;
mod scope;
mod tasks;
mod toy;
