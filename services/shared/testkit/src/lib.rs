//! What tests and a machine without the real world need: services started on
//! databases of their own, and simulators of what the services talk to.

pub mod alipay;
pub mod chain;
mod checks;
pub mod database;
mod flaw;
pub mod house;
pub mod made_up;
pub mod messages;
pub mod otlp;
mod patience;
mod phone;
mod ports;
pub mod program;
pub mod raw;
mod running;
pub mod seed;
pub mod smtp;
pub mod tls;
pub mod vectors;
pub mod wechat;
mod written;

pub use chain::{Chain, chain};
pub use checks::ONE_BY_ONE;
pub use flaw::Flaw;
pub use house::{At, Door, Identity, staff_person};
pub use patience::until;
pub use ports::free_port;
pub use running::{Running, settings, settings_as_shipped};
pub use written::tables_that_tell;
