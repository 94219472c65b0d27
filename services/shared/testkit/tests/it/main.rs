//! The test kit, and those parts of platform that need nothing but a database.
#![cfg(test)]

mod alipay;
mod database;
mod otlp;
mod smtp;
mod vault;
mod wechat;
