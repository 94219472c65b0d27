//! Ids, money and the clock: what every service means by the same word. No
//! I/O and no business noun lives here.

mod bad_field;
mod clock;
mod ids;
mod money;

pub use bad_field::{BadField, Invalid};
pub use clock::{BusinessDay, Clock, Timestamp, from_proto_time, to_proto_time};
pub use ids::*;
pub use money::{Amount, Balance, CURRENCY, NotYuan, Rounding, allocate, fen_from_yuan, portion, yuan_text};
