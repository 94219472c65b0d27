//! Payers who pay while the merchant does something else, and keys that change
//! while the channel runs.

use serde_json::{Value, json};
use testkit::wechat::{Forgery, Moment, Script};

use super::merchant::Merchant;

fn pays(pays: Moment) -> Script {
    Script {
        pays,
        ..Script::default()
    }
}

#[tokio::test]
async fn a_callback_can_come_before_the_order_is_answered() {
    let shop = Merchant::open(0).await;
    shop.simulator.script_next(pays(Moment::BeforeTheAnswer));
    shop.create("ORDER001", 100).await;
    assert_eq!(shop.heard().len(), 1);
    assert_eq!(shop.query("ORDER001").await.1["trade_state"], "SUCCESS");
}

#[tokio::test]
async fn an_order_can_be_paid_between_the_last_query_and_the_close_or_after_it() {
    let shop = Merchant::open(0).await;
    for moment in [Moment::BeforeTheClose, Moment::AfterTheClose] {
        shop.simulator.script_next(pays(moment));
        let number = format!("ORDER{}", moment == Moment::AfterTheClose);
        shop.create(&number, 100).await;
        assert_eq!(shop.query(&number).await.1["trade_state"], "NOTPAY");
        let (status, said) = shop.close(&number).await;
        let expected = if moment == Moment::BeforeTheClose {
            (400, json!("ORDER_PAID"))
        } else {
            (204, Value::Null)
        };
        assert_eq!((status, said["code"].clone()), expected);
        assert_eq!(shop.query(&number).await.1["trade_state"], "SUCCESS");
    }
    shop.quiet().await;
    assert_eq!(shop.heard().len(), 2);
}

#[tokio::test]
async fn a_callback_can_be_for_another_application() {
    let shop = Merchant::open(0).await;
    shop.simulator.script_next(Script {
        forged: vec![Forgery::WrongApp],
        ..Script::default()
    });
    let code = shop.create("ORDER001", 100).await;
    shop.simulator.pay(&code).unwrap();
    shop.quiet().await;
    let heard = shop.heard();
    let apps: Vec<_> = heard
        .iter()
        .map(|(genuine, told)| (*genuine, told["appid"].clone()))
        .collect();
    assert_eq!(
        apps,
        [
            (true, json!("wx0000000000000666")),
            (true, json!(shop.config.appid))
        ]
    );
}

#[tokio::test]
async fn keys_are_turned_at_the_control_door() {
    let shop = Merchant::open(0).await;
    let client = reqwest::Client::new();
    let turn = async |step: Value| {
        let address = format!("{}/control/keys", shop.simulator.url());
        let answer = client.post(address).json(&step).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, none) = shop.ask("GET", "/v3/certificates", &Value::Null).await;
    assert_eq!((status, &none["code"]), (404, &json!("RESOURCE_NOT_EXISTS")));
    let (_, issued) = turn(json!("issue")).await;
    let (_, listed) = shop.ask("GET", "/v3/certificates", &Value::Null).await;
    assert_eq!(listed["data"][0]["serial_no"], issued["serial"]);
    assert_eq!(turn(json!({ "sign_with": issued["serial"] })).await.0, 200);
    assert_eq!(turn(json!({ "sign_with": "00" })).await.0, 400);
    assert_eq!(
        turn(json!({ "forget_merchant": shop.config.merchant_serial }))
            .await
            .0,
        200
    );
    let path = format!(
        "/v3/pay/transactions/out-trade-no/ORDER001?mchid={}",
        shop.config.mchid
    );
    let now = kernel::Clock::real().timestamp();
    let authorization = shop.authorization("GET", &path, "", now, "n1");
    let refused = shop.send("GET", &path, "", authorization).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(
        refused.headers()["wechatpay-serial"],
        issued["serial"].as_str().unwrap()
    );
}
