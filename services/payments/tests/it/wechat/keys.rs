//! Keys that come and go on both sides.

use payments::channel::{Channel as _, Outcome};
use serde_json::json;
use testkit::wechat::{Fails, Operation, Simulator};

use super::{Shop, is_unknown, order_of, path, text};
use crate::world::World;

/// The serial of a key that the merchant moves to: any pair will do.
const NEXT_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";

/// An account that has nothing of the channel's but the APIv3 key.
async fn without_public_key() -> (Shop, String) {
    let shop = Shop::open_with(|settings| {
        settings["public_key_id"] = json!("");
        settings["public_key_file"] = json!("");
    })
    .await;
    let serial = certified(&shop.sim);
    shop.sim.drop_public_key();
    (shop, serial)
}

/// A certificate that is listed and signs.
fn certified(sim: &Simulator) -> String {
    let serial = sim.issue_certificate().unwrap();
    sim.sign_with(Some(&serial)).unwrap();
    serial
}

#[tokio::test]
async fn the_first_certificate_is_believed_by_the_api_key_alone() {
    let (shop, _) = without_public_key().await;
    let order = shop.paid(100).await;
    assert!(matches!(
        shop.account.query(&order.number).await,
        Outcome::Succeeded(_)
    ));
}

#[tokio::test]
async fn without_any_key_nothing_is_believed_until_one_can_be_had() {
    let (shop, _) = without_public_key().await;
    shop.sim.fail(testkit::wechat::Fault {
        call: Operation::Certificates,
        how: Fails::SystemError,
        times: 3,
    });
    let order = order_of(100);
    assert!(is_unknown(&shop.account.open(&order).await));
    assert!(matches!(shop.account.open(&order).await, Outcome::Succeeded(_)));
}

#[tokio::test]
async fn a_certificate_that_follows_is_fetched_when_something_is_signed_with_it() {
    let (shop, _) = without_public_key().await;
    let order = shop.paid(100).await;
    assert_eq!(shop.account.renew_keys().await, Outcome::Succeeded(()));
    let second = shop.sim.issue_certificate().unwrap();
    assert_eq!(
        shop.account.renew_keys().await,
        Outcome::Succeeded(()),
        "listed before its use"
    );
    shop.sim.sign_with(Some(&second)).unwrap();
    assert!(matches!(
        shop.account.query(&order.number).await,
        Outcome::Succeeded(_)
    ));
}

#[tokio::test]
async fn a_list_that_nobody_known_signed_brings_no_key() {
    let (shop, _) = without_public_key().await;
    let order = shop.paid(100).await;
    // the list that names it is itself signed with it: once keys were fetched that is no proof
    certified(&shop.sim);
    assert!(is_unknown(&shop.account.renew_keys().await));
    assert!(is_unknown(&shop.account.query(&order.number).await));
}

#[tokio::test]
async fn keys_stay_good_while_newer_ones_cannot_be_had() {
    let (shop, _) = without_public_key().await;
    let order = shop.paid(100).await;
    for how in [
        Fails::SystemError,
        Fails::BadGateway,
        Fails::BadSignature,
        Fails::SignTest,
    ] {
        shop.fail(Operation::Certificates, how);
        assert!(is_unknown(&shop.account.renew_keys().await), "{how:?}");
        assert!(matches!(
            shop.account.query(&order.number).await,
            Outcome::Succeeded(_)
        ));
    }
}

#[tokio::test]
async fn while_an_account_moves_to_the_public_key_callbacks_of_both_kinds_are_believed() {
    let world = World::open().await;
    let mut heard = 0;
    for by_certificate in [false, true, true, false] {
        if by_certificate {
            certified(&world.sim);
        } else {
            world.sim.sign_with(None).unwrap();
        }
        let attempt = world.qr(&world.intent().await).await;
        world.pay(&attempt).await;
        heard += 1;
        let sent = world.sim.sent();
        assert_eq!(sent.len(), heard, "{sent:?}");
        assert!(sent.iter().all(|s| s.status == Some(204)), "{sent:?}");
    }
    world.books_balance().await;
}

#[tokio::test]
async fn a_merchants_key_that_is_taken_no_longer_is_followed_by_the_other() {
    let shop = Shop::open_with(|settings| {
        settings["other_keys"] = json!({ NEXT_SERIAL: path("platform-private.pem") });
    })
    .await;
    shop.sim
        .know_merchant(NEXT_SERIAL, &text("platform-public.pem"))
        .unwrap();
    let order = shop.paid(100).await;
    shop.sim.forget_merchant(&text("merchant-serial"));
    assert!(matches!(
        shop.account.query(&order.number).await,
        Outcome::Succeeded(_)
    ));
    let in_app = order_of(100);
    let Outcome::Succeeded(call) = shop.account.open_in_app(&in_app, "o-member").await else {
        panic!("no call")
    };
    shop.sim.pay_in_app(&call.0).unwrap();
    shop.sim.forget_merchant(NEXT_SERIAL);
    assert!(is_unknown(&shop.account.query(&order.number).await));
}
