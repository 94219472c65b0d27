//! The simulator as a merchant meets it, with a small merchant of its own.

mod merchant;
mod moments;

use std::time::Duration;

use merchant::Merchant;
use serde_json::{Value, json};
use testkit::wechat::sign::PROBE;
use testkit::wechat::{Fails, Fault, Forgery, Operation, RefundEnd, Script};

#[tokio::test]
async fn an_order_is_made_paid_told_and_found() {
    let shop = Merchant::open(0).await;
    let code = shop.create("ORDER001", 9900).await;
    assert_eq!(shop.query("ORDER001").await.1["trade_state"], "NOTPAY");
    shop.simulator.pay(&code).unwrap();
    shop.quiet().await;
    let heard = shop.heard();
    assert_eq!(heard.len(), 1);
    assert!(heard[0].0);
    assert_eq!(heard[0].1["amount"]["total"], 9900);
    let (_, found) = shop.query("ORDER001").await;
    assert_eq!(found["trade_state"], "SUCCESS");
    assert_eq!(found["transaction_id"], heard[0].1["transaction_id"]);
    let path = format!(
        "/v3/pay/transactions/id/{}?mchid={}",
        found["transaction_id"].as_str().unwrap(),
        shop.config.mchid
    );
    assert_eq!(shop.ask("GET", &path, &Value::Null).await.1, found);
    assert_eq!(shop.simulator.pay(&code).unwrap_err().code, "ORDER_PAID");
}

#[tokio::test]
async fn a_request_that_is_not_signed_to_the_byte_is_turned_away() {
    let shop = Merchant::open(0).await;
    let path = "/v3/pay/transactions/native";
    let body = shop.order("ORDER001", 1).to_string();
    let now = kernel::Clock::real().timestamp();
    let good = || {
        shop.authorization(
            "POST",
            path,
            &body,
            now,
            &kernel::fresh_uuid().simple().to_string(),
        )
    };
    let changed = body.replace("年卡", "月卡");
    for (why, body, authorization) in [
        ("another body", changed.as_str(), good()),
        (
            "another path",
            &body,
            shop.authorization("POST", "/v3/other", &body, now, "n1"),
        ),
        (
            "another method",
            &body,
            shop.authorization("GET", path, &body, now, "n2"),
        ),
        (
            "six minutes ago",
            &body,
            shop.authorization("POST", path, &body, now - 360, "n3"),
        ),
        (
            "another serial",
            &body,
            good().replace(&shop.config.merchant_serial, &"A".repeat(40)),
        ),
        ("nothing", &body, String::new()),
    ] {
        let (status, genuine, bytes) = shop
            .check(shop.send("POST", path, body, authorization).await)
            .await;
        assert_eq!(
            (status, genuine),
            (401, true),
            "{why}: {}",
            String::from_utf8_lossy(&bytes)
        );
    }
    let authorization = good();
    assert_eq!(
        shop.send("POST", path, &body, authorization.clone())
            .await
            .status(),
        200
    );
    assert_eq!(
        shop.send("POST", path, &body, authorization).await.status(),
        401,
        "a nonce is good once"
    );
}

#[tokio::test]
async fn one_number_is_one_order() {
    let shop = Merchant::open(0).await;
    let first = shop.create("ORDER001", 100).await;
    let second = shop.create("ORDER001", 100).await;
    assert_ne!(first, second);
    assert_eq!(
        shop.simulator.pay(&first).unwrap_err().code,
        "ORDER_NOT_EXIST",
        "a new QR replaces the old"
    );
    let (status, other) = shop
        .ask(
            "POST",
            "/v3/pay/transactions/native",
            &shop.order("ORDER001", 200),
        )
        .await;
    assert_eq!((status, &other["code"]), (403, &json!("OUT_TRADE_NO_USED")));
    shop.simulator.pay(&second).unwrap();
    let (status, paid) = shop
        .ask(
            "POST",
            "/v3/pay/transactions/native",
            &shop.order("ORDER001", 100),
        )
        .await;
    assert_eq!((status, &paid["code"]), (400, &json!("ORDER_PAID")));
    assert_eq!(shop.close("ORDER001").await.1["code"], "ORDER_PAID");
}

#[tokio::test]
async fn a_closed_order_can_be_closed_again_and_paid_late_only_on_purpose() {
    let shop = Merchant::open(0).await;
    let code = shop.create("ORDER001", 100).await;
    assert_eq!(shop.close("ORDER001").await, (204, Value::Null));
    assert_eq!(shop.close("ORDER001").await.0, 204);
    assert_eq!(shop.close("ORDER999").await.0, 404);
    assert_eq!(shop.simulator.pay(&code).unwrap_err().code, "ORDER_CLOSED");
    shop.simulator.pay_late(&code).unwrap();
    assert_eq!(shop.query("ORDER001").await.1["trade_state"], "SUCCESS");
}

