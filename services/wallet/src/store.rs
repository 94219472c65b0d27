//! The only SQL of the wallet: rows in, domain values out.

pub mod checks;
pub mod holds;
pub mod journal;
pub mod recharges;
pub mod spends;
pub mod wallets;
