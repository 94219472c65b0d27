//! Codes that payers show and the desk scans: charged once, asked about, and
//! reversed, never closed and never charged again.

mod doubts;
mod late;
mod secrets;

use std::time::Duration;

use proto::studio::payments::v1 as pb;
use rstest::rstest;
use testkit::{alipay, wechat};
use tonic::{Response, Status};

use crate::world::{PRICE, World, reason, request_id};

/// What StartAttempt answered.
pub fn attempt_of(reply: Result<Response<pb::StartAttemptResponse>, Status>) -> Result<pb::Attempt, Status> {
    Ok(reply?.into_inner().attempt.unwrap())
}

/// At which channel the payer has a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Wechat,
    Alipay,
}

/// What a payer does who shows a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    Pays,
    /// Has to agree on the phone, and has not so far.
    Thinks,
    LacksMoney,
}

/// What goes wrong when the channel is called.
#[derive(Debug, Clone, Copy)]
pub enum Wrong {
    /// It is done, and nobody is told.
    Done,
    /// It is not done, and nobody is told.
    Undone,
}

/// Which call goes wrong.
#[derive(Debug, Clone, Copy)]
pub enum Call {
    Charge,
    Query,
    Reverse,
}

/// What goes wrong, and how often.
pub type Faults = &'static [(Call, Wrong, u32)];

impl At {
    pub fn method(self) -> pb::Method {
        match self {
            Self::Wechat => pb::Method::WechatCodepay,
            Self::Alipay => pb::Method::AlipayBarcode,
        }
    }

    /// The code of the `n`th payer.
    pub fn code(self, n: u32) -> String {
        match self {
            Self::Wechat => format!("13{n:016}"),
            Self::Alipay => format!("28{n:016}"),
        }
    }

    /// A request of a payer who shows a code.
    pub fn shows(self, code: String) -> pb::StartAttemptRequest {
        match self {
            Self::Wechat => pb::StartAttemptRequest {
                wechat_auth_code: code,
                ..Default::default()
            },
            Self::Alipay => pb::StartAttemptRequest {
                alipay_auth_code: code,
                ..Default::default()
            },
        }
    }

    /// How long a payer has.
    pub fn life(self) -> Duration {
        match self {
            Self::Wechat => Duration::from_secs(45),
            Self::Alipay => Duration::from_mins(1),
        }
    }

    /// How the next payer's order goes.
    pub fn next(self, world: &World, does: Does, faults: &[(Call, Wrong, u32)]) {
        match self {
            Self::Wechat => world.sim.script_next(wechat::Script {
                code: match does {
                    Does::Pays => wechat::CodeEnd::Paid,
                    Does::Thinks => wechat::CodeEnd::Silent,
                    Does::LacksMoney => wechat::CodeEnd::NotEnough,
                },
                faults: faults.iter().copied().map(at_wechat).collect(),
                ..wechat::Script::default()
            }),
            Self::Alipay => world.alipay.script_next(alipay::Script {
                payer: match does {
                    Does::Pays => alipay::Payer::PaysAtOnce,
                    Does::Thinks => alipay::Payer::Agrees,
                    Does::LacksMoney => alipay::Payer::LacksMoney,
                },
                lose_notice: true,
                faults: faults.iter().copied().map(at_alipay).collect(),
                ..alipay::Script::default()
            }),
        }
    }

    /// The payer agrees on the phone.
    pub fn agree(self, world: &World, attempt: &pb::Attempt) -> bool {
        match self {
            Self::Wechat => world.sim.pay(&attempt.channel_number).is_ok(),
            Self::Alipay => world.alipay.pay(&attempt.channel_number).is_ok(),
        }
    }

    /// Where the channel's orders stand.
    pub fn truth(self, world: &World) -> Vec<String> {
        let orders = match self {
            Self::Wechat => world.sim.orders(),
            Self::Alipay => world.alipay.orders(),
        };
        let state = |order: &serde_json::Value| order["trade_state"].as_str().unwrap().to_owned();
        orders.iter().map(state).collect()
    }

    /// How many refunds the channel took in.
    pub fn refunds(self, world: &World) -> usize {
        match self {
            Self::Wechat => world.sim.refunds().len(),
            Self::Alipay => world.alipay.refunds().len(),
        }
    }

