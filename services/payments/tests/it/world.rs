use std::time::Duration;

use kernel::{DueId, LegalEntityId, PersonId, StudioId, to_proto_time};
use payments::App;
use proto::studio::money::v1::Money;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::intent_service_client::IntentServiceClient;
use proto::studio::payments::v1::receipt_service_client::ReceiptServiceClient;
use proto::studio::payments::v1::refund_service_client::RefundServiceClient;
use testkit::wechat::{Config, Simulator};
use testkit::{Chain, Door, Running, alipay, chain, house};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::people::People;

/// The price of what everybody buys here.
pub const PRICE: i64 = 368_000;
pub const NOTIFY: &str = "https://pay.studio.example";

/// payments, its channels, and the organisation of tests.
pub struct World {
    pub it: Running<App>,
    pub sim: Simulator,
    pub alipay: alipay::Simulator,
    pub people: People,
    pub chain: Chain,
}

pub fn fen(minor: i64) -> Money {
    Money {
        minor,
        currency: "CNY".to_owned(),
    }
}

pub fn request_id() -> String {
    kernel::fresh_uuid().to_string()
}

/// The machine-readable reason of a refusal.
pub fn reason(status: &Status) -> String {
    status
        .get_error_details()
        .error_info()
        .map(|i| i.reason.clone())
        .unwrap_or_default()
}

fn file(name: &str) -> String {
    let path = house::keys().wechat(name);
    std::fs::read_to_string(&path).unwrap().trim().to_owned()
}

/// How long a channel is waited for, unless told otherwise: tests in which it hangs
/// wait as long, and a machine that is short of time answers within it.
const TIMEOUT_MS: u64 = 2_500;

/// What one test changes.
#[derive(Default)]
pub struct Told {
    /// How long StartAttempt waits for the channel.
    pub wait_ms: u64,
    /// How long a channel is waited for.
    pub timeout_ms: Option<u64>,
    /// For whom the merchant `house` collects; nobody named means all others.
    pub house_for: Vec<LegalEntityId>,
    /// More of the table `[service.callbacks]`.
    pub callbacks: &'static str,
    /// Between two tries to fetch WeChat Pay's keys.
    pub renew_pause_s: u64,
    /// More of the table `[service.cashier]`.
    pub cashier: &'static str,
    /// Whether nobody configured what stands on the proofs of Beijing's company.
    pub nameless: bool,
    /// After how many unknown outcomes nothing is started, and for how long; most
    /// tests want their channel asked whatever it does.
    pub breaker: Option<(u32, u64)>,
    /// A second account of Beijing's company, by rule only: its application at
    /// WeChat Pay, and where that is.
    pub second: Option<(&'static str, Option<&'static str>)>,
    /// The account at Alipay is in certificate mode, and its files lie here.
    pub certificates: Option<crate::alipay::certificates::Folder>,
}

/// Settings of a merchant called `house`, and of one called `stranger` for
/// Shanghai, whom the channel does not know.
fn settings(sim: &Simulator, alipay: &alipay::Simulator, told: &Told) -> String {
    let path = |name: &str| house::keys().wechat(name).display().to_string();
    let timeout_ms = told.timeout_ms.unwrap_or(TIMEOUT_MS);
    let account_at = |appid: &str, name: &str, url: &str| {
        format!(
            "mchid = '{}'\nappid = '{appid}'\nserial = '{}'\nprivate_key_file = '{}'\napi_v3_key_file = '{}'\n\
             public_key_id = '{}'\npublic_key_file = '{}'\nbase_url = '{}'\nnotify_url = '{NOTIFY}/callbacks/wechat/{name}'\n\
             timeout_ms = {timeout_ms}\nrenew_pause_s = {}\n",
            testkit::wechat::MCHID,
            file("merchant-serial"),
            path("merchant-private.pem"),
            path("api-v3-key"),
            file("platform-key-id"),
            path("platform-public.pem"),
            url,
            told.renew_pause_s,
        )
    };
    let account = |appid: &str, name: &str| account_at(appid, name, &sim.url());
    let second = told.second.map_or_else(String::new, |(appid, url)| {
        let url = url.map_or_else(|| sim.url().clone(), str::to_owned);
        format!(
            "{}{}",
            crate::routing::second(),
            account_at(appid, "second", &url)
        )
    });
    let seller = if told.nameless { String::new() } else { seller() };
    format!(
        "{seller}[service.callbacks]\nlisten = '127.0.0.1:0'\n{}\n[service.attempts]\nwait_ms = {}\nwatch_ms = 20\n\
         [service.cashier]\nbreaker_failures = {}\nbreaker_pause_s = {}\n{}\n\
         [service.statements.rates]\nhouse = {{ alipay = '0.006' }}\n{}[service.merchants.house]\nlegal_entity_ids = {:?}\n[service.merchants.house.wechat]\n{}\
         [service.merchants.house.alipay]\n{}\
         [service.merchants.stranger]\nlegal_entity_ids = ['{}']\nreceipt_series = 'SH'\n\
         [service.merchants.stranger.wechat]\n{}{second}",
        told.callbacks,
        told.wait_ms,
        told.breaker.map_or(u32::MAX, |(failures, _)| failures),
        told.breaker.map_or(0, |(_, pause_s)| pause_s),
        told.cashier,
        crate::books::bank(),
        told.house_for.iter().map(ToString::to_string).collect::<Vec<_>>(),
        account(testkit::wechat::APPID, "house"),
        crate::alipay::account(alipay, timeout_ms, told.certificates.as_ref()),
        chain().shanghai_company,
        account("wx9999999999999999", "stranger"),
    )
}

