//! What an order shall do out of the ordinary, so that every accident of the
//! real channel can be had on purpose.

use rand::Rng;
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
    /// What a payer does who shows a code.
    pub code: CodeEnd,
    /// So many queries find such a payer still thinking.
    pub thinks: u32,
    /// When a payer pays whom nobody moves.
    pub pays: Moment,
}

/// When a payer pays an order without anybody's doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    #[default]
    Never,
    /// Before the order's making is answered; the callback comes before the answer.
    BeforeTheAnswer,
    /// After the merchant asked for the last time, and before its closing.
    BeforeTheClose,
    /// After the order was closed.
    AfterTheClose,
}

/// What becomes of a code that a payer shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeEnd {
    /// It is paid at once.
    #[default]
    Paid,
    /// The payer has to agree, and does.
    Agrees,
    /// The payer has to agree, and does not.
    Declines,
    /// The payer has to agree, and does nothing.
    Silent,
    /// The code is too old.
    Expired,
    /// The payer has not enough money.
    NotEnough,
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
    /// Well signed, for another application.
    WrongApp,
    /// Well signed, but encrypted with another APIv3 key.
    WrongKey,
}

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Also of a payment inside the channel's app.
    Create,
    Charge,
    Query,
    Close,
    Reverse,
    Refund,
    QueryRefund,
    /// An abnormal refund's application.
    Apply,
    Certificates,
    Bill,
    Download,
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
    /// Carried out; half of the answer comes, and the rest not for 30 seconds.
    SlowBody,
    /// Carried out, answered with a signature by a key that nobody knows.
    UnknownSerial,
}

impl Fails {
    /// Whether the call is not carried out.
    pub fn is_undone(self) -> bool {
        matches!(self, Self::SystemError | Self::BadGateway | Self::RateLimited)
    }
}

impl Forgery {
    pub const ALL: [Self; 8] = [
        Self::BadSignature,
        Self::SignTest,
        Self::StaleTimestamp,
        Self::UnknownSerial,
        Self::WrongAmount,
        Self::WrongMerchant,
        Self::WrongApp,
        Self::WrongKey,
    ];
}

impl Operation {
    /// Whether an order begins with it.
    pub fn makes_orders(self) -> bool {
        matches!(self, Self::Create | Self::Charge)
    }

    /// The calls that concern one order.
    const OF_ORDERS: [Self; 7] = [
        Self::Create,
        Self::Charge,
        Self::Query,
        Self::Close,
        Self::Reverse,
        Self::Refund,
        Self::QueryRefund,
    ];
}

impl Fails {
    /// Those for which nobody waits.
    const QUICK: [Self; 7] = [
        Self::DoneButSystemError,
        Self::SystemError,
        Self::BadGateway,
        Self::RateLimited,
        Self::BadSignature,
        Self::SignTest,
        Self::UnknownSerial,
    ];
}

impl CodeEnd {
    const ALL: [Self; 6] = [
        Self::Paid,
        Self::Agrees,
        Self::Declines,
        Self::Silent,
        Self::Expired,
        Self::NotEnough,
    ];
}

fn pick<T: Copy>(chance: &mut impl Rng, all: &[T]) -> T {
    all[chance.random_range(0..all.len())]
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
    /// The accidents of an order, drawn: none for about half of them.
    pub fn drawn(chance: &mut impl Rng) -> Self {
        let mut script = Self {
            lose_callback: chance.random_bool(0.15),
            duplicate_callback: u32::from(chance.random_bool(0.1)),
            delay_callback_ms: if chance.random_bool(0.1) {
                chance.random_range(1..200)
            } else {
                0
            },
            ..Self::default()
        };
        if chance.random_bool(0.2) {
            script.forged.push(pick(chance, &Forgery::ALL));
        }
        if chance.random_bool(0.3) {
            script.faults.push(Fault {
                call: pick(chance, &Operation::OF_ORDERS),
                how: pick(chance, &Fails::QUICK),
                times: chance.random_range(1..3),
            });
        }
        if chance.random_bool(0.1) {
            script.refund_ends = pick(chance, &[RefundEnd::Abnormal, RefundEnd::Closed]);
        }
        script.code = pick(chance, &CodeEnd::ALL);
        script.thinks = chance.random_range(0..3);
        script
    }

    /// The fault of this call, counted off.
    pub fn fault(&mut self, call: Operation) -> Option<Fails> {
        let fault = self.faults.iter_mut().find(|f| f.call == call && f.times > 0)?;
        fault.times -= 1;
        Some(fault.how)
    }
}
