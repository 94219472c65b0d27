//! People. Personal values are sealed here on their way in and opened on
//! their way out, nowhere else.

mod consents;
mod insert;
mod read;
mod values;

pub use consents::{marketing_allowed, record_consent};
pub use insert::{insert, update};
pub use read::{find_by_id_number, find_by_phone, get, holds, list};
pub use values::{Values, open, phone_index};
