//! payments against a real PostgreSQL and the channel simulator, which shares
//! no code with the adapter.

#![cfg(test)]

mod access;
mod alipay;
mod belts;
mod books;
mod breaking;
mod callbacks;
mod charging;
mod closing;
mod closures;
mod collecting;
mod counter_codes;
mod credentials;
mod doubling;
mod drawers;
mod erasing;
mod exceptions;
mod in_app;
mod limits;
mod notices;
mod payers;
mod people;
mod phone;
mod played;
mod races;
mod receipts;
mod reconciling;
mod redirecting;
mod refunding;
mod routing;
mod strange;
mod takings;
mod tracing;
mod transfers;
mod verifying;
mod wechat;
mod world;
