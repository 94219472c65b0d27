//! Codes that payers show.

use payments::channel::{Channel as _, Failure, Outcome};
use rstest::rstest;
use testkit::wechat::{CodeEnd, Fails, Operation, Script};

use super::{Shop, is_unknown, order_of, refused};

async fn shop_where(code: CodeEnd) -> Shop {
    let shop = Shop::open().await;
    shop.sim.script_next(Script {
        code,
        thinks: 1,
        ..Script::default()
    });
    shop
}

#[tokio::test]
async fn a_shown_code_is_paid_at_once_and_once() {
    let shop = Shop::open().await;
    let order = order_of(8_800);
    let Outcome::Succeeded(paid) = shop.charge(&order).await else {
        panic!("not paid")
    };
    assert_eq!((paid.amount_minor, &paid.number), (8_800, &order.number));
    assert_eq!(shop.account.query(&order.number).await, Outcome::Succeeded(paid));
    assert!(
        is_unknown(&shop.charge(&order).await),
        "the same number is a reason to ask"
    );
    assert!(shop.sim.sent().is_empty(), "no callback tells of a shown code");
}

#[rstest]
#[case(CodeEnd::Agrees, None)]
#[case(CodeEnd::Declines, Some("PAYERROR"))]
#[tokio::test]
async fn a_payer_who_has_to_agree_is_waited_for(#[case] code: CodeEnd, #[case] fails: Option<&str>) {
    let shop = shop_where(code).await;
    let order = order_of(100);
    assert_eq!(shop.charge(&order).await, Outcome::Pending);
    assert_eq!(shop.account.query(&order.number).await, Outcome::Pending);
    let end = shop.account.query(&order.number).await;
    match fails {
        Some(code) => assert_eq!(end, Outcome::Failed(Failure::to_reverse(code))),
        None => assert!(matches!(end, Outcome::Succeeded(_)), "{end:?}"),
    }
}

#[rstest]
#[case(CodeEnd::Expired, "AUTH_CODE_EXPIRED")]
#[case(CodeEnd::NotEnough, "NOTENOUGH")]
#[tokio::test]
async fn a_code_that_pays_nothing_is_refused_for_good(#[case] code: CodeEnd, #[case] why: &str) {
    let shop = shop_where(code).await;
    assert_eq!(shop.charge(&order_of(100)).await, refused(why));
}

#[tokio::test]
async fn a_payer_who_does_nothing_is_reversed_and_cannot_pay_any_more() {
    let shop = shop_where(CodeEnd::Silent).await;
    let order = order_of(100);
    assert_eq!(shop.charge(&order).await, Outcome::Pending);
    for _ in 0..3 {
        assert_eq!(shop.account.query(&order.number).await, Outcome::Pending);
    }
    assert_eq!(
        shop.account.close(&order.number).await,
        refused("INVALID_REQUEST")
    );
    assert_eq!(shop.account.reverse(&order.number).await, Outcome::Succeeded(()));
    assert_eq!(
        shop.account.reverse(&order.number).await,
        Outcome::Succeeded(()),
        "again"
    );
    assert_eq!(shop.account.query(&order.number).await, refused("REVOKED"));
    assert!(shop.sim.pay(order.number.as_str()).is_err());
}

#[rstest]
#[case(Fails::DoneButSystemError, true)]
#[case(Fails::SlowBody, true)]
#[case(Fails::SystemError, false)]
#[tokio::test]
async fn a_charge_left_in_doubt_is_asked_about_and_then_reversed(#[case] how: Fails, #[case] paid: bool) {
    let shop = Shop::open().await;
    let order = order_of(100);
    shop.fail(Operation::Charge, how);
    assert!(is_unknown(&shop.charge(&order).await));
    let found = shop.account.query(&order.number).await;
    assert_eq!(matches!(found, Outcome::Succeeded(_)), paid, "{found:?}");
    if paid {
        assert_eq!(shop.account.reverse(&order.number).await, Outcome::Succeeded(()));
        assert_eq!(shop.account.query(&order.number).await, refused("REVOKED"));
    } else {
        assert_eq!(shop.account.reverse(&order.number).await, Outcome::NotFound);
    }
}

#[test]
fn the_code_is_never_printed() {
    let code = payments::channel::PayerCode::from_text("130000000000000001");
    assert!(!format!("{code:?}").contains("13"));
}
