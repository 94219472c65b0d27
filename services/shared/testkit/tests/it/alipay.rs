//! The simulator of Alipay as a merchant meets it.

mod merchant;

use merchant::Merchant;
use serde_json::json;
use testkit::alipay::{BillFlaw, Fails, Fault, Kind, Operation, Payer, RefundEnd, Script};

#[tokio::test]
async fn no_trade_exists_before_the_scan_and_a_close_does_not_prevent_one() {
    let shop = Merchant::open().await;
    let code = shop.precreate("A1", "88.80").await;
    assert_eq!(shop.query("A1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    assert_eq!(shop.close("A1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    shop.simulator.scan(&code).unwrap();
    assert_eq!(shop.query("A1").await["trade_status"], "WAIT_BUYER_PAY");
    shop.simulator.pay(&code).unwrap();
    let found = shop.query("A1").await;
    assert_eq!(
        (&found["trade_status"], &found["total_amount"]),
        (&json!("TRADE_SUCCESS"), &json!("88.80"))
    );
    assert_eq!(shop.close("A1").await["sub_code"], "ACQ.TRADE_STATUS_ERROR");
    assert!(shop.simulator.pay(&code).is_err());
}

#[tokio::test]
async fn a_request_that_is_not_as_it_should_be_is_turned_away() {
    let shop = Merchant::open().await;
    let good = json!({ "out_trade_no": "A1", "total_amount": "1.00", "subject": "年卡" });
    let call = "alipay.trade.precreate";
    for (why, name, value) in [
        ("another charset", "charset", "GBK"),
        ("another way to sign", "sign_type", "RSA"),
        ("another application", "app_id", "2021000000000009"),
        ("an old time", "timestamp", "2020-01-01 00:00:00"),
        ("another version", "version", "2.0"),
        ("plain http", "notify_url", "http://studio.example/cb"),
    ] {
        let said = shop.call_changed(call, &good, &[(name, value)]).await;
        assert_ne!(said["code"], "10000", "{why}");
    }
    assert_eq!(
        shop.call_unsigned(call, &good).await["sub_code"],
        "isv.invalid-signature"
    );
    for (name, value) in [
        ("total_amount", json!("1")),
        ("total_amount", json!("0.00")),
        ("total_amount", json!(1)),
        ("subject", json!("a=b")),
        ("subject", json!("x".repeat(257))),
        ("out_trade_no", json!("A-1")),
        ("time_expire", json!("2020-01-01 00:00:00")),
        ("unheard", json!("of")),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        assert_eq!(shop.call(call, &bad).await["code"], "40004", "{bad}");
    }
    assert_eq!(shop.call(call, &good).await["code"], "10000");
    let mut other = good.clone();
    other["total_amount"] = json!("2.00");
    assert_eq!(
        shop.call(call, &other).await["sub_code"],
        "ACQ.CONTEXT_INCONSISTENT"
    );
}

#[tokio::test]
async fn a_notification_is_repeated_until_the_one_word_comes_back() {
    let shop = Merchant::open().await;
    shop.refuse_first(3);
    let code = shop.precreate("A1", "1.00").await;
    shop.simulator.pay(&code).unwrap();
    shop.quiet().await;
    let heard = shop.heard();
    assert_eq!(heard.len(), 4);
    assert!(heard.iter().all(|(genuine, _)| *genuine));
    assert!(
        heard
            .iter()
            .all(|(_, told)| told["notify_id"] == heard[0].1["notify_id"])
    );
    let sent = shop.simulator.sent();
    assert!(sent[3].acknowledged && !sent[2].acknowledged);
    assert_eq!(sent[2].status, Some(200), "the status alone says nothing");
}

#[tokio::test]
async fn refunds_go_back_once_for_each_number_and_never_beyond_the_trade() {
    let shop = Merchant::open().await;
    let code = shop.precreate("A1", "10.00").await;
    shop.simulator.pay(&code).unwrap();
    assert_eq!(shop.refund("A1", "R1", "4.00").await["fund_change"], "Y");
    let again = shop.refund("A1", "R1", "4.00").await;
    assert_eq!(
        (&again["fund_change"], &again["refund_fee"]),
        (&json!("N"), &json!("4.00"))
    );
    assert_eq!(
        shop.refund("A1", "R1", "5.00").await["sub_code"],
        "ACQ.DISCORDANT_REPEAT_REQUEST"
    );
    assert_eq!(
        shop.refund("A1", "R2", "6.01").await["sub_code"],
        "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    );
    let second = shop.refund("A1", "R2", "6.00").await;
    assert_eq!(second["refund_fee"], "10.00", "the sum of all");
    let found = shop.refund_now("A1", "R2").await;
    assert_eq!(
        (&found["refund_status"], &found["refund_amount"]),
        (&json!("REFUND_SUCCESS"), &json!("6.00"))
    );
    assert_eq!(shop.query("A1").await["trade_status"], "TRADE_CLOSED");
    assert_eq!(shop.refund_now("A1", "R9").await.get("refund_status"), None);
}

#[tokio::test]
async fn a_refund_that_was_forgotten_is_done_when_it_is_asked_for_again() {
    let shop = Merchant::open().await;
    shop.simulator.script_next(Script {
        refund_ends: RefundEnd::Lost,
        ..Script::default()
    });
    let code = shop.precreate("A1", "10.00").await;
    shop.simulator.pay(&code).unwrap();
    assert_eq!(shop.refund("A1", "R1", "4.00").await["fund_change"], "N");
    assert_eq!(shop.refund_now("A1", "R1").await.get("refund_status"), None);
    assert_eq!(shop.refund("A1", "R1", "4.00").await["fund_change"], "Y");
}

#[tokio::test]
async fn a_payers_code_pays_once_and_a_cancel_undoes_what_became_of_it() {
    let shop = Merchant::open().await;
    let paid = shop.charge("A1", "280000000000000001").await;
    assert_eq!(
        (&paid["code"], &paid["trade_status"]),
        (&json!("10000"), &json!("TRADE_SUCCESS"))
    );
    let used = shop.charge("A2", "280000000000000001").await;
    assert_eq!(used["sub_code"], "ACQ.PAYMENT_AUTH_CODE_INVALID");
    shop.simulator.script_next(Script {
        payer: Payer::Agrees,
        ..Script::default()
    });
    assert_eq!(shop.charge("A3", "280000000000000003").await["code"], "10003");
    assert_eq!(shop.cancel("A3").await["action"], "close");
    assert_eq!(shop.cancel("A1").await["action"], "refund");
    assert_eq!(shop.cancel("A9").await.get("action"), None);
    assert_eq!(shop.query("A1").await["trade_status"], "TRADE_CLOSED");
}

#[tokio::test]
async fn every_fault_is_had_on_purpose() {
    for (how, proved, done) in [
        (Fails::DoneButSystemError, true, true),
        (Fails::SystemError, true, false),
        (Fails::Unavailable, true, false),
        (Fails::RateLimited, true, false),
        (Fails::TurnedAway, true, false),
        (Fails::BadGateway, false, false),
        (Fails::BadSignature, false, true),
        (Fails::Unsigned, false, true),
        (Fails::UnknownCertificate, false, true),
    ] {
        let shop = Merchant::open().await;
        let fault = Fault {
            call: Operation::Precreate,
            how,
            times: 1,
        };
        shop.simulator.script_next(Script {
            faults: vec![fault],
            ..Script::default()
        });
        let content = json!({ "out_trade_no": "A1", "total_amount": "1.00", "subject": "年卡" });
        let answer = shop.ask("alipay.trade.precreate", &content, &[]).await;
        assert_eq!(shop.is_proved(&answer), proved, "{how:?}");
        assert_eq!(shop.simulator.orders().len(), usize::from(done), "{how:?}");
    }
}

#[tokio::test]
async fn a_days_bill_is_the_truth_with_the_flaws_that_were_asked_for() {
    let shop = Merchant::open().await;
    for number in ["A1", "A2"] {
        let code = shop.precreate(number, "10.00").await;
        shop.simulator.pay(&code).unwrap();
    }
    shop.refund("A1", "R1", "4.00").await;
    let day = merchant::today();
    let bill = shop.simulator.bill(day, Kind::Trade).unwrap();
    assert!(bill.contains("#交易合计：2笔，商家实收共20.00元"), "{bill}");
    assert!(bill.contains("#退款合计：1笔，商家实收退款共-4.00元"), "{bill}");
    assert!(bill.contains(",R1,") && bill.contains(",-0.06,"), "{bill}");
    let funds = shop.simulator.bill(day, Kind::Fund).unwrap();
    assert!(
        funds.contains("#收入合计：2笔，共20.00元") && funds.contains("#支出合计：3笔，共-4.12元"),
        "{funds}"
    );
    let flaw = BillFlaw::AmountOff {
        out_trade_no: "A2".to_owned(),
        fen: 1,
    };
    shop.simulator.flaw_bill(day, flaw);
    assert!(
        shop.simulator
            .bill(day, Kind::Trade)
            .unwrap()
            .contains(",10.01,10.01,")
    );
    let archive = shop.download("trade", day).await.unwrap();
    assert!(archive.starts_with(b"PK\x03\x04"));
    assert_eq!(
        shop.download("trade", day.pred_opt().unwrap()).await.unwrap_err(),
        "isp.bill_not_exist"
    );
}
