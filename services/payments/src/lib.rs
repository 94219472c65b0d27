//! payments.

pub mod channel;
pub mod config;
mod domain;
mod words;
