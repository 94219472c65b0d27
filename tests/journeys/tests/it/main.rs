//! Every service together.
#![cfg(test)]

mod access;
mod canary;
mod charged_twice;
mod checks;
mod complaint;
mod counters;
mod drawers;
mod evidence;
mod four_eyes;
mod guards;
mod holds;
mod house;
mod imports;
mod lost_facts;
mod people;
mod purchase;
mod scope;
mod secured;
mod shop;
mod shown_codes;
mod stored_value;
mod world;