#[tokio::test]
async fn a_callback_is_repeated_until_it_is_acknowledged() {
    let shop = Merchant::open(2).await;
    let code = shop.create("ORDER001", 100).await;
    shop.simulator.pay(&code).unwrap();
    shop.quiet().await;
    let statuses: Vec<_> = shop
        .simulator
        .sent()
        .iter()
        .map(|s| (s.attempt, s.status))
        .collect();
    assert_eq!(
        statuses,
        vec![(Some(1), Some(500)), (Some(2), Some(500)), (Some(3), Some(204))]
    );
}

#[tokio::test]
async fn a_lost_callback_never_comes_and_a_doubled_one_comes_twice() {
    let shop = Merchant::open(0).await;
    shop.simulator.script_next(Script {
        lose_callback: true,
        ..Script::default()
    });
    shop.simulator.script_next(Script {
        duplicate_callback: 1,
        ..Script::default()
    });
    for number in ["ORDER001", "ORDER002"] {
        let code = shop.create(number, 100).await;
        shop.simulator.pay(&code).unwrap();
    }
    shop.quiet().await;
    let numbers: Vec<_> = shop.heard().iter().map(|h| h.1["out_trade_no"].clone()).collect();
    assert_eq!(numbers, vec![json!("ORDER002"); 2]);
}

#[tokio::test]
async fn forged_callbacks_come_before_the_true_one_and_differ_from_it() {
    let shop = Merchant::open(0).await;
    let forged = vec![
        Forgery::BadSignature,
        Forgery::SignTest,
        Forgery::WrongAmount,
        Forgery::WrongMerchant,
        Forgery::WrongKey,
    ];
    shop.simulator.script_next(Script {
        forged,
        ..Script::default()
    });
    let code = shop.create("ORDER001", 100).await;
    shop.simulator.pay(&code).unwrap();
    shop.quiet().await;
    let heard = shop.heard();
    assert_eq!(
        heard.iter().map(|h| h.0).collect::<Vec<_>>(),
        vec![false, false, true, true, true, true]
    );
    assert_eq!(heard[2].1["amount"]["total"], 101);
    assert_eq!(heard[3].1["mchid"], "1900000999");
    assert_eq!(heard[4].1, Value::Null);
    assert_eq!(heard[5].1["amount"]["total"], 100);
}

#[tokio::test]
async fn a_call_can_be_carried_out_without_an_answer() {
    let shop = Merchant::open(0).await;
    let fault = |call, how| Script {
        faults: vec![Fault { call, how, times: 1 }],
        ..Script::default()
    };
    shop.simulator
        .script_next(fault(Operation::Create, Fails::DoneButTimeOut));
    let (path, body) = (
        "/v3/pay/transactions/native",
        shop.order("ORDER001", 100).to_string(),
    );
    let now = kernel::Clock::real().timestamp();
    let client = reqwest::Client::builder()
        .timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let sent = client
        .post(format!("{}{path}", shop.simulator.url()))
        .header("Accept", "application/json")
        .header("User-Agent", "test")
        .header("Content-Type", "application/json")
        .header(
            "Authorization",
            shop.authorization("POST", path, &body, now, "n1"),
        )
        .body(body);
    assert!(sent.send().await.unwrap_err().is_timeout());
    assert_eq!(shop.query("ORDER001").await.1["trade_state"], "NOTPAY");

    shop.simulator
        .script_next(fault(Operation::Create, Fails::SystemError));
    let (status, body) = shop.ask("POST", path, &shop.order("ORDER002", 100)).await;
    assert_eq!((status, &body["code"]), (500, &json!("SYSTEM_ERROR")));
    assert_eq!(shop.query("ORDER002").await.0, 404, "it was not carried out");
    shop.create("ORDER002", 100).await;

    shop.simulator
        .script("ORDER002", fault(Operation::Query, Fails::BadGateway))
        .unwrap();
    let path = format!(
        "/v3/pay/transactions/out-trade-no/ORDER002?mchid={}",
        shop.config.mchid
    );
    let reply = shop
        .send("GET", &path, "", shop.authorization("GET", &path, "", now, "n2"))
        .await;
    let (status, genuine, _) = shop.check(reply).await;
    assert_eq!((status, genuine), (502, false));
}

