//! Money that crosses its own reversal.

use std::time::Duration;

use payments::channel::alipay::Alipay;
use payments::channel::wechat::WeChat;
use payments::channel::{Channel, ChannelNumber, Outcome};
use payments::config;
use proto::studio::payments::v1 as pb;
use rstest::rstest;
use serde_json::json;
use testkit::{alipay, house, wechat};

use super::{At, Call, Does, Wrong};
use crate::world::{NOTIFY, World};

/// A charge whose reversal went wrong, and that the payer agreed to then.
async fn paid_amid_its_reversal(world: &World, at: At) -> (pb::Intent, pb::Attempt) {
    at.next(world, Does::Thinks, &[(Call::Reverse, Wrong::Undone, 99)]);
    let intent = world.intent().await;
    let attempt = world.charge(at, &intent, 1).await.unwrap();
    world.while_passes(at.life() + Duration::from_secs(5)).await;
    assert_eq!(world.state(&attempt).await, pb::AttemptState::Closing);
    assert!(at.agree(world, &attempt));
    (intent, attempt)
}

/// The reversal may still arrive, so the money cannot be kept.
#[rstest]
#[tokio::test]
async fn money_that_comes_after_a_reversal_without_an_answer_is_isolated_and_sent_back(
    #[values(At::Wechat, At::Alipay)] at: At,
) {
    let world = World::open().await;
    let (intent, attempt) = paid_amid_its_reversal(&world, at).await;
    world.while_passes(Duration::from_secs(10)).await;
    world.refunds_done().await;
    world.while_passes(Duration::from_secs(30)).await;
    assert_eq!(world.state(&attempt).await, pb::AttemptState::Isolated);
    assert_eq!(at.refunds(&world), 1);
    assert_eq!(world.facts("money_returned").await, 1);
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Open);
    world.books_balance().await;
}

/// The adapter once more, as another process that is late with its request.
fn beside(world: &World, at: At) -> Box<dyn Channel> {
    match at {
        At::Wechat => {
            let settings: config::WeChat =
                serde_json::from_value(crate::wechat::settings(&world.sim)).unwrap();
            Box::new(WeChat::new(&settings).unwrap())
        }
        At::Alipay => {
            let path = |name: &str| house::keys().alipay(name).display().to_string();
            let settings = json!({
                "app_id": alipay::APP_ID, "seller_id": alipay::SELLER_ID,
                "private_key_file": path("app-private.pem"), "public_key_file": path("alipay-public.pem"),
                "base_url": world.alipay.gateway(), "notify_url": format!("{NOTIFY}/callbacks/alipay/house"),
            });
            let settings: config::Alipay = serde_json::from_value(settings).unwrap();
            Box::new(Alipay::new(&settings).unwrap())
        }
    }
}

#[rstest]
#[tokio::test]
async fn what_a_late_reversal_gave_back_is_not_sent_back_again(#[values(At::Wechat, At::Alipay)] at: At) {
    let world = World::open().await;
    let (_, attempt) = paid_amid_its_reversal(&world, at).await;
    match at {
        At::Wechat => {
            world.sim.fail(wechat::Fault {
                call: wechat::Operation::Refund,
                how: wechat::Fails::SystemError,
                times: 1,
            });
            world
                .sim
                .script(&attempt.channel_number, wechat::Script::default())
                .unwrap();
        }
        At::Alipay => world
            .alipay
            .script(
                &attempt.channel_number,
                alipay::Script {
                    faults: vec![alipay::Fault {
                        call: alipay::Operation::Refund,
                        how: alipay::Fails::SystemError,
                        times: 1,
                    }],
                    ..alipay::Script::default()
                },
            )
            .unwrap(),
    }
    world.while_passes(Duration::from_secs(5)).await;
    assert_eq!(world.state(&attempt).await, pb::AttemptState::Isolated);
    assert_eq!((at.refunds(&world), world.facts("money_returned").await), (0, 0));
    let number = ChannelNumber::from_text(attempt.channel_number.clone());
    assert_eq!(beside(&world, at).reverse(&number).await, Outcome::Succeeded(()));
    world.while_passes(Duration::from_secs(30)).await;
    assert_eq!(world.facts("money_returned").await, 1);
    let again = usize::from(at == At::Alipay);
    assert_eq!(at.refunds(&world), again, "Alipay counts the reversal as one");
    world.books_balance().await;
}
