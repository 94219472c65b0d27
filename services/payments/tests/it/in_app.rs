//! Payments inside WeChat, on a page or in a mini-program.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::studio::payments::v1 as pb;
use testkit::tables_that_tell;
use testkit::wechat::{Fails, Fault, Operation, Script};

use crate::charging::attempt_of;
use crate::world::{PRICE, World, intents, request_id};

const OPENID: &str = "o-the-member-of-this-test";

/// What the page hands to WeChat.
fn call(attempt: &pb::Attempt) -> BTreeMap<String, String> {
    let call = attempt.wechat_call.clone().unwrap();
    [
        ("appId", call.app_id),
        ("timeStamp", call.time_stamp),
        ("nonceStr", call.nonce_str),
        ("package", call.package),
        ("signType", call.sign_type),
        ("paySign", call.pay_sign),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

impl World {
    /// The member asks to pay inside WeChat.
    async fn in_app(&self, intent: &pb::Intent) -> pb::Attempt {
        let request = pb::StartAttemptRequest {
            request_id: request_id(),
            intent_id: intent.intent_id.clone(),
            method: pb::Method::WechatJsapi.into(),
            wechat_openid: OPENID.to_owned(),
            ..Default::default()
        };
        let member = self.it.as_member(intent.person_id.parse().unwrap());
        attempt_of(intents(member).start_attempt(request).await).unwrap()
    }

    async fn callable(&self, intent: &pb::Intent) -> pb::Attempt {
        let attempt = self.in_app(intent).await;
        self.it.settle().await;
        let attempt = self.attempt(&attempt.attempt_id).await;
        assert_eq!(attempt.state(), pb::AttemptState::AwaitingPayment);
        assert_eq!((attempt.code_url.as_str(), attempt.qr_svg.as_str()), ("", ""));
        attempt
    }

    /// Whether anything knows who pays, and in what form.
    async fn payers(&self) -> i64 {
        self.count(
            "select count(*) from attempts where payer is not null and $1 = ''",
            "",
        )
        .await
    }
}

#[tokio::test]
async fn a_member_pays_inside_wechat_by_the_call_that_the_attempt_shows() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.callable(&intent).await;
    world.sim.pay_in_app(&call(&attempt)).unwrap();
    world.callbacks_done().await;
    let payment = world.payment_of(&intent).await;
    assert_eq!(payment.method(), pb::Method::WechatJsapi);
    assert_eq!(payment.amount.unwrap().minor, PRICE);
    let paid = world.attempt(&attempt.attempt_id).await;
    assert_eq!((paid.state(), paid.wechat_call), (pb::AttemptState::Paid, None));
    world.books_balance().await;
}

#[tokio::test]
async fn who_pays_is_sealed_until_the_channel_has_answered_and_then_forgotten() {
    let world = World::open().await;
    world.sim.fail(Fault {
        call: Operation::Create,
        how: Fails::SystemError,
        times: 1,
    });
    let intent = world.intent().await;
    let attempt = world.in_app(&intent).await;
    assert_eq!(attempt.state(), pb::AttemptState::Creating);
    assert_eq!(world.payers().await, 1);
    assert_eq!(
        tables_that_tell(world.it.pool(), OPENID).await,
        Vec::<String>::new()
    );
    world.it.settle().await;
    world.later(Duration::from_secs(2)).await;
    let ready = world.attempt(&attempt.attempt_id).await;
    assert_eq!(
        ready.state(),
        pb::AttemptState::AwaitingPayment,
        "the same request again"
    );
    assert_eq!(world.sim.orders().len(), 1);
    assert_eq!(world.payers().await, 0);
    assert_eq!(
        tables_that_tell(world.it.pool(), OPENID).await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_payment_inside_wechat_that_nobody_makes_is_closed_at_its_end() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.callable(&intent).await;
    world.later(Duration::from_secs(901)).await;
    let ended = world.attempt(&attempt.attempt_id).await;
    assert_eq!(
        (ended.state(), ended.wechat_call),
        (pb::AttemptState::Expired, None)
    );
    assert!(world.sim.pay_in_app(&call(&attempt)).is_err());
    world.books_balance().await;
}

#[tokio::test]
async fn a_payment_inside_wechat_whose_callback_is_lost_is_found_by_asking() {
    let world = World::open().await;
    world.sim.script_next(Script {
        lose_callback: true,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.callable(&intent).await;
    world.sim.pay_in_app(&call(&attempt)).unwrap();
    world.later(Duration::from_secs(3)).await;
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    world.books_balance().await;
}
