//! A person at a browser plays the payer: what is done at the page of the phone
//! is what the desk's stream shows.

mod browser;

use proto::studio::payments::v1 as pb;
use rstest::rstest;
use tonic::Streaming;

use crate::world::World;
use browser::Browser;

type Desk = Streaming<pb::WatchAttemptResponse>;

async fn desk(world: &World, attempt: &pb::Attempt) -> Desk {
    let request = pb::WatchAttemptRequest {
        attempt_id: attempt.attempt_id.clone(),
    };
    world.orders().watch_attempt(request).await.unwrap().into_inner()
}

async fn shows(desk: &mut Desk) -> pb::AttemptState {
    let next = desk.message().await.unwrap().unwrap();
    next.attempt.unwrap().state()
}

#[rstest]
#[case::wechat(pb::Method::WechatNative)]
#[case::alipay(pb::Method::AlipayQr)]
#[tokio::test]
async fn a_payer_at_the_browser_scans_waits_refuses_and_pays_and_the_desk_sees_it(
    #[case] method: pb::Method,
) {
    let world = World::open().await;
    let intent = world.intent().await;
    let (attempt, url) = match method {
        pb::Method::AlipayQr => (world.alipay_qr(&intent).await, world.alipay.url()),
        _ => (world.qr(&intent).await, world.sim.url()),
    };
    let mut desk = desk(&world, &attempt).await;
    assert_eq!(shows(&mut desk).await, pb::AttemptState::AwaitingPayment);

    let phone = Browser::open().await;
    phone.go(&format!("{url}/phone")).await;
    phone.write("code", "https://somebody.example/else").await;
    phone.press("scan").await;
    phone.reads("said", "no such").await;

    phone.write("code", &attempt.code_url).await;
    phone.press("scan").await;
    phone.reads("amount", "¥3680.00").await;
    phone.press("wait").await;
    phone.reads("said", "not paid yet").await;
    phone.press("scan").await;
    phone.press("refuse").await;
    phone.reads("said", "refused").await;

    phone.press("scan").await;
    phone.press("pay").await;
    phone.reads("said", "paid").await;
    assert_eq!(shows(&mut desk).await, pb::AttemptState::Paid);
    assert!(desk.message().await.unwrap().is_none(), "it is over");
    phone.close().await;
    world.books_balance().await;
}
