//! The adapter of WeChat Pay alone, against its simulator.

mod bills;
mod codes;
mod keys;
mod refunds;

use std::time::Duration;

use axum::Router;
use chrono::NaiveDate;
use http::StatusCode;
use kernel::{Amount, AttemptId, Clock, RefundId, StudioId};
use payments::channel::wechat::WeChat;
use payments::channel::{
    Channel as _, ChannelNumber, Counter, Failure, Order, Outcome, Paid, PayerCode, RefundOrder, Returned,
};
use payments::config;
use serde_json::{Value, json};
use testkit::house;
use testkit::wechat::{Config, Fails, Fault, Operation, Simulator};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// An account and the channel at which it stands.
pub struct Shop {
    pub sim: Simulator,
    pub account: WeChat,
    _ear: JoinSet<()>,
}

/// Where callbacks go, which nobody reads here.
const NOTIFY: &str = "https://pay.studio.example";

fn path(name: &str) -> String {
    house::keys().wechat(name).display().to_string()
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap().trim().to_owned()
}

/// The settings of the account as a mounted file would say them.
pub fn settings(sim: &Simulator) -> Value {
    json!({
        "mchid": testkit::wechat::MCHID, "appid": testkit::wechat::APPID, "serial": text("merchant-serial"),
        "private_key_file": path("merchant-private.pem"), "api_v3_key_file": path("api-v3-key"),
        "public_key_id": text("platform-key-id"), "public_key_file": path("platform-public.pem"),
        "base_url": sim.url(), "notify_url": format!("{NOTIFY}/callbacks/wechat/house"),
        "timeout_ms": 700, "download_timeout_ms": 700, "renew_pause_s": 0,
    })
}

/// Acknowledges every callback.
async fn ear(sim: &Simulator) -> JoinSet<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    sim.route(NOTIFY, format!("http://{}", listener.local_addr().unwrap()));
    let router = Router::new().fallback(|| async { StatusCode::NO_CONTENT });
    let mut ear = JoinSet::new();
    ear.spawn(async move { axum::serve(listener, router).await.unwrap() });
    ear
}

impl Shop {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    /// Opens it with settings that differ.
    pub async fn open_with(change: impl FnOnce(&mut Value)) -> Self {
        let mut config = Config::from_keys(house::keys(), "127.0.0.1:0".parse().unwrap()).unwrap();
        config.speed = 2_000;
        config.refund_takes = Duration::from_millis(1);
        config.reverse_after = Duration::ZERO;
        let sim = Simulator::start(config).await.unwrap();
        let ear = ear(&sim).await;
        let mut settings = settings(&sim);
        change(&mut settings);
        let settings: config::WeChat = serde_json::from_value(settings).unwrap();
        let account = WeChat::new(&settings).unwrap();
        Self {
            sim,
            account,
            _ear: ear,
        }
    }

    /// What a payer at a counter is charged.
    pub async fn charge(&self, order: &Order) -> Outcome<Paid> {
        let code = PayerCode::from_text("130000000000000001");
        let counter = Counter {
            studio: StudioId::fresh(),
            device: "the till at the door, a long name".to_owned(),
        };
        self.account.charge(order, &code, &counter).await
    }

    /// An order that was paid by QR.
    pub async fn paid(&self, minor: i64) -> Order {
        let order = order_of(minor);
        assert!(matches!(self.account.open(&order).await, Outcome::Succeeded(_)));
        self.sim.pay(order.number.as_str()).unwrap();
        order
    }

    pub async fn refunded(&self, order: &Order, minor: i64) -> (RefundOrder, Outcome<Returned>) {
        let refund = RefundOrder {
            payment: order.number.clone(),
            number: ChannelNumber::of_refund(RefundId::fresh()),
            amount: Amount::from_minor(minor).unwrap(),
            total: order.amount,
            reason: "退课".to_owned(),
        };
        let outcome = self.account.refund(&refund).await;
        (refund, outcome)
    }

    pub async fn quiet(&self) {
        testkit::until("the channel comes to rest", async || !self.sim.is_busy()).await;
    }

    pub fn fail(&self, call: Operation, how: Fails) {
        self.sim.fail(Fault { call, how, times: 1 });
    }
}

/// A payment of so many fen that is asked for.
fn order_of(minor: i64) -> Order {
    Order {
        number: ChannelNumber::of_attempt(AttemptId::fresh()),
        description: "晴空瑜伽年卡".to_owned(),
        amount: Amount::from_minor(minor).unwrap(),
        expire_at: Clock::real() + Duration::from_mins(15),
    }
}

fn today() -> NaiveDate {
    Clock::real()
        .with_timezone(&chrono::FixedOffset::east_opt(8 * 3600).unwrap())
        .date_naive()
}

fn is_unknown<T>(outcome: &Outcome<T>) -> bool {
    matches!(outcome, Outcome::Unknown(_))
}

fn refused<T>(code: &str) -> Outcome<T> {
    Outcome::Failed(Failure::for_good(code))
}

#[tokio::test]
async fn an_answer_that_is_not_proved_is_a_doubt_and_the_next_one_counts() {
    let shop = Shop::open().await;
    let order = shop.paid(100).await;
    for how in [
        Fails::SignTest,
        Fails::BadSignature,
        Fails::UnknownSerial,
        Fails::BadGateway,
        Fails::SlowBody,
        Fails::RateLimited,
        Fails::DoneButSystemError,
    ] {
        shop.fail(Operation::Query, how);
        let asked = shop.account.query(&order.number).await;
        assert!(is_unknown(&asked), "{how:?}: {asked:?}");
        assert!(matches!(
            shop.account.query(&order.number).await,
            Outcome::Succeeded(_)
        ));
    }
}

#[tokio::test]
async fn an_order_that_was_made_without_an_answer_is_found_and_one_that_was_not_is_not() {
    let shop = Shop::open().await;
    for (how, made) in [(Fails::DoneButSystemError, true), (Fails::SystemError, false)] {
        let order = order_of(100);
        shop.fail(Operation::Create, how);
        assert!(is_unknown(&shop.account.open(&order).await));
        let found = shop.account.query(&order.number).await;
        assert_eq!(found, if made { Outcome::Pending } else { Outcome::NotFound });
        assert!(
            matches!(shop.account.open(&order).await, Outcome::Succeeded(_)),
            "the same number again"
        );
    }
}

#[tokio::test]
async fn a_member_pays_inside_the_app_by_a_call_that_only_the_merchant_can_make() {
    let shop = Shop::open().await;
    let order = order_of(8_800);
    let Outcome::Succeeded(call) = shop.account.open_in_app(&order, "o-member").await else {
        panic!("no call")
    };
    assert_eq!(shop.account.query(&order.number).await, Outcome::Pending);
    for part in ["appId", "timeStamp", "nonceStr", "package", "paySign", "signType"] {
        let mut changed = call.0.clone();
        changed.insert(part.to_owned(), "1".to_owned());
        assert!(shop.sim.pay_in_app(&changed).is_err(), "{part}");
    }
    shop.sim.pay_in_app(&call.0).unwrap();
    let Outcome::Succeeded(paid) = shop.account.query(&order.number).await else {
        panic!("not paid")
    };
    assert_eq!(paid.amount_minor, 8_800);
}
