//! A small merchant with an ear for notifications.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use chrono::{FixedOffset, NaiveDate};
use serde_json::{Value, json};
use testkit::alipay::sign::{self, CheckingKey, SigningKey};
use testkit::alipay::{APP_ID, Config, Simulator};
use testkit::house;

const NOTIFY: &str = "https://callbacks.studio.test/callbacks/alipay/studio";

pub struct Merchant {
    pub simulator: Simulator,
    key: SigningKey,
    ear: Ear,
    _server: tokio::task::JoinSet<()>,
}

#[derive(Clone)]
struct Ear {
    /// Notifications: whether the signature held, and the fields.
    heard: Arc<Mutex<Vec<(bool, Value)>>>,
    alipay: Arc<CheckingKey>,
    refuse_first: Arc<Mutex<u32>>,
}

async fn hear(State(ear): State<Ear>, body: String) -> &'static str {
    let pairs = sign::pairs(&body).unwrap();
    let fields: BTreeMap<&str, String> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value).into_owned()))
        .collect();
    let signed = sign::text(&pairs, &["sign", "sign_type"]);
    let genuine = ear.alipay.accepts(&signed, &fields["sign"]);
    ear.heard.lock().unwrap().push((genuine, json!(fields)));
    let mut refuse = ear.refuse_first.lock().unwrap();
    if *refuse > 0 {
        *refuse -= 1;
        return "success!";
    }
    "success"
}

fn here() -> chrono::DateTime<FixedOffset> {
    kernel::Clock::real().with_timezone(&FixedOffset::east_opt(8 * 3600).unwrap())
}

pub fn today() -> NaiveDate {
    here().date_naive()
}