/// What stands on the proofs of Beijing's company.
fn seller() -> String {
    let after_sales = "400-000-0000 <b>前台</b>";
    format!("[service.sellers.LE-BJ]\ncredit_code = '91350100M000100Y43'\nafter_sales = '{after_sales}'\n")
}

pub fn intents(door: Door) -> IntentServiceClient<Door> {
    IntentServiceClient::new(door)
}

pub fn receipts(door: Door) -> ReceiptServiceClient<Door> {
    ReceiptServiceClient::new(door)
}

impl World {
    pub async fn open() -> Self {
        Self::open_told(Told::default()).await
    }

    pub async fn open_told(told: Told) -> Self {
        let mut config = Config::from_keys(house::keys(), "127.0.0.1:0".parse().unwrap()).unwrap();
        config.speed = 500;
        config.refund_takes = Duration::from_millis(20);
        config.reverse_after = Duration::ZERO;
        let sim = Simulator::start(config).await.unwrap();
        let mut config = alipay::Config::from_keys(house::keys(), "127.0.0.1:0".parse().unwrap()).unwrap();
        config.speed = 10_000;
        config.refund_takes = Duration::from_millis(20);
        config.authority = told.certificates.as_ref().map(|folder| folder.authority.clone());
        let alipay = alipay::Simulator::start(config).await.unwrap();
        let people = People::start().await;
        let peers = format!("[peers]\nmembers = '{}'\n", people.address);
        let it = Running::start_with(&(peers + &settings(&sim, &alipay, &told))).await;
        let door = format!("http://{}", it.listener("callbacks").unwrap());
        sim.route(NOTIFY, &door);
        alipay.route(NOTIFY, &door);
        Self {
            it,
            sim,
            alipay,
            people,
            chain: chain(),
        }
    }

    /// orders calls.
    pub fn orders(&self) -> IntentServiceClient<Door> {
        intents(self.it.as_service("orders"))
    }

    pub fn refunds(&self) -> RefundServiceClient<Door> {
        RefundServiceClient::new(self.it.as_service("refunds"))
    }

    /// What orders asks for a due of somebody at Chaoyang.
    pub fn asked(&self) -> pb::CreateIntentRequest {
        self.asked_of(self.chain.chaoyang, self.chain.beijing_company)
    }

    pub fn asked_of(&self, studio: StudioId, entity: LegalEntityId) -> pb::CreateIntentRequest {
        pb::CreateIntentRequest {
            request_id: request_id(),
            purpose: pb::Purpose::Order.into(),
            due_id: DueId::fresh().to_string(),
            person_id: PersonId::fresh().to_string(),
            studio_id: studio.to_string(),
            legal_entity_id: entity.to_string(),
            amount: Some(fen(PRICE)),
            description: "晴空瑜伽年卡".to_owned(),
            expire_at: Some(to_proto_time(self.it.clock().now() + Duration::from_hours(2))),
        }
    }

    pub async fn intent(&self) -> pb::Intent {
        self.create(self.asked()).await.unwrap()
    }

    pub async fn create(&self, asked: pb::CreateIntentRequest) -> Result<pb::Intent, Status> {
        Ok(self
            .orders()
            .create_intent(asked)
            .await?
            .into_inner()
            .intent
            .unwrap())
    }

