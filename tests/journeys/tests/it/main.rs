//! Every service together.
#![cfg(test)]

mod complaint;
mod guards;
mod house;
mod imports;
mod people;
mod purchase;
mod scope;
mod shop;
mod stored_value;
mod world;