    /// What became of the order of a charge that was reversed before it was paid.
    pub fn reversed(self) -> [String; 1] {
        let state = match self {
            Self::Wechat => "REVOKED",
            Self::Alipay => "CLOSED",
        };
        [state.to_owned()]
    }
}

fn at_wechat((call, wrong, times): (Call, Wrong, u32)) -> wechat::Fault {
    wechat::Fault {
        call: match call {
            Call::Charge => wechat::Operation::Charge,
            Call::Query => wechat::Operation::Query,
            Call::Reverse => wechat::Operation::Reverse,
        },
        how: match wrong {
            Wrong::Done => wechat::Fails::DoneButSystemError,
            Wrong::Undone => wechat::Fails::SystemError,
        },
        times,
    }
}

fn at_alipay((call, wrong, times): (Call, Wrong, u32)) -> alipay::Fault {
    alipay::Fault {
        call: match call {
            Call::Charge => alipay::Operation::Pay,
            Call::Query => alipay::Operation::Query,
            Call::Reverse => alipay::Operation::Cancel,
        },
        how: match wrong {
            Wrong::Done => alipay::Fails::DoneButSystemError,
            Wrong::Undone => alipay::Fails::SystemError,
        },
        times,
    }
}

impl World {
    /// The desk scans the code of the `n`th payer.
    pub async fn charge(&self, at: At, intent: &pb::Intent, n: u32) -> Result<pb::Attempt, Status> {
        self.ask_to_charge(at, intent, &request_id(), at.code(n)).await
    }

    pub async fn ask_to_charge(
        &self,
        at: At,
        intent: &pb::Intent,
        request_id: &str,
        code: String,
    ) -> Result<pb::Attempt, Status> {
        let request = pb::StartAttemptRequest {
            request_id: request_id.to_owned(),
            intent_id: intent.intent_id.clone(),
            method: at.method().into(),
            ..at.shows(code)
        };
        attempt_of(self.orders().start_attempt(request).await)
    }

    /// How an attempt and its intent stand.
    pub async fn state(&self, attempt: &pb::Attempt) -> pb::AttemptState {
        self.attempt(&attempt.attempt_id).await.state()
    }

