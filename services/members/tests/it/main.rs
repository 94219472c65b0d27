//! Members on a database of its own, as the runtime role.
#![cfg(test)]

mod activation;
mod benefits;
mod cards;
mod checkins;
mod doors;
mod imports;
mod people;
mod reviews;
mod rows;
mod sign_in;
mod staff;
mod tokens;
mod world;
