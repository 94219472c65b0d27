//! payments against a real PostgreSQL and the channel simulator, which shares
//! no code with the adapter.

#![cfg(test)]

mod access;
mod alipay;
mod belts;
mod books;
mod callbacks;
mod charging;
mod closing;
mod collecting;
mod drawers;
mod erasing;
mod in_app;
mod notices;
mod played;
mod races;
mod reconciling;
mod refunding;
mod strange;
mod tracing;
mod wechat;
mod world;