    /// Time goes on in steps, as a desk lives it.
    pub async fn while_passes(&self, time: Duration) {
        let step = Duration::from_secs(5);
        for _ in 0..time.as_secs() / step.as_secs() {
            self.later(step).await;
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_code_that_a_payer_shows_is_paid_within_the_call(#[values(At::Wechat, At::Alipay)] at: At) {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.charge(at, &intent, 1).await.unwrap();
    assert_eq!(attempt.state(), pb::AttemptState::Paid);
    let payment = world.payment_of(&intent).await;
    assert_eq!(
        (payment.method(), payment.amount.unwrap().minor),
        (at.method(), PRICE)
    );
    world.while_passes(Duration::from_mins(2)).await;
    assert_eq!(at.truth(&world), ["SUCCESS"]);
    assert_eq!(
        reason(&world.charge(at, &intent, 2).await.unwrap_err()),
        "ALREADY_PAID"
    );
    world.callbacks_done().await;
    world.books_balance().await;
}

#[rstest]
#[tokio::test]
async fn a_charge_that_is_asked_for_again_is_made_once(#[values(At::Wechat, At::Alipay)] at: At) {
    let world = World::open().await;
    at.next(&world, Does::Thinks, &[]);
    let (intent, request) = (world.intent().await, request_id());
    let ask = async |n| world.ask_to_charge(at, &intent, &request, at.code(n)).await;
    let first = ask(1).await.unwrap();
    assert_eq!(ask(1).await.unwrap(), first);
    assert_eq!(reason(&ask(2).await.unwrap_err()), "IDEMPOTENCY_KEY_REUSED");
    // another request while the first payer has still to agree
    let other = world.charge(at, &intent, 2).await.unwrap();
    assert_eq!(other.attempt_id, first.attempt_id);
    assert_eq!(at.truth(&world).len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_payer_who_has_to_agree_is_waited_for(#[values(At::Wechat, At::Alipay)] at: At) {
    let world = World::open().await;
    at.next(&world, Does::Thinks, &[]);
    let intent = world.intent().await;
    let attempt = world.charge(at, &intent, 1).await.unwrap();
    assert_eq!(attempt.state(), pb::AttemptState::AwaitingPayment);
    assert_eq!((attempt.code_url.as_str(), &attempt.wechat_call), ("", &None));
    world.while_passes(Duration::from_secs(20)).await;
    assert_eq!(world.state(&attempt).await, pb::AttemptState::AwaitingPayment);
    assert!(at.agree(&world, &attempt));
    world.while_passes(Duration::from_secs(5)).await;
    assert_eq!(world.state(&attempt).await, pb::AttemptState::Paid);
    world.books_balance().await;
}

#[tokio::test]
async fn a_payer_who_refuses_ends_the_attempt_and_may_show_another_code() {
    let world = World::open().await;
    at_wechat_the_payer_refuses(&world);
    let intent = world.intent().await;
    let attempt = world.charge(At::Wechat, &intent, 1).await.unwrap();
    assert_eq!(attempt.state(), pb::AttemptState::AwaitingPayment);
    world.while_passes(Duration::from_secs(10)).await;
    assert_eq!(world.state(&attempt).await, pb::AttemptState::Closing);
    world.while_passes(Duration::from_secs(10)).await;
    let ended = world.attempt(&attempt.attempt_id).await;
    assert_eq!(
        (ended.state(), ended.failure.as_str()),
        (pb::AttemptState::Failed, "DECLINED")
    );
    assert_eq!(world.sim.orders()[0]["trade_state"], "REVOKED");
    let again = world.charge(At::Alipay, &intent, 1).await.unwrap();
    assert_eq!(again.state(), pb::AttemptState::Paid);
    world.books_balance().await;
}

fn at_wechat_the_payer_refuses(world: &World) {
    world.sim.script_next(wechat::Script {
        code: wechat::CodeEnd::Declines,
        ..wechat::Script::default()
    });
}

#[rstest]
#[case::no_money_at_wechat(At::Wechat, "NOTENOUGH")]
#[case::no_money_at_alipay(At::Alipay, "ACQ.BUYER_BALANCE_NOT_ENOUGH")]
#[tokio::test]
async fn a_payer_without_money_is_refused_and_another_pays(#[case] at: At, #[case] why: &str) {
    let world = World::open().await;
    at.next(&world, Does::LacksMoney, &[]);
    let intent = world.intent().await;
    let refused = world.charge(at, &intent, 1).await.unwrap();
    assert_eq!(
        (refused.state(), refused.failure.as_str()),
        (pb::AttemptState::Failed, why)
    );
    let second = world.charge(at, &intent, 2).await.unwrap();
    assert_eq!(second.state(), pb::AttemptState::Paid);
    assert_ne!(second.channel_number, refused.channel_number);
    world.books_balance().await;
}

#[tokio::test]
async fn a_code_that_is_too_old_or_was_used_is_refused_and_the_next_one_pays() {
    let world = World::open().await;
    world.sim.script_next(wechat::Script {
        code: wechat::CodeEnd::Expired,
        ..wechat::Script::default()
    });
    let intent = world.intent().await;
    let refused = world.charge(At::Wechat, &intent, 1).await.unwrap();
    assert_eq!(refused.failure, "AUTH_CODE_EXPIRED");

    let other = world.intent().await;
    world.charge(At::Alipay, &other, 1).await.unwrap();
    let refused = world.charge(At::Alipay, &intent, 1).await.unwrap();
    assert_eq!(refused.failure, "ACQ.PAYMENT_AUTH_CODE_INVALID");
    let paid = world.charge(At::Alipay, &intent, 2).await.unwrap();
    assert_eq!(paid.state(), pb::AttemptState::Paid);
    world.books_balance().await;
}

/// The desk may change its mind: the one before ends first, here as everywhere.
#[tokio::test]
async fn a_qr_is_closed_before_a_code_is_charged() {
    let world = World::open().await;
    let intent = world.intent().await;
    let qr = world.qr(&intent).await;
    let closing = world.charge(At::Alipay, &intent, 1).await.unwrap();
    assert_eq!(closing.attempt_id, qr.attempt_id);
    assert!(
        world.alipay.orders().is_empty(),
        "nothing is charged beside a live QR"
    );
    world.later(Duration::from_secs(1)).await;
    let charged = world.charge(At::Alipay, &intent, 1).await.unwrap();
    assert_eq!(charged.state(), pb::AttemptState::Paid);
    assert_eq!(world.state(&qr).await, pb::AttemptState::Cancelled);
    world.books_balance().await;
}