    pub async fn start(&self, intent: &pb::Intent) -> Result<pb::Attempt, Status> {
        self.start_as(self.it.as_service("orders"), intent).await
    }

    pub async fn start_as(&self, door: Door, intent: &pb::Intent) -> Result<pb::Attempt, Status> {
        self.start_by(door, intent, pb::Method::WechatNative).await
    }

    pub async fn start_by(
        &self,
        door: Door,
        intent: &pb::Intent,
        method: pb::Method,
    ) -> Result<pb::Attempt, Status> {
        let request = pb::StartAttemptRequest {
            request_id: request_id(),
            intent_id: intent.intent_id.clone(),
            method: method.into(),
            ..Default::default()
        };
        Ok(intents(door)
            .start_attempt(request)
            .await?
            .into_inner()
            .attempt
            .unwrap())
    }

    pub async fn cancel(&self, intent: &pb::Intent) -> Result<pb::Intent, Status> {
        let request = pb::CancelIntentRequest {
            request_id: request_id(),
            intent_id: intent.intent_id.clone(),
        };
        Ok(self
            .orders()
            .cancel_intent(request)
            .await?
            .into_inner()
            .intent
            .unwrap())
    }

    /// An attempt with its QR on the screen.
    pub async fn qr(&self, intent: &pb::Intent) -> pb::Attempt {
        let attempt = self.start(intent).await.unwrap();
        self.it.settle().await;
        let attempt = self.attempt(&attempt.attempt_id).await;
        assert_eq!(attempt.state(), pb::AttemptState::AwaitingPayment);
        attempt
    }

    /// The payer scans and pays, and the callbacks arrive.
    pub async fn pay(&self, attempt: &pb::Attempt) {
        self.sim.pay(&attempt.channel_number).unwrap();
        self.callbacks_done().await;
    }

    pub async fn callbacks_done(&self) {
        testkit::until("the channels come to rest", async || {
            !self.sim.is_busy() && !self.alipay.is_busy()
        })
        .await;
    }

    /// Time goes on and everything that is due happens.
    pub async fn later(&self, by: Duration) {
        self.it.advance(by);
        self.it.settle().await;
    }

    pub async fn attempt(&self, id: &str) -> pb::Attempt {
        let request = pb::GetAttemptRequest {
            attempt_id: id.to_owned(),
        };
        self.orders()
            .get_attempt(request)
            .await
            .unwrap()
            .into_inner()
            .attempt
            .unwrap()
    }

    pub async fn intent_now(&self, intent: &pb::Intent) -> pb::Intent {
        let request = pb::GetIntentRequest {
            intent_id: intent.intent_id.clone(),
        };
        self.orders()
            .get_intent(request)
            .await
            .unwrap()
            .into_inner()
            .intent
            .unwrap()
    }

    /// A payment of a fresh due, captured.
    pub async fn payment(&self) -> pb::Payment {
        let intent = self.intent().await;
        let attempt = self.qr(&intent).await;
        self.pay(&attempt).await;
        self.payment_of(&intent).await
    }

    pub async fn payment_of(&self, intent: &pb::Intent) -> pb::Payment {
        let request = pb::ListPaymentsRequest {
            due_id: intent.due_id.clone(),
            ..Default::default()
        };
        let found = self
            .orders()
            .list_payments(request)
            .await
            .unwrap()
            .into_inner()
            .payments;
        assert_eq!(found.len(), 1);
        found[0].clone()
    }

    /// How often a fact was published.
    pub async fn facts(&self, kind: &str) -> i64 {
        self.count("select count(*) from outbox where type = $1", kind)
            .await
    }

    pub async fn count(&self, sql: &'static str, value: &str) -> i64 {
        sqlx::query_scalar(sql)
            .bind(value.to_owned())
            .fetch_one(self.it.pool())
            .await
            .unwrap()
    }

    /// Lets every task of a kind run once more, as after a crash between its
    /// remote step and its commit.
    pub async fn run_again(&self, kind: &str) {
        let revived = sqlx::query(
            "update tasks set state = 'waiting', done_at = null, due_at = $2, lease_until = '-infinity', once = null where kind = $1",
        )
        .bind(kind)
        .bind(self.it.clock().now())
        .execute(self.it.pool())
        .await
        .unwrap();
        assert!(revived.rows_affected() > 0);
        self.it.settle().await;
    }
}
