//! The code is worth money, and stands nowhere.

use proto::studio::payments::v1 as pb;
use rstest::rstest;
use testkit::tables_that_tell;
use tonic::Code;

use super::{At, Does, attempt_of};
use crate::world::{World, reason, request_id};

#[rstest]
#[tokio::test]
async fn a_shown_code_stands_in_no_table(
    #[values(At::Wechat, At::Alipay)] at: At,
    #[values(Does::Pays, Does::Thinks, Does::LacksMoney)] does: Does,
) {
    let world = World::open().await;
    at.next(&world, does, &[]);
    let intent = world.intent().await;
    world.charge(at, &intent, 7).await.unwrap();
    let during = tables_that_tell(world.it.pool(), &at.code(7)).await;
    assert_eq!(during, Vec::<String>::new());
    world.while_passes(at.life() * 2).await;
    let after = tables_that_tell(world.it.pool(), &at.code(7)).await;
    assert_eq!(after, Vec::<String>::new());
}

#[rstest]
#[case::too_short(pb::Method::WechatCodepay, At::Wechat, "13000000000000001")]
#[case::too_long(pb::Method::WechatCodepay, At::Wechat, "1300000000000000001")]
#[case::alipays_at_wechat(pb::Method::WechatCodepay, At::Wechat, "280000000000000001")]
#[case::no_digit(pb::Method::WechatCodepay, At::Wechat, "13000000000000000x")]
#[case::wechats_at_alipay(pb::Method::AlipayBarcode, At::Alipay, "130000000000000001")]
#[case::beyond_thirty(pb::Method::AlipayBarcode, At::Alipay, "310000000000000001")]
#[case::fifteen(pb::Method::AlipayBarcode, At::Alipay, "280000000000001")]
#[case::twenty_five(pb::Method::AlipayBarcode, At::Alipay, "2800000000000000000000001")]
#[case::of_the_other_channel(pb::Method::AlipayBarcode, At::Wechat, "130000000000000001")]
#[case::for_a_qr(pb::Method::WechatNative, At::Wechat, "130000000000000001")]
#[tokio::test]
async fn a_code_that_cannot_be_is_refused_without_being_told(
    #[case] method: pb::Method,
    #[case] at: At,
    #[case] code: &str,
) {
    let world = World::open().await;
    let intent = world.intent().await;
    let request = pb::StartAttemptRequest {
        request_id: request_id(),
        intent_id: intent.intent_id.clone(),
        method: method.into(),
        ..at.shows(code.to_owned())
    };
    let refused = attempt_of(world.orders().start_attempt(request).await).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(reason(&refused), "INVALID_FIELDS");
    assert!(!format!("{refused:?}").contains(code), "{refused:?}");
    assert_eq!(
        world
            .count("select count(*) from attempts where $1 = ''", "")
            .await,
        0
    );
}

#[tokio::test]
async fn a_method_that_charges_needs_a_code() {
    let world = World::open().await;
    let intent = world.intent().await;
    for method in [
        pb::Method::WechatCodepay,
        pb::Method::AlipayBarcode,
        pb::Method::WechatJsapi,
    ] {
        let door = world.it.as_service("orders");
        let refused = world.start_by(door, &intent, method).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_FIELDS");
    }
}
