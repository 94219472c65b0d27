//! What an order shall do out of the ordinary, so that every accident of the
//! real channel can be had on purpose.

use serde::{Deserialize, Serialize};

/// The accidents of one order. The default is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// No callback is ever sent.
    pub lose_callback: bool,
    /// Each callback is sent so many times more.
    pub duplicate_callback: u32,
    /// Callbacks wait so long after the event, in milliseconds.
    pub delay_callback_ms: u64,
    /// So many forged callbacks come before the true ones.
    pub forged: Vec<Forgery>,
    /// Queries and callbacks tell an amount that is off by so many fen.
    pub amount_off_by: i64,
    /// Calls about this order go wrong, the first of each kind first.
    pub faults: Vec<Fault>,
    /// How a refund of this order ends.
    pub refund_ends: RefundEnd,
    /// Refunds are refused because the balance does not suffice.
    pub refund_not_enough: bool,
}

/// A callback that a receiver must refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forgery {
    /// The signature is of other bytes.
    BadSignature,
    /// The channel's own probe whether signatures are checked.
    SignTest,
    /// Signed ten minutes ago.
    StaleTimestamp,
    /// Signed with a key that nobody knows.
    UnknownSerial,
    /// Well signed, for an amount that is one fen more.
    WrongAmount,
    /// Well signed, for another merchant.
    WrongMerchant,
    /// Well signed, but encrypted with another APIv3 key.
    WrongKey,
}

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Create,
    Query,
    Close,
    Refund,
    QueryRefund,
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fails {
    /// It is carried out and no answer comes for 30 seconds.
    DoneButTimeOut,
    /// It is carried out and answered with SYSTEM_ERROR.
    DoneButSystemError,
    /// It is not carried out and answered with SYSTEM_ERROR.
    SystemError,
    /// Not carried out; a page of HTML without a signature and status 502.
    BadGateway,
    /// Not carried out; 429 FREQUENCY_LIMITED.
    RateLimited,
    /// Carried out, answered with a signature of other bytes.
    BadSignature,
    /// Carried out, answered with the channel's probe instead of a signature.
    SignTest,
}

/// `times` calls of one kind fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub call: Operation,
    pub how: Fails,
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

/// How a refund ends after it was accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundEnd {
    #[default]
    Success,
    /// The payer's card was closed.
    Abnormal,
    Closed,
    /// It stays in processing.
    Never,
}

impl Script {
    /// The fault of this call, counted off.
    pub fn fault(&mut self, call: Operation) -> Option<Fails> {
        let fault = self.faults.iter_mut().find(|f| f.call == call && f.times > 0)?;
        fault.times -= 1;
        Some(fault.how)
    }
}
