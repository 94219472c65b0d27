//! Refunds that hang, and go elsewhere.

use payments::channel::{Channel as _, Elsewhere, Outcome, PayerAccount, RefundOrder};
use testkit::wechat::{RefundEnd, Script};

use super::Shop;

async fn hanging(shop: &Shop) -> RefundOrder {
    shop.sim.script_next(Script {
        refund_ends: RefundEnd::Abnormal,
        ..Script::default()
    });
    let order = shop.paid(100).await;
    let (refund, accepted) = shop.refunded(&order, 40).await;
    assert_eq!(accepted, Outcome::Pending);
    shop.quiet().await;
    let hangs = shop.account.query_refund(&refund).await;
    assert_eq!(hangs, Outcome::NeedsPerson("ABNORMAL".to_owned()));
    refund
}

fn payer(number: &str) -> Elsewhere {
    Elsewhere::Payer(PayerAccount {
        bank: "ICBC_DEBIT".to_owned(),
        number: number.to_owned(),
        holder: "王小明".to_owned(),
    })
}

#[tokio::test]
async fn a_refund_that_hangs_arrives_at_another_card_or_at_the_merchants() {
    let shop = Shop::open().await;
    for to in [payer("6222000000000000000"), Elsewhere::Merchant] {
        let refund = hanging(&shop).await;
        assert_eq!(shop.account.send_elsewhere(&refund, &to).await, Outcome::Pending);
        shop.quiet().await;
        let arrived = shop.account.query_refund(&refund).await;
        assert!(matches!(arrived, Outcome::Succeeded(_)), "{arrived:?}");
        let again = shop.account.send_elsewhere(&refund, &to).await;
        assert_eq!(again, arrived, "what does not hang stays as it is");
    }
}

#[tokio::test]
async fn a_refund_whose_account_cannot_be_sealed_or_is_wrong_still_hangs() {
    let shop = Shop::open().await;
    let refund = hanging(&shop).await;
    for number in ["", &"6".repeat(500)] {
        let refused = shop.account.send_elsewhere(&refund, &payer(number)).await;
        assert!(
            !matches!(refused, Outcome::Pending | Outcome::Succeeded(_)),
            "{refused:?}"
        );
        let hangs = shop.account.query_refund(&refund).await;
        assert_eq!(hangs, Outcome::NeedsPerson("ABNORMAL".to_owned()));
    }
}

#[test]
fn a_payers_account_is_never_printed() {
    assert!(!format!("{:?}", payer("6222000000000000000")).contains("6222"));
}