#[tokio::test]
async fn an_answer_can_carry_the_probe_instead_of_a_signature() {
    let shop = Merchant::open(0).await;
    let faults = vec![Fault {
        call: Operation::Query,
        how: Fails::SignTest,
        times: 1,
    }];
    shop.simulator.script_next(Script {
        faults,
        ..Script::default()
    });
    shop.create("ORDER001", 100).await;
    let path = format!(
        "/v3/pay/transactions/out-trade-no/ORDER001?mchid={}",
        shop.config.mchid
    );
    let now = kernel::Clock::real().timestamp();
    let reply = shop
        .send("GET", &path, "", shop.authorization("GET", &path, "", now, "n1"))
        .await;
    assert!(
        reply.headers()["wechatpay-signature"]
            .to_str()
            .unwrap()
            .starts_with(PROBE)
    );
}

#[tokio::test]
async fn refunds_are_accepted_then_done_and_never_exceed_the_order() {
    let shop = Merchant::open(0).await;
    let code = shop.create("ORDER001", 100).await;
    assert_eq!(
        shop.refund("ORDER001", "R1", 60, 100).await.1["code"],
        "TRADE_ERROR"
    );
    shop.simulator.pay(&code).unwrap();
    let (status, accepted) = shop.refund("ORDER001", "R1", 60, 100).await;
    assert_eq!((status, &accepted["status"]), (200, &json!("PROCESSING")));
    assert_eq!(
        shop.refund("ORDER001", "R1", 60, 100).await.1["refund_id"],
        accepted["refund_id"]
    );
    assert_eq!(
        shop.refund("ORDER001", "R1", 61, 100).await.0,
        400,
        "one number, other parameters"
    );
    assert_eq!(
        shop.refund("ORDER001", "R2", 41, 100).await.0,
        400,
        "more than was paid"
    );
    assert_eq!(
        shop.refund("ORDER001", "R3", 40, 99).await.0,
        400,
        "another total"
    );
    shop.quiet().await;
    let (_, done) = shop
        .ask("GET", "/v3/refund/domestic/refunds/R1", &Value::Null)
        .await;
    assert_eq!(done["status"], "SUCCESS");
    assert_eq!(shop.query("ORDER001").await.1["trade_state"], "REFUND");
    let told = shop
        .heard()
        .into_iter()
        .filter(|h| h.1["refund_status"] == "SUCCESS")
        .count();
    assert_eq!(told, 1);
    assert_eq!(
        shop.ask("GET", "/v3/refund/domestic/refunds/R9", &Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn a_refund_can_end_badly_or_lack_funds() {
    let shop = Merchant::open(0).await;
    shop.simulator.script_next(Script {
        refund_ends: RefundEnd::Abnormal,
        ..Script::default()
    });
    shop.simulator.script_next(Script {
        refund_not_enough: true,
        ..Script::default()
    });
    for number in ["ORDER001", "ORDER002"] {
        let code = shop.create(number, 100).await;
        shop.simulator.pay(&code).unwrap();
    }
    shop.refund("ORDER001", "R1", 100, 100).await;
    let (status, refused) = shop.refund("ORDER002", "R2", 100, 100).await;
    assert_eq!((status, &refused["code"]), (403, &json!("NOT_ENOUGH")));
    shop.quiet().await;
    let (_, ended) = shop
        .ask("GET", "/v3/refund/domestic/refunds/R1", &Value::Null)
        .await;
    assert_eq!(ended["status"], "ABNORMAL");
}

#[tokio::test]
async fn a_person_pays_at_the_phone() {
    let shop = Merchant::open(0).await;
    let code = shop.create("ORDER001", 100).await;
    let client = reqwest::Client::new();
    let post = async |what: &str, body: Value| {
        client
            .post(format!("{}/control/{what}", shop.simulator.url()))
            .json(&body)
            .send()
            .await
            .unwrap()
    };
    let phone = reqwest::get(format!("{}/phone", shop.simulator.url()))
        .await
        .unwrap();
    assert!(phone.text().await.unwrap().contains("扫一扫"));
    let refused: Value = post("refuse", json!({ "code_url": code }))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(refused["paid"], false);
    let paid: Value = post("pay", json!({ "code_url": code }))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(paid["out_trade_no"], "ORDER001");
    assert_eq!(post("pay", json!({ "code_url": code })).await.status(), 409);
    assert_eq!(post("reset", json!({})).await.status(), 200);
    assert!(shop.simulator.orders().is_empty());
}
