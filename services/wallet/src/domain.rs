//! What the wallet decides, and nothing else: no database, no network, no
//! clock, no chance.

pub mod books;
pub mod hold;
pub mod house;
pub mod journal;
pub mod recharge;
pub mod refusal;
pub mod spend;
pub mod wallet;

pub use books::{Ask, Books, Spent};
pub use hold::Hold;
pub use house::House;
pub use recharge::Recharge;
pub use refusal::Refusal;
pub use spend::Spend;
pub use wallet::Wallet;
