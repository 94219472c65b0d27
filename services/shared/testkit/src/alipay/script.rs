//! What an order shall do out of the ordinary, so that every accident of the
//! real channel can be had on purpose, or drawn from a seed.

use rand::Rng;
use rand::seq::IndexedRandom as _;
use serde::{Deserialize, Serialize};

/// The accidents of one order. The default is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// No notification is ever sent.
    pub lose_notice: bool,
    /// Each notification is sent so many times more.
    pub duplicate_notice: u32,
    /// Notifications wait so long after the event, in milliseconds.
    pub delay_notice_ms: u64,
    /// Notifications come in GBK.
    pub notice_in_gbk: bool,
    /// So many forged notifications come before the true ones.
    pub forged: Vec<Forgery>,
    /// Queries and notifications tell an amount that is off by so many fen.
    pub amount_off_by: i64,
    /// Calls about this order go wrong, the first of each kind first.
    pub faults: Vec<Fault>,
    /// What the payer does whose code is scanned.
    pub payer: Payer,
    /// How a refund of this order ends.
    pub refund_ends: RefundEnd,
    /// Refunds are refused because the balance does not suffice.
    pub refund_not_enough: bool,
}

/// A notification that a receiver must refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forgery {
    /// The signature is of other fields.
    BadSignature,
    /// There is no signature.
    Unsigned,
    /// Decoded once too often: every plus of the signature is a space.
    DecodedTwice,
    /// Well signed, for an amount that is one fen more.
    WrongAmount,
    /// Well signed, for another seller.
    WrongSeller,
    /// Well signed, for another application.
    WrongApp,
}

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Precreate,
    Pay,
    Query,
    Close,
    Cancel,
    Refund,
    QueryRefund,
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fails {
    /// It is carried out and no answer comes for 30 seconds.
    DoneButTimeOut,
    /// It is carried out and answered with ACQ.SYSTEM_ERROR.
    DoneButSystemError,
    /// It is not carried out and answered with ACQ.SYSTEM_ERROR.
    SystemError,
    /// Not carried out; 20000 isp.unknow-error.
    Unavailable,
    /// Not carried out; a page of HTML without a signature and status 502.
    BadGateway,
    /// Not carried out; 40005 isv.app-call-limited.
    RateLimited,
    /// Not carried out; 40002 isv.invalid-signature, as after a wrong key was set.
    TurnedAway,
    /// Carried out, answered with a signature of other bytes.
    BadSignature,
    /// Carried out, answered without a signature.
    Unsigned,
    /// Carried out, answered with a certificate that nobody knows.
    UnknownCertificate,
}

impl Fails {
    /// Whether the call has its effect all the same.
    pub fn is_carried_out(self) -> bool {
        !matches!(
            self,
            Self::SystemError | Self::Unavailable | Self::BadGateway | Self::RateLimited | Self::TurnedAway
        )
    }
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

/// What a payer does whose code was scanned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payer {
    /// Small amounts need no password.
    #[default]
    PaysAtOnce,
    /// Has to agree on the phone, and does so when `pay` says it.
    Agrees,
    /// Lacks the money.
    LacksMoney,
}

/// How a refund ends after it was accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundEnd {
    #[default]
    AtOnce,
    /// Done after a while; the answer says that nothing moved yet.
    Later,
    /// Accepted and forgotten: nothing is known of it, and asking again does it.
    Lost,
    /// It stays under way.
    Never,
}

impl Script {
    /// The fault of this call, counted off.
    pub fn fault(&mut self, call: Operation) -> Option<Fails> {
        let fault = self.faults.iter_mut().find(|f| f.call == call && f.times > 0)?;
        fault.times -= 1;
        Some(fault.how)
    }

    /// Accidents drawn from a seed: most orders have one, some have several.
    pub fn drawn(rng: &mut impl Rng) -> Self {
        const HOW: [Fails; 9] = [
            Fails::DoneButTimeOut,
            Fails::DoneButSystemError,
            Fails::SystemError,
            Fails::Unavailable,
            Fails::BadGateway,
            Fails::RateLimited,
            Fails::BadSignature,
            Fails::Unsigned,
            Fails::UnknownCertificate,
        ];
        const CALLS: [Operation; 5] = [
            Operation::Precreate,
            Operation::Query,
            Operation::Close,
            Operation::Refund,
            Operation::QueryRefund,
        ];
        const FORGED: [Forgery; 6] = [
            Forgery::BadSignature,
            Forgery::Unsigned,
            Forgery::DecodedTwice,
            Forgery::WrongAmount,
            Forgery::WrongSeller,
            Forgery::WrongApp,
        ];
        const ENDS: [RefundEnd; 3] = [RefundEnd::AtOnce, RefundEnd::Later, RefundEnd::Lost];
        let faults = (0..rng.random_range(0..3)).filter_map(|_| {
            Some(Fault {
                call: *CALLS.choose(rng)?,
                how: *HOW.choose(rng)?,
                times: rng.random_range(1..3),
            })
        });
        let faults = faults.collect();
        Self {
            lose_notice: rng.random_ratio(1, 5),
            duplicate_notice: rng.random_range(0..3),
            delay_notice_ms: rng.random_range(0..50),
            notice_in_gbk: rng.random_ratio(1, 4),
            forged: (0..rng.random_range(0..3))
                .filter_map(|_| FORGED.choose(rng).copied())
                .collect(),
            refund_ends: ENDS.choose(rng).copied().unwrap_or_default(),
            faults,
            ..Self::default()
        }
    }
}
