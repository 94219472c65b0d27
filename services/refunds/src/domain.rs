//! What refunds decides, and nothing else: no database, no network, no clock,
//! no chance.

pub mod case;
pub mod leg;
pub mod order;
pub mod policy;
pub mod quote;
pub mod refusal;
mod words;

pub use case::Case;
pub use leg::Leg;
pub use order::Order;
pub use policy::Policy;
pub use quote::Quote;
pub use refusal::Refusal;
