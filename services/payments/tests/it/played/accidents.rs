//! Everything that either channel can do wrong to one order.

use proto::studio::payments::v1::{Method, StartAttemptRequest};
use rand::Rng;
use rand::seq::IndexedRandom as _;
use testkit::{alipay, wechat};

use crate::charging::At;
use crate::world::{World, request_id};

/// How an attempt is paid, and its accidents at the channel.
#[derive(Debug, Clone)]
pub struct Accidents {
    pub way: Way,
    script: Script,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Scans,
    /// Inside WeChat.
    InApp,
    /// The payer shows a code.
    Shows,
}

#[derive(Debug, Clone)]
enum Script {
    Wechat(wechat::Script),
    Alipay(alipay::Script),
}

impl Accidents {
    pub fn drawn(chance: &mut impl Rng) -> Self {
        let wechat = chance.random_bool(0.5);
        let way = match (chance.random_range(0..100), wechat) {
            (0..70, _) | (70..80, false) => Way::Scans,
            (70..82, true) => Way::InApp,
            _ => Way::Shows,
        };
        let script = if wechat {
            Script::Wechat(of_wechat(way, chance))
        } else {
            Script::Alipay(of_alipay(way, chance))
        };
        Self { way, script }
    }

    pub fn method(&self) -> Method {
        match (&self.script, self.way) {
            (Script::Wechat(_), Way::Scans) => Method::WechatNative,
            (Script::Wechat(_), Way::InApp) => Method::WechatJsapi,
            (Script::Wechat(_), Way::Shows) => Method::WechatCodepay,
            (Script::Alipay(_), Way::Scans | Way::InApp) => Method::AlipayQr,
            (Script::Alipay(_), Way::Shows) => Method::AlipayBarcode,
        }
    }

    pub fn is_wechat(&self) -> bool {
        matches!(self.script, Script::Wechat(_))
    }

    /// What is asked for when a payer of this number pays so.
    pub fn asked(&self, payer: u32) -> StartAttemptRequest {
        let request = StartAttemptRequest {
            request_id: request_id(),
            method: self.method().into(),
            ..Default::default()
        };
        match self.way {
            Way::Scans => request,
            Way::InApp => StartAttemptRequest {
                wechat_openid: format!("o-{payer}"),
                ..request
            },
            Way::Shows => StartAttemptRequest {
                request_id: request.request_id,
                method: request.method,
                ..self.channel().shows(self.channel().code(payer))
            },
        }
    }

    fn channel(&self) -> At {
        if self.is_wechat() { At::Wechat } else { At::Alipay }
    }

    pub fn lie_about_amounts(&self) -> bool {
        match &self.script {
            Script::Wechat(script) => script.amount_off_by != 0,
            Script::Alipay(script) => script.amount_off_by != 0,
        }
    }

    /// Whether money on its way back waits until all is well again.
    pub fn hold_refunds(&self) -> bool {
        match &self.script {
            Script::Wechat(script) => {
                script.refund_not_enough || script.refund_ends != wechat::RefundEnd::Success
            }
            Script::Alipay(script) => {
                script.refund_not_enough || script.refund_ends == alipay::RefundEnd::Never
            }
        }
    }

    /// The code of this payer shall have them.
    pub fn befall_code(&self, world: &World, payer: u32) {
        let code = self.channel().code(payer);
        match &self.script {
            Script::Wechat(script) => world.sim.promise_code(&code, script.clone()),
            Script::Alipay(script) => world.alipay.promise_code(&code, script.clone()),
        }
    }

    /// The order of this number shall have them.
    pub fn befall(&self, world: &World, number: &str) {
        match &self.script {
            Script::Wechat(script) => world.sim.promise(number, script.clone()),
            Script::Alipay(script) => world.alipay.promise(number, script.clone()),
        }
    }

    /// From now on all is well with the order.
    pub fn end(&self, world: &World, number: &str) {
        match &self.script {
            Script::Wechat(_) => world.sim.promise(number, wechat::Script::default()),
            Script::Alipay(_) => world.alipay.promise(number, alipay::Script::default()),
        }
    }

    /// A payer who was asked to on the phone agrees; it may be too late.
    pub fn agree(&self, world: &World, number: &str) {
        match &self.script {
            Script::Wechat(script) => {
                if matches!(script.code, wechat::CodeEnd::Agrees | wechat::CodeEnd::Silent) {
                    let _late = world.sim.pay(number);
                }
            }
            Script::Alipay(script) => {
                if script.payer == alipay::Payer::Agrees {
                    let _late = world.alipay.pay(number);
                }
            }
        }
    }
}

/// What the simulator draws by itself, and the accidents that take longer.
fn of_wechat(way: Way, chance: &mut impl Rng) -> wechat::Script {
    use wechat::{CodeEnd, Fails, Fault, Operation, RefundEnd};
    const CALLS: [Operation; 7] = [
        Operation::Create,
        Operation::Charge,
        Operation::Query,
        Operation::Close,
        Operation::Reverse,
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
    if chance.random_bool(0.03) && way != Way::Shows {
        script.amount_off_by = *[-1, 1, 100].choose(chance).unwrap();
    }
    if chance.random_bool(0.5) {
        script.code = CodeEnd::Paid;
    }
    if chance.random_bool(0.05) {
        script.delay_callback_ms = chance.random_range(200..3_000);
    }
    script
}

fn of_alipay(way: Way, chance: &mut impl Rng) -> alipay::Script {
    use alipay::{Fails, Fault, Operation, Payer, RefundEnd};
    const CALLS: [Operation; 7] = [
        Operation::Precreate,
        Operation::Pay,
        Operation::Query,
        Operation::Close,
        Operation::Cancel,
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
    if chance.random_bool(0.03) && way != Way::Shows {
        script.amount_off_by = *[-1, 1, 100].choose(chance).unwrap();
    }
    script.payer = match chance.random_range(0..10) {
        0..6 => Payer::PaysAtOnce,
        6..9 => Payer::Agrees,
        _ => Payer::LacksMoney,
    };
    if chance.random_bool(0.05) {
        script.delay_notice_ms = chance.random_range(200..3_000);
    }
    script
}
