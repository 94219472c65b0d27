//! Cards, benefits, holds and what refunds took back.

mod benefit;
mod card;
mod hold;
mod revocation;
mod uses;

pub use benefit::{begin_benefits, benefits_of, end_benefits, find_benefit, get_benefit};
pub use card::{Filter, find_by_order, get, insert, list, lock, save};
pub use hold::{insert_hold, lock_hold, release_all, save_hold};
pub use revocation::{Revocation, insert_revocation, revocation};
pub use uses::{free, hold, redeem, take, take_back};
