//! Every service together.
#![cfg(test)]

mod access;
mod canary;
mod complaint;
mod house;
mod imports;
mod lost_facts;
mod people;
mod purchase;
mod secured;
mod shop;
mod stored_value;
mod world;