impl Merchant {
    pub async fn open() -> Self {
        let keys = house::keys();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config {
            speed: 1_000_000,
            refund_takes: Duration::from_millis(20),
            ..Config::from_keys(keys, anywhere).unwrap()
        };
        let read = |file: &str| std::fs::read_to_string(keys.alipay(file)).unwrap();
        let simulator = Simulator::start(config).await.unwrap();
        let ear = Ear {
            heard: Arc::default(),
            alipay: Arc::new(CheckingKey::from_pem(&read("alipay-public.pem")).unwrap()),
            refuse_first: Arc::default(),
        };
        let listener = tokio::net::TcpListener::bind(anywhere).await.unwrap();
        simulator.route(NOTIFY, format!("http://{}", listener.local_addr().unwrap()));
        let router = Router::new().fallback(hear).with_state(ear.clone());
        let mut server = tokio::task::JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            simulator,
            key: SigningKey::from_pem(&read("app-private.pem")).unwrap(),
            ear,
            _server: server,
        }
    }

    pub fn refuse_first(&self, times: u32) {
        *self.ear.refuse_first.lock().unwrap() = times;
    }

    pub fn heard(&self) -> Vec<(bool, Value)> {
        self.ear.heard.lock().unwrap().clone()
    }

    pub async fn quiet(&self) {
        testkit::until("the channel comes to rest", async || !self.simulator.is_busy()).await;
    }

    /// The answer as it came, to a call whose fields were changed before it was signed.
    pub async fn ask(&self, method: &str, content: &Value, changed: &[(&str, &str)]) -> String {
        let mut pairs = fields(method, content, changed);
        let signature = self.key.sign(&sign::text(&pairs, &["sign"])).unwrap();
        pairs.push(("sign".to_owned(), signature.into_bytes()));
        self.post(&pairs).await
    }

    async fn post(&self, pairs: &sign::Pairs) -> String {
        let sent = reqwest::Client::new()
            .post(format!("{}?charset=utf-8", self.simulator.gateway()))
            .header("content-type", "application/x-www-form-urlencoded;charset=utf-8")
            .body(sign::wire(pairs))
            .send();
        sent.await.unwrap().text().await.unwrap()
    }

    pub fn is_proved(&self, answer: &str) -> bool {
        let Ok(whole) = serde_json::from_str::<BTreeMap<String, Value>>(answer) else {
            return false;
        };
        let name = whole.keys().find(|name| name.ends_with("_response")).unwrap();
        let part = sign::part(answer, name).unwrap();
        let sign = whole.get("sign").and_then(Value::as_str).unwrap_or_default();
        self.ear.alipay.accepts(part.as_bytes(), sign)
    }

    pub async fn call_changed(&self, method: &str, content: &Value, changed: &[(&str, &str)]) -> Value {
        let answer = self.ask(method, content, changed).await;
        assert!(self.is_proved(&answer), "{answer}");
        said(&answer)
    }

    pub async fn call_unsigned(&self, method: &str, content: &Value) -> Value {
        let mut pairs = fields(method, content, &[]);
        pairs.push(("sign".to_owned(), b"c2lnbg==".to_vec()));
        said(&self.post(&pairs).await)
    }

    pub async fn call(&self, method: &str, content: &Value) -> Value {
        self.call_changed(method, content, &[]).await
    }

    pub async fn precreate(&self, number: &str, yuan: &str) -> String {
        let content = json!({ "out_trade_no": number, "total_amount": yuan, "subject": "年卡" });
        let said = self.call("alipay.trade.precreate", &content).await;
        said["qr_code"].as_str().unwrap().to_owned()
    }

    pub async fn query(&self, number: &str) -> Value {
        self.call("alipay.trade.query", &json!({ "out_trade_no": number }))
            .await
    }

    pub async fn close(&self, number: &str) -> Value {
        self.call("alipay.trade.close", &json!({ "out_trade_no": number }))
            .await
    }

    pub async fn cancel(&self, number: &str) -> Value {
        self.call("alipay.trade.cancel", &json!({ "out_trade_no": number }))
            .await
    }

    pub async fn charge(&self, number: &str, code: &str) -> Value {
        let content = json!({
            "out_trade_no": number, "total_amount": "5.00", "subject": "单次课",
            "scene": "bar_code", "auth_code": code, "product_code": "FACE_TO_FACE_PAYMENT",
        });
        self.call("alipay.trade.pay", &content).await
    }

    pub async fn refund(&self, number: &str, request: &str, yuan: &str) -> Value {
        let content = json!({ "out_trade_no": number, "out_request_no": request, "refund_amount": yuan });
        self.call("alipay.trade.refund", &content).await
    }

    pub async fn refund_now(&self, number: &str, request: &str) -> Value {
        let content = json!({ "out_trade_no": number, "out_request_no": request });
        self.call("alipay.trade.fastpay.refund.query", &content).await
    }

    /// A bill's archive, or the word by which it is refused.
    pub async fn download(&self, kind: &str, day: NaiveDate) -> Result<Vec<u8>, String> {
        let content = json!({ "bill_type": kind, "bill_date": day.to_string() });
        let said = self
            .call("alipay.data.dataservice.bill.downloadurl.query", &content)
            .await;
        match said["bill_download_url"].as_str() {
            Some(address) => Ok(reqwest::get(address)
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap()
                .to_vec()),
            None => Err(said["sub_code"].as_str().unwrap().to_owned()),
        }
    }
}

fn fields(method: &str, content: &Value, changed: &[(&str, &str)]) -> sign::Pairs {
    let (content, now) = (
        content.to_string(),
        here().format("%Y-%m-%d %H:%M:%S").to_string(),
    );
    let mut fields = BTreeMap::from([
        ("app_id", APP_ID),
        ("method", method),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("timestamp", now.as_str()),
        ("version", "1.0"),
        ("notify_url", NOTIFY),
        ("biz_content", content.as_str()),
    ]);
    fields.extend(changed.iter().copied());
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .collect()
}

fn said(answer: &str) -> Value {
    let whole: BTreeMap<String, Value> = serde_json::from_str(answer).unwrap();
    let part = whole.into_iter().find(|(name, _)| name.ends_with("_response"));
    part.unwrap().1
}
