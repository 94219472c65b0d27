//! Orders on a real database, as the runtime role; members, payments and
//! wallet are played by one small server.
#![cfg(test)]

mod acceptance;
mod application;
mod approval;
mod cancel;
mod catalogue;
mod doors;
mod fulfilment;
mod peers;
mod qr;
mod races;
mod refund;
mod review;
mod timers;
mod trace;
mod wallet;
mod words;
mod world;
