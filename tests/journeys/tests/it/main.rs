//! Every service together.
#![cfg(test)]

mod access;
mod complaint;
mod house;
mod imports;
mod people;
mod purchase;
mod secured;
mod shop;
mod stored_value;
mod world;
