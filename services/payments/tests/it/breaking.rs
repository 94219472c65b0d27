//! Channels that do not answer are left alone, by nothing but what starts money.

use std::time::Duration;

use kernel::{PersonId, RefundLegId};
use proto::studio::payments::v1 as pb;
use rstest::rstest;
use testkit::wechat;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::charging::{At, Call, Does, Wrong};
use crate::limits::{at_studio, retry_after};
use crate::world::{PRICE, Told, World, reason};

/// Longer than any test.
const LONG_S: u64 = 86_400;

impl World {
    async fn breaking_after(failures: u32, pause_s: u64) -> Self {
        Self::open_told(Told {
            breaker: Some((failures, pause_s)),
            ..Told::default()
        })
        .await
    }

    /// Charges of which nobody hears, and which were not made.
    async fn unheard_charges(&self, at: At, intents: &[pb::Intent]) -> Vec<pb::Attempt> {
        let times = u32::try_from(intents.len()).unwrap();
        at.next(self, Does::Pays, &[(Call::Charge, Wrong::Undone, times)]);
        let mut attempts = Vec::new();
        for (n, intent) in (1..).zip(intents) {
            let attempt = self.charge(at, intent, n).await.unwrap();
            assert_eq!(attempt.state(), pb::AttemptState::Creating);
            attempts.push(attempt);
        }
        attempts
    }

    async fn start_new(&self, method: pb::Method) -> Result<pb::Attempt, Status> {
        let intent = self.intent().await;
        self.start_by(self.it.as_service("orders"), &intent, method).await
    }

    async fn attempts(&self) -> i64 {
        self.count("select count(*) from attempts where $1 = ''", "")
            .await
    }
}

fn is_down(status: &Status, channel: &str) {
    assert_eq!(
        (status.code(), reason(status).as_str()),
        (Code::FailedPrecondition, "CHANNEL_DOWN")
    );
    assert_eq!(
        status.get_error_details().error_info().unwrap().metadata["channel"],
        channel
    );
    assert!(retry_after(status).is_some_and(|delay| !delay.is_zero()));
}

#[rstest]
#[tokio::test]
async fn charges_without_answers_hold_up_the_next_before_it_is_recorded_and_nothing_else(
    #[values(At::Wechat, At::Alipay)] at: At,
) {
    let world = World::breaking_after(2, LONG_S).await;
    let paid = world.payment().await;
    let two = [world.intent().await, world.intent().await];
    let doubts = world.unheard_charges(at, &two).await;
    let (intent, before) = (world.intent().await, world.attempts().await);
    let refused = world.charge(at, &intent, 3).await.unwrap_err();
    is_down(&refused, if at == At::Wechat { "wechat" } else { "alipay" });
    assert_eq!(
        world.attempts().await,
        before,
        "what cannot be sent is not recorded"
    );

    let (other, qr) = match at {
        At::Wechat => (At::Alipay, pb::Method::WechatNative),
        At::Alipay => (At::Wechat, pb::Method::AlipayQr),
    };
    other.next(&world, Does::Pays, &[]);
    let charged = world.charge(other, &intent, 4).await.unwrap();
    assert_eq!(
        charged.state(),
        pb::AttemptState::Paid,
        "another channel takes it"
    );
    assert!(world.start_new(qr).await.is_ok(), "another operation is made");
    world.while_passes(at.life() + Duration::from_secs(30)).await;
    for doubt in doubts {
        assert_eq!(
            world.state(&doubt).await,
            pb::AttemptState::Expired,
            "doubts are cleared"
        );
    }
    world.refund(&paid, RefundLegId::fresh(), 100).await.unwrap();
    world.refunds_done().await;
    assert!(!world.sim.refunds().is_empty());
    world.books_balance().await;
}

#[rstest]
#[tokio::test]
async fn after_the_pause_one_charge_tries_and_an_answer_opens_the_way(
    #[values(At::Wechat, At::Alipay)] at: At,
) {
    let world = World::breaking_after(2, 0).await;
    let two = [world.intent().await, world.intent().await];
    world.unheard_charges(at, &two).await;
    for n in 3..=4 {
        at.next(&world, Does::Pays, &[]);
        let attempt = world.charge(at, &world.intent().await, n).await.unwrap();
        assert_eq!(attempt.state(), pb::AttemptState::Paid);
    }
}

#[tokio::test]
async fn a_try_that_a_limit_holds_up_is_another_ones() {
    let world = World::breaking_after(1, 0).await;
    let limit = at_studio(world.chain.chaoyang, pb::LimitSubject::Member, 1);
    world.limit(limit).await.unwrap();
    let (someone, another) = (PersonId::fresh(), PersonId::fresh());
    let first = world.due_of(someone, PRICE).await;
    world.unheard_charges(At::Wechat, &[first]).await;
    let second = world.due_of(someone, PRICE).await;
    let refused = world.charge(At::Wechat, &second, 2).await.unwrap_err();
    assert_eq!(reason(&refused), "LIMIT_REACHED");
    At::Wechat.next(&world, Does::Pays, &[]);
    let third = world.due_of(another, PRICE).await;
    let attempt = world.charge(At::Wechat, &third, 3).await.unwrap();
    assert_eq!(attempt.state(), pb::AttemptState::Paid);
}

#[tokio::test]
async fn a_qr_without_an_answer_holds_up_the_next_and_ends_at_its_time() {
    let world = World::breaking_after(1, LONG_S).await;
    world.sim.script_next(wechat::Script {
        faults: vec![wechat::Fault {
            call: wechat::Operation::Create,
            how: wechat::Fails::SystemError,
            times: 1,
        }],
        ..wechat::Script::default()
    });
    let attempt = world.start_new(pb::Method::WechatNative).await.unwrap();
    world.later(Duration::from_secs(5)).await;
    assert_eq!(
        world.state(&attempt).await,
        pb::AttemptState::Creating,
        "it is not asked again yet"
    );
    let refused = world.start_new(pb::Method::WechatNative).await.unwrap_err();
    is_down(&refused, "wechat");
    assert!(world.start_new(pb::Method::AlipayQr).await.is_ok());
    world.later(Duration::from_secs(901)).await;
    world.later(Duration::from_mins(1)).await;
    assert_eq!(
        world.state(&attempt).await,
        pb::AttemptState::Expired,
        "the resolver asks and closes"
    );
}
