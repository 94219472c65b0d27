//! The wallet on a database of its own, as the runtime role, with payments
//! played by a small server.
#![cfg(test)]

mod audit;
mod books;
mod evidence;
mod freeze;
mod holds;
mod model;
mod one_row;
mod payments;
mod queue;
mod races;
mod recharge;
mod rejected;
mod returns;
mod spend;
mod together;
mod world;
mod written;
