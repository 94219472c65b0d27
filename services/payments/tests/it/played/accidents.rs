//! Everything that either channel can do wrong to one order.

use proto::studio::payments::v1::Method;
use rand::Rng;
use rand::seq::IndexedRandom as _;
use testkit::{alipay, wechat};

use crate::world::World;

/// The channel of an attempt, and its accidents there.
#[derive(Debug, Clone)]
pub enum Accidents {
    Wechat(wechat::Script),
    Alipay(alipay::Script),
}

impl Accidents {
    pub fn drawn(chance: &mut impl Rng) -> Self {
        if chance.random_bool(0.5) {
            Self::Wechat(of_wechat(chance))
        } else {
            Self::Alipay(of_alipay(chance))
        }
    }

    pub fn method(&self) -> Method {
        match self {
            Self::Wechat(_) => Method::WechatNative,
            Self::Alipay(_) => Method::AlipayQr,
        }
    }

    pub fn lie_about_amounts(&self) -> bool {
        match self {
            Self::Wechat(script) => script.amount_off_by != 0,
            Self::Alipay(script) => script.amount_off_by != 0,
        }
    }

    /// Whether money on its way back waits until all is well again.
    pub fn hold_refunds(&self) -> bool {
        match self {
            Self::Wechat(script) => {
                script.refund_not_enough || script.refund_ends != wechat::RefundEnd::Success
            }
            Self::Alipay(script) => {
                script.refund_not_enough || script.refund_ends == alipay::RefundEnd::Never
            }
        }
    }

    /// The order of this number shall have them.
    pub fn befall(&self, world: &World, number: &str) {
        match self {
            Self::Wechat(script) => world.sim.promise(number, script.clone()),
            Self::Alipay(script) => world.alipay.promise(number, script.clone()),
        }
    }

    /// From now on all is well with the order.
    pub fn end(&self, world: &World, number: &str) {
        match self {
            Self::Wechat(_) => world.sim.promise(number, wechat::Script::default()),
            Self::Alipay(_) => world.alipay.promise(number, alipay::Script::default()),
        }
    }
}

/// What the simulator draws by itself, and the accidents that take longer.
fn of_wechat(chance: &mut impl Rng) -> wechat::Script {
    use wechat::{Fails, Fault, Operation, RefundEnd};
    const CALLS: [Operation; 5] = [
        Operation::Create,
        Operation::Query,
        Operation::Close,
        Operation::Refund,
        Operation::QueryRefund,
    ];
    let mut script = wechat::Script::drawn(chance);
    if chance.random_bool(0.04) {
        script.faults.push(Fault {
            call: *CALLS.choose(chance).unwrap(),
            how: *[Fails::DoneButTimeOut, Fails::SlowBody].choose(chance).unwrap(),
            times: 1,
        });
    }
    if chance.random_bool(0.1) {
        script.refund_ends = *[RefundEnd::Never, RefundEnd::Closed].choose(chance).unwrap();
    }
    script.refund_not_enough = chance.random_bool(0.05);
    if chance.random_bool(0.03) {
        script.amount_off_by = *[-1, 1, 100].choose(chance).unwrap();
    }
    if chance.random_bool(0.05) {
        script.delay_callback_ms = chance.random_range(200..3_000);
    }
    script
}

fn of_alipay(chance: &mut impl Rng) -> alipay::Script {
    use alipay::{Fails, Fault, Operation, RefundEnd};
    const CALLS: [Operation; 5] = [
        Operation::Precreate,
        Operation::Query,
        Operation::Close,
        Operation::Refund,
        Operation::QueryRefund,
    ];
    let mut script = alipay::Script::drawn(chance);
    if chance.random_bool(0.06) {
        script.faults.push(Fault {
            call: *CALLS.choose(chance).unwrap(),
            how: Fails::TurnedAway,
            times: chance.random_range(1..3),
        });
    }
    if chance.random_bool(0.04) {
        script.refund_ends = RefundEnd::Never;
    }
    script.refund_not_enough = chance.random_bool(0.05);
    if chance.random_bool(0.03) {
        script.amount_off_by = *[-1, 1, 100].choose(chance).unwrap();
    }
    if chance.random_bool(0.05) {
        script.delay_notice_ms = chance.random_range(200..3_000);
    }
    script
}
